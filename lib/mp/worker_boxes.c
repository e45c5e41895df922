/* SPDX-License-Identifier: Apache-2.0 */

/* Boxes that a worker hands up: it has no window, or no person in front of it. */

#include "core/error.h"
#include "core/process.h"
#include "mp/limits.h"
#include "mp/worker_private.h"

#include <stdlib.h>
#include <unistd.h>

static WorkerBox *find_box(ProWorker *worker, uint64_t id)
{
    list_each(link, &worker->boxes)
    {
        WorkerBox *box = list_entry(link, WorkerBox, link);
        if (box->id == id)
            return box;
    }
    return NULL;
}

static size_t count_boxes(const ProWorker *worker)
{
    size_t count = 0;
    list_each(link, &worker->boxes) count++;
    return count;
}

/* Locked. */
static ProStatus post_box(ProWorker *worker, uint64_t id, const ProBox *box, ProError *reterr)
{
    Buffer payload = {0};
    frame_box_write(&payload, box);
    const struct iovec segment = {.iov_base = payload.data, .iov_len = payload.size};
    ProStatus status = payload.failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a box")
                                      : worker_post(worker, FRAME_BOX, id, &segment, 1, reterr);
    buffer_fini(&payload);
    return status;
}

ProStatus worker_box_open(
        ProWorker *worker, const ProBox *box, int notify_fd, uint64_t *ret_box, ProError *reterr)
{
    ProStatus status = PRO_OK;
    WorkerBox *opened = malloc(sizeof *opened);
    if (opened == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a box");
    *opened = (WorkerBox){.notify_fd = notify_fd};
    port_lock(&worker->port);
    if (count_boxes(worker) >= MP_BOXES_MAX)
        status = error_set(
                reterr, PRO_ERR_FULL, "%d boxes of this process are open already", MP_BOXES_MAX);
    opened->id = *ret_box = ++worker->next_box;
    list_append(&worker->boxes, &opened->link);
    if (status == PRO_OK)
        status = post_box(worker, opened->id, box, reterr);
    if (status == PRO_OK) {
        worker_flush(worker);
    } else {
        list_remove(&opened->link);
        free(opened);
    }
    port_unlock(&worker->port);
    return status;
}

/* Locked. */
static bool take_answer(ProWorker *worker, uint64_t id, ProBoxButtons *ret_button)
{
    WorkerBox *box = find_box(worker, id);
    if (box == NULL || box->answer == 0)
        return false;
    *ret_button = box->answer;
    list_remove(&box->link);
    free(box);
    return true;
}

bool worker_box_take_answer(ProWorker *worker, uint64_t box, ProBoxButtons *ret_button)
{
    port_lock(&worker->port);
    bool answered = take_answer(worker, box, ret_button);
    port_unlock(&worker->port);
    return answered;
}

void worker_box_drop(ProWorker *worker, uint64_t id)
{
    port_lock(&worker->port);
    WorkerBox *box = find_box(worker, id);
    if (box != NULL) {
        bool open = box->answer == 0;
        list_remove(&box->link);
        free(box);
        if (open && worker_post(worker, FRAME_BOX_DROP, id, NULL, 0, NULL) == PRO_OK)
            worker_flush(worker);
    }
    port_unlock(&worker->port);
}

bool worker_on_box_closed(ProWorker *worker, const FrameRecord *record)
{
    ProBoxButtons button;
    if (record->place != FRAME_INSIDE ||
            frame_box_answer_read(record->payload, record->payload_size, &button, NULL) != PRO_OK)
        return false;
    WorkerBox *box = find_box(worker, record->id);
    if (box == NULL || box->answer != 0)
        return true; /* dropped meanwhile */
    box->answer = button;
    const uint64_t one = 1;
    ssize_t written = box->notify_fd < 0 ? 0 : write(box->notify_fd, &one, sizeof one);
    (void)written;
    return true;
}

/* Locked. */
static ProStatus wait_for_answer(ProWorker *worker, uint64_t box, bool (*goes_on)(void *user),
        void *user, ProBoxButtons *ret_button, ProError *reterr)
{
    while (!take_answer(worker, box, ret_button)) {
        if (goes_on == NULL && pro_worker_was_aborted(worker))
            return error_set(reterr, PRO_ERR_ABORTED, "the task was aborted");
        if (worker_block(worker, UINT64_MAX) != PORT_INTERRUPTED)
            continue;
        port_unlock(&worker->port);
        bool stays = goes_on != NULL && goes_on(user);
        port_lock(&worker->port);
        if (!stays)
            return error_set(reterr, PRO_ERR_ABORTED, "interrupted while a box was shown");
    }
    return PRO_OK;
}

ProStatus pro_worker_show_box(ProWorker *worker, const ProBox *box, bool (*goes_on)(void *user),
        void *user, ProBoxButtons *ret_button, ProError *reterr)
{
    uint64_t id;
    ProStatus status = PRO_OK;
    if (worker->process != process_generation())
        status = error_set(reterr, PRO_ERR_CLOSED,
                "the worker object belongs to the process that forked this one");
    if (status == PRO_OK)
        status = pro_box_check(box, reterr);
    if (status == PRO_OK)
        status = worker_box_open(worker, box, -1, &id, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&worker->port);
    status = wait_for_answer(worker, id, goes_on, user, ret_button, reterr);
    port_unlock(&worker->port);
    if (status != PRO_OK)
        worker_box_drop(worker, id);
    return status;
}
