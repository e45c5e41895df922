/* SPDX-License-Identifier: Apache-2.0 */

/* A worker of an agent: the manager's ends of its socket, board, channel and pipes. */

#include "mp/far/agent.h"

#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/frame.h"
#include "mp/lane.h"
#include "mp/share_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { OUT_ITEMS_MAX = 256, READS_AT_ONCE = 64 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static ProStatus send_far(void *user, Packet *packet)
{
    return agent_send(user, packet);
}

/* ---- start ---- */

static ProStatus open_pipe(int *ret_read, int *ret_write, ProError *reterr)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_DIRECT) != 0)
        return error_system(reterr, errno, "cannot make a pipe for a worker's output");
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(ends[0], F_SETPIPE_SZ, MP_OUTPUT_PIPE_BYTES); /* refused: the default will do */
    *ret_read = ends[0];
    *ret_write = ends[1];
    return PRO_OK;
}

static ProStatus open_ends(AgentWorker *worker, int fds[WORKER_FD_COUNT], ProError *reterr)
{
    int channel[2];
    ProStatus status = fd_channel_pair(channel, reterr);
    if (status == PRO_OK) {
        worker->channel = channel[0];
        fds[WORKER_FD_CHANNEL] = channel[1];
        status = board_create(&fds[WORKER_FD_BOARD], reterr);
    }
    if (status == PRO_OK)
        status = board_map(fds[WORKER_FD_BOARD], &worker->board, reterr);
    if (status == PRO_OK)
        status = open_pipe(&worker->streams[0], &fds[WORKER_FD_STDOUT], reterr);
    if (status == PRO_OK)
        status = open_pipe(&worker->streams[1], &fds[WORKER_FD_STDERR], reterr);
    fds[WORKER_FD_HOST] = worker->agent->host_pidfd;
    return status;
}

/* The manager's configuration, but for what is of this machine. */
static ProStatus make_config(
        AgentWorker *worker, const FarMessage *message, Buffer *config, ProError *reterr)
{
    WorkerConfig parts;
    char endpoint[sizeof worker->agent->socket_path + 8];
    char folder[PATH_MAX];
    ProStatus status = worker_config_read(message->body, message->size, &parts, reterr);
    if (status != PRO_OK)
        return status;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", worker->agent->socket_path);
    memcpy(worker->routing_id, parts.routing_id, sizeof worker->routing_id);
    parts.endpoint = endpoint;
    if (access(parts.folder, X_OK) != 0) /* the manager's folder is not on this machine */
        parts.folder = getcwd(folder, sizeof folder) != NULL ? folder : "/";
    worker_config_write(config, &parts);
    return config->failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a worker") : PRO_OK;
}

static ProStatus launch(AgentWorker *worker, const FarMessage *message, ProError *reterr)
{
    int fds[WORKER_FD_COUNT] = {-1, -1, -1, -1, -1};
    Buffer config = {0};
    Agent *agent = worker->agent;
    ProStatus status = make_config(worker, message, &config, reterr);
    if (status == PRO_OK)
        status = open_ends(worker, fds, reterr);
    if (status == PRO_OK && agent->launcher.channel < 0)
        status = launcher_open(&agent->launcher, agent->program, reterr);
    if (status == PRO_OK)
        status = launcher_start(&agent->launcher, worker->id, &config, fds, reterr);
    if (status == PRO_ERR_CLOSED || status == PRO_ERR_FULL)
        status = error_set(reterr, status, "the nursery does not take a request");
    buffer_fini(&config);
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        if (i != WORKER_FD_HOST)
            close_fd(&fds[i]);
    return status;
}

void agent_worker_start(Agent *agent, const FarMessage *message)
{
    ProError error = {0};
    AgentWorker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        agent->ended = true;
        agent->why = "no memory for a worker";
        return;
    }
    worker->agent = agent;
    worker->id = message->worker;
    worker->pidfd = worker->channel = worker->ready_fd = -1;
    worker->streams[0] = worker->streams[1] = -1;
    stream_init(&worker->stream, worker->id);
    list_append(&agent->workers, &worker->link);
    if (launch(worker, message, &error) != PRO_OK)
        agent_worker_failed(worker, error.text);
}

void agent_worker_on_started(AgentWorker *worker, pid_t pid, int pidfd)
{
    worker->pid = pid;
    worker->pidfd = pidfd;
    Packet *packet = far_number_packet(FAR_STARTED, worker->id, (uint64_t)pid);
    if (packet != NULL)
        (void)agent_send(worker->agent, packet);
    if (worker->kill_owed)
        agent_worker_signal(worker, SIGKILL);
}

void agent_worker_failed(AgentWorker *worker, const char *text)
{
    uint8_t *body;
    size_t size = strlen(text);
    Packet *packet = far_packet(FAR_FAILED, 0, worker->id, size, &body);
    if (packet != NULL) {
        memcpy(body, text, size);
        (void)agent_send(worker->agent, packet);
    }
    agent_worker_free(worker);
}

void agent_worker_free(AgentWorker *worker)
{
    list_remove(&worker->link);
    close_fd(&worker->pidfd);
    close_fd(&worker->channel);
    close_fd(&worker->streams[0]);
    close_fd(&worker->streams[1]);
    close_fd(&worker->ready_fd);
    board_unmap(worker->board);
    stream_fini(&worker->stream);
    free(worker);
}

void agent_worker_signal(AgentWorker *worker, int signal_number)
{
    if (worker->pidfd < 0) {
        worker->kill_owed = worker->kill_owed || signal_number == SIGKILL;
        return;
    }
    if (pidfd_send_signal(worker->pidfd, 0, NULL, 0) != 0)
        return;
    /* Its group leader is not reaped yet, so the group's number is still its own. */
    if (kill(-worker->pid, signal_number) != 0)
        (void)pidfd_send_signal(worker->pidfd, signal_number, NULL, 0);
}

/* ---- from the worker ---- */

bool agent_worker_reads_output(const AgentWorker *worker)
{
    return worker->stream.out_count < OUT_ITEMS_MAX;
}

static ProStatus put(AgentWorker *worker, Packet *packet)
{
    return stream_put(&worker->stream, packet);
}

/* Packet by packet, as the worker wrote. */
static void read_output(AgentWorker *worker, int stream, int reads)
{
    uint8_t data[PIPE_BUF];
    for (int i = 0; i < reads && worker->streams[stream] >= 0; i++) {
        ssize_t size = read(worker->streams[stream], data, sizeof data);
        if (size < 0 && errno == EINTR)
            continue;
        if (size == 0)
            close_fd(&worker->streams[stream]);
        if (size <= 0)
            return;
        uint8_t *body;
        Packet *packet = far_packet(FAR_OUTPUT, (uint32_t)stream, worker->id, (size_t)size, &body);
        if (packet != NULL)
            memcpy(body, data, (size_t)size);
        (void)put(worker, packet);
    }
}

/* What it wrote before the frame that came now; no more, for it may write without end. */
static void settle_output(AgentWorker *worker)
{
    for (int i = 0; i < 2; i++) {
        int present = 0;
        if (worker->streams[i] >= 0 && ioctl(worker->streams[i], FIONREAD, &present) == 0)
            read_output(worker, i, present);
    }
}

static ProStatus pass_lane(AgentWorker *worker, const FrameRecord *record)
{
    uint64_t offset = record->lane_position % BOARD_LANE_BYTES;
    size_t size = (size_t)record->far_size;
    if (record->far_size > LANE_PAYLOAD_MAX || size > BOARD_LANE_BYTES - offset)
        return PRO_OK; /* the manager will say what it thinks of the frame */
    uint8_t *body;
    Packet *packet = far_packet(FAR_LANE, 0, worker->id, 8 + size, &body);
    if (packet != NULL) {
        for (size_t i = 0; i < 8; i++)
            body[i] = (uint8_t)(record->lane_position >> (8 * i));
        memcpy(body + 8, board_lane(worker->board) + offset, size);
    }
    return put(worker, packet);
}

/* What goes beside the record. */
static ProStatus pass_beside(AgentWorker *worker, const FrameRecord *record, ProError *reterr)
{
    ShareAnswer answer;
    if (record->place == FRAME_IN_LANE)
        return pass_lane(worker, record);
    bool far = record->place == FRAME_IN_BLOB;
    if (record->type == FRAME_CONTAINER && record->place == FRAME_INSIDE &&
            share_answer_read(record->payload, record->payload_size, &answer, NULL) == PRO_OK)
        far = answer.carrier == SHARE_MEMFD || answer.carrier == SHARE_FILE;
    int fd = far ? fd_channel_take(worker->channel) : -1;
    return far ? stream_put_value(&worker->stream, fd, reterr) : PRO_OK;
}

static ProStatus pass_frame(AgentWorker *worker, const uint8_t *data, size_t size, ProError *reterr)
{
    FrameReader reader;
    FrameRecord record;
    uint8_t *body;
    ProStatus status = frame_open(&reader, data, size, NULL);
    while (status == PRO_OK && (status = frame_next(&reader, &record, NULL)) == PRO_OK)
        status = pass_beside(worker, &record, reterr);
    if (status == PRO_ERR_NO_MEMORY || reterr->status != PRO_OK)
        return status; /* what is merely malformed is for the manager to judge */
    uint64_t running = atomic_load_explicit(&worker->board->running_task, memory_order_acquire);
    Packet *packet = far_packet(FAR_FRAME, 0, worker->id, 8 + size, &body);
    if (packet != NULL) {
        for (size_t i = 0; i < 8; i++)
            body[i] = (uint8_t)(running >> (8 * i));
        memcpy(body + 8, data, size);
    }
    worker->expected_sequence++;
    worker->told_running = running;
    worker->task_sent = false;
    return put(worker, packet);
}

static void end_for(AgentWorker *worker, const char *text)
{
    (void)fprintf(stderr, "promp agent: worker (pid %d) is killed: %s\n", (int)worker->pid, text);
    agent_worker_signal(worker, SIGKILL);
}

void agent_worker_on_frame(AgentWorker *worker, const Packet *frame)
{
    ProError error = {0};
    if (worker->exited)
        return;
    settle_output(worker);
    ProStatus status = packet_size(frame) > MP_FRAME_MAX
                               ? error_set(&error, PRO_ERR_LIMIT, "its frame is too large")
                               : pass_frame(worker, packet_data(frame), packet_size(frame), &error);
    if (status != PRO_OK)
        end_for(worker, error.status != PRO_OK ? error.text : pro_status_text(status));
}

/* ---- its end ---- */

/* The frames that it left on its board. */
static void salvage(AgentWorker *worker)
{
    ProError error = {0};
    uint8_t *bytes = malloc(MP_FRAME_MAX);
    size_t size;
    for (int i = 0; bytes != NULL && i <= BOARD_FRAMES; i++) {
        if (!board_salvage(worker->board, worker->expected_sequence, bytes, MP_FRAME_MAX, &size) ||
                pass_frame(worker, bytes, size, &error) != PRO_OK)
            break;
    }
    free(bytes);
}

void agent_worker_on_exit(AgentWorker *worker, const int *wait_status, uint64_t peak_rss_bytes)
{
    if (worker->exited)
        return;
    worker->exited = true;
    settle_output(worker);
    salvage(worker);
    char *crash = board_crash_text(worker->board);
    const FarExit exit = {.known = wait_status != NULL,
            .wait_status = wait_status == NULL ? 0 : *wait_status,
            .peak_rss_bytes = peak_rss_bytes,
            .running = atomic_load(&worker->board->running_task),
            .crash = crash,
            .crash_size = crash == NULL ? 0 : strnlen(crash, BOARD_CRASH_BYTES - 1)};
    (void)put(worker, far_exit_packet(worker->id, &exit));
    free(crash);
}

/* ---- to the worker ---- */

static StreamUse take_value(AgentWorker *worker, const FarMessage *message)
{
    if (worker->ready_fd < 0 && !stream_value_part(&worker->stream, message, &worker->ready_fd))
        return STREAM_BROKEN;
    if (worker->ready_fd < 0)
        return STREAM_USED;
    ProStatus status = fd_channel_send(worker->channel, "b", 1, &worker->ready_fd, 1, NULL);
    if (status == PRO_ERR_FULL)
        return STREAM_BLOCKED;
    close_fd(&worker->ready_fd);
    return STREAM_USED;
}

static bool holds_task(const uint8_t *frame, size_t size)
{
    FrameReader reader;
    FrameRecord record;
    ProStatus status = frame_open(&reader, frame, size, NULL);
    while (status == PRO_OK && (status = frame_next(&reader, &record, NULL)) == PRO_OK)
        if (record.type == FRAME_TASK)
            return true;
    return false;
}

static StreamUse take_frame(AgentWorker *worker, const FarMessage *message)
{
    if (message->size < 8)
        return STREAM_BROKEN;
    const uint8_t *frame = message->body + 8;
    size_t size = message->size - 8;
    /* A worker that is gone is noticed by its pidfd. */
    (void)socket_send_to(worker->agent->local, worker->routing_id, frame, size);
    worker->task_sent = worker->task_sent || holds_task(frame, size);
    return STREAM_USED;
}

static StreamUse take(void *user, const FarMessage *message)
{
    AgentWorker *worker = user;
    switch (message->type) {
    case FAR_VALUE:
        return take_value(worker, message);
    case FAR_FRAME:
        return take_frame(worker, message);
    default:
        return STREAM_BROKEN;
    }
}

static bool on_board(AgentWorker *worker, const FarMessage *message)
{
    FarBoard board;
    if (far_board_read(message, &board, NULL) != PRO_OK ||
            board.lane_returned < worker->told.lane_returned)
        return false;
    board_received(worker->board, board.received_frames);
    lane_give_back(worker->board, board.lane_returned - worker->told.lane_returned);
    worker->told = board;
    return true;
}

/* A SIGKILL is the last thing that the gateway says of a worker. */
static void on_signal(AgentWorker *worker, uint32_t number)
{
    worker->abandoned = worker->abandoned || number != SIGTERM;
    agent_worker_signal(worker, number == SIGTERM ? SIGTERM : SIGKILL);
}

void agent_worker_on_message(AgentWorker *worker, const FarMessage *message, Packet *packet)
{
    bool sound = true;
    if (message->type == FAR_ACK)
        sound = stream_on_ack(&worker->stream, message);
    else if (message->type == FAR_SIGNAL)
        on_signal(worker, message->number);
    else if (message->type == FAR_BOARD)
        sound = on_board(worker, message);
    else if (far_is_streamed(message->type))
        sound = stream_receive(&worker->stream, packet_ref(packet)) == PRO_OK;
    if (!sound)
        end_for(worker, "the gateway broke the protocol");
}

/* ---- both ---- */

/* What the manager would see on the board. */
static void tell_running(AgentWorker *worker)
{
    uint64_t running = atomic_load_explicit(&worker->board->running_task, memory_order_acquire);
    if (running == worker->told_running || worker->exited)
        return;
    Packet *packet = far_number_packet(FAR_RUNNING, worker->id, running);
    if (packet == NULL || agent_send(worker->agent, packet) != PRO_OK)
        return;
    worker->told_running = running;
    worker->task_sent = worker->task_sent && running == 0;
}

bool agent_worker_waits(const AgentWorker *worker)
{
    return worker->blocked || worker->task_sent;
}

bool agent_worker_go_on(AgentWorker *worker)
{
    for (int i = 0; i < 2; i++)
        if (agent_worker_reads_output(worker))
            read_output(worker, i, READS_AT_ONCE);
    StreamUse use = worker->exited ? STREAM_USED : stream_take(&worker->stream, take, worker);
    if (use == STREAM_BROKEN)
        end_for(worker, "the gateway broke the protocol");
    worker->blocked = use == STREAM_BLOCKED;
    Packet *acknowledgement = stream_ack_due(&worker->stream);
    if (acknowledgement != NULL)
        (void)agent_send(worker->agent, acknowledgement);
    (void)stream_pump(&worker->stream, send_far, worker->agent);
    tell_running(worker);
    if (!worker->exited || (!list_empty(&worker->stream.out) && !worker->abandoned))
        return true;
    agent_worker_free(worker);
    return false;
}
