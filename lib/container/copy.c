/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"
#include "container/memory.h"

#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

ProStatus pro_container_copy(const ProContainer *container, const ProProgress *progress,
        ProContainer **ret_container, ProError *reterr)
{
    if (memory_is_fixed(container)) {
        *ret_container = pro_container_ref((ProContainer *)container);
        return PRO_OK;
    }
    if (container->size < MEMORY_MEMFD_MIN) {
        uint8_t bytes[MEMORY_MEMFD_MIN];
        ProStatus status = pro_container_read(container, 0, bytes, (size_t)container->size, reterr);
        return status != PRO_OK ? status
                                : pro_container_new_copy(
                                          bytes, (size_t)container->size, ret_container, reterr);
    }
    ProMemory *memory;
    ProStatus status = pro_memory_new(container->size, &memory, reterr);
    if (status != PRO_OK)
        return status;
    uint8_t *data = pro_memory_data(memory);
    for (uint64_t done = 0; done < container->size && status == PRO_OK;) {
        uint64_t piece = container->size - done;
        if (piece > CONTAINER_PROGRESS_BYTES)
            piece = CONTAINER_PROGRESS_BYTES;
        status = pro_container_read(container, done, data + done, (size_t)piece, reterr);
        done += piece;
        if (status == PRO_OK)
            status = container_progress(progress, done, container->size, reterr);
    }
    if (status == PRO_OK)
        status = pro_container_new_take(memory, ret_container, reterr);
    if (status != PRO_OK)
        pro_memory_free(memory);
    return status;
}

static ProStatus write_whole(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return PRO_ERR_SYSTEM;
        data += written;
        size -= (size_t)written;
    }
    return PRO_OK;
}

static ProStatus write_all(const ProContainer *container, int fd, const char *path,
        const ProProgress *progress, ProError *reterr)
{
    uint8_t *scratch = malloc(CONTAINER_WINDOW_BYTES);
    if (scratch == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to write %s", path);
    ProStatus status = PRO_OK;
    uint64_t asked = 0;
    for (uint64_t done = 0; done < container->size && status == PRO_OK;) {
        const void *data;
        size_t size;
        status = pro_container_window(
                container, done, scratch, CONTAINER_WINDOW_BYTES, &data, &size, reterr);
        if (status != PRO_OK)
            break;
        if (size > CONTAINER_PROGRESS_BYTES)
            size = CONTAINER_PROGRESS_BYTES;
        if (write_whole(fd, data, size) != PRO_OK)
            status = error_system(reterr, errno, "cannot write %s at offset %" PRIu64, path, done);
        done += size;
        if (status == PRO_OK &&
                (done - asked >= CONTAINER_PROGRESS_BYTES || done == container->size)) {
            asked = done;
            status = container_progress(progress, done, container->size, reterr);
        }
    }
    free(scratch);
    return status;
}

/*
 * The new file has no name until all is written, so that nothing is left behind whenever we die;
 * file systems that cannot do that get a temporary name.
 */
typedef struct NewFile {
    int fd;
    bool named;
    char temporary[PATH_MAX];
} NewFile;

static ProStatus new_file_open(NewFile *file, const char *path, ProError *reterr)
{
    const char *slash = strrchr(path, '/');
    int folder_size = slash == NULL ? 0 : (int)(slash - path + 1);
    char folder[PATH_MAX];
    int length = snprintf(
            file->temporary, sizeof file->temporary, "%.*s.promp-XXXXXX", folder_size, path);
    if (length >= (int)sizeof file->temporary)
        return error_set(reterr, PRO_ERR_INVALID, "the path %.60s... is too long", path);
    (void)snprintf(folder, sizeof folder, "%.*s", folder_size, path);
    file->named = false;
    file->fd = open(folder_size > 0 ? folder : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        file->fd = mkostemp(file->temporary, O_CLOEXEC);
        file->named = file->fd >= 0;
        mode_t mask = umask(0);
        (void)umask(mask);
        if (file->named)
            (void)fchmod(file->fd, 0666 & ~mask);
    }
    if (file->fd < 0)
        return error_system(reterr, errno, "cannot write to the folder of %s", path);
    return PRO_OK;
}

enum { TEMPORARY_RANDOM = 6, TEMPORARY_ATTEMPTS = 16 };

static void randomize(char letters[TEMPORARY_RANDOM])
{
    (void)getrandom(letters, TEMPORARY_RANDOM, GRND_NONBLOCK);
    for (int i = 0; i < TEMPORARY_RANDOM; i++)
        letters[i] = (char)('a' + (uint8_t)letters[i] % 26);
}

static ProStatus new_file_commit(NewFile *file, const char *path, ProError *reterr)
{
    char self[40];
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", file->fd);
    if (!file->named) {
        if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
            return PRO_OK;
        if (errno != EEXIST)
            return error_system(reterr, errno, "cannot create %s", path);
        /* Replacing needs a name to rename from; this one exists for two system calls. */
        size_t random_offset = strlen(file->temporary) - TEMPORARY_RANDOM;
        for (int attempt = 0; !file->named && attempt < TEMPORARY_ATTEMPTS; attempt++) {
            randomize(file->temporary + random_offset);
            file->named = linkat(AT_FDCWD, self, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0;
        }
        if (!file->named)
            return error_system(reterr, errno, "cannot create a file beside %s", path);
    }
    if (rename(file->temporary, path) != 0)
        return error_system(reterr, errno, "cannot replace %s", path);
    file->named = false;
    return PRO_OK;
}

ProStatus pro_container_copy_to_file(const ProContainer *container, const char *path,
        const ProProgress *progress, ProError *reterr)
{
    struct stat info;
    if (path == NULL || path[0] == 0)
        return error_set(reterr, PRO_ERR_INVALID, "a copy needs a path");
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_set(reterr, PRO_ERR_UNSUPPORTED, "%s exists and is not a regular file", path);
    NewFile *file = malloc(sizeof *file);
    if (file == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to write %s", path);
    ProStatus status = new_file_open(file, path, reterr);
    if (status == PRO_OK) {
        status = write_all(container, file->fd, path, progress, reterr);
        if (status == PRO_OK)
            status = new_file_commit(file, path, reterr);
        if (file->named)
            (void)unlink(file->temporary);
        (void)close(file->fd);
    }
    free(file);
    return status;
}
