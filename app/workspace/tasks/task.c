/* SPDX-License-Identifier: Apache-2.0 */
#include "task.h"

#include <promp/share.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_HITS = 512, SENT_ALONE = 16 };

ProStatus task_fail(ProError *reterr, ProStatus status, const char *text)
{
    if (reterr != NULL) {
        *reterr = (ProError){.status = status};
        (void)snprintf(reterr->text, sizeof reterr->text, "%s", text);
    }
    return status;
}

ProStatus task_open(ProWorker *worker, ProReader *arguments, size_t count,
        ProContainer **ret_container, ProError *reterr)
{
    size_t given;
    const char *text;
    size_t size;
    ProStatus status = pro_read_sequence(arguments, &given, reterr);
    if (status == PRO_OK && given != count)
        return task_fail(reterr, PRO_ERR_INVALID, "another number of arguments is wanted");
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    char *name = status == PRO_OK ? strndup(text, size) : NULL;
    if (status == PRO_OK && name == NULL)
        return task_fail(reterr, PRO_ERR_NO_MEMORY, "no memory for a name");
    if (status == PRO_OK)
        status = pro_worker_get_shared_container(worker, name, ret_container, reterr);
    free(name);
    return status;
}

/* ---- progress ---- */

static void report_progress(void *user, int64_t value)
{
    pro_worker_report_progress(user, value);
}

static bool was_aborted(void *user)
{
    return pro_worker_was_aborted(user);
}

ProProgress task_progress(ProWorker *worker)
{
    static const ProWaitOps ops = {.progress = report_progress, .was_aborted = was_aborted};
    return (ProProgress){&ops, worker};
}

/* ---- hits ---- */

ProStatus task_hits_begin(TaskHits *hits, ProWorker *worker, ProError *reterr)
{
    *hits = (TaskHits){.worker = worker, .batch = pro_writer_new()};
    if (hits->batch == NULL)
        return task_fail(reterr, PRO_ERR_NO_MEMORY, "no memory for what is found");
    return PRO_OK;
}

/* A batch is a list whose count stands in front of it: the values are written first. */
static void send_batch(TaskHits *hits)
{
    const void *data;
    size_t size;
    ProWriter *message = pro_writer_new();
    if (hits->in_batch == 0 || hits->status != PRO_OK || message == NULL) {
        pro_writer_free(message);
        return;
    }
    hits->status = pro_writer_data(hits->batch, &data, &size);
    if (hits->status == PRO_OK) {
        pro_write_list(message, 4 * hits->in_batch);
        pro_write_encoded(message, data, size);
        pro_write_end(message);
        hits->status = pro_writer_data(message, &data, &size);
    }
    if (hits->status == PRO_OK)
        hits->status = pro_worker_send_message(hits->worker, TASK_MESSAGE_HITS, data, size, NULL);
    pro_writer_free(message);
    pro_writer_clear(hits->batch);
    hits->in_batch = 0;
}

bool task_hits_add(TaskHits *hits, uint64_t offset, uint64_t size, const char *kind,
        const char *text, size_t text_size)
{
    if (hits->sent == TASK_HITS_MAX)
        return false;
    pro_write_uint(hits->batch, offset);
    pro_write_uint(hits->batch, size);
    pro_write_text(hits->batch, kind, strlen(kind));
    pro_write_text(
            hits->batch, text, text_size < TASK_HIT_TEXT_MAX ? text_size : TASK_HIT_TEXT_MAX);
    hits->sent++;
    /* The first ones at once: a person sees that something is found. */
    if (++hits->in_batch >= BATCH_HITS || hits->sent <= SENT_ALONE)
        send_batch(hits);
    return hits->status == PRO_OK;
}

ProStatus task_hits_end(TaskHits *hits, ProWriter *result, ProError *reterr)
{
    send_batch(hits);
    pro_writer_free(hits->batch);
    pro_write_bool(result, hits->sent < TASK_HITS_MAX);
    return hits->status == PRO_OK
                   ? PRO_OK
                   : task_fail(reterr, hits->status, "what was found could not be sent");
}
