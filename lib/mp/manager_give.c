/* SPDX-License-Identifier: Apache-2.0 */

/* The public calls that give tasks: checked and encoded once, then queued for whoever runs them. */

#include "mp/manager_private.h"

#include "core/error.h"
#include "core/value_writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- parcels ---- */

static size_t total_size(const struct iovec *segments, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += segments[i].iov_len;
    return total;
}

Parcel *parcel_new(const struct iovec *segments, size_t count, ProError *reterr)
{
    size_t size = total_size(segments, count);
    bool is_blob = size > MP_INLINE_PAYLOAD_MAX;
    Parcel *parcel = malloc(sizeof *parcel + (is_blob ? 0 : size));
    if (parcel == NULL) {
        (void)error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for %zu bytes to a worker", size);
        return NULL;
    }
    *parcel = (Parcel){.references = 1, .blob_fd = -1, .size = size};
    if (is_blob) {
        if (blob_create(segments, count, &parcel->blob_fd, &parcel->size, reterr) == PRO_OK)
            return parcel;
        free(parcel);
        return NULL;
    }
    uint8_t *end = parcel->data;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].iov_len > 0)
            memcpy(end, segments[i].iov_base, segments[i].iov_len);
        end += segments[i].iov_len;
    }
    return parcel;
}

void parcel_unref(Parcel *parcel)
{
    if (parcel == NULL || --parcel->references > 0)
        return;
    if (parcel->blob_fd >= 0)
        (void)close(parcel->blob_fd);
    free(parcel);
}

/* ---- a task's specification ---- */

static bool is_path(ProTaskKind kind)
{
    return kind == PRO_TASK_EXECUTE_SCRIPT || kind == PRO_TASK_EXECUTE_FUNCTION ||
           kind == PRO_TASK_PLUGIN;
}

static bool needs_name(ProTaskKind kind)
{
    return kind == PRO_TASK_EVAL_FUNCTION || kind == PRO_TASK_EXECUTE_FUNCTION ||
           kind == PRO_TASK_CALL || kind == PRO_TASK_PLUGIN;
}

static bool needs_text(ProTaskKind kind)
{
    return kind != PRO_TASK_CALL && kind != PRO_TASK_TEST_MESSAGE && kind != PRO_TASK_TEST_BOX;
}

static ProStatus check_spec(const ProTaskSpec *spec, ProError *reterr)
{
    if ((unsigned)spec->kind > PRO_TASK_TEST_BOX)
        return error_set(reterr, PRO_ERR_INVALID, "there is no task kind %d", (int)spec->kind);
    if (needs_text(spec->kind) && spec->text == NULL)
        return error_set(reterr, PRO_ERR_INVALID, "the task has no %s",
                is_path(spec->kind) ? "path" : "code");
    if (needs_name(spec->kind) && (spec->name == NULL || spec->name[0] == '\0'))
        return error_set(reterr, PRO_ERR_INVALID, "the task names no function");
    if (spec->name != NULL && strlen(spec->name) > MP_NAME_MAX)
        return error_set(
                reterr, PRO_ERR_LIMIT, "a function's name is longer than %d bytes", MP_NAME_MAX);
    if (spec->text_size > PRO_MESSAGE_SIZE_MAX)
        return error_set(reterr, PRO_ERR_LIMIT, "a task's text of %zu bytes is larger than 2 GiB",
                spec->text_size);
    if (spec->arguments == NULL)
        return PRO_OK;
    ProStatus status = pro_writer_status(spec->arguments);
    if (status != PRO_OK)
        return error_set(
                reterr, status, "the arguments could not be encoded: %s", pro_status_text(status));
    if (pro_writer_size(spec->arguments) > PRO_MESSAGE_SIZE_MAX)
        return error_set(reterr, PRO_ERR_LIMIT, "arguments of %zu bytes are larger than 2 GiB",
                pro_writer_size(spec->arguments));
    return PRO_OK;
}

/* Workers may live in another folder: paths go absolute. A plug-in without a slash is left to the
 * loader's search. */
static void append_path(Buffer *text, const ProTaskSpec *spec, size_t size)
{
    bool searched = spec->kind == PRO_TASK_PLUGIN && memchr(spec->text, '/', size) == NULL;
    char folder[PATH_MAX];
    if (!searched && size > 0 && spec->text[0] != '/' && getcwd(folder, sizeof folder) != NULL) {
        buffer_append_text(text, folder);
        buffer_append_text(text, "/");
    }
    buffer_append(text, spec->text, size);
}

static Parcel *encode(const ProTaskSpec *spec, bool may_move, ProError *reterr)
{
    Buffer path = {0};
    Buffer head = {0};
    const char *text = spec->text;
    size_t text_size = spec->text_size;
    if (text != NULL && text_size == 0)
        text_size = strlen(text);
    if (is_path(spec->kind)) {
        append_path(&path, spec, text_size);
        text = (const char *)path.data;
        text_size = path.size;
    }
    frame_task_head(&head, spec->kind, spec->want_result, may_move, text, text_size, spec->name);
    size_t count = 0;
    const struct iovec *arguments =
            spec->arguments == NULL ? NULL : value_writer_segments(spec->arguments, &count);
    struct iovec few[8];
    struct iovec *segments = count < 8 ? few : calloc(count + 1, sizeof *segments);
    Parcel *parcel = NULL;
    if (segments == NULL || path.failed || head.failed) {
        (void)error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a task");
    } else {
        segments[0] = (struct iovec){.iov_base = head.data, .iov_len = head.size};
        for (size_t i = 0; i < count; i++)
            segments[i + 1] = arguments[i];
        parcel = parcel_new(segments, count + 1, reterr);
    }
    if (segments != few)
        free(segments);
    buffer_fini(&path);
    buffer_fini(&head);
    return parcel;
}

/* ---- giving ---- */

static Task *new_task(const ProTaskSpec *spec, Parcel *parcel, Attachments *attachments)
{
    Task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return NULL;
    parcel->references++;
    task->parcel = parcel;
    task->attachments = attachments_ref(attachments);
    task->want_result = spec->want_result;
    task->abort_ms = -1;
    return task;
}

static bool takes_any_work(const ProManager *manager)
{
    for (size_t i = 0; i < manager->slot_count; i++)
        if (slot_takes_work(manager->slots[i]))
            return true;
    return false;
}

static ProStatus give_to_any(ProManager *manager, Task *task, ProError *reterr)
{
    if (!takes_any_work(manager))
        return error_set(reterr, PRO_ERR_INVALID, "there is no worker: start one first");
    task->may_move = true;
    task->id = manager->next_task++;
    manager->busy_count++;
    list_append(&manager->any_tasks, &task->link);
    return PRO_OK;
}

static void give_to_slot(Slot *slot, Task *task)
{
    task->id = slot->manager->next_task++;
    slot->manager->busy_count++;
    tasks_queue(slot, task);
}

/* All or none: the tasks are made first. */
static ProStatus give_to_all(ProManager *manager, const ProTaskSpec *spec, Parcel *parcel,
        Attachments *attachments, ProError *reterr)
{
    if (!takes_any_work(manager))
        return error_set(reterr, PRO_ERR_INVALID, "there is no worker: start one first");
    ListLink made;
    list_init(&made);
    for (size_t i = 0; i < manager->slot_count; i++) {
        Task *task =
                slot_takes_work(manager->slots[i]) ? new_task(spec, parcel, attachments) : NULL;
        if (task != NULL) {
            list_append(&made, &task->link);
        } else if (slot_takes_work(manager->slots[i])) {
            for (ListLink *link = list_pop(&made); link != NULL; link = list_pop(&made))
                task_free(manager, list_entry(link, Task, link));
            return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a task");
        }
    }
    for (size_t i = 0; i < manager->slot_count; i++)
        if (slot_takes_work(manager->slots[i]))
            give_to_slot(manager->slots[i], list_entry(list_pop(&made), Task, link));
    return PRO_OK;
}

static ProStatus give_to_one(ProManager *manager, ProWorkerId worker, Task *task, ProError *reterr)
{
    ProError error = {0};
    Slot *slot = manager_find_slot(manager, worker, &error);
    if (slot == NULL)
        return error_set(reterr, error.status, "%s", error.text);
    give_to_slot(slot, task);
    return PRO_OK;
}

ProStatus pro_manager_give_task(ProManager *manager, ProWorkerId worker, const ProTaskSpec *spec,
        ProTaskId *ret_task, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_spec(spec, reterr);
    if (status != PRO_OK)
        return status;
    Attachments *attachments;
    status = attachments_new(manager, spec->arguments, &attachments, reterr);
    if (status != PRO_OK)
        return status;
    ProError error = {0};
    Parcel *parcel = encode(spec, worker == PRO_WORKER_ANY, &error);
    Task *task =
            parcel == NULL || worker == PRO_WORKER_ALL ? NULL : new_task(spec, parcel, attachments);
    if (parcel == NULL || (task == NULL && worker != PRO_WORKER_ALL)) {
        parcel_unref(parcel);
        attachments_unref(manager, attachments);
        return error_set(reterr, parcel == NULL ? error.status : PRO_ERR_NO_MEMORY, "%s",
                parcel == NULL ? error.text : "no memory for a task");
    }
    port_lock(&manager->port);
    ProTaskId first = manager->next_task;
    if (worker == PRO_WORKER_ALL)
        status = give_to_all(manager, spec, parcel, attachments, reterr);
    else if (worker == PRO_WORKER_ANY)
        status = give_to_any(manager, task, reterr);
    else
        status = give_to_one(manager, worker, task, reterr);
    parcel_unref(parcel);
    if (status == PRO_OK) {
        if (ret_task != NULL)
            *ret_task = first;
        tasks_dispatch(manager);
    } else if (task != NULL) {
        task_free(manager, task);
    }
    port_unlock(&manager->port);
    attachments_unref(manager, attachments);
    return status;
}

/* ---- one function a kind ---- */

ProStatus pro_manager_eval_python_code(ProManager *manager, ProWorkerId worker, const char *code,
        ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_EVAL_CODE, .text = code};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_execute_python_script(ProManager *manager, ProWorkerId worker,
        const char *path, ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_EXECUTE_SCRIPT, .text = path};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_eval_python_function(ProManager *manager, ProWorkerId worker,
        const char *code, const char *function, ProWriter *arguments, bool want_result,
        ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_EVAL_FUNCTION,
            .text = code,
            .name = function,
            .arguments = arguments,
            .want_result = want_result};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_execute_python_function(ProManager *manager, ProWorkerId worker,
        const char *path, const char *function, ProWriter *arguments, bool want_result,
        ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_EXECUTE_FUNCTION,
            .text = path,
            .name = function,
            .arguments = arguments,
            .want_result = want_result};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_call_plugin(ProManager *manager, ProWorkerId worker, const char *path,
        const char *symbol, ProWriter *arguments, bool want_result, ProTaskId *ret_task,
        ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_PLUGIN,
            .text = path,
            .name = symbol,
            .arguments = arguments,
            .want_result = want_result};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_test_message(
        ProManager *manager, ProWorkerId worker, ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_TEST_MESSAGE};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}

ProStatus pro_manager_test_message_box(
        ProManager *manager, ProWorkerId worker, ProTaskId *ret_task, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_TEST_BOX};
    return pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
}
