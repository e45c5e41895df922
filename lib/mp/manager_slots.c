/* SPDX-License-Identifier: Apache-2.0 */

/* Worker ids and the processes behind them: stop, death, replacement. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/runtime_folder.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
    list_remove(&slot->waiting);
    list_remove(&slot->dirty);
    buffer_fini(&slot->frame);
    buffer_fini(&slot->streams[0].line);
    buffer_fini(&slot->streams[1].line);
    pro_death_unref(slot->last_death);
    free(slot->death_detail);
    free(slot);
}

void slot_remove(Slot *slot)
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
        slot->wait->replaced = true;
    messages_part(slot);
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
    slot->far = manager->places_far;
    slot->pidfd = slot->channel = slot->streams[0].fd = slot->streams[1].fd = -1;
    list_init(&slot->queued);
    list_init(&slot->in_flight);
    list_init(&slot->messages);
    list_init(&slot->outgoing);
    slot->id = manager->next_worker;
    ProStatus status = add_slot(manager, slot, reterr);
    if (status != PRO_OK) {
        free_slot(slot);
        return status;
    }
    status = slot_start_process(slot, reterr);
    if (status != PRO_OK) {
        slot_remove(slot);
        return status;
    }
    manager->next_worker++;
    engine_wake(manager);
    *ret_slot = slot;
    return PRO_OK;
}

void slots_abandon(ProManager *manager)
{
    while (manager->slot_count > 0) {
        Slot *slot = manager->slots[manager->slot_count - 1];
        slot_kill(slot, SIGKILL);
        manager->in_flight_total -= slot->in_flight_count;
        list_append_all(&slot->queued, &slot->in_flight);
        for (ListLink *link = list_pop(&slot->queued); link != NULL; link = list_pop(&slot->queued))
            task_free(manager, list_entry(link, Task, link));
        slot_drop_process(slot);
        slot_remove(slot);
    }
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

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void slot_drop_process(Slot *slot)
{
    ProManager *manager = slot->manager;
    output_close(slot);
    if (slot->pidfd >= 0)
        port_unwatch(&manager->port, slot->pidfd);
    close_fd(&slot->pidfd);
    close_fd(&slot->channel);
    board_unmap(slot->board);
    slot->board = NULL;
    slot->share_reads = 0;
    desk_forget(slot);
    slot->pid = 0;
    slot->host = 0;
    slot->far_pid = 0;
    slot->status_deadline_ns = 0;
    slot->blocked_until_ns = 0;
    slot->ended_any = false;
    slot->stop_sent = false;
    slot->violated = false;
    slot->signal_sent = 0;
    slot->recall_pending = false;
    slot->abort = (Abort){0};
    free(slot->death_detail);
    slot->death_detail = NULL;
    messages_forget_counts(slot);
    boxes_forget(slot);
    runtime_folder_remove_worker(manager->socket_path, slot->id);
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
    if (!slot->stopping || slot->stop_sent || slot->state != SLOT_READY ||
            slot->in_flight_count > 0)
        return;
    slot->stop_sent = true;
    protocol_post(slot, FRAME_STOP, 0, NULL, 0);
    protocol_flush(slot);
}

bool slot_takes_work(const Slot *slot)
{
    return !slot->spare && !slot->stopping && slot->state != SLOT_DEAD;
}

void slot_begin_stop(Slot *slot, int timeout_ms)
{
    slot->stopping = true;
    tasks_cancel_queued(slot);
    tasks_end_stranded(slot->manager, NULL);
    if (slot->state == SLOT_DEAD) {
        slot_remove(slot);
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
    /* The task may have ended just before the signal came. */
    bool by_ladder = wait_status != NULL && WIFSIGNALED(*wait_status) &&
                     WTERMSIG(*wait_status) == slot->signal_sent;
    if (slot->abort.stage >= ABORT_TERM || by_ladder)
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
    death->pid = slot_pid(slot);
    death->peak_rss_bytes = peak_rss_bytes;
    if (wait_status != NULL)
        death_set_status(death, *wait_status);
    if (slot->death_detail != NULL)
        death->detail = strdup(slot->death_detail);
    else if (wait_status == NULL)
        death->detail = strdup("its exit status is not known, its parent died before it");
    uint64_t running = atomic_load_explicit(&slot->board->running_task, memory_order_acquire);
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

void slot_replace_process(Slot *slot)
{
    ProManager *manager = slot->manager;
    ProError error = {0};
    bool gives_up = (manager->options & PRO_OPT_NO_REPLACE) != 0 ||
                    slot->start_failures >= MP_START_FAILURES_MAX ||
                    slot->barren_deaths >= MP_START_FAILURES_MAX || manager->closing;
    slot->restarts++;
    if (!gives_up && slot_start_process(slot, &error) == PRO_OK)
        return;
    if (error.status != PRO_OK)
        output_notice(manager, "worker %u cannot be replaced: %s", slot->id, error.text);
    slot->state = SLOT_DEAD;
    tasks_bury_queued(slot);
    tasks_end_stranded(manager, slot->last_death);
    delivery_signal(manager);
}

void slot_bury(Slot *slot, const int *wait_status, uint64_t peak_rss_bytes)
{
    ProManager *manager = slot->manager;
    output_settle(slot);
    protocol_salvage(slot);
    ProDeath *death = make_death(slot, wait_status, peak_rss_bytes);
    if (slot->state != SLOT_READY)
        slot->start_failures++;
    else if (slot->in_flight_count > 0 && !slot->ended_any && (death == NULL || death->task == 0))
        slot->barren_deaths++;
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
    slot_drop_process(slot);
    if (slot->stopping || (slot->spare && slot->start_failures > 0)) {
        bool respawn =
                slot->spare && !slot->stopping && slot->start_failures < MP_START_FAILURES_MAX;
        if (!respawn) {
            slot_remove(slot);
            return;
        }
    }
    slot_replace_process(slot);
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
        slot_bury(slot, known ? &status : NULL, peak_rss_bytes);
        return;
    }
    /* A dead pidfd stays readable: stop watching, give the nursery a moment to tell the status. */
    port_unwatch(&slot->manager->port, slot->pidfd);
    bool nursery_lives = slot_launcher(slot)->channel >= 0;
    slot->status_deadline_ns = nursery_lives ? clock_deadline_ns(MP_STATUS_WAIT_MS) : 1;
}

/* ---- deadlines ---- */

uint64_t slot_next_deadline(const Slot *slot)
{
    uint64_t next = abort_next_deadline(slot);
    if (slot->blocked_until_ns != 0 && slot->blocked_until_ns < next)
        next = slot->blocked_until_ns;
    if (slot->status_deadline_ns != 0 && slot->status_deadline_ns < next)
        next = slot->status_deadline_ns;
    if ((slot->state == SLOT_REQUESTED || slot->state == SLOT_STARTED) &&
            slot->start_deadline_ns < next)
        next = slot->start_deadline_ns;
    return next;
}

void slot_on_deadline(Slot *slot, uint64_t now_ns)
{
    if (slot->status_deadline_ns != 0) {
        if (slot->status_deadline_ns <= now_ns)
            slot_bury(slot, NULL, 0);
        return;
    }
    if (slot->blocked_until_ns != 0 && slot->blocked_until_ns <= now_ns) {
        slot->blocked_until_ns = 0;
        messages_send_outgoing(slot); /* the tasks follow with the engine's next dispatch */
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
        slot_start_failed(slot, "the nursery did not answer in time");
    }
}
