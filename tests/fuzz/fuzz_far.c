/* SPDX-License-Identifier: Apache-2.0 */

/* What a gateway and an agent say to each other, and tickets. An accepted message's parts must lie
 * in its bytes; what is accepted must come out the same when it is written again. */

#include "mp/far/far_wire.h"
#include "mp/far/ticket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(Packet *written, const Packet *read)
{
    if (written == NULL || packet_size(written) != packet_size(read) ||
            memcmp(packet_data(written), packet_data(read), packet_size(read)) != 0)
        abort();
    packet_unref(written);
}

static void read_message(const Packet *packet)
{
    FarMessage message;
    FarHello hello;
    FarExit exit;
    FarBoard board;
    uint64_t number;
    if (far_open(packet, &message, NULL) != PRO_OK)
        return;
    if (message.size > packet_size(packet))
        abort();
    if (message.type == FAR_HELLO && message.worker == 0 &&
            far_hello_read(&message, &hello, NULL) == PRO_OK)
        expect_same(far_hello_packet(&hello), packet);
    if (message.type == FAR_EXITED && message.number == 0 &&
            far_exit_read(&message, &exit, NULL) == PRO_OK)
        expect_same(far_exit_packet(message.worker, &exit), packet);
    if (message.type == FAR_BOARD && far_board_read(&message, &board, NULL) == PRO_OK)
        expect_same(far_board_packet(message.worker, &board), packet);
    if (message.type == FAR_ACK && message.number == 0 && far_number_read(&message, &number))
        expect_same(far_number_packet(FAR_ACK, message.worker, number), packet);
}

static void read_ticket(const uint8_t *data, size_t size)
{
    Ticket ticket;
    char text[2 * TICKET_TEXT_MAX] = "promp-ticket-1 ";
    size_t start = size > 0 && data[0] % 2 == 0 ? strlen(text) : 0;
    size_t room = sizeof text - 1 - start;
    memcpy(text + start, data, size < room ? size : room);
    text[start + (size < room ? size : room)] = '\0';
    if (ticket_read(text, &ticket, NULL) != PRO_OK)
        return;
    char written[TICKET_TEXT_MAX];
    ticket_write(&ticket, written);
    if (ticket_read(written, &ticket, NULL) != PRO_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Packet *packet = packet_new_copy(data, size);
    if (packet == NULL)
        return 0;
    read_message(packet);
    packet_unref(packet);
    read_ticket(data, size);
    return 0;
}
