/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/lane.h"

#include "core/error.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LANE_ALIGNMENT = 64, LANE_PATIENCE_NS = 1000000 };

_Static_assert(BOARD_LANE_BYTES >= 2 * LANE_PAYLOAD_MAX, "one is read while the next is written");

static uint64_t round_up(uint64_t number, uint64_t unit)
{
    return (number + unit - 1) / unit * unit;
}

/* ---- the worker's side ---- */

bool lane_write(LaneWriter *lane, const struct iovec *segments, size_t count, size_t size,
        uint64_t *ret_position)
{
    uint64_t start = lane->position;
    if (start % BOARD_LANE_BYTES + size > BOARD_LANE_BYTES)
        start = round_up(start, BOARD_LANE_BYTES);
    uint64_t end = start + round_up(size, LANE_ALIGNMENT);
    if (end - atomic_load_explicit(&lane->board->lane_returned, memory_order_acquire) >
            BOARD_LANE_BYTES)
        return false;
    uint8_t *place = board_lane(lane->board) + start % BOARD_LANE_BYTES;
    for (size_t i = 0; i < count; i++) {
        memcpy(place, segments[i].iov_base, segments[i].iov_len);
        place += segments[i].iov_len;
    }
    lane->position = end;
    *ret_position = start;
    return true;
}

/* A futex is 32 bits wide: the half of the counter that changes. */
static uint32_t *low_half(const Board *board)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");
    return (uint32_t *)(uintptr_t)&board->lane_returned;
}

void lane_wait(const LaneWriter *lane)
{
    const struct timespec patience = {.tv_nsec = LANE_PATIENCE_NS};
    uint32_t seen = (uint32_t)atomic_load(&lane->board->lane_returned);
    (void)syscall(SYS_futex, low_half(lane->board), FUTEX_WAIT, seen, &patience, NULL, 0);
}

/* ---- the manager's side ---- */

ProStatus lane_read(Board *board, uint64_t *received, uint64_t position, uint64_t size,
        Payload *ret_payload, ProError *reterr)
{
    uint64_t offset = position % BOARD_LANE_BYTES;
    bool fits = size > 0 && size <= LANE_PAYLOAD_MAX && size <= BOARD_LANE_BYTES - offset;
    uint64_t skipped = position - *received; /* at the lane's end, where it did not fit */
    if (!fits || skipped >= LANE_PAYLOAD_MAX)
        return error_set(reterr, PRO_ERR_FORMAT,
                "a payload of %llu bytes cannot lie at %llu of the lane, after %llu",
                (unsigned long long)size, (unsigned long long)position,
                (unsigned long long)*received);
    ProStatus status = payload_copy(board_lane(board) + offset, size, ret_payload, reterr);
    if (status != PRO_OK)
        return status;
    ret_payload->lane_bytes = skipped + round_up(size, LANE_ALIGNMENT);
    *received += ret_payload->lane_bytes;
    return PRO_OK;
}

void lane_give_back(Board *board, size_t bytes)
{
    if (bytes == 0)
        return;
    (void)atomic_fetch_add_explicit(&board->lane_returned, bytes, memory_order_release);
    (void)syscall(SYS_futex, low_half(board), FUTEX_WAKE, 1, NULL, NULL, 0);
}
