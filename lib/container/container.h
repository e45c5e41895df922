/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <promp/container_ops.h>
#include <stdatomic.h>

/*
 * What every kind of container begins with. A kind embeds this struct as its first member.
 * Threads: immutable after creation but for the count; what a kind adds guards itself.
 */

typedef struct ContainerKindOps {
    /* The range was checked; called only where `data` is NULL. */
    ProStatus (*read)(const ProContainer *container, uint64_t offset, void *ret_data, size_t size,
            ProError *reterr);
    /* The same for many parts; NULL: one after another. */
    ProStatus (*read_many)(
            const ProContainer *container, const ProPart *parts, size_t count, ProError *reterr);
    void (*destroy)(ProContainer *container); /* frees it as well */
} ContainerKindOps;

struct ProContainer {
    atomic_uint references;
    ProContainerKind kind;
    uint64_t size;
    const uint8_t *data; /* all bytes, or NULL */
    const ContainerKindOps *ops;
};

enum {
    CONTAINER_WINDOW_BYTES = 256 << 10,        /* read at a time where there is no memory */
    CONTAINER_CALLBACK_WINDOW_BYTES = 1 << 20, /* the same where each read is a round trip */
    CONTAINER_PROGRESS_BYTES = 16 << 20,       /* done between two questions to a wait object */
};

/* Zeroed memory of `bytes` that begins with a container; NULL without memory. */
ProContainer *container_alloc(
        size_t bytes, ProContainerKind kind, uint64_t size, const ContainerKindOps *ops);

/* PRO_ERR_INVALID unless the range lies inside; PRO_TO_END is resolved into *size. */
ProStatus container_check_range(const ProContainer *container, uint64_t offset, uint64_t *size,
        const char *what, ProError *reterr);

/* Tells `progress` (may be NULL) that `done` of `total` is done. PRO_ERR_ABORTED if it wants an
 * end. */
ProStatus container_progress(
        const ProProgress *progress, uint64_t done, uint64_t total, ProError *reterr);

/* Follows slices down to what they are a part of; adds up the offset. */
const ProContainer *container_base(const ProContainer *container, uint64_t *ret_offset);

/* A part of `whole`, whose reference it takes in any case; `whole` itself if it is all of it. */
ProStatus container_part(ProContainer *whole, uint64_t offset, uint64_t size,
        ProContainer **ret_container, ProError *reterr);

/* A callback container's table and user; NULL for other kinds. */
const ProContainerOps *container_callbacks(const ProContainer *container, void **ret_user);

/* A container with the same bytes that reads small pieces fast: itself if in memory, else through a
 * block cache of its own. */
ProStatus container_cached(ProContainer *container, ProContainer **ret_container, ProError *reterr);

#endif
