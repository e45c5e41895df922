/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include <glib-unix.h>
#include <promp/promp.h>
#include <promp/share.h>

enum {
    CANCEL_MS = 2000, /* for a task to end by itself, before it is killed */
    TURN_US = 6000,   /* of the main loop, until it is left to others */
};

struct Job {
    Jobs *jobs;
    const JobOps *ops;
    void *user;
    ProWorkerId worker;
    ProTaskId task;
    ProRemoteWait *wait;
};

struct Jobs {
    ProManager *manager;
    char *plugin;
    GPtrArray *running; /* Job */
    guint watch;        /* of the manager's descriptor */
    guint rest;         /* an idle source, if a turn was too short */
    unsigned shared;    /* names given so far */
};

/* ---- the end of a job ---- */

static void job_free(Job *job)
{
    (void)g_ptr_array_remove(job->jobs->running, job);
    pro_remote_wait_free(job->wait);
    g_free(job);
}

void job_drop(Job *job)
{
    if (job == NULL)
        return;
    (void)pro_manager_stop_worker(job->jobs->manager, job->worker, 0, NULL);
    job_free(job);
}

void job_cancel(Job *job)
{
    (void)pro_manager_abort_task(job->jobs->manager, job->task, CANCEL_MS, NULL);
}

static void job_end(Job *job, ProEnding *ending)
{
    (void)pro_manager_stop_worker(job->jobs->manager, job->worker, CANCEL_MS, NULL);
    const JobOps *ops = job->ops;
    void *user = job->user;
    job_free(job);
    ops->ended(user, ending);
    pro_ending_free(ending);
}

/* ---- delivery ---- */

typedef enum Turn { TURN_ALL_DONE, TURN_JOB_GONE, TURN_OVER } Turn;

/* A callback may drop its own job, or others. */
static Turn hand_out_messages(Jobs *jobs, Job *job, gint64 turn_end)
{
    ProMessage *message = NULL;
    while (pro_manager_pop_message(jobs->manager, job->worker, &message, NULL) == PRO_OK) {
        const void *data = pro_message_data(message);
        size_t size = pro_message_size(message);
        if (job->ops->message != NULL && pro_value_check(data, size, NULL) == PRO_OK)
            job->ops->message(job->user, data, size);
        pro_message_free(message);
        if (!g_ptr_array_find(jobs->running, job, NULL))
            return TURN_JOB_GONE;
        if (g_get_monotonic_time() >= turn_end)
            return TURN_OVER;
    }
    return TURN_ALL_DONE;
}

/* False if the turn is over before all was handed out. */
static bool hand_out(Jobs *jobs)
{
    gint64 turn_end = g_get_monotonic_time() + TURN_US;
    for (guint i = 0; i < jobs->running->len;) {
        Job *job = g_ptr_array_index(jobs->running, i);
        ProEnding *ending = NULL;
        Turn turn = hand_out_messages(jobs, job, turn_end);
        if (turn == TURN_OVER)
            return false;
        if (turn == TURN_JOB_GONE)
            continue; /* another one stands in its place */
        if (pro_manager_take_result(jobs->manager, job->worker, &ending, NULL) == PRO_OK)
            job_end(job, ending);
        else
            i++;
    }
    return true;
}

static gboolean go_on(void *user)
{
    Jobs *jobs = user;
    if (!hand_out(jobs))
        return G_SOURCE_CONTINUE;
    jobs->rest = 0;
    return G_SOURCE_REMOVE;
}

static gboolean deliver(int fd, GIOCondition condition, void *user)
{
    Jobs *jobs = user;
    (void)fd;
    (void)condition;
    (void)pro_manager_process_messages(jobs->manager, NULL);
    if (!hand_out(jobs) && jobs->rest == 0)
        jobs->rest = g_idle_add(go_on, jobs);
    return G_SOURCE_CONTINUE;
}

/* ---- starting ---- */

static void take_progress(void *user, int64_t value)
{
    Job *job = user;
    if (job->ops->progress != NULL)
        job->ops->progress(job->user, (int)CLAMP(value, 0, 100));
}

/* $PROMP_TASKS, or beside this program. */
static char *find_plugin(void)
{
    const char *chosen = g_getenv("PROMP_TASKS");
    if (chosen != NULL)
        return g_strdup(chosen);
    char *program = g_file_read_link("/proc/self/exe", NULL);
    char *folder = g_path_get_dirname(program != NULL ? program : ".");
    char *plugin = g_build_filename(folder, "promp-tasks.so", NULL);
    g_free(folder);
    g_free(program);
    return plugin;
}

ProStatus jobs_new(Jobs **ret_jobs, ProError *reterr)
{
    ProManager *manager = NULL;
    ProStatus status = pro_manager_new(&manager, reterr);
    if (status == PRO_OK)
        status = pro_manager_set_options(manager,
                PRO_OPT_REDIRECT_OUTPUT | PRO_OPT_ATOMIC_OUTPUT | PRO_OPT_NO_REPLACE |
                        PRO_OPT_QUIET,
                reterr);
    if (status != PRO_OK) {
        pro_manager_free(manager);
        return status;
    }
    Jobs *jobs = g_new0(Jobs, 1);
    jobs->manager = manager;
    jobs->plugin = find_plugin();
    jobs->running = g_ptr_array_new();
    jobs->watch = g_unix_fd_add(pro_manager_fd(manager), G_IO_IN, deliver, jobs);
    *ret_jobs = jobs;
    return PRO_OK;
}

void jobs_free(Jobs *jobs)
{
    if (jobs == NULL)
        return;
    while (jobs->running->len > 0)
        job_drop(g_ptr_array_index(jobs->running, 0));
    g_clear_handle_id(&jobs->watch, g_source_remove);
    g_clear_handle_id(&jobs->rest, g_source_remove);
    pro_manager_free(jobs->manager);
    g_ptr_array_unref(jobs->running);
    g_free(jobs->plugin);
    g_free(jobs);
}

ProStatus jobs_share(Jobs *jobs, ProContainer *container, char **ret_name, ProError *reterr)
{
    char *name = g_strdup_printf("file %u", ++jobs->shared);
    ProStatus status = pro_manager_share_container(jobs->manager, name, container, reterr);
    if (status == PRO_OK)
        *ret_name = name;
    else
        g_free(name);
    return status;
}

void jobs_unshare(Jobs *jobs, char *name)
{
    if (name != NULL)
        (void)pro_manager_unshare_container(jobs->manager, name, NULL);
    g_free(name);
}

ProStatus jobs_start(Jobs *jobs, const char *function, ProWriter *arguments, const JobOps *ops,
        void *user, Job **ret_job, ProError *reterr)
{
    static const ProWaitOps wait_ops = {.progress = take_progress};
    Job *job = g_new0(Job, 1);
    *job = (Job){.jobs = jobs, .ops = ops, .user = user};
    ProStatus status = pro_manager_start_worker(jobs->manager, &job->worker, reterr);
    if (status != PRO_OK) {
        g_free(job);
        return status;
    }
    g_ptr_array_add(jobs->running, job);
    status =
            pro_manager_create_wait(jobs->manager, job->worker, &wait_ops, job, &job->wait, reterr);
    if (status == PRO_OK)
        status = pro_manager_call_plugin(jobs->manager, job->worker, jobs->plugin, function,
                arguments, true, &job->task, reterr);
    if (status == PRO_OK)
        *ret_job = job;
    else
        job_drop(job);
    return status;
}
