/* SPDX-License-Identifier: Apache-2.0 */

/* How a slot gets a process, and what the launcher says of it afterwards. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/fd_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- starting a process ---- */

static ProStatus make_identity(Slot *slot, ProError *reterr)
{
    if (getrandom(slot->routing_id, sizeof slot->routing_id, 0) != sizeof slot->routing_id ||
            getrandom(slot->secret, sizeof slot->secret, 0) != sizeof slot->secret)
        return error_system(reterr, errno, "cannot get random bytes for a worker's secret");
    slot->routing_id[0] = 'w'; /* ZeroMQ keeps identities that begin with 0 for itself */
    memcpy(slot->routing_id + 1, &slot->id, sizeof slot->id);
    return PRO_OK;
}

static ProStatus make_config(const Slot *slot, Buffer *config, ProError *reterr)
{
    const ProManager *manager = slot->manager;
    char endpoint[sizeof manager->socket_path + 8];
    char folder[PATH_MAX];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", manager->socket_path);
    if (getcwd(folder, sizeof folder) == NULL)
        (void)strcpy(folder, "/");
    WorkerConfig parts = {
            .id = slot->id,
            .level = pro_worker_process_level() + 1,
            .far = slot->far,
            .pending_limit = manager->pending_limit,
            .memory_limit = manager->memory_limit,
            .endpoint = endpoint,
            .folder = folder,
            .setup = manager->setup.data,
            .setup_size = manager->setup.size,
    };
    memcpy(parts.routing_id, slot->routing_id, sizeof parts.routing_id);
    memcpy(parts.secret, slot->secret, sizeof parts.secret);
    worker_config_write(config, &parts);
    return config->failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a worker") : PRO_OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* The descriptors of the new process; the other ends go into the slot. */
static ProStatus make_fds(Slot *slot, int fds[WORKER_FD_COUNT], ProError *reterr)
{
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        fds[i] = -1;
    int channel[2];
    int outputs[2] = {-1, -1};
    ProStatus status = fd_channel_pair(channel, reterr);
    if (status == PRO_OK) {
        slot->channel = channel[0];
        fds[WORKER_FD_CHANNEL] = channel[1];
        status = board_create(&fds[WORKER_FD_BOARD], reterr);
    }
    if (status == PRO_OK)
        status = board_map(fds[WORKER_FD_BOARD], &slot->board, reterr);
    if (status == PRO_OK)
        status = output_open(slot, outputs, reterr);
    fds[WORKER_FD_STDOUT] = outputs[0];
    fds[WORKER_FD_STDERR] = outputs[1];
    fds[WORKER_FD_HOST] = launcher_host_pidfd();
    if (status == PRO_OK && fds[WORKER_FD_HOST] < 0)
        status = error_system(reterr, errno, "cannot make a pidfd of this process");
    return status;
}

/*
 * ZeroMQ ends the whole process if it cannot accept a worker's connection for want of a descriptor
 * (libzmq 4.3: EMFILE in its IPC listener). So there must be room for the connections and pidfds
 * of all workers that are on their way, before another one starts.
 */
static ProStatus check_room_for_fds(const ProManager *manager, ProError *reterr)
{
    enum { FDS_AT_ONCE_MAX = 64, FDS_PER_START = 2, FDS_SPARE = 6 };
    int held[FDS_AT_ONCE_MAX];
    size_t wanted = FDS_SPARE;
    for (size_t i = 0; i < manager->slot_count; i++)
        if (manager->slots[i]->state == SLOT_REQUESTED || manager->slots[i]->state == SLOT_STARTED)
            wanted += FDS_PER_START;
    wanted = wanted < FDS_AT_ONCE_MAX ? wanted : FDS_AT_ONCE_MAX;
    size_t count = 0;
    while (count < wanted && (held[count] = fcntl(manager->engine_wake, F_DUPFD_CLOEXEC, 0)) >= 0)
        count++;
    int system_error = errno;
    for (size_t i = 0; i < count; i++)
        (void)close(held[i]);
    if (count == wanted)
        return PRO_OK;
    return error_system(reterr, system_error,
            "another worker needs %zu free file descriptors, %zu are left (ulimit -n)", wanted,
            count);
}

static ProStatus connect_launcher(ProManager *manager, const char *program, ProError *reterr)
{
    if (manager->launcher.channel >= 0)
        return PRO_OK;
    ProStatus status = launcher_open(&manager->launcher, program, reterr);
    if (status != PRO_OK)
        return status;
    return port_watch(
            &manager->port, launcher_fd(&manager->launcher), MANAGER_TAG(TAG_LAUNCHER, 0), reterr);
}

static ProStatus has_process(Slot *slot, pid_t pid, int pidfd, ProError *reterr)
{
    slot->pid = pid;
    slot->pidfd = pidfd;
    slot->state = SLOT_STARTED;
    return port_watch(&slot->manager->port, pidfd, MANAGER_TAG(TAG_PROCESS, slot->id), reterr);
}

static uint64_t launch_request(const Slot *slot)
{
    return (uint64_t)slot->generation << 32 | slot->id;
}

int64_t slot_pid(const Slot *slot)
{
    return slot->far ? slot->far_pid : slot->pid;
}

Launcher *slot_launcher(const Slot *slot)
{
    return slot->far ? &slot->manager->gateway : &slot->manager->launcher;
}

static ProStatus launch_far(
        Slot *slot, const Buffer *config, const int fds[WORKER_FD_COUNT], ProError *reterr)
{
    Launcher *gateway = &slot->manager->gateway;
    slot->is_child = false;
    ProStatus status = PRO_ERR_CLOSED;
    if (gateway->channel >= 0)
        status = launcher_start(gateway, launch_request(slot), config, fds, reterr);
    if (status == PRO_ERR_CLOSED)
        return error_set(reterr, status, "the gateway to other hosts is gone");
    if (status == PRO_ERR_FULL)
        return error_set(reterr, status, "the gateway has too many requests under way");
    return status;
}

static ProStatus launch(
        Slot *slot, const Buffer *config, const int fds[WORKER_FD_COUNT], ProError *reterr)
{
    ProManager *manager = slot->manager;
    char program[PATH_MAX];
    (void)strcpy(program, manager->program);
    ProStatus status = PRO_OK;
    if (program[0] == '\0')
        status = pro_find_worker_program(program, sizeof program, reterr);
    if (status != PRO_OK)
        return status;
    /* A nursery that was lost with our request twice does not work here; exec does without. */
    bool by_exec = (manager->options & PRO_OPT_EXEC_WORKERS) != 0 || slot->launch_attempts > 1;
    slot->launch_attempts++;
    slot->is_child = by_exec;
    if (by_exec) {
        pid_t pid;
        int pidfd;
        status = launcher_exec(program, config, fds, &pid, &pidfd, reterr);
        return status == PRO_OK ? has_process(slot, pid, pidfd, reterr) : status;
    }
    for (int attempt = 0; attempt < 2; attempt++) {
        status = connect_launcher(manager, program, reterr);
        if (status == PRO_OK)
            status = launcher_start(&manager->launcher, launch_request(slot), config, fds, reterr);
        if (status != PRO_ERR_CLOSED)
            break;
        slots_launcher_lost(manager, &manager->launcher); /* it died meanwhile: another one */
    }
    if (status == PRO_ERR_CLOSED)
        return error_set(reterr, status, "the nursery of %s ends as soon as it starts", program);
    if (status == PRO_ERR_FULL)
        return error_set(reterr, status, "the nursery has too many requests under way");
    return status;
}

ProStatus slot_start_process(Slot *slot, ProError *reterr)
{
    int fds[WORKER_FD_COUNT];
    Buffer config = {0};
    slot->generation++;
    slot->state = SLOT_REQUESTED;
    slot->window = 1;
    slot->start_deadline_ns = clock_deadline_ns(MP_START_TIMEOUT_MS);
    slot->average_ns = 0;
    protocol_reset(slot);
    ProStatus status = make_fds(slot, fds, reterr);
    if (status == PRO_OK)
        status = check_room_for_fds(slot->manager, reterr);
    if (status == PRO_OK)
        status = make_identity(slot, reterr);
    if (status == PRO_OK)
        status = make_config(slot, &config, reterr);
    slot->launching = true;
    if (status == PRO_OK)
        status = slot->far ? launch_far(slot, &config, fds, reterr)
                           : launch(slot, &config, fds, reterr);
    slot->launching = false;
    buffer_fini(&config);
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        if (i != WORKER_FD_HOST)
            close_fd(&fds[i]);
    if (status != PRO_OK) {
        slot_drop_process(slot);
        slot->state = SLOT_DEAD;
    }
    return status;
}

/* ---- the launcher ---- */

static Slot *slot_of_pid(ProManager *manager, pid_t pid)
{
    for (size_t i = 0; i < manager->slot_count; i++)
        if (manager->slots[i]->pid == pid && !manager->slots[i]->is_child)
            return manager->slots[i];
    return NULL;
}

static void on_started(ProManager *manager, const LaunchEvent *event)
{
    Slot *slot = manager_any_slot_by_id(manager, (ProWorkerId)event->request);
    if (slot == NULL || slot->state != SLOT_REQUESTED || slot->is_child ||
            launch_request(slot) != event->request) {
        (void)pidfd_send_signal(event->pidfd, SIGKILL, NULL, 0);
        (void)close(event->pidfd);
        return;
    }
    ProError error = {0};
    slot->host = (uint32_t)event->host;
    if (has_process(slot, event->pid, event->pidfd, &error) != PRO_OK)
        slot_kill(slot, SIGKILL);
    abort_on_deadline(slot, clock_now_ns()); /* the ladder of a stop may have waited for the pid */
}

void slot_start_failed(Slot *slot, const char *text)
{
    ProManager *manager = slot->manager;
    output_notice(manager, "worker %u could not be started: %s", slot->id, text);
    slot->start_failures++;
    slot_drop_process(slot);
    if (slot->stopping)
        slot_remove(slot);
    else
        slot_replace_process(slot);
}

static void on_launch_event(ProManager *manager, const LaunchEvent *event)
{
    Slot *slot;
    switch (event->kind) {
    case LAUNCH_STARTED:
        on_started(manager, event);
        break;
    case LAUNCH_FAILED:
        slot = manager_any_slot_by_id(manager, (ProWorkerId)event->request);
        if (slot != NULL && slot->state == SLOT_REQUESTED && launch_request(slot) == event->request)
            slot_start_failed(slot, event->text);
        break;
    case LAUNCH_EXITED:
        slot = slot_of_pid(manager, event->pid);
        if (slot != NULL)
            slot_bury(slot, &event->wait_status, event->peak_rss_bytes);
        break;
    case LAUNCH_LOST:
        slot = slot_of_pid(manager, event->pid);
        if (slot == NULL)
            break;
        free(slot->death_detail);
        slot->death_detail = strdup(event->text);
        slot_bury(slot, NULL, 0);
        break;
    case LAUNCH_FAR_PID:
        slot = manager_any_slot_by_id(manager, (ProWorkerId)event->request);
        if (slot != NULL && slot->far && launch_request(slot) == event->request)
            slot->far_pid = event->pid;
        break;
    case LAUNCH_LISTENS:
    case LAUNCH_HOST_CAME:
    case LAUNCH_HOST_WENT:
    case LAUNCH_NOTICE:
        hosts_on_event(manager, event);
        break;
    }
}

void slots_launcher_lost(ProManager *manager, Launcher *launcher)
{
    if (launcher->channel < 0)
        return;
    port_unwatch(&manager->port, launcher_fd(launcher));
    launcher_close(launcher);
    if (launcher == &manager->gateway)
        hosts_lost(manager);
    for (size_t i = manager->slot_count; i > 0; i--) {
        if (i > manager->slot_count)
            continue;
        Slot *slot = manager->slots[i - 1];
        ProError error = {0};
        /* Its process is not known: closing its channel ends it, if it lives. */
        if (slot->state != SLOT_REQUESTED || slot->is_child || slot->launching ||
                slot_launcher(slot) != launcher)
            continue;
        slot_drop_process(slot);
        if (slot->stopping)
            slot_remove(slot);
        else if (slot_start_process(slot, &error) != PRO_OK)
            slot_start_failed(slot, error.text);
    }
}

void slots_on_launcher(ProManager *manager, Launcher *launcher)
{
    LaunchEvent event;
    ProStatus status;
    if (launcher->channel < 0)
        return;
    while ((status = launcher_receive(launcher, &event, NULL)) == PRO_OK)
        on_launch_event(manager, &event);
    if (status != PRO_ERR_EMPTY)
        slots_launcher_lost(manager, launcher);
}
