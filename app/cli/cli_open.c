/* SPDX-License-Identifier: Apache-2.0 */

/* `promp open`: becomes promp-workspace, so that no other use of promp loads a user interface. */

#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In a build it lies beside the program; installed, the build knows where from here. */
static bool find_workspace(char path[PATH_MAX])
{
    static const char *const places[] = {"", PROMP_LIBEXEC_FROM_BINDIR "/"};
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        return false;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    int folder_size = slash != NULL ? (int)(slash - program) + 1 : 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int length =
                snprintf(path, PATH_MAX, "%.*s%spromp-workspace", folder_size, program, places[i]);
        if (length < PATH_MAX && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

int cli_open(char **files)
{
    char path[PATH_MAX];
    if (!find_workspace(path)) {
        (void)fputs("promp open: this build has no user interface: promp-workspace is missing. "
                    "Build with -Dui=enabled\n",
                stderr);
        return CLI_EXIT_USAGE;
    }
    (void)execv(path, files - 1); /* files[-1] is "open", a name as good as any */
    (void)fprintf(stderr, "promp open: cannot run %s: %s\n", path, strerror(errno));
    return CLI_EXIT_USAGE;
}
