/* SPDX-License-Identifier: Apache-2.0 */

/* Frames against tests/golden/frames.txt: written byte for byte as there, read back, refused if
 * bad. */

#include "mp/frame.h"
#include "mp/limits.h"
#include "mp/share_wire.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 64, CASE_BYTES_MAX = 256, CASE_NAME_MAX = 64 };

typedef struct GoldenFrame {
    char name[CASE_NAME_MAX];
    uint8_t bytes[CASE_BYTES_MAX];
    size_t size;
} GoldenFrame;

static GoldenFrame golden[CASES_MAX];
static size_t golden_count;

static void add_bytes(GoldenFrame *frame, char *line)
{
    line[strcspn(line, "#")] = '\0';
    for (char *word = strtok(line, " \t\n"); word != NULL; word = strtok(NULL, " \t\n")) {
        char *end;
        unsigned long byte = strtoul(word, &end, 16);
        assert_true(*end == '\0' && strlen(word) == 2);
        assert_true(frame->size < CASE_BYTES_MAX);
        frame->bytes[frame->size++] = (uint8_t)byte;
    }
}

static int load_golden(void **state)
{
    (void)state;
    FILE *file = fopen(GOLDEN_FRAMES, "r");
    char line[512];
    if (file == NULL)
        return -1;
    golden_count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '=') {
            assert_true(golden_count < CASES_MAX);
            golden[golden_count] = (GoldenFrame){0};
            assert_int_equal(sscanf(line, "= %63s", golden[golden_count].name), 1);
            golden_count++;
        } else if (golden_count > 0) {
            add_bytes(&golden[golden_count - 1], line);
        }
    }
    (void)fclose(file);
    return golden_count == 0;
}

static bool is_bad(const GoldenFrame *frame)
{
    return strncmp(frame->name, "bad", 3) == 0;
}

/* ---- writing: one function a valid case ---- */

static void write_empty(Buffer *frame)
{
    frame_begin(frame, 0);
}

static void write_hello(Buffer *frame)
{
    uint8_t secret[32];
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    frame_begin(frame, 0);
    frame_record(frame, FRAME_HELLO, 1234, secret, sizeof secret);
}

static void write_task(Buffer *frame)
{
    static const char text[] = "def sum(): ";
    const uint8_t arguments[] = {0x92, 4, 5};
    frame_begin(frame, 1);
    size_t record = frame_record_begin(frame, FRAME_TASK, 7);
    frame_task_head(frame, PRO_TASK_EVAL_FUNCTION, true, true, text, strlen(text), "sum");
    buffer_append(frame, arguments, sizeof arguments);
    frame_record_end(frame, record);
}

static void write_ending_result(Buffer *frame)
{
    frame_begin(frame, 2);
    size_t record = frame_record_begin(frame, FRAME_ENDING, 7);
    frame_ending_head(frame, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    buffer_append_u8(frame, 9);
    frame_record_end(frame, record);
}

static void write_ending_error(Buffer *frame)
{
    frame_begin(frame, 3);
    size_t record = frame_record_begin(frame, FRAME_ENDING, 8);
    frame_ending_head(frame, PRO_ENDING_ERROR, PRO_RUNG_NONE);
    frame_ending_texts(frame, "ValueError", "bad", "Tr.\n");
    frame_record_end(frame, record);
}

static void write_progress(Buffer *frame)
{
    const FrameProgress progress = {
            .has_value = true, .value = 42, .has_text = true, .text = "half", .text_size = 4};
    frame_begin(frame, 4);
    frame_progress_write(frame, 9, &progress);
}

static void write_two_records(Buffer *frame)
{
    frame_begin(frame, 5);
    frame_record(frame, FRAME_MESSAGE, PRO_MESSAGE_ID_MAX, "abc", 3);
    frame_record(frame, FRAME_CREDIT, 1000000, NULL, 0);
}

static void write_blob(Buffer *frame)
{
    frame_begin(frame, 6);
    frame_record_blob(frame, FRAME_MESSAGE, 2, (uint64_t)64 << 20);
}

static void write_lane(Buffer *frame)
{
    frame_begin(frame, 7);
    frame_record_lane(frame, FRAME_MESSAGE, 3, (uint64_t)5 << 32, 1 << 20);
}

static void write_receipt(Buffer *frame)
{
    frame_begin(frame, 8);
    frame_record(frame, FRAME_RECEIPT, 0x0123456789ABCDEF, NULL, 0);
}

static void write_box(Buffer *frame)
{
    const ProBox box = {.title = "Plug-in",
            .text = "Shall it??",
            .buttons = PRO_BOX_YES | PRO_BOX_NO,
            .icon = PRO_BOX_ICON_WARNING};
    frame_begin(frame, 9);
    size_t record = frame_record_begin(frame, FRAME_BOX, 3);
    frame_box_write(frame, &box);
    frame_record_end(frame, record);
}

static void write_box_closed(Buffer *frame)
{
    const uint8_t button = PRO_BOX_NO;
    frame_begin(frame, 10);
    frame_record(frame, FRAME_BOX_CLOSED, 3, &button, 1);
}

static void write_box_drop(Buffer *frame)
{
    frame_begin(frame, 11);
    frame_record(frame, FRAME_BOX_DROP, 4, NULL, 0);
}

static void write_share_read(Buffer *frame)
{
    const ShareRead read = {.number = 5, .offset = (uint64_t)1 << 32, .size = 4096};
    frame_begin(frame, 12);
    size_t record = frame_record_begin(frame, FRAME_SHARE_READ, 6);
    share_read_write(frame, &read);
    frame_record_end(frame, record);
}

static void write_shared_block(Buffer *frame)
{
    const ShareAnswer answer = {.carrier = SHARE_BYTES, .size = 3};
    frame_begin(frame, 13);
    size_t record = frame_record_begin(frame, FRAME_SHARED, 6);
    share_answer_write(frame, &answer);
    buffer_append(frame, "abc", 3);
    frame_record_end(frame, record);
}

static void write_shared_desk(Buffer *frame)
{
    const ShareAnswer answer = {
            .carrier = SHARE_DESK, .number = 5, .size = 1 << 20, .base.size = 1 << 20};
    frame_begin(frame, 14);
    size_t record = frame_record_begin(frame, FRAME_SHARED, 7);
    share_answer_write(frame, &answer);
    frame_record_end(frame, record);
}

static const struct {
    const char *name;
    void (*write)(Buffer *frame);
} writers[] = {{"empty", write_empty}, {"hello", write_hello}, {"task", write_task},
        {"ending_result", write_ending_result}, {"ending_error", write_ending_error},
        {"progress", write_progress}, {"two_records", write_two_records}, {"blob", write_blob},
        {"lane", write_lane}, {"receipt", write_receipt}, {"box", write_box},
        {"box_closed", write_box_closed}, {"box_drop", write_box_drop},
        {"share_read", write_share_read}, {"shared_block", write_shared_block},
        {"shared_desk", write_shared_desk}};

static const GoldenFrame *find_golden(const char *name)
{
    for (size_t i = 0; i < golden_count; i++)
        if (strcmp(golden[i].name, name) == 0)
            return &golden[i];
    fail_msg("no golden frame %s", name);
    return NULL;
}

static void frames_are_written_as_in_the_golden_file(void **state)
{
    (void)state;
    size_t valid = 0;
    for (size_t i = 0; i < golden_count; i++)
        valid += !is_bad(&golden[i]);
    assert_int_equal(valid, sizeof writers / sizeof writers[0]);
    for (size_t i = 0; i < valid; i++) {
        const GoldenFrame *expected = find_golden(writers[i].name);
        Buffer frame = {0};
        writers[i].write(&frame);
        assert_false(frame.failed);
        assert_int_equal(frame.size, expected->size);
        assert_memory_equal(frame.data, expected->bytes, expected->size);
        buffer_fini(&frame);
    }
}

/* ---- reading ---- */

static ProStatus read_payload(const FrameRecord *record, ProError *reterr)
{
    FrameTask task;
    FrameEnding ending;
    FrameProgress progress;
    FrameBox box;
    ProBoxButtons button;
    ShareRead read;
    ShareAnswer answer;
    switch (record->type) {
    case FRAME_TASK:
        return frame_task_read(record->payload, record->payload_size, &task, reterr);
    case FRAME_ENDING:
        return frame_ending_read(record->payload, record->payload_size, &ending, reterr);
    case FRAME_PROGRESS:
        return frame_progress_read(record->payload, record->payload_size, &progress, reterr);
    case FRAME_BOX:
        return frame_box_read(record->payload, record->payload_size, &box, reterr);
    case FRAME_BOX_CLOSED:
        return frame_box_answer_read(record->payload, record->payload_size, &button, reterr);
    case FRAME_SHARE_READ:
        return share_read_read(record->payload, record->payload_size, &read, reterr);
    case FRAME_SHARED:
        return share_answer_read(record->payload, record->payload_size, &answer, reterr);
    default:
        return PRO_OK;
    }
}

static ProStatus read_frame(const GoldenFrame *golden_frame, size_t *ret_records, ProError *reterr)
{
    FrameReader reader;
    FrameRecord record;
    *ret_records = 0;
    /* A copy of exactly its size, so that a sanitizer sees a read past the end. */
    uint8_t *bytes = malloc(golden_frame->size + (golden_frame->size == 0));
    assert_non_null(bytes);
    memcpy(bytes, golden_frame->bytes, golden_frame->size);
    ProStatus status = frame_open(&reader, bytes, golden_frame->size, reterr);
    while (status == PRO_OK && (status = frame_next(&reader, &record, reterr)) == PRO_OK) {
        (*ret_records)++;
        if (record.place == FRAME_INSIDE)
            status = read_payload(&record, reterr);
    }
    free(bytes);
    return status;
}

static void valid_frames_are_read_to_their_end(void **state)
{
    (void)state;
    ProError error = {0};
    size_t records;
    for (size_t i = 0; i < golden_count; i++)
        if (!is_bad(&golden[i]))
            assert_int_equal(read_frame(&golden[i], &records, &error), PRO_ERR_EMPTY);
    assert_int_equal(read_frame(find_golden("two_records"), &records, &error), PRO_ERR_EMPTY);
    assert_int_equal(records, 2);
}

static void bad_frames_are_refused_with_a_reason(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < golden_count; i++) {
        ProError error = {0};
        size_t records;
        if (!is_bad(&golden[i]))
            continue;
        bad++;
        ProStatus status = read_frame(&golden[i], &records, &error);
        if (status != PRO_ERR_FORMAT || error.text[0] == '\0')
            fail_msg("%s: status %d (%s), text \"%s\"", golden[i].name, status,
                    pro_status_text(status), error.text);
    }
    assert_true(bad > 0);
}

static void a_task_comes_back(void **state)
{
    (void)state;
    const GoldenFrame *frame = find_golden("task");
    FrameReader reader;
    FrameRecord record;
    FrameTask task;
    assert_int_equal(frame_open(&reader, frame->bytes, frame->size, NULL), PRO_OK);
    assert_int_equal(reader.sequence, 1);
    assert_int_equal(frame_next(&reader, &record, NULL), PRO_OK);
    assert_int_equal(record.type, FRAME_TASK);
    assert_int_equal(record.id, 7);
    assert_int_equal(frame_task_read(record.payload, record.payload_size, &task, NULL), PRO_OK);
    assert_int_equal(task.kind, PRO_TASK_EVAL_FUNCTION);
    assert_true(task.want_result && task.may_move);
    assert_string_equal(task.name, "sum");
    assert_string_equal(task.text, "def sum(): ");
    assert_int_equal(task.arguments_size, 3);
}

static void an_error_and_progress_come_back(void **state)
{
    (void)state;
    FrameReader reader;
    FrameRecord record;
    FrameEnding ending;
    FrameProgress progress;
    const GoldenFrame *frame = find_golden("ending_error");
    assert_int_equal(frame_open(&reader, frame->bytes, frame->size, NULL), PRO_OK);
    assert_int_equal(frame_next(&reader, &record, NULL), PRO_OK);
    assert_int_equal(frame_ending_read(record.payload, record.payload_size, &ending, NULL), PRO_OK);
    assert_int_equal(ending.kind, PRO_ENDING_ERROR);
    assert_int_equal(ending.type_size, strlen("ValueError"));
    assert_memory_equal(ending.type, "ValueError", ending.type_size);
    assert_memory_equal(ending.traceback, "Tr.\n", ending.traceback_size);
    frame = find_golden("progress");
    assert_int_equal(frame_open(&reader, frame->bytes, frame->size, NULL), PRO_OK);
    assert_int_equal(frame_next(&reader, &record, NULL), PRO_OK);
    assert_int_equal(
            frame_progress_read(record.payload, record.payload_size, &progress, NULL), PRO_OK);
    assert_true(progress.has_value && progress.has_text);
    assert_int_equal(progress.value, 42);
    assert_memory_equal(progress.text, "half", progress.text_size);
}

static void a_box_comes_back(void **state)
{
    (void)state;
    FrameReader reader;
    FrameRecord record;
    FrameBox box;
    const GoldenFrame *frame = find_golden("box");
    assert_int_equal(frame_open(&reader, frame->bytes, frame->size, NULL), PRO_OK);
    assert_int_equal(frame_next(&reader, &record, NULL), PRO_OK);
    assert_int_equal(frame_box_read(record.payload, record.payload_size, &box, NULL), PRO_OK);
    assert_int_equal(box.buttons, PRO_BOX_YES | PRO_BOX_NO);
    assert_int_equal(box.icon, PRO_BOX_ICON_WARNING);
    assert_int_equal(box.title_size, strlen("Plug-in"));
    assert_memory_equal(box.title, "Plug-in", box.title_size);
    assert_memory_equal(box.text, "Shall it??", box.text_size);
}

/* What a program writes is cut to what a reader takes, between characters. */
static void long_texts_of_boxes_are_cut(void **state)
{
    (void)state;
    static char text[2 * MP_BOX_TEXT_MAX];
    for (size_t i = 0; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    const ProBox box = {.title = text, .text = text};
    FrameBox read;
    Buffer payload = {0};
    frame_box_write(&payload, &box);
    assert_int_equal(frame_box_read(payload.data, payload.size, &read, NULL), PRO_OK);
    assert_int_equal(read.buttons, PRO_BOX_OK);
    assert_int_equal(read.title_size, MP_BOX_TITLE_MAX / 3 * 3);
    assert_int_equal(read.text_size, MP_BOX_TEXT_MAX / 3 * 3);
    uint8_t *longer = calloc(1, payload.size + 3);
    assert_non_null(longer);
    memcpy(longer, payload.data, payload.size);
    assert_int_equal(frame_box_read(longer, payload.size + 3, &read, NULL), PRO_ERR_FORMAT);
    free(longer);
    buffer_fini(&payload);
}

/* Whatever prefix of a valid frame comes, and whatever byte of it is another: an answer, no crash.
 */
static void every_prefix_and_every_changed_byte_gets_an_answer(void **state)
{
    (void)state;
    size_t records;
    for (size_t i = 0; i < golden_count; i++) {
        GoldenFrame frame = golden[i];
        for (frame.size = 0; frame.size < golden[i].size; frame.size++) {
            ProStatus status = read_frame(&frame, &records, NULL);
            assert_true(status == PRO_ERR_FORMAT || status == PRO_ERR_EMPTY);
        }
        for (size_t at = 0; at < golden[i].size; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                frame = golden[i];
                frame.bytes[at] ^= (uint8_t)(1u << bit);
                ProStatus status = read_frame(&frame, &records, NULL);
                assert_true(status == PRO_ERR_FORMAT || status == PRO_ERR_EMPTY);
            }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(frames_are_written_as_in_the_golden_file),
            cmocka_unit_test(valid_frames_are_read_to_their_end),
            cmocka_unit_test(bad_frames_are_refused_with_a_reason),
            cmocka_unit_test(a_task_comes_back),
            cmocka_unit_test(an_error_and_progress_come_back),
            cmocka_unit_test(a_box_comes_back),
            cmocka_unit_test(long_texts_of_boxes_are_cut),
            cmocka_unit_test(every_prefix_and_every_changed_byte_gets_an_answer),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, load_golden, NULL);
}
