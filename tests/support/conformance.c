/* SPDX-License-Identifier: Apache-2.0 */
#include "support/conformance.h"

#include <promp/search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const size_t conformance_sizes[] = {0, 1, 16383, 16384, 65535, 65536, 300001, 1500007};
const size_t conformance_size_count = sizeof conformance_sizes / sizeof conformance_sizes[0];

uint8_t *conformance_bytes(size_t size, uint32_t seed)
{
    uint8_t *data = malloc(size + 1);
    uint32_t state = 12345 + seed;
    for (size_t i = 0; data != NULL && i < size; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (uint8_t)(state >> 24);
    }
    return data;
}

/* Leaves the case with what failed and where. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)snprintf(text, CONFORMANCE_TEXT_BYTES, "line %d: %s", __LINE__, #condition);     \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

static bool check_reads(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    uint8_t piece[4096];
    MUST(pro_container_size(container) == size);
    for (size_t offset = 0; offset < size; offset += 997) {
        size_t wanted = size - offset < sizeof piece ? size - offset : sizeof piece;
        memset(piece, 0, wanted);
        MUST(pro_container_read(container, offset, piece, wanted, NULL) == PRO_OK);
        MUST(memcmp(piece, data + offset, wanted) == 0);
    }
    const void *bytes = pro_container_data(container);
    MUST(bytes == NULL || memcmp(bytes, data, size) == 0);
    uint8_t *whole = malloc(size + 1);
    bool same = whole != NULL && pro_container_read(container, 0, whole, size, NULL) == PRO_OK &&
                memcmp(whole, data, size) == 0;
    free(whole);
    MUST(same);
    return true;
}

/* Parts all over it, in no order, some of them empty, some larger than what is kept of a source. */
static bool check_scattered(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    enum { PARTS = 200, SMALL = 5000, LARGE = 200000, BLOCK = 4096 };
    ProPart parts[PARTS];
    uint32_t random = 7;
    uint8_t *bytes = malloc((size_t)PARTS * SMALL + LARGE);
    uint8_t *next = bytes;
    MUST(bytes != NULL);
    for (size_t i = 0; i < PARTS; i++) {
        random = random * 1664525 + 1013904223;
        size_t offset = (random >> 8) % (size + 1);
        size_t most = i == PARTS / 2 ? LARGE : i % 7 * SMALL / 7;
        if (i % 5 == 1) { /* whole blocks of what is kept of a source */
            offset = offset / BLOCK * BLOCK;
            most = BLOCK;
        }
        parts[i] = (ProPart){.offset = offset,
                .size = size - offset < most ? size - offset : most,
                .data = next};
        next += parts[i].size;
    }
    bool same = pro_container_read_many(container, parts, PARTS, NULL) == PRO_OK;
    for (size_t i = 0; i < PARTS && same; i++)
        same = memcmp(parts[i].data, data + parts[i].offset, parts[i].size) == 0;
    parts[PARTS - 1] = (ProPart){.offset = size, .size = 1, .data = bytes};
    bool refused = pro_container_read_many(container, parts, PARTS, NULL) == PRO_ERR_INVALID;
    free(bytes);
    MUST(same);
    MUST(refused);
    return true;
}

static bool is_refused(ProContainer *container, uint64_t offset, uint64_t size)
{
    uint8_t byte;
    ProError error = {0};
    ProContainer *slice = NULL;
    if (size <= SIZE_MAX &&
            pro_container_read(container, offset, &byte, (size_t)size, &error) != PRO_ERR_INVALID)
        return false;
    bool refused = pro_container_slice(container, offset, size, &slice, &error) == PRO_ERR_INVALID;
    pro_container_unref(slice);
    char has[32];
    (void)snprintf(has, sizeof has, "%llu", (unsigned long long)pro_container_size(container));
    return refused && strstr(error.text, has) != NULL;
}

static bool check_borders(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    (void)data;
    uint8_t byte;
    ProContainer *slice;
    MUST(pro_container_read(container, size, &byte, 0, NULL) == PRO_OK);
    MUST(is_refused(container, size, 1));
    MUST(is_refused(container, size + 1, 0));
    MUST(is_refused(container, 0, size + 1));
    MUST(is_refused(container, UINT64_MAX, 1));
    MUST(is_refused(container, UINT64_MAX - 3, INT64_MAX));
    MUST(is_refused(container, 1, UINT64_MAX - 1));
    MUST(pro_container_slice(container, size, PRO_TO_END, &slice, NULL) == PRO_OK);
    bool empty = pro_container_size(slice) == 0;
    pro_container_unref(slice);
    MUST(empty);
    return true;
}

static bool check_windows(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    uint8_t scratch[1000];
    size_t offset = 0;
    for (;;) {
        const void *window;
        size_t window_size;
        MUST(pro_container_window(container, offset, scratch, sizeof scratch, &window, &window_size,
                     NULL) == PRO_OK);
        if (window_size == 0)
            break;
        MUST(window_size <= size - offset);
        MUST(memcmp(window, data + offset, window_size) == 0);
        offset += window_size;
    }
    MUST(offset == size);
    return true;
}

static bool check_slices(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    ProContainer *outer, *inner;
    size_t begin = size / 3;
    MUST(pro_container_slice(container, begin, PRO_TO_END, &outer, NULL) == PRO_OK);
    size_t end = (size - begin) / 2;
    ProStatus status = pro_container_slice(outer, 0, end, &inner, NULL);
    pro_container_unref(outer);
    MUST(status == PRO_OK);
    bool same = check_reads(inner, data + begin, end, text);
    pro_container_unref(inner);
    return same;
}

static bool check_copies(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    ProContainer *copy;
    MUST(pro_container_copy(container, NULL, &copy, NULL) == PRO_OK);
    bool same =
            pro_container_kind(copy) == PRO_CONTAINER_MEMORY && check_reads(copy, data, size, text);
    pro_container_unref(copy);
    MUST(same);
    char path[] = "/tmp/promp-copy-XXXXXX";
    (void)close(mkstemp(path));
    for (int again = 0; again < 2; again++) { /* over a file, and where there is none */
        ProStatus status = pro_container_copy_to_file(container, path, NULL, NULL);
        if (status == PRO_OK)
            status = pro_container_open_file(path, 0, &copy, NULL);
        (void)unlink(path);
        MUST(status == PRO_OK);
        same = check_reads(copy, data, size, text);
        pro_container_unref(copy);
        MUST(same);
    }
    return true;
}

static bool check_hash(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    uint8_t hash[PRO_HASH_BYTES_MAX], again[PRO_HASH_BYTES_MAX];
    size_t hash_size, again_size;
    ProContainer *plain;
    MUST(pro_container_new_borrow(data, size, NULL, NULL, &plain, NULL) == PRO_OK);
    ProStatus status = pro_container_hash(plain, "sha256", NULL, again, &again_size, NULL);
    pro_container_unref(plain);
    MUST(status == PRO_OK);
    MUST(pro_container_hash(container, "sha256", NULL, hash, &hash_size, NULL) == PRO_OK);
    MUST(hash_size == 32 && again_size == 32 && memcmp(hash, again, 32) == 0);
    return true;
}

static bool check_numbers(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    for (size_t offset = 0; size >= 8 && offset <= size - 8; offset += size / 7 + 1) {
        uint64_t little, big, expected = 0, swapped = 0;
        for (size_t i = 0; i < 8; i++) {
            expected |= (uint64_t)data[offset + i] << 8 * i;
            swapped = swapped << 8 | data[offset + i];
        }
        MUST(pro_container_read_uint(container, offset, 8, false, &little, NULL) == PRO_OK);
        MUST(pro_container_read_uint(container, offset, 8, true, &big, NULL) == PRO_OK);
        MUST(little == expected && big == swapped);
    }
    char *bytes;
    size_t length;
    bool terminated;
    MUST(pro_container_read_text(container, 0, 1000, &bytes, &length, &terminated, NULL) == PRO_OK);
    size_t limit = size < 1000 ? size : 1000;
    bool same = length == strnlen((const char *)data, limit) && terminated == (length < limit) &&
                memcmp(bytes, data, length) == 0;
    free(bytes);
    MUST(same);
    return true;
}

typedef struct Found {
    const uint8_t *data;
    size_t size;
    const uint8_t *needle;
    size_t needle_size;
    uint64_t position; /* where the plain search is */
    bool same;
} Found;

static const uint8_t *plain_next(const Found *found)
{
    return memmem(found->data + found->position, found->size - found->position, found->needle,
            found->needle_size);
}

static bool compare_match(void *user, const ProMatch *match)
{
    Found *found = user;
    const uint8_t *expected = plain_next(found);
    found->same = expected == found->data + match->offset && match->size == found->needle_size;
    found->position = match->offset + match->size;
    return found->same;
}

static bool same_matches(ProContainer *container, ProPattern *pattern, Found *found)
{
    ProMatch first = {0};
    found->position = 0;
    found->same = true;
    const uint8_t *expected = plain_next(found);
    ProStatus status =
            pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &first, NULL);
    bool good = expected == NULL
                        ? status == PRO_ERR_NOT_FOUND
                        : status == PRO_OK && first.offset == (uint64_t)(expected - found->data);
    if (pro_container_find_all(
                container, pattern, 0, PRO_TO_END, NULL, compare_match, found, NULL) != PRO_OK)
        good = false;
    return good && found->same && (found->size == 0 || plain_next(found) == NULL);
}

/* As bytes, as a hex pattern and as a regular expression. */
static bool same_everywhere(ProContainer *container, Found *found)
{
    char hex[64] = "";
    char regex[128] = "";
    ProPattern *patterns[3] = {NULL};
    for (size_t i = 0; i < found->needle_size; i++) {
        (void)snprintf(hex + 3 * i, 4, "%02x ", found->needle[i]);
        (void)snprintf(regex + 4 * i, 5, "\\x%02x", found->needle[i]);
    }
    bool good = pro_pattern_new_bytes(found->needle, found->needle_size, &patterns[0], NULL) ==
                        PRO_OK &&
                pro_pattern_new_hex(hex, &patterns[1], NULL) == PRO_OK &&
                pro_pattern_new_regex(regex, strlen(regex), 0, &patterns[2], NULL) == PRO_OK;
    for (size_t i = 0; i < 3; i++) {
        good = good && same_matches(container, patterns[i], found);
        pro_pattern_unref(patterns[i]);
    }
    return good;
}

static bool check_searches(ProContainer *container, const uint8_t *data, size_t size, char *text)
{
    for (size_t needle_size = 1; needle_size <= 5 && needle_size <= size; needle_size += 2) {
        /* What ends the data; what often stands in it; what does not. */
        Found last = {data, size, data + size - needle_size, needle_size, 0, true};
        MUST(same_everywhere(container, &last));
    }
    Found nowhere = {data, size, (const uint8_t *)"promp is not here", 17, 0, true};
    MUST(same_everywhere(container, &nowhere));
    return true;
}

const ConformanceCase conformance_cases[] = {
        {"reads", check_reads},
        {"scattered", check_scattered},
        {"borders", check_borders},
        {"windows", check_windows},
        {"slices", check_slices},
        {"copies", check_copies},
        {"hash", check_hash},
        {"numbers", check_numbers},
        {"searches", check_searches},
};
const size_t conformance_case_count = sizeof conformance_cases / sizeof conformance_cases[0];

bool conformance_check(ProContainer *container, const uint8_t *data, size_t size,
        char text[CONFORMANCE_TEXT_BYTES])
{
    char reason[CONFORMANCE_TEXT_BYTES];
    for (size_t i = 0; i < conformance_case_count; i++) {
        if (conformance_cases[i].check(container, data, size, reason))
            continue;
        (void)snprintf(
                text, CONFORMANCE_TEXT_BYTES, "%s: %.200s", conformance_cases[i].name, reason);
        return false;
    }
    return true;
}
