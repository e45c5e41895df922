/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FD_CHANNEL_H
#define MP_FD_CHANNEL_H

#include <promp/status.h>
#include <stddef.h>

/*
 * File descriptors across a process border, which ZeroMQ cannot carry: a SOCK_SEQPACKET pair, one
 * packet with its descriptors at a time. Everything is close-on-exec and non-blocking.
 */

enum { FD_CHANNEL_FDS_MAX = 8 };

ProStatus fd_channel_pair(int ret_ends[2], ProError *reterr);

/* PRO_ERR_FULL: the peer must read first. PRO_ERR_CLOSED: the peer is gone. The descriptors stay
 * the caller's. */
ProStatus fd_channel_send(int channel, const void *data, size_t size, const int *fds,
        size_t fd_count, ProError *reterr);

/*
 * Receives one packet. PRO_ERR_EMPTY if there is none, PRO_ERR_CLOSED at the end, PRO_ERR_FORMAT if
 * it was larger than `capacity` or held more than `fd_capacity` descriptors (all of which are
 * closed).
 */
ProStatus fd_channel_receive(int channel, void *data, size_t capacity, size_t *ret_size,
        int *ret_fds, size_t fd_capacity, size_t *ret_fd_count, ProError *reterr);

/* The one descriptor of the next packet, or -1 if there is no such packet. */
int fd_channel_take(int channel);

#endif
