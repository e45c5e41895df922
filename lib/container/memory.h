/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_MEMORY_H
#define CONTAINER_MEMORY_H

#include "container/container.h"

/*
 * Memory containers. From MEMORY_MEMFD_MIN on the bytes lie in a memfd that is sealed against every
 * change, so that a worker can map the same pages; smaller ones are plain memory and cross by copy.
 */

enum { MEMORY_MEMFD_MIN = 64 << 10 };

/*
 * The memfd behind a memory container, borrowed for its life; made by copying if there is none yet.
 * PRO_ERR_UNSUPPORTED for other kinds. Any thread.
 */
ProStatus memory_fd(const ProContainer *container, int *ret_fd, ProError *reterr);

/* True if nobody can change the container's bytes: its own memory, not borrowed and not live. */
bool memory_is_fixed(const ProContainer *container);

/* True if `fd` is a memfd that can never shrink and that nobody can write to through it. ret_live:
 * its maker may still change the bytes. */
bool memory_fd_is_sealed(int fd, uint64_t *ret_size, bool *ret_live);

/* A container of a sealed memfd. Consumes `fd` in any case. PRO_ERR_FORMAT if it is not sealed, not
 * of that size, or live where that is not allowed. */
ProStatus memory_from_fd(
        int fd, uint64_t size, bool allow_live, ProContainer **ret_container, ProError *reterr);

#endif
