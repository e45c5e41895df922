/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker says while it dies: async-signal-safe, on a stack of its own. */

#include "mp/worker_private.h"

#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { STACK_DEPTH = 64, HANDLER_STACK_BYTES = 64 << 10 };

static int crash_fd = -1;
static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static void write_text(const char *text)
{
    ssize_t written = write(crash_fd, text, strlen(text));
    (void)written;
}

static void on_fatal_signal(int signal_number)
{
    void *frames[STACK_DEPTH];
    (void)signal(signal_number, SIG_DFL);
    write_text("Native stack (most recent call first):\n");
    backtrace_symbols_fd(frames, backtrace(frames, STACK_DEPTH), crash_fd);
    (void)raise(signal_number);
}

void crash_install(int fd)
{
    static char handler_stack[HANDLER_STACK_BYTES];
    crash_fd = fd;
    /* The first call loads the unwinder, which allocates: not in the handler. */
    void *frame;
    (void)backtrace(&frame, 1);
    const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    (void)sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        (void)sigaction(fatal_signals[i], &action, NULL);
}
