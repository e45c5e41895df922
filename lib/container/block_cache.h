/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_BLOCK_CACHE_H
#define CONTAINER_BLOCK_CACHE_H

#include <promp/container_ops.h>

/*
 * Blocks that were read from a slow source, set-associative, with read-ahead for sequential
 * readers. Threads: any; the source is called without a lock held, so two threads may read the same
 * block twice.
 */
typedef struct BlockCache BlockCache;

enum {
    BLOCK_BYTES = 4 << 10,
    BLOCK_WAYS = 4,
    BLOCK_SETS = 4096,              /* all in all 64 MiB, taken as they are read */
    BLOCK_GROUP = 4,                /* blocks read around a jump */
    BLOCK_AHEAD_MAX = 256,          /* read at once for a sequential reader: 1 MiB */
    BLOCK_BYPASS_BYTES = 256 << 10, /* such reads and larger ones are not kept */
    BLOCK_MISSES_MAX = 32,          /* then a source that fits the cache is read in large pieces */
};

/* `ops` and `user` are borrowed. NULL without memory. */
BlockCache *block_cache_new(const ProContainerOps *ops, void *user, uint64_t size);
void block_cache_free(BlockCache *cache);

/* The range lies inside. */
ProStatus block_cache_read(
        BlockCache *cache, uint64_t offset, void *ret_data, size_t size, ProError *reterr);
/* The first failure; then it is not said which parts are filled. */
ProStatus block_cache_read_many(
        BlockCache *cache, const ProPart *parts, size_t count, ProError *reterr);

#endif
