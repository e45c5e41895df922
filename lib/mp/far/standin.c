/* SPDX-License-Identifier: Apache-2.0 */

/* The process that a manager sees in place of a far worker. */

#include "mp/far/gateway_private.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Only calls that are safe after a fork of a process with threads. */
static _Noreturn void stand_in(uint64_t id, int terms, pid_t parent)
{
    sigset_t term;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_NAME, "promp-far");
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    (void)dup2(terms, 0);
    (void)close_range(1, ~0U, 0);
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_SETMASK, &term, NULL);
    for (;;) {
        if (sigwaitinfo(&term, NULL) == SIGTERM && write(0, &id, sizeof id) != sizeof id)
            _exit(0);
    }
}

pid_t standin_fork(uint64_t id, int terms, int *ret_pidfd)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        stand_in(id, terms, parent);
    if (pid < 0)
        return -1;
    (void)setpgid(pid, pid); /* here too: whoever is first */
    *ret_pidfd = pidfd_open(pid, 0);
    if (*ret_pidfd >= 0)
        return pid;
    (void)kill(pid, SIGKILL);
    return -1;
}
