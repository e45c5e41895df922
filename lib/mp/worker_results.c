/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The containers among a result. They travel ahead of the task's ending, one record each: sealed
 * memory and files as descriptors, what the manager itself reads as a reference to it. What only
 * this process can read, or may still change, goes as a copy.
 */

#include "mp/worker_private.h"

#include "container/file.h"
#include "container/memory.h"
#include "core/error.h"
#include "core/value_writer.h"
#include "mp/share_wire.h"

#include <stdlib.h>

typedef struct ResultContainer {
    ProContainer *container; /* counted */
    ShareAnswer answer;
    int fd; /* the container's, or -1 */
} ResultContainer;

struct ResultContainers {
    size_t count;
    ResultContainer items[];
};

/* True if the manager can be given the same bytes without a copy. */
static bool describe(
        const ProWorker *worker, ResultContainer *item, ProStatus *ret_status, ProError *reterr)
{
    uint64_t offset;
    const ProContainer *base = container_base(item->container, &offset);
    uint64_t size = pro_container_size(item->container);
    ShareAnswer *answer = &item->answer;
    *answer = (ShareAnswer){.offset = offset, .size = size, .base.size = pro_container_size(base)};
    *ret_status = PRO_OK;
    if (size == 0 || (memory_is_fixed(base) && size < MEMORY_MEMFD_MIN)) {
        answer->carrier = SHARE_BYTES;
        answer->tail = pro_container_data(item->container);
        answer->tail_size = (size_t)size;
    } else if (memory_is_fixed(base)) {
        answer->carrier = SHARE_MEMFD;
        *ret_status = memory_fd(base, &item->fd, reterr);
    } else if (pro_container_kind(base) == PRO_CONTAINER_FILE && file_is_local(base) &&
               !worker->far) {
        answer->carrier = SHARE_FILE;
        *ret_status = file_export(base, &item->fd, &answer->base, reterr);
    } else if (worker_blocks_number(worker, base, &answer->number)) {
        answer->carrier = SHARE_BLOCKS;
    } else {
        return false;
    }
    return true;
}

static ProStatus prepare(
        const ProWorker *worker, ProContainer *container, ResultContainer *item, ProError *reterr)
{
    ProStatus status;
    *item = (ResultContainer){.container = pro_container_ref(container), .fd = -1};
    if (describe(worker, item, &status, reterr))
        return status;
    ProContainer *copy;
    status = pro_container_copy(container, NULL, &copy, reterr);
    if (status != PRO_OK)
        return status;
    pro_container_unref(item->container);
    item->container = copy;
    (void)describe(worker, item, &status, reterr); /* memory of our own always can */
    return status;
}

ProStatus worker_results_prepare(const ProWorker *worker, const ProWriter *result,
        ResultContainers **ret_results, ProError *reterr)
{
    size_t count;
    void *const *containers = value_writer_attached(result, &count);
    *ret_results = NULL;
    if (count == 0)
        return PRO_OK;
    ResultContainers *results = calloc(1, sizeof *results + count * sizeof results->items[0]);
    if (results == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to send the result's containers");
    ProStatus status = PRO_OK;
    for (; results->count < count && status == PRO_OK; results->count++)
        status = prepare(
                worker, containers[results->count], &results->items[results->count], reterr);
    if (status == PRO_OK)
        *ret_results = results;
    else
        worker_results_free(results);
    return status;
}

static ProStatus post(
        ProWorker *worker, uint64_t task, const ResultContainer *item, ProError *reterr)
{
    Buffer head = {0};
    share_answer_write(&head, &item->answer);
    const struct iovec segments[] = {
            {.iov_base = head.data, .iov_len = head.size},
            {.iov_base = (void *)item->answer.tail, .iov_len = item->answer.tail_size},
    };
    ProStatus status =
            head.failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to send") : PRO_OK;
    if (status == PRO_OK && item->fd >= 0)
        status = worker_send_fd(worker, item->fd, reterr);
    if (status == PRO_OK)
        status = worker_post(worker, FRAME_CONTAINER, task, segments, 2, reterr);
    buffer_fini(&head);
    return status;
}

ProStatus worker_results_post(
        ProWorker *worker, uint64_t task, const ResultContainers *results, ProError *reterr)
{
    ProStatus status = PRO_OK;
    for (size_t i = 0; results != NULL && i < results->count && status == PRO_OK; i++)
        status = post(worker, task, &results->items[i], reterr);
    return status;
}

void worker_results_free(ResultContainers *results)
{
    if (results == NULL)
        return;
    for (size_t i = 0; i < results->count; i++)
        pro_container_unref(results->items[i].container);
    free(results);
}
