/* SPDX-License-Identifier: Apache-2.0 */

/* The desks of a manager's workers, as its servers see them. See desk.h. */

#include "mp/manager_shares.h"

#include "container/memory.h"
#include "core/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SPIN_FIRST_NS = 20000 };

/* Counted, by the port's lock: a server may still read for a worker that has died. */
struct Desk {
    unsigned references;
    uint64_t tag; /* of its bell: the worker and its process */
    DeskView view;
    int sheet_fd;
    ProMemory *memory;            /* the tray */
    ProContainer *shown;          /* the tray as the worker gets it */
    _Atomic uint32_t serving;     /* bits of places that a server has taken */
    uint32_t counts[DESK_PLACES]; /* answers given, by who serves the place */
    _Atomic uint32_t spin_ns;
};

static void desk_unref(Desk *desk)
{
    if (desk == NULL || --desk->references > 0)
        return;
    desk_sheet_unmap(desk->view.sheet);
    pro_container_unref(desk->shown);
    pro_memory_free(desk->memory);
    if (desk->sheet_fd >= 0)
        (void)close(desk->sheet_fd);
    if (desk->view.bell >= 0)
        (void)close(desk->view.bell);
    free(desk);
}

static Desk *desk_new(uint64_t tag)
{
    Desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return NULL;
    *desk = (Desk){.references = 1, .tag = tag, .sheet_fd = -1, .spin_ns = SPIN_FIRST_NS};
    desk->view.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->view.bell >= 0 &&
            desk_sheet_new(&desk->sheet_fd, &desk->view.sheet, NULL) == PRO_OK &&
            pro_memory_new(DESK_TRAY_BYTES, &desk->memory, NULL) == PRO_OK &&
            pro_container_new_live(desk->memory, &desk->shown, NULL) == PRO_OK) {
        desk->view.tray = pro_memory_data(desk->memory);
        return desk;
    }
    desk_unref(desk);
    return NULL;
}

static uint64_t tag_of(const Slot *slot)
{
    return (uint64_t)slot->generation << 32 | slot->id;
}

static Slot *slot_of(ProManager *manager, const Desk *desk)
{
    Slot *slot = manager_any_slot_by_id(manager, (ProWorkerId)desk->tag);
    return slot != NULL && slot->desk == desk && slot->state == SLOT_READY && !slot->violated
                   ? slot
                   : NULL;
}

void desk_forget(Slot *slot)
{
    if (slot->desk == NULL)
        return;
    /* Closing it would not be enough: the worker may have it open. */
    (void)epoll_ctl(
            slot->manager->shares->servers.epoll, EPOLL_CTL_DEL, slot->desk->view.bell, NULL);
    desk_unref(slot->desk);
    slot->desk = NULL;
}

bool desk_prepare(Slot *slot, int ret_fds[DESK_FDS])
{
    const Servers *servers = &slot->manager->shares->servers;
    if (slot->desk != NULL || slot->channel < 0)
        return false;
    Desk *desk = desk_new(tag_of(slot));
    if (desk == NULL)
        return false;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = desk->tag};
    if (memory_fd(desk->shown, &ret_fds[1], NULL) != PRO_OK ||
            epoll_ctl(servers->epoll, EPOLL_CTL_ADD, desk->view.bell, &event) != 0) {
        desk_unref(desk);
        return false;
    }
    ret_fds[0] = desk->sheet_fd;
    ret_fds[2] = desk->view.bell;
    slot->desk = desk;
    return true;
}

/* ---- serving ---- */

/* The worker can write there at any time: what was copied is what is checked. */
static ShareRead copy_question(const Desk *desk, uint32_t place)
{
    const DeskQuestion *question = &desk->view.sheet->questions[place];
    return (ShareRead){.number = atomic_load_explicit(&question->number, memory_order_relaxed),
            .offset = atomic_load_explicit(&question->offset, memory_order_relaxed),
            .size = atomic_load_explicit(&question->size, memory_order_relaxed)};
}

/* Locked. False if the worker is gone, or goes; else the container, or why there is none. */
static bool find_container(ProManager *manager, const Desk *desk, const ShareRead *question,
        bool twice, ProContainer **ret_container, ProError *reterr)
{
    Slot *slot = slot_of(manager, desk);
    if (slot == NULL)
        return false;
    if (twice || question->size == 0 || question->size > DESK_PLACE_BYTES) {
        protocol_violation(slot, twice ? "it asked at a place of its desk that was not answered yet"
                                       : "it asked for a block with a malformed question");
        return false;
    }
    const Share *share = blocks_find(slot, question->number);
    if (share != NULL)
        *ret_container = pro_container_ref(share->container);
    else
        (void)error_set(reterr, PRO_ERR_NOT_FOUND, "the container is not shared any more");
    return true;
}

/* Fills the place; what failed leaves its text there. */
static ProStatus fill_place(const Desk *desk, uint32_t place, const ProContainer *container,
        const ShareRead *question, ProError *error)
{
    uint8_t *bytes = desk_place(&desk->view, place);
    ProStatus status = error->status;
    if (container != NULL)
        status = pro_container_read(
                container, question->offset, bytes, (size_t)question->size, error);
    if (status != PRO_OK)
        (void)snprintf((char *)bytes, DESK_TEXT_BYTES, "%s", error->text);
    return status;
}

/* False if the worker is gone, or goes. */
static bool serve_place(ProManager *manager, Desk *desk, uint32_t place)
{
    ProError error = {0};
    ProContainer *container = NULL;
    uint32_t bit = 1u << place;
    bool twice = (atomic_fetch_or(&desk->serving, bit) & bit) != 0;
    const ShareRead question = copy_question(desk, place);
    port_lock(&manager->port);
    bool lives = find_container(manager, desk, &question, twice, &container, &error);
    port_unlock(&manager->port);
    if (!lives)
        return false;
    ProStatus status = fill_place(desk, place, container, &question, &error);
    uint32_t count = ++desk->counts[place];
    (void)atomic_fetch_and(&desk->serving, ~bit); /* before the worker may ask there again */
    desk_answer(&desk->view, place, count, status);
    pro_container_unref(container);
    return true;
}

/* Until nothing is asked any more, or others wait for a server. `helps`: another one is here, and a
 * question was not taken in time. False if the worker is gone, or all ends. */
static bool serve_until_quiet(ProManager *manager, Desk *desk, bool helps)
{
    const Servers *servers = &manager->shares->servers;
    const DeskView *view = &desk->view;
    for (unsigned served = 1; !atomic_load(&servers->end); served++) {
        int place = desk_take(view);
        if (place < 0 && (helps || !desk_watch(view, &desk->spin_ns)))
            return true;
        if (place < 0)
            continue;
        if (helps && atomic_load(&view->sheet->posted) != 0)
            desk_ring(view);
        if (!serve_place(manager, desk, (uint32_t)place))
            return false;
        if (served % SERVER_TURN == 0 && atomic_load(&servers->listening) == 0)
            return true; /* its turn comes again behind those that rang before */
    }
    return false;
}

static void serve_desk(ProManager *manager, Desk *desk)
{
    _Atomic uint32_t *watchers = &desk->view.tray->watchers;
    bool helps = atomic_fetch_add(watchers, 1) > 0;
    bool lives = serve_until_quiet(manager, desk, helps);
    (void)atomic_fetch_sub(watchers, 1);
    /* What was asked before the worker could see that nobody looks any more. */
    if (lives && atomic_load(&desk->view.sheet->posted) != 0)
        desk_ring(&desk->view);
}

void desk_serve(ProManager *manager, uint64_t tag)
{
    port_lock(&manager->port);
    Slot *slot = manager_any_slot_by_id(manager, (ProWorkerId)tag);
    Desk *desk = slot != NULL && slot->desk != NULL && slot->desk->tag == tag ? slot->desk : NULL;
    if (desk != NULL)
        desk->references++;
    port_unlock(&manager->port);
    if (desk == NULL)
        return;
    serve_desk(manager, desk);
    port_lock(&manager->port);
    desk_unref(desk);
    port_unlock(&manager->port);
}
