/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/ending.h"

#include "core/error.h"

#include <promp/share.h>
#include <stdlib.h>
#include <string.h>

ProEnding *ending_new(ProTaskId task, ProWorkerId worker, ProEndingKind kind)
{
    ProEnding *ending = calloc(1, sizeof *ending);
    if (ending != NULL) {
        ending->task = task;
        ending->worker = worker;
        ending->kind = kind;
    }
    return ending;
}

static char *copy_part(const char *text, size_t size)
{
    return size == 0 ? NULL : strndup(text, size);
}

ProEnding *ending_from_frame(
        ProTaskId task, ProWorkerId worker, const FrameEnding *frame, Payload *payload)
{
    ProEnding *ending = ending_new(task, worker, frame->kind);
    if (ending == NULL) {
        payload_release(payload);
        return NULL;
    }
    ending->rung = frame->rung;
    if (frame->kind == PRO_ENDING_RESULT) {
        ending->payload = *payload;
        ending->value = frame->value;
        ending->value_size = frame->value_size;
        return ending;
    }
    ending->error_type = copy_part(frame->type, frame->type_size);
    ending->message = copy_part(frame->message, frame->message_size);
    ending->traceback = copy_part(frame->traceback, frame->traceback_size);
    payload_release(payload);
    return ending;
}

void ending_take_containers(
        ProEnding *ending, ProContainer ***containers, size_t *count, size_t base)
{
    ending->containers = *containers;
    ending->container_count = *count;
    ending->container_base = base;
    *containers = NULL;
    *count = 0;
}

ProStatus pro_ending_container(
        const ProEnding *ending, uint64_t index, ProContainer **ret_container, ProError *reterr)
{
    size_t count = ending->container_count - ending->container_base;
    if (index >= count)
        return error_set(reterr, PRO_ERR_FORMAT,
                "the result names container %llu of %zu: its worker broke the protocol",
                (unsigned long long)index, count);
    ProContainer *container = ending->containers[ending->container_base + index];
    if (container == NULL)
        return error_set(reterr, PRO_ERR_NOT_FOUND,
                "container %llu of the result could not be opened, or is a part of one that is not "
                "shared any more",
                (unsigned long long)index);
    *ret_container = pro_container_ref(container);
    return PRO_OK;
}

void ending_set_death(ProEnding *ending, const ProDeath *death, const char *message)
{
    ending->death = pro_death_ref(death);
    ending->message = strdup(message);
}

ProTaskId pro_ending_task(const ProEnding *ending)
{
    return ending->task;
}

ProWorkerId pro_ending_worker(const ProEnding *ending)
{
    return ending->worker;
}

ProEndingKind pro_ending_kind(const ProEnding *ending)
{
    return ending->kind;
}

const char *pro_ending_kind_text(ProEndingKind kind)
{
    static const char *const texts[] = {
            [PRO_ENDING_RESULT] = "result",
            [PRO_ENDING_ERROR] = "error",
            [PRO_ENDING_ABORTED] = "aborted",
            [PRO_ENDING_DIED] = "worker died",
            [PRO_ENDING_QUARANTINED] = "quarantined",
    };
    return (size_t)kind < sizeof texts / sizeof texts[0] ? texts[kind] : "unknown";
}

const char *pro_abort_rung_text(ProAbortRung rung)
{
    static const char *const texts[] = {
            [PRO_RUNG_NONE] = "none",
            [PRO_RUNG_QUEUE] = "queue",
            [PRO_RUNG_FLAG] = "abort flag",
            [PRO_RUNG_INTERRUPT] = "interrupt",
            [PRO_RUNG_TERM] = "SIGTERM",
            [PRO_RUNG_KILL] = "SIGKILL",
    };
    return (size_t)rung < sizeof texts / sizeof texts[0] ? texts[rung] : "unknown";
}

const void *pro_ending_value(const ProEnding *ending, size_t *ret_size)
{
    *ret_size = ending->value_size;
    return ending->value;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

const char *pro_ending_error_type(const ProEnding *ending)
{
    return or_empty(ending->error_type);
}

const char *pro_ending_message(const ProEnding *ending)
{
    return or_empty(ending->message);
}

const char *pro_ending_traceback(const ProEnding *ending)
{
    return or_empty(ending->traceback);
}

ProAbortRung pro_ending_rung(const ProEnding *ending)
{
    return ending->rung;
}

const ProDeath *pro_ending_death(const ProEnding *ending)
{
    return ending->death;
}

void pro_ending_free(ProEnding *ending)
{
    if (ending == NULL)
        return;
    payload_release(&ending->payload);
    free(ending->error_type);
    free(ending->message);
    free(ending->traceback);
    pro_death_unref(ending->death);
    for (size_t i = 0; i < ending->container_count; i++)
        pro_container_unref(ending->containers[i]);
    free(ending->containers);
    free(ending);
}
