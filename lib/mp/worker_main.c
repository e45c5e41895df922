/* SPDX-License-Identifier: Apache-2.0 */

/* The worker program: told by its arguments to be a nursery or one worker. */

#include "core/error.h"
#include "core/process.h"
#include "mp/far/gateway.h"
#include "mp/limits.h"
#include "mp/nursery.h"
#include "mp/runtime_folder.h"
#include "mp/worker_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static ProStatus limit_memory(uint64_t bytes, ProError *reterr)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    if (bytes != 0 && setrlimit(RLIMIT_AS, &limit) != 0)
        return error_system(reterr, errno, "cannot limit the address space to %llu bytes",
                (unsigned long long)bytes);
    return PRO_OK;
}

/* Outlived its manager before it began: nobody would ever end it. */
static bool host_is_gone(int host_fd)
{
    struct pollfd host = {.fd = host_fd, .events = POLLIN};
    return poll(&host, 1, 0) != 0;
}

static void init_lists(ProWorker *worker)
{
    list_init(&worker->tasks);
    list_init(&worker->messages);
    list_init(&worker->boxes);
    list_init(&worker->requests);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&worker->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static ProStatus start(ProWorker *worker, const WorkerConfig *config,
        const int fds[WORKER_FD_COUNT], ProError *reterr)
{
    worker->id = config->id;
    worker->level = config->level;
    worker->far = config->far;
    worker->pending_limit = config->pending_limit;
    worker->process = process_generation();
    worker->main_thread = pthread_self();
    worker->timer_fd = -1;
    for (int i = 0; i < WORKER_FD_COUNT; i++) {
        worker->fds[i] = fds[i];
        (void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    }
    init_lists(worker);
    /* Orphans of this worker's children come here, not to init, so that they can be ended with it.
     */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)prctl(PR_SET_NAME, "promp-worker");
    ProStatus status = board_map(fds[WORKER_FD_BOARD], &worker->board, reterr);
    if (status != PRO_OK)
        return status;
    worker->outbox.board = worker->board;
    worker->lane.board = worker->board;
    crash_install(fds[WORKER_FD_BOARD]);
    if (chdir(config->folder) != 0)
        return error_system(reterr, errno, "cannot work in the folder %s", config->folder);
    status = limit_memory(config->memory_limit, reterr);
    if (status == PRO_OK)
        status = worker_link_start(worker, config, reterr);
    if (status == PRO_OK && strncmp(config->endpoint, "ipc://", 6) == 0)
        runtime_folder_inherit(config->endpoint + 6, config->id);
    return status;
}

int worker_run(const void *config_bytes, size_t config_size, const int fds[WORKER_FD_COUNT],
        const ProRunnerOps *ops, void *user)
{
    if (host_is_gone(fds[WORKER_FD_HOST]))
        _exit(0);
    ProError error = {0};
    WorkerConfig config;
    ProWorker *worker = calloc(1, sizeof *worker);
    ProStatus status = worker == NULL ? error_set(&error, PRO_ERR_NO_MEMORY, "no memory") : PRO_OK;
    if (status == PRO_OK)
        status = worker_config_read(config_bytes, config_size, &config, &error);
    if (status == PRO_OK)
        status = start(worker, &config, fds, &error);
    if (status == PRO_OK) {
        worker_set_current(worker);
        if (ops->setup != NULL)
            status = ops->setup(user, worker, config.setup, config.setup_size, &error);
    }
    if (status != PRO_OK) {
        (void)dprintf(STDERR_FILENO, "promp worker: cannot start: %s\n", error.text);
        _exit(126);
    }
    worker_serve(worker, ops, user);
    if (ops->stop != NULL)
        ops->stop(user);
    (void)fflush(NULL);
    /* What was not sent stands on the board, where the manager reads it. */
    _exit(0);
}

static int run_execed(const ProRunnerOps *ops, void *user)
{
    static uint8_t config[MP_CONFIG_MAX];
    ssize_t size = pread(WORKER_CONFIG_FD, config, sizeof config, 0);
    (void)close(WORKER_CONFIG_FD);
    if (size < 0)
        return 126;
    int fds[WORKER_FD_COUNT];
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        fds[i] = WORKER_CONFIG_FD + 1 + i;
    return worker_run(config, (size_t)size, fds, ops, user);
}

static void hide_binding(void)
{
    const char *value = getenv(NURSERY_BINDING_NAME);
    if (value != NULL && strcmp(value, NURSERY_BINDING_VALUE) == 0)
        (void)unsetenv(NURSERY_BINDING_NAME);
}

int pro_worker_main(int argc, char **argv, const ProRunnerOps *ops, void *user)
{
    hide_binding();
    bool nursery = argc == 2 && strcmp(argv[1], NURSERY_ARGUMENT) == 0;
    bool worker = argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0;
    if (argc == 2 && strcmp(argv[1], GATEWAY_ARGUMENT) == 0)
        return gateway_run();
    if (!nursery && !worker) {
        (void)fprintf(stderr,
                "%s is the worker program of promp %s: managers start it, people do not.\n",
                argc > 0 ? argv[0] : "promp-worker", pro_version());
        return 2;
    }
    ProError error = {0};
    if (ops->start != NULL && ops->start(user, &error) != PRO_OK) {
        (void)fprintf(stderr, "promp worker: cannot start: %s\n", error.text);
        return 126;
    }
    return nursery ? nursery_run(ops, user) : run_execed(ops, user);
}
