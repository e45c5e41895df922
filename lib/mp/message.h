/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_MESSAGE_H
#define MP_MESSAGE_H

#include "core/list.h"
#include "mp/blob.h"

#include <promp/message.h>

/* A received message; its payload keeps the packet or mapping alive that it lies in. */
struct ProMessage {
    ListLink link;        /* in the order of arrival at the receiver */
    ListLink worker_link; /* at a manager: in the order of arrival from its worker */
    uint32_t id;
    ProWorkerId worker;
    uint32_t generation; /* at a manager: of the process that sent it */
    Payload payload;
};

/* Takes the payload over; NULL (and the payload released) without memory. */
ProMessage *message_new(uint32_t id, ProWorkerId worker, Payload *payload);

/* What a message counts against the pending limit. */
uint64_t message_cost(size_t size);

#endif
