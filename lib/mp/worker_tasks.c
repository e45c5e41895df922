/* SPDX-License-Identifier: Apache-2.0 */

/* The main thread of a worker: takes tasks one after another and sends their endings. */

#include "core/error.h"
#include "core/process.h"
#include "core/value_writer.h"
#include "mp/limits.h"
#include "mp/worker_private.h"

#include <promp/plugin.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Outcome {
    bool succeeded;
    ProWriter *result;
    ProTaskError error;
    ResultContainers *containers; /* of the result; NULL: none */
} Outcome;

static bool fail(Outcome *outcome, const char *type, const char *message)
{
    outcome->error.type = strdup(type);
    outcome->error.message = strdup(message);
    return false;
}

/* ---- kinds that need no language ---- */

static bool run_plugin(ProWorker *worker, const ProTask *task, Outcome *outcome)
{
    /* Never closed: the library may have left threads or handlers behind. */
    void *library = dlopen(task->text, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return fail(outcome, "PluginError", dlerror());
    ProPluginFn function = NULL;
    *(void **)&function = dlsym(library, task->name);
    if (function == NULL) {
        char text[PRO_ERROR_TEXT_BYTES];
        (void)snprintf(text, sizeof text, "%s exports no function %s", task->text, task->name);
        return fail(outcome, "PluginError", text);
    }
    ProReader arguments;
    static const uint8_t no_arguments[] = {0x90};
    if (task->arguments_size > 0)
        pro_reader_init(&arguments, task->arguments, task->arguments_size);
    else
        pro_reader_init(&arguments, no_arguments, sizeof no_arguments);
    ProError error = {0};
    ProStatus status = function(worker, &arguments, outcome->result, &error);
    if (status == PRO_OK)
        return true;
    outcome->error.aborted = status == PRO_ERR_ABORTED;
    return fail(
            outcome, "PluginError", error.text[0] != '\0' ? error.text : pro_status_text(status));
}

static bool run_test_message(void)
{
    static const char text[] = "Test message.\n";
    ssize_t written = write(STDOUT_FILENO, text, sizeof text - 1);
    return written == (ssize_t)sizeof text - 1;
}

static const char *box_text(const ProTask *task)
{
    return task->text_size > 0 ? task->text : "This is a test message box.";
}

static bool run_box_at_manager(ProWorker *worker, const ProTask *task, Outcome *outcome)
{
    ProError error = {0};
    ProBoxButtons button;
    const ProBox box = {.text = box_text(task)};
    ProStatus status = pro_worker_show_box(worker, &box, NULL, NULL, &button, &error);
    if (status == PRO_OK)
        return true;
    outcome->error.aborted = status == PRO_ERR_ABORTED;
    return fail(outcome, "BoxError", error.text);
}

/* The language's other threads go on while native code runs or a box is open. */
static bool without_language(const ProRunnerOps *ops, void *user,
        bool (*function)(ProWorker *, const ProTask *, Outcome *), ProWorker *worker,
        const ProTask *task, Outcome *outcome)
{
    if (ops->idle_begin != NULL)
        ops->idle_begin(user);
    bool succeeded = function(worker, task, outcome);
    if (ops->idle_end != NULL)
        ops->idle_end(user);
    return succeeded;
}

/* A window of its own answers at once, also while the manager's thread sleeps. */
static bool run_test_box(const ProRunnerOps *ops, void *user, ProWorker *worker,
        const ProTask *task, Outcome *outcome)
{
    ProStatus status = ops->show_box == NULL
                               ? PRO_ERR_UNSUPPORTED
                               : ops->show_box(user, task, box_text(task), &outcome->error);
    if (status != PRO_ERR_UNSUPPORTED)
        return status == PRO_OK;
    return without_language(ops, user, run_box_at_manager, worker, task, outcome);
}

static bool run(ProWorker *worker, const ProRunnerOps *ops, void *user, const ProTask *task,
        Outcome *outcome)
{
    switch (task->kind) {
    case PRO_TASK_PLUGIN:
        return without_language(ops, user, run_plugin, worker, task, outcome);
    case PRO_TASK_TEST_MESSAGE:
        return run_test_message() || fail(outcome, "OutputError", "cannot write to stdout");
    case PRO_TASK_TEST_BOX:
        return run_test_box(ops, user, worker, task, outcome);
    default:
        return ops->run(user, task, outcome->result, &outcome->error);
    }
}

/* ---- endings ---- */

static const uint8_t encoded_nil[] = {0xC0};

/* Locked. */
static void post_result(ProWorker *worker, const WorkerTask *task, const Outcome *outcome)
{
    ProWriter *result = outcome->result;
    Buffer head = {0};
    frame_ending_head(&head, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    size_t count = 0;
    const struct iovec *value =
            task->frame.want_result ? value_writer_segments(result, &count) : NULL;
    struct iovec *segments = calloc(count + 2, sizeof *segments);
    ProError error = {0};
    ProStatus status = segments == NULL ? PRO_ERR_NO_MEMORY : pro_writer_status(result);
    if (status == PRO_OK) {
        segments[0] = (struct iovec){.iov_base = head.data, .iov_len = head.size};
        for (size_t i = 0; i < count; i++)
            segments[i + 1] = value[i];
        bool empty = pro_writer_size(result) == 0 || !task->frame.want_result;
        if (empty)
            segments[++count] =
                    (struct iovec){.iov_base = (void *)encoded_nil, .iov_len = sizeof encoded_nil};
        status = worker_results_post(worker, task->id, outcome->containers, &error);
        if (status == PRO_OK)
            status = worker_post(worker, FRAME_ENDING, task->id, segments, count + 1, &error);
    }
    free(segments);
    if (status != PRO_OK) {
        buffer_clear(&head);
        frame_ending_head(&head, PRO_ENDING_ERROR, PRO_RUNG_NONE);
        frame_ending_texts(&head, "MemoryError", "no memory to send the result", "");
        frame_record(&worker->frame, FRAME_ENDING, task->id, head.data, head.size);
        outbox_mirror(&worker->outbox, &worker->frame);
    }
    buffer_fini(&head);
}

/* Locked. */
static void post_failure(ProWorker *worker, const WorkerTask *task, ProEndingKind kind,
        ProAbortRung rung, ProTaskError *error)
{
    Buffer payload = {0};
    frame_ending_head(&payload, kind, rung);
    frame_ending_texts(&payload, error->type, error->message, error->traceback);
    const struct iovec segment = {.iov_base = payload.data, .iov_len = payload.size};
    ProStatus status = worker_post(worker, FRAME_ENDING, task->id, &segment, 1, NULL);
    if (status != PRO_OK) {
        buffer_clear(&payload);
        frame_ending_head(&payload, kind, rung);
        frame_ending_texts(&payload, error->type, "no memory to send the error", "");
        frame_record(&worker->frame, FRAME_ENDING, task->id, payload.data, payload.size);
        outbox_mirror(&worker->outbox, &worker->frame);
    }
    buffer_fini(&payload);
}

/* A task counts as aborted if it was interrupted, or looked at the flag and then ended. */
static void post_ending(ProWorker *worker, const WorkerTask *task, Outcome *outcome)
{
    bool seen = atomic_load(&worker->abort_seen);
    bool interrupted = !outcome->succeeded && outcome->error.aborted;
    worker_post_progress(worker);
    if (seen || interrupted) {
        ProAbortRung rung =
                interrupted && worker->interrupt_sent ? PRO_RUNG_INTERRUPT : PRO_RUNG_FLAG;
        post_failure(worker, task, PRO_ENDING_ABORTED, rung, &outcome->error);
    } else if (outcome->succeeded) {
        post_result(worker, task, outcome);
    } else {
        post_failure(worker, task, PRO_ENDING_ERROR, PRO_RUNG_NONE, &outcome->error);
    }
}

/* What can fail or take long about a result is done before the lock is taken. */
static void prepare_containers(ProWorker *worker, const WorkerTask *task, Outcome *outcome)
{
    ProError error = {0};
    if (!outcome->succeeded || !task->frame.want_result ||
            worker_results_prepare(worker, outcome->result, &outcome->containers, &error) == PRO_OK)
        return;
    outcome->succeeded = fail(outcome, "ContainerError", error.text);
}

static void clear_outcome(Outcome *outcome)
{
    worker_results_free(outcome->containers);
    outcome->containers = NULL;
    pro_writer_clear(outcome->result);
    free(outcome->error.type);
    free(outcome->error.message);
    free(outcome->error.traceback);
    outcome->error = (ProTaskError){0};
}

static void run_task(
        ProWorker *worker, const ProRunnerOps *ops, void *user, WorkerTask *task, Outcome *outcome)
{
    const ProTask seen = {
            .id = task->id,
            .kind = task->frame.kind,
            .text = task->frame.text,
            .text_size = task->frame.text_size,
            .name = task->frame.name,
            .arguments = task->frame.arguments_size > 0 ? task->frame.arguments : NULL,
            .arguments_size = task->frame.arguments_size,
            .want_result = task->frame.want_result,
    };
    outcome->succeeded = run(worker, ops, user, &seen, outcome);
    if (worker->process != process_generation())
        _exit(0); /* the task forked and its child came back here */
    prepare_containers(worker, task, outcome);
    (void)fflush(stdout);
    port_lock(&worker->port);
    post_ending(worker, task, outcome);
    worker->running = 0;
    atomic_store_explicit(&worker->board->running_task, 0, memory_order_release);
    if (list_empty(&worker->tasks))
        worker_flush(worker);
    else
        worker_flush_within(worker, MP_FLUSH_ENDINGS_NS);
    port_unlock(&worker->port);
    if (ops->settle != NULL)
        ops->settle(user);
    clear_outcome(outcome);
    payload_release(&task->payload);
    free(task);
}

/* ---- the loop ---- */

/* Locked: the next task becomes the running one. */
static WorkerTask *begin_next(ProWorker *worker)
{
    ListLink *link = list_pop(&worker->tasks);
    if (link == NULL)
        return NULL;
    WorkerTask *task = list_entry(link, WorkerTask, link);
    worker->running = task->id;
    worker->interrupt_sent = false;
    worker->interrupt_here = false;
    atomic_store(&worker->aborted, task->aborted);
    atomic_store(&worker->abort_seen, false);
    atomic_store_explicit(&worker->board->running_task, task->id, memory_order_release);
    return task;
}

/* NULL when the worker has to stop. */
static WorkerTask *wait_for_task(ProWorker *worker, const ProRunnerOps *ops, void *user)
{
    bool idle = false;
    port_lock(&worker->port);
    worker_drain(worker);
    while (list_empty(&worker->tasks) && !worker->stopping) {
        worker_flush(worker);
        if (!idle && ops->idle_begin != NULL && !socket_has_input(worker->port.socket)) {
            port_unlock(&worker->port);
            ops->idle_begin(user);
            idle = true;
            port_lock(&worker->port);
            continue; /* the link thread may have taken a task meanwhile */
        }
        (void)worker_block(worker, UINT64_MAX);
    }
    WorkerTask *task = worker->stopping ? NULL : begin_next(worker);
    port_unlock(&worker->port);
    if (idle && ops->idle_end != NULL)
        ops->idle_end(user);
    return task;
}

void worker_serve(ProWorker *worker, const ProRunnerOps *ops, void *user)
{
    Outcome outcome = {.result = pro_writer_new()};
    if (outcome.result == NULL)
        return;
    for (;;) {
        WorkerTask *task = wait_for_task(worker, ops, user);
        if (task == NULL)
            break;
        run_task(worker, ops, user, task, &outcome);
    }
    pro_writer_free(outcome.result);
}
