/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a worker was sent and has not shown to have read. ZeroMQ's queues have no end, and a worker
 * can make the manager answer (or let it believe that its messages were read) as fast as it likes.
 * So a random number goes along now and then, a receipt; only who reads as far as there can send it
 * back. Who leaves too much unread is no worker of ours: its link thread reads whatever its tasks
 * do.
 */

#include "mp/manager_private.h"

#include <sys/random.h>

/* What ZeroMQ needs for a frame beside its bytes. */
enum { FRAME_OVERHEAD = 192 };

void unread_add_message(Slot *slot, size_t size)
{
    slot->unread.message_bytes += FRAME_RECORD_HEAD_BYTES + size;
    slot->unread.sent.message_cost += message_cost(size);
}

void unread_add_descriptor(Slot *slot, uint64_t size)
{
    slot->unread.sent.descriptors++;
    slot->unread.sent.descriptor_bytes += size;
}

/* It may be asked again at once, so it counts as much as an answer can. */
void unread_add_refusal(Slot *slot)
{
    slot->unread.sent.bytes += MP_INLINE_PAYLOAD_MAX;
}

bool unread_takes_descriptor(const Slot *slot)
{
    const UnreadCount *sent = &slot->unread.sent;
    const UnreadCount *read = &slot->unread.read;
    return sent->descriptors - read->descriptors < MP_UNREAD_DESCRIPTORS_MAX &&
           sent->descriptor_bytes - read->descriptor_bytes < MP_UNREAD_DESCRIPTOR_BYTES_MAX;
}

static bool is_due(const Unread *unread)
{
    const UnreadCount *sent = &unread->sent;
    const UnreadCount *read = &unread->read;
    return unread->receipt == 0 &&
           (sent->bytes - read->bytes + sent->message_cost - read->message_cost >=
                           MP_RECEIPT_BYTES ||
                   sent->descriptors - read->descriptors >= MP_UNREAD_DESCRIPTORS_MAX / 2 ||
                   sent->descriptor_bytes - read->descriptor_bytes >=
                           MP_UNREAD_DESCRIPTOR_BYTES_MAX / 2);
}

void unread_on_flush(Slot *slot)
{
    Unread *unread = &slot->unread;
    /* Of a frame with messages, the overhead is a part of what these cost. */
    unread->sent.bytes += slot->frame.size - unread->message_bytes +
                          (unread->message_bytes == 0 ? FRAME_OVERHEAD : 0);
    unread->message_bytes = 0;
    if (unread->sent.bytes - unread->read.bytes > MP_UNREAD_MAX ||
            unread->sent.message_cost - unread->read.message_cost >
                    slot->manager->pending_limit + MP_UNREAD_MAX) {
        protocol_violation(slot, "it does not read what it is sent");
    } else if (is_due(unread) &&
               getrandom(&unread->receipt, sizeof unread->receipt, 0) == sizeof unread->receipt) {
        unread->asked = unread->sent;
        frame_record(&slot->frame, FRAME_RECEIPT, unread->receipt, NULL, 0);
    }
}

void unread_on_receipt(Slot *slot, uint64_t receipt)
{
    Unread *unread = &slot->unread;
    if (receipt == 0 || receipt != unread->receipt) {
        protocol_violation(slot, "it showed a receipt that it was not sent");
        return;
    }
    unread->read = unread->asked;
    unread->receipt = 0;
}
