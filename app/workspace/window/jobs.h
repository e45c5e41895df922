/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_JOBS_H
#define WORKSPACE_JOBS_H

#include <promp/container.h>
#include <promp/ending.h>
#include <promp/value.h>

/*
 * Jobs run the functions of promp-tasks.so in workers and bring what they send into the main loop.
 * Each job has a worker of its own: one that dies takes nothing else with it.
 *
 * Threads: the user interface's.
 */

typedef struct Jobs Jobs;
typedef struct Job Job;

typedef struct JobOps {
    /* A message: well-formed, but by a process that may be anybody's. May be NULL. */
    void (*message)(void *user, const void *data, size_t size);
    void (*progress)(void *user, int percent); /* may be NULL */
    /* Once, after all messages; the job is gone then. */
    void (*ended)(void *user, const ProEnding *ending);
} JobOps;

ProStatus jobs_new(Jobs **ret_jobs, ProError *reterr) PRO_WARN_UNUSED;
void jobs_free(Jobs *jobs); /* with all its jobs, of which nothing is heard; NULL is allowed */

/* Shares a container under a name of its own, which lives as long as it is shared. */
ProStatus jobs_share(
        Jobs *jobs, ProContainer *container, char **ret_name, ProError *reterr) PRO_WARN_UNUSED;
void jobs_unshare(Jobs *jobs, char *name); /* frees the name; NULL is allowed */

/* arguments: one encoded sequence; borrowed during the call. `ops` is borrowed for ever. */
ProStatus jobs_start(Jobs *jobs, const char *function, ProWriter *arguments, const JobOps *ops,
        void *user, Job **ret_job, ProError *reterr) PRO_WARN_UNUSED;
void job_cancel(Job *job); /* `ended` will tell */
void job_drop(Job *job);   /* ends it; nothing is heard of it any more; NULL is allowed */

#endif
