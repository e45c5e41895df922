/* SPDX-License-Identifier: Apache-2.0 */

/* `promp doctor`: the list of checks. */

#include "cli.h"
#include "cli_checks.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

bool check_report(bool ok, const char *name, const char *format, ...)
{
    const char *state = ok ? "ok" : "problem";
    va_list arguments;
    va_start(arguments, format);
    (void)printf("%-8s%s: ", state, name);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    /* Someone watches, and the self-test may take a while or die. */
    (void)fflush(stdout);
    return ok;
}

static bool check_version(void)
{
    return check_report(true, "version", "promp %s", pro_version());
}

int cli_doctor(void)
{
    static bool (*const checks[])(void) = {
            check_version,
            check_kernel,
            check_cores,
            check_memory,
            check_open_files,
            check_processes,
            check_shared_memory,
            check_sealed_memory,
            check_pidfd,
            check_socket_folder,
            check_worker_program,
            check_python,
            check_self_test,
    };
    bool all_ok = true;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!checks[i]())
            all_ok = false;
    return all_ok ? CLI_EXIT_OK : CLI_EXIT_PROBLEM;
}
