/* SPDX-License-Identifier: Apache-2.0 */

/* The lane: what is written comes out, nothing is overwritten before it was given back, and a
 * worker that lies about positions gets no further than the lane. */

#include "mp/lane.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Ends {
    Board *board; /* one mapping serves both ends here */
    LaneWriter writer;
    uint64_t received;
} Ends;

static Ends open_ends(void)
{
    int fd = -1;
    ProError error = {0};
    Ends ends = {0};
    assert_int_equal(board_create(&fd, &error), PRO_OK);
    assert_int_equal(board_map(fd, &ends.board, &error), PRO_OK);
    (void)close(fd);
    ends.writer.board = ends.board;
    return ends;
}

static uint8_t *pattern(size_t size, unsigned seed)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seed + i * 7 + i / 251);
    return bytes;
}

static bool write_one(Ends *ends, const uint8_t *bytes, size_t size, uint64_t *ret_position)
{
    const struct iovec parts[] = {
            {(void *)bytes, size / 3}, {(void *)(bytes + size / 3), size - size / 3}};
    return lane_write(&ends->writer, parts, 2, size, ret_position);
}

static Payload read_one(Ends *ends, uint64_t position, size_t size)
{
    Payload payload = {0};
    ProError error = {0};
    assert_int_equal(
            lane_read(ends->board, &ends->received, position, size, &payload, &error), PRO_OK);
    return payload;
}

static void what_is_written_comes_out_round_after_round(void **state)
{
    (void)state;
    Ends ends = open_ends();
    for (unsigned i = 0; i < 100; i++) {
        size_t size = 1 + (size_t)i * 20011 % LANE_PAYLOAD_MAX;
        uint8_t *bytes = pattern(size, i);
        uint64_t position;
        assert_true(write_one(&ends, bytes, size, &position));
        Payload payload = read_one(&ends, position, size);
        assert_int_equal(payload.size, size);
        assert_memory_equal(payload.data, bytes, size);
        lane_give_back(ends.board, payload.lane_bytes);
        payload_release(&payload);
        free(bytes);
    }
    board_unmap(ends.board);
}

static void a_full_lane_takes_more_once_something_came_back(void **state)
{
    (void)state;
    enum { MOST = 64, SIZE = 1 << 20 };
    Ends ends = open_ends();
    uint8_t *bytes = pattern(SIZE, 1);
    Payload unread[MOST];
    size_t count = 0;
    uint64_t position;
    while (count < MOST && write_one(&ends, bytes, SIZE, &position))
        unread[count++] = read_one(&ends, position, SIZE);
    assert_int_equal(count, BOARD_LANE_BYTES / SIZE);
    lane_wait(&ends.writer); /* ends by itself */
    assert_false(write_one(&ends, bytes, SIZE, &position));
    /* The newest first: only the sum counts. */
    lane_give_back(ends.board, unread[count - 1].lane_bytes);
    assert_true(write_one(&ends, bytes, SIZE, &position));
    assert_false(write_one(&ends, bytes, SIZE, &position));
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(unread[i].data, bytes, SIZE);
        payload_release(&unread[i]);
    }
    free(bytes);
    board_unmap(ends.board);
}

static void lies_about_positions_and_sizes_are_refused(void **state)
{
    (void)state;
    const struct {
        uint64_t position;
        uint64_t size;
    } lies[] = {{0, 0}, {0, LANE_PAYLOAD_MAX + 1}, {BOARD_LANE_BYTES - 1, 2}, {UINT64_MAX, 1},
            {UINT64_MAX - 63, 64}, {LANE_PAYLOAD_MAX, 1}, {0, UINT64_MAX},
            {1000, UINT64_MAX - 999}};
    Ends ends = open_ends();
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        Payload payload = {0};
        ProError error = {0};
        assert_int_equal(lane_read(ends.board, &ends.received, lies[i].position, lies[i].size,
                                 &payload, &error),
                PRO_ERR_FORMAT);
        assert_true(error.text[0] != '\0');
        assert_int_equal(ends.received, 0);
    }
    uint8_t *bytes = pattern(64, 1);
    uint64_t position;
    assert_true(write_one(&ends, bytes, 64, &position));
    Payload payload = read_one(&ends, position, 64);
    payload_release(&payload);
    /* The same again is a replay. */
    assert_int_equal(
            lane_read(ends.board, &ends.received, position, 64, &payload, NULL), PRO_ERR_FORMAT);
    free(bytes);
    board_unmap(ends.board);
}

TEST_MAIN(cmocka_unit_test(what_is_written_comes_out_round_after_round),
        cmocka_unit_test(a_full_lane_takes_more_once_something_came_back),
        cmocka_unit_test(lies_about_positions_and_sizes_are_refused))
