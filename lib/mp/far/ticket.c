/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/far/ticket.h"

#include "core/error.h"

#include <stdio.h>
#include <string.h>

static const char magic[] = "promp-ticket-1";

static void write_key(const uint8_t key[TCP_KEY_BYTES], char text[2 * TCP_KEY_BYTES + 1])
{
    for (size_t i = 0; i < TCP_KEY_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", key[i]);
}

void ticket_write(const Ticket *ticket, char ret_text[TICKET_TEXT_MAX])
{
    char server[2 * TCP_KEY_BYTES + 1];
    char secret[2 * TCP_KEY_BYTES + 1];
    write_key(ticket->server_key, server);
    write_key(ticket->keys.secret_key, secret);
    (void)snprintf(
            ret_text, TICKET_TEXT_MAX, "%s %s %s %s", magic, ticket->endpoint, server, secret);
    explicit_bzero(secret, sizeof secret);
}

typedef struct Word {
    const char *text;
    size_t size;
} Word;

static Word next_word(const char **text)
{
    *text += strspn(*text, " \t\r\n");
    Word word = {.text = *text, .size = strcspn(*text, " \t\r\n")};
    *text += word.size;
    return word;
}

static int digit(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *place = character == '\0' ? NULL : strchr(digits, character);
    return place == NULL ? -1 : (int)(place - digits);
}

static bool read_key(Word word, uint8_t key[TCP_KEY_BYTES])
{
    if (word.size != (size_t)2 * TCP_KEY_BYTES)
        return false;
    for (size_t i = 0; i < TCP_KEY_BYTES; i++) {
        int high = digit(word.text[2 * i]);
        int low = digit(word.text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

ProStatus ticket_read(const char *text, Ticket *ret_ticket, ProError *reterr)
{
    Ticket ticket = {0};
    Word head = next_word(&text);
    if (head.size != sizeof magic - 1 || memcmp(head.text, magic, head.size) != 0)
        return error_set(reterr, PRO_ERR_FORMAT,
                "this is no ticket: its first word must be %s (a manager's listen() gives one)",
                magic);
    Word endpoint = next_word(&text);
    if (endpoint.size <= 6 || memcmp(endpoint.text, "tcp://", 6) != 0 ||
            endpoint.size >= sizeof ticket.endpoint)
        return error_set(reterr, PRO_ERR_FORMAT,
                "the ticket's second word must be an address like tcp://192.0.2.7:40123");
    memcpy(ticket.endpoint, endpoint.text, endpoint.size);
    if (!read_key(next_word(&text), ticket.server_key) ||
            !read_key(next_word(&text), ticket.keys.secret_key) || next_word(&text).size != 0)
        return error_set(reterr, PRO_ERR_FORMAT,
                "the ticket must end with two keys of %d hexadecimal digits; is it complete?",
                2 * TCP_KEY_BYTES);
    ProStatus status = tcp_keys_complete(&ticket.keys, reterr);
    if (status == PRO_OK)
        *ret_ticket = ticket;
    return status;
}
