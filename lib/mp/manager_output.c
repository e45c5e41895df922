/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The workers' stdout and stderr. Each is a pipe whose read end is here, so that a worker's death
 * loses nothing. The pipes are in packet mode: one write, one read. That tells a newline that was
 * written alone (as print() does when it is unbuffered) from a blank line inside a text.
 */

#include "mp/manager_private.h"

#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { READS_AT_ONCE = 256 };

static uint64_t stream_tag(const Slot *slot, int stream)
{
    return MANAGER_TAG(stream == 0 ? TAG_STDOUT : TAG_STDERR, slot->id);
}

ProStatus output_open(Slot *slot, int ret_write_fds[2], ProError *reterr)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_DIRECT) != 0)
            return error_system(reterr, errno, "cannot make a pipe for a worker's output");
        slot->streams[i].fd = ends[0];
        ret_write_fds[i] = ends[1];
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
        (void)fcntl(ends[0], F_SETPIPE_SZ, MP_OUTPUT_PIPE_BYTES); /* refused: the default will do */
        ProStatus status = port_watch(&slot->manager->port, ends[0], stream_tag(slot, i), reterr);
        if (status != PRO_OK)
            return status;
    }
    slot->tail_size = 0;
    slot->output_pending = 0;
    slot->output_paused = false;
    return PRO_OK;
}

static void close_stream(Slot *slot, int stream)
{
    OutputStream *output = &slot->streams[stream];
    if (output->fd < 0)
        return;
    port_unwatch(&slot->manager->port, output->fd);
    (void)close(output->fd);
    output->fd = -1;
}

void output_close(Slot *slot)
{
    for (int i = 0; i < 2; i++) {
        close_stream(slot, i);
        buffer_fini(&slot->streams[i].line);
    }
}

/* ---- the tail, for reports of deaths ---- */

static void remember(Slot *slot, const char *data, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t at = slot->tail_size % MP_OUTPUT_TAIL_BYTES;
        size_t part = MP_OUTPUT_TAIL_BYTES - at;
        if (part > size - i)
            part = size - i;
        memcpy(slot->tail + at, data + i, part);
        slot->tail_size += part;
        i += part;
    }
}

char *output_tail(const Slot *slot)
{
    if (slot->tail_size == 0)
        return NULL;
    size_t size = slot->tail_size < MP_OUTPUT_TAIL_BYTES ? slot->tail_size : MP_OUTPUT_TAIL_BYTES;
    char *text = malloc(size + 1);
    for (size_t i = 0; text != NULL && i < size; i++)
        text[i] = slot->tail[(slot->tail_size - size + i) % MP_OUTPUT_TAIL_BYTES];
    if (text != NULL)
        text[size] = '\0';
    return text;
}

/* ---- to the owner ---- */

static Event *output_event(ProManager *manager, ProWorkerId worker, int stream)
{
    Event *event = calloc(1, sizeof *event);
    if (event == NULL)
        return NULL;
    event->kind = EVENT_OUTPUT;
    event->worker = worker;
    event->stream = stream;
    list_append(&manager->events, &event->link);
    return event;
}

/* Joins what follows on the same stream, as long as nothing else of that worker stands between. */
static void queue_output(Slot *slot, int stream, const void *data, size_t size)
{
    if (size == 0)
        return;
    bool undelivered = slot->last_event_delivery == slot->manager->delivery;
    Event *event = undelivered ? slot->last_event : NULL;
    if (event == NULL || event->stream != stream)
        event = output_event(slot->manager, slot->id, stream);
    if (event == NULL)
        return;
    buffer_append(&event->output, data, size);
    slot->last_event = event;
    slot->last_event_delivery = slot->manager->delivery;
    slot->output_pending += size;
    delivery_signal(slot->manager);
}

void output_notice(ProManager *manager, const char *format, ...)
{
    if ((manager->options & PRO_OPT_QUIET) != 0)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    Event *event = output_event(manager, PRO_WORKER_INVALID, 1);
    if (event == NULL)
        return;
    buffer_append_text(&event->output, "promp: ");
    buffer_append_text(&event->output, text);
    buffer_append_text(&event->output, "\n");
    delivery_signal(manager);
}

/* ---- lines ---- */

static void end_line(Slot *slot, int stream)
{
    Buffer *line = &slot->streams[stream].line;
    if (line->size == 0)
        return;
    buffer_append_text(line, "\n");
    queue_output(slot, stream, line->data, line->size);
    buffer_clear(line);
}

/* One write of the worker: whole lines go on, the rest waits for its newline. */
static void assemble(Slot *slot, int stream, const char *data, size_t size)
{
    Buffer *line = &slot->streams[stream].line;
    bool newline_alone = size == 1 && data[0] == '\n' && line->size == 0;
    if (newline_alone)
        return;
    const char *last = memrchr(data, '\n', size);
    size_t whole = last == NULL ? 0 : (size_t)(last - data) + 1;
    if (whole > 0 && line->size > 0) {
        buffer_append(line, data, whole);
        queue_output(slot, stream, line->data, line->size);
        buffer_clear(line);
    } else {
        queue_output(slot, stream, data, whole);
    }
    buffer_append(line, data + whole, size - whole);
    if (line->size > MP_OUTPUT_LINE_MAX)
        end_line(slot, stream);
}

static void take(Slot *slot, int stream, const char *data, size_t size)
{
    uint32_t options = slot->manager->options;
    remember(slot, data, size);
    if ((options & PRO_OPT_ATOMIC_OUTPUT) != 0)
        assemble(slot, stream, data, size);
    else if ((options & PRO_OPT_REDIRECT_OUTPUT) != 0)
        queue_output(slot, stream, data, size);
}

/* ---- reading ---- */

static void pause_streams(Slot *slot, bool paused)
{
    slot->output_paused = paused;
    for (int i = 0; i < 2; i++)
        if (slot->streams[i].fd >= 0)
            port_pause(&slot->manager->port, slot->streams[i].fd, stream_tag(slot, i), paused);
}

/* Reads packets until there is none, at most `reads`. */
static void read_packets(Slot *slot, int stream, int reads)
{
    char data[4096]; /* PIPE_BUF: the largest packet */
    OutputStream *output = &slot->streams[stream];
    for (int i = 0; i < reads && output->fd >= 0; i++) {
        ssize_t size = read(output->fd, data, sizeof data);
        if (size > 0) {
            take(slot, stream, data, (size_t)size);
            continue;
        }
        if (size == 0)
            close_stream(slot, stream);
        if (size == 0 || errno != EINTR)
            return;
    }
}

void output_read(Slot *slot, int stream, bool all)
{
    read_packets(slot, stream, all ? INT_MAX : READS_AT_ONCE);
    if (slot->output_pending > MP_OUTPUT_PENDING_MAX && !slot->output_paused)
        pause_streams(slot, true);
}

/* No more than what is there now: a worker that writes without end must not hold us. */
static void read_present(Slot *slot, int stream)
{
    int present = 0;
    if (slot->streams[stream].fd < 0 || ioctl(slot->streams[stream].fd, FIONREAD, &present) != 0)
        return;
    if (present > 0)
        read_packets(slot, stream, present);
}

void output_settle(Slot *slot)
{
    slot->output_settled = true;
    for (int i = 0; i < 2; i++) {
        read_present(slot, i);
        end_line(slot, i);
    }
}

void output_settle_once(Slot *slot)
{
    if (!slot->output_settled)
        output_settle(slot);
}

void output_delivered(ProManager *manager, ProWorkerId worker, size_t size)
{
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot == NULL)
        return;
    slot->output_pending -= size < slot->output_pending ? size : slot->output_pending;
    if (slot->output_paused && slot->output_pending <= MP_OUTPUT_PENDING_MAX / 2)
        pause_streams(slot, false);
}
