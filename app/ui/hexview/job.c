/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <glib.h>
#include <stdatomic.h>

/* Freed in the main loop, by the last thing that the thread sends there. */
struct HexJob {
    const HexJobOps *ops;
    void *user;
    bool dropped; /* main loop only */
    atomic_bool cancelled;
    atomic_int percent;
};

static void take_progress(void *user, int64_t value)
{
    atomic_store(&((HexJob *)user)->percent, (int)value);
}

static bool was_cancelled(void *user)
{
    return atomic_load(&((HexJob *)user)->cancelled);
}

static gboolean finish(void *user)
{
    HexJob *job = user;
    if (!job->dropped)
        job->ops->done(job->user);
    job->ops->release(job->user);
    g_free(job);
    return G_SOURCE_REMOVE;
}

static void *job_main(void *user)
{
    static const ProWaitOps wait_ops = {.progress = take_progress, .was_aborted = was_cancelled};
    HexJob *job = user;
    const ProProgress progress = {&wait_ops, job};
    job->ops->run(job->user, &progress);
    (void)g_idle_add_full(G_PRIORITY_DEFAULT, finish, job, NULL);
    return NULL;
}

HexJob *hex_job_start(const char *name, const HexJobOps *ops, void *user)
{
    HexJob *job = g_new0(HexJob, 1);
    job->ops = ops;
    job->user = user;
    g_thread_unref(g_thread_new(name, job_main, job));
    return job;
}

int hex_job_percent(const HexJob *job)
{
    return atomic_load(&job->percent);
}

void hex_job_cancel(HexJob *job)
{
    atomic_store(&job->cancelled, true);
}

void hex_job_drop(HexJob *job)
{
    if (job == NULL)
        return;
    job->dropped = true;
    hex_job_cancel(job);
}
