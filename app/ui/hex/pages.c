/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECES = HEX_PAGE_BYTES / HEX_PIECE_BYTES, ERROR_BYTES = 240 };

typedef struct Page {
    uint64_t number; /* offset / HEX_PAGE_BYTES */
    uint64_t used;   /* when it was last looked at; 0: empty slot */
    uint16_t failed; /* a bit a piece */
    char *error;     /* of the last piece that failed; NULL if none */
    uint8_t *data;
} Page;

typedef struct Range {
    uint64_t first; /* pages */
    uint64_t last;
    bool set;
} Range;

/* Owner and reader share it; the last to leave frees it. */
struct HexPages {
    pthread_mutex_t lock; /* guards all below; not held while the container is read */
    pthread_cond_t work;  /* for the reader */
    pthread_cond_t news;  /* for an owner with patience */
    ProContainer *container;
    const uint8_t *memory; /* all bytes, or NULL: then there are pages, and a reader */
    uint64_t size;
    HexPagesFn on_arrival; /* NULL once closed */
    void *user;
    bool closed;
    bool has_reader;
    unsigned generation; /* a page that was under way at a refresh is not kept */
    uint64_t clock;
    Range wanted[HEX_WANTED_COUNT];
    Page pages[HEX_PAGES_MAX];
};

static Page *page_find(HexPages *pages, uint64_t number)
{
    for (size_t i = 0; i < HEX_PAGES_MAX; i++)
        if (pages->pages[i].used != 0 && pages->pages[i].number == number)
            return &pages->pages[i];
    return NULL;
}

static void page_clear(Page *page)
{
    free(page->error);
    free(page->data);
    *page = (Page){0};
}

static Page *page_replace_oldest(HexPages *pages)
{
    Page *oldest = &pages->pages[0];
    for (size_t i = 1; i < HEX_PAGES_MAX; i++)
        if (pages->pages[i].used < oldest->used)
            oldest = &pages->pages[i];
    page_clear(oldest);
    return oldest;
}

/* ---- the reader ---- */

static size_t page_size(const HexPages *pages, uint64_t number)
{
    uint64_t left = pages->size - number * HEX_PAGE_BYTES;
    return left < HEX_PAGE_BYTES ? (size_t)left : HEX_PAGE_BYTES;
}

/* A page that fails as a whole is read in pieces: what can be read is shown. */
static void read_page(HexPages *pages, Page *page)
{
    ProError error = {0};
    size_t size = page_size(pages, page->number);
    uint64_t offset = page->number * HEX_PAGE_BYTES;
    page->data = calloc(1, HEX_PAGE_BYTES);
    if (page->data == NULL) {
        page->failed = UINT16_MAX;
        return;
    }
    if (pro_container_read(pages->container, offset, page->data, size, &error) == PRO_OK)
        return;
    for (size_t piece = 0; piece * HEX_PIECE_BYTES < size; piece++) {
        size_t begin = piece * HEX_PIECE_BYTES;
        size_t piece_size = size - begin < HEX_PIECE_BYTES ? size - begin : HEX_PIECE_BYTES;
        if (pro_container_read(pages->container, offset + begin, page->data + begin, piece_size,
                    &error) == PRO_OK)
            continue;
        memset(page->data + begin, 0, piece_size);
        page->failed |= (uint16_t)(1U << piece);
    }
    if (page->failed != 0)
        page->error = strndup(error.text, ERROR_BYTES);
}

static bool missing_in(HexPages *pages, Range range, uint64_t *ret_number)
{
    for (uint64_t number = range.first; range.set && number <= range.last; number++)
        if (page_find(pages, number) == NULL) {
            *ret_number = number;
            return true;
        }
    return false;
}

/* What is in sight first, then the pages beside it: scrolling on finds them there. */
static bool next_missing(HexPages *pages, uint64_t *ret_number)
{
    for (size_t i = 0; i < HEX_WANTED_COUNT; i++)
        if (missing_in(pages, pages->wanted[i], ret_number))
            return true;
    Range beside = pages->wanted[HEX_WANTED_ROWS];
    if (beside.set && beside.last < (pages->size - 1) / HEX_PAGE_BYTES)
        beside.last++;
    if (beside.set && beside.first > 0)
        beside.first--;
    return missing_in(pages, beside, ret_number);
}

static void pages_free(HexPages *pages)
{
    for (size_t i = 0; i < HEX_PAGES_MAX; i++)
        page_clear(&pages->pages[i]);
    pro_container_unref(pages->container);
    (void)pthread_cond_destroy(&pages->work);
    (void)pthread_cond_destroy(&pages->news);
    (void)pthread_mutex_destroy(&pages->lock);
    free(pages);
}

static void *reader_main(void *user)
{
    HexPages *pages = user;
    (void)pthread_mutex_lock(&pages->lock);
    while (!pages->closed) {
        Page page = {0};
        if (!next_missing(pages, &page.number)) {
            (void)pthread_cond_wait(&pages->work, &pages->lock);
            continue;
        }
        unsigned generation = pages->generation;
        (void)pthread_mutex_unlock(&pages->lock);
        read_page(pages, &page);
        (void)pthread_mutex_lock(&pages->lock);
        if (generation != pages->generation) {
            page_clear(&page);
            continue;
        }
        page.used = ++pages->clock;
        *page_replace_oldest(pages) = page;
        (void)pthread_cond_signal(&pages->news);
        if (pages->on_arrival != NULL)
            pages->on_arrival(pages->user);
    }
    (void)pthread_mutex_unlock(&pages->lock);
    pages_free(pages);
    return NULL;
}

/* ---- the owner ---- */

HexPages *hex_pages_new(ProContainer *container, HexPagesFn on_arrival, void *user)
{
    pthread_condattr_t monotonic;
    HexPages *pages = calloc(1, sizeof *pages);
    if (pages == NULL)
        return NULL;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&pages->lock, NULL);
    (void)pthread_cond_init(&pages->work, NULL);
    (void)pthread_cond_init(&pages->news, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    pages->container = pro_container_ref(container);
    pages->memory = pro_container_data(container);
    pages->size = pro_container_size(container);
    pages->on_arrival = on_arrival;
    pages->user = user;
    return pages;
}

void hex_pages_close(HexPages *pages)
{
    if (pages == NULL)
        return;
    (void)pthread_mutex_lock(&pages->lock);
    pages->closed = true;
    pages->on_arrival = NULL;
    bool has_reader = pages->has_reader;
    (void)pthread_cond_signal(&pages->work);
    (void)pthread_mutex_unlock(&pages->lock);
    if (!has_reader)
        pages_free(pages);
}

static void start_reader(HexPages *pages)
{
    pthread_t thread;
    if (pages->has_reader || pthread_create(&thread, NULL, reader_main, pages) != 0)
        return; /* without a thread everything is waited for; the next call tries again */
    (void)pthread_detach(thread);
    pages->has_reader = true;
}

static struct timespec deadline_in(int64_t microseconds)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t nanoseconds = time.tv_nsec + microseconds % 1000000 * 1000;
    time.tv_sec += microseconds / 1000000 + nanoseconds / 1000000000;
    time.tv_nsec = nanoseconds % 1000000000;
    return time;
}

bool hex_pages_want(
        HexPages *pages, HexWanted purpose, uint64_t offset, size_t size, int64_t patience_us)
{
    if (pages->memory != NULL || size == 0 || offset >= pages->size)
        return true;
    uint64_t left = pages->size - offset;
    uint64_t last = offset + (size < left ? size : left) - 1;
    Range range = {offset / HEX_PAGE_BYTES, last / HEX_PAGE_BYTES, true};
    if (range.last - range.first >= HEX_RANGE_MAX)
        range.last = range.first + HEX_RANGE_MAX - 1;
    uint64_t number;
    (void)pthread_mutex_lock(&pages->lock);
    pages->wanted[purpose] = range;
    start_reader(pages);
    bool missing = missing_in(pages, range, &number);
    (void)pthread_cond_signal(&pages->work);
    struct timespec deadline = deadline_in(patience_us);
    while (missing && patience_us > 0 &&
            pthread_cond_timedwait(&pages->news, &pages->lock, &deadline) == 0)
        missing = missing_in(pages, range, &number);
    (void)pthread_mutex_unlock(&pages->lock);
    return !missing;
}

static HexByteState page_state(const Page *page, size_t at)
{
    if (page == NULL)
        return HEX_BYTE_WAITED;
    return page->failed >> at / HEX_PIECE_BYTES & 1 ? HEX_BYTE_FAILED : HEX_BYTE_KNOWN;
}

static void copy_from_page(
        const Page *page, size_t at, size_t size, uint8_t *ret_bytes, uint8_t *ret_states)
{
    if (page != NULL && page->data != NULL)
        memcpy(ret_bytes, page->data + at, size);
    else
        memset(ret_bytes, 0, size);
    for (size_t i = 0; ret_states != NULL && i < size; i++)
        ret_states[i] = (uint8_t)page_state(page, at + i);
}

void hex_pages_copy(
        HexPages *pages, uint64_t offset, size_t size, uint8_t *ret_bytes, uint8_t *ret_states)
{
    if (pages->memory != NULL) {
        memcpy(ret_bytes, pages->memory + offset, size);
        if (ret_states != NULL)
            memset(ret_states, HEX_BYTE_KNOWN, size);
        return;
    }
    (void)pthread_mutex_lock(&pages->lock);
    while (size > 0) {
        size_t at = offset % HEX_PAGE_BYTES;
        size_t piece = HEX_PAGE_BYTES - at < size ? HEX_PAGE_BYTES - at : size;
        Page *page = page_find(pages, offset / HEX_PAGE_BYTES);
        if (page != NULL)
            page->used = ++pages->clock;
        copy_from_page(page, at, piece, ret_bytes, ret_states);
        ret_bytes += piece;
        ret_states = ret_states != NULL ? ret_states + piece : NULL;
        offset += piece;
        size -= piece;
    }
    (void)pthread_mutex_unlock(&pages->lock);
}

void hex_pages_error(HexPages *pages, uint64_t offset, char *ret_text, size_t text_bytes)
{
    (void)pthread_mutex_lock(&pages->lock);
    const Page *page = page_find(pages, offset / HEX_PAGE_BYTES);
    bool failed = page != NULL && page_state(page, offset % HEX_PAGE_BYTES) == HEX_BYTE_FAILED;
    const char *text = !failed ? "" : page->error != NULL ? page->error : "no memory";
    (void)snprintf(ret_text, text_bytes, "%s", text);
    (void)pthread_mutex_unlock(&pages->lock);
}

void hex_pages_refresh(HexPages *pages)
{
    (void)pthread_mutex_lock(&pages->lock);
    pages->generation++;
    for (size_t i = 0; i < HEX_PAGES_MAX; i++)
        page_clear(&pages->pages[i]);
    (void)pthread_cond_signal(&pages->work);
    (void)pthread_mutex_unlock(&pages->lock);
}
