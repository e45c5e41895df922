/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_RUNNER_H
#define PROMP_RUNNER_H

/*
 * For worker programs: who executes a task's code. libpromp knows processes and messages; a runner
 * knows a language. promp's own worker program brings the Python runner; plug-in and test tasks are
 * run by libpromp itself and never reach a runner.
 */

#include <promp/manager.h>
#include <promp/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task as the runner sees it; lent during run(). */
typedef struct ProTask {
    ProTaskId id;
    ProTaskKind kind;
    const char *text; /* NUL-terminated as well */
    size_t text_size;
    const char *name;      /* NUL-terminated; "" if none */
    const void *arguments; /* one encoded sequence, or NULL: no arguments */
    size_t arguments_size;
    bool want_result;
} ProTask;

/* Filled by the runner when a task fails; the texts are freed with free(). */
typedef struct ProTaskError {
    bool aborted;    /* it ended because it was cancelled */
    char *type;      /* "ValueError" */
    char *message;   /* one line */
    char *traceback; /* as the language prints it; NULL if none */
} ProTaskError;

/* All are called in the main thread. Every member but `run` may be NULL. */
typedef struct ProRunnerOps {
    /* Once per process that is exec'd, before anything else: make the language ready. In the
     * nursery it must not start threads. */
    ProStatus (*start)(void *user, ProError *reterr);
    /* Around the nursery's fork(). */
    void (*before_fork)(void *user);
    void (*after_fork_parent)(void *user);
    void (*after_fork_child)(void *user);
    /* Once per worker, before its first task. value: pro_manager_set_setup(), may be NULL. */
    ProStatus (*setup)(
            void *user, ProWorker *worker, const void *value, size_t size, ProError *reterr);
    /* The worker is about to block without a task, and is back. */
    void (*idle_begin)(void *user);
    void (*idle_end)(void *user);
    /* Runs one task: true and one value (or none: nil) in `result`, or false and `reterror`. */
    bool (*run)(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror);
    /* Shows a box in a window of this process and waits until it is closed: PRO_OK.
     * PRO_ERR_UNSUPPORTED: there are no windows, so the manager shall show it. Else `reterror` says
     * why the task that wanted the box fails. */
    ProStatus (*show_box)(
            void *user, const ProTask *task, const char *text, ProTaskError *reterror);
    /* After each run(), once interrupts can no longer be aimed at it: one that came too late for
     * the task is pending and must be swallowed here. */
    void (*settle)(void *user);
    /* The worker exits in good order; the process ends by _exit() afterwards. */
    void (*stop)(void *user);
} ProRunnerOps;

/* Where crash handlers write stacks: text that becomes part of the death's report. Not to be
 * closed. */
PRO_API int pro_worker_crash_fd(const ProWorker *worker);

/*
 * The main() of a worker program: serves as the nursery or as one worker, as its arguments say, and
 * returns the exit status. With other arguments than promp's it prints what the program is for.
 */
PRO_API int pro_worker_main(int argc, char **argv, const ProRunnerOps *ops, void *user);

#ifdef __cplusplus
}
#endif

#endif
