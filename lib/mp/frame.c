/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/frame.h"

#include "core/error.h"
#include "mp/limits.h"

#include <string.h>

/* "PMP" and the version, as they stand in memory. */
static const uint32_t frame_magic = 'P' | 'M' << 8 | 'P' << 16 | FRAME_PROTOCOL_VERSION << 24;

void frame_begin(Buffer *frame, uint32_t sequence)
{
    buffer_append_u32(frame, frame_magic);
    buffer_append_u32(frame, sequence);
}

static void record_head(Buffer *frame, FrameType type, uint8_t flags, uint64_t id, uint32_t size)
{
    buffer_append_u32(frame, size);
    buffer_append_u8(frame, (uint8_t)type);
    buffer_append_u8(frame, flags);
    buffer_append_u16(frame, 0);
    buffer_append_u64(frame, id);
}

void frame_record(Buffer *frame, FrameType type, uint64_t id, const void *payload, size_t size)
{
    record_head(frame, type, 0, id, (uint32_t)size);
    buffer_append(frame, payload, size);
}

size_t frame_record_begin(Buffer *frame, FrameType type, uint64_t id)
{
    size_t offset = frame->size;
    record_head(frame, type, 0, id, 0);
    return offset;
}

void frame_record_end(Buffer *frame, size_t record_offset)
{
    size_t payload_size = frame->size - record_offset - FRAME_RECORD_HEAD_BYTES;
    buffer_patch_u32(frame, record_offset, (uint32_t)payload_size);
}

void frame_record_blob(Buffer *frame, FrameType type, uint64_t id, uint64_t blob_size)
{
    record_head(frame, type, FRAME_FLAG_BLOB, id, sizeof blob_size);
    buffer_append_u64(frame, blob_size);
}

void frame_record_lane(Buffer *frame, FrameType type, uint64_t id, uint64_t position, uint64_t size)
{
    record_head(frame, type, FRAME_FLAG_LANE, id, sizeof position + sizeof size);
    buffer_append_u64(frame, position);
    buffer_append_u64(frame, size);
}

ProStatus frame_open(FrameReader *reader, const void *data, size_t size, ProError *reterr)
{
    *reader = (FrameReader){.bytes = byte_reader(data, size)};
    uint32_t magic = bytes_u32(&reader->bytes);
    reader->sequence = bytes_u32(&reader->bytes);
    if (reader->bytes.failed)
        return error_set(
                reterr, PRO_ERR_FORMAT, "frame of %zu bytes is shorter than its head", size);
    if (magic != frame_magic)
        return error_set(reterr, PRO_ERR_FORMAT,
                "frame begins with 0x%08x instead of 0x%08x (protocol version %d)", magic,
                frame_magic, FRAME_PROTOCOL_VERSION);
    return PRO_OK;
}

static bool type_is_known(uint8_t type)
{
    return (type >= FRAME_TASK && type <= FRAME_SHARED) ||
           (type >= FRAME_HELLO && type <= FRAME_BOX_DROP) ||
           (type >= FRAME_MESSAGE && type <= FRAME_RECEIPT);
}

/* What stands in the frame for a payload that is elsewhere. */
static bool read_place(FrameRecord *record, uint8_t flags)
{
    ByteReader bytes = byte_reader(record->payload, record->payload_size);
    record->place = (flags & FRAME_FLAG_BLOB) != 0 ? FRAME_IN_BLOB : FRAME_IN_LANE;
    if (record->place == FRAME_IN_LANE)
        record->lane_position = bytes_u64(&bytes);
    record->far_size = bytes_u64(&bytes);
    record->payload_size = 0;
    return !bytes.failed && bytes_left(&bytes) == 0 && record->far_size != 0;
}

ProStatus frame_next(FrameReader *reader, FrameRecord *ret_record, ProError *reterr)
{
    ByteReader *bytes = &reader->bytes;
    if (bytes_left(bytes) == 0)
        return PRO_ERR_EMPTY;
    size_t offset = bytes->offset;
    uint32_t size = bytes_u32(bytes);
    uint8_t type = bytes_u8(bytes);
    uint8_t flags = bytes_u8(bytes);
    uint16_t reserved = bytes_u16(bytes);
    uint64_t id = bytes_u64(bytes);
    const uint8_t *payload = bytes_take(bytes, size);
    if (bytes->failed)
        return error_set(reterr, PRO_ERR_FORMAT, "record at %zu reaches past its frame", offset);
    if (!type_is_known(type) || flags > FRAME_FLAG_LANE || reserved != 0)
        return error_set(reterr, PRO_ERR_FORMAT,
                "record at %zu has unknown type %u, flags 0x%x or reserved bits 0x%x", offset, type,
                flags, reserved);
    FrameRecord record = {
            .type = (FrameType)type, .id = id, .payload = payload, .payload_size = size};
    if (flags != 0 && !read_place(&record, flags))
        return error_set(reterr, PRO_ERR_FORMAT,
                "record at %zu says in a malformed way where its payload is", offset);
    *ret_record = record;
    return PRO_OK;
}

enum { TASK_WANT_RESULT = 1, TASK_MAY_MOVE = 2 };

void frame_task_head(Buffer *payload, ProTaskKind kind, bool want_result, bool may_move,
        const char *text, size_t text_size, const char *name)
{
    if (name == NULL)
        name = "";
    size_t name_size = strlen(name);
    buffer_append_u8(payload, (uint8_t)kind);
    buffer_append_u8(payload,
            (uint8_t)((want_result ? TASK_WANT_RESULT : 0) | (may_move ? TASK_MAY_MOVE : 0)));
    buffer_append_u16(payload, (uint16_t)name_size);
    buffer_append_u32(payload, (uint32_t)text_size);
    buffer_append(payload, name, name_size + 1);
    buffer_append(payload, text, text_size);
    buffer_append_u8(payload, 0);
}

ProStatus frame_task_read(
        const uint8_t *payload, size_t size, FrameTask *ret_task, ProError *reterr)
{
    ByteReader bytes = byte_reader(payload, size);
    uint8_t kind = bytes_u8(&bytes);
    uint8_t flags = bytes_u8(&bytes);
    uint16_t name_size = bytes_u16(&bytes);
    uint32_t text_size = bytes_u32(&bytes);
    const uint8_t *name = bytes_take(&bytes, (size_t)name_size + 1);
    const uint8_t *text = bytes_take(&bytes, (size_t)text_size + 1);
    if (bytes.failed || kind > PRO_TASK_TEST_BOX || name[name_size] != 0 || text[text_size] != 0)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed task of %zu bytes", size);
    *ret_task = (FrameTask){
            .kind = (ProTaskKind)kind,
            .want_result = (flags & TASK_WANT_RESULT) != 0,
            .may_move = (flags & TASK_MAY_MOVE) != 0,
            .text = (const char *)text,
            .text_size = text_size,
            .name = (const char *)name,
            .arguments = bytes.data + bytes.offset,
            .arguments_size = bytes_left(&bytes),
    };
    return PRO_OK;
}

void frame_ending_head(Buffer *payload, ProEndingKind kind, ProAbortRung rung)
{
    buffer_append_u8(payload, (uint8_t)kind);
    buffer_append_u8(payload, (uint8_t)rung);
    buffer_append_u16(payload, 0);
}

static size_t capped_size(const char *text, size_t limit)
{
    return text == NULL ? 0 : strnlen(text, limit);
}

void frame_ending_texts(
        Buffer *payload, const char *type, const char *message, const char *traceback)
{
    size_t type_size = capped_size(type, MP_NAME_MAX);
    size_t message_size = capped_size(message, MP_ERROR_TEXT_MAX / 4);
    size_t traceback_size = capped_size(traceback, MP_ERROR_TEXT_MAX / 2);
    buffer_append_u32(payload, (uint32_t)type_size);
    buffer_append_u32(payload, (uint32_t)message_size);
    buffer_append_u32(payload, (uint32_t)traceback_size);
    buffer_append(payload, type, type_size);
    buffer_append(payload, message, message_size);
    buffer_append(payload, traceback, traceback_size);
}

ProStatus frame_ending_read(
        const uint8_t *payload, size_t size, FrameEnding *ret_ending, ProError *reterr)
{
    ByteReader bytes = byte_reader(payload, size);
    uint8_t kind = bytes_u8(&bytes);
    uint8_t rung = bytes_u8(&bytes);
    uint16_t reserved = bytes_u16(&bytes);
    if (bytes.failed || reserved != 0 || kind > PRO_ENDING_ABORTED || rung > PRO_RUNG_KILL)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed ending of %zu bytes", size);
    FrameEnding ending = {.kind = (ProEndingKind)kind, .rung = (ProAbortRung)rung};
    if (ending.kind == PRO_ENDING_RESULT) {
        ending.value = bytes.data + bytes.offset;
        ending.value_size = bytes_left(&bytes);
        *ret_ending = ending;
        return PRO_OK;
    }
    ending.type_size = bytes_u32(&bytes);
    ending.message_size = bytes_u32(&bytes);
    ending.traceback_size = bytes_u32(&bytes);
    ending.type = (const char *)bytes_take(&bytes, ending.type_size);
    ending.message = (const char *)bytes_take(&bytes, ending.message_size);
    ending.traceback = (const char *)bytes_take(&bytes, ending.traceback_size);
    if (bytes.failed || bytes_left(&bytes) != 0 || size > MP_ERROR_TEXT_MAX)
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed error texts in an ending of %zu bytes", size);
    *ret_ending = ending;
    return PRO_OK;
}

size_t frame_text_part(const char *text, size_t limit)
{
    size_t size = strnlen(text, limit + 1);
    if (size <= limit)
        return size;
    size = limit;
    while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    return size;
}

enum { PROGRESS_VALUE = 1, PROGRESS_TEXT = 2 };

void frame_progress_write(Buffer *frame, uint64_t task, const FrameProgress *progress)
{
    size_t offset = frame_record_begin(frame, FRAME_PROGRESS, task);
    buffer_append_u8(frame, (uint8_t)((progress->has_value ? PROGRESS_VALUE : 0) |
                                      (progress->has_text ? PROGRESS_TEXT : 0)));
    buffer_append_u64(frame, (uint64_t)progress->value);
    buffer_append(frame, progress->text, progress->text_size);
    frame_record_end(frame, offset);
}

ProStatus frame_progress_read(
        const uint8_t *payload, size_t size, FrameProgress *ret_progress, ProError *reterr)
{
    ByteReader bytes = byte_reader(payload, size);
    uint8_t flags = bytes_u8(&bytes);
    uint64_t value = bytes_u64(&bytes);
    if (bytes.failed || flags > (PROGRESS_VALUE | PROGRESS_TEXT) ||
            bytes_left(&bytes) > PRO_WAIT_TEXT_MAX)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed progress of %zu bytes", size);
    *ret_progress = (FrameProgress){
            .has_value = (flags & PROGRESS_VALUE) != 0,
            .value = (int64_t)value,
            .has_text = (flags & PROGRESS_TEXT) != 0,
            .text = (const char *)bytes.data + bytes.offset,
            .text_size = bytes_left(&bytes),
    };
    return PRO_OK;
}

void frame_box_write(Buffer *payload, const ProBox *box)
{
    const char *title = box->title == NULL ? "" : box->title;
    size_t title_size = frame_text_part(title, MP_BOX_TITLE_MAX);
    buffer_append_u8(payload, (uint8_t)(box->buttons == 0 ? PRO_BOX_OK : box->buttons));
    buffer_append_u8(payload, (uint8_t)box->icon);
    buffer_append_u16(payload, (uint16_t)title_size);
    buffer_append(payload, title, title_size);
    buffer_append(payload, box->text, frame_text_part(box->text, MP_BOX_TEXT_MAX));
}

ProStatus frame_box_read(const uint8_t *payload, size_t size, FrameBox *ret_box, ProError *reterr)
{
    ByteReader bytes = byte_reader(payload, size);
    uint8_t buttons = bytes_u8(&bytes);
    uint8_t icon = bytes_u8(&bytes);
    uint16_t title_size = bytes_u16(&bytes);
    const uint8_t *title = bytes_take(&bytes, title_size);
    if (bytes.failed || buttons == 0 || (buttons & ~PRO_BOX_BUTTONS) != 0 ||
            icon > PRO_BOX_ICON_ERROR)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed box of %zu bytes", size);
    if (title_size > MP_BOX_TITLE_MAX || bytes_left(&bytes) > MP_BOX_TEXT_MAX)
        return error_set(reterr, PRO_ERR_FORMAT, "a box with texts of %u and %zu bytes", title_size,
                bytes_left(&bytes));
    *ret_box = (FrameBox){
            .buttons = buttons,
            .icon = (ProBoxIcon)icon,
            .title = (const char *)title,
            .title_size = title_size,
            .text = (const char *)bytes.data + bytes.offset,
            .text_size = bytes_left(&bytes),
    };
    return PRO_OK;
}

ProStatus frame_box_answer_read(
        const uint8_t *payload, size_t size, ProBoxButtons *ret_button, ProError *reterr)
{
    unsigned button = size == 1 ? payload[0] : 0;
    if (button == 0 || (button & ~PRO_BOX_BUTTONS) != 0 || (button & (button - 1)) != 0)
        return error_set(reterr, PRO_ERR_FORMAT, "malformed answer to a box");
    *ret_button = (ProBoxButtons)button;
    return PRO_OK;
}
