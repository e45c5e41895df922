/* SPDX-License-Identifier: Apache-2.0 */

/* The containers that the manager shares, as the worker gets them. */

#include "mp/worker_private.h"

#include "container/container.h"
#include "container/file.h"
#include "container/memory.h"
#include "core/error.h"
#include "core/process.h"
#include "mp/fd_channel.h"
#include "mp/share_wire.h"

#include <promp/container_ops.h>
#include <promp/share.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static WorkerRequest *find_request(ProWorker *worker, uint64_t id)
{
    list_each(link, &worker->requests)
    {
        WorkerRequest *request = list_entry(link, WorkerRequest, link);
        if (request->id == id)
            return request;
    }
    return NULL;
}

bool worker_on_shared(ProWorker *worker, uint64_t id, Payload *payload)
{
    ShareAnswer answer;
    bool sound = share_answer_read(payload->data, payload->size, &answer, NULL) == PRO_OK;
    int fd = -1;
    if (sound && (answer.carrier == SHARE_MEMFD || answer.carrier == SHARE_FILE))
        sound = (fd = fd_channel_take(worker->fds[WORKER_FD_CHANNEL])) >= 0;
    if (sound && answer.carrier == SHARE_DESK)
        sound = worker_take_desk(worker); /* whether somebody waits or not */
    WorkerRequest *request = find_request(worker, id);
    worker->questions_open--;
    if (!sound || request == NULL || request->answered) {
        /* Nobody waits any more: a signal ended the wait. */
        payload_release(payload);
        if (fd >= 0)
            (void)close(fd);
        return sound;
    }
    request->payload = *payload;
    request->answer = answer;
    request->fd = fd;
    request->answered = true;
    return true;
}

void worker_request_fini(WorkerRequest *request)
{
    payload_release(&request->payload);
    if (request->fd >= 0)
        (void)close(request->fd);
}

static ProStatus wait_for_answers(ProWorker *worker, ProError *reterr)
{
    if (worker_block(worker, UINT64_MAX) != PORT_INTERRUPTED)
        return PRO_OK;
    return error_set(reterr, PRO_ERR_ABORTED, "interrupted while waiting for the manager");
}

/* The manager kills who asks more at once. */
static ProStatus wait_for_turn(ProWorker *worker, ProError *reterr)
{
    ProStatus status = PRO_OK;
    while (status == PRO_OK && worker->questions_open >= SHARE_QUESTIONS_MAX)
        status = wait_for_answers(worker, reterr);
    return status;
}

ProStatus worker_request_post(ProWorker *worker, FrameType type, const void *data, size_t size,
        WorkerRequest *request, ProError *reterr)
{
    const struct iovec segment = {.iov_base = (void *)data, .iov_len = size};
    *request = (WorkerRequest){.fd = -1};
    port_lock(&worker->port);
    ProStatus status = wait_for_turn(worker, reterr);
    request->id = ++worker->next_request;
    list_append(&worker->requests, &request->link);
    if (status == PRO_OK) {
        worker->questions_open++; /* first: posting may let the lock go */
        status = worker_post(worker, type, request->id, &segment, 1, reterr);
        worker->questions_open -= status != PRO_OK;
    }
    if (status != PRO_OK)
        list_remove(&request->link);
    port_unlock(&worker->port);
    return status;
}

ProStatus worker_request_wait(ProWorker *worker, WorkerRequest *request, ProError *reterr)
{
    ProStatus status = PRO_OK;
    port_lock(&worker->port);
    worker_flush(worker);
    while (status == PRO_OK && !request->answered)
        status = wait_for_answers(worker, reterr);
    if (request->answered) /* the task hears of an interrupt that came with it by the signal */
        status = PRO_OK;
    list_remove(&request->link);
    port_unlock(&worker->port);
    if (status == PRO_OK && request->answer.carrier == SHARE_FAILED)
        status = error_set(reterr, (ProStatus)request->answer.number, "%.*s",
                (int)request->answer.tail_size, (const char *)request->answer.tail);
    return status;
}

void worker_request_drop(ProWorker *worker, WorkerRequest *request)
{
    port_lock(&worker->port);
    list_remove(&request->link);
    port_unlock(&worker->port);
    worker_request_fini(request);
}

ProStatus worker_ask(ProWorker *worker, FrameType type, const void *data, size_t size,
        WorkerRequest *request, ProError *reterr)
{
    if (worker->process != process_generation())
        return error_set(reterr, PRO_ERR_CLOSED,
                "the worker object belongs to the process that forked this one");
    for (;;) {
        ProStatus status = worker_request_post(worker, type, data, size, request, reterr);
        if (status == PRO_OK)
            status = worker_request_wait(worker, request, reterr);
        if (status == PRO_OK && request->answer.carrier != SHARE_AGAIN)
            return PRO_OK;
        worker_request_fini(request);
        if (status != PRO_OK)
            return status;
    }
}

/* ---- the calls ---- */

/* What the descriptor shows, cut to what was shared. Takes the request's descriptor. */
static ProStatus open_fd(WorkerRequest *request, ProContainer **ret_container, ProError *reterr)
{
    const ShareAnswer *answer = &request->answer;
    ProContainer *base;
    int fd = request->fd;
    request->fd = -1;
    ProStatus status = answer->carrier == SHARE_FILE
                               ? file_from_fd(fd, &answer->base, &base, reterr)
                               : memory_from_fd(fd, answer->base.size, true, &base, reterr);
    return status == PRO_OK
                   ? container_part(base, answer->offset, answer->size, ret_container, reterr)
                   : status;
}

static ProStatus ask_and_open(ProWorker *worker, FrameType type, const void *question, size_t size,
        ProContainer **ret_container, ProError *reterr)
{
    WorkerRequest request;
    ProStatus status = worker_ask(worker, type, question, size, &request, reterr);
    if (status != PRO_OK)
        return status;
    switch (request.answer.carrier) {
    case SHARE_BYTES:
        status = pro_container_new_copy(
                request.answer.tail, request.answer.tail_size, ret_container, reterr);
        break;
    case SHARE_MEMFD:
    case SHARE_FILE:
        status = open_fd(&request, ret_container, reterr);
        break;
    case SHARE_BLOCKS:
    case SHARE_DESK:
        status = worker_open_blocks(worker, &request.answer, ret_container, reterr);
        break;
    default:
        status = error_set(reterr, PRO_ERR_FORMAT, "the manager answered something else");
    }
    worker_request_fini(&request);
    return status;
}

ProStatus pro_worker_get_shared_container(
        ProWorker *worker, const char *name, ProContainer **ret_container, ProError *reterr)
{
    size_t size = name == NULL ? 0 : strnlen(name, PRO_SHARE_NAME_MAX + 1);
    if (size == 0 || size > PRO_SHARE_NAME_MAX)
        return error_set(reterr, PRO_ERR_INVALID,
                "a shared container's name has 1 to %d bytes, not %zu", PRO_SHARE_NAME_MAX, size);
    return ask_and_open(worker, FRAME_SHARE_GET, name, size, ret_container, reterr);
}

ProStatus pro_worker_argument_container(
        ProWorker *worker, uint64_t index, ProContainer **ret_container, ProError *reterr)
{
    Buffer question = {0};
    port_lock(&worker->port);
    uint64_t task = worker->running;
    port_unlock(&worker->port);
    if (task == 0)
        return error_set(reterr, PRO_ERR_INVALID,
                "no task runs whose arguments could hold container %llu",
                (unsigned long long)index);
    buffer_append_u64(&question, task);
    buffer_append_u32(&question, index > UINT32_MAX ? UINT32_MAX : (uint32_t)index);
    ProStatus status = question.failed ? error_set(reterr, PRO_ERR_NO_MEMORY,
                                                 "no memory to ask for a container")
                                       : ask_and_open(worker, FRAME_SHARE_TAKE, question.data,
                                                 question.size, ret_container, reterr);
    buffer_fini(&question);
    return status;
}

ProStatus pro_worker_shared_containers(ProWorker *worker, ProWriter *names, ProError *reterr)
{
    WorkerRequest request;
    ProStatus status = worker_ask(worker, FRAME_SHARE_LIST, NULL, 0, &request, reterr);
    if (status != PRO_OK)
        return status;
    if (request.answer.carrier == SHARE_NAMES)
        pro_write_encoded(names, request.answer.tail, request.answer.tail_size);
    else
        status = error_set(reterr, PRO_ERR_FORMAT, "the manager answered something else");
    worker_request_fini(&request);
    return status == PRO_OK ? pro_writer_status(names) : status;
}
