/* SPDX-License-Identifier: Apache-2.0 */

/* A far worker as its manager sees it: the worker's ends of socket, board, channel and pipes. */

#include "mp/far/gateway_private.h"

#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/frame.h"
#include "mp/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

static const char broke_protocol[] = "its agent broke the protocol";

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static ProStatus send_far(void *user, Packet *packet)
{
    const GatewayWorker *worker = user;
    return gateway_send(worker->agent, worker->gateway, packet);
}

/* ---- start and end ---- */

/* The ends that the worker would hold. */
static ProStatus open_ends(GatewayWorker *worker, const WorkerConfig *config, ProError *reterr)
{
    Gateway *gateway = worker->gateway;
    for (int i = WORKER_FD_STDOUT; i <= WORKER_FD_STDERR; i++)
        (void)fcntl(worker->fds[i], F_SETFL, fcntl(worker->fds[i], F_GETFL) | O_NONBLOCK);
    ProStatus status = board_map(worker->fds[WORKER_FD_BOARD], &worker->board, reterr);
    if (status == PRO_OK)
        status = socket_open_link(gateway->endpoint, config->routing_id, &worker->socket, reterr);
    if (status != PRO_OK)
        return status;
    worker->outbox.board = worker->board;
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(gateway->epoll, EPOLL_CTL_ADD, socket_fd(worker->socket), &event) != 0)
        return error_system(reterr, errno, "cannot watch a worker's socket");
    return PRO_OK;
}

static ProStatus start(GatewayWorker *worker, const void *config, size_t size, ProError *reterr)
{
    WorkerConfig parts;
    uint8_t *body;
    ProStatus status = worker_config_read(config, size, &parts, reterr);
    if (status == PRO_OK)
        status = open_ends(worker, &parts, reterr);
    if (status != PRO_OK)
        return status;
    int pidfd = -1;
    worker->pid = standin_fork(worker->id, worker->gateway->terms[1], &pidfd);
    if (worker->pid < 0)
        return error_system(reterr, errno, "cannot fork for a far worker");
    NurseryHead head = {.packet = NURSERY_STARTED,
            .request = worker->id,
            .pid = worker->pid,
            .host = worker->agent->id};
    status = fd_channel_send(GATEWAY_CHANNEL_FD, &head, sizeof head, &pidfd, 1, reterr);
    (void)close(pidfd);
    Packet *packet = far_packet(FAR_START, 0, worker->id, size, &body);
    if (status == PRO_OK && packet != NULL) {
        memcpy(body, config, size);
        return gateway_send(worker->agent, worker->gateway, packet);
    }
    packet_unref(packet);
    return status != PRO_OK ? status : error_set(reterr, PRO_ERR_NO_MEMORY, "no memory");
}

void gateway_worker_start(Gateway *gateway, GatewayAgent *agent, uint64_t id, const void *config,
        size_t config_size, const int fds[WORKER_FD_COUNT])
{
    ProError error = {0};
    NurseryHead head = {.request = id};
    GatewayWorker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        for (int i = 0; i < WORKER_FD_COUNT; i++)
            (void)close(fds[i]);
        gateway_say(NURSERY_FAILED, NULL, &head, "the gateway has no memory");
        return;
    }
    worker->gateway = gateway;
    worker->agent = agent;
    worker->id = id;
    worker->ready_fd = -1;
    memcpy(worker->fds, fds, sizeof worker->fds);
    stream_init(&worker->stream, id);
    list_append(&gateway->workers, &worker->link);
    agent->workers++;
    if (start(worker, config, config_size, &error) == PRO_OK)
        return;
    if (worker->pid > 0) {
        gateway_worker_lost(worker, error.text);
        return;
    }
    gateway_say(NURSERY_FAILED, NULL, &head, error.text);
    gateway_worker_free(worker);
}

void gateway_worker_free(GatewayWorker *worker)
{
    if (worker->pid > 0) {
        (void)kill(worker->pid, SIGKILL);
        (void)waitpid(worker->pid, NULL, 0);
    }
    worker->agent->workers--;
    list_remove(&worker->link);
    if (worker->socket != NULL) /* ZeroMQ closes its descriptor later */
        (void)epoll_ctl(worker->gateway->epoll, EPOLL_CTL_DEL, socket_fd(worker->socket), NULL);
    socket_close(worker->socket);
    board_unmap(worker->board);
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        close_fd(&worker->fds[i]);
    close_fd(&worker->ready_fd);
    stream_fini(&worker->stream);
    free(worker);
}

static void kill_far(const GatewayWorker *worker)
{
    Packet *packet = far_packet(FAR_SIGNAL, SIGKILL, worker->id, 0, NULL);
    if (packet != NULL)
        (void)gateway_send(worker->agent, worker->gateway, packet);
}

void gateway_worker_killed(GatewayWorker *worker, int wait_status)
{
    const NurseryHead head = {.pid = worker->pid, .wait_status = wait_status};
    worker->pid = 0; /* reaped */
    kill_far(worker);
    gateway_say(NURSERY_EXITED, worker, &head, "");
    gateway_worker_free(worker);
}

void gateway_worker_lost(GatewayWorker *worker, const char *text)
{
    const NurseryHead head = {.pid = worker->pid};
    kill_far(worker);
    gateway_say(NURSERY_LOST, worker, &head, text);
    gateway_worker_free(worker);
}

/* ---- from the agent to the manager ---- */

/* Its stack, and which task ran, for the manager's report; then it is over. */
static StreamUse take_exit(GatewayWorker *worker, const FarMessage *message)
{
    FarExit exit;
    if (far_exit_read(message, &exit, NULL) != PRO_OK)
        return STREAM_BROKEN;
    atomic_store_explicit(&worker->board->running_task, exit.running, memory_order_release);
    ssize_t written =
            pwrite(worker->fds[WORKER_FD_BOARD], exit.crash, exit.crash_size, BOARD_CRASH_OFFSET);
    (void)written; /* a report without a stack is one as well */
    const NurseryHead head = {.pid = worker->pid,
            .wait_status = exit.wait_status,
            .peak_rss_bytes = exit.peak_rss_bytes};
    if (exit.known)
        gateway_say(NURSERY_EXITED, worker, &head, "");
    else
        gateway_say(NURSERY_LOST, worker, &head, "its exit status is not known on its machine");
    worker->ended = true;
    return STREAM_USED;
}

/* Packet by packet, as the worker wrote. */
static StreamUse take_output(const GatewayWorker *worker, const FarMessage *message)
{
    if (message->number > 1 || message->size == 0 || message->size > PIPE_BUF)
        return STREAM_BROKEN;
    int fd = worker->fds[message->number == 0 ? WORKER_FD_STDOUT : WORKER_FD_STDERR];
    ssize_t written;
    do
        written = write(fd, message->body, message->size);
    while (written < 0 && errno == EINTR);
    /* A manager that is gone reads no more; its end comes by its pidfd. */
    return written < 0 && errno == EAGAIN ? STREAM_BLOCKED : STREAM_USED;
}

/* To where the frame that follows says that it lies. */
static StreamUse take_lane(GatewayWorker *worker, const FarMessage *message)
{
    ByteReader bytes = byte_reader(message->body, message->size);
    uint64_t offset = bytes_u64(&bytes) % BOARD_LANE_BYTES;
    size_t size = bytes_left(&bytes);
    if (bytes.failed || size > LANE_PAYLOAD_MAX || size > BOARD_LANE_BYTES - offset)
        return STREAM_BROKEN;
    memcpy(board_lane(worker->board) + offset, bytes.data + bytes.offset, size);
    return STREAM_USED;
}

static StreamUse take_value(GatewayWorker *worker, const FarMessage *message)
{
    if (worker->ready_fd < 0 && !stream_value_part(&worker->stream, message, &worker->ready_fd))
        return STREAM_BROKEN;
    if (worker->ready_fd < 0)
        return STREAM_USED;
    ProStatus status =
            fd_channel_send(worker->fds[WORKER_FD_CHANNEL], "b", 1, &worker->ready_fd, 1, NULL);
    if (status == PRO_ERR_FULL)
        return STREAM_BLOCKED;
    close_fd(&worker->ready_fd);
    return STREAM_USED;
}

/* As the worker itself would send it: first on the board, then through the socket. */
static StreamUse take_frame(GatewayWorker *worker, const FarMessage *message)
{
    ByteReader bytes = byte_reader(message->body, message->size);
    uint64_t running = bytes_u64(&bytes);
    size_t size = bytes_left(&bytes);
    const uint8_t *frame = bytes_take(&bytes, size);
    if (bytes.failed || size > MP_FRAME_MAX)
        return STREAM_BROKEN;
    if (outbox_is_crowded(&worker->outbox))
        return STREAM_BLOCKED;
    const Buffer mirrored = {.data = (uint8_t *)frame, .size = size};
    outbox_mirror(&worker->outbox, &mirrored);
    atomic_store_explicit(&worker->board->running_task, running, memory_order_release);
    (void)socket_send(worker->socket, frame, size);
    outbox_close_frame(&worker->outbox, &mirrored);
    return STREAM_USED;
}

static StreamUse take(void *user, const FarMessage *message)
{
    GatewayWorker *worker = user;
    if (worker->ended)
        return STREAM_BROKEN;
    switch (message->type) {
    case FAR_EXITED:
        return take_exit(worker, message);
    case FAR_OUTPUT:
        return take_output(worker, message);
    case FAR_LANE:
        return take_lane(worker, message);
    case FAR_VALUE:
        return take_value(worker, message);
    case FAR_FRAME:
        return take_frame(worker, message);
    default:
        return STREAM_BROKEN;
    }
}

void gateway_worker_on_message(GatewayWorker *worker, const FarMessage *message, Packet *packet)
{
    if (message->type == FAR_FAILED) {
        char text[256];
        (void)snprintf(text, sizeof text, "%.40s: %.*s", worker->agent->hello.name,
                (int)(message->size < 200 ? message->size : 200), (const char *)message->body);
        gateway_worker_lost(worker, text);
    } else if (message->type == FAR_ACK) {
        if (!stream_on_ack(&worker->stream, message))
            gateway_worker_lost(worker, "its agent acknowledged what it never got");
    } else if (message->type == FAR_RUNNING) {
        uint64_t running;
        if (far_number_read(message, &running))
            atomic_store_explicit(&worker->board->running_task, running, memory_order_release);
    } else if (far_is_streamed(message->type)) {
        if (stream_receive(&worker->stream, packet_ref(packet)) != PRO_OK)
            gateway_worker_lost(worker, "its agent sent more at once than it may");
    } else if (message->type == FAR_STARTED) {
        uint64_t pid;
        NurseryHead head = {0};
        if (far_number_read(message, &pid)) {
            head.pid = (int64_t)pid;
            gateway_say(GATEWAY_FAR_PID, worker, &head, "");
        }
    } else {
        gateway_worker_lost(worker, broke_protocol);
    }
}

/* ---- from the manager to the agent ---- */

/* Only large values go beside a record: a far worker is shown no other descriptor. */
static ProStatus pass_beside(GatewayWorker *worker, const FrameRecord *record, ProError *reterr)
{
    if (record->place != FRAME_IN_BLOB)
        return PRO_OK;
    return stream_put_value(
            &worker->stream, fd_channel_take(worker->fds[WORKER_FD_CHANNEL]), reterr);
}

static ProStatus pass_frame(GatewayWorker *worker, const Packet *frame, ProError *reterr)
{
    FrameReader reader;
    FrameRecord record;
    uint8_t *body;
    ProStatus status = frame_open(&reader, packet_data(frame), packet_size(frame), reterr);
    while (status == PRO_OK && (status = frame_next(&reader, &record, reterr)) == PRO_OK)
        status = pass_beside(worker, &record, reterr);
    if (status != PRO_ERR_EMPTY)
        return status;
    Packet *packet = far_packet(FAR_FRAME, 0, worker->id, 8 + packet_size(frame), &body);
    if (packet != NULL) {
        memset(body, 0, 8);
        memcpy(body + 8, packet_data(frame), packet_size(frame));
    }
    return stream_put(&worker->stream, packet);
}

static ProStatus pass_frames(GatewayWorker *worker, ProError *reterr)
{
    for (;;) {
        Packet *frame = socket_receive(worker->socket, NULL, NULL);
        if (frame == NULL)
            return PRO_OK;
        ProStatus status = pass_frame(worker, frame, reterr);
        packet_unref(frame);
        if (status != PRO_OK)
            return status;
    }
}

/* What the manager has received is free on the worker's board as well. */
static void pass_board(GatewayWorker *worker)
{
    const FarBoard now = {
            .received_frames = atomic_load(&worker->board->received_frames),
            .lane_returned = atomic_load(&worker->board->lane_returned),
    };
    if (now.received_frames == worker->told.received_frames &&
            now.lane_returned == worker->told.lane_returned)
        return;
    Packet *packet = far_board_packet(worker->id, &now);
    if (packet != NULL && send_far(worker, packet) == PRO_OK)
        worker->told = now;
}

/* ---- both ---- */

static ProStatus go_on(GatewayWorker *worker, ProError *reterr)
{
    StreamUse use = stream_take(&worker->stream, take, worker);
    if (use == STREAM_BROKEN)
        return error_set(reterr, PRO_ERR_FORMAT, "%s", broke_protocol);
    worker->blocked = use == STREAM_BLOCKED;
    Packet *acknowledgement = stream_ack_due(&worker->stream);
    if (acknowledgement != NULL)
        (void)send_far(worker, acknowledgement);
    ProStatus status = pass_frames(worker, reterr);
    if (status == PRO_OK)
        status = stream_pump(&worker->stream, send_far, worker);
    pass_board(worker);
    return status;
}

bool gateway_worker_go_on(GatewayWorker *worker)
{
    ProError error = {0};
    ProStatus status = go_on(worker, &error);
    if (worker->ended) {
        gateway_worker_free(worker);
        return false;
    }
    if (status == PRO_OK)
        return true;
    gateway_worker_lost(worker, error.text[0] != '\0' ? error.text : pro_status_text(status));
    return false;
}

bool gateway_worker_waits(const GatewayWorker *worker)
{
    return worker->blocked ||
           worker->told.received_frames != atomic_load(&worker->board->next_sequence);
}
