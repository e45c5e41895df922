/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/cache.h"

#include "sleigh/runtime/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text != 0; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

static bool make_cache_folder(char *folder, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    bool has_cache = cache != NULL && cache[0] == '/';
    if (!has_cache && (home == NULL || home[0] != '/'))
        return false;
    int length = has_cache ? snprintf(folder, size, "%s/promp", cache)
                           : snprintf(folder, size, "%s/.cache/promp", home);
    if (length < 0 || (size_t)length >= size)
        return false;
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(folder, 0700);
        *slash = '/';
    }
    return mkdir(folder, 0700) == 0 || errno == EEXIST;
}

/* Written beside the final name, then renamed: readers see nothing or all of it. */
static bool write_atomically(const char *path, const uint8_t *bytes, size_t size)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return false;
    int fd = mkstemp(temporary);
    if (fd < 0)
        return false;
    size_t used = 0;
    while (used < size) {
        ssize_t count = write(fd, bytes + used, size - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        used += (size_t)count;
    }
    bool closed = close(fd) == 0;
    if (used == size && closed && rename(temporary, path) == 0)
        return true;
    (void)unlink(temporary);
    return false;
}

/* The newest change of any file in the specification's folder: inclusions lie there, too. */
static time_t newest_in_folder(const char *folder)
{
    struct dirent **entries;
    time_t newest = 0;
    int count = scandir(folder, &entries, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        struct stat status;
        if (snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) < (int)sizeof path &&
                stat(path, &status) == 0 && status.st_mtime > newest)
            newest = status.st_mtime;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return newest;
}

/* Where the compiled form is kept; false: nowhere. */
static bool cache_path(const char *slaspec, char *ret_path, size_t size)
{
    char folder[PATH_BYTES - 64];
    return make_cache_folder(folder, sizeof folder) &&
           snprintf(ret_path, size, "%s/%016llx.sla", folder,
                   (unsigned long long)hash_text(slaspec)) < (int)size;
}

ProStatus cache_open(const char *folder, const char *slaspec, const char *pspec,
        ProSleighLanguage **ret_language, ProError *reterr)
{
    char path[PATH_BYTES];
    struct stat status;
    ProSleighCompileOptions options = {.path = slaspec, .quiet = true};
    bool has_path = cache_path(slaspec, path, sizeof path);
    if (has_path && stat(path, &status) == 0 && status.st_mtime > newest_in_folder(folder) &&
            pro_sleigh_language_load_file(path, pspec, ret_language, NULL) == PRO_OK)
        return PRO_OK;
    uint8_t *sla = NULL;
    size_t size = 0;
    ProStatus result = pro_sleigh_compile(&options, &sla, &size, NULL, reterr);
    if (result != PRO_OK)
        return result;
    if (has_path)
        (void)write_atomically(path, sla, size); /* a full disk costs time only */
    result = files_load(slaspec, sla, size, pspec, ret_language, reterr);
    free(sla);
    return result;
}
