/* SPDX-License-Identifier: Apache-2.0 */

/* Wait objects, and the message boxes of a manager without a user interface. */

#include "mp/manager_private.h"

#include "core/error.h"
#include "mp/worker_private.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- wait objects: what workers report ---- */

static void acknowledge(Slot *slot)
{
    protocol_post(slot, FRAME_PROGRESS_ACK, 0, NULL, 0);
    protocol_flush(slot);
}

void waits_on_progress(Slot *slot, const FrameProgress *progress)
{
    ProRemoteWait *wait = slot->wait;
    if (wait == NULL) {
        acknowledge(slot);
        return;
    }
    if (progress->has_value) {
        wait->has_value = true;
        wait->value = progress->value;
    }
    if (progress->has_text) {
        size_t size =
                progress->text_size < PRO_WAIT_TEXT_MAX ? progress->text_size : PRO_WAIT_TEXT_MAX;
        wait->has_text = true;
        memcpy(wait->text, progress->text, size);
        wait->text[size] = '\0';
    }
    wait->dirty = true;
    delivery_signal(slot->manager);
}

/* Raises the flag of what runs; the ladder is for those who give a time. False: nothing runs. */
static bool raise_flag_of(ProManager *manager, ProWorkerId worker)
{
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, worker);
    bool runs = slot != NULL && slot->in_flight_count > 0;
    if (runs) {
        protocol_post(slot, FRAME_ABORT, list_entry(slot->in_flight.next, Task, link)->id, NULL, 0);
        protocol_flush(slot);
    }
    port_unlock(&manager->port);
    return runs;
}

static void tell(ProRemoteWait *wait, const ProRemoteWait *news)
{
    if (news->has_text && wait->ops->msg != NULL)
        wait->ops->msg(wait->user, news->text);
    if (news->has_value && wait->ops->progress != NULL)
        wait->ops->progress(wait->user, news->value);
}

static void pass_abort_on(ProRemoteWait *wait)
{
    if (wait->manager == NULL || wait->replaced || wait->abort_told)
        return;
    if (pro_remote_wait_was_aborted(wait))
        wait->abort_told = raise_flag_of(wait->manager, wait->worker); /* else once a task runs */
}

static void deliver_one(ProManager *manager, ProRemoteWait *wait)
{
    ProRemoteWait news = {0};
    port_lock(&manager->port);
    bool dirty = wait->dirty;
    if (dirty) {
        news = *wait;
        wait->dirty = wait->has_value = wait->has_text = false;
        Slot *slot = manager_any_slot_by_id(manager, wait->worker);
        if (slot != NULL && slot->wait == wait)
            acknowledge(slot);
    }
    port_unlock(&manager->port);
    if (dirty)
        tell(wait, &news);
    pass_abort_on(wait);
}

/* The callbacks may free wait objects, also those that come next: look each up again. */
void waits_deliver(ProManager *manager)
{
    for (uint64_t serial = 0;;) {
        ProRemoteWait *next = NULL;
        list_each(link, &manager->waits)
        {
            ProRemoteWait *wait = list_entry(link, ProRemoteWait, link);
            if (wait->serial > serial && (next == NULL || wait->serial < next->serial))
                next = wait;
        }
        if (next == NULL)
            return;
        serial = next->serial;
        deliver_one(manager, next);
    }
}

void waits_free_all(ProManager *manager)
{
    for (ListLink *link = list_pop(&manager->waits); link != NULL; link = list_pop(&manager->waits))
        list_entry(link, ProRemoteWait, link)->manager = NULL;
    boxes_drop(manager, NULL);
}

/* ---- wait objects: public ---- */

ProStatus pro_manager_create_wait(ProManager *manager, ProWorkerId worker, const ProWaitOps *ops,
        void *user, ProRemoteWait **ret_wait, ProError *reterr)
{
    ProError error = {0};
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    ProRemoteWait *wait = calloc(1, sizeof *wait);
    if (wait == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a wait object");
    port_lock(&manager->port);
    Slot *slot = manager_find_slot(manager, worker, &error);
    if (slot != NULL) {
        static atomic_uint_fast64_t serials;
        *wait = (ProRemoteWait){.manager = manager, .worker = worker, .ops = ops, .user = user};
        wait->serial = atomic_fetch_add(&serials, 1) + 1;
        if (slot->wait != NULL)
            slot->wait->replaced = true;
        slot->wait = wait;
        list_append(&manager->waits, &wait->link);
    }
    port_unlock(&manager->port);
    if (slot == NULL) {
        free(wait);
        return error_set(reterr, error.status, "%s", error.text);
    }
    *ret_wait = wait;
    return PRO_OK;
}

bool pro_remote_wait_was_aborted(const ProRemoteWait *wait)
{
    return wait->ops->was_aborted != NULL && wait->ops->was_aborted(wait->user);
}

void pro_remote_wait_abort(ProRemoteWait *wait)
{
    if (wait->ops->abort != NULL)
        wait->ops->abort(wait->user);
    if (wait->manager != NULL && !wait->replaced)
        wait->abort_told = raise_flag_of(wait->manager, wait->worker);
}

/* Cancel is pressed in here: the task hears of it at once. */
void pro_remote_wait_process_events(ProRemoteWait *wait)
{
    if (wait->ops->process_events != NULL)
        wait->ops->process_events(wait->user);
    pass_abort_on(wait);
}

void pro_remote_wait_stop(ProRemoteWait *wait)
{
    if (!wait->stopped && wait->ops->stop != NULL)
        wait->ops->stop(wait->user);
    wait->stopped = true;
}

void pro_remote_wait_free(ProRemoteWait *wait)
{
    if (wait == NULL)
        return;
    ProManager *manager = wait->manager;
    if (manager != NULL) {
        port_lock(&manager->port);
        Slot *slot = manager_any_slot_by_id(manager, wait->worker);
        if (slot != NULL && slot->wait == wait) {
            slot->wait = NULL;
            if (wait->dirty)
                acknowledge(slot);
        }
        list_remove(&wait->link);
        port_unlock(&manager->port);
    }
    free(wait);
}

/* ---- boxes ---- */

/* What a hostile worker shows must not steer the terminal. */
static char *printable(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
        copy[i] = control ? '?' : text[i];
    }
    copy[size] = '\0';
    return copy;
}

void boxes_on_box(Slot *slot, uint64_t id, const char *text, size_t size)
{
    Box *box = calloc(1, sizeof *box);
    if (box != NULL)
        box->text = printable(text, size);
    if (box == NULL || box->text == NULL) {
        free(box);
        protocol_post(slot, FRAME_BOX_CLOSED, id, NULL, 0);
        protocol_flush(slot);
        return;
    }
    box->serial = ++slot->manager->next_box;
    box->worker = slot->id;
    box->generation = slot->generation;
    box->id = id;
    slot->box_count++;
    list_append(&slot->manager->boxes, &box->link);
    delivery_signal(slot->manager);
}

static void free_box(Box *box)
{
    list_remove(&box->link);
    free(box->text);
    free(box);
}

void boxes_drop(ProManager *manager, const Slot *slot)
{
    list_each(link, &manager->boxes)
    {
        Box *box = list_entry(link, Box, link);
        if (slot == NULL || (box->worker == slot->id && box->generation == slot->generation))
            free_box(box);
    }
}

/* Locked. */
static void close_box(ProManager *manager, Box *box)
{
    Slot *slot = manager_any_slot_by_id(manager, box->worker);
    if (slot != NULL && slot->generation == box->generation && slot->state == SLOT_READY) {
        slot->box_count--;
        protocol_post(slot, FRAME_BOX_CLOSED, box->id, NULL, 0);
        protocol_flush(slot);
    }
    free_box(box);
}

/* Reading from the background would stop the whole process. */
static bool may_read_terminal(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground < 0 || foreground == getpgrp();
}

/* True at the end of a line, or of the input: then everything counts as closed. */
static bool line_was_entered(void)
{
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char c;
        if (!may_read_terminal() || poll(&input, 1, 0) <= 0)
            return false;
        ssize_t size = read(STDIN_FILENO, &c, 1);
        if (size <= 0 || c == '\n')
            return true;
    }
}

/* The first box is on the screen; the others wait their turn. */
static void show_first(ProManager *manager)
{
    char *text = NULL;
    uint64_t shown = 0;
    port_lock(&manager->port);
    if (!list_empty(&manager->boxes)) {
        Box *box = list_entry(manager->boxes.next, Box, link);
        text = box->shown ? NULL : strdup(box->text);
        box->shown = true;
        shown = box->serial;
    }
    port_unlock(&manager->port);
    if (text != NULL)
        (void)dprintf(STDOUT_FILENO, "%s\n[Enter]\n", text);
    free(text);
    if (shown == 0 || !line_was_entered())
        return;
    port_lock(&manager->port);
    Box *first = list_empty(&manager->boxes) ? NULL : list_entry(manager->boxes.next, Box, link);
    if (first != NULL && first->serial == shown)
        close_box(manager, first);
    if (!list_empty(&manager->boxes))
        delivery_signal(manager);
    port_unlock(&manager->port);
}

/* In a worker: the box goes up to whoever has a person in front of it. (The worker's lock is taken
 * inside the manager's; nothing takes them the other way round.) */
static void forward_all(ProManager *manager, ProWorker *worker)
{
    port_lock(&manager->port);
    list_each(link, &manager->boxes)
    {
        Box *box = list_entry(link, Box, link);
        if (box->forwarded == 0 && worker_box_open(worker, box->text, manager->deliver_fd,
                                           &box->forwarded, NULL) != PRO_OK)
            close_box(manager, box);
        else if (box->forwarded != 0 && worker_box_take_closed(worker, box->forwarded))
            close_box(manager, box);
    }
    port_unlock(&manager->port);
}

void boxes_deliver(ProManager *manager)
{
    ProWorker *worker = pro_worker_current();
    if (worker == NULL)
        show_first(manager);
    else
        forward_all(manager, worker);
}

size_t boxes_wait_fds(const ProManager *manager, int ret_fds[2])
{
    if (list_empty(&manager->boxes))
        return 0;
    if (pro_worker_current() != NULL) {
        ret_fds[0] = manager->deliver_fd;
        return 1;
    }
    if (!may_read_terminal())
        return 0;
    ret_fds[0] = STDIN_FILENO;
    return 1;
}
