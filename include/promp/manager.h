/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_MANAGER_H
#define PROMP_MANAGER_H

/*
 * ProManager starts worker processes, gives them tasks and collects what comes back.
 *
 * Threads:  the thread that called pro_manager_new() owns the manager; calls from another thread
 * answer PRO_ERR_WRONG_THREAD. Any number of managers may exist, in any threads. Delivery: a native
 * thread of the manager keeps workers alive, reads and replaces. What concerns the program (output,
 * results, messages, wait objects) waits until the owner calls pro_manager_process_messages(),
 * _wait() or _wait_message(). pro_manager_fd() tells when. Lifetime: pro_manager_free() ends all
 * its workers. If the process dies in any way, they die too. Fork:     after fork() the child's
 * copy answers PRO_ERR_CLOSED.
 */

#include <promp/ending.h>
#include <promp/message.h>
#include <promp/status.h>
#include <promp/value.h>
#include <promp/wait.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_WORKER_INVALID ((ProWorkerId)0)
#define PRO_WORKER_ALL ((ProWorkerId)0xFFFFFFFF) /* every worker that exists at the call */
#define PRO_WORKER_ANY                                                                             \
    ((ProWorkerId)0xFFFFFFFE) /* a task: the first that is free; else: who has one */

typedef struct ProManager ProManager;

PRO_API ProStatus pro_manager_new(ProManager **ret_manager, ProError *reterr) PRO_WARN_UNUSED;
/* Kills what runs, asks idle workers to exit, reaps all; then every other call answers
 * PRO_ERR_CLOSED. Bounded by PRO_CLOSE_TIMEOUT_MS. Any thread, as long as no other call on the
 * manager is under way. */
PRO_API void pro_manager_close(ProManager *manager);
PRO_API void pro_manager_free(ProManager *manager); /* closes first; NULL is allowed */
#define PRO_CLOSE_TIMEOUT_MS 2000

typedef enum ProOptions {
    PRO_OPT_REDIRECT_OUTPUT = 1 << 0, /* workers' stdout and stderr come to the output handler */
    PRO_OPT_ATOMIC_OUTPUT = 1 << 1,   /* the same, in whole lines; blank writes dropped */
    PRO_OPT_NO_REPLACE = 1 << 2,  /* a dead worker stays dead and its queued tasks die with it */
    PRO_OPT_RETRY_TASKS = 1 << 3, /* a task whose worker died runs once more, then quarantine */
    PRO_OPT_QUIET = 1 << 4,       /* no tracebacks and death notices on stderr */
    PRO_OPT_EXEC_WORKERS = 1 << 5 /* start workers by exec only, not from the nursery */
} ProOptions;

/* May be called at any time; output and start follow the options in force when they happen. */
PRO_API ProStatus pro_manager_set_options(ProManager *manager, uint32_t options, ProError *reterr);
PRO_API uint32_t pro_manager_options(const ProManager *manager);

/* Idle workers kept ready beside the started ones; a start takes one at once. 0 at first. */
PRO_API ProStatus pro_manager_set_spares(ProManager *manager, unsigned count, ProError *reterr);
/* The worker program; NULL restores the search ($PROMP_WORKER, then relative to libpromp). */
PRO_API ProStatus pro_manager_set_worker_program(
        ProManager *manager, const char *path, ProError *reterr);
/* Address space of each worker started from now on; 0: no limit. */
PRO_API ProStatus pro_manager_set_memory_limit(
        ProManager *manager, uint64_t bytes, ProError *reterr);
/* Unread message bytes a worker may have sent (and be sent) before the sender waits. */
PRO_API ProStatus pro_manager_set_pending_limit(
        ProManager *manager, uint64_t bytes, ProError *reterr);
/* An encoded value that every worker's runner gets before its first task (for Python: sys.path). */
PRO_API ProStatus pro_manager_set_setup(
        ProManager *manager, const void *value, size_t size_bytes, ProError *reterr);

/* ---- workers ---- */

/* Returns at once; tasks may be given while the worker still starts. Fails if none can be started:
 * the text lists where the worker program was looked for. */
PRO_API ProStatus pro_manager_start_worker(
        ProManager *manager, ProWorkerId *ret_worker, ProError *reterr) PRO_WARN_UNUSED;
/* Its queued tasks end as aborted, its running task has `timeout_ms` to end before it is killed.
 * The id is gone at once. */
PRO_API ProStatus pro_manager_stop_worker(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr);

typedef enum ProWorkerState {
    PRO_WORKER_STARTING,
    PRO_WORKER_IDLE,
    PRO_WORKER_BUSY,
    PRO_WORKER_DEAD
} ProWorkerState;

PRO_API const char *pro_worker_state_text(ProWorkerState state);

typedef struct ProWorkerInfo {
    ProWorkerId id;
    ProWorkerState state;
    int64_t pid;         /* on its machine; 0 while it starts, and when it is dead */
    uint32_t host;       /* where it runs (promp/host.h); 0: this machine */
    int level;           /* the worker process' level: this process' level + 1 */
    ProTaskId task;      /* running now, or 0 */
    size_t queued_tasks; /* given to this worker and not ended, the running one included */
    double cpu_seconds;  /* user and system, of the process; 0 on another machine */
    uint64_t rss_bytes;  /* the same */
    unsigned restarts;   /* how often it was replaced */
    ProDeath *death;     /* the last death of this id, or NULL; yours to unref */
} ProWorkerInfo;

/* ids of the workers that exist, oldest first. Writes at most `capacity`; returns how many there
 * are. */
PRO_API size_t pro_manager_workers(ProManager *manager, ProWorkerId *ret_ids, size_t capacity);
PRO_API ProStatus pro_manager_worker_info(ProManager *manager, ProWorkerId worker,
        ProWorkerInfo *ret_info, ProError *reterr) PRO_WARN_UNUSED;

/* ---- tasks ---- */

typedef enum ProTaskKind {
    PRO_TASK_EVAL_CODE,        /* text: Python source */
    PRO_TASK_EXECUTE_SCRIPT,   /* text: path of a Python script */
    PRO_TASK_EVAL_FUNCTION,    /* text: Python source; name: the function it defines */
    PRO_TASK_EXECUTE_FUNCTION, /* text: path of a Python script; name: the function it defines */
    PRO_TASK_CALL,         /* text: module; name: qualified name. No module: name is "cloudpickle",
                              the arguments are one bytes value for the runner to unpickle */
    PRO_TASK_PLUGIN,       /* text: path of a shared library; name: an exported ProPluginFn */
    PRO_TASK_TEST_MESSAGE, /* prints "Test message." */
    PRO_TASK_TEST_BOX      /* shows a box with text and ends when it is closed */
} ProTaskKind;

typedef struct ProTaskSpec {
    ProTaskKind kind;
    const char *text;
    size_t text_size; /* bytes; 0 with text set: strlen(text) */
    const char *name;
    ProWriter *arguments; /* one sequence; NULL: no arguments. Borrowed during the call */
    bool want_result;     /* keep the ending for pro_manager_take_result() */
} ProTaskSpec;

/*
 * Gives a task to one worker, to PRO_WORKER_ANY, or to PRO_WORKER_ALL: then as many tasks as there
 * are workers, with consecutive ids from *ret_task on. ret_task may be NULL. Never blocks.
 * PRO_ERR_WORKER_GONE, PRO_ERR_INVALID: the text names the worker.
 */
PRO_API ProStatus pro_manager_give_task(ProManager *manager, ProWorkerId worker,
        const ProTaskSpec *spec, ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;

/* The same, one function a kind. */
PRO_API ProStatus pro_manager_eval_python_code(ProManager *manager, ProWorkerId worker,
        const char *code, ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_execute_python_script(ProManager *manager, ProWorkerId worker,
        const char *path, ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_eval_python_function(ProManager *manager, ProWorkerId worker,
        const char *code, const char *function, ProWriter *arguments, bool want_result,
        ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_execute_python_function(ProManager *manager, ProWorkerId worker,
        const char *path, const char *function, ProWriter *arguments, bool want_result,
        ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_call_plugin(ProManager *manager, ProWorkerId worker, const char *path,
        const char *symbol, ProWriter *arguments, bool want_result, ProTaskId *ret_task,
        ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_test_message(ProManager *manager, ProWorkerId worker,
        ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_manager_test_message_box(ProManager *manager, ProWorkerId worker,
        ProTaskId *ret_task, ProError *reterr) PRO_WARN_UNUSED;

/*
 * Cancels the worker's running task (PRO_WORKER_ALL: of all). At once: the abort flag. Then, for a
 * task that has not ended: KeyboardInterrupt after half of `timeout_ms`, SIGTERM after three
 * quarters, SIGKILL at the end; 0 kills now. Only that worker is replaced. Does not block; nothing
 * happens if none runs.
 */
PRO_API ProStatus pro_manager_abort_operation(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr);
/* The same for one task, wherever it is; one that has not begun ends as aborted without running.
 * PRO_ERR_NOT_FOUND if it has ended. */
PRO_API ProStatus pro_manager_abort_task(
        ProManager *manager, ProTaskId task, int timeout_ms, ProError *reterr);

/* ---- delivery ---- */

/* What every call of this thread on the manager meets first: PRO_OK, PRO_ERR_WRONG_THREAD or
 * PRO_ERR_CLOSED. For bindings whose questions (is_busy, has_results) are to raise. */
PRO_API ProStatus pro_manager_check(const ProManager *manager, ProError *reterr);
/* Delivers what has come; never blocks. */
PRO_API ProStatus pro_manager_process_messages(ProManager *manager, ProError *reterr);
/* True from the call that gives a task until its ending was delivered. */
PRO_API bool pro_manager_is_busy(ProManager *manager);
/* Delivers until nothing is busy. timeout_ms: 0 polls, -1 waits without end. PRO_ERR_TIMEOUT. */
PRO_API ProStatus pro_manager_wait(ProManager *manager, int timeout_ms, ProError *reterr);
/* Delivers until something was delivered that the program can see. PRO_ERR_TIMEOUT. */
PRO_API ProStatus pro_manager_wait_any(ProManager *manager, int timeout_ms, ProError *reterr);
/* Readable when there is something to deliver; poll it, never read it. -1 once closed. */
PRO_API int pro_manager_fd(const ProManager *manager);
/* The same for all managers that the calling thread owns or will own, for event loops that know
 * none of them: readable while one has something to deliver. The thread's; never close it. -1: it
 * could not be made. */
PRO_API int pro_managers_fd(void);
/* Whether any of the calling thread's managers is busy. */
PRO_API bool pro_managers_are_busy(void);
/* Makes the blocking call that is under way return PRO_ERR_ABORTED; else the next one. Any thread
 * and any signal handler. */
PRO_API void pro_manager_interrupt(ProManager *manager);

/* Delivered endings of tasks given with want_result. worker may be PRO_WORKER_ANY. */
PRO_API bool pro_manager_has_results(ProManager *manager, ProWorkerId worker);
/* PRO_ERR_EMPTY if there is none. */
PRO_API ProStatus pro_manager_take_result(ProManager *manager, ProWorkerId worker,
        ProEnding **ret_ending, ProError *reterr) PRO_WARN_UNUSED;

/* stream: 1 or 2. Bytes as they came (whole lines with PRO_OPT_ATOMIC_OUTPUT), lent. Called in the
 * owner thread by calls that deliver. worker 0: a notice of the manager's own, on stream 2. */
typedef void (*ProOutputFn)(
        void *user, ProWorkerId worker, int stream, const void *data, size_t size);
/* NULL: write to this process' file descriptors 1 and 2. */
PRO_API void pro_manager_set_output_handler(ProManager *manager, ProOutputFn handler, void *user);

/* ---- messages ---- */

/* PRO_ERR_FULL if the worker has pending_limit bytes unread. PRO_WORKER_ALL sends to each. */
PRO_API ProStatus pro_manager_send_message(ProManager *manager, ProWorkerId worker, uint32_t id,
        const void *data, size_t size, ProError *reterr);
/* Messages of a worker that was stopped or died stay until they are read. */
PRO_API bool pro_manager_has_message(ProManager *manager, ProWorkerId worker);
/* PRO_ERR_EMPTY if there is none. */
PRO_API ProStatus pro_manager_pop_message(ProManager *manager, ProWorkerId worker,
        ProMessage **ret_message, ProError *reterr) PRO_WARN_UNUSED;
/* Delivers until a message of `worker` is there. PRO_ERR_TIMEOUT; PRO_ERR_WORKER_GONE once none can
 * come. */
PRO_API ProStatus pro_manager_wait_message(
        ProManager *manager, ProWorkerId worker, int timeout_ms, ProError *reterr);

/* ---- wait objects ---- */

typedef struct ProRemoteWait ProRemoteWait;

/* Ties what the worker's tasks report to `ops`. `ops` and `user` are borrowed until _free(). A
 * later call for the same worker takes over. */
PRO_API ProStatus pro_manager_create_wait(ProManager *manager, ProWorkerId worker,
        const ProWaitOps *ops, void *user, ProRemoteWait **ret_wait,
        ProError *reterr) PRO_WARN_UNUSED;
PRO_API bool pro_remote_wait_was_aborted(const ProRemoteWait *wait);
PRO_API void pro_remote_wait_abort(ProRemoteWait *wait); /* raises the task's abort flag */
PRO_API void pro_remote_wait_process_events(ProRemoteWait *wait);
PRO_API void pro_remote_wait_stop(ProRemoteWait *wait); /* ops->stop, once */
PRO_API void pro_remote_wait_free(ProRemoteWait *wait); /* before or after the manager's own end */

/* ---- the environment, for `promp doctor` and error texts ---- */

/* Where the worker program is found; the error text lists where it was looked for. */
PRO_API ProStatus pro_find_worker_program(char *ret_path, size_t path_bytes, ProError *reterr);
/* The folder for this process' sockets (made by the first manager); "" before. */
PRO_API const char *pro_runtime_folder(void);

#ifdef __cplusplus
}
#endif

#endif
