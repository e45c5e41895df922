/* SPDX-License-Identifier: Apache-2.0 */
#include "container/file.h"

#include "core/buffer.h"
#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

typedef struct File {
    ProContainer container;
    int fd;
    bool is_device;
    FileState state;      /* without changed_*, which come with `watched` */
    atomic_bool watched;  /* shared: changed_* hold */
    pthread_mutex_t lock; /* of making it watched */
    char name[];          /* for error texts */
} File;

/* After the bytes were read: were they the file's that was opened? */
static ProStatus check_unchanged(const File *file, uint64_t offset, ProError *reterr)
{
    struct stat info;
    if (file->is_device)
        return PRO_OK;
    if (fstat(file->fd, &info) != 0)
        return error_system(reterr, errno, "cannot read %s at offset %" PRIu64, file->name, offset);
    if ((uint64_t)info.st_size < file->state.size)
        return error_system(reterr, ESTALE,
                "%s was cut from %" PRIu64 " to %" PRIu64
                " bytes while it was open (reading at offset %" PRIu64 "); open it again",
                file->name, file->state.size, (uint64_t)info.st_size, offset);
    bool touched = info.st_mtim.tv_sec != file->state.modified_s ||
                   info.st_mtim.tv_nsec != file->state.modified_ns;
    if ((file->state.flags & PRO_FILE_CHANGING) != 0)
        return PRO_OK;
    if (touched)
        return error_system(reterr, ESTALE,
                "%s was written to while it was open (reading at offset %" PRIu64
                "); open it again",
                file->name, offset);
    /* Whoever writes can set the time of the writing back, but not the inode's. */
    if (atomic_load(&file->watched) && (info.st_ctim.tv_sec != file->state.changed_s ||
                                               info.st_ctim.tv_nsec != file->state.changed_ns))
        return error_system(reterr, ESTALE,
                "%s was written to, renamed or removed, or got other rights, since it was shared "
                "(reading at offset %" PRIu64 "); open it again, or as one that may change",
                file->name, offset);
    return PRO_OK;
}

static ProStatus file_read(const ProContainer *container, uint64_t offset, void *ret_data,
        size_t size, ProError *reterr)
{
    const File *file = (const File *)container;
    uint8_t *data = ret_data;
    for (size_t done = 0; done < size;) {
        ssize_t count = pread(file->fd, data + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_system(
                    reterr, errno, "cannot read %s at offset %" PRIu64, file->name, offset + done);
        if (count == 0) {
            ProStatus status = check_unchanged(file, offset + done, reterr);
            return status != PRO_OK
                           ? status
                           : error_system(reterr, EIO,
                                     "%s ends at offset %" PRIu64 " although its size is %" PRIu64,
                                     file->name, offset + done, file->state.size);
        }
        done += (size_t)count;
    }
    return check_unchanged(file, offset, reterr);
}

static void file_destroy(ProContainer *container)
{
    File *file = (File *)container;
    (void)close(file->fd);
    (void)pthread_mutex_destroy(&file->lock);
    free(file);
}

static const ContainerKindOps file_ops = {.read = file_read, .destroy = file_destroy};

/* Consumes `fd` on success only. */
static ProStatus file_new(int fd, const FileState *state, bool is_device, const char *name,
        ProContainer **ret_container, ProError *reterr)
{
    size_t name_size = strlen(name) + 1;
    File *file = (File *)container_alloc(
            sizeof *file + name_size, PRO_CONTAINER_FILE, state->size, &file_ops);
    if (file == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to open %s", name);
    file->fd = fd;
    file->is_device = is_device;
    file->state = *state;
    (void)pthread_mutex_init(&file->lock, NULL);
    atomic_init(&file->watched, state->changed_s != 0 || state->changed_ns != 0);
    memcpy(file->name, name, name_size);
    *ret_container = &file->container;
    return PRO_OK;
}

/* Files of /proc say that they are empty, and are not. */
static ProStatus read_unsized(
        int fd, const char *path, ProContainer **ret_container, ProError *reterr)
{
    Buffer buffer = {0};
    ProStatus status = PRO_OK;
    for (;;) {
        if (!buffer_reserve(&buffer, CONTAINER_WINDOW_BYTES)) {
            status = error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to read %s", path);
            break;
        }
        ssize_t count = read(fd, buffer.data + buffer.size, CONTAINER_WINDOW_BYTES);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = error_system(reterr, errno, "cannot read %s, which tells no size", path);
        if (count <= 0)
            break;
        buffer.size += (size_t)count;
        if (buffer.size > PRO_FILE_UNSIZED_MAX) {
            status = error_set(reterr, PRO_ERR_LIMIT,
                    "%s tells no size and has more than %" PRIu64 " bytes", path,
                    PRO_FILE_UNSIZED_MAX);
            break;
        }
    }
    if (status == PRO_OK)
        status = pro_container_new_copy(buffer.data, buffer.size, ret_container, reterr);
    buffer_fini(&buffer);
    return status;
}

static const char *unreadable_kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISCHR(mode)  ? "a character device"
                            : "no file";
}

/* Consumes `fd` on success only. */
static ProStatus open_fd(
        int fd, const char *path, uint32_t flags, ProContainer **ret_container, ProError *reterr)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return error_system(reterr, errno, "cannot open %s", path);
    FileState state = {.size = (uint64_t)info.st_size,
            .modified_s = info.st_mtim.tv_sec,
            .modified_ns = info.st_mtim.tv_nsec,
            .flags = flags};
    if (S_ISBLK(info.st_mode) && ioctl(fd, BLKGETSIZE64, &state.size) != 0)
        return error_system(reterr, errno, "cannot tell the size of %s", path);
    if (S_ISREG(info.st_mode) && state.size == 0) {
        ProStatus status = read_unsized(fd, path, ret_container, reterr);
        if (status == PRO_OK)
            (void)close(fd);
        return status;
    }
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "%s is %s: it has no bytes at offsets; read it into memory and make a container of that",
                path, unreadable_kind(info.st_mode));
    return file_new(fd, &state, S_ISBLK(info.st_mode), path, ret_container, reterr);
}

ProStatus pro_container_open_file(
        const char *path, uint32_t flags, ProContainer **ret_container, ProError *reterr)
{
    if (path == NULL || path[0] == 0)
        return error_set(reterr, PRO_ERR_INVALID, "a file container needs a path");
    /* O_NONBLOCK: a FIFO without a writer must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int system_error = errno;
        ProStatus status = error_system(reterr, system_error, "cannot open %s", path);
        if (system_error != ENOENT && system_error != ENOTDIR)
            return status;
        if (reterr != NULL)
            reterr->status = PRO_ERR_NOT_FOUND;
        return PRO_ERR_NOT_FOUND;
    }
    ProStatus status = open_fd(fd, path, flags, ret_container, reterr);
    if (status != PRO_OK)
        (void)close(fd);
    return status;
}

ProStatus file_export(
        const ProContainer *container, int *ret_fd, FileState *ret_state, ProError *reterr)
{
    if (container->kind != PRO_CONTAINER_FILE)
        return error_set(reterr, PRO_ERR_UNSUPPORTED, "a %s container has no file",
                pro_container_kind_text(container->kind));
    File *file = (File *)container;
    struct stat info;
    ProStatus status = PRO_OK;
    (void)pthread_mutex_lock(&file->lock);
    if (!atomic_load(&file->watched) && fstat(file->fd, &info) == 0 && !file->is_device) {
        file->state.changed_s = info.st_ctim.tv_sec;
        file->state.changed_ns = info.st_ctim.tv_nsec;
        status = check_unchanged(file, 0, reterr);
        atomic_store(&file->watched, true);
    }
    *ret_fd = file->fd;
    *ret_state = file->state;
    (void)pthread_mutex_unlock(&file->lock);
    return status;
}

ProStatus file_from_fd(
        int fd, const FileState *state, ProContainer **ret_container, ProError *reterr)
{
    struct stat info;
    int mode = fcntl(fd, F_GETFL);
    bool sound = mode >= 0 && (mode & O_ACCMODE) == O_RDONLY && fstat(fd, &info) == 0 &&
                 (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode)) &&
                 state->size <= PRO_CONTAINER_SIZE_MAX;
    ProStatus status =
            sound ? file_new(fd, state, S_ISBLK(info.st_mode), "the shared file", ret_container,
                            reterr)
                  : error_set(reterr, PRO_ERR_FORMAT,
                            "what should be a file to read is none, or can be written to");
    if (status != PRO_OK)
        (void)close(fd);
    return status;
}

/* Regular, and on a file system of the kernel's. */
static bool is_local(int fd)
{
    struct stat info;
    struct statfs system;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && fstatfs(fd, &system) == 0 &&
           system.f_type != FUSE_SUPER_MAGIC;
}

ProStatus file_from_stranger(
        int fd, const FileState *state, ProContainer **ret_container, ProError *reterr)
{
    if (is_local(fd))
        return file_from_fd(fd, state, ret_container, reterr);
    (void)close(fd);
    return error_set(reterr, PRO_ERR_FORMAT,
            "what should be a file to read is none, or is served by another program");
}

bool file_is_local(const ProContainer *container)
{
    return is_local(((const File *)container)->fd);
}
