/* SPDX-License-Identifier: Apache-2.0 */

/* What the owner thread gets, and the calls in which it waits for it. */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- telling the owner ---- */

static void raise_fd(ProManager *manager)
{
    if (manager->fd_raised)
        return;
    const uint64_t one = 1;
    ssize_t written = write(manager->deliver_fd, &one, sizeof one);
    manager->fd_raised = written == sizeof one;
}

static void lower_fd(ProManager *manager)
{
    uint64_t count;
    if (manager->fd_raised && read(manager->deliver_fd, &count, sizeof count) == sizeof count)
        manager->fd_raised = false;
}

void delivery_signal(ProManager *manager)
{
    manager->deliverable = true;
    if (!manager->owner_pumps)
        raise_fd(manager);
}

void delivery_free_all(ProManager *manager)
{
    for (ListLink *link = list_pop(&manager->events); link != NULL;
            link = list_pop(&manager->events)) {
        Event *event = list_entry(link, Event, link);
        if (event->kind == EVENT_ENDING) {
            task_free(manager, list_entry(event, Task, event));
            continue;
        }
        buffer_fini(&event->output);
        free(event);
    }
    for (ListLink *link = list_pop(&manager->results); link != NULL;
            link = list_pop(&manager->results))
        pro_ending_free(list_entry(link, ProEnding, link));
    for (ListLink *link = list_pop(&manager->messages); link != NULL;
            link = list_pop(&manager->messages))
        pro_message_free(list_entry(link, ProMessage, link));
    manager->busy_count = 0;
}

/* ---- delivering ---- */

static void write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written >= 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd output = {.fd = fd, .events = POLLOUT};
            (void)poll(&output, 1, -1);
        } else if (errno != EINTR) {
            return; /* nobody reads this process' output: as for any program */
        }
    }
}

static void hand_out(
        ProManager *manager, ProWorkerId worker, int stream, const void *data, size_t size)
{
    if (manager->output_handler != NULL)
        manager->output_handler(manager->output_user, worker, stream, data, size);
    else
        write_all(stream, data, size);
}

static void deliver_output(ProManager *manager, Event *event)
{
    if (event->output.size > 0)
        hand_out(manager, event->worker, event->stream + 1, event->output.data, event->output.size);
    if (event->worker != PRO_WORKER_INVALID) {
        port_lock(&manager->port);
        output_delivered(manager, event->worker, event->output.size);
        port_unlock(&manager->port);
    }
    buffer_fini(&event->output);
    free(event);
}

static void tell_error(ProManager *manager, const ProEnding *ending)
{
    if ((manager->options & PRO_OPT_QUIET) != 0)
        return;
    Buffer text = {0};
    buffer_append_format(&text, "promp: worker %u: task %llu failed: %s%s%s\n", ending->worker,
            (unsigned long long)ending->task, pro_ending_error_type(ending),
            pro_ending_message(ending)[0] != '\0' ? ": " : "", pro_ending_message(ending));
    const char *traceback = pro_ending_traceback(ending);
    buffer_append_text(&text, traceback);
    if (traceback[0] != '\0' && traceback[strlen(traceback) - 1] != '\n')
        buffer_append_text(&text, "\n");
    if (!text.failed)
        hand_out(manager, PRO_WORKER_INVALID, 2, text.data, text.size);
    buffer_fini(&text);
}

static void deliver_ending(ProManager *manager, Task *task)
{
    ProEnding *ending = task->event.ending;
    manager->busy_count--;
    if (ending != NULL && ending->kind == PRO_ENDING_ERROR)
        tell_error(manager, ending);
    if (ending != NULL && ending->kind == PRO_ENDING_QUARANTINED &&
            (manager->options & PRO_OPT_QUIET) == 0) {
        Buffer text = {0};
        buffer_append_format(&text, "promp: task %llu killed %d workers and is not run again\n",
                (unsigned long long)ending->task, MP_TASK_DEATHS_MAX);
        hand_out(manager, PRO_WORKER_INVALID, 2, text.data, text.size);
        buffer_fini(&text);
    }
    if (ending != NULL && task->want_result) {
        list_append(&manager->results, &ending->link);
        task->event.ending = NULL;
    }
    task_free(manager, task);
}

bool delivery_run(ProManager *manager)
{
    if (manager->delivering)
        return false;
    ListLink events;
    list_init(&events);
    port_lock(&manager->port);
    if (protocol_drain(manager))
        engine_wake(manager);
    bool any = manager->deliverable;
    manager->deliverable = false;
    lower_fd(manager);
    list_append_all(&events, &manager->events);
    manager->delivery++;
    port_unlock(&manager->port);
    manager->delivering = true;
    for (ListLink *link = list_pop(&events); link != NULL; link = list_pop(&events)) {
        Event *event = list_entry(link, Event, link);
        if (event->kind == EVENT_ENDING)
            deliver_ending(manager, list_entry(event, Task, event));
        else
            deliver_output(manager, event);
    }
    waits_deliver(manager);
    manager->delivering = false;
    boxes_deliver(manager); /* windows handle events: their callbacks may deliver, too */
    return any;
}

ProStatus delivery_wait(ProManager *manager, uint64_t deadline_ns)
{
    int extra[PORT_EXTRA_FDS_MAX];
    PortWait wait = PORT_READY;
    if (atomic_exchange(&manager->interrupted, false))
        return PRO_ERR_ABORTED;
    int timeout_ms = clock_left_ms(deadline_ns);
    if (timeout_ms == 0)
        return PRO_ERR_TIMEOUT;
    port_lock(&manager->port);
    if (!manager->deliverable) {
        manager->owner_pumps = true;
        size_t extra_count = boxes_wait_fds(manager, extra, &timeout_ms);
        wait = port_front_wait(&manager->port, timeout_ms, extra, extra_count);
        if (protocol_drain(manager))
            engine_wake(manager);
        manager->owner_pumps = false;
        if (manager->deliverable)
            raise_fd(manager);
        if (socket_has_input(manager->port.socket))
            engine_wake(manager);
    }
    port_unlock(&manager->port);
    return wait == PORT_INTERRUPTED ? PRO_ERR_ABORTED : PRO_OK;
}

/* ---- public ---- */

ProStatus pro_manager_process_messages(ProManager *manager, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        (void)delivery_run(manager);
    return status;
}

bool pro_manager_is_busy(ProManager *manager)
{
    return manager_enter(manager, NULL) == PRO_OK && manager->busy_count > 0;
}

static ProStatus wait_error(ProStatus status, const char *what, int timeout_ms, ProError *reterr)
{
    if (status == PRO_ERR_TIMEOUT)
        return error_set(reterr, status, "%s within %d ms", what, timeout_ms);
    if (status == PRO_ERR_ABORTED)
        return error_set(reterr, status, "interrupted while waiting");
    return status;
}

ProStatus pro_manager_wait(ProManager *manager, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    uint64_t deadline = clock_deadline_ns(timeout_ms);
    while (status == PRO_OK) {
        (void)delivery_run(manager);
        if (manager->busy_count == 0)
            return PRO_OK;
        status = delivery_wait(manager, deadline);
    }
    return wait_error(status, "tasks did not end", timeout_ms, reterr);
}

ProStatus pro_manager_wait_any(ProManager *manager, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    uint64_t deadline = clock_deadline_ns(timeout_ms);
    while (status == PRO_OK) {
        if (delivery_run(manager))
            return PRO_OK;
        status = delivery_wait(manager, deadline);
    }
    return wait_error(status, "nothing came", timeout_ms, reterr);
}

int pro_manager_fd(const ProManager *manager)
{
    return manager->deliver_fd;
}

void pro_manager_interrupt(ProManager *manager)
{
    atomic_store(&manager->interrupted, true);
    port_wake_front(&manager->port);
}

static bool result_matches(const ProEnding *ending, ProWorkerId worker)
{
    return worker == PRO_WORKER_ANY || worker == PRO_WORKER_ALL || ending->worker == worker;
}

bool pro_manager_has_results(ProManager *manager, ProWorkerId worker)
{
    if (manager_enter(manager, NULL) != PRO_OK)
        return false;
    list_each(link, &manager->results) if (result_matches(list_entry(link, ProEnding, link),
                                                   worker)) return true;
    return false;
}

static ProStatus no_result(ProManager *manager, ProWorkerId worker, ProError *reterr)
{
    if (worker != PRO_WORKER_ANY && worker != PRO_WORKER_ALL) {
        port_lock(&manager->port);
        ProError error = {0};
        Slot *slot = manager_find_slot(manager, worker, &error);
        port_unlock(&manager->port);
        if (slot == NULL)
            return error_set(reterr, error.status, "%s", error.text);
    }
    return error_set(reterr, PRO_ERR_EMPTY, "no result is there");
}

ProStatus pro_manager_take_result(
        ProManager *manager, ProWorkerId worker, ProEnding **ret_ending, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    list_each(link, &manager->results)
    {
        ProEnding *ending = list_entry(link, ProEnding, link);
        if (!result_matches(ending, worker))
            continue;
        list_remove(link);
        *ret_ending = ending;
        return PRO_OK;
    }
    return no_result(manager, worker, reterr);
}

void pro_manager_set_output_handler(ProManager *manager, ProOutputFn handler, void *user)
{
    if (manager_enter(manager, NULL) != PRO_OK)
        return;
    manager->output_handler = handler;
    manager->output_user = user;
}
