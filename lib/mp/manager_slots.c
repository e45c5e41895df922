/* SPDX-License-Identifier: Apache-2.0 */

/* Worker ids and the processes behind them: start, death, replacement. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/runtime_folder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

static ProStatus launch(Slot *slot, const Buffer *config, const int fds[WORKER_FD_COUNT], ProError *reterr)
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
        port_unwatch(&manager->port, launcher_fd(&manager->launcher));
        launcher_close(&manager->launcher); /* it died meanwhile: another one */
    }
    if (status == PRO_ERR_CLOSED)
        return error_set(reterr, status, "the nursery of %s ends as soon as it starts", program);
    if (status == PRO_ERR_FULL)
        return error_set(reterr, status, "the nursery has too many requests under way");
    return status;
}

static void drop_process(Slot *slot)
{
    ProManager *manager = slot->manager;
    output_close(slot);
    if (slot->pidfd >= 0)
        port_unwatch(&manager->port, slot->pidfd);
    close_fd(&slot->pidfd);
    close_fd(&slot->channel);
    board_unmap(slot->board);
    slot->board = NULL;
    slot->pid = 0;
    slot->status_deadline_ns = 0;
    slot->violated = false;
    slot->recall_pending = false;
    slot->abort = (Abort){0};
    free(slot->death_detail);
    slot->death_detail = NULL;
    boxes_drop(manager, slot);
    runtime_folder_remove_worker(manager->socket_path, slot->id);
}

static ProStatus start_process(Slot *slot, ProError *reterr)
{
    int fds[WORKER_FD_COUNT];
    Buffer config = {0};
    slot->generation++;
    slot->state = SLOT_REQUESTED;
    slot->window = 1;
    slot->start_deadline_ns = clock_deadline_ns(MP_START_TIMEOUT_MS);
    slot->sent_cost = slot->consumed_cost = 0;
    slot->received_cost = slot->popped_cost = slot->told_cost = 0;
    protocol_reset(slot);
    ProStatus status = make_fds(slot, fds, reterr);
    if (status == PRO_OK)
        status = make_identity(slot, reterr);
    if (status == PRO_OK)
        status = make_config(slot, &config, reterr);
    if (status == PRO_OK)
        status = launch(slot, &config, fds, reterr);
    buffer_fini(&config);
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        if (i != WORKER_FD_HOST)
            close_fd(&fds[i]);
    if (status != PRO_OK) {
        drop_process(slot);
        slot->state = SLOT_DEAD;
    }
    return status;
}

/* ---- slots ---- */

static ProStatus add_slot(ProManager *manager, Slot *slot, ProError *reterr)
{
    Slot **grown = realloc(manager->slots, (manager->slot_count + 1) * sizeof *grown);
    if (grown == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a worker");
    manager->slots = grown;
    manager->slots[manager->slot_count++] = slot;
    return PRO_OK;
}

static void free_slot(Slot *slot)
{
    buffer_fini(&slot->frame);
    buffer_fini(&slot->streams[0].line);
    buffer_fini(&slot->streams[1].line);
    pro_death_unref(slot->last_death);
    free(slot->death_detail);
    free(slot);
}

static void remove_slot(Slot *slot)
{
    ProManager *manager = slot->manager;
    for (size_t i = 0; i < manager->slot_count; i++) {
        if (manager->slots[i] != slot)
            continue;
        memmove(&manager->slots[i], &manager->slots[i + 1],
                (manager->slot_count - i - 1) * sizeof(Slot *));
        manager->slot_count--;
        break;
    }
    if (slot->wait != NULL)
        slot->wait->worker = PRO_WORKER_INVALID;
    delivery_drop_messages(slot);
    free_slot(slot);
    (void)pthread_cond_broadcast(&manager->slots_changed);
}

ProStatus slot_new(ProManager *manager, bool spare, Slot **ret_slot, ProError *reterr)
{
    Slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a worker");
    slot->manager = manager;
    slot->spare = spare;
    slot->pidfd = slot->channel = slot->streams[0].fd = slot->streams[1].fd = -1;
    list_init(&slot->queued);
    list_init(&slot->in_flight);
    list_init(&slot->messages);
    slot->id = manager->next_worker;
    ProStatus status = add_slot(manager, slot, reterr);
    if (status != PRO_OK) {
        free_slot(slot);
        return status;
    }
    status = start_process(slot, reterr);
    if (status != PRO_OK) {
        remove_slot(slot);
        return status;
    }
    manager->next_worker++;
    engine_wake(manager);
    *ret_slot = slot;
    return PRO_OK;
}

void slots_keep_spares(ProManager *manager)
{
    size_t spares = 0;
    for (size_t i = 0; i < manager->slot_count; i++)
        spares += manager->slots[i]->spare && !manager->slots[i]->stopping;
    for (size_t i = manager->slot_count; i > 0 && spares > manager->spare_count; i--) {
        Slot *slot = manager->slots[i - 1];
        if (!slot->spare || slot->stopping)
            continue;
        slot_begin_stop(slot, 0);
        spares--;
    }
    ProError error = {0};
    Slot *slot;
    for (; spares < manager->spare_count && !manager->closing; spares++)
        if (slot_new(manager, true, &slot, &error) != PRO_OK) {
            output_notice(manager, "cannot start a spare worker: %s", error.text);
            break;
        }
}

/* ---- stopping and killing ---- */

void slot_kill(Slot *slot, int signal_number)
{
    if (slot->pidfd < 0 || pidfd_send_signal(slot->pidfd, 0, NULL, 0) != 0)
        return;
    /* Its group leader is not reaped yet, so the group's number is still its own. */
    if (kill(-slot->pid, signal_number) != 0)
        (void)pidfd_send_signal(slot->pidfd, signal_number, NULL, 0);
}

void slot_stop_if_idle(Slot *slot)
{
    if (!slot->stopping || slot->stop_sent || slot->state != SLOT_READY || slot->in_flight_count > 0)
        return;
    slot->stop_sent = true;
    protocol_post(slot, FRAME_STOP, 0, NULL, 0);
    protocol_flush(slot);
}

void slot_begin_stop(Slot *slot, int timeout_ms)
{
    slot->stopping = true;
    tasks_cancel_queued(slot);
    if (slot->state == SLOT_DEAD) {
        remove_slot(slot);
        return;
    }
    slot_stop_if_idle(slot);
    abort_begin(slot, 0, timeout_ms);
}

/* ---- death ---- */

static ProDeathCause death_cause(const Slot *slot, const int *wait_status)
{
    if (slot->violated)
        return PRO_DEATH_PROTOCOL;
    if (slot->stopping)
        return PRO_DEATH_STOPPED;
    if (slot->abort.stage >= ABORT_TERM)
        return PRO_DEATH_ABORTED;
    if (slot->state != SLOT_READY)
        return PRO_DEATH_START;
    return wait_status == NULL ? PRO_DEATH_UNKNOWN : PRO_DEATH_EXIT;
}

static ProDeath *make_death(Slot *slot, const int *wait_status, uint64_t peak_rss_bytes)
{
    ProManager *manager = slot->manager;
    ProDeath *death = death_new();
    if (death == NULL)
        return NULL;
    death->cause = death_cause(slot, wait_status);
    death->worker = slot->id;
    death->pid = slot->pid;
    death->peak_rss_bytes = peak_rss_bytes;
    if (wait_status != NULL)
        death_set_status(death, *wait_status);
    if (slot->death_detail != NULL)
        death->detail = strdup(slot->death_detail);
    else if (wait_status == NULL)
        death->detail = strdup("its exit status is not known, its parent died before it");
    uint64_t running =
            atomic_load_explicit(&slot->board->running_task, memory_order_acquire);
    if (running != 0 && tasks_find_in_flight(slot, running) != NULL)
        death->task = running;
    if (death->signal == SIGKILL && death->cause == PRO_DEATH_SIGNAL) {
        int64_t kills = death_oom_kills();
        death->out_of_memory = kills > manager->oom_kills;
        manager->oom_kills = kills;
    }
    death->output = output_tail(slot);
    death->stack = board_crash_text(slot->board);
    death_describe(death);
    return death;
}

static void replace_process(Slot *slot)
{
    ProManager *manager = slot->manager;
    ProError error = {0};
    bool gives_up = (manager->options & PRO_OPT_NO_REPLACE) != 0 ||
            slot->start_failures >= MP_START_FAILURES_MAX || manager->closing;
    slot->restarts++;
    if (!gives_up && start_process(slot, &error) == PRO_OK)
        return;
    if (error.status != PRO_OK)
        output_notice(manager, "worker %u cannot be replaced: %s", slot->id, error.text);
    slot->state = SLOT_DEAD;
    tasks_on_death(slot, slot->last_death);
    /* Tasks for any worker wait for one that can take them; if none is left, none ever will. */
    delivery_signal(manager);
}

static void bury(Slot *slot, const int *wait_status, uint64_t peak_rss_bytes)
{
    ProManager *manager = slot->manager;
    output_settle(slot);
    protocol_salvage(slot);
    ProDeath *death = make_death(slot, wait_status, peak_rss_bytes);
    if (slot->state != SLOT_READY)
        slot->start_failures++;
    bool told = death == NULL || death->cause == PRO_DEATH_STOPPED ||
            death->cause == PRO_DEATH_ABORTED || death->cause == PRO_DEATH_PROTOCOL;
    if (!told) {
        output_notice(manager, "%s", death->text);
        if (death->cause == PRO_DEATH_START && death->output != NULL)
            output_notice(manager, "its last output: %s", death->output);
    }
    pro_death_unref(slot->last_death);
    slot->last_death = death;
    tasks_on_death(slot, death);
    drop_process(slot);
    if (slot->stopping || (slot->spare && slot->start_failures > 0)) {
        bool respawn = slot->spare && !slot->stopping && slot->start_failures < MP_START_FAILURES_MAX;
        if (!respawn) {
            remove_slot(slot);
            return;
        }
    }
    replace_process(slot);
}

/* An exec'd worker is our child; the others' status comes from the nursery. */
static bool reap_child(const Slot *slot, int *ret_status, uint64_t *ret_peak_rss_bytes)
{
    struct rusage usage = {0};
    if (wait4(slot->pid, ret_status, WNOHANG, &usage) != slot->pid)
        return false; /* the host's own SIGCHLD handling was faster */
    *ret_peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    return true;
}

void slot_on_process_exit(Slot *slot)
{
    struct pollfd process = {.fd = slot->pidfd, .events = POLLIN};
    if (slot->pidfd < 0 || slot->status_deadline_ns != 0 || poll(&process, 1, 0) <= 0)
        return;
    if (slot->is_child) {
        int status;
        uint64_t peak_rss_bytes = 0;
        (void)kill(-slot->pid, SIGKILL); /* what it left in its group */
        bool known = reap_child(slot, &status, &peak_rss_bytes);
        bury(slot, known ? &status : NULL, peak_rss_bytes);
        return;
    }
    /* A dead pidfd stays readable: stop watching, give the nursery a moment to tell the status. */
    port_unwatch(&slot->manager->port, slot->pidfd);
    bool nursery_lives = slot->manager->launcher.channel >= 0;
    slot->status_deadline_ns = nursery_lives ? clock_deadline_ns(MP_STATUS_WAIT_MS) : 1;
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
    if (slot == NULL || slot->state != SLOT_REQUESTED || launch_request(slot) != event->request) {
        (void)pidfd_send_signal(event->pidfd, SIGKILL, NULL, 0);
        (void)close(event->pidfd);
        return;
    }
    ProError error = {0};
    if (has_process(slot, event->pid, event->pidfd, &error) != PRO_OK)
        slot_kill(slot, SIGKILL);
    if (slot->stopping && slot->abort.stage == ABORT_KILL)
        slot_kill(slot, SIGKILL);
}

static void start_failed(Slot *slot, const char *text)
{
    ProManager *manager = slot->manager;
    output_notice(manager, "worker %u could not be started: %s", slot->id, text);
    slot->start_failures++;
    drop_process(slot);
    if (slot->stopping)
        remove_slot(slot);
    else
        replace_process(slot);
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
            start_failed(slot, event->text);
        break;
    case LAUNCH_EXITED:
        slot = slot_of_pid(manager, event->pid);
        if (slot != NULL)
            bury(slot, &event->wait_status, event->peak_rss_bytes);
        break;
    }
}

void slots_launcher_lost(ProManager *manager)
{
    if (manager->launcher.channel < 0)
        return;
    port_unwatch(&manager->port, launcher_fd(&manager->launcher));
    launcher_close(&manager->launcher);
    for (size_t i = manager->slot_count; i > 0; i--) {
        if (i > manager->slot_count)
            continue;
        Slot *slot = manager->slots[i - 1];
        ProError error = {0};
        if (slot->state != SLOT_REQUESTED)
            continue;
        drop_process(slot);
        if (slot->stopping)
            remove_slot(slot);
        else if (start_process(slot, &error) != PRO_OK)
            start_failed(slot, error.text);
    }
}

void slots_on_launcher(ProManager *manager)
{
    LaunchEvent event;
    ProStatus status;
    if (manager->launcher.channel < 0)
        return;
    while ((status = launcher_receive(&manager->launcher, &event, NULL)) == PRO_OK)
        on_launch_event(manager, &event);
    if (status != PRO_ERR_EMPTY)
        slots_launcher_lost(manager);
}

/* ---- deadlines ---- */

uint64_t slot_next_deadline(const Slot *slot)
{
    uint64_t next = abort_next_deadline(slot);
    if (slot->status_deadline_ns != 0 && slot->status_deadline_ns < next)
        next = slot->status_deadline_ns;
    if ((slot->state == SLOT_REQUESTED || slot->state == SLOT_STARTED) && slot->start_deadline_ns < next)
        next = slot->start_deadline_ns;
    return next;
}

void slot_on_deadline(Slot *slot, uint64_t now_ns)
{
    if (slot->status_deadline_ns != 0) {
        if (slot->status_deadline_ns <= now_ns)
            bury(slot, NULL, 0);
        return;
    }
    if (abort_next_deadline(slot) <= now_ns)
        abort_on_deadline(slot, now_ns);
    bool starting = slot->state == SLOT_REQUESTED || slot->state == SLOT_STARTED;
    if (!starting || slot->start_deadline_ns > now_ns)
        return;
    slot->start_deadline_ns = clock_deadline_ns(MP_START_TIMEOUT_MS);
    if (slot->state == SLOT_STARTED) {
        free(slot->death_detail);
        slot->death_detail = strdup("it did not say hello in time");
        slot_kill(slot, SIGKILL);
    } else {
        start_failed(slot, "the nursery did not answer in time");
    }
}

/* ---- public ---- */

ProStatus pro_manager_start_worker(ProManager *manager, ProWorkerId *ret_worker, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    Slot *chosen = NULL;
    for (size_t i = 0; i < manager->slot_count; i++) {
        Slot *slot = manager->slots[i];
        bool usable = slot->spare && !slot->stopping && slot->state != SLOT_DEAD;
        if (usable && (chosen == NULL || slot->state > chosen->state))
            chosen = slot;
    }
    if (chosen != NULL) {
        chosen->spare = false;
        engine_wake(manager);
        slots_keep_spares(manager);
    } else {
        status = slot_new(manager, false, &chosen, reterr);
    }
    if (status == PRO_OK)
        *ret_worker = chosen->id;
    tasks_dispatch(manager);
    port_unlock(&manager->port);
    return status;
}

ProStatus pro_manager_stop_worker(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (timeout_ms < 0)
        return error_set(reterr, PRO_ERR_INVALID, "a time of %d ms is negative", timeout_ms);
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot == NULL || !slot_is_public(slot))
        slot = manager_find_slot(manager, worker, reterr); /* for the error's text */
    if (slot == NULL)
        status = reterr == NULL ? PRO_ERR_INVALID : reterr->status;
    else
        slot_begin_stop(slot, timeout_ms);
    port_unlock(&manager->port);
    engine_wake(manager);
    return status;
}

const char *pro_worker_state_text(ProWorkerState state)
{
    static const char *const texts[] = {"starting", "idle", "busy", "dead"};
    return (size_t)state < sizeof texts / sizeof texts[0] ? texts[state] : "unknown";
}

size_t pro_manager_workers(ProManager *manager, ProWorkerId *ret_ids, size_t capacity)
{
    size_t count = 0;
    if (manager_enter(manager, NULL) != PRO_OK)
        return 0;
    port_lock(&manager->port);
    for (size_t i = 0; i < manager->slot_count; i++) {
        if (!slot_is_public(manager->slots[i]))
            continue;
        if (count < capacity)
            ret_ids[count] = manager->slots[i]->id;
        count++;
    }
    port_unlock(&manager->port);
    return count;
}

/* From /proc; zero if the process is gone meanwhile. */
static void read_usage(ProWorkerInfo *info)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)info->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    char line[1024];
    size_t size = fread(line, 1, sizeof line - 1, file);
    (void)fclose(file);
    line[size] = '\0';
    const char *after_name = strrchr(line, ')');
    unsigned long user_ticks = 0;
    unsigned long system_ticks = 0;
    long pages = 0;
    if (after_name == NULL ||
            sscanf(after_name + 1,
                    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
                    "%*u %ld",
                    &user_ticks, &system_ticks, &pages) != 3)
        return;
    info->cpu_seconds = (double)(user_ticks + system_ticks) / (double)sysconf(_SC_CLK_TCK);
    info->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static ProWorkerState public_state(const Slot *slot)
{
    if (slot->state == SLOT_DEAD)
        return PRO_WORKER_DEAD;
    if (slot->state != SLOT_READY)
        return PRO_WORKER_STARTING;
    return slot->in_flight_count + slot->queued_count > 0 ? PRO_WORKER_BUSY : PRO_WORKER_IDLE;
}

ProStatus pro_manager_worker_info(
        ProManager *manager, ProWorkerId worker, ProWorkerInfo *ret_info, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    if (slot != NULL && !slot_is_public(slot))
        slot = NULL;
    if (slot == NULL && manager_find_slot(manager, worker, reterr) == NULL) {
        port_unlock(&manager->port);
        return reterr == NULL ? PRO_ERR_INVALID : reterr->status;
    }
    ProWorkerInfo info = {
            .id = slot->id,
            .state = public_state(slot),
            .pid = slot->pid,
            .level = pro_worker_process_level() + 1,
            .queued_tasks = slot->in_flight_count + slot->queued_count,
            .restarts = slot->restarts,
            .death = pro_death_ref(slot->last_death),
    };
    if (slot->in_flight_count > 0)
        info.task = list_entry(slot->in_flight.next, Task, link)->id;
    port_unlock(&manager->port);
    if (info.pid != 0)
        read_usage(&info);
    *ret_info = info;
    return PRO_OK;
}
