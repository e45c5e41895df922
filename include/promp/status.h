/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_STATUS_H
#define PROMP_STATUS_H

/*
 * How promp's functions fail: a status for the program, a text for the person.
 *
 * A function that can fail returns ProStatus; PRO_OK is 0. Outputs are named ret_* and are written
 * only on success. Where a person reads the reason, the last parameter is `ProError *reterr`:
 * memory of the caller, may be NULL, written only on failure.
 *
 * Threads: any thread; nothing here has state.
 */

#if defined(__GNUC__)
#define PRO_API __attribute__((visibility("default")))
#define PRO_WARN_UNUSED __attribute__((warn_unused_result))
#define PRO_PRINTF(format_index, first_index)                                                      \
    __attribute__((format(printf, format_index, first_index)))
#else
#define PRO_API
#define PRO_WARN_UNUSED
#define PRO_PRINTF(format_index, first_index)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ProStatus {
    PRO_OK = 0,
    PRO_ERR_INVALID,      /* an argument is out of its range; the text names it */
    PRO_ERR_NO_MEMORY,    /* memory could not be had */
    PRO_ERR_SYSTEM,       /* the system refused; ProError.system_error is the errno */
    PRO_ERR_TIMEOUT,      /* the time given went by first */
    PRO_ERR_LIMIT,        /* a named limit would be exceeded */
    PRO_ERR_FORMAT,       /* bytes from outside are malformed */
    PRO_ERR_NOT_FOUND,    /* a file, name or id does not exist */
    PRO_ERR_EMPTY,        /* nothing is queued */
    PRO_ERR_FULL,         /* the other side has too much unread */
    PRO_ERR_CLOSED,       /* the object was closed, or belongs to the process before a fork */
    PRO_ERR_WRONG_THREAD, /* the object belongs to another thread */
    PRO_ERR_WORKER_GONE,  /* the worker was stopped, or is dead and not replaced */
    PRO_ERR_ABORTED,      /* the operation was cancelled */
    PRO_ERR_UNSUPPORTED   /* this build, system or object cannot do it */
} ProStatus;

#define PRO_ERROR_TEXT_BYTES 1024

typedef struct ProError {
    ProStatus status;
    int system_error;                /* errno, or 0 */
    char text[PRO_ERROR_TEXT_BYTES]; /* what, where and what to do; one line, no final newline */
} ProError;

/* The status' name in words ("no memory"); a constant string. */
PRO_API const char *pro_status_text(ProStatus status);

/* The version of the library that runs, as "1.2.3"; a constant string. */
PRO_API const char *pro_version(void);

#ifdef __cplusplus
}
#endif

#endif
