/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/death.h"

#include "core/buffer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

ProDeath *death_new(void)
{
    ProDeath *death = calloc(1, sizeof *death);
    if (death != NULL) {
        atomic_init(&death->references, 1);
        death->exit_code = -1;
    }
    return death;
}

ProDeath *pro_death_ref(const ProDeath *death)
{
    ProDeath *counted = (ProDeath *)death;
    if (counted != NULL)
        (void)atomic_fetch_add(&counted->references, 1);
    return counted;
}

void pro_death_unref(ProDeath *death)
{
    if (death == NULL || atomic_fetch_sub(&death->references, 1) != 1)
        return;
    free(death->detail);
    free(death->output);
    free(death->stack);
    free(death->text);
    free(death->json);
    free(death);
}

void death_set_status(ProDeath *death, int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        death->signal = WTERMSIG(wait_status);
        if (death->cause == PRO_DEATH_EXIT)
            death->cause = PRO_DEATH_SIGNAL;
    } else if (WIFEXITED(wait_status)) {
        death->exit_code = WEXITSTATUS(wait_status);
    }
}

int64_t death_oom_kills(void)
{
    FILE *file = fopen("/proc/vmstat", "re");
    if (file == NULL)
        return -1;
    char line[128];
    long long count = -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "oom_kill %lld", &count) == 1)
            break;
    (void)fclose(file);
    return count;
}

static const char *cause_name(ProDeathCause cause)
{
    static const char *const names[] = {
            [PRO_DEATH_EXIT] = "exit",
            [PRO_DEATH_SIGNAL] = "signal",
            [PRO_DEATH_ABORTED] = "aborted",
            [PRO_DEATH_STOPPED] = "stopped",
            [PRO_DEATH_PROTOCOL] = "protocol",
            [PRO_DEATH_START] = "start",
            [PRO_DEATH_UNKNOWN] = "unknown",
    };
    return names[cause];
}

static void append_signal(Buffer *text, int signal_number)
{
    const char *name = sigabbrev_np(signal_number);
    if (name != NULL)
        buffer_append_format(text, "SIG%s", name);
    else
        buffer_append_format(text, "signal %d", signal_number);
}

static void append_what(Buffer *text, const ProDeath *death)
{
    switch (death->cause) {
    case PRO_DEATH_EXIT:
        buffer_append_format(text, "exited with code %d", death->exit_code);
        break;
    case PRO_DEATH_SIGNAL:
        buffer_append_text(text, "died of ");
        append_signal(text, death->signal);
        break;
    case PRO_DEATH_ABORTED:
        buffer_append_text(text, "was killed to cancel its task");
        break;
    case PRO_DEATH_STOPPED:
        buffer_append_text(text, "was stopped");
        break;
    case PRO_DEATH_PROTOCOL:
        buffer_append_text(text, "broke the protocol and was killed");
        break;
    case PRO_DEATH_START:
        buffer_append_text(text, "could not start");
        break;
    case PRO_DEATH_UNKNOWN:
        buffer_append_text(text, "is gone");
        break;
    }
    if (death->cause == PRO_DEATH_START && death->exit_code >= 0)
        buffer_append_format(text, " (exit code %d)", death->exit_code);
    if (death->detail != NULL)
        buffer_append_format(text, ": %s", death->detail);
}

static char *make_text(const ProDeath *death)
{
    Buffer text = {0};
    buffer_append_format(&text, "worker %u (pid %lld) ", death->worker, (long long)death->pid);
    append_what(&text, death);
    if (death->task != 0)
        buffer_append_format(&text, " while running task %llu", (unsigned long long)death->task);
    if (death->out_of_memory)
        buffer_append_text(&text, "; the kernel's OOM killer was at work");
    if (death->peak_rss_bytes != 0)
        buffer_append_format(
                &text, " (peak memory %.1f MiB)", (double)death->peak_rss_bytes / 1048576);
    char *copy = strdup(buffer_text(&text));
    buffer_fini(&text);
    return copy;
}

static void append_json_text(Buffer *json, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buffer_append_format(json, ", \"%s\": \"", name);
    for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
        if (*byte == '"' || *byte == '\\')
            buffer_append_format(json, "\\%c", *byte);
        else if (*byte == '\n')
            buffer_append_text(json, "\\n");
        else if (*byte < 0x20 || *byte >= 0x7F) /* bytes of any encoding, kept apart */
            buffer_append_format(json, "\\u%04x", *byte);
        else
            buffer_append_u8(json, *byte);
    }
    buffer_append_text(json, "\"");
}

static char *make_json(const ProDeath *death)
{
    Buffer json = {0};
    buffer_append_format(&json, "{\"worker\": %u, \"pid\": %lld, \"cause\": \"%s\"", death->worker,
            (long long)death->pid, cause_name(death->cause));
    if (death->exit_code >= 0)
        buffer_append_format(&json, ", \"exit_code\": %d", death->exit_code);
    if (death->signal != 0) {
        buffer_append_text(&json, ", \"signal\": \"");
        append_signal(&json, death->signal);
        buffer_append_text(&json, "\"");
    }
    if (death->task != 0)
        buffer_append_format(&json, ", \"task\": %llu", (unsigned long long)death->task);
    buffer_append_format(&json, ", \"out_of_memory\": %s, \"peak_rss_bytes\": %llu",
            death->out_of_memory ? "true" : "false", (unsigned long long)death->peak_rss_bytes);
    append_json_text(&json, "detail", death->detail);
    append_json_text(&json, "output", death->output);
    append_json_text(&json, "stack", death->stack);
    buffer_append_text(&json, "}");
    char *copy = strdup(buffer_text(&json));
    buffer_fini(&json);
    return copy;
}

void death_describe(ProDeath *death)
{
    death->text = make_text(death);
    death->json = make_json(death);
}

ProDeathCause pro_death_cause(const ProDeath *death)
{
    return death->cause;
}

int pro_death_exit_code(const ProDeath *death)
{
    return death->exit_code;
}

int pro_death_signal(const ProDeath *death)
{
    return death->signal;
}

int64_t pro_death_pid(const ProDeath *death)
{
    return death->pid;
}

ProTaskId pro_death_task(const ProDeath *death)
{
    return death->task;
}

bool pro_death_out_of_memory(const ProDeath *death)
{
    return death->out_of_memory;
}

uint64_t pro_death_peak_rss_bytes(const ProDeath *death)
{
    return death->peak_rss_bytes;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

const char *pro_death_output(const ProDeath *death)
{
    return or_empty(death->output);
}

const char *pro_death_stack(const ProDeath *death)
{
    return or_empty(death->stack);
}

const char *pro_death_text(const ProDeath *death)
{
    return or_empty(death->text);
}

const char *pro_death_json(const ProDeath *death)
{
    return or_empty(death->json);
}
