/* SPDX-License-Identifier: Apache-2.0 */

/* Wait objects as lines. While there is one, Ctrl-C asks its work to stop; a second Ctrl-C is the
 * program's. */

#include "term_private.h"

#include <promp/worker.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static unsigned waits; /* that have begun and not ended */
static bool is_installed;
static struct sigaction before;     /* what SIGINT did */
static atomic_bool was_interrupted; /* since the first of them began */

static void on_interrupt(int signal, siginfo_t *info, void *context)
{
    int error = errno;
    if (!atomic_exchange(&was_interrupted, true)) {
        /* the first: see term_wait_was_aborted() */
    } else if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler == SIG_DFL) {
        (void)sigaction(signal, &before, NULL);
        (void)raise(signal); /* blocked until this returns */
    } else if (before.sa_handler != SIG_IGN) {
        before.sa_handler(signal);
    }
    errno = error;
}

/* A worker's SIGINT is its manager's; one that is ignored stays so (a job in the background). */
static void install(void)
{
    struct sigaction own = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_RESTART};
    (void)sigemptyset(&own.sa_mask);
    atomic_store(&was_interrupted, false);
    if (pro_worker_process_level() > 0 || sigaction(SIGINT, NULL, &before) != 0)
        return;
    if ((before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN)
        return;
    is_installed = sigaction(SIGINT, &own, NULL) == 0;
}

static void uninstall(void)
{
    struct sigaction now;
    if (is_installed && sigaction(SIGINT, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
            now.sa_sigaction == on_interrupt)
        (void)sigaction(SIGINT, &before, NULL);
    is_installed = false;
}

void term_wait_begin(ProUiWait *wait)
{
    (void)wait;
    if (waits++ == 0)
        install();
}

void term_wait_end(ProUiWait *wait)
{
    (void)wait;
    if (--waits == 0)
        uninstall();
}

bool term_wait_was_aborted(ProUiWait *wait)
{
    if (atomic_load(&was_interrupted))
        wait->aborted = true;
    return wait->aborted;
}

static void describe(const ProUiWait *wait, const char *ending, FILE *out)
{
    char estimate[64] = "";
    if (ending == NULL)
        wait_estimate(wait, estimate, sizeof estimate);
    term_print_text(out, wait->text);
    if (wait->has_value) {
        (void)fputs(wait->text[0] != '\0' ? "  " : "", out);
        term_print_bar(out, (double)wait->value / 100);
    }
    if (wait->aborted && ending == NULL)
        ending = "stopping";
    const char *more = ending != NULL ? ending : estimate;
    if (more[0] != '\0')
        (void)fprintf(out, "  %s", more);
}

static void show(ProUiWait *wait, const char *ending)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return;
    describe(wait, ending, out);
    if (fclose(out) == 0)
        term_line_set(wait->native, text);
    free(text);
}

void term_wait_show(ProUiWait *wait)
{
    if (wait->native == NULL)
        wait->native = term_line_new();
    (void)term_wait_was_aborted(wait);
    show(wait, NULL);
}

void term_wait_hide(ProUiWait *wait)
{
    char ending[64];
    double seconds = (double)(loop_now_ns() - wait->begun_ns) / 1e9;
    (void)snprintf(
            ending, sizeof ending, "%s after %.1f s", wait->aborted ? "stopped" : "done", seconds);
    show(wait, ending);
    term_line_free(wait->native);
    wait->native = NULL;
}
