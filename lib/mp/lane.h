/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_LANE_H
#define MP_LANE_H

#include "mp/board.h"
#include "mp/payload.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * The lane: a ring of bytes on the board, through which a worker's payloads of medium size travel.
 * A memfd for each (blob.h) costs several times the copy: the kernel makes, charges, seals, sends,
 * maps and frees its pages every time, and those of the lane stay.
 *
 * A worker can write to the lane at any time, so the manager copies a payload out before anything
 * looks at it; what it then checks is its own. A position counts all bytes since the process began;
 * the place is the position modulo BOARD_LANE_BYTES, and a payload lies in one piece.
 *
 * The manager gives bytes back when its program has read the payload, not when it is copied: so
 * what it holds unread stays small, in memory that is warm. Payloads are read in another order than
 * they came; only the sum of what came back counts, and it never exceeds what was copied out.
 */

/* Copying happens under a lock on either side, so it is bounded. */
enum { LANE_PAYLOAD_MAX = 2 << 20 };

/* ---- the worker's side ---- */

typedef struct LaneWriter {
    Board *board;
    uint64_t position; /* of the next payload */
} LaneWriter;

/* Copies the segments, `size` bytes in all (at most LANE_PAYLOAD_MAX). False if the manager has not
 * yet given back enough. */
bool lane_write(LaneWriter *lane, const struct iovec *segments, size_t count, size_t size,
        uint64_t *ret_position);
/* Waits until something was given back, but no longer than a program that reads at all needs. */
void lane_wait(const LaneWriter *lane);

/* ---- the manager's side ---- */

/* `received`: what came before, of the same process; moved on. PRO_ERR_FORMAT: such a payload
 * cannot come next. PRO_ERR_NO_MEMORY. */
ProStatus lane_read(Board *board, uint64_t *received, uint64_t position, uint64_t size,
        Payload *ret_payload, ProError *reterr);
/* 0 bytes are allowed. */
void lane_give_back(Board *board, size_t bytes);

#endif
