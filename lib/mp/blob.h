/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_BLOB_H
#define MP_BLOB_H

#include "mp/payload.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Large payloads as sealed memfds.
 *
 * Filling a memfd by write() and mapping it populated is several times cheaper than touching fresh
 * pages one fault at a time, on both sides.
 */

/* A memfd that holds the segments' bytes and can never change again. The caller closes it. */
ProStatus blob_create(const struct iovec *segments, size_t count, int *ret_fd, uint64_t *ret_size,
        ProError *reterr);

/* Maps a received memfd. Consumes `fd` in any case. PRO_ERR_FORMAT if it is not sealed against
 * every change or is not of the announced size. */
ProStatus payload_map_blob(int fd, uint64_t expected_size, Payload *ret_payload, ProError *reterr);

#endif
