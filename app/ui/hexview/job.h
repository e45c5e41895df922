/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_JOB_H
#define UI_HEX_JOB_H

#include <promp/container.h>

/*
 * Work of a hex view in a thread of its own: finding, copying. The window goes on meanwhile.
 *
 * Threads:  the user interface's, but for `run`.
 * Lifetime: until `done` was called, or hex_job_drop(). A job that was dropped ends when it can;
 *           nobody hears of it but `release`.
 */

typedef struct HexJob HexJob;

typedef struct HexJobOps {
    /* In the job's thread: tells `progress`, which also knows whether to stop. */
    void (*run)(void *user, const ProProgress *progress);
    /* In the main loop, once `run` has returned; not after hex_job_drop(). The job is gone then. */
    void (*done)(void *user);
    /* In the main loop, last of all: frees `user`. */
    void (*release)(void *user);
} HexJobOps;

/* `ops` is borrowed for ever, `user` until `release`. */
HexJob *hex_job_start(const char *name, const HexJobOps *ops, void *user);
int hex_job_percent(const HexJob *job);
void hex_job_cancel(HexJob *job); /* `done` will tell */
void hex_job_drop(HexJob *job);   /* cancels as well; NULL is allowed */

#endif
