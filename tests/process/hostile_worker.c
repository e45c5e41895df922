/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker program that lies. A manager that starts it by exec gets, at full speed and until it is
 * killed, what $HOSTILE_MODE names. It knows what a taken-over worker would know: its
 * configuration, its secret, the wire format.
 */

#include "core/buffer.h"
#include "mp/desk.h"
#include "mp/fd_channel.h"
#include "mp/frame.h"
#include "mp/limits.h"
#include "mp/nursery.h"
#include "mp/share_wire.h"
#include "mp/worker_config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

enum { BURST = 4096, JUNK_BYTES = 512, OVERSIZED_BYTES = 4 << 20, MEMORY_MAX = 1 << 30 };

typedef struct Hostile {
    WorkerConfig config;
    void *link; /* a ZeroMQ socket: promp's own would always read */
    uint32_t sequence;
    unsigned sent;
} Hostile;

/* `deaf`: what the manager sends stays with the manager. */
static bool open_link(Hostile *hostile, bool deaf)
{
    const int receive_max = deaf ? 1 : 0;
    void *context = zmq_ctx_new();
    hostile->link = context == NULL ? NULL : zmq_socket(context, ZMQ_DEALER);
    return hostile->link != NULL &&
           zmq_setsockopt(hostile->link, ZMQ_RCVHWM, &receive_max, sizeof receive_max) == 0 &&
           zmq_setsockopt(hostile->link, ZMQ_ROUTING_ID, hostile->config.routing_id,
                   MP_ROUTING_ID_BYTES) == 0 &&
           zmq_connect(hostile->link, hostile->config.endpoint) == 0;
}

/* Full speed, but the receiver gets a turn on a machine of one core. */
static void send_bytes(Hostile *hostile, const void *data, size_t size)
{
    (void)zmq_send(hostile->link, data, size, 0);
    if (++hostile->sent % BURST == 0)
        (void)usleep(1000);
}

static void send_frame(Hostile *hostile, Buffer *frame)
{
    send_bytes(hostile, frame->data, frame->size);
    buffer_clear(frame);
}

static void begin(Hostile *hostile, Buffer *frame)
{
    frame_begin(frame, hostile->sequence++);
}

static void hello(Hostile *hostile, bool honest)
{
    Buffer frame = {0};
    uint8_t secret[MP_SECRET_BYTES];
    memcpy(secret, hostile->config.secret, sizeof secret);
    if (!honest)
        secret[MP_SECRET_BYTES - 1] ^= 1;
    frame_begin(&frame, 0);
    frame_record(&frame, FRAME_HELLO, (uint64_t)getpid(), secret, sizeof secret);
    send_frame(hostile, &frame);
    buffer_fini(&frame);
    hostile->sequence = 1;
}

static void fill_junk(uint8_t *bytes, size_t size)
{
    static uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)state;
    }
}

/* ---- before a hello ---- */

static void junk(Hostile *hostile)
{
    uint8_t bytes[JUNK_BYTES];
    for (;;) {
        fill_junk(bytes, sizeof bytes);
        send_bytes(hostile, bytes, bytes[0]);
    }
}

static void wrong_secret(Hostile *hostile)
{
    for (;;)
        hello(hostile, false);
}

static void task_endings_unheard(Hostile *hostile)
{
    Buffer frame = {0};
    for (uint64_t task = 1;; task++) {
        frame_begin(&frame, 0);
        size_t record = frame_record_begin(&frame, FRAME_ENDING, task);
        frame_ending_head(&frame, PRO_ENDING_RESULT, PRO_RUNG_NONE);
        buffer_append_u8(&frame, 0x2A);
        frame_record_end(&frame, record);
        send_frame(hostile, &frame);
    }
}

/* ---- after a good hello ---- */

static void bad_magic(Hostile *hostile)
{
    static const uint8_t frame[] = {'P', 'M', 'Q', 1, 1, 0, 0, 0};
    for (;;)
        send_bytes(hostile, frame, sizeof frame);
}

static void oversized(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        size_t record = frame_record_begin(&frame, FRAME_MESSAGE, 1);
        (void)buffer_reserve(&frame, OVERSIZED_BYTES);
        memset(frame.data + frame.size, 'x', OVERSIZED_BYTES);
        frame.size += OVERSIZED_BYTES;
        frame_record_end(&frame, record);
        send_frame(hostile, &frame);
        (void)usleep(1000);
    }
}

static void out_of_order(Hostile *hostile)
{
    Buffer frame = {0};
    for (hostile->sequence = 7;; hostile->sequence += 3) {
        frame_begin(&frame, hostile->sequence);
        frame_record(&frame, FRAME_MESSAGE, 1, "later", 5);
        send_frame(hostile, &frame);
    }
}

static void replayed(Hostile *hostile)
{
    Buffer frame = {0};
    frame_begin(&frame, 1);
    frame_record(&frame, FRAME_MESSAGE, 1, "again", 5);
    for (;;)
        send_bytes(hostile, frame.data, frame.size);
}

static void hello_again(Hostile *hostile)
{
    for (;;)
        hello(hostile, true);
}

static void cut_record(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        frame_record(&frame, FRAME_MESSAGE, 1, "whole", 5);
        frame_record(&frame, FRAME_MESSAGE, 1, "cut", 3);
        frame.size -= 2;
        send_frame(hostile, &frame);
    }
}

static void send_records(
        Hostile *hostile, FrameType type, uint64_t id, const void *data, size_t size)
{
    Buffer frame = {0};
    for (;; id++) {
        begin(hostile, &frame);
        frame_record(&frame, type, id, data, size);
        send_frame(hostile, &frame);
    }
}

static void foreign_endings(Hostile *hostile)
{
    static const uint8_t result[] = {PRO_ENDING_RESULT, 0, 0, 0, 0x2A};
    send_records(hostile, FRAME_ENDING, 1000000, result, sizeof result);
}

/* The first record of the manager's next frame. */
static FrameRecord receive(Hostile *hostile)
{
    static uint8_t bytes[MP_FRAME_MAX];
    FrameReader reader;
    FrameRecord record = {0};
    int size = zmq_recv(hostile->link, bytes, sizeof bytes, 0);
    if (size < 0 || (size_t)size > sizeof bytes ||
            frame_open(&reader, bytes, (size_t)size, NULL) != PRO_OK ||
            frame_next(&reader, &record, NULL) != PRO_OK)
        exit(1);
    return record;
}

/* Its own: the first that the manager gave to it. */
static uint64_t wait_for_task(Hostile *hostile)
{
    for (;;) {
        FrameRecord record = receive(hostile);
        if (record.type == FRAME_TASK)
            return record.id;
    }
}

/* The value is cut short. */
static void malformed_result(Hostile *hostile)
{
    static const uint8_t result[] = {PRO_ENDING_RESULT, 0, 0, 0, 0xDD, 0xFF, 0xFF, 0xFF, 0xFF};
    send_records(hostile, FRAME_ENDING, wait_for_task(hostile), result, sizeof result);
}

static void unasked_returns(Hostile *hostile)
{
    send_records(hostile, FRAME_RETURNED, 1, NULL, 0);
}

static void too_much_credit(Hostile *hostile)
{
    send_records(hostile, FRAME_CREDIT, UINT64_MAX / 2, NULL, 0);
}

static void reserved_message_ids(Hostile *hostile)
{
    send_records(hostile, FRAME_MESSAGE, (uint64_t)PRO_MESSAGE_ID_MAX + 1, "x", 1);
}

static void message_flood(Hostile *hostile)
{
    static char data[16 << 10];
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        frame_record(&frame, FRAME_MESSAGE, 5, data, sizeof data);
        send_frame(hostile, &frame);
    }
}

static void add_box(Buffer *frame, uint64_t id, size_t text_size)
{
    static char text[MP_BOX_TEXT_MAX + 2];
    memset(text, 'x', sizeof text);
    size_t record = frame_record_begin(frame, FRAME_BOX, id);
    buffer_append_u8(frame, PRO_BOX_YES | PRO_BOX_NO);
    buffer_append_u8(frame, PRO_BOX_ICON_ERROR);
    buffer_append_u16(frame, 0);
    buffer_append(frame, text, text_size);
    frame_record_end(frame, record);
}

/* Many at once; whoever answers some of them has the next burst at once. */
static void box_flood(Hostile *hostile)
{
    Buffer frame = {0};
    for (uint64_t id = 1;;) {
        begin(hostile, &frame);
        for (int i = 0; i < 2 * MP_BOXES_MAX; i++)
            add_box(&frame, id++, 8);
        send_frame(hostile, &frame);
    }
}

static void box_twice(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        add_box(&frame, 1, 8);
        add_box(&frame, 1, 8);
        send_frame(hostile, &frame);
    }
}

static void box_too_long(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        add_box(&frame, 1, MP_BOX_TEXT_MAX + 1);
        send_frame(hostile, &frame);
    }
}

static void malformed_box(Hostile *hostile)
{
    send_records(hostile, FRAME_BOX, 1, "click me", 8);
}

static void promised_box(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        frame_record_blob(&frame, FRAME_BOX, 1, (uint64_t)1 << 30);
        send_frame(hostile, &frame);
    }
}

/* Opened and given up, twice, by the thousand, which is no lie; that it then says so of a
 * record that only managers send is one. */
static void box_flicker(Hostile *hostile)
{
    enum { BOXES = 3000 };
    Buffer frame = {0};
    for (uint64_t id = 1; id <= BOXES; id++) {
        begin(hostile, &frame);
        add_box(&frame, id, id % 16 == 0 ? MP_BOX_TEXT_MAX : 8);
        frame_record(&frame, FRAME_BOX_DROP, id, NULL, 0);
        frame_record(&frame, FRAME_BOX_DROP, id, NULL, 0);
        send_frame(hostile, &frame);
    }
    send_records(hostile, FRAME_BOX_CLOSED, 1, "\x01", 1);
}

static void malformed_progress(Hostile *hostile)
{
    send_records(hostile, FRAME_PROGRESS, 1, "\xFF", 1);
}

static void manager_records(Hostile *hostile)
{
    send_records(hostile, FRAME_ABORT, 1, NULL, 0);
}

static void promised_blobs(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        frame_record_blob(&frame, FRAME_MESSAGE, 1, (uint64_t)1 << 30);
        send_frame(hostile, &frame);
    }
}

/* A descriptor comes, but it is no sealed memfd of that size. */
static void wrong_blobs(Hostile *hostile)
{
    Buffer frame = {0};
    const int channel = WORKER_CONFIG_FD + 1 + WORKER_FD_CHANNEL;
    for (;;) {
        int not_a_memfd = STDERR_FILENO;
        (void)fd_channel_send(channel, "b", 1, &not_a_memfd, 1, NULL);
        begin(hostile, &frame);
        frame_record_blob(&frame, FRAME_MESSAGE, 1, (uint64_t)1 << 20);
        send_frame(hostile, &frame);
    }
}

/* Payloads that would lie outside of the lane, or before what it sent already. */
static void outside_the_lane(Hostile *hostile)
{
    Buffer frame = {0};
    for (uint64_t position = 0;; position -= 4096) {
        begin(hostile, &frame);
        frame_record_lane(&frame, FRAME_MESSAGE, 1, position, (uint64_t)1 << 40);
        frame_record_lane(&frame, FRAME_MESSAGE, 1, position, 1 << 20);
        send_frame(hostile, &frame);
    }
}

static void lane_replayed(Hostile *hostile)
{
    Buffer frame = {0};
    for (;;) {
        begin(hostile, &frame);
        frame_record_lane(&frame, FRAME_MESSAGE, 1, 0, 1 << 10);
        send_frame(hostile, &frame);
    }
}

/* What lies in the lane is all zeros: a result whose value is followed by bytes. */
static void malformed_lane_result(Hostile *hostile)
{
    Buffer frame = {0};
    uint64_t task = wait_for_task(hostile);
    for (uint64_t position = 0;; position += 1 << 10) {
        begin(hostile, &frame);
        frame_record_lane(&frame, FRAME_ENDING, task, position, 1 << 10);
        send_frame(hostile, &frame);
    }
}

/* ---- containers among results ---- */

enum { CONTAINER_BYTES = 1 << 20 };

/* The same record for ever, with a descriptor before each if there is one. */
static void send_containers(
        Hostile *hostile, uint64_t task, const ShareAnswer *answer, int descriptor)
{
    Buffer frame = {0};
    Buffer payload = {0};
    const int channel = WORKER_CONFIG_FD + 1 + WORKER_FD_CHANNEL;
    share_answer_write(&payload, answer);
    buffer_append(&payload, answer->tail, answer->tail_size);
    for (;;) {
        if (descriptor >= 0)
            (void)fd_channel_send(channel, "c", 1, &descriptor, 1, NULL);
        begin(hostile, &frame);
        frame_record(&frame, FRAME_CONTAINER, task, payload.data, payload.size);
        send_frame(hostile, &frame);
    }
}

static const ShareAnswer small_container = {
        .carrier = SHARE_BYTES, .size = 3, .tail = (const uint8_t *)"abc", .tail_size = 3};
static const ShareAnswer memory_container = {
        .carrier = SHARE_MEMFD, .size = CONTAINER_BYTES, .base.size = CONTAINER_BYTES};
static const ShareAnswer file_container = {
        .carrier = SHARE_FILE, .size = CONTAINER_BYTES, .base.size = CONTAINER_BYTES};

static void container_for_no_task(Hostile *hostile)
{
    send_containers(hostile, 1000000, &small_container, -1);
}

static void container_flood(Hostile *hostile)
{
    send_containers(hostile, wait_for_task(hostile), &small_container, -1);
}

static void promised_container(Hostile *hostile)
{
    send_containers(hostile, wait_for_task(hostile), &memory_container, -1);
}

/* Which it could change after the manager looked at it. */
static void unsealed_container(Hostile *hostile)
{
    int memory = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    (void)!ftruncate(memory, CONTAINER_BYTES);
    send_containers(hostile, wait_for_task(hostile), &memory_container, memory);
}

/* Which could make its reader wait. */
static void device_container(Hostile *hostile)
{
    int device = open("/dev/tty", O_RDONLY | O_CLOEXEC);
    if (device < 0)
        device = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    send_containers(hostile, wait_for_task(hostile), &file_container, device);
}

static void writable_file_container(Hostile *hostile)
{
    char path[] = "/tmp/promp-hostile-XXXXXX";
    int file = mkstemp(path);
    (void)unlink(path);
    (void)!ftruncate(file, CONTAINER_BYTES);
    send_containers(hostile, wait_for_task(hostile), &file_container, file);
}

static void foreign_blocks(Hostile *hostile)
{
    static const uint8_t read_of_nothing[SHARE_READ_BYTES] = {1};
    send_records(hostile, FRAME_SHARE_READ, 1, read_of_nothing, sizeof read_of_nothing);
}

/* The desk that comes with the container of blocks: asked for as any worker would. */
static DeskView take_desk(Hostile *hostile)
{
    const int channel = WORKER_CONFIG_FD + 1 + WORKER_FD_CHANNEL;
    DeskView view = {.bell = -1};
    Buffer frame = {0};
    char mark;
    size_t size, count;
    int fds[DESK_FDS];
    begin(hostile, &frame);
    frame_record(&frame, FRAME_SHARE_GET, 1, "blocks", 6);
    send_frame(hostile, &frame);
    struct pollfd packet = {.fd = channel, .events = POLLIN};
    while (fd_channel_receive(channel, &mark, 1, &size, fds, DESK_FDS, &count, NULL) != PRO_OK)
        (void)poll(&packet, 1, -1);
    void *tray = mmap(NULL, DESK_TRAY_BYTES, PROT_READ, MAP_SHARED, fds[1], 0);
    if (count != DESK_FDS || tray == MAP_FAILED ||
            desk_sheet_map(fds[0], &view.sheet, NULL) != PRO_OK)
        exit(1);
    view.tray = tray;
    view.bell = fds[2];
    return view;
}

static void desk_malformed(Hostile *hostile)
{
    const DeskView desk = take_desk(hostile);
    const ShareRead question = {.number = 1, .size = DESK_PLACE_BYTES + 1};
    for (;;) {
        desk_post(&desk, 3, &question);
        desk_ring(&desk);
        (void)usleep(100);
    }
}

/* Of all places at once, whether they were answered or not. */
static void desk_again_and_again(Hostile *hostile)
{
    const DeskView desk = take_desk(hostile);
    const ShareRead question = {.number = 1, .size = DESK_PLACE_BYTES / 2}; /* takes a while */
    for (uint32_t turn = 0;; turn++) {
        desk_post(&desk, turn % DESK_PLACES, &question);
        desk_ring(&desk);
    }
}

static void desk_of_junk(Hostile *hostile)
{
    const DeskView desk = take_desk(hostile);
    for (;;) {
        fill_junk((uint8_t *)desk.sheet, DESK_SHEET_BYTES);
        desk_ring(&desk);
    }
}

static void malformed_take(Hostile *hostile)
{
    send_records(hostile, FRAME_SHARE_TAKE, 1, "x", 1);
}

/* ---- questions whose answers it never reads ---- */

static void unread_refusals(Hostile *hostile)
{
    send_records(hostile, FRAME_SHARE_GET, 1, "nobody's", 8);
}

static void unread_bytes(Hostile *hostile)
{
    send_records(hostile, FRAME_SHARE_GET, 1, "bytes", 5);
}

static void unread_descriptors(Hostile *hostile)
{
    send_records(hostile, FRAME_SHARE_GET, 1, "memory", 6);
}

static void unread_lists(Hostile *hostile)
{
    send_records(hostile, FRAME_SHARE_LIST, 1, NULL, 0);
}

/* As few at once as are allowed, so that nothing else gives it away. */
/* Slowly, so that each is answered before the next: many at once are another violation. */
static void unread_blocks(Hostile *hostile)
{
    Buffer frame = {0};
    Buffer question = {0};
    const ShareRead read = {.number = 1, .size = SHARE_READ_MAX};
    share_read_write(&question, &read);
    for (uint64_t request = 1;; request++) {
        begin(hostile, &frame);
        frame_record(&frame, FRAME_SHARE_READ, request, question.data, question.size);
        send_frame(hostile, &frame);
        (void)usleep(5000);
    }
}

static void unread_acknowledgements(Hostile *hostile)
{
    static const uint8_t nothing[9];
    send_records(hostile, FRAME_PROGRESS, 1, nothing, sizeof nothing);
}

/* It says that it read messages, which here it does, but cannot show. */
static void unproven_credit(Hostile *hostile)
{
    Buffer frame = {0};
    uint64_t cost = 0;
    for (;;) {
        FrameRecord record = receive(hostile);
        if (record.type != FRAME_MESSAGE)
            continue;
        cost += record.payload_size + MP_MESSAGE_OVERHEAD;
        begin(hostile, &frame);
        frame_record(&frame, FRAME_CREDIT, cost, NULL, 0);
        send_frame(hostile, &frame);
    }
}

static void invented_receipts(Hostile *hostile)
{
    send_records(hostile, FRAME_RECEIPT, 1, NULL, 0);
}

typedef struct Mode {
    const char *name;
    bool after_hello;
    void (*run)(Hostile *hostile);
    bool is_deaf;
} Mode;

static const Mode modes[] = {
        {"junk", false, junk},
        {"wrong_secret", false, wrong_secret},
        {"task_endings_unheard", false, task_endings_unheard},
        {"junk_after_hello", true, junk},
        {"bad_magic", true, bad_magic},
        {"oversized", true, oversized},
        {"out_of_order", true, out_of_order},
        {"replayed", true, replayed},
        {"hello_again", true, hello_again},
        {"cut_record", true, cut_record},
        {"foreign_endings", true, foreign_endings},
        {"malformed_result", true, malformed_result},
        {"unasked_returns", true, unasked_returns},
        {"too_much_credit", true, too_much_credit},
        {"reserved_message_ids", true, reserved_message_ids},
        {"message_flood", true, message_flood},
        {"box_flood", true, box_flood},
        {"box_twice", true, box_twice},
        {"box_too_long", true, box_too_long},
        {"malformed_box", true, malformed_box},
        {"promised_box", true, promised_box},
        {"box_flicker", true, box_flicker},
        {"malformed_progress", true, malformed_progress},
        {"manager_records", true, manager_records},
        {"promised_blobs", true, promised_blobs},
        {"wrong_blobs", true, wrong_blobs},
        {"container_for_no_task", true, container_for_no_task},
        {"container_flood", true, container_flood},
        {"promised_container", true, promised_container},
        {"unsealed_container", true, unsealed_container},
        {"device_container", true, device_container},
        {"writable_file_container", true, writable_file_container},
        {"foreign_blocks", true, foreign_blocks},
        {"desk_malformed", true, desk_malformed},
        {"desk_again_and_again", true, desk_again_and_again},
        {"desk_of_junk", true, desk_of_junk},
        {"malformed_take", true, malformed_take},
        {"outside_the_lane", true, outside_the_lane},
        {"lane_replayed", true, lane_replayed},
        {"malformed_lane_result", true, malformed_lane_result},
        {"unread_refusals", true, unread_refusals, true},
        {"unread_bytes", true, unread_bytes, true},
        {"unread_descriptors", true, unread_descriptors, true},
        {"unread_lists", true, unread_lists, true},
        {"unread_blocks", true, unread_blocks, true},
        {"unread_acknowledgements", true, unread_acknowledgements, true},
        {"unproven_credit", true, unproven_credit},
        {"invented_receipts", true, invented_receipts},
};

static const Mode *find_mode(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MP_CONFIG_MAX];
    const struct rlimit memory = {.rlim_cur = MEMORY_MAX, .rlim_max = MEMORY_MAX};
    const Mode *mode = find_mode(getenv("HOSTILE_MODE"));
    Hostile hostile = {0};
    ProError error = {0};
    if (mode == NULL || argc != 2 || strcmp(argv[1], WORKER_ARGUMENT) != 0) {
        (void)fprintf(stderr, "%s: started by test_hostile only\n", argv[0]);
        return 2;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* these map terabytes */
    (void)setrlimit(RLIMIT_AS, &memory);
#else
    (void)memory;
#endif
    ssize_t size = pread(WORKER_CONFIG_FD, bytes, sizeof bytes, 0);
    if (size < 0 || worker_config_read(bytes, (size_t)size, &hostile.config, &error) != PRO_OK ||
            !open_link(&hostile, mode->is_deaf)) {
        (void)fprintf(stderr, "%s: %s\n", argv[0], error.text);
        return 1;
    }
    if (mode->after_hello)
        hello(&hostile, true);
    mode->run(&hostile);
    return 0;
}
