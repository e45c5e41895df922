/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_ENDING_H
#define PROMP_ENDING_H

/*
 * ProEnding is how a task ended, ProDeath how a worker process did. Every task has exactly one
 * ending.
 *
 * Threads: immutable after creation. Lifetime: who takes an ending frees it; a death is counted.
 */

#include <promp/message.h>
#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t ProTaskId; /* per manager, from 1 upward, never given twice; 0 is no task */

typedef enum ProEndingKind {
    PRO_ENDING_RESULT,     /* the task returned; value */
    PRO_ENDING_ERROR,      /* the task raised; error_type, message, traceback */
    PRO_ENDING_ABORTED,    /* cancelled; rung tells by which means */
    PRO_ENDING_DIED,       /* its worker died; death */
    PRO_ENDING_QUARANTINED /* it killed two workers and is not run again; death is the last one */
} ProEndingKind;

/* What ended a cancelled task: the rungs of the ladder that pro_manager_abort_operation() climbs.
 */
typedef enum ProAbortRung {
    PRO_RUNG_NONE,
    PRO_RUNG_QUEUE,     /* it had not begun */
    PRO_RUNG_FLAG,      /* the task saw its wait object's abort flag */
    PRO_RUNG_INTERRUPT, /* KeyboardInterrupt in the worker's main thread */
    PRO_RUNG_TERM,      /* SIGTERM to the worker's process group */
    PRO_RUNG_KILL       /* SIGKILL to the worker's process group */
} ProAbortRung;

typedef struct ProEnding ProEnding;
typedef struct ProDeath ProDeath;

PRO_API ProTaskId pro_ending_task(const ProEnding *ending);
PRO_API ProWorkerId pro_ending_worker(const ProEnding *ending);
PRO_API ProEndingKind pro_ending_kind(const ProEnding *ending);
PRO_API const char *pro_ending_kind_text(ProEndingKind kind); /* "result", "error", ... */
/* The encoded result (<promp/value.h>), checked to be well-formed; lent. Empty unless RESULT. */
PRO_API const void *pro_ending_value(const ProEnding *ending, size_t *ret_size);
PRO_API const char *pro_ending_error_type(const ProEnding *ending); /* "ValueError"; "" if none */
PRO_API const char *pro_ending_message(const ProEnding *ending);    /* one line for a person */
PRO_API const char *pro_ending_traceback(const ProEnding *ending);  /* as Python prints it; or "" */
PRO_API ProAbortRung pro_ending_rung(const ProEnding *ending);
PRO_API const char *pro_abort_rung_text(ProAbortRung rung);
PRO_API const ProDeath *pro_ending_death(
        const ProEnding *ending);                /* lent; NULL if the worker lives */
PRO_API void pro_ending_free(ProEnding *ending); /* NULL is allowed */

typedef enum ProDeathCause {
    PRO_DEATH_EXIT,     /* it exited; exit_code */
    PRO_DEATH_SIGNAL,   /* a signal; signal */
    PRO_DEATH_ABORTED,  /* this manager killed it to cancel a task */
    PRO_DEATH_STOPPED,  /* this manager stopped it */
    PRO_DEATH_PROTOCOL, /* it broke the protocol and was killed */
    PRO_DEATH_START,    /* it never said hello */
    PRO_DEATH_UNKNOWN   /* gone, and who knew its status is gone too */
} ProDeathCause;

PRO_API ProDeath *pro_death_ref(const ProDeath *death);
PRO_API void pro_death_unref(ProDeath *death);
PRO_API ProDeathCause pro_death_cause(const ProDeath *death);
PRO_API int pro_death_exit_code(const ProDeath *death); /* -1 unless it exited */
PRO_API int pro_death_signal(const ProDeath *death);    /* 0 unless a signal ended it */
PRO_API int64_t pro_death_pid(const ProDeath *death);
PRO_API ProTaskId pro_death_task(const ProDeath *death);     /* the task that ran, or 0 */
PRO_API bool pro_death_out_of_memory(const ProDeath *death); /* the kernel's OOM killer was seen */
PRO_API uint64_t pro_death_peak_rss_bytes(const ProDeath *death); /* 0: not known */
PRO_API const char *pro_death_output(const ProDeath *death);      /* its last lines; or "" */
PRO_API const char *pro_death_stack(const ProDeath *death); /* native and Python stack; or "" */
PRO_API const char *pro_death_text(const ProDeath *death);  /* one line for a person */
PRO_API const char *pro_death_json(const ProDeath *death);  /* all of it as one JSON line */

#ifdef __cplusplus
}
#endif

#endif
