/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKER_PYTHON_H
#define WORKER_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <promp/runner.h>
#include <stdbool.h>

/* The Python of a worker: worker_start.c makes the interpreter ready, worker_run.c executes tasks,
 * worker_code.c keeps compiled code, worker_error.c tells how a task failed. All in the main
 * thread. */

/* ---- worker_start.c ---- */

ProStatus worker_python_start(void *user, ProError *reterr);
void worker_python_before_fork(void *user);
void worker_python_after_fork_parent(void *user);
void worker_python_after_fork_child(void *user);
ProStatus worker_python_setup(
        void *user, ProWorker *worker, const void *value, size_t size, ProError *reterr);
void worker_python_stop(void *user);
/* Without a task the interpreter belongs to the other threads that tasks may have left. */
void worker_python_idle_begin(void *user);
void worker_python_idle_end(void *user);

/* ---- worker_code.c ---- */

/* The file name, in tracebacks, of code that is in no file. */
#define WORKER_CODE_NAME "<promp>"

/* Compiled source, from the cache if it was compiled before. New reference; NULL with SyntaxError.
 */
PyObject *worker_code_of_source(const char *source, size_t size);
/* The same of a file, compiled anew when it changed. */
PyObject *worker_code_of_file(const char *path);

/* ---- worker_run.c ---- */

ProStatus worker_python_show_box(
        void *user, const ProTask *task, const char *text, ProTaskError *reterror);
bool worker_python_run(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror);
void worker_python_settle(void *user);
/* What sys.stdout and sys.stderr are now writes at once: it need not be flushed after each task. */
void worker_output_is_own(void);
/* A namespace was left to the garbage collector. */
extern bool worker_garbage;

/* ---- worker_error.c ---- */

/* Turns the exception that is set into the task's error; true if it is none after all
 * (SystemExit(0)). */
bool worker_error_take(const ProTask *task, ProTaskError *reterror);

#endif
