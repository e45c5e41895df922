/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/launcher.h"

#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/nursery.h"
#include "mp/runtime_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Descriptors are moved above those that the child wants before they are put in place. */
enum { SPAWN_FDS_MAX = 10, SAFE_FD = SPAWN_FDS_MAX };

typedef struct SpawnPlan {
    const char *program;
    const char *argument;
    int fds[SPAWN_FDS_MAX]; /* index: the number in the child; -1: /dev/null */
    int fd_count;
    short flags;
    bool bind_now; /* see NURSERY_BINDING_NAME */
} SpawnPlan;

static int add_file_actions(posix_spawn_file_actions_t *actions, const SpawnPlan *plan, int *moved)
{
    int error = 0;
    for (int target = 0; target < plan->fd_count && error == 0; target++) {
        moved[target] = -1;
        if (plan->fds[target] < 0) {
            error = posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0);
            continue;
        }
        moved[target] = fcntl(plan->fds[target], F_DUPFD_CLOEXEC, SAFE_FD);
        if (moved[target] < 0)
            return errno;
        error = posix_spawn_file_actions_adddup2(actions, moved[target], target);
    }
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(actions, plan->fd_count);
    return error;
}

/* The child begins with default signal handling and nothing blocked, whatever the host does. */
static int set_attributes(posix_spawnattr_t *attributes, short flags)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(
            attributes, (short)(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

/* The host's environment, and the linker's variable in front. The caller frees it; NULL: no memory.
 */
static char **environment_that_binds(void)
{
    static char binding[] = NURSERY_BINDING_NAME "=" NURSERY_BINDING_VALUE;
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **environment = calloc(count + 2, sizeof *environment);
    if (environment == NULL)
        return NULL;
    environment[0] = binding;
    memcpy(environment + 1, environ, count * sizeof *environ);
    return environment;
}

static int spawn(const SpawnPlan *plan, pid_t *ret_pid)
{
    int moved[SPAWN_FDS_MAX];
    for (int i = 0; i < SPAWN_FDS_MAX; i++)
        moved[i] = -1;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    char *arguments[] = {(char *)plan->program, (char *)plan->argument, NULL};
    int error = add_file_actions(&actions, plan, moved);
    if (error == 0)
        error = set_attributes(&attributes, plan->flags);
    bool binds = plan->bind_now && getenv(NURSERY_BINDING_NAME) == NULL;
    char **environment = binds ? environment_that_binds() : NULL;
    if (error == 0)
        error = posix_spawn(ret_pid, plan->program, &actions, &attributes, arguments,
                environment != NULL ? environment : environ);
    free(environment);
    for (int i = 0; i < plan->fd_count; i++)
        if (moved[i] >= 0)
            (void)close(moved[i]);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

/* ---- the nurseries of this process ---- */

typedef struct Nursery {
    struct Nursery *next;
    int control;
    int pidfd;
    char program[]; /* which worker program it is */
} Nursery;

static struct {
    pthread_mutex_t lock;
    Nursery *first;
    int host_pidfd;
    pid_t pid; /* after a fork these are the parent's */
} nurseries = {.lock = PTHREAD_MUTEX_INITIALIZER, .host_pidfd = -1};

static void forget_after_fork(void)
{
    if (nurseries.pid == getpid())
        return;
    nurseries.pid = getpid();
    nurseries.first = NULL;
    nurseries.host_pidfd = pidfd_open(getpid(), 0);
}

int launcher_host_pidfd(void)
{
    (void)pthread_mutex_lock(&nurseries.lock);
    forget_after_fork();
    int pidfd = nurseries.host_pidfd;
    (void)pthread_mutex_unlock(&nurseries.lock);
    return pidfd;
}

static bool nursery_is_alive(const Nursery *nursery)
{
    struct pollfd process = {.fd = nursery->pidfd, .events = POLLIN};
    return poll(&process, 1, 0) == 0;
}

static void bury_nursery(Nursery **place)
{
    Nursery *dead = *place;
    *place = dead->next;
    siginfo_t info;
    (void)waitid(P_PIDFD, (id_t)dead->pidfd, &info, WEXITED);
    (void)close(dead->pidfd);
    (void)close(dead->control);
    free(dead);
}

static Nursery *find_nursery(const char *program)
{
    for (Nursery **place = &nurseries.first; *place != NULL;) {
        if (!nursery_is_alive(*place))
            bury_nursery(place);
        else if (strcmp((*place)->program, program) == 0)
            return *place;
        else
            place = &(*place)->next;
    }
    return NULL;
}

static ProStatus start_nursery(const char *program, Nursery **ret_nursery, ProError *reterr)
{
    Nursery *nursery = malloc(sizeof *nursery + strlen(program) + 1);
    if (nursery == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a nursery");
    int ends[2];
    ProStatus status = fd_channel_pair(ends, reterr);
    if (status != PRO_OK) {
        free(nursery);
        return status;
    }
    /* A process group of its own: no terminal's Ctrl-C reaches it or its workers. Not a session of
     * its own: the kernel's autogroups share the processor by session, and with many sessions a
     * worker may then wait for seconds. */
    SpawnPlan plan = {.program = program,
            .argument = NURSERY_ARGUMENT,
            .fds = {-1, -1, -1, ends[1], nurseries.host_pidfd},
            .fd_count = 5,
            .flags = POSIX_SPAWN_SETPGROUP,
            .bind_now = true};
    pid_t pid;
    int error = spawn(&plan, &pid);
    (void)close(ends[1]);
    nursery->pidfd = error == 0 ? pidfd_open(pid, 0) : -1;
    if (error == 0 && nursery->pidfd < 0)
        error = errno;
    if (error != 0) {
        (void)close(ends[0]);
        free(nursery);
        return error_system(reterr, error, "cannot start the worker program %s", program);
    }
    nursery->control = ends[0];
    (void)strcpy(nursery->program, program);
    nursery->next = nurseries.first;
    nurseries.first = nursery;
    *ret_nursery = nursery;
    return PRO_OK;
}

static ProStatus connect_to(const Nursery *nursery, Launcher *ret_launcher, ProError *reterr)
{
    int ends[2];
    ProStatus status = fd_channel_pair(ends, reterr);
    if (status != PRO_OK)
        return status;
    Buffer packet = {0};
    NurseryHead head = {.packet = NURSERY_CONNECT};
    const char *folder = runtime_folder_own();
    buffer_append(&packet, &head, sizeof head);
    buffer_append(&packet, folder, strlen(folder) + 1);
    status = packet.failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a packet")
                           : fd_channel_send(nursery->control, packet.data, packet.size, &ends[1],
                                     1, reterr);
    buffer_fini(&packet);
    (void)close(ends[1]);
    if (status != PRO_OK) {
        (void)close(ends[0]);
        return status;
    }
    ret_launcher->channel = ends[0];
    return PRO_OK;
}

ProStatus launcher_open(Launcher *ret_launcher, const char *program, ProError *reterr)
{
    (void)pthread_mutex_lock(&nurseries.lock);
    forget_after_fork();
    Nursery *nursery = find_nursery(program);
    ProStatus status = PRO_OK;
    if (nursery == NULL)
        status = start_nursery(program, &nursery, reterr);
    if (status == PRO_OK)
        status = connect_to(nursery, ret_launcher, reterr);
    (void)pthread_mutex_unlock(&nurseries.lock);
    return status;
}

static ProStatus tell_gateway(int channel, const void *start, size_t size, ProError *reterr)
{
    Buffer packet = {0};
    const NurseryHead head = {.packet = GATEWAY_LISTEN};
    buffer_append(&packet, &head, sizeof head);
    buffer_append(&packet, start, size);
    ProStatus status =
            packet.failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a packet")
                          : fd_channel_send(channel, packet.data, packet.size, NULL, 0, reterr);
    if (packet.data != NULL)
        explicit_bzero(packet.data, packet.size); /* it holds a key */
    buffer_fini(&packet);
    return status;
}

ProStatus launcher_open_gateway(Launcher *ret_launcher, const char *program, const void *start,
        size_t start_size, int *ret_pidfd, ProError *reterr)
{
    int ends[2];
    pid_t pid;
    int host_pidfd = launcher_host_pidfd();
    ProStatus status = fd_channel_pair(ends, reterr);
    if (status != PRO_OK)
        return status;
    ret_launcher->channel = ends[0];
    status = tell_gateway(ends[0], start, start_size, reterr);
    SpawnPlan plan = {.program = program,
            .argument = GATEWAY_ARGUMENT,
            .fds = {-1, -1, -1, ends[1], host_pidfd},
            .fd_count = 5,
            .flags = POSIX_SPAWN_SETPGROUP};
    int error = status == PRO_OK ? spawn(&plan, &pid) : 0;
    (void)close(ends[1]);
    *ret_pidfd = status == PRO_OK && error == 0 ? pidfd_open(pid, 0) : -1;
    if (status == PRO_OK && error == 0 && *ret_pidfd < 0)
        error = errno;
    if (status == PRO_OK && error != 0)
        status = error_system(reterr, error, "cannot start the worker program %s", program);
    if (status != PRO_OK)
        launcher_close(ret_launcher);
    return status;
}

void launcher_close_gateway(Launcher *launcher, int *pidfd)
{
    enum { PATIENCE_MS = 500 };
    launcher_close(launcher);
    if (*pidfd < 0)
        return;
    struct pollfd process = {.fd = *pidfd, .events = POLLIN};
    siginfo_t info;
    if (poll(&process, 1, PATIENCE_MS) <= 0)
        (void)pidfd_send_signal(*pidfd, SIGKILL, NULL, 0);
    (void)waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED);
    (void)close(*pidfd);
    *pidfd = -1;
}

void launcher_close(Launcher *launcher)
{
    if (launcher->channel >= 0)
        (void)close(launcher->channel);
    launcher->channel = -1;
}

int launcher_fd(const Launcher *launcher)
{
    return launcher->channel;
}

ProStatus launcher_start(Launcher *launcher, uint64_t request, const Buffer *config,
        const int fds[WORKER_FD_COUNT], ProError *reterr)
{
    Buffer packet = {0};
    NurseryHead head = {.packet = NURSERY_START, .request = request};
    buffer_append(&packet, &head, sizeof head);
    buffer_append(&packet, config->data, config->size);
    ProStatus status = packet.failed
                               ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a packet")
                               : fd_channel_send(launcher->channel, packet.data, packet.size, fds,
                                         WORKER_FD_COUNT, reterr);
    buffer_fini(&packet);
    return status;
}

ProStatus launcher_receive(Launcher *launcher, LaunchEvent *ret_event, ProError *reterr)
{
    struct {
        NurseryHead head;
        char text[sizeof ret_event->text];
    } packet;
    size_t size = 0;
    size_t fd_count = 0;
    int fd = -1;
    ProStatus status = fd_channel_receive(
            launcher->channel, &packet, sizeof packet - 1, &size, &fd, 1, &fd_count, reterr);
    if (status != PRO_OK)
        return status;
    bool wants_fd = packet.head.packet == NURSERY_STARTED;
    if (size < sizeof packet.head || packet.head.packet < NURSERY_STARTED ||
            packet.head.packet > GATEWAY_NOTICE || wants_fd != (fd_count == 1)) {
        if (fd_count == 1)
            (void)close(fd);
        return error_set(
                reterr, PRO_ERR_FORMAT, "malformed packet of %zu bytes from the nursery", size);
    }
    LaunchEvent event = {.kind = (LaunchEventKind)(packet.head.packet - NURSERY_STARTED),
            .request = packet.head.request,
            .pid = (pid_t)packet.head.pid,
            .pidfd = fd,
            .wait_status = packet.head.wait_status,
            .peak_rss_bytes = packet.head.peak_rss_bytes,
            .host = packet.head.host};
    memcpy(event.text, packet.text, size - sizeof packet.head);
    *ret_event = event;
    return PRO_OK;
}

static int config_memfd(const Buffer *config)
{
    int fd = memfd_create("promp-config", MFD_CLOEXEC);
    if (fd >= 0 && pwrite(fd, config->data, config->size, 0) != (ssize_t)config->size) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

ProStatus launcher_exec(const char *program, const Buffer *config, const int fds[WORKER_FD_COUNT],
        pid_t *ret_pid, int *ret_pidfd, ProError *reterr)
{
    int config_fd = config_memfd(config);
    if (config_fd < 0)
        return error_system(reterr, errno, "cannot make a memfd for a worker's configuration");
    SpawnPlan plan = {.program = program,
            .argument = WORKER_ARGUMENT,
            .fds = {-1, fds[WORKER_FD_STDOUT], fds[WORKER_FD_STDERR], config_fd},
            .fd_count = WORKER_CONFIG_FD + 1 + WORKER_FD_COUNT,
            .flags = POSIX_SPAWN_SETPGROUP};
    for (int i = 0; i < WORKER_FD_COUNT; i++)
        plan.fds[WORKER_CONFIG_FD + 1 + i] = fds[i];
    pid_t pid;
    int error = spawn(&plan, &pid);
    (void)close(config_fd);
    int pidfd = error == 0 ? pidfd_open(pid, 0) : -1;
    if (error == 0 && pidfd < 0)
        error = errno;
    if (error != 0)
        return error_system(reterr, error, "cannot start the worker program %s", program);
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return PRO_OK;
}
