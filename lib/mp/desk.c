/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/desk.h"

#include "core/clock.h"
#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(DeskSheet) <= DESK_SHEET_BYTES, "a sheet fits its page");
_Static_assert(sizeof(DeskTrayHead) <= DESK_TRAY_HEAD_BYTES, "the tray's head fits its page");
_Static_assert(DESK_PLACES <= 32, "a place is a bit");

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW };

/* ---- the sheet ---- */

static ProStatus map_sheet(int fd, DeskSheet **ret_sheet, ProError *reterr)
{
    void *memory = mmap(NULL, DESK_SHEET_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return error_system(reterr, errno, "cannot map a worker's desk");
    *ret_sheet = memory;
    return PRO_OK;
}

ProStatus desk_sheet_new(int *ret_fd, DeskSheet **ret_sheet, ProError *reterr)
{
    int fd = memfd_create("promp-desk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(reterr, errno, "cannot make a worker's desk");
    ProStatus status = PRO_OK;
    if (ftruncate(fd, DESK_SHEET_BYTES) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0)
        status = error_system(reterr, errno, "cannot set up a worker's desk");
    if (status == PRO_OK)
        status = map_sheet(fd, ret_sheet, reterr);
    if (status == PRO_OK)
        *ret_fd = fd;
    else
        (void)close(fd);
    return status;
}

ProStatus desk_sheet_map(int fd, DeskSheet **ret_sheet, ProError *reterr)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    ProStatus status = PRO_OK;
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &info) != 0 ||
            info.st_size != DESK_SHEET_BYTES)
        status = error_set(reterr, PRO_ERR_FORMAT, "file descriptor %d is not a desk's", fd);
    else
        status = map_sheet(fd, ret_sheet, reterr);
    (void)close(fd);
    return status;
}

void desk_sheet_unmap(DeskSheet *sheet)
{
    if (sheet != NULL)
        (void)munmap(sheet, DESK_SHEET_BYTES);
}

/* ---- looking ---- */

/* Somebody else can only do what is looked for if there is a second processor to do it on. */
static uint32_t spin_most;

static void find_spin_most(void)
{
    cpu_set_t set;
    bool several = sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
    spin_most = several ? DESK_SPIN_NS : 0;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* What came while it was looked for doubles the time for the next look, what did not halves it: a
 * slow source costs little more than it would without looking. */
typedef struct Spin {
    _Atomic uint32_t *time_ns;
    uint32_t now_ns;
    uint64_t begin_ns;
} Spin;

static Spin spin_begin(_Atomic uint32_t *time_ns)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, find_spin_most);
    return (Spin){time_ns, atomic_load_explicit(time_ns, memory_order_relaxed), clock_now_ns()};
}

static bool spin_on(const Spin *spin)
{
    for (int i = 0; i < 8; i++)
        relax();
    return clock_now_ns() - spin->begin_ns < spin->now_ns && spin_most != 0;
}

static void spin_end(const Spin *spin, bool paid)
{
    enum { LEAST_NS = 2000 };
    uint32_t time_ns = paid ? spin->now_ns * 2 : spin->now_ns / 2;
    time_ns = time_ns < LEAST_NS ? LEAST_NS : time_ns;
    atomic_store_explicit(
            spin->time_ns, time_ns > spin_most ? spin_most : time_ns, memory_order_relaxed);
}

/* ---- the worker's side ---- */

void desk_post(const DeskView *view, uint32_t place, const ShareRead *question)
{
    DeskQuestion *slot = &view->sheet->questions[place];
    atomic_store_explicit(&slot->number, question->number, memory_order_relaxed);
    atomic_store_explicit(&slot->offset, question->offset, memory_order_relaxed);
    atomic_store_explicit(&slot->size, question->size, memory_order_relaxed);
    (void)atomic_fetch_or(&view->sheet->posted, 1u << place);
}

void desk_ring(const DeskView *view)
{
    const uint64_t one = 1;
    ssize_t written = write(view->bell, &one, sizeof one);
    (void)written; /* full: it rings already */
}

/* A server that leaves says so before it looks for the last time, and this looks for servers after
 * it posted: one of the two sees the other. */
void desk_call(const DeskView *view)
{
    if (atomic_load(&view->tray->watchers) == 0)
        desk_ring(view);
}

bool desk_is_answered(const DeskView *view, uint32_t place, uint32_t count)
{
    return atomic_load_explicit(&view->tray->answers[place].count, memory_order_acquire) == count;
}

bool desk_look(const DeskView *view, uint32_t place, uint32_t count, _Atomic uint32_t *spin_ns)
{
    if (desk_is_answered(view, place, count))
        return true;
    Spin spin = spin_begin(spin_ns);
    bool answered = false;
    while (!answered && spin_on(&spin))
        answered = desk_is_answered(view, place, count);
    spin_end(&spin, answered);
    return answered;
}

bool desk_sleep(const DeskView *view, uint32_t place, uint32_t count)
{
    const struct timespec patience = {.tv_nsec = 50000000};
    uint32_t bit = 1u << place;
    (void)atomic_fetch_or(&view->sheet->sleepers, bit);
    if (atomic_load(&view->sheet->posted) != 0)
        desk_ring(view); /* who looks has been busy since; there may be another */
    long error = syscall(SYS_futex, &view->tray->answers[place].count, FUTEX_WAIT, count - 1,
            &patience, NULL, 0);
    bool interrupted = error != 0 && errno == EINTR;
    (void)atomic_fetch_and(&view->sheet->sleepers, ~bit);
    return interrupted;
}

/* ---- the manager's side ---- */

int desk_take(const DeskView *view)
{
    uint32_t posted = atomic_load(&view->sheet->posted);
    while (posted != 0) {
        uint32_t bit = posted & -posted;
        uint32_t before = atomic_fetch_and(&view->sheet->posted, ~bit);
        if ((before & bit) != 0 && bit < 1u << DESK_PLACES)
            return __builtin_ctz(bit);
        posted = before & ~bit; /* another server was faster */
    }
    return -1;
}

void desk_answer(const DeskView *view, uint32_t place, uint32_t count, ProStatus status)
{
    DeskAnswer *answer = &view->tray->answers[place];
    atomic_store_explicit(&answer->status, (uint32_t)status, memory_order_relaxed);
    atomic_store(&answer->count, count);
    if ((atomic_load(&view->sheet->sleepers) & 1u << place) != 0)
        (void)syscall(SYS_futex, &answer->count, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool desk_watch(const DeskView *view, _Atomic uint32_t *spin_ns)
{
    Spin spin = spin_begin(spin_ns);
    bool posted = false;
    while (!posted && spin_on(&spin))
        posted = atomic_load_explicit(&view->sheet->posted, memory_order_relaxed) != 0;
    spin_end(&spin, posted);
    return posted;
}
