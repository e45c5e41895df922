/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes instructions on the processor itself. A child enters a signal handler once and never
 * leaves it for good: the handler takes the state that the last instruction left out of its frame,
 * puts the next one in, and returns. The kernel loads every register there is, with the trap flag
 * set, so the instruction is followed by the next signal.
 */
#include "native.h"

#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    SECONDS = 20, /* of processor time for one batch */
    ALTERNATE_BYTES = 1 << 16,
    GUARD_BYTES = 1 << 20,
    INT3 = 0xCC,
    SELECTOR_NARROW = 0x23,
    SELECTOR_WIDE = 0x33,
    SELECTOR_DATA = 0x2B,
    SELECTOR_LOCAL = 7, /* entry 0 of the local table, ring 3 */
    ARCH_SET_GS_BASE = 0x1001,
    XSTATE_X87 = 1,
    XSTATE_SSE = 2,
    XSTATE_AVX = 4,
    XSTATE_BITS_AT = 512,
    XSTATE_HIGH_AT = 576, /* the upper halves of YMM, standard form (SDM volume 1, 13.4) */
    DEFAULT_CONTROL = 0x37F
};

static Batch *the_batch;
static pid_t the_child;
static size_t the_next; /* the trial that is under way, plus one */

static const int gregs[GPRS] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
        REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

Batch *native_batch(void)
{
    Batch *batch =
            mmap(NULL, sizeof *batch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return batch == MAP_FAILED ? NULL : batch;
}

/* ---- the frame ---- */

static void save_floats(const struct _libc_fpstate *frame, State *state)
{
    const uint8_t *area = (const uint8_t *)frame;
    uint64_t used;
    memcpy(&used, area + XSTATE_BITS_AT, sizeof used);
    state->mxcsr = frame->mxcsr;
    state->control = (used & XSTATE_X87) != 0 ? frame->cwd : DEFAULT_CONTROL;
    state->status = (used & XSTATE_X87) != 0 ? frame->swd : 0;
    state->tags = (used & XSTATE_X87) != 0 ? (uint8_t)frame->ftw : 0;
    for (unsigned i = 0; i < STACK_REGISTERS; i++) {
        memset(state->st[i], 0, sizeof state->st[i]);
        if ((used & XSTATE_X87) != 0)
            memcpy(state->st[i], &frame->_st[i], 10);
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        memset(state->vector[i], 0, VECTOR_BYTES);
        if ((used & XSTATE_SSE) != 0)
            memcpy(state->vector[i], &frame->_xmm[i], 16);
        if ((used & XSTATE_AVX) != 0)
            memcpy(state->vector[i] + 16, area + XSTATE_HIGH_AT + 16 * i, 16);
    }
}

static void load_floats(struct _libc_fpstate *frame, const State *state)
{
    uint8_t *area = (uint8_t *)frame;
    uint64_t used = XSTATE_X87 | XSTATE_SSE | XSTATE_AVX;
    memcpy(area + XSTATE_BITS_AT, &used, sizeof used);
    frame->mxcsr = state->mxcsr;
    frame->cwd = state->control;
    frame->swd = state->status;
    frame->ftw = state->tags;
    frame->fop = 0;
    frame->rip = 0;
    frame->rdp = 0;
    for (unsigned i = 0; i < STACK_REGISTERS; i++)
        memcpy(&frame->_st[i], state->st[i], 10);
    for (unsigned i = 0; i < VECTORS; i++) {
        memcpy(&frame->_xmm[i], state->vector[i], 16);
        memcpy(area + XSTATE_HIGH_AT + 16 * i, state->vector[i] + 16, 16);
    }
}

static End end_of(long long vector)
{
    switch (vector) {
    case 1:
    case 3:
        return END_DONE;
    case 0:
        return END_DIVIDE;
    case 6:
        return END_UNDEFINED;
    case 12:
    case 13:
    case 14:
    case 17:
        return END_MEMORY;
    default:
        return END_OTHER;
    }
}

static void save(const ucontext_t *frame, Outcome *outcome)
{
    const greg_t *values = frame->uc_mcontext.gregs;
    for (unsigned i = 0; i < GPRS; i++)
        outcome->out.gpr[i] = (uint64_t)values[gregs[i]];
    /* An INT3 lies behind it. */
    outcome->out.rip = (uint64_t)values[REG_RIP] - (values[REG_TRAPNO] == 3 ? 1 : 0);
    outcome->out.flags = (uint64_t)values[REG_EFL];
    outcome->end = end_of(values[REG_TRAPNO]);
    outcome->detail = (unsigned)values[REG_TRAPNO];
    save_floats(frame->uc_mcontext.fpregs, &outcome->out);
    memcpy(outcome->data, (const void *)DATA_ADDRESS, DATA_BYTES);
}

static void load(ucontext_t *frame, const Trial *trial)
{
    greg_t *values = frame->uc_mcontext.gregs;
    uint64_t selectors = (uint64_t)values[REG_CSGSFS] & ~UINT64_C(0xFFFF);
    for (unsigned i = 0; i < GPRS; i++)
        values[gregs[i]] = (greg_t)trial->in.gpr[i];
    values[REG_RIP] = (greg_t)trial->in.rip;
    values[REG_EFL] = (greg_t)trial->in.flags;
    values[REG_CSGSFS] =
            (greg_t)(selectors | (the_batch->narrow ? SELECTOR_NARROW : SELECTOR_WIDE));
    load_floats(frame->uc_mcontext.fpregs, &trial->in);
    trial_data(trial, (void *)DATA_ADDRESS);
}

static void step(int signal, siginfo_t *information, void *context)
{
    (void)signal, (void)information;
    if (the_next > 0) {
        save(context, &the_batch->native[the_next - 1]);
        the_batch->done = the_next;
    }
    if (the_next == the_batch->count)
        _exit(0);
    load(context, &the_batch->trials[the_next++]);
}

/* ---- the child ---- */

static bool map_fixed(uint64_t address, size_t size, int protection)
{
    return mmap((void *)address, size, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)address;
}

static bool prepare_memory(void)
{
    bool good = map_fixed(CODE_ADDRESS, CODE_BYTES, PROT_READ | PROT_WRITE) &&
                map_fixed(DATA_ADDRESS - GUARD_BYTES, GUARD_BYTES, PROT_NONE) &&
                map_fixed(DATA_ADDRESS, DATA_BYTES, PROT_READ | PROT_WRITE) &&
                map_fixed(DATA_ADDRESS + DATA_BYTES, GUARD_BYTES, PROT_NONE);
    if (!good)
        return false;
    memcpy((void *)CODE_ADDRESS, the_batch->code, CODE_BYTES);
    return mprotect((void *)CODE_ADDRESS, CODE_BYTES, PROT_READ | PROT_EXEC) == 0;
}

/* Of a process of 64 bits DS and ES are null, which 32-bit code cannot use; its GS needs a
 * descriptor. */
static bool prepare_segments(void)
{
    struct user_desc descriptor = {.base_addr = GS_ADDRESS,
            .limit = 0xFFFFF,
            .seg_32bit = 1,
            .limit_in_pages = 1,
            .useable = 1};
    if (syscall(SYS_modify_ldt, 1, &descriptor, sizeof descriptor) != 0)
        return false;
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(SELECTOR_DATA));
    __asm__ volatile("mov %0, %%gs" : : "r"(SELECTOR_LOCAL));
    return true;
}

static void run_in_child(void)
{
    static uint8_t alternate[ALTERNATE_BYTES];
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {
            .sa_sigaction = step, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    (void)setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
    if (!prepare_memory() || sigaltstack(&stack, NULL) != 0 ||
            syscall(SYS_arch_prctl, ARCH_SET_GS_BASE, GS_ADDRESS) != 0 ||
            (the_batch->narrow && !prepare_segments()))
        _exit(1);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], &action, NULL) != 0)
            _exit(1);
    __asm__ volatile("int3");
    _exit(1);
}

void native_start(Batch *batch)
{
    the_batch = batch;
    the_next = 0;
    batch->done = 0;
    for (size_t i = 0; i < batch->count; i++)
        batch->native[i].end = END_LOST;
    the_child = fork();
    if (the_child == 0)
        run_in_child();
}

void native_wait(void)
{
    int status;
    if (the_child > 0)
        (void)waitpid(the_child, &status, 0);
}

bool native_has_narrow(Batch *batch)
{
    Trial *trial = &batch->trials[0];
    memset(batch->code, INT3, CODE_BYTES);
    batch->code[0] = 0x90;
    memset(trial, 0, sizeof *trial);
    trial->in.rip = CODE_ADDRESS;
    trial->in.flags = FLAG_TF | FLAG_IF | 2;
    trial->in.mxcsr = 0x1F80;
    trial->in.control = DEFAULT_CONTROL;
    batch->narrow = true;
    batch->count = 1;
    native_start(batch);
    native_wait();
    return batch->native[0].end == END_DONE && batch->native[0].out.rip == CODE_ADDRESS + 1;
}
