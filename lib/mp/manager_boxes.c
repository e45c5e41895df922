/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Boxes of workers that have no window. Each manager has one out at a time, the others wait their
 * turn. Out is one of three places:
 *
 *   up         in a worker: handed to its own manager
 *   window     shown by who was set by pro_boxes_set_ops()
 *   terminal   shown here: text on standard output, answer from standard input
 *
 * The engine adds boxes and drops those that nobody waits for. One that is out is the owner's: it
 * alone takes it off the screen and frees it.
 */

#include "mp/manager_private.h"

#include "core/error.h"
#include "mp/worker_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 20, NOTICE_TEXT_BYTES = 60 };

typedef enum BoxPlace { BOX_UP, BOX_IN_WINDOW, BOX_ON_TERMINAL } BoxPlace;

struct ProShownBox {
    ListLink link; /* ProManager::boxes */
    ProManager *manager;
    ProWorkerId worker;
    uint32_t generation;
    uint64_t id;     /* the worker's */
    uint64_t serial; /* ours */
    bool is_out;
    bool dropped; /* nobody waits for its answer */
    /* owner, once it is out */
    BoxPlace place;
    uint64_t handed; /* UP: the number under which this process' own worker has it */
    const ProBoxOps *ops;
    void *ops_user;
    ProBox box; /* points into texts */
    char texts[];
};

/* ---- who shows them ---- */

static struct {
    pthread_mutex_t lock;
    const ProBoxOps *ops;
    void *user;
} shower = {.lock = PTHREAD_MUTEX_INITIALIZER};

void pro_boxes_set_ops(const ProBoxOps *ops, void *user)
{
    (void)pthread_mutex_lock(&shower.lock);
    shower.ops = ops;
    shower.user = user;
    (void)pthread_mutex_unlock(&shower.lock);
}

static const ProBoxOps *get_ops(void **ret_user)
{
    (void)pthread_mutex_lock(&shower.lock);
    const ProBoxOps *ops = shower.ops;
    *ret_user = shower.user;
    (void)pthread_mutex_unlock(&shower.lock);
    return ops;
}

/* ---- what workers say ---- */

static bool is_of(const ProShownBox *box, const Slot *slot)
{
    return box->worker == slot->id && box->generation == slot->generation;
}

static void free_box(ProShownBox *box)
{
    list_remove(&box->link);
    free(box);
}

static void post_answer(Slot *slot, uint64_t id, ProBoxButtons button)
{
    const uint8_t pressed = (uint8_t)button;
    protocol_post(slot, FRAME_BOX_CLOSED, id, &pressed, sizeof pressed);
    protocol_flush(slot);
}

/* An open box of the slot's process; NULL: none of that number. */
static ProShownBox *find_box(const Slot *slot, uint64_t id)
{
    list_each(link, &slot->manager->boxes)
    {
        ProShownBox *box = list_entry(link, ProShownBox, link);
        if (is_of(box, slot) && box->id == id && !box->dropped)
            return box;
    }
    return NULL;
}

/* The texts become printable here: what a hostile worker shows must steer no terminal. */
static ProShownBox *new_box(const FrameBox *frame)
{
    size_t title_capacity = 3 * frame->title_size + 1;
    size_t text_capacity = 3 * frame->text_size + 1;
    ProShownBox *box = calloc(1, sizeof *box + title_capacity + text_capacity);
    if (box == NULL)
        return NULL;
    char *text = box->texts + title_capacity;
    (void)pro_text_printable(box->texts, title_capacity, frame->title, frame->title_size, false);
    (void)pro_text_printable(text, text_capacity, frame->text, frame->text_size, true);
    box->box = (ProBox){.title = frame->title_size > 0 ? box->texts : "promp",
            .text = text,
            .buttons = frame->buttons,
            .icon = frame->icon};
    return box;
}

void boxes_on_box(Slot *slot, const FrameRecord *record)
{
    FrameBox frame;
    ProError error = {0};
    ProManager *manager = slot->manager;
    if (record->place != FRAME_INSIDE || slot->box_count >= MP_BOXES_MAX) {
        protocol_violation(slot, "it opened a box beyond the limits");
        return;
    }
    if (frame_box_read(record->payload, record->payload_size, &frame, &error) != PRO_OK) {
        protocol_violation(slot, error.text);
        return;
    }
    if (find_box(slot, record->id) != NULL) {
        protocol_violation(slot, "it opened a box twice");
        return;
    }
    ProShownBox *box = new_box(&frame);
    if (box == NULL) {
        post_answer(slot, record->id, pro_box_least(frame.buttons));
        return;
    }
    box->manager = manager;
    box->worker = slot->id;
    box->generation = slot->generation;
    box->id = record->id;
    box->serial = ++manager->next_box;
    slot->box_count++;
    list_append(&manager->boxes, &box->link);
    delivery_signal(manager);
}

static void drop_box(ProShownBox *box)
{
    if (!box->is_out) {
        free_box(box);
        return;
    }
    box->dropped = true;
    delivery_signal(box->manager);
}

/* Of one that is not open: its answer is on the way, both were sent at once. */
void boxes_on_drop(Slot *slot, uint64_t id)
{
    ProShownBox *box = find_box(slot, id);
    if (box == NULL)
        return;
    slot->box_count--;
    drop_box(box);
}

void boxes_forget(Slot *slot)
{
    list_each(link, &slot->manager->boxes)
    {
        ProShownBox *box = list_entry(link, ProShownBox, link);
        if (is_of(box, slot) && !box->dropped)
            drop_box(box);
    }
    slot->box_count = 0;
    slot->box_notices = 0;
}

/* ---- answers ---- */

/* Locked. */
static void answer(ProShownBox *box, ProBoxButtons button)
{
    ProManager *manager = box->manager;
    Slot *slot = manager_any_slot_by_id(manager, box->worker);
    if (slot != NULL && is_of(box, slot) && slot->state == SLOT_READY && !box->dropped) {
        slot->box_count--;
        post_answer(slot, box->id, button);
    }
    free_box(box);
    if (!list_empty(&manager->boxes))
        delivery_signal(manager);
}

/* Nobody can answer: its least button does. Locked. */
static void answer_unattended(ProShownBox *box)
{
    ProManager *manager = box->manager;
    Slot *slot = manager_any_slot_by_id(manager, box->worker);
    ProBoxButtons button = pro_box_least(box->box.buttons);
    bool had_choice = (box->box.buttons & (box->box.buttons - 1)) != 0;
    if (slot != NULL && had_choice && slot->box_notices < MP_BOX_NOTICES_MAX) {
        char line[NOTICE_TEXT_BYTES];
        (void)pro_text_printable(line, sizeof line, box->box.text, strlen(box->box.text), false);
        slot->box_notices++;
        output_notice(manager, "nobody is there to answer worker %u's box \"%s\": %s%s", slot->id,
                line, pro_box_word(button),
                slot->box_notices == MP_BOX_NOTICES_MAX ? " (more are not told)" : "");
    }
    answer(box, button);
}

const ProBox *pro_shown_box_get(const ProShownBox *box)
{
    return &box->box;
}

void pro_shown_box_answer(ProShownBox *box, ProBoxButtons button)
{
    ProManager *manager = box->manager;
    port_lock(&manager->port);
    if ((box->box.buttons & (unsigned)button) != 0)
        answer(box, button);
    else
        answer_unattended(box);
    port_unlock(&manager->port);
}

/* ---- up ---- */

/* Not locked: sending may have to wait. The box is ours: it has moved on. */
static void hand_up(ProShownBox *box, ProWorker *worker)
{
    ProManager *manager = box->manager;
    if (worker_box_open(worker, &box->box, manager->deliver_fd, &box->handed, NULL) == PRO_OK)
        return;
    port_lock(&manager->port);
    answer_unattended(box);
    port_unlock(&manager->port);
}

/* ---- the terminal ---- */

static void print_box(const ProBox *box)
{
    (void)dprintf(STDOUT_FILENO, "%s%s\n%s\n", pro_box_mark(box->icon), box->text,
            pro_box_prompt(box->buttons));
}

/* Reading from the background would stop the whole process. */
static bool may_read_terminal(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground < 0 || foreground == getpgrp();
}

typedef enum Typed { TYPED_NOTHING, TYPED_LINE, TYPED_END } Typed;

/* By bytes, so that nothing is taken from what the program itself reads later. What is too long is
 * no answer, whatever it is. */
static Typed read_line(ProManager *manager)
{
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char c;
        if (!may_read_terminal() || poll(&input, 1, 0) <= 0)
            return TYPED_NOTHING;
        ssize_t size = read(STDIN_FILENO, &c, 1);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            return TYPED_NOTHING;
        if (size <= 0)
            return TYPED_END;
        if (c == '\n')
            return TYPED_LINE;
        if (manager->typed_size < sizeof manager->typed - 1)
            manager->typed[manager->typed_size++] = c;
    }
}

/* True if the box was answered, and is gone. */
static bool ask_terminal(ProShownBox *box)
{
    ProManager *manager = box->manager;
    Typed typed = read_line(manager);
    if (typed == TYPED_NOTHING)
        return false;
    manager->typed[manager->typed_size] = '\0';
    manager->typed_size = 0;
    ProBoxButtons button = typed == TYPED_END ? 0 : pro_box_typed(manager->typed, box->box.buttons);
    if (typed == TYPED_LINE && button == 0) {
        print_box(&box->box); /* not understood: once more */
        return false;
    }
    pro_shown_box_answer(box, button);
    return true;
}

/* ---- the owner's turn ---- */

/* `box` may be gone afterwards. Not locked. */
static void show(ProShownBox *box)
{
    ProWorker *worker = pro_worker_current();
    box->place = worker != NULL ? BOX_UP : BOX_IN_WINDOW;
    if (worker != NULL) {
        hand_up(box, worker);
        return;
    }
    const ProBoxOps *before;
    do {
        before = box->ops;
        box->ops = get_ops(&box->ops_user);
        if (box->ops != NULL && box->ops != before && box->ops->open(box->ops_user, box))
            return;
    } while (box->ops != before);
    box->place = BOX_ON_TERMINAL;
    box->manager->typed_size = 0;
    print_box(&box->box);
}

/* Off the screen. Not locked. */
static void take_down(ProShownBox *box)
{
    if (box->place == BOX_IN_WINDOW)
        box->ops->close(box->ops_user, box);
    else if (box->place == BOX_UP)
        worker_box_drop(pro_worker_current(), box->handed);
    else if (box->place == BOX_ON_TERMINAL)
        (void)dprintf(STDOUT_FILENO, "[closed]\n");
}

/* The first box, which is out then; NULL: there is none. */
static ProShownBox *take_first(ProManager *manager, bool *ret_is_new, bool *ret_is_dropped)
{
    port_lock(&manager->port);
    ProShownBox *box =
            list_empty(&manager->boxes) ? NULL : list_entry(manager->boxes.next, ProShownBox, link);
    *ret_is_new = box != NULL && !box->is_out;
    *ret_is_dropped = box != NULL && box->dropped;
    if (box != NULL)
        box->is_out = true;
    port_unlock(&manager->port);
    return box;
}

static bool is_first(ProManager *manager, uint64_t serial)
{
    port_lock(&manager->port);
    bool first = !list_empty(&manager->boxes) &&
                 list_entry(manager->boxes.next, ProShownBox, link)->serial == serial;
    port_unlock(&manager->port);
    return first;
}

/* True if the box was answered, and is gone. */
static bool look_for_answer(ProShownBox *box)
{
    ProManager *manager = box->manager;
    ProBoxButtons button;
    uint64_t serial = box->serial;
    switch (box->place) {
    case BOX_IN_WINDOW:
        box->ops->process_events(box->ops_user);
        return manager->closing || !is_first(manager, serial);
    case BOX_ON_TERMINAL:
        return ask_terminal(box);
    case BOX_UP:
        if (!worker_box_take_answer(pro_worker_current(), box->handed, &button))
            return false;
        port_lock(&manager->port);
        manager->fd_raised = true; /* the link thread did it */
        answer(box, button);
        port_unlock(&manager->port);
        return true;
    }
    return false;
}

static void forget(ProShownBox *box)
{
    ProManager *manager = box->manager;
    take_down(box);
    port_lock(&manager->port);
    free_box(box);
    port_unlock(&manager->port);
}

/* How the owner learns that the box may be answered. */
static void watch(const ProShownBox *box)
{
    ProManager *manager = box->manager;
    if (box->place == BOX_UP)
        manager->box_fd = manager->deliver_fd;
    else if (box->place == BOX_IN_WINDOW)
        manager->box_fd = box->ops->wait_fd(box->ops_user);
    else if (may_read_terminal())
        manager->box_fd = STDIN_FILENO;
    manager->box_looks = box->place == BOX_IN_WINDOW && manager->box_fd < 0;
}

/* As many as were answered meanwhile, but a flood of them leaves room for the rest. The callbacks
 * before this, and those of windows, may have closed the manager. */
void boxes_deliver(ProManager *manager)
{
    manager->box_fd = -1;
    manager->box_looks = false;
    for (int i = 0; i < MP_BOXES_MAX && !manager->closing; i++) {
        bool is_new;
        bool is_dropped;
        ProShownBox *box = take_first(manager, &is_new, &is_dropped);
        if (box == NULL)
            return;
        if (is_dropped)
            forget(box);
        else if (is_new)
            show(box);
        else if (!look_for_answer(box)) {
            watch(box);
            return;
        }
    }
}

size_t boxes_wait_fds(const ProManager *manager, int ret_fds[1], int *timeout_ms)
{
    if (manager->box_looks && (*timeout_ms < 0 || *timeout_ms > LOOK_MS))
        *timeout_ms = LOOK_MS;
    ret_fds[0] = manager->box_fd;
    return manager->box_fd >= 0;
}

void boxes_free_all(ProManager *manager)
{
    for (ListLink *link = list_pop(&manager->boxes); link != NULL;
            link = list_pop(&manager->boxes)) {
        ProShownBox *box = list_entry(link, ProShownBox, link);
        take_down(box);
        free(box);
    }
}
