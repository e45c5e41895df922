/* SPDX-License-Identifier: Apache-2.0 */

/* What `promp doctor` asks of the kernel and of the limits it sets. */

#include "cli_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    MEMORY_MIN_MIB = 256,     /* a manager and a few Python workers */
    OPEN_FILES_MIN = 256,     /* a worker costs its manager several descriptors */
    PROCESSES_MIN = 64,       /* threads count too */
    SHARED_MEMORY_MIN_MIB = 8 /* multiprocessing's and other libraries' queues */
};

bool check_kernel(void)
{
    struct utsname names;
    if (uname(&names) != 0)
        return check_report(false, "kernel", "cannot be told: %s", strerror(errno));
    return check_report(true, "kernel", "%s %s, %s", names.sysname, names.release, names.machine);
}

bool check_cores(void)
{
    cpu_set_t usable;
    long present = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof usable, &usable) != 0) /* more cores than cpu_set_t holds */
        return check_report(present > 0, "cores", "%ld", present);
    return check_report(true, "cores", "%d of %ld may be used", CPU_COUNT(&usable), present);
}

bool check_memory(void)
{
    char line[256];
    uint64_t total_kib = 0;
    uint64_t available_kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return check_report(
                false, "memory", "cannot read /proc/meminfo (%s): mount /proc", strerror(errno));
    while (fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "MemTotal: %" SCNu64, &total_kib);
        (void)sscanf(line, "MemAvailable: %" SCNu64, &available_kib);
    }
    (void)fclose(file);
    bool ok = available_kib / 1024 >= MEMORY_MIN_MIB;
    return check_report(ok, "memory", "%" PRIu64 " of %" PRIu64 " MiB available%s",
            available_kib / 1024, total_kib / 1024,
            ok ? "" : ": end other programs, or start few workers");
}

static bool check_limit(int resource, rlim_t minimum, const char *name, const char *command)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return check_report(false, name, "cannot be told: %s", strerror(errno));
    if (limit.rlim_cur == RLIM_INFINITY)
        return check_report(true, name, "no limit");
    if (limit.rlim_cur >= minimum)
        return check_report(true, name, "at most %ju", (uintmax_t)limit.rlim_cur);
    if (limit.rlim_max >= minimum)
        return check_report(false, name, "at most %ju: raise it with `%s %ju`",
                (uintmax_t)limit.rlim_cur, command, (uintmax_t)minimum);
    return check_report(false, name,
            "at most %ju, and no more than %ju may be set: have the administrator raise the limit "
            "to %ju",
            (uintmax_t)limit.rlim_cur, (uintmax_t)limit.rlim_max, (uintmax_t)minimum);
}

bool check_open_files(void)
{
    return check_limit(RLIMIT_NOFILE, OPEN_FILES_MIN, "open files", "ulimit -n");
}

bool check_processes(void)
{
    return check_limit(RLIMIT_NPROC, PROCESSES_MIN, "processes", "ulimit -u");
}

bool check_shared_memory(void)
{
    static const char folder[] = "/dev/shm";
    struct statvfs info;
    if (statvfs(folder, &info) != 0 || access(folder, W_OK | X_OK) != 0)
        return check_report(false, folder, "cannot be used (%s): mount a tmpfs there, mode 1777",
                strerror(errno));
    uint64_t free_mib = (uint64_t)info.f_bavail * info.f_frsize >> 20;
    bool ok = free_mib >= SHARED_MEMORY_MIN_MIB;
    return check_report(ok, folder, "%" PRIu64 " MiB free%s", free_mib,
            ok ? "" : ": remove what is left there, or mount it with a larger size");
}

/* Step by step as large messages are shared; the name of the step that failed, or NULL. */
static const char *try_sealed_memory(void)
{
    const char *failed = NULL;
    int fd = memfd_create("promp-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return "memfd_create";
    if (write(fd, "data", 4) != 4)
        failed = "write";
    else if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        failed = "F_ADD_SEALS";
    else if (pwrite(fd, "more", 4, 0) >= 0)
        failed = "F_SEAL_WRITE (it did not hold)";
    int system_error = errno;
    (void)close(fd);
    errno = system_error;
    return failed;
}

bool check_sealed_memory(void)
{
    errno = 0;
    const char *failed = try_sealed_memory();
    if (failed == NULL)
        return check_report(true, "sealed memory", "memfd_create and its seals work");
    return check_report(false, "sealed memory",
            "%s: %s; Linux 3.17 or newer has it, and a container's seccomp profile must allow it",
            failed, strerror(errno));
}

bool check_pidfd(void)
{
    int fd = pidfd_open(getpid(), 0);
    if (fd < 0)
        return check_report(false, "pidfd_open",
                "%s; Linux 5.3 or newer has it, and a container's seccomp profile must allow it",
                strerror(errno));
    (void)close(fd);
    return check_report(true, "pidfd_open", "works");
}
