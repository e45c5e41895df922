/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/worker_config.h"

#include "core/bytes.h"
#include "core/error.h"

#include <string.h>

static const uint32_t config_magic = 'P' | 'M' << 8 | 'C' << 16 | 2 << 24;

static void append_text(Buffer *buffer, const char *text)
{
    size_t size = strlen(text) + 1;
    buffer_append_u32(buffer, (uint32_t)size);
    buffer_append(buffer, text, size);
}

void worker_config_write(Buffer *buffer, const WorkerConfig *config)
{
    buffer_append_u32(buffer, config_magic);
    buffer_append_u32(buffer, config->id);
    buffer_append_u32(buffer, (uint32_t)config->level);
    buffer_append_u8(buffer, config->far);
    buffer_append(buffer, config->routing_id, sizeof config->routing_id);
    buffer_append(buffer, config->secret, sizeof config->secret);
    buffer_append_u64(buffer, config->pending_limit);
    buffer_append_u64(buffer, config->memory_limit);
    append_text(buffer, config->endpoint);
    append_text(buffer, config->folder);
    buffer_append_u32(buffer, (uint32_t)config->setup_size);
    buffer_append(buffer, config->setup, config->setup_size);
}

/* NULL (and failed) unless a NUL ends it. */
static const char *take_text(ByteReader *bytes)
{
    uint32_t size = bytes_u32(bytes);
    const uint8_t *text = bytes_take(bytes, size);
    if (text == NULL || size == 0 || text[size - 1] != '\0')
        bytes->failed = true;
    return (const char *)text;
}

ProStatus worker_config_read(
        const void *data, size_t size, WorkerConfig *ret_config, ProError *reterr)
{
    ByteReader bytes = byte_reader(data, size);
    WorkerConfig config = {0};
    uint32_t magic = bytes_u32(&bytes);
    config.id = bytes_u32(&bytes);
    config.level = (int)bytes_u32(&bytes);
    uint8_t far = bytes_u8(&bytes);
    config.far = far == 1;
    const uint8_t *routing_id = bytes_take(&bytes, MP_ROUTING_ID_BYTES);
    const uint8_t *secret = bytes_take(&bytes, MP_SECRET_BYTES);
    config.pending_limit = bytes_u64(&bytes);
    config.memory_limit = bytes_u64(&bytes);
    config.endpoint = take_text(&bytes);
    config.folder = take_text(&bytes);
    config.setup_size = bytes_u32(&bytes);
    config.setup = bytes_take(&bytes, config.setup_size);
    if (bytes.failed || bytes_left(&bytes) != 0 || far > 1 || magic != config_magic ||
            size > MP_CONFIG_MAX)
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed worker configuration of %zu bytes", size);
    memcpy(config.routing_id, routing_id, MP_ROUTING_ID_BYTES);
    memcpy(config.secret, secret, MP_SECRET_BYTES);
    *ret_config = config;
    return PRO_OK;
}
