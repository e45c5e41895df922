/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/nursery.h"

#include "core/error.h"
#include "mp/fd_channel.h"
#include "mp/runtime_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 4096, STRAY_ROUNDS = 50, FULL_RETRY_MS = 2 };

typedef struct Child {
    pid_t pid;
    int channel; /* of the manager that asked for it; -1 once that is closed */
} Child;

typedef struct Nursery {
    const ProRunnerOps *ops;
    void *user;
    int signals;   /* a signalfd of SIGCHLD */
    int *channels; /* one per manager */
    size_t channel_count;
    Child *children;
    size_t child_count;
    char folder[PATH_MAX]; /* the host's runtime folder, to be removed after its death */
    int exit_status;       /* of the worker, in a forked child */
    bool is_worker;
} Nursery;

static void say(int channel, const NurseryHead *head, const char *text, const int *fd)
{
    char packet[sizeof *head + 256];
    size_t text_size = strnlen(text, 255);
    memcpy(packet, head, sizeof *head);
    memcpy(packet + sizeof *head, text, text_size);
    ProStatus status = fd_channel_send(
            channel, packet, sizeof *head + text_size, fd, fd == NULL ? 0 : 1, NULL);
    /* A manager that reads nothing misses an exit status, not a death: it watches the pidfd too. */
    (void)status;
}

/* This one must arrive: the worker does not begin before. False if nobody is there to hear it. */
static bool say_started(int channel, const NurseryHead *head, int pidfd)
{
    for (;;) {
        ProStatus status = fd_channel_send(channel, head, sizeof *head, &pidfd, 1, NULL);
        if (status != PRO_ERR_FULL)
            return status == PRO_OK;
        struct pollfd host = {.fd = NURSERY_HOST_FD, .events = POLLIN};
        if (poll(&host, 1, FULL_RETRY_MS) > 0)
            return false;
    }
}

static void close_all(Nursery *nursery)
{
    for (size_t i = 0; i < nursery->channel_count; i++)
        (void)close(nursery->channels[i]);
    (void)close(nursery->signals);
    (void)close(NURSERY_CONTROL_FD);
    (void)close(NURSERY_HOST_FD);
    free(nursery->channels);
    free(nursery->children);
}

/* In the child: put on the worker's clothes and run it, once the manager was told of it. */
static void become_worker(Nursery *nursery, const void *config, size_t config_size,
        const int fds[WORKER_FD_COUNT], int told)
{
    char byte;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    if (nursery->ops->after_fork_child != NULL)
        nursery->ops->after_fork_child(nursery->user);
    (void)dup2(fds[WORKER_FD_STDOUT], STDOUT_FILENO);
    (void)dup2(fds[WORKER_FD_STDERR], STDERR_FILENO);
    close_all(nursery);
    nursery->is_worker = true;
    if (read(told, &byte, 1) != 1)
        _exit(0); /* the nursery is dead, or the manager gone */
    (void)close(told);
    nursery->exit_status = worker_run(config, config_size, fds, nursery->ops, nursery->user);
}

static bool remember_child(Nursery *nursery, pid_t pid, int channel)
{
    Child *grown = realloc(nursery->children, (nursery->child_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    nursery->children = grown;
    grown[nursery->child_count++] = (Child){.pid = pid, .channel = channel};
    return true;
}

/* The manager hears of the child, then the child begins: whoever gets a worker's hello can know its
 * pid. */
static void announce(Nursery *nursery, int channel, uint64_t request, pid_t pid, int told)
{
    NurseryHead head = {.packet = NURSERY_STARTED, .request = request, .pid = pid};
    (void)setpgid(pid, pid); /* here too: whoever is first */
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0 || !remember_child(nursery, pid, channel)) {
        head.packet = NURSERY_FAILED;
        say(channel, &head, strerror(errno), NULL);
        (void)kill(pid, SIGKILL);
    } else if (!say_started(channel, &head, pidfd) || write(told, "", 1) != 1) {
        (void)kill(pid, SIGKILL);
    }
    if (pidfd >= 0)
        (void)close(pidfd);
}

static void fork_worker(Nursery *nursery, int channel, uint64_t request, const void *config,
        size_t config_size, const int fds[WORKER_FD_COUNT])
{
    NurseryHead head = {.packet = NURSERY_FAILED, .request = request};
    if (nursery->child_count >= CHILDREN_MAX) {
        say(channel, &head, "too many workers", NULL);
        return;
    }
    int told[2];
    if (pipe2(told, O_CLOEXEC) != 0) {
        say(channel, &head, strerror(errno), NULL);
        return;
    }
    if (nursery->ops->before_fork != NULL)
        nursery->ops->before_fork(nursery->user);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(told[1]);
        become_worker(nursery, config, config_size, fds, told[0]);
        return;
    }
    int system_error = errno;
    if (nursery->ops->after_fork_parent != NULL)
        nursery->ops->after_fork_parent(nursery->user);
    if (pid < 0)
        say(channel, &head, strerror(system_error), NULL);
    else
        announce(nursery, channel, request, pid, told[1]);
    (void)close(told[0]);
    (void)close(told[1]);
}

/* Processes that outlived their worker became children of the nursery, which is a subreaper. */
static bool is_worker_pid(const Nursery *nursery, pid_t pid)
{
    for (size_t i = 0; i < nursery->child_count; i++)
        if (nursery->children[i].pid == pid)
            return true;
    return false;
}

static size_t kill_strays(const Nursery *nursery)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    if (list == NULL)
        return 0;
    size_t killed = 0;
    int pid;
    while (fscanf(list, "%d", &pid) == 1) {
        if (is_worker_pid(nursery, pid))
            continue;
        (void)kill(pid, SIGKILL);
        killed++;
    }
    (void)fclose(list);
    return killed;
}

static void report_exit(Nursery *nursery, pid_t pid, int wait_status, const struct rusage *usage)
{
    for (size_t i = 0; i < nursery->child_count; i++) {
        if (nursery->children[i].pid != pid)
            continue;
        NurseryHead head = {.packet = NURSERY_EXITED,
                .wait_status = wait_status,
                .pid = pid,
                .peak_rss_bytes = (uint64_t)usage->ru_maxrss * 1024};
        if (nursery->children[i].channel >= 0)
            say(nursery->children[i].channel, &head, "", NULL);
        nursery->children[i] = nursery->children[--nursery->child_count];
        return;
    }
}

/* Reaps whoever is dead. A worker's group is killed before its pid becomes free for reuse. */
static void reap(Nursery *nursery)
{
    struct signalfd_siginfo discarded;
    while (read(nursery->signals, &discarded, sizeof discarded) > 0)
        continue;
    bool reaped = false;
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            break;
        if (is_worker_pid(nursery, info.si_pid))
            (void)kill(-info.si_pid, SIGKILL);
        int wait_status = 0;
        struct rusage usage = {0};
        if (wait4(info.si_pid, &wait_status, WNOHANG, &usage) == info.si_pid)
            report_exit(nursery, info.si_pid, wait_status, &usage);
        reaped = true;
    }
    if (reaped && kill_strays(nursery) > 0)
        (void)raise(SIGCHLD); /* come again for those */
}

static void accept_channel(Nursery *nursery)
{
    struct {
        NurseryHead head;
        char folder[PATH_MAX];
    } packet = {0};
    size_t size = 0;
    size_t fd_count = 0;
    int fd = -1;
    while (fd_channel_receive(NURSERY_CONTROL_FD, &packet, sizeof packet - 1, &size, &fd, 1,
                   &fd_count, NULL) == PRO_OK) {
        if (fd_count != 1)
            continue;
        int *grown = realloc(nursery->channels, (nursery->channel_count + 1) * sizeof *grown);
        if (grown == NULL) {
            (void)close(fd);
            continue;
        }
        nursery->channels = grown;
        grown[nursery->channel_count++] = fd;
        memcpy(nursery->folder, packet.folder, sizeof nursery->folder);
        nursery->folder[sizeof nursery->folder - 1] = '\0';
    }
}

static void drop_channel(Nursery *nursery, size_t index)
{
    int channel = nursery->channels[index];
    for (size_t i = 0; i < nursery->child_count; i++)
        if (nursery->children[i].channel == channel)
            nursery->children[i].channel = -1;
    (void)close(channel);
    nursery->channels[index] = nursery->channels[--nursery->channel_count];
}

static void close_fds(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
}

/* One request of one manager; false if its channel is at its end. */
static bool serve_channel(Nursery *nursery, size_t index)
{
    static union {
        NurseryHead head;
        uint8_t bytes[sizeof(NurseryHead) + MP_CONFIG_MAX];
    } packet;
    int channel = nursery->channels[index];
    size_t size = 0;
    size_t fd_count = 0;
    int fds[FD_CHANNEL_FDS_MAX];
    ProStatus status = fd_channel_receive(channel, packet.bytes, sizeof packet.bytes, &size, fds,
            FD_CHANNEL_FDS_MAX, &fd_count, NULL);
    if (status == PRO_ERR_CLOSED || status == PRO_ERR_SYSTEM)
        return false;
    if (status != PRO_OK)
        return true;
    if (size > sizeof packet.head && packet.head.packet == NURSERY_START &&
            fd_count == WORKER_FD_COUNT) {
        fork_worker(nursery, channel, packet.head.request, packet.bytes + sizeof packet.head,
                size - sizeof packet.head, fds);
        if (nursery->is_worker)
            return true;
    }
    close_fds(fds, fd_count);
    return true;
}

/* The host is gone: so is everything else, whatever state it is in. */
static void end_everything(Nursery *nursery)
{
    accept_channel(nursery); /* the folder, should the host have died before we came to it */
    for (int round = 0; round < STRAY_ROUNDS; round++) {
        for (size_t i = 0; i < nursery->child_count; i++)
            (void)kill(-nursery->children[i].pid, SIGKILL);
        reap(nursery);
        if (nursery->child_count == 0 && kill_strays(nursery) == 0)
            break;
        (void)poll(NULL, 0, 1);
    }
    if (nursery->folder[0] != '\0')
        runtime_folder_remove(nursery->folder);
}

/* Waits once and serves what came. False at the host's end, or in a forked worker. */
static bool serve(Nursery *nursery)
{
    size_t count = 3 + nursery->channel_count;
    struct pollfd *fds = calloc(count, sizeof *fds);
    if (fds == NULL)
        return false;
    fds[0] = (struct pollfd){.fd = NURSERY_HOST_FD, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = nursery->signals, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = NURSERY_CONTROL_FD, .events = POLLIN};
    for (size_t i = 3; i < count; i++)
        fds[i] = (struct pollfd){.fd = nursery->channels[i - 3], .events = POLLIN};
    bool goes_on = poll(fds, count, -1) >= 0 || errno == EINTR;
    if (fds[0].revents != 0 || (fds[2].revents & POLLHUP) != 0)
        goes_on = false;
    if (goes_on && fds[1].revents != 0)
        reap(nursery);
    /* From the last on: dropping a channel moves the last into its place. */
    for (size_t i = count; goes_on && i > 3; i--) {
        if (fds[i - 1].revents == 0)
            continue;
        bool open = serve_channel(nursery, i - 4);
        if (nursery->is_worker)
            goes_on = false;
        else if (!open)
            drop_channel(nursery, i - 4);
    }
    if (goes_on && fds[2].revents != 0)
        accept_channel(nursery);
    free(fds);
    return goes_on;
}

/*
 * What each worker would else do for itself, at a tenth of its start: libzmq's PGM asks for a
 * protocol's number with each context, and the first such question makes libc read its
 * configuration and look for modules in dozens of folders.
 */
static void warm_up_libc(void)
{
    (void)getprotobyname("pgm");
}

int nursery_run(const ProRunnerOps *ops, void *user)
{
    Nursery nursery = {.ops = ops, .user = user};
    warm_up_libc();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)prctl(PR_SET_NAME, "promp-nursery");
    sigset_t child_signal;
    (void)sigemptyset(&child_signal);
    (void)sigaddset(&child_signal, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child_signal, NULL);
    nursery.signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    (void)fcntl(NURSERY_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    (void)fcntl(NURSERY_HOST_FD, F_SETFD, FD_CLOEXEC);
    if (nursery.signals < 0)
        return 1;
    while (serve(&nursery))
        continue;
    if (nursery.is_worker)
        return nursery.exit_status;
    end_everything(&nursery);
    close_all(&nursery);
    return 0;
}
