/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_WORKER_CONFIG_H
#define MP_WORKER_CONFIG_H

#include "core/buffer.h"
#include "mp/limits.h"

#include <promp/manager.h>
#include <promp/status.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a worker is told at its start, once, through a descriptor that only it inherits: who it is,
 * where its manager listens, and the secret that proves it.
 */
typedef struct WorkerConfig {
    ProWorkerId id;
    int level;
    bool far; /* the manager is on another machine: files of this one are not its */
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    uint8_t secret[MP_SECRET_BYTES];
    uint64_t pending_limit;
    uint64_t memory_limit;
    const char *endpoint; /* borrowed from what was read */
    const char *folder;   /* the current folder to work in */
    const uint8_t *setup; /* encoded value, or empty */
    size_t setup_size;
} WorkerConfig;

/* The descriptors that go with it, in this order. */
typedef enum WorkerFd {
    WORKER_FD_STDOUT,
    WORKER_FD_STDERR,
    WORKER_FD_CHANNEL, /* blobs, both ways */
    WORKER_FD_BOARD,
    WORKER_FD_HOST, /* a pidfd of the manager's process: readable when it is gone */
    WORKER_FD_COUNT
} WorkerFd;

void worker_config_write(Buffer *buffer, const WorkerConfig *config);
/* Texts and setup are lent from `data`. */
ProStatus worker_config_read(
        const void *data, size_t size, WorkerConfig *ret_config, ProError *reterr);

#endif
