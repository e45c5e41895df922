/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_CONTAINER_OPS_H
#define PROMP_CONTAINER_OPS_H

/*
 * For implementers: a container whose bytes come from somewhere else, say another process' memory,
 * a decompressor or a network. promp keeps blocks that were read and reads ahead of sequential
 * readers, so the same bytes are rarely asked for twice.
 */

#include <promp/container.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ProContainerOps {
    /*
     * Fills exactly `size` bytes from `offset`; the range lies inside the container. May block. Any
     * thread, several at once; no lock of promp is held. A failure is passed on to the reader.
     */
    ProStatus (*read)(void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr);
    /*
     * The same for several parts at once, all or none; may be NULL. For sources that read them
     * together faster than one by one. If it fails, promp asks for each part by `read`.
     */
    ProStatus (*read_many)(void *user, const ProPart *parts, size_t count, ProError *reterr);
    /* With the last reference, in whatever thread drops it; may be NULL. */
    void (*release)(void *user);
} ProContainerOps;

/* `ops` is borrowed for the container's life. */
PRO_API ProStatus pro_container_new_callback(const ProContainerOps *ops, void *user, uint64_t size,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
