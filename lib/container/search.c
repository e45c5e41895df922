/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"
#include "container/pattern.h"
#include "container/scan.h"

#include "core/error.h"

#include <inttypes.h>
#include <stdlib.h>

/*
 * A search walks over windows: all the data where it lies in memory (cut into pieces only to ask a
 * wait object), else what was read into `scratch`. Windows overlap by what a match may need.
 */
typedef struct Search {
    const ProContainer *container;
    const ProPattern *pattern;
    const ProProgress *progress;
    uint64_t begin; /* the whole range */
    uint64_t end;
    uint64_t position; /* the next match begins here or later */
    uint64_t asked_at; /* when progress was last told */
    uint8_t *scratch;
    size_t capacity;
    uint64_t loaded_offset; /* what scratch, or memory, shows */
    const uint8_t *loaded;
    size_t loaded_size;
    Scan scan;
    RegexRun *run;
} Search;

static ProStatus ask(Search *search, ProError *reterr)
{
    if (search->progress == NULL || search->position - search->asked_at < CONTAINER_PROGRESS_BYTES)
        return PRO_OK;
    search->asked_at = search->position;
    return container_progress(search->progress, search->position - search->begin,
            search->end - search->begin, reterr);
}

static ProStatus grow_scratch(Search *search, size_t capacity, ProError *reterr)
{
    if (capacity <= search->capacity)
        return PRO_OK;
    uint8_t *scratch = realloc(search->scratch, capacity);
    if (scratch == NULL)
        return error_set(
                reterr, PRO_ERR_NO_MEMORY, "no memory to search windows of %zu bytes", capacity);
    search->scratch = scratch;
    search->capacity = capacity;
    return PRO_OK;
}

/* Makes `loaded` show the bytes from `offset` on: at least `wanted`, or all up to the end. */
static ProStatus load(Search *search, uint64_t offset, size_t wanted, ProError *reterr)
{
    uint64_t left = search->end - offset;
    search->loaded_offset = offset;
    if (search->container->data != NULL) {
        search->loaded = search->container->data + offset;
        search->loaded_size = (size_t)left;
        return PRO_OK;
    }
    ProStatus status = grow_scratch(search, wanted, reterr);
    if (status != PRO_OK)
        return status;
    size_t size = left < search->capacity ? (size_t)left : search->capacity;
    status = pro_container_read(search->container, offset, search->scratch, size, reterr);
    search->loaded = search->scratch;
    search->loaded_size = size;
    scan_moved(&search->scan, search->loaded, size);
    return status;
}

static size_t window_of(const Search *search)
{
    uint64_t offset;
    return container_base(search->container, &offset)->kind == PRO_CONTAINER_CALLBACK
                   ? CONTAINER_CALLBACK_WINDOW_BYTES
                   : CONTAINER_WINDOW_BYTES;
}

/* Is position inside what is loaded, with `ahead` bytes behind it (or the range's end)? */
static bool is_loaded(const Search *search, uint64_t position, size_t ahead)
{
    if (search->loaded == NULL || position < search->loaded_offset)
        return false;
    uint64_t loaded_end = search->loaded_offset + search->loaded_size;
    return loaded_end == search->end ? position <= loaded_end
                                     : position < loaded_end && loaded_end - position >= ahead;
}

static ProStatus next_bytes(Search *search, ProMatch *ret_match, ProError *reterr)
{
    size_t size = search->pattern->size;
    while (search->end - search->position >= size) {
        ProStatus status = ask(search, reterr);
        if (status == PRO_OK && !is_loaded(search, search->position, size))
            status = load(search, search->position, size + window_of(search), reterr);
        if (status != PRO_OK)
            return status;
        size_t start = (size_t)(search->position - search->loaded_offset);
        size_t piece = search->loaded_size - start;
        if (search->progress != NULL && piece > CONTAINER_PROGRESS_BYTES + size)
            piece = CONTAINER_PROGRESS_BYTES + size;
        const uint8_t *match = scan_find(&search->scan, search->loaded + start, piece);
        if (match != NULL) {
            *ret_match =
                    (ProMatch){search->loaded_offset + (uint64_t)(match - search->loaded), size};
            return PRO_OK;
        }
        search->position += piece - size + 1;
    }
    return PRO_ERR_NOT_FOUND;
}

/* Does the window that is loaded show the position, and enough before it? Then the next match is
 * looked for there: many matches must not load it many times. */
static bool shows(const Search *search, uint64_t from)
{
    return search->loaded != NULL && search->loaded_offset <= from &&
           search->position < search->loaded_offset + search->loaded_size;
}

/* What a regular expression sees: from `lookbehind` bytes before the position, or from earlier on,
 * to the window's end. */
static ProStatus next_regex(Search *search, ProMatch *ret_match, ProError *reterr)
{
    size_t lookbehind = regex_lookbehind(search->pattern->regex);
    bool in_memory = search->container->data != NULL;
    size_t window = in_memory ? CONTAINER_PROGRESS_BYTES : CONTAINER_WINDOW_BYTES;
    bool reuses = !in_memory;
    while (search->position <= search->end) {
        ProStatus status = ask(search, reterr);
        uint64_t behind = search->position - search->begin;
        uint64_t from = search->position - (behind < lookbehind ? behind : lookbehind);
        if (in_memory)
            from = search->begin; /* nothing to load: the whole past may be seen */
        reuses = reuses && shows(search, from);
        if (reuses)
            from = search->loaded_offset;
        else if (status == PRO_OK)
            status = load(search, from, lookbehind + window, reterr);
        if (status != PRO_OK)
            return status;
        size_t start = (size_t)(search->position - from);
        size_t visible = search->loaded_size;
        if (in_memory && search->progress != NULL && visible - start > window)
            visible = start + window;
        bool more = from + visible < search->end;
        RegexResult result;
        status = regex_run(
                search->run, &(RegexWindow){search->loaded, visible, more}, start, &result, reterr);
        if (status != PRO_OK)
            return status;
        if (result.outcome == REGEX_MATCH) {
            *ret_match = (ProMatch){from + result.begin, result.end - result.begin};
            return PRO_OK;
        }
        if (!more)
            break;
        if (result.outcome == REGEX_NONE) {
            search->position = from + visible;
            continue;
        }
        /* A match may begin there: look again with more behind it, if there was nothing skipped. */
        if (from + result.begin > search->position)
            search->position = from + result.begin;
        else if (!reuses)
            window *= 2;
        reuses = false;
        if (!in_memory && window > PRO_REGEX_WINDOW_MAX)
            return error_set(reterr, PRO_ERR_LIMIT,
                    "regular expression: a match that begins at offset %" PRIu64
                    " would be longer than %zu bytes; copy the container into memory first",
                    search->position, PRO_REGEX_WINDOW_MAX);
    }
    return PRO_ERR_NOT_FOUND;
}

static ProStatus search_begin(Search *search, const ProContainer *container,
        const ProPattern *pattern, uint64_t offset, uint64_t size, const ProProgress *progress,
        ProError *reterr)
{
    ProStatus status = container_check_range(container, offset, &size, "search", reterr);
    if (status != PRO_OK)
        return status;
    *search = (Search){.container = container,
            .pattern = pattern,
            .progress = progress != NULL && progress->ops != NULL ? progress : NULL,
            .begin = offset,
            .end = offset + size,
            .position = offset,
            .asked_at = offset};
    scan_init(&search->scan, pattern->bytes, pattern->mask, pattern->size);
    return pattern->regex == NULL ? PRO_OK : regex_run_new(pattern->regex, &search->run, reterr);
}

static void search_end(Search *search)
{
    free(search->scratch);
    regex_run_free(search->run);
}

static ProStatus search_next(Search *search, ProMatch *ret_match, ProError *reterr)
{
    return search->run != NULL ? next_regex(search, ret_match, reterr)
                               : next_bytes(search, ret_match, reterr);
}

/* An empty match of a regular expression still moves on. */
static uint64_t behind_match(const ProMatch *match)
{
    return match->offset + (match->size > 0 ? match->size : 1);
}

ProStatus pro_container_find_first(const ProContainer *container, const ProPattern *pattern,
        uint64_t offset, uint64_t size, const ProProgress *progress, ProMatch *ret_match,
        ProError *reterr)
{
    Search search;
    ProStatus status = search_begin(&search, container, pattern, offset, size, progress, reterr);
    if (status != PRO_OK)
        return status;
    status = search_next(&search, ret_match, reterr);
    search_end(&search);
    return status;
}

ProStatus pro_container_find_next(const ProContainer *container, const ProPattern *pattern,
        const ProMatch *match, const ProProgress *progress, ProMatch *ret_match, ProError *reterr)
{
    if (match->offset > container->size || match->size > container->size - match->offset)
        return error_set(reterr, PRO_ERR_INVALID,
                "no match of %" PRIu64 " bytes at offset %" PRIu64
                " lies in a container of %" PRIu64 " bytes",
                match->size, match->offset, container->size);
    Search search;
    ProStatus status = search_begin(&search, container, pattern, 0, PRO_TO_END, progress, reterr);
    if (status != PRO_OK)
        return status;
    search.position = behind_match(match);
    search.asked_at = search.position;
    status = search.position > search.end ? PRO_ERR_NOT_FOUND
                                          : search_next(&search, ret_match, reterr);
    search_end(&search);
    return status;
}

ProStatus pro_container_find_all(const ProContainer *container, const ProPattern *pattern,
        uint64_t offset, uint64_t size, const ProProgress *progress, ProMatchFn on_match,
        void *user, ProError *reterr)
{
    Search search;
    ProStatus status = search_begin(&search, container, pattern, offset, size, progress, reterr);
    if (status != PRO_OK)
        return status;
    ProMatch match;
    while (search.position <= search.end &&
            (status = search_next(&search, &match, reterr)) == PRO_OK) {
        if (!on_match(user, &match))
            break;
        search.position = behind_match(&match);
    }
    search_end(&search);
    return status == PRO_ERR_NOT_FOUND ? PRO_OK : status;
}
