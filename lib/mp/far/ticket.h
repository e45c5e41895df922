/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_FAR_TICKET_H
#define MP_FAR_TICKET_H

#include "mp/transport_tcp.h"

/*
 * A ticket: what lets an agent in, one line of text. It holds the gateway's address and public key,
 * and the secret key that the agent proves itself with. Who has it can join as an agent, so it goes
 * through files of mode 0600, pipes and the environment, never through arguments.
 *
 *     promp-ticket-1 tcp://192.0.2.7:40123 <64 hexadecimal digits> <64 hexadecimal digits>
 */

enum { TICKET_TEXT_MAX = 512 };

typedef struct Ticket {
    char endpoint[TCP_ENDPOINT_MAX];
    uint8_t server_key[TCP_KEY_BYTES];
    TcpKeys keys; /* the agent's */
} Ticket;

void ticket_write(const Ticket *ticket, char ret_text[TICKET_TEXT_MAX]);
/* White space around it is allowed. PRO_ERR_FORMAT says what is wrong, and never shows the key. */
ProStatus ticket_read(const char *text, Ticket *ret_ticket, ProError *reterr);

#endif
