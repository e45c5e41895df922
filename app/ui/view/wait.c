/* SPDX-License-Identifier: Apache-2.0 */

/* Wait objects: what they keep, when they are shown. */

#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS INT64_C(1000000)

static ProUiWait *first;

ProUiWait *wait_first(void)
{
    return first;
}

ProStatus pro_ui_start_wait(const char *text, int delay_ms, ProUiWait **ret_wait, ProError *reterr)
{
    const UiBackend *backend = backend_get(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    ProUiWait *wait = calloc(1, sizeof *wait);
    if (wait == NULL)
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a wait object");
    wait->delay_ms = delay_ms;
    wait->begun_ns = loop_now_ns();
    ProUiWait **place = &first;
    while (*place != NULL)
        place = &(*place)->next;
    *place = wait;
    if (backend->wait_begin != NULL)
        backend->wait_begin(wait);
    (void)snprintf(wait->title, sizeof wait->title, "%.60s", text == NULL ? "" : text);
    pro_ui_wait_msg(wait, text == NULL ? "" : text);
    *ret_wait = wait;
    return PRO_OK;
}

/* Shows what is new once its time has come. */
static void show(ProUiWait *wait)
{
    const UiBackend *backend = wait->stopped ? NULL : backend_get(NULL);
    if (backend == NULL)
        return;
    if (!wait->is_shown && loop_now_ns() - wait->begun_ns < wait->delay_ms * MS_NS)
        return;
    wait->is_shown = true;
    backend->wait_show(wait);
}

/* At most PRO_WAIT_TEXT_MAX bytes, and whole characters. */
void pro_ui_wait_msg(ProUiWait *wait, const char *text)
{
    size_t size = strnlen(text, PRO_WAIT_TEXT_MAX);
    while (size > 0 && text[size] != '\0' && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    memcpy(wait->text, text, size);
    wait->text[size] = '\0';
    show(wait);
}

void pro_ui_wait_progress(ProUiWait *wait, int64_t percent)
{
    wait->value = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    if (!wait->has_value) {
        wait->has_value = true;
        wait->first_value = wait->value;
        wait->first_value_ns = loop_now_ns();
    }
    show(wait);
}

bool pro_ui_wait_was_aborted(ProUiWait *wait)
{
    const UiBackend *backend = backend_current();
    if (!wait->aborted && !wait->stopped && backend->wait_was_aborted != NULL)
        wait->aborted = backend->wait_was_aborted(wait);
    return wait->aborted;
}

void pro_ui_wait_abort(ProUiWait *wait)
{
    wait->aborted = true;
    show(wait);
}

void pro_ui_wait_process_events(ProUiWait *wait)
{
    show(wait);
    (void)pro_ui_process_events(NULL);
}

void pro_ui_wait_stop(ProUiWait *wait)
{
    if (wait->stopped)
        return;
    const UiBackend *backend = backend_get(NULL);
    if (wait->is_shown && backend != NULL)
        backend->wait_hide(wait);
    if (backend != NULL && backend->wait_end != NULL)
        backend->wait_end(wait);
    wait->stopped = true;
    for (ProUiWait **place = &first; *place != NULL; place = &(*place)->next) {
        if (*place == wait) {
            *place = wait->next;
            break;
        }
    }
}

void pro_ui_wait_free(ProUiWait *wait)
{
    if (wait == NULL || backend_get(NULL) == NULL)
        return; /* in a wrong thread: it may be on the screen */
    pro_ui_wait_stop(wait);
    free(wait);
}

void wait_estimate(const ProUiWait *wait, char *text, size_t size)
{
    enum { ENOUGH_MS = 500 };
    text[0] = '\0';
    int64_t spent_ns = loop_now_ns() - wait->first_value_ns;
    int64_t done = wait->value - wait->first_value;
    if (!wait->has_value || done <= 0 || spent_ns < ENOUGH_MS * MS_NS)
        return;
    double rate = (double)done * 1e9 / (double)spent_ns;
    int64_t left_s = (int64_t)((double)(100 - wait->value) / rate + 0.5);
    if (left_s >= 3600)
        (void)snprintf(text, size, "%.1f %%/s, %lld h %02lld min left", rate,
                (long long)left_s / 3600, (long long)left_s / 60 % 60);
    else if (left_s >= 60)
        (void)snprintf(text, size, "%.1f %%/s, %lld min %02lld s left", rate,
                (long long)left_s / 60, (long long)left_s % 60);
    else
        (void)snprintf(text, size, "%.1f %%/s, %lld s left", rate, (long long)left_s);
}

/* ---- as ProWaitOps ---- */

static void op_msg(void *user, const char *text)
{
    pro_ui_wait_msg(user, text);
}

static void op_progress(void *user, int64_t value)
{
    pro_ui_wait_progress(user, value);
}

static bool op_was_aborted(void *user)
{
    return pro_ui_wait_was_aborted(user);
}

static void op_abort(void *user)
{
    pro_ui_wait_abort(user);
}

static void op_process_events(void *user)
{
    pro_ui_wait_process_events(user);
}

static void op_stop(void *user)
{
    pro_ui_wait_stop(user);
}

const ProWaitOps *pro_ui_wait_ops(void)
{
    static const ProWaitOps ops = {.msg = op_msg,
            .progress = op_progress,
            .was_aborted = op_was_aborted,
            .abort = op_abort,
            .process_events = op_process_events,
            .stop = op_stop};
    return &ops;
}
