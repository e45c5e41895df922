/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/payload.h"

#include "core/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Copies of medium size go into buffers that are used again: fresh memory is faulted in page by
 * page, and free() gives it back at once, so that a copy would cost three times as much.
 */
enum { SPARES = 8, SPARE_BYTES = 2 << 20, SPARE_USE_MIN = 128 << 10 };

static struct {
    pthread_mutex_t lock;
    void *buffers[SPARES];
    size_t count;
} spares = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool uses_spares(size_t size)
{
    return size >= SPARE_USE_MIN && size <= SPARE_BYTES;
}

static void *take_buffer(size_t size)
{
    void *buffer = NULL;
    if (!uses_spares(size))
        return malloc(size);
    (void)pthread_mutex_lock(&spares.lock);
    if (spares.count > 0)
        buffer = spares.buffers[--spares.count];
    (void)pthread_mutex_unlock(&spares.lock);
    return buffer != NULL ? buffer : malloc(SPARE_BYTES); /* what is not touched costs nothing */
}

static void give_buffer(void *buffer, size_t size)
{
    bool kept = false;
    if (uses_spares(size)) {
        (void)pthread_mutex_lock(&spares.lock);
        kept = spares.count < SPARES;
        if (kept)
            spares.buffers[spares.count++] = buffer;
        (void)pthread_mutex_unlock(&spares.lock);
    }
    if (!kept)
        free(buffer);
}

Payload payload_in_packet(Packet *packet, const uint8_t *data, size_t size)
{
    return (Payload){.data = data, .size = size, .packet = packet_ref(packet)};
}

ProStatus payload_copy(const void *data, size_t size, Payload *ret_payload, ProError *reterr)
{
    void *copy = take_buffer(size);
    if (copy == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a payload of %zu bytes", size);
    memcpy(copy, data, size);
    *ret_payload = (Payload){.data = copy, .size = size, .memory = PAYLOAD_COPIED};
    return PRO_OK;
}

void payload_release(Payload *payload)
{
    switch (payload->memory) {
    case PAYLOAD_IN_PACKET:
        if (payload->packet != NULL)
            packet_unref(payload->packet);
        break;
    case PAYLOAD_MAPPED:
        (void)munmap((void *)payload->data, payload->size);
        break;
    case PAYLOAD_COPIED:
        give_buffer((void *)payload->data, payload->size);
        break;
    }
    *payload = (Payload){0};
}
