/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/message.h"

#include "mp/limits.h"

#include <stdlib.h>

ProMessage *message_new(uint32_t id, ProWorkerId worker, Payload *payload)
{
    ProMessage *message = malloc(sizeof *message);
    if (message == NULL) {
        payload_release(payload);
        return NULL;
    }
    *message = (ProMessage){.id = id, .worker = worker, .payload = *payload};
    return message;
}

uint64_t message_cost(size_t size)
{
    return (uint64_t)size + MP_MESSAGE_OVERHEAD;
}

uint32_t pro_message_id(const ProMessage *message)
{
    return message->id;
}

ProWorkerId pro_message_worker(const ProMessage *message)
{
    return message->worker;
}

const void *pro_message_data(const ProMessage *message)
{
    return message->payload.data;
}

size_t pro_message_size(const ProMessage *message)
{
    return message->payload.size;
}

void pro_message_free(ProMessage *message)
{
    if (message == NULL)
        return;
    payload_release(&message->payload);
    free(message);
}
