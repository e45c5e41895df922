/* SPDX-License-Identifier: Apache-2.0 */

/* ProWorker: what tasks may use of the process they run in. */

#include "core/clock.h"
#include "core/error.h"
#include "core/process.h"
#include "mp/limits.h"
#include "mp/worker_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ProWorker *current_worker;

void worker_set_current(ProWorker *worker)
{
    current_worker = worker;
}

ProWorker *pro_worker_current(void)
{
    return current_worker;
}

int pro_worker_process_level(void)
{
    return current_worker == NULL ? 0 : current_worker->level;
}

ProWorkerId pro_worker_id(const ProWorker *worker)
{
    return worker->id;
}

int pro_worker_level(const ProWorker *worker)
{
    return worker->level;
}

int pro_worker_crash_fd(const ProWorker *worker)
{
    return worker->fds[WORKER_FD_BOARD];
}

/* A fork()ed child of a task has the object but not the threads behind it. */
static ProStatus check_process(const ProWorker *worker, ProError *reterr)
{
    if (worker->process == process_generation())
        return PRO_OK;
    return error_set(reterr, PRO_ERR_CLOSED,
            "the worker object belongs to the process that forked this one");
}

/* ---- messages ---- */

static bool has_credit(const ProWorker *worker, uint64_t cost)
{
    uint64_t unread = worker->sent_cost - worker->consumed_cost;
    return unread == 0 || unread + cost <= worker->pending_limit;
}

ProStatus pro_worker_send_message(
        ProWorker *worker, uint32_t id, const void *data, size_t size, ProError *reterr)
{
    ProStatus status = check_process(worker, reterr);
    if (status != PRO_OK)
        return status;
    if (id > PRO_MESSAGE_ID_MAX)
        return error_set(reterr, PRO_ERR_INVALID, "message id 0x%x is above 0x7FFFFFFF", id);
    if (size > PRO_MESSAGE_SIZE_MAX)
        return error_set(
                reterr, PRO_ERR_LIMIT, "a message of %zu bytes is larger than 2 GiB", size);
    const struct iovec segment = {.iov_base = (void *)data, .iov_len = size};
    uint64_t cost = message_cost(size);
    port_lock(&worker->port);
    while (!has_credit(worker, cost)) {
        worker_flush(worker);
        if (worker_block(worker, UINT64_MAX) == PORT_INTERRUPTED) {
            port_unlock(&worker->port);
            return error_set(
                    reterr, PRO_ERR_ABORTED, "interrupted while the manager has too much unread");
        }
    }
    worker->sent_cost += cost;
    status = worker_post(worker, FRAME_MESSAGE, id, &segment, 1, reterr);
    if (status == PRO_OK)
        worker_flush_within(worker, MP_FLUSH_MESSAGES_NS);
    port_unlock(&worker->port);
    return status;
}

/* Locked. Input may wait unseen after a send; looking costs little. */
static bool message_waits(ProWorker *worker)
{
    if (list_empty(&worker->messages))
        worker_drain(worker);
    return !list_empty(&worker->messages);
}

bool pro_worker_has_message(ProWorker *worker)
{
    if (check_process(worker, NULL) != PRO_OK)
        return false;
    port_lock(&worker->port);
    bool waits = message_waits(worker);
    port_unlock(&worker->port);
    return waits;
}

ProStatus pro_worker_pop_message(ProWorker *worker, ProMessage **ret_message, ProError *reterr)
{
    ProStatus status = check_process(worker, reterr);
    if (status != PRO_OK)
        return status;
    port_lock(&worker->port);
    if (!message_waits(worker)) {
        port_unlock(&worker->port);
        return error_set(reterr, PRO_ERR_EMPTY, "no message of the manager is there");
    }
    ProMessage *message = list_entry(list_pop(&worker->messages), ProMessage, link);
    worker->read_cost += message_cost(message->payload.size);
    if (worker->read_cost - worker->told_cost > worker->pending_limit / 4) {
        worker->told_cost = worker->read_cost;
        frame_record(&worker->frame, FRAME_CREDIT, worker->read_cost, NULL, 0);
        outbox_mirror(&worker->outbox, &worker->frame);
        worker_flush(worker);
    }
    port_unlock(&worker->port);
    *ret_message = message;
    return PRO_OK;
}

ProStatus pro_worker_wait_message(ProWorker *worker, int timeout_ms, ProError *reterr)
{
    ProStatus status = check_process(worker, reterr);
    if (status != PRO_OK)
        return status;
    uint64_t deadline = clock_deadline_ns(timeout_ms);
    port_lock(&worker->port);
    worker_flush(worker); /* the answer may depend on what is still in the batch */
    while (status == PRO_OK && !message_waits(worker)) {
        if (clock_left_ms(deadline) == 0)
            status = PRO_ERR_TIMEOUT;
        else if (worker_block(worker, deadline) == PORT_INTERRUPTED)
            status = PRO_ERR_ABORTED;
    }
    port_unlock(&worker->port);
    if (status == PRO_ERR_TIMEOUT)
        return error_set(reterr, status, "no message within %d ms", timeout_ms);
    if (status == PRO_ERR_ABORTED)
        return error_set(reterr, status, "interrupted while waiting for a message");
    return status;
}

/* ---- the wait object ---- */

/* Locked: what is not under way yet goes now; what changes meanwhile goes with the manager's
 * answer. */
static void progress_changed(ProWorker *worker)
{
    if (worker->progress_in_flight)
        return;
    worker_post_progress(worker);
    worker_flush_within(worker, MP_FLUSH_MESSAGES_NS);
}

void pro_worker_report_progress(ProWorker *worker, int64_t value)
{
    if (check_process(worker, NULL) != PRO_OK)
        return;
    port_lock(&worker->port);
    worker->progress.has_value = true;
    worker->progress.value = value;
    progress_changed(worker);
    port_unlock(&worker->port);
}

void pro_worker_report_msg(ProWorker *worker, const char *text)
{
    if (check_process(worker, NULL) != PRO_OK)
        return;
    port_lock(&worker->port);
    worker->progress.has_text = true;
    worker->progress.text_size = frame_text_part(text, sizeof worker->progress_text);
    memcpy(worker->progress_text, text, worker->progress.text_size);
    progress_changed(worker);
    port_unlock(&worker->port);
}

bool pro_worker_was_aborted(const ProWorker *worker)
{
    if (!atomic_load_explicit(&worker->aborted, memory_order_relaxed))
        return false;
    atomic_store_explicit(&((ProWorker *)worker)->abort_seen, true, memory_order_relaxed);
    return true;
}

void pro_worker_abort(ProWorker *worker)
{
    atomic_store(&worker->aborted, true);
    atomic_store(&worker->abort_seen, true);
}
