/* SPDX-License-Identifier: Apache-2.0 */
#include "linux_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = PRO_EMULATOR_PAGE, ARCH_SET_FS_BASE = 0x1002, LARGEST_BREAK = 1 << 30 };

static int64_t result_of(int64_t value)
{
    return value < 0 ? -errno : value;
}

static uint64_t round_up(uint64_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

/* ---- memory ---- */

static int64_t set_break(GuestMemory *memory, uint64_t wanted)
{
    uint64_t old = memory->program_break;
    if (wanted >= old && wanted - old < LARGEST_BREAK && wanted < memory->next_mapping &&
            guest_memory_map(memory, round_up(old), round_up(wanted) - round_up(old)))
        memory->program_break = wanted;
    return (int64_t)memory->program_break;
}

static int64_t map(GuestMemory *memory, GuestCall *call)
{
    const uint64_t *a = call->arguments;
    uint64_t address = a[0], size = round_up(a[1]);
    if (size == 0)
        return -EINVAL;
    if ((a[3] & MAP_FIXED) == 0)
        address = guest_memory_find(memory, size);
    else
        guest_memory_unmap(memory, address, size);
    if (address == 0 || !guest_memory_map(memory, address, size))
        return -ENOMEM;
    call->changed = address;
    call->changed_size = size;
    if ((a[3] & MAP_ANONYMOUS) == 0 &&
            pread((int)a[4], guest_memory_at(memory, address, size), a[1], (off_t)a[5]) < 0)
        return -errno;
    return (int64_t)address;
}

static int64_t remap(GuestMemory *memory, GuestCall *call)
{
    const uint64_t *a = call->arguments;
    uint64_t size = round_up(a[2]);
    const uint8_t *old = guest_memory_at(memory, a[0], a[1]);
    if (size <= round_up(a[1]))
        return (int64_t)a[0];
    uint64_t address = guest_memory_find(memory, size);
    if (old == NULL || address == 0 || !guest_memory_map(memory, address, size))
        return -ENOMEM;
    memcpy(guest_memory_at(memory, address, size), old, a[1]);
    guest_memory_unmap(memory, a[0], a[1]);
    call->changed = address;
    call->changed_size = size;
    return (int64_t)address;
}

/* ---- files ---- */

static int64_t transfer(GuestMemory *memory, GuestCall *call)
{
    const uint64_t *a = call->arguments;
    void *bytes = guest_memory_at(memory, a[1], a[2]);
    if (bytes == NULL)
        return -EFAULT;
    switch (call->number) {
    case SYS_read:
        call->changed = a[1];
        call->changed_size = a[2];
        return result_of(read((int)a[0], bytes, a[2]));
    case SYS_write:
        return result_of(write((int)a[0], bytes, a[2]));
    case SYS_pread64:
        return result_of(pread((int)a[0], bytes, a[2], (off_t)a[3]));
    default:
        return result_of(pwrite((int)a[0], bytes, a[2], (off_t)a[3]));
    }
}

static int64_t write_vector(GuestMemory *memory, const uint64_t *a)
{
    int64_t total = 0;
    for (uint64_t i = 0; i < a[2]; i++) {
        struct iovec part;
        const uint8_t *from = guest_memory_at(memory, a[1] + i * sizeof part, sizeof part);
        if (from == NULL)
            return -EFAULT;
        memcpy(&part, from, sizeof part);
        const void *bytes = guest_memory_at(memory, (uint64_t)part.iov_base, part.iov_len);
        ssize_t done = bytes == NULL ? -1 : write((int)a[0], bytes, part.iov_len);
        if (done < 0)
            return total > 0 ? total : -errno;
        total += done;
    }
    return total;
}

/* The kernel's struct stat is the C library's on x86-64. */
static int64_t get_status(GuestMemory *memory, const GuestCall *call)
{
    const uint64_t *a = call->arguments;
    bool by_name = call->number != SYS_fstat;
    bool at = call->number == SYS_newfstatat;
    const char *name = by_name ? guest_memory_text(memory, a[at ? 1 : 0]) : NULL;
    struct stat *status = (void *)guest_memory_at(memory, a[at ? 2 : 1], sizeof *status);
    if (status == NULL || (by_name && name == NULL))
        return -EFAULT;
    if (!by_name)
        return result_of(fstat((int)a[0], status));
    return result_of(at ? fstatat((int)a[0], name, status, (int)a[3])
                        : fstatat(AT_FDCWD, name, status,
                                  call->number == SYS_lstat ? AT_SYMLINK_NOFOLLOW : 0));
}

static int64_t with_name(GuestMemory *memory, const GuestCall *call)
{
    const uint64_t *a = call->arguments;
    bool at = call->number == SYS_openat;
    const char *name = guest_memory_text(memory, a[at ? 1 : 0]);
    if (name == NULL)
        return -EFAULT;
    switch (call->number) {
    case SYS_open:
        return result_of(open(name, (int)a[1], (mode_t)a[2]));
    case SYS_openat:
        return result_of(openat((int)a[0], name, (int)a[2], (mode_t)a[3]));
    case SYS_access:
        return result_of(access(name, (int)a[1]));
    case SYS_unlink:
        return result_of(unlink(name));
    default:
        return -ENOENT; /* readlink: glibc asks for /proc/self/exe, and does without */
    }
}

static int64_t file_call(GuestMemory *memory, GuestCall *call)
{
    const uint64_t *a = call->arguments;
    switch (call->number) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
        return transfer(memory, call);
    case SYS_writev:
        return write_vector(memory, a);
    case SYS_open:
    case SYS_openat:
    case SYS_access:
    case SYS_unlink:
    case SYS_readlink:
        return with_name(memory, call);
    case SYS_close:
        return a[0] > 2 ? result_of(close((int)a[0])) : 0;
    case SYS_stat:
    case SYS_lstat:
    case SYS_fstat:
    case SYS_newfstatat:
        return get_status(memory, call);
    case SYS_lseek:
        return result_of(lseek((int)a[0], (off_t)a[1], (int)a[2]));
    case SYS_ftruncate:
        return result_of(ftruncate((int)a[0], (off_t)a[1]));
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_fcntl:
        return 0;
    case SYS_ioctl:
        return -ENOTTY;
    default:
        return -ENOSYS;
    }
}

/* ---- the rest ---- */

static int64_t fill(GuestMemory *memory, uint64_t address, const void *bytes, size_t size)
{
    uint8_t *to = guest_memory_at(memory, address, size);
    if (to == NULL)
        return -EFAULT;
    memcpy(to, bytes, size);
    return 0;
}

static int64_t get_time(GuestMemory *memory, const GuestCall *call)
{
    struct timespec now = {0};
    (void)clock_gettime(
            call->number == SYS_clock_gettime ? (clockid_t)call->arguments[0] : CLOCK_REALTIME,
            &now);
    if (call->number == SYS_time)
        return now.tv_sec;
    bool micro = call->number == SYS_gettimeofday;
    if (micro)
        now.tv_nsec /= 1000;
    return fill(memory, call->arguments[micro ? 0 : 1], &now, sizeof now);
}

/* Always the same, so that a run can be repeated. */
static int64_t get_random(GuestMemory *memory, const uint64_t *a)
{
    uint8_t *bytes = guest_memory_at(memory, a[0], a[1]);
    if (bytes == NULL)
        return -EFAULT;
    memset(bytes, 7, a[1]);
    return (int64_t)a[1];
}

int64_t guest_call(GuestMemory *memory, GuestCall *call)
{
    const uint64_t *a = call->arguments;
    switch (call->number) {
    case SYS_brk:
        return set_break(memory, a[0]);
    case SYS_mmap:
        return map(memory, call);
    case SYS_mremap:
        return remap(memory, call);
    case SYS_munmap:
        guest_memory_unmap(memory, a[0], a[1]);
        call->changed = a[0];
        call->changed_size = a[1];
        return 0;
    case SYS_arch_prctl:
        call->sets_fs = a[0] == ARCH_SET_FS_BASE;
        call->fs = a[1];
        return call->sets_fs ? 0 : -EINVAL;
    case SYS_exit:
    case SYS_exit_group:
        call->exits = true;
        return 0;
    case SYS_clock_gettime:
    case SYS_gettimeofday:
    case SYS_time:
        return get_time(memory, call);
    case SYS_getrandom:
        return get_random(memory, a);
    case SYS_getcwd:
        return getcwd((char *)guest_memory_at(memory, a[0], a[1]), a[1]) == NULL ? -errno : 1;
    case SYS_getpid:
    case SYS_gettid:
    case SYS_set_tid_address:
        return 1000;
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
    case SYS_mprotect:
    case SYS_madvise:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_sigaltstack:
    case SYS_set_robust_list:
    case SYS_futex:
        return 0;
    default:
        return file_call(memory, call);
    }
}
