/* SPDX-License-Identifier: Apache-2.0 */
#include "container/block_cache.h"

#include "core/error.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct Block {
    uint64_t number; /* plus one; 0: empty */
    uint64_t used;   /* the cache's clock at the last use */
    uint8_t *data;
    bool extra; /* was read around a jump, and nobody has asked for it */
} Block;

struct BlockCache {
    const ProContainerOps *ops;
    void *user;
    uint64_t size;
    pthread_mutex_t lock;
    uint64_t clock;
    uint64_t next_expected; /* the block a sequential reader would miss next */
    size_t ahead;           /* blocks to read at the next miss, if it is that one */
    size_t misses;          /* that were not sequential */
    unsigned extra_read;    /* blocks read around jumps, lately */
    unsigned extra_used;    /* of those, asked for */
    uint8_t *spare;         /* a buffer of BLOCK_AHEAD_MAX blocks that nobody uses, or NULL */
    uint8_t *window;        /* another, with what was last read ahead in a large source, or NULL */
    uint64_t window_offset;
    size_t window_size;
    Block blocks[BLOCK_SETS][BLOCK_WAYS];
};

BlockCache *block_cache_new(const ProContainerOps *ops, void *user, uint64_t size)
{
    BlockCache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->ops = ops;
    cache->user = user;
    cache->size = size;
    (void)pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void block_cache_free(BlockCache *cache)
{
    if (cache == NULL)
        return;
    /* Without a clock tick nothing was ever kept: most of many containers are never read. */
    for (size_t set = 0; cache->clock > 0 && set < BLOCK_SETS; set++)
        for (size_t way = 0; way < BLOCK_WAYS; way++)
            free(cache->blocks[set][way].data);
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache->spare);
    free(cache->window);
    free(cache);
}

/* ---- blocks; all locked ---- */

/* What lies a power of two apart does not meet in one set; a source that fits has room in each. */
static Block *set_of(BlockCache *cache, uint64_t number)
{
    return cache->blocks[(number ^ number / BLOCK_SETS) % BLOCK_SETS];
}

static Block *find_block(BlockCache *cache, uint64_t number)
{
    Block *set = set_of(cache, number);
    for (size_t way = 0; way < BLOCK_WAYS; way++)
        if (set[way].number == number + 1)
            return &set[way];
    return NULL;
}

/* Without memory the block is simply not kept. */
static void keep_block(
        BlockCache *cache, uint64_t number, const uint8_t *data, size_t size, bool extra)
{
    Block *set = set_of(cache, number);
    Block *oldest = &set[0];
    for (size_t way = 0; way < BLOCK_WAYS; way++) {
        if (set[way].number == number + 1)
            return;
        if (set[way].used < oldest->used)
            oldest = &set[way];
    }
    if (oldest->data == NULL && (oldest->data = malloc(BLOCK_BYTES)) == NULL)
        return;
    memcpy(oldest->data, data, size);
    oldest->number = number + 1;
    oldest->used = ++cache->clock;
    oldest->extra = extra;
    cache->extra_read += extra;
}

/* Lends what is there from `offset` on; *ret_size 0 if nothing is. */
static const uint8_t *lend(BlockCache *cache, uint64_t offset, size_t *ret_size)
{
    uint64_t in_window = offset - cache->window_offset;
    if (offset >= cache->window_offset && in_window < cache->window_size) {
        *ret_size = cache->window_size - (size_t)in_window;
        return cache->window + in_window;
    }
    Block *block = find_block(cache, offset / BLOCK_BYTES);
    *ret_size = block == NULL ? 0 : BLOCK_BYTES - (size_t)(offset % BLOCK_BYTES);
    if (block == NULL)
        return NULL;
    block->used = ++cache->clock;
    cache->extra_used += block->extra;
    block->extra = false;
    return block->data + offset % BLOCK_BYTES;
}

/* Copies what is there from `offset` on; returns how many bytes. */
static size_t copy_cached(BlockCache *cache, uint64_t offset, uint8_t *data, size_t size)
{
    size_t done = 0;
    (void)pthread_mutex_lock(&cache->lock);
    while (done < size) {
        size_t piece;
        const uint8_t *there = lend(cache, offset + done, &piece);
        if (piece == 0)
            break;
        piece = piece < size - done ? piece : size - done;
        memcpy(data + done, there, piece);
        done += piece;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return done;
}

/* ---- what to read ---- */

typedef struct Plan {
    uint64_t first; /* block */
    size_t count;
    uint64_t asked_first; /* of those, what was asked for; the others count as extra */
    uint64_t asked_end;
    bool passing; /* a source that is larger than the cache is read through: kept as the window */
} Plan;

static Plan plan_exactly(uint64_t first, size_t count)
{
    return (Plan){first, count, 0, UINT64_MAX, false};
}

static Plan plan_aligned(uint64_t first, size_t needed, size_t group)
{
    uint64_t begin = first / group * group;
    uint64_t end = (first + needed + group - 1) / group * group;
    return plan_exactly(begin, (size_t)(end - begin));
}

/* Locked. Whether blocks read around jumps are asked for often enough; tried now and then. */
static bool extra_pays(BlockCache *cache)
{
    enum { FEW = 32, MANY = 512, USED_OF = 8, TRY_EVERY = 32 };
    if (cache->extra_read > MANY) {
        cache->extra_read /= 2;
        cache->extra_used /= 2;
    }
    return cache->extra_read < FEW || cache->extra_used >= cache->extra_read / USED_OF ||
           cache->misses % TRY_EVERY == 0;
}

/* Locked. A reader that jumps about may stay near for a while (a structure, then what it points
 * to): it gets a little more than it asks for while that pays. If the whole source fits, all of it
 * will be wanted: then in large pieces. */
static Plan plan_jump(BlockCache *cache, uint64_t first, size_t needed, bool fits)
{
    cache->misses++;
    if (fits && cache->misses > BLOCK_MISSES_MAX && needed <= BLOCK_AHEAD_MAX / 2)
        return plan_aligned(first, needed, BLOCK_AHEAD_MAX / 2);
    if (needed >= BLOCK_GROUP || !extra_pays(cache))
        return plan_exactly(first, needed);
    Plan plan = plan_aligned(first, needed, BLOCK_GROUP);
    plan.asked_first = first;
    plan.asked_end = first + needed;
    return plan;
}

/* What to read for a miss at `first` when `needed` blocks are asked for. A sequential reader gets
 * ever more ahead. */
static Plan plan_read(BlockCache *cache, uint64_t first, size_t needed)
{
    uint64_t end = (cache->size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    bool fits = end <= (uint64_t)BLOCK_SETS * BLOCK_WAYS;
    Plan plan;
    (void)pthread_mutex_lock(&cache->lock);
    if (first == cache->next_expected && first > 0) {
        cache->ahead = cache->ahead * 2 < BLOCK_AHEAD_MAX ? cache->ahead * 2 : BLOCK_AHEAD_MAX;
        plan = plan_exactly(first, cache->ahead > needed ? cache->ahead : needed);
        plan.passing = !fits && plan.count == BLOCK_AHEAD_MAX;
    } else {
        cache->ahead = BLOCK_GROUP;
        plan = plan_jump(cache, first, needed, fits);
    }
    cache->next_expected = plan.first + plan.count;
    (void)pthread_mutex_unlock(&cache->lock);
    if (end - plan.first < plan.count)
        plan.count = (size_t)(end - plan.first);
    return plan;
}

/* ---- reading ---- */

static uint8_t *take_buffer(BlockCache *cache, size_t size)
{
    if (size > (size_t)BLOCK_AHEAD_MAX * BLOCK_BYTES)
        return malloc(size);
    (void)pthread_mutex_lock(&cache->lock);
    uint8_t *buffer = cache->spare;
    cache->spare = NULL;
    (void)pthread_mutex_unlock(&cache->lock);
    return buffer != NULL ? buffer : malloc((size_t)BLOCK_AHEAD_MAX * BLOCK_BYTES);
}

static void give_buffer_back(BlockCache *cache, uint8_t *buffer, size_t size)
{
    if (size <= (size_t)BLOCK_AHEAD_MAX * BLOCK_BYTES) {
        (void)pthread_mutex_lock(&cache->lock);
        uint8_t *other = cache->spare;
        cache->spare = buffer;
        buffer = other;
        (void)pthread_mutex_unlock(&cache->lock);
    }
    free(buffer);
}

/* The plan's bytes end with the source. */
static size_t plan_bytes(const BlockCache *cache, Plan plan)
{
    uint64_t start = plan.first * BLOCK_BYTES;
    uint64_t size = (uint64_t)plan.count * BLOCK_BYTES;
    return (size_t)(size < cache->size - start ? size : cache->size - start);
}

/* `data`: the plan's bytes. */
static void keep_blocks(BlockCache *cache, Plan plan, const uint8_t *data)
{
    size_t size = plan_bytes(cache, plan);
    (void)pthread_mutex_lock(&cache->lock);
    for (size_t done = 0; done < size; done += BLOCK_BYTES) {
        uint64_t number = plan.first + done / BLOCK_BYTES;
        keep_block(cache, number, data + done,
                size - done < BLOCK_BYTES ? size - done : BLOCK_BYTES,
                number < plan.asked_first || number >= plan.asked_end);
    }
    (void)pthread_mutex_unlock(&cache->lock);
}

static ProStatus read_source(
        BlockCache *cache, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    return cache->ops->read(cache->user, offset, ret_data, size, reterr);
}

/* What was the window before. */
static uint8_t *swap_window(BlockCache *cache, uint64_t offset, uint8_t *buffer, size_t size)
{
    (void)pthread_mutex_lock(&cache->lock);
    uint8_t *before = cache->window;
    cache->window = buffer;
    cache->window_offset = offset;
    cache->window_size = size;
    (void)pthread_mutex_unlock(&cache->lock);
    return before;
}

/* Reads the plan; what of it was asked for goes to `data`. Whole blocks go there straight. */
static ProStatus load(
        BlockCache *cache, Plan plan, uint64_t offset, uint8_t *data, size_t size, ProError *reterr)
{
    uint64_t start = plan.first * BLOCK_BYTES;
    size_t bytes = plan_bytes(cache, plan);
    if (start == offset && bytes == size) {
        ProStatus status = read_source(cache, offset, data, size, reterr);
        if (status == PRO_OK)
            keep_blocks(cache, plan, data);
        return status;
    }
    uint8_t *buffer = take_buffer(cache, bytes);
    if (buffer == NULL)
        return PRO_ERR_NO_MEMORY;
    ProStatus status = read_source(cache, start, buffer, bytes, reterr);
    if (status == PRO_OK) {
        memcpy(data, buffer + (offset - start), size);
        if (plan.passing)
            buffer = swap_window(cache, start, buffer, bytes);
        else
            keep_blocks(cache, plan, buffer);
    }
    give_buffer_back(cache, buffer, bytes);
    return status;
}

ProStatus block_cache_read(
        BlockCache *cache, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    uint8_t *data = ret_data;
    if (size >= BLOCK_BYPASS_BYTES)
        return read_source(cache, offset, data, size, reterr);
    size_t done = copy_cached(cache, offset, data, size);
    if (done == size)
        return PRO_OK;
    uint64_t first = (offset + done) / BLOCK_BYTES;
    size_t needed = (size_t)((offset + size - 1) / BLOCK_BYTES - first) + 1;
    Plan plan = plan_read(cache, first, needed);
    ProError failure = {0};
    ProStatus status = load(cache, plan, offset + done, data + done, size - done, &failure);
    if (status == PRO_OK)
        return PRO_OK;
    if (status == PRO_ERR_ABORTED) /* who waits is asked to stop, and must not begin anew */
        return error_set(reterr, status, "%s", failure.text);
    /* What was read on top may be what fails (a hole in a process' memory): then what was asked for
     * is read, and that tells whether it fails. */
    return read_source(cache, offset + done, data + done, size - done, reterr);
}

/* ---- many ---- */

enum { MANY_AT_ONCE = 64 };

/* The blocks of parts that are not there, for one call of the source. */
typedef struct Batch {
    ProPart sources[MANY_AT_ONCE]; /* whole blocks: the part itself, or in the buffer */
    const ProPart *parts[MANY_AT_ONCE];
    size_t count;
    size_t bytes;
} Batch;

static ProStatus read_each(BlockCache *cache, const Batch *batch, ProError *reterr)
{
    ProStatus status = PRO_OK;
    for (size_t i = 0; i < batch->count && status == PRO_OK; i++) {
        const ProPart *part = batch->parts[i];
        status = block_cache_read(cache, part->offset, part->data, part->size, reterr);
    }
    return status;
}

static Plan part_plan(const ProPart *part)
{
    uint64_t first = part->offset / BLOCK_BYTES;
    uint64_t last = (part->offset + part->size - 1) / BLOCK_BYTES;
    return plan_exactly(first, (size_t)(last - first) + 1);
}

static void share_out(BlockCache *cache, const Batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const ProPart *part = batch->parts[i];
        const ProPart *source = &batch->sources[i];
        keep_blocks(cache, part_plan(part), source->data);
        if (source->data != part->data)
            memcpy(part->data, (uint8_t *)source->data + (part->offset - source->offset),
                    part->size);
    }
}

static ProStatus read_batch(BlockCache *cache, Batch *batch, ProError *reterr)
{
    if (batch->count == 0)
        return PRO_OK;
    uint8_t *buffer = take_buffer(cache, batch->bytes);
    if (buffer == NULL)
        return PRO_ERR_NO_MEMORY;
    size_t done = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->sources[i].data != NULL)
            continue;
        batch->sources[i].data = buffer + done;
        done += batch->sources[i].size;
    }
    ProStatus status = cache->ops->read_many(cache->user, batch->sources, batch->count, reterr);
    if (status == PRO_OK)
        share_out(cache, batch);
    else if (status != PRO_ERR_ABORTED)
        status = read_each(cache, batch, reterr); /* tells which one it was */
    give_buffer_back(cache, buffer, batch->bytes);
    batch->count = batch->bytes = 0;
    return status;
}

static void add_to_batch(const BlockCache *cache, Batch *batch, const ProPart *part)
{
    const Plan plan = part_plan(part);
    ProPart *source = &batch->sources[batch->count];
    *source = (ProPart){.offset = plan.first * BLOCK_BYTES, .size = plan_bytes(cache, plan)};
    batch->parts[batch->count++] = part;
    if (source->offset == part->offset && source->size == part->size)
        source->data = part->data;
    else
        batch->bytes += source->size;
}

ProStatus block_cache_read_many(
        BlockCache *cache, const ProPart *parts, size_t count, ProError *reterr)
{
    enum { BATCH_BYTES = BLOCK_AHEAD_MAX * BLOCK_BYTES };
    Batch batch = {.count = 0};
    ProStatus status = PRO_OK;
    for (size_t i = 0; i < count && status == PRO_OK; i++) {
        const ProPart *part = &parts[i];
        bool large = part->size > BLOCK_BYPASS_BYTES / 2;
        if (large || cache->ops->read_many == NULL) {
            status = block_cache_read(cache, part->offset, part->data, part->size, reterr);
            continue;
        }
        if (part->size == 0 ||
                copy_cached(cache, part->offset, part->data, part->size) == part->size)
            continue;
        add_to_batch(cache, &batch, part);
        if (batch.count == MANY_AT_ONCE || batch.bytes > BATCH_BYTES - BLOCK_BYPASS_BYTES)
            status = read_batch(cache, &batch, reterr);
    }
    return status == PRO_OK ? read_batch(cache, &batch, reterr) : status;
}
