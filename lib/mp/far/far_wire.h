/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_WIRE_H
#define MP_FAR_WIRE_H

#include "mp/transport_zmq.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a gateway and an agent say to each other: one ZeroMQ message is a head of 16 bytes and a
 * body. docs/mp-protocol.md, "Far workers", is the specification. Everything comes from another
 * machine and is checked.
 *
 * Threads: no state.
 */

enum {
    FAR_VERSION = 1,
    FAR_HEAD_BYTES = 16,
    FAR_CHUNK_BYTES = 256 << 10, /* of a large value, one message */
    FAR_MESSAGE_MAX = 3 << 20,   /* a payload of the lane, and its position */
    FAR_WINDOW_BYTES = 8 << 20,  /* a worker's, under way in one direction */
    FAR_ACK_BYTES = 1 << 20,     /* between two acknowledgements */
    FAR_HOST_NAME_MAX = 255,
    FAR_HOSTS_MAX = 4096,
    FAR_CPUS_MAX = 1 << 20,
};

/* A large value: a worker can send no more at once to another machine. */
#define FAR_VALUE_MAX ((uint64_t)4 << 30)

typedef enum FarType {
    /* agent to gateway */
    FAR_HELLO = 1, /* number: FAR_VERSION; FarHello */
    FAR_STARTED,   /* the worker has a process: its pid (u64) */
    FAR_FAILED,    /* it has none: a text */
    FAR_EXITED,    /* FarExit */
    FAR_OUTPUT,    /* number: stream; what the worker wrote at once */
    FAR_LANE,      /* position (u64), bytes: as they lie in the lane */
    FAR_RUNNING,   /* the task that the worker runs now (u64) */
    /* gateway to agent */
    FAR_START = 32, /* a worker's configuration */
    FAR_SIGNAL,     /* number: of the signal, for the worker's group */
    FAR_BOARD,      /* FarBoard: what the manager has received */
    FAR_PING,       /* nothing: that the agent is there */
    /* both */
    FAR_FRAME = 64, /* task that runs (u64), and a frame as the manager and the worker make it */
    FAR_VALUE, /* number: 1 with the last; a part of what goes through the descriptor channel */
    FAR_ACK,   /* bytes of the stream that were used, in all (u64) */
} FarType;

typedef struct FarMessage {
    FarType type;
    uint32_t number;
    uint64_t worker; /* as the gateway calls it; 0: of the connection */
    const uint8_t *body;
    size_t size;
} FarMessage;

/* A packet with room for the body, whose place is *ret_body. NULL: no memory. */
Packet *far_packet(FarType type, uint32_t number, uint64_t worker, size_t size, uint8_t **ret_body);
/* Lent from the packet. PRO_ERR_FORMAT. */
ProStatus far_open(const Packet *packet, FarMessage *ret_message, ProError *reterr);

/* True for what flows in a worker's stream: in order, counted, acknowledged. */
bool far_is_streamed(FarType type);

typedef struct FarHello {
    uint32_t cpus;
    uint64_t memory_bytes;
    int64_t pid;
    char name[FAR_HOST_NAME_MAX + 1];
} FarHello;

Packet *far_hello_packet(const FarHello *hello);
ProStatus far_hello_read(const FarMessage *message, FarHello *ret_hello, ProError *reterr);

typedef struct FarExit {
    bool known; /* wait_status is */
    int32_t wait_status;
    uint64_t peak_rss_bytes;
    uint64_t running;  /* the task */
    const char *crash; /* what its crash handlers wrote; not NUL-terminated */
    size_t crash_size;
} FarExit;

Packet *far_exit_packet(uint64_t worker, const FarExit *exit);
ProStatus far_exit_read(const FarMessage *message, FarExit *ret_exit, ProError *reterr);

typedef struct FarBoard {
    uint32_t received_frames;
    uint64_t lane_returned;
} FarBoard;

Packet *far_board_packet(uint64_t worker, const FarBoard *board);
ProStatus far_board_read(const FarMessage *message, FarBoard *ret_board, ProError *reterr);

/* A body of one u64. */
Packet *far_number_packet(FarType type, uint64_t worker, uint64_t number);
bool far_number_read(const FarMessage *message, uint64_t *ret_number);

#endif
