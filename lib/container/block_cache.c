/* SPDX-License-Identifier: Apache-2.0 */
#include "container/block_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct Block {
    uint64_t number; /* plus one; 0: empty */
    uint64_t used;   /* the cache's clock at the last use */
    uint8_t *data;
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
    uint8_t *spare;         /* a buffer of BLOCK_AHEAD_MAX blocks that nobody uses, or NULL */
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
    for (size_t set = 0; set < BLOCK_SETS; set++)
        for (size_t way = 0; way < BLOCK_WAYS; way++)
            free(cache->blocks[set][way].data);
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache->spare);
    free(cache);
}

/* Locked. */
static Block *find_block(BlockCache *cache, uint64_t number)
{
    Block *set = cache->blocks[number % BLOCK_SETS];
    for (size_t way = 0; way < BLOCK_WAYS; way++)
        if (set[way].number == number + 1)
            return &set[way];
    return NULL;
}

/* Locked. Without memory the block is simply not kept. */
static void keep_block(BlockCache *cache, uint64_t number, const uint8_t *data, size_t size)
{
    Block *set = cache->blocks[number % BLOCK_SETS];
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
}

/* Copies what is there from `offset` on; returns how many bytes. */
static size_t copy_cached(BlockCache *cache, uint64_t offset, uint8_t *data, size_t size)
{
    size_t done = 0;
    (void)pthread_mutex_lock(&cache->lock);
    while (done < size) {
        uint64_t position = offset + done;
        Block *block = find_block(cache, position / BLOCK_BYTES);
        if (block == NULL)
            break;
        size_t start = (size_t)(position % BLOCK_BYTES);
        size_t piece = BLOCK_BYTES - start < size - done ? BLOCK_BYTES - start : size - done;
        memcpy(data + done, block->data + start, piece);
        block->used = ++cache->clock;
        done += piece;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return done;
}

typedef struct Plan {
    uint64_t first; /* block */
    size_t count;
} Plan;

/* What to read for a miss at `first` when `needed` blocks are asked for. A sequential reader gets
 * ever more ahead. One that jumps about gets what it asks for; but if the whole source fits, it
 * will be wanted: then in large pieces. */
static Plan plan_read(BlockCache *cache, uint64_t first, size_t needed)
{
    uint64_t end = (cache->size + BLOCK_BYTES - 1) / BLOCK_BYTES;
    (void)pthread_mutex_lock(&cache->lock);
    bool sequential = first == cache->next_expected && first > 0;
    cache->ahead = sequential ? cache->ahead * 2 : 1;
    if (cache->ahead > BLOCK_AHEAD_MAX)
        cache->ahead = BLOCK_AHEAD_MAX;
    cache->misses += !sequential;
    bool fits = end <= BLOCK_SETS * BLOCK_WAYS;
    Plan plan = {first, cache->ahead > needed ? cache->ahead : needed};
    if (!sequential && fits && cache->misses > BLOCK_MISSES_MAX && needed <= BLOCK_AHEAD_MAX / 2) {
        plan.first = first / (BLOCK_AHEAD_MAX / 2) * (BLOCK_AHEAD_MAX / 2);
        plan.count = BLOCK_AHEAD_MAX;
    }
    cache->next_expected = plan.first + plan.count;
    (void)pthread_mutex_unlock(&cache->lock);
    if (end - plan.first < plan.count)
        plan.count = (size_t)(end - plan.first);
    return plan;
}

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

static ProStatus load_blocks(BlockCache *cache, Plan plan)
{
    uint64_t start = plan.first * BLOCK_BYTES;
    uint64_t size = (uint64_t)plan.count * BLOCK_BYTES;
    if (size > cache->size - start)
        size = cache->size - start;
    uint8_t *data = take_buffer(cache, (size_t)size);
    if (data == NULL)
        return PRO_ERR_NO_MEMORY;
    ProError unused = {0};
    ProStatus status = cache->ops->read(cache->user, start, data, (size_t)size, &unused);
    if (status == PRO_OK) {
        (void)pthread_mutex_lock(&cache->lock);
        for (size_t i = 0; i < plan.count; i++) {
            uint64_t done = (uint64_t)i * BLOCK_BYTES;
            uint64_t piece = size - done < BLOCK_BYTES ? size - done : BLOCK_BYTES;
            keep_block(cache, plan.first + i, data + done, (size_t)piece);
        }
        (void)pthread_mutex_unlock(&cache->lock);
    }
    give_buffer_back(cache, data, (size_t)size);
    return status;
}

/* A miss that cannot be kept: for want of memory, pushed out by another thread at once, or failed.
 */
static ProStatus read_straight(
        BlockCache *cache, uint64_t offset, uint8_t *data, size_t size, ProError *reterr)
{
    return cache->ops->read(cache->user, offset, data, size, reterr);
}

ProStatus block_cache_read(
        BlockCache *cache, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    uint8_t *data = ret_data;
    if (size >= BLOCK_BYPASS_BYTES)
        return read_straight(cache, offset, data, size, reterr);
    size_t done = copy_cached(cache, offset, data, size);
    if (done == size)
        return PRO_OK;
    uint64_t first = (offset + done) / BLOCK_BYTES;
    size_t needed = (size_t)((offset + size - 1) / BLOCK_BYTES - first) + 1;
    /* What was read on top may be what fails (a hole in a process' memory): then what was asked for
     * is read, and that tells whether it fails. */
    if (load_blocks(cache, plan_read(cache, first, needed)) == PRO_OK)
        done += copy_cached(cache, offset + done, data + done, size - done);
    return done == size ? PRO_OK
                        : read_straight(cache, offset + done, data + done, size - done, reterr);
}
