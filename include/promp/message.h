/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_MESSAGE_H
#define PROMP_MESSAGE_H

/*
 * ProMessage is one message of the program's own, between a manager and a worker: a number and
 * bytes.
 *
 * Threads: immutable after creation. Lifetime: who pops a message frees it.
 */

#include <promp/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_MESSAGE_ID_MAX 0x7FFFFFFFu         /* higher ids are promp's own */
#define PRO_MESSAGE_SIZE_MAX ((size_t)2 << 30) /* bytes: 2 GiB */

typedef uint32_t ProWorkerId;
typedef struct ProMessage ProMessage;

PRO_API uint32_t pro_message_id(const ProMessage *message);
PRO_API ProWorkerId pro_message_worker(const ProMessage *message); /* at a manager: who sent it */
/* The bytes, lent until the message is freed. A large message is a read-only mapping. */
PRO_API const void *pro_message_data(const ProMessage *message);
PRO_API size_t pro_message_size(const ProMessage *message);
PRO_API void pro_message_free(ProMessage *message); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
