/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_WORKER_H
#define PROMP_WORKER_H

/*
 * ProWorker is the worker's end: what a task, a script or a plug-in may use of the process it runs
 * in.
 *
 * Threads: any thread of the worker process, unless said otherwise.
 */

#include <promp/box.h>
#include <promp/message.h>
#include <promp/status.h>
#include <promp/value.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ProWorker ProWorker;

/* 0 in a process that no manager started, 1 in its workers, 2 in theirs ... */
PRO_API int pro_worker_process_level(void);
/* This process' worker object, or NULL where the level is 0. Lives as long as the process. */
PRO_API ProWorker *pro_worker_current(void);

PRO_API ProWorkerId pro_worker_id(const ProWorker *worker);
PRO_API int pro_worker_level(const ProWorker *worker);

/* Waits while the manager has too many bytes unread (pro_manager_set_pending_limit()). */
PRO_API ProStatus pro_worker_send_message(
        ProWorker *worker, uint32_t id, const void *data, size_t size, ProError *reterr);
PRO_API bool pro_worker_has_message(ProWorker *worker);
PRO_API ProStatus pro_worker_pop_message(
        ProWorker *worker, ProMessage **ret_message, ProError *reterr) PRO_WARN_UNUSED;
/* timeout_ms: 0 polls, -1 waits without end. PRO_ERR_TIMEOUT; PRO_ERR_ABORTED when a signal
 * handler's turn has come (EINTR): call again if there was nothing to do. */
PRO_API ProStatus pro_worker_wait_message(ProWorker *worker, int timeout_ms, ProError *reterr);

/* ---- the wait object of the task that runs ---- */

/* Cheap: may be called millions of times a second, only the latest value travels. */
PRO_API void pro_worker_report_progress(ProWorker *worker, int64_t value);
PRO_API void pro_worker_report_msg(ProWorker *worker, const char *text);
PRO_API bool pro_worker_was_aborted(const ProWorker *worker);
/* The task asks to be counted as aborted: raises the flag itself. */
PRO_API void pro_worker_abort(ProWorker *worker);

/*
 * Hands a box up to the process that has a person in front of it, which shows it in a window or on
 * its terminal, and waits for the answer. Where there is nobody, the box's least button
 * (pro_box_least()) is the answer. For a window of this process' own, where there is a display:
 * pro_ui_message_box() (promp/ui.h), which comes here where there is none.
 *
 * goes_on: asked, in this thread, when a signal has come: whether to wait on. NULL: any signal ends
 *          the box, and so does the task's abort flag.
 *
 * PRO_ERR_ABORTED if one of these ended it: the box is taken off the screen. PRO_ERR_FULL: too many
 * of this process' boxes are open.
 */
PRO_API ProStatus pro_worker_show_box(ProWorker *worker, const ProBox *box,
        bool (*goes_on)(void *user), void *user, ProBoxButtons *ret_button, ProError *reterr);

#ifdef __cplusplus
}
#endif

#endif
