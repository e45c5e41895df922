/* SPDX-License-Identifier: Apache-2.0 */

/* Where the worker program is: $PROMP_WORKER, else beside the library, installed or in a build. */

#include "core/buffer.h"
#include "core/error.h"

#include <promp/manager.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Relative to libpromp's folder; the build knows how libdir and libexecdir lie to each other. */
static const char *const relative_places[] = {
        PROMP_WORKER_FROM_LIBDIR,
        "../promp-worker",
        "promp-worker",
};

static bool library_folder(char folder[PATH_MAX])
{
    Dl_info info;
    char resolved[PATH_MAX];
    if (dladdr((void *)(uintptr_t)pro_find_worker_program, &info) == 0 || info.dli_fname == NULL ||
            realpath(info.dli_fname, resolved) == NULL)
        return false;
    char *slash = strrchr(resolved, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    memcpy(folder, resolved, strlen(resolved) + 1);
    return true;
}

static bool try_place(const char *path, Buffer *tried, char *ret_path, size_t path_bytes)
{
    char resolved[PATH_MAX];
    if (realpath(path, resolved) != NULL && access(resolved, X_OK) == 0 &&
            strlen(resolved) < path_bytes) {
        memcpy(ret_path, resolved, strlen(resolved) + 1);
        return true;
    }
    buffer_append_format(tried, "%s%s (%s)", tried->size > 0 ? ", " : "", path, strerror(errno));
    return false;
}

ProStatus pro_find_worker_program(char *ret_path, size_t path_bytes, ProError *reterr)
{
    Buffer tried = {0};
    const char *chosen = getenv("PROMP_WORKER");
    bool found = false;
    if (chosen != NULL && chosen[0] != '\0') {
        found = try_place(chosen, &tried, ret_path, path_bytes);
    } else {
        char folder[PATH_MAX];
        char path[2 * PATH_MAX];
        bool known = library_folder(folder);
        for (size_t i = 0;
                known && !found && i < sizeof relative_places / sizeof relative_places[0]; i++) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, relative_places[i]);
            found = try_place(path, &tried, ret_path, path_bytes);
        }
    }
    ProStatus status = PRO_OK;
    if (!found)
        status = error_set(reterr, PRO_ERR_NOT_FOUND,
                "no worker program; looked at: %s. Set PROMP_WORKER to its path",
                buffer_text(&tried));
    buffer_fini(&tried);
    return status;
}
