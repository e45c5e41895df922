/* SPDX-License-Identifier: Apache-2.0 */

/* The worker's protocol: sending in batches, handling what the manager says, and the link thread
 * that does both while the main thread is busy. */

#include "core/clock.h"
#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/worker_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

bool worker_is_front(const ProWorker *worker)
{
    return pthread_equal(pthread_self(), worker->main_thread) != 0;
}

/* ---- sending ---- */

static void wake_link(ProWorker *worker)
{
    const struct itimerspec now = {.it_value.tv_nsec = 1};
    if (timerfd_settime(worker->timer_fd, 0, &now, NULL) == 0)
        worker->timer_armed = true;
}

void worker_flush(ProWorker *worker)
{
    if (worker->frame.size <= FRAME_HEAD_BYTES)
        return;
    /* A manager that is gone is noticed by its pidfd; what cannot be sent then does not matter. */
    (void)socket_send(worker->port.socket, worker->frame.data, worker->frame.size);
    outbox_close_frame(&worker->outbox, &worker->frame);
    buffer_clear(&worker->frame);
    frame_begin(&worker->frame, ++worker->sequence);
    worker->last_flush_ns = clock_now_ns();
    /* Sending may have taken the signal of input that came meanwhile: the link thread must look. */
    if (!worker->draining && socket_has_input(worker->port.socket))
        wake_link(worker);
}

static void arm_timer(ProWorker *worker, uint64_t delay_ns)
{
    const struct itimerspec when = {.it_value.tv_nsec = (long)delay_ns};
    if (!worker->timer_armed && timerfd_settime(worker->timer_fd, 0, &when, NULL) == 0)
        worker->timer_armed = true;
}

void worker_flush_within(ProWorker *worker, uint64_t delay_ns)
{
    bool full = worker->frame.size >= MP_BATCH_BYTES;
    if (full || clock_now_ns() - worker->last_flush_ns > delay_ns)
        worker_flush(worker);
    else
        arm_timer(worker, delay_ns);
}

/* The order of descriptors and records is the same because both happen without the lock being let
 * go in between. */
ProStatus worker_send_fd(ProWorker *worker, int fd, ProError *reterr)
{
    for (;;) {
        ProStatus status = fd_channel_send(worker->fds[WORKER_FD_CHANNEL], "b", 1, &fd, 1, reterr);
        if (status != PRO_ERR_FULL)
            return status;
        worker_flush(worker); /* the manager takes descriptors when it reads their records */
        port_unlock(&worker->port);
        struct pollfd channel = {.fd = worker->fds[WORKER_FD_CHANNEL], .events = POLLOUT};
        (void)poll(&channel, 1, 10); /* too many under way is not signalled, so look again */
        port_lock(&worker->port);
    }
}

static size_t total_size(const struct iovec *segments, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += segments[i].iov_len;
    return total;
}

static ProStatus post_blob(ProWorker *worker, FrameType type, uint64_t id,
        const struct iovec *segments, size_t count, ProError *reterr)
{
    int fd = -1;
    uint64_t size = 0;
    port_unlock(&worker->port);
    ProStatus status = blob_create(segments, count, &fd, &size, reterr);
    port_lock(&worker->port);
    if (status != PRO_OK)
        return status;
    status = worker_send_fd(worker, fd, reterr);
    (void)close(fd);
    if (status == PRO_OK)
        frame_record_blob(&worker->frame, type, id, size);
    return status;
}

/* If the lane is full, the manager gets a little time to take from it: a blob costs more than that.
 */
static bool write_to_lane(ProWorker *worker, const struct iovec *segments, size_t count,
        size_t size, uint64_t *ret_position)
{
    if (size <= MP_INLINE_PAYLOAD_MAX || size > LANE_PAYLOAD_MAX)
        return false;
    if (lane_write(&worker->lane, segments, count, size, ret_position))
        return true;
    worker_flush(worker);
    port_unlock(&worker->port);
    lane_wait(&worker->lane);
    port_lock(&worker->port);
    return lane_write(&worker->lane, segments, count, size, ret_position);
}

/* Nothing that the manager has not received is given up: it waits here for a manager that is slow.
 */
static void make_room(ProWorker *worker)
{
    for (;;) {
        uint32_t received = outbox_received(&worker->outbox);
        if (!outbox_is_crowded(&worker->outbox))
            return;
        worker_flush(worker);
        port_unlock(&worker->port);
        outbox_wait(&worker->outbox, received);
        port_lock(&worker->port);
    }
}

ProStatus worker_post(ProWorker *worker, FrameType type, uint64_t id, const struct iovec *segments,
        size_t count, ProError *reterr)
{
    size_t size = total_size(segments, count);
    uint64_t position;
    make_room(worker);
    if (write_to_lane(worker, segments, count, size, &position)) {
        frame_record_lane(&worker->frame, type, id, position, size);
    } else if (size > MP_INLINE_PAYLOAD_MAX) {
        ProStatus status = post_blob(worker, type, id, segments, count, reterr);
        if (status != PRO_OK)
            return status;
    } else {
        size_t record = frame_record_begin(&worker->frame, type, id);
        for (size_t i = 0; i < count; i++)
            buffer_append(&worker->frame, segments[i].iov_base, segments[i].iov_len);
        frame_record_end(&worker->frame, record);
    }
    if (worker->frame.failed) {
        buffer_clear(&worker->frame);
        frame_begin(&worker->frame, worker->sequence);
        worker->outbox.mirrored = 0;
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to send %zu bytes", size);
    }
    outbox_mirror(&worker->outbox, &worker->frame);
    return PRO_OK;
}

void worker_post_progress(ProWorker *worker)
{
    if (!worker->progress.has_value && !worker->progress.has_text)
        return;
    worker->progress.text = worker->progress_text;
    frame_progress_write(&worker->frame, worker->running, &worker->progress);
    outbox_mirror(&worker->outbox, &worker->frame);
    worker->progress = (FrameProgress){0};
    worker->progress_in_flight = true;
}

/* ---- receiving ---- */

/* A manager that breaks its own protocol cannot be served; its build and ours differ. */
static _Noreturn void give_up(const ProWorker *worker, const char *reason)
{
    ssize_t written = write(worker->fds[WORKER_FD_STDERR], reason, strlen(reason));
    (void)written;
    _exit(125);
}

static Payload take_payload(ProWorker *worker, Packet *packet, const FrameRecord *record)
{
    Payload payload = {0};
    if (record->place == FRAME_INSIDE)
        return payload_in_packet(packet, record->payload, record->payload_size);
    char mark;
    size_t size;
    size_t fd_count = 0;
    int fd = -1;
    ProError error = {0};
    ProStatus status = fd_channel_receive(
            worker->fds[WORKER_FD_CHANNEL], &mark, 1, &size, &fd, 1, &fd_count, &error);
    if (record->place != FRAME_IN_BLOB || status != PRO_OK || fd_count != 1 ||
            payload_map_blob(fd, record->far_size, &payload, &error) != PRO_OK)
        give_up(worker, "promp worker: a large value did not arrive whole\n");
    return payload;
}

static void on_task(ProWorker *worker, Packet *packet, const FrameRecord *record)
{
    WorkerTask *task = calloc(1, sizeof *task);
    if (task == NULL)
        give_up(worker, "promp worker: no memory for a task\n");
    task->id = record->id;
    task->payload = take_payload(worker, packet, record);
    if (frame_task_read(task->payload.data, task->payload.size, &task->frame, NULL) != PRO_OK)
        give_up(worker, "promp worker: malformed task\n");
    list_append(&worker->tasks, &task->link);
}

static void on_message(ProWorker *worker, Packet *packet, const FrameRecord *record)
{
    Payload payload = take_payload(worker, packet, record);
    ProMessage *message = message_new((uint32_t)record->id, worker->id, &payload);
    if (message == NULL)
        give_up(worker, "promp worker: no memory for a message\n");
    list_append(&worker->messages, &message->link);
}

static void task_free(WorkerTask *task)
{
    payload_release(&task->payload);
    free(task);
}

static void on_cancel(ProWorker *worker, uint64_t id)
{
    list_each(link, &worker->tasks)
    {
        WorkerTask *task = list_entry(link, WorkerTask, link);
        if (task->id != id)
            continue;
        list_remove(link);
        size_t record = frame_record_begin(&worker->frame, FRAME_ENDING, id);
        frame_ending_head(&worker->frame, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE);
        frame_ending_texts(&worker->frame, "", "cancelled before it began", "");
        frame_record_end(&worker->frame, record);
        outbox_mirror(&worker->outbox, &worker->frame);
        task_free(task);
        break;
    }
    worker_flush(worker);
}

static void on_recall(ProWorker *worker)
{
    list_each(link, &worker->tasks)
    {
        WorkerTask *task = list_entry(link, WorkerTask, link);
        if (!task->frame.may_move)
            continue;
        list_remove(link);
        frame_record(&worker->frame, FRAME_RETURNED, task->id, NULL, 0);
        task_free(task);
    }
    /* The end of the list, so that the manager knows that it may ask again. */
    frame_record(&worker->frame, FRAME_RETURNED, 0, NULL, 0);
    outbox_mirror(&worker->outbox, &worker->frame);
    worker_flush(worker);
}

static void on_interrupt(ProWorker *worker, uint64_t id)
{
    if (id == 0 || worker->running != id)
        return;
    worker->interrupt_sent = true;
    worker->interrupt_here = worker_is_front(worker);
    atomic_fetch_add(&worker->interrupts, 1);
    (void)pthread_kill(worker->main_thread, SIGINT);
}

static void on_progress_ack(ProWorker *worker)
{
    worker->progress_in_flight = false;
    worker_post_progress(worker);
    worker_flush(worker);
}

/* At once: the manager counts as unread what it has no receipt for. */
static void on_receipt(ProWorker *worker, uint64_t receipt)
{
    frame_record(&worker->frame, FRAME_RECEIPT, receipt, NULL, 0);
    outbox_mirror(&worker->outbox, &worker->frame);
    worker_flush(worker);
}

static void on_abort(ProWorker *worker, uint64_t id)
{
    if (id == worker->running && id != 0)
        atomic_store(&worker->aborted, true);
    list_each(link, &worker->tasks)
    {
        WorkerTask *task = list_entry(link, WorkerTask, link);
        task->aborted = task->aborted || task->id == id;
    }
}

static void on_shared(ProWorker *worker, Packet *packet, const FrameRecord *record)
{
    Payload payload = take_payload(worker, packet, record);
    if (!worker_on_shared(worker, record->id, &payload))
        give_up(worker, "promp worker: malformed answer about a shared container\n");
}

static void on_record(ProWorker *worker, Packet *packet, const FrameRecord *record)
{
    switch (record->type) {
    case FRAME_TASK:
        on_task(worker, packet, record);
        break;
    case FRAME_MESSAGE:
        on_message(worker, packet, record);
        break;
    case FRAME_CREDIT:
        worker->consumed_cost = record->id;
        break;
    case FRAME_RECEIPT:
        on_receipt(worker, record->id);
        break;
    case FRAME_ABORT:
        on_abort(worker, record->id);
        break;
    case FRAME_INTERRUPT:
        on_interrupt(worker, record->id);
        break;
    case FRAME_CANCEL:
        on_cancel(worker, record->id);
        break;
    case FRAME_RECALL:
        on_recall(worker);
        break;
    case FRAME_PROGRESS_ACK:
        on_progress_ack(worker);
        break;
    case FRAME_BOX_CLOSED:
        if (!worker_on_box_closed(worker, record))
            give_up(worker, "promp worker: malformed answer to a box\n");
        break;
    case FRAME_SHARED:
        on_shared(worker, packet, record);
        break;
    case FRAME_STOP:
        worker->stopping = true;
        break;
    default:
        give_up(worker, "promp worker: the manager sent a worker's record\n");
    }
}

static void on_frame(ProWorker *worker, Packet *packet)
{
    FrameReader reader;
    FrameRecord record;
    if (frame_open(&reader, packet_data(packet), packet_size(packet), NULL) != PRO_OK ||
            reader.sequence != worker->expected_sequence)
        give_up(worker, "promp worker: malformed frame from the manager\n");
    worker->expected_sequence++;
    ProStatus status = frame_next(&reader, &record, NULL);
    for (; status == PRO_OK; status = frame_next(&reader, &record, NULL))
        on_record(worker, packet, &record);
    if (status != PRO_ERR_EMPTY)
        give_up(worker, "promp worker: malformed record from the manager\n");
}

void worker_drain(ProWorker *worker)
{
    bool any = false;
    worker->draining = true;
    for (;;) {
        Packet *packet = socket_receive(worker->port.socket, NULL, NULL);
        if (packet == NULL)
            break;
        on_frame(worker, packet);
        packet_unref(packet);
        any = true;
    }
    worker->draining = false;
    if (any) {
        (void)pthread_cond_broadcast(&worker->changed);
        /* The link thread may have taken what the main thread just began to wait for. */
        if (worker->port.front_waits)
            port_wake_front(&worker->port);
    }
}

PortWait worker_block(ProWorker *worker, uint64_t deadline_ns)
{
    if (worker_is_front(worker)) {
        PortWait wait = port_front_wait(&worker->port, clock_left_ms(deadline_ns), NULL, 0);
        worker_drain(worker);
        if (!worker->interrupt_here)
            return wait;
        worker->interrupt_here = false;
        return PORT_INTERRUPTED;
    }
    if (deadline_ns == UINT64_MAX) {
        (void)pthread_cond_wait(&worker->changed, &worker->port.lock);
        return PORT_READY;
    }
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
            .tv_nsec = (long)(deadline_ns % 1000000000u)};
    int error = pthread_cond_timedwait(&worker->changed, &worker->port.lock, &deadline);
    return error == ETIMEDOUT ? PORT_TIMED_OUT : PORT_READY;
}

/* ---- the link thread ---- */

/* The manager's process is gone: so are we, and whatever we started, even if the main thread hangs.
 */
static _Noreturn void die_with_host(void)
{
    if (getpgrp() == getpid())
        (void)kill(-getpid(), SIGKILL);
    _exit(0);
}

static void on_timer(ProWorker *worker)
{
    uint64_t expirations;
    ssize_t taken = read(worker->timer_fd, &expirations, sizeof expirations);
    (void)taken;
    worker->timer_armed = false;
    worker_flush(worker);
}

static void *link_main(void *argument)
{
    ProWorker *worker = argument;
    struct epoll_event events[4];
    for (;;) {
        int count = epoll_wait(worker->port.epoll, events, 4, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.u64 == WORKER_TAG_HOST)
                die_with_host();
        port_lock(&worker->port);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == WORKER_TAG_TIMER)
                on_timer(worker);
            else
                port_on_timer(&worker->port);
        }
        worker_drain(worker);
        port_unlock(&worker->port);
    }
    return NULL;
}

static ProStatus start_thread(ProWorker *worker, ProError *reterr)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, 256 << 10);
    int error = pthread_create(&worker->link_thread, &attributes, link_main, worker);
    (void)pthread_attr_destroy(&attributes);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? PRO_OK : error_system(reterr, error, "cannot start the link thread");
}

ProStatus worker_link_start(ProWorker *worker, const WorkerConfig *config, ProError *reterr)
{
    Socket *socket = NULL;
    ProStatus status = socket_open_link(config->endpoint, config->routing_id, &socket, reterr);
    if (status != PRO_OK)
        return status;
    status = port_init(&worker->port, socket, WORKER_TAG_SOCKET, reterr);
    if (status == PRO_OK)
        status = port_watch(&worker->port, worker->fds[WORKER_FD_HOST], WORKER_TAG_HOST, reterr);
    /* The manager's end of the channel is closed when it gave this worker up: only that is watched.
     */
    if (status == PRO_OK)
        status = port_watch(&worker->port, worker->fds[WORKER_FD_CHANNEL], WORKER_TAG_HOST, reterr);
    if (status == PRO_OK)
        port_pause(&worker->port, worker->fds[WORKER_FD_CHANNEL], WORKER_TAG_HOST, true);
    worker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (status == PRO_OK)
        status = port_watch(&worker->port, worker->timer_fd, WORKER_TAG_TIMER, reterr);
    if (status != PRO_OK)
        return status;
    frame_begin(&worker->frame, 0);
    frame_record(
            &worker->frame, FRAME_HELLO, (uint64_t)getpid(), config->secret, sizeof config->secret);
    outbox_mirror(&worker->outbox, &worker->frame);
    worker_flush(worker);
    return start_thread(worker, reterr);
}
