/* SPDX-License-Identifier: Apache-2.0 */

/* Containers that the manager reads for the worker, in blocks: through the desk if there is one and
 * it has a place free, else by frames. */

#include "mp/worker_private.h"

#include "container/container.h"
#include "container/memory.h"
#include "core/error.h"
#include "core/process.h"
#include "mp/desk.h"
#include "mp/fd_channel.h"

#include <promp/container_ops.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    AT_ONCE = DESK_PLACES / 2, /* questions of one call: others find a place as well */
    SPIN_FIRST_NS = 20000
};

struct WorkerDesk {
    DeskView view;
    ProContainer *tray;
    _Atomic uint32_t taken;    /* bits of places */
    _Atomic uint32_t orphaned; /* of those: who asked has left, the answer is still to come */
    _Atomic uint32_t asked[DESK_PLACES]; /* questions, in all; changed by who has the place */
    _Atomic uint32_t spin_ns;
};

/* One shared container. */
typedef struct Blocks {
    ProWorker *worker;
    WorkerDesk *desk; /* or NULL */
    uint64_t number;
} Blocks;

/* ---- the desk ---- */

/* Consumes the descriptors. NULL if it cannot be mapped. */
static WorkerDesk *open_desk(const int fds[DESK_FDS])
{
    WorkerDesk *desk = calloc(1, sizeof *desk);
    DeskSheet *sheet = NULL;
    ProContainer *tray = NULL;
    bool mapped = desk_sheet_map(fds[0], &sheet, NULL) == PRO_OK;
    mapped = memory_from_fd(fds[1], DESK_TRAY_BYTES, true, &tray, NULL) == PRO_OK && mapped;
    if (desk != NULL && mapped) {
        desk->tray = tray;
        desk->spin_ns = SPIN_FIRST_NS;
        desk->view = (DeskView){.sheet = sheet,
                .tray = (DeskTrayHead *)(uintptr_t)pro_container_data(tray),
                .bell = fds[2]};
        return desk;
    }
    desk_sheet_unmap(sheet);
    pro_container_unref(tray);
    (void)close(fds[2]);
    free(desk);
    return NULL;
}

bool worker_take_desk(ProWorker *worker)
{
    char mark;
    size_t size;
    size_t fd_count = 0;
    int fds[DESK_FDS];
    ProStatus status = fd_channel_receive(
            worker->fds[WORKER_FD_CHANNEL], &mark, 1, &size, fds, DESK_FDS, &fd_count, NULL);
    if (status == PRO_ERR_FORMAT)
        return true; /* this process has no descriptors left for it: it asks by frames */
    if (status != PRO_OK || fd_count != DESK_FDS || worker->desk != NULL)
        return false;
    worker->desk = open_desk(fds);
    return true;
}

/* Places whose late answer has come. */
static void reclaim(WorkerDesk *desk)
{
    uint32_t orphaned = atomic_load(&desk->orphaned);
    for (uint32_t place = 0; orphaned != 0 && place < DESK_PLACES; place++) {
        uint32_t bit = 1u << place;
        if ((orphaned & bit) == 0 || atomic_load(&desk->view.tray->answers[place].count) !=
                                             atomic_load(&desk->asked[place]))
            continue;
        if ((atomic_fetch_and(&desk->orphaned, ~bit) & bit) != 0)
            (void)atomic_fetch_and(&desk->taken, ~bit);
    }
}

/* -1 if none is free. */
static int take_place(WorkerDesk *desk)
{
    reclaim(desk);
    uint32_t taken = atomic_load(&desk->taken);
    for (;;) {
        if (taken == (1u << DESK_PLACES) - 1)
            return -1;
        uint32_t bit = ~taken & (taken + 1); /* the lowest that is free: its memory is warm */
        if (atomic_compare_exchange_weak(&desk->taken, &taken, taken | bit))
            return __builtin_ctz(bit);
    }
}

static void give_place_back(WorkerDesk *desk, uint32_t place)
{
    (void)atomic_fetch_and(&desk->taken, ~(1u << place));
}

/* The manager may still write there: the place is free once it has answered. */
static void orphan_place(WorkerDesk *desk, uint32_t place)
{
    (void)atomic_fetch_or(&desk->orphaned, 1u << place);
}

/* ---- reading ---- */

/* A question under way: at a place of the desk, or by a frame. */
typedef struct Piece {
    uint32_t place;
    WorkerRequest request;
    ShareRead read;
    uint8_t *data; /* where its bytes go */
    size_t size;
} Piece;

/* One call: parts of a container, cut into pieces, of which some are under way. */
typedef struct Reading {
    const Blocks *blocks;
    const ProPart *parts;
    size_t count;
    size_t part; /* the next piece: of this part, behind `done` of its bytes */
    size_t done;
    unsigned interrupts; /* of the worker when it began */
    Piece open[AT_ONCE]; /* a ring */
    size_t oldest;
    size_t open_count;
} Reading;

static bool is_all_asked(const Reading *reading)
{
    return reading->part == reading->count;
}

/* The next piece becomes a question; `most`: its bytes at most. */
static ShareRead cut_piece(Reading *reading, size_t most, uint8_t **ret_data)
{
    const ProPart *part = &reading->parts[reading->part];
    size_t size = part->size - reading->done < most ? part->size - reading->done : most;
    const ShareRead read = {.number = reading->blocks->number,
            .offset = part->offset + reading->done,
            .size = size};
    *ret_data = (uint8_t *)part->data + reading->done;
    reading->done += size;
    if (reading->done == part->size) {
        reading->part++;
        reading->done = 0;
    }
    return read;
}

static void ask_at_desk(Reading *reading)
{
    WorkerDesk *desk = reading->blocks->desk;
    bool posted = false;
    while (reading->open_count < AT_ONCE && !is_all_asked(reading)) {
        int place = take_place(desk);
        if (place < 0)
            break;
        Piece *piece = &reading->open[(reading->oldest + reading->open_count++) % AT_ONCE];
        const ShareRead read = cut_piece(reading, DESK_PLACE_BYTES, &piece->data);
        piece->place = (uint32_t)place;
        piece->size = (size_t)read.size;
        (void)atomic_fetch_add(&desk->asked[place], 1);
        desk_post(&desk->view, (uint32_t)place, &read);
        posted = true;
    }
    if (posted)
        desk_call(&desk->view);
}

static bool is_answered(const WorkerDesk *desk, const Piece *piece)
{
    return desk_is_answered(&desk->view, piece->place, atomic_load(&desk->asked[piece->place]));
}

/* Sleeps until the newest is answered, when most likely all are: one sleep for all of them. False
 * if the main thread is told to stop, by a signal that may have come while it looked. */
static bool sleep_for_answers(const Reading *reading)
{
    const WorkerDesk *desk = reading->blocks->desk;
    ProWorker *worker = reading->blocks->worker;
    const Piece *oldest = &reading->open[reading->oldest];
    const Piece *newest = &reading->open[(reading->oldest + reading->open_count - 1) % AT_ONCE];
    const Piece *piece = is_answered(desk, newest) ? oldest : newest;
    bool interrupted =
            desk_sleep(&desk->view, piece->place, atomic_load(&desk->asked[piece->place]));
    return !worker_is_front(worker) || is_answered(desk, oldest) ||
           !(interrupted || atomic_load(&worker->interrupts) != reading->interrupts);
}

static ProStatus copy_answer(const WorkerDesk *desk, const Piece *piece, ProError *reterr)
{
    const uint8_t *bytes = desk_place(&desk->view, piece->place);
    uint32_t status = atomic_load_explicit(
            &desk->view.tray->answers[piece->place].status, memory_order_relaxed);
    if (status == PRO_OK) {
        memcpy(piece->data, bytes, piece->size);
        return PRO_OK;
    }
    if (status > PRO_ERR_UNSUPPORTED)
        return error_set(reterr, PRO_ERR_FORMAT, "the manager answered something else");
    return error_set(reterr, (ProStatus)status, "%.*s", DESK_TEXT_BYTES, (const char *)bytes);
}

static ProStatus take_oldest(Reading *reading, ProError *reterr)
{
    WorkerDesk *desk = reading->blocks->desk;
    const Piece *piece = &reading->open[reading->oldest];
    uint32_t count = atomic_load(&desk->asked[piece->place]);
    while (!desk_look(&desk->view, piece->place, count, &desk->spin_ns))
        if (!sleep_for_answers(reading))
            return error_set(reterr, PRO_ERR_ABORTED, "interrupted while waiting for the manager");
    ProStatus status = copy_answer(desk, piece, reterr);
    give_place_back(desk, piece->place);
    reading->oldest = (reading->oldest + 1) % AT_ONCE;
    reading->open_count--;
    return status;
}

/* ---- by frames ---- */

/* Their answers travel inside frames: what is larger would need a descriptor for each. */
enum { FRAME_PIECE_BYTES = 60 << 10 };
_Static_assert(FRAME_PIECE_BYTES + SHARE_ANSWER_HEAD_BYTES <= MP_INLINE_PAYLOAD_MAX, "inside");

static ProStatus post_by_frame(ProWorker *worker, Piece *piece, ProError *reterr)
{
    Buffer question = {0};
    share_read_write(&question, &piece->read);
    ProStatus status =
            question.failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to ask for a block")
                            : worker_request_post(worker, FRAME_SHARE_READ, question.data,
                                      question.size, &piece->request, reterr);
    buffer_fini(&question);
    return status;
}

/* Without a desk as many as may be under way, so that a manager that is far away is waited for once
 * and not for each; with one that is full, the next piece only. */
static ProStatus ask_by_frames(Reading *reading, size_t most, ProError *reterr)
{
    ProStatus status = PRO_OK;
    while (status == PRO_OK && reading->open_count < most && !is_all_asked(reading)) {
        Piece *piece = &reading->open[(reading->oldest + reading->open_count) % AT_ONCE];
        piece->read = cut_piece(reading, FRAME_PIECE_BYTES, &piece->data);
        status = post_by_frame(reading->blocks->worker, piece, reterr);
        reading->open_count += status == PRO_OK;
    }
    return status;
}

static ProStatus take_oldest_frame(Reading *reading, ProError *reterr)
{
    ProWorker *worker = reading->blocks->worker;
    Piece *piece = &reading->open[reading->oldest];
    ProStatus status = worker_request_wait(worker, &piece->request, reterr);
    const ShareAnswer *answer = &piece->request.answer;
    while (status == PRO_OK && answer->carrier == SHARE_AGAIN) {
        worker_request_fini(&piece->request);
        status = post_by_frame(worker, piece, reterr);
        if (status == PRO_OK)
            status = worker_request_wait(worker, &piece->request, reterr);
    }
    reading->oldest = (reading->oldest + 1) % AT_ONCE;
    reading->open_count--;
    if (status == PRO_OK && answer->carrier == SHARE_BYTES && answer->tail_size == piece->read.size)
        memcpy(piece->data, answer->tail, answer->tail_size);
    else if (status == PRO_OK)
        status = error_set(reterr, PRO_ERR_FORMAT, "the manager answered with another block");
    worker_request_fini(&piece->request);
    return status;
}

static ProStatus read_by_frames(Reading *reading, size_t most, ProError *reterr)
{
    ProStatus status = PRO_OK;
    do {
        status = ask_by_frames(reading, most, reterr);
        if (status == PRO_OK)
            status = take_oldest_frame(reading, reterr);
    } while (status == PRO_OK && reading->open_count > 0);
    while (reading->open_count > 0) { /* after a failure nobody waits for the others */
        worker_request_drop(reading->blocks->worker, &reading->open[reading->oldest].request);
        reading->oldest = (reading->oldest + 1) % AT_ONCE;
        reading->open_count--;
    }
    return status;
}

/* ---- either way ---- */

static ProStatus blocks_read_many(void *user, const ProPart *parts, size_t count, ProError *reterr)
{
    const Blocks *blocks = user;
    ProStatus status = PRO_OK;
    Reading reading = {.blocks = blocks,
            .parts = parts,
            .count = count,
            .interrupts = atomic_load(&blocks->worker->interrupts)};
    if (blocks->worker->process != process_generation())
        return error_set(reterr, PRO_ERR_CLOSED,
                "the worker object belongs to the process that forked this one");
    while (status == PRO_OK && (!is_all_asked(&reading) || reading.open_count > 0)) {
        if (blocks->desk != NULL)
            ask_at_desk(&reading);
        status = reading.open_count > 0
                         ? take_oldest(&reading, reterr)
                         : read_by_frames(&reading, blocks->desk == NULL ? AT_ONCE : 1, reterr);
    }
    for (size_t i = 0; i < reading.open_count; i++)
        orphan_place(blocks->desk, reading.open[(reading.oldest + i) % AT_ONCE].place);
    return status;
}

static ProStatus blocks_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    const ProPart part = {.offset = offset, .size = size, .data = ret_data};
    return blocks_read_many(user, &part, 1, reterr);
}

static const ProContainerOps blocks_ops = {
        .read = blocks_read, .read_many = blocks_read_many, .release = free};

bool worker_blocks_number(
        const ProWorker *worker, const ProContainer *container, uint64_t *ret_number)
{
    void *user;
    if (container_callbacks(container, &user) != &blocks_ops)
        return false;
    const Blocks *blocks = user;
    *ret_number = blocks->number;
    return blocks->worker == worker;
}

ProStatus worker_open_blocks(ProWorker *worker, const ShareAnswer *answer,
        ProContainer **ret_container, ProError *reterr)
{
    Blocks *blocks = malloc(sizeof *blocks);
    if (blocks == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a shared container");
    port_lock(&worker->port);
    *blocks = (Blocks){.worker = worker, .desk = worker->desk, .number = answer->number};
    port_unlock(&worker->port);
    ProStatus status =
            pro_container_new_callback(&blocks_ops, blocks, answer->size, ret_container, reterr);
    if (status != PRO_OK)
        free(blocks);
    return status;
}
