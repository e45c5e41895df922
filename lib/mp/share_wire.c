/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/share_wire.h"

#include "core/bytes.h"
#include "core/error.h"

void share_answer_write(Buffer *buffer, const ShareAnswer *answer)
{
    buffer_append_u32(buffer, (uint32_t)answer->carrier);
    buffer_append_u32(buffer, answer->base.flags);
    buffer_append_u64(buffer, answer->number);
    buffer_append_u64(buffer, answer->offset);
    buffer_append_u64(buffer, answer->size);
    buffer_append_u64(buffer, answer->base.size);
    buffer_append_u64(buffer, (uint64_t)answer->base.modified_s);
    buffer_append_u64(buffer, (uint64_t)answer->base.modified_ns);
    buffer_append_u64(buffer, (uint64_t)answer->base.changed_s);
    buffer_append_u64(buffer, (uint64_t)answer->base.changed_ns);
}

ProStatus share_answer_read(
        const uint8_t *data, size_t size, ShareAnswer *ret_answer, ProError *reterr)
{
    ByteReader bytes = byte_reader(data, size);
    ShareAnswer answer = {0};
    uint32_t carrier = bytes_u32(&bytes);
    answer.base.flags = bytes_u32(&bytes);
    answer.number = bytes_u64(&bytes);
    answer.offset = bytes_u64(&bytes);
    answer.size = bytes_u64(&bytes);
    answer.base.size = bytes_u64(&bytes);
    answer.base.modified_s = (int64_t)bytes_u64(&bytes);
    answer.base.modified_ns = (int64_t)bytes_u64(&bytes);
    answer.base.changed_s = (int64_t)bytes_u64(&bytes);
    answer.base.changed_ns = (int64_t)bytes_u64(&bytes);
    bool sound = !bytes.failed && carrier >= SHARE_BYTES && carrier <= SHARE_DESK &&
                 answer.size <= PRO_CONTAINER_SIZE_MAX &&
                 answer.base.size <= PRO_CONTAINER_SIZE_MAX;
    answer.carrier = (ShareCarrier)carrier;
    if (carrier == SHARE_MEMFD || carrier == SHARE_FILE)
        sound = sound && answer.offset <= answer.base.size &&
                answer.size <= answer.base.size - answer.offset;
    answer.tail = bytes.data + bytes.offset;
    answer.tail_size = bytes_left(&bytes);
    if (carrier == SHARE_BYTES)
        sound = sound && answer.tail_size == answer.size;
    if (carrier == SHARE_FAILED)
        sound = sound && answer.number > PRO_OK && answer.number <= PRO_ERR_UNSUPPORTED;
    if (!sound)
        return error_set(reterr, PRO_ERR_FORMAT,
                "malformed answer of %zu bytes about a shared container", size);
    *ret_answer = answer;
    return PRO_OK;
}

void share_read_write(Buffer *buffer, const ShareRead *read)
{
    buffer_append_u64(buffer, read->number);
    buffer_append_u64(buffer, read->offset);
    buffer_append_u64(buffer, read->size);
}

ProStatus share_read_read(const uint8_t *data, size_t size, ShareRead *ret_read, ProError *reterr)
{
    ByteReader bytes = byte_reader(data, size);
    ShareRead read = {.number = bytes_u64(&bytes)};
    read.offset = bytes_u64(&bytes);
    read.size = bytes_u64(&bytes);
    if (bytes.failed || bytes_left(&bytes) != 0 || read.size == 0 || read.size > SHARE_READ_MAX)
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed question of %zu bytes for a block", size);
    *ret_read = read;
    return PRO_OK;
}
