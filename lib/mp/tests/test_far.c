/* SPDX-License-Identifier: Apache-2.0 */

/* Messages between gateway and agent, tickets, and the stream that keeps a worker's in order. */

#include "support/test.h"

#include "mp/blob.h"
#include "mp/far/far_stream.h"
#include "mp/far/ticket.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void expect_bytes(Packet *packet, const uint8_t *bytes, size_t size)
{
    assert_non_null(packet);
    assert_int_equal(packet_size(packet), size);
    assert_memory_equal(packet_data(packet), bytes, size);
    packet_unref(packet);
}

/* Hosts may run another build: these bytes change with FAR_VERSION only. */
static void messages_have_these_bytes(void **state)
{
    (void)state;
    static const uint8_t hello[] = {1, 0, 0, 0, FAR_VERSION, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            /* cpus */ 8, 0, 0, 0, /* memory */ 0, 0, 0, 0x40, 0, 0, 0, 0,
            /* pid */ 0x34, 0x12, 0, 0, 0, 0, 0, 0, 'n', 'o', 'd', 'e', '1'};
    static const uint8_t exit_bytes[] = {4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0,
            /* known */ 1, 0, 0, 0, /* status */ 9, 0, 0, 0, /* peak */ 0, 0x10, 0, 0, 0, 0, 0, 0,
            /* task */ 5, 0, 0, 0, 0, 0, 0, 0, 's', 't', 'a', 'c', 'k'};
    static const uint8_t board[] = {34, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0,
            /* lane */ 0, 0, 2, 0, 0, 0, 0, 0};
    static const uint8_t acknowledgement[] = {
            66, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0xFF, 1, 0, 0, 0, 0, 0, 0};
    const uint64_t worker = (uint64_t)1 << 32 | 7;
    const FarHello said = {
            .cpus = 8, .memory_bytes = (uint64_t)1 << 30, .pid = 0x1234, .name = "node1"};
    const FarExit ended = {.known = true,
            .wait_status = 9,
            .peak_rss_bytes = 4096,
            .running = 5,
            .crash = "stack",
            .crash_size = 5};
    const FarBoard received = {.received_frames = 3, .lane_returned = 2 << 16};
    expect_bytes(far_hello_packet(&said), hello, sizeof hello);
    expect_bytes(far_exit_packet(worker, &ended), exit_bytes, sizeof exit_bytes);
    expect_bytes(far_board_packet(worker, &received), board, sizeof board);
    expect_bytes(
            far_number_packet(FAR_ACK, worker, 0x1FF), acknowledgement, sizeof acknowledgement);
}

static void another_version_is_told(void **state)
{
    (void)state;
    ProError error = {0};
    FarHello hello;
    const FarMessage message = {.type = FAR_HELLO, .number = FAR_VERSION + 1};
    assert_int_equal(far_hello_read(&message, &hello, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "version"));
}

static void tickets_are_read_as_written(void **state)
{
    (void)state;
    ProError error = {0};
    Ticket ticket = {.endpoint = "tcp://192.0.2.7:40123"};
    Ticket again;
    char text[TICKET_TEXT_MAX];
    char framed[TICKET_TEXT_MAX + 8];
    assert_int_equal(tcp_keys_new(&ticket.keys, &error), PRO_OK);
    memset(ticket.server_key, 0xA5, sizeof ticket.server_key);
    ticket_write(&ticket, text);
    (void)snprintf(framed, sizeof framed, "\n %s\r\n", text);
    assert_int_equal(ticket_read(framed, &again, &error), PRO_OK);
    assert_memory_equal(&ticket, &again, sizeof ticket);
}

static void what_is_no_ticket_is_told_without_the_key(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "promp-ticket-1", "promp-ticket-2 tcp://a:1 0 0",
            "promp-ticket-1 ipc://a 0 0", "promp-ticket-1 tcp://a:1 00ff 5ec4e7",
            "promp-ticket-1 tcp://a:1 "
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz "
            "5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ProError error = {0};
        Ticket ticket;
        assert_int_equal(ticket_read(wrong[i], &ticket, &error), PRO_ERR_FORMAT);
        assert_null(strstr(error.text, "5ec4e7"));
    }
}

/* ---- the stream ---- */

/* From one stream to the other, as far as the window lets it. */
static ProStatus send_to(void *user, Packet *packet)
{
    return stream_receive(user, packet);
}

typedef struct Taken {
    FarStream *stream;
    size_t count;
    uint64_t bytes;
    size_t room; /* messages that find a place */
    int fd;
} Taken;

static StreamUse take(void *user, const FarMessage *message)
{
    Taken *taken = user;
    if (taken->room == 0)
        return STREAM_BLOCKED;
    taken->room--;
    taken->count++;
    taken->bytes += message->size;
    if (message->type == FAR_VALUE)
        return stream_value_part(taken->stream, message, &taken->fd) ? STREAM_USED : STREAM_BROKEN;
    assert_int_equal(message->number, taken->count);
    return STREAM_USED;
}

/* What is not used is not acknowledged, and what is not acknowledged holds the rest back. */
static void a_full_window_waits_for_its_reader(void **state)
{
    (void)state;
    enum { COUNT = 64, SIZE = 512 << 10 };
    FarStream from;
    FarStream to;
    Taken taken = {.stream = &to};
    stream_init(&from, 1);
    stream_init(&to, 1);
    for (uint32_t i = 1; i <= COUNT; i++)
        assert_int_equal(
                stream_put(&from, far_packet(FAR_OUTPUT, i, 1, SIZE, &(uint8_t *){NULL})), PRO_OK);
    for (size_t room = 0; taken.count < COUNT; room = 3) {
        assert_int_equal(stream_pump(&from, send_to, &to), PRO_OK);
        assert_true(from.sent - from.acknowledged <= FAR_WINDOW_BYTES + SIZE + FAR_HEAD_BYTES);
        taken.room = room;
        assert_int_not_equal(stream_take(&to, take, &taken), STREAM_BROKEN);
        Packet *acknowledgement = stream_ack_due(&to);
        if (acknowledgement == NULL)
            continue;
        FarMessage message;
        assert_int_equal(far_open(acknowledgement, &message, NULL), PRO_OK);
        assert_true(stream_on_ack(&from, &message));
        packet_unref(acknowledgement);
    }
    assert_true(list_empty(&from.out) && list_empty(&to.in));
    stream_fini(&from);
    stream_fini(&to);
}

static void a_value_arrives_sealed_and_whole(void **state)
{
    (void)state;
    enum { SIZE = 3 * FAR_CHUNK_BYTES + 5 };
    static uint8_t bytes[SIZE];
    int fd;
    uint64_t size;
    Payload payload;
    FarStream from;
    FarStream to;
    Taken taken = {.stream = &to, .room = 100, .fd = -1};
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    const struct iovec segment = {.iov_base = bytes, .iov_len = SIZE};
    assert_int_equal(blob_create(&segment, 1, &fd, &size, NULL), PRO_OK);
    stream_init(&from, 1);
    stream_init(&to, 1);
    assert_int_equal(stream_put_value(&from, fd, NULL), PRO_OK);
    assert_int_equal(stream_pump(&from, send_to, &to), PRO_OK);
    assert_int_equal(stream_take(&to, take, &taken), STREAM_USED);
    assert_true(taken.fd >= 0);
    assert_int_equal(payload_map_blob(taken.fd, SIZE, &payload, NULL), PRO_OK);
    assert_memory_equal(payload.data, bytes, SIZE);
    payload_release(&payload);
    stream_fini(&from);
    stream_fini(&to);
}

static void what_is_no_sealed_memory_is_no_value(void **state)
{
    (void)state;
    ProError error = {0};
    FarStream stream;
    int ends[2];
    stream_init(&stream, 1);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(stream_put_value(&stream, ends[0], &error), PRO_ERR_FORMAT);
    assert_int_equal(stream_put_value(&stream, -1, &error), PRO_ERR_FORMAT);
    (void)close(ends[1]);
    stream_fini(&stream);
}

static void more_than_the_window_is_refused(void **state)
{
    (void)state;
    FarStream stream;
    ProStatus status = PRO_OK;
    stream_init(&stream, 1);
    for (int i = 0; status == PRO_OK; i++) {
        assert_true(i < 32);
        status = stream_receive(&stream, far_packet(FAR_OUTPUT, 0, 1, 1 << 20, NULL));
    }
    assert_int_equal(status, PRO_ERR_LIMIT);
    stream_fini(&stream);
}

TEST_MAIN(cmocka_unit_test(messages_have_these_bytes), cmocka_unit_test(another_version_is_told),
        cmocka_unit_test(tickets_are_read_as_written),
        cmocka_unit_test(what_is_no_ticket_is_told_without_the_key),
        cmocka_unit_test(a_full_window_waits_for_its_reader),
        cmocka_unit_test(a_value_arrives_sealed_and_whole),
        cmocka_unit_test(what_is_no_sealed_memory_is_no_value),
        cmocka_unit_test(more_than_the_window_is_refused))
