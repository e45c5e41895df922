/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_GATEWAY_H
#define MP_FAR_GATEWAY_H

#include "mp/transport_tcp.h"

#include <promp/status.h>

/*
 * The gateway: a process beside a manager that has workers on other machines. To the manager it is
 * a nursery with workers: it is asked for workers in the same packets (nursery.h), holds their ends
 * of sockets, boards, channels and pipes, and gives each a small process whose life is the far
 * worker's. Behind, it passes everything on to the agents that have connected.
 *
 * So the manager treats a far worker as any other, and what comes from the network is read in a
 * process that may do no more to the manager than a worker may.
 */

/* The first packet of the channel (GATEWAY_LISTEN). */
typedef struct GatewayStart {
    TcpKeys keys;
    uint8_t client_key[TCP_KEY_BYTES]; /* of the agents that may come */
    char endpoint[TCP_ENDPOINT_MAX];
    char manager[108]; /* the path of the manager's socket */
} GatewayStart;

/* Serves until the manager closes the channel, or its process is gone. Returns the exit status. */
int gateway_run(void);

#endif
