/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/runtime_folder.h"

#include "core/error.h"

#include <promp/manager.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_PREFIX "promp-"

/* A folder without a lock file is being made, or its maker died within this time of making it. */
enum { YOUNG_FOLDER_SECONDS = 60 };

static struct {
    pthread_mutex_t lock;
    char path[PATH_MAX];
    char prefix[NAME_MAX]; /* of socket names */
    bool inherited;
    int lock_fd;
    unsigned users;
    unsigned next_socket;
    pid_t pid; /* after a fork the folder is the parent's */
} folder = {.lock = PTHREAD_MUTEX_INITIALIZER, .lock_fd = -1};

static bool usable_base(const char *path)
{
    struct stat info;
    return path != NULL && path[0] == '/' && stat(path, &info) == 0 && S_ISDIR(info.st_mode) &&
           access(path, W_OK | X_OK) == 0;
}

static const char *base_folder(void)
{
    const char *candidates[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR")};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
        if (usable_base(candidates[i]))
            return candidates[i];
    return "/tmp";
}

static void remove_entries(int folder_fd)
{
    DIR *entries = fdopendir(dup(folder_fd));
    if (entries == NULL)
        return;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(folder_fd, entry->d_name, 0);
    (void)closedir(entries);
}

void runtime_folder_remove(const char *path)
{
    const char *name = strrchr(path, '/');
    if (name == NULL || strncmp(name + 1, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) != 0)
        return;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    remove_entries(fd);
    (void)close(fd);
    (void)rmdir(path);
}

/* Nobody holds its lock, or it never got one. */
static bool is_abandoned(int base_fd, const char *name)
{
    struct stat info;
    char lock_name[NAME_MAX + 8];
    if (fstatat(base_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode) ||
            info.st_uid != geteuid())
        return false;
    (void)snprintf(lock_name, sizeof lock_name, "%s/lock", name);
    int fd = openat(base_fd, lock_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT && time(NULL) - info.st_mtime > YOUNG_FOLDER_SECONDS;
    bool abandoned = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void)close(fd);
    return abandoned;
}

static void sweep(const char *base)
{
    DIR *entries = opendir(base);
    if (entries == NULL)
        return;
    char path[PATH_MAX];
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strncmp(entry->d_name, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) != 0 ||
                !is_abandoned(dirfd(entries), entry->d_name))
            continue;
        int length = snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        if (length > 0 && (size_t)length < sizeof path)
            runtime_folder_remove(path);
    }
    (void)closedir(entries);
}

/* The lock appears under its name only when it is held, so that no sweep can catch it between. */
static int make_lock(const char *path)
{
    char new_name[PATH_MAX + 8];
    char name[PATH_MAX + 8];
    (void)snprintf(new_name, sizeof new_name, "%s/new", path);
    (void)snprintf(name, sizeof name, "%s/lock", path);
    int fd = open(new_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && rename(new_name, name) == 0)
        return fd;
    int system_error = errno;
    (void)close(fd);
    errno = system_error;
    return -1;
}

/* A normal end of the process removes the folder even if managers were never closed. */
static void remove_at_exit(void)
{
    if (folder.path[0] != '\0' && folder.pid == getpid() && !folder.inherited)
        runtime_folder_remove(folder.path);
}

static ProStatus make_folder(ProError *reterr)
{
    static bool at_exit_set;
    const char *base = base_folder();
    sweep(base);
    int length = snprintf(folder.path, sizeof folder.path, "%s/" FOLDER_PREFIX "XXXXXX", base);
    if (length < 0 || (size_t)length >= sizeof folder.path || mkdtemp(folder.path) == NULL) {
        int system_error = length < PATH_MAX ? errno : ENAMETOOLONG;
        folder.path[0] = '\0';
        return error_system(reterr, system_error,
                "cannot make a folder for sockets in %s (set XDG_RUNTIME_DIR or TMPDIR to another one)",
                base);
    }
    folder.lock_fd = make_lock(folder.path);
    if (folder.lock_fd < 0) {
        ProStatus status =
                error_system(reterr, errno, "cannot make a lock file in %s", folder.path);
        runtime_folder_remove(folder.path);
        folder.path[0] = '\0';
        return status;
    }
    folder.pid = getpid();
    folder.inherited = false;
    (void)strcpy(folder.prefix, "m");
    if (!at_exit_set)
        at_exit_set = atexit(remove_at_exit) == 0;
    return PRO_OK;
}

static ProStatus format_socket_path(char *ret_socket_path, size_t capacity, ProError *reterr)
{
    const size_t limit = sizeof((struct sockaddr_un *)0)->sun_path;
    char path[PATH_MAX + NAME_MAX + 16];
    int length =
            snprintf(path, sizeof path, "%s/%s%u", folder.path, folder.prefix, folder.next_socket);
    if (length < 0 || (size_t)length >= limit || (size_t)length >= capacity)
        return error_set(reterr, PRO_ERR_LIMIT,
                "the socket path %s has %d bytes, more than the %zu of a socket address: set "
                "XDG_RUNTIME_DIR or TMPDIR to a shorter folder",
                path, length, limit - 1);
    folder.next_socket++;
    memcpy(ret_socket_path, path, (size_t)length + 1);
    return PRO_OK;
}

static void drop_folder(void)
{
    runtime_folder_remove(folder.path);
    (void)close(folder.lock_fd);
    folder.lock_fd = -1;
    folder.path[0] = '\0';
}

ProStatus runtime_folder_acquire(char *ret_socket_path, size_t capacity, ProError *reterr)
{
    (void)pthread_mutex_lock(&folder.lock);
    if (folder.pid != getpid()) { /* inherited through fork(): the parent's */
        folder.users = 0;
        folder.path[0] = '\0';
    }
    ProStatus status = folder.users > 0 || folder.path[0] != '\0' ? PRO_OK : make_folder(reterr);
    if (status == PRO_OK) {
        status = format_socket_path(ret_socket_path, capacity, reterr);
        if (status == PRO_OK)
            folder.users++;
        else if (folder.users == 0 && !folder.inherited)
            drop_folder();
    }
    (void)pthread_mutex_unlock(&folder.lock);
    return status;
}

void runtime_folder_release(const char *socket_path)
{
    (void)pthread_mutex_lock(&folder.lock);
    if (folder.pid == getpid() && folder.users > 0) {
        (void)unlink(socket_path);
        if (--folder.users == 0 && !folder.inherited)
            drop_folder();
    }
    (void)pthread_mutex_unlock(&folder.lock);
}

void runtime_folder_inherit(const char *manager_socket, ProWorkerId worker)
{
    const char *name = strrchr(manager_socket, '/');
    size_t folder_size = name == NULL ? 0 : (size_t)(name - manager_socket);
    if (folder_size == 0 || folder_size >= sizeof folder.path)
        return;
    (void)pthread_mutex_lock(&folder.lock);
    memcpy(folder.path, manager_socket, folder_size);
    folder.path[folder_size] = '\0';
    (void)snprintf(folder.prefix, sizeof folder.prefix, "%s.%u.", name + 1, worker);
    folder.inherited = true;
    folder.users = 0;
    folder.next_socket = 0;
    folder.pid = getpid();
    (void)pthread_mutex_unlock(&folder.lock);
}

void runtime_folder_remove_worker(const char *manager_socket, ProWorkerId worker)
{
    char path[PATH_MAX];
    const char *slash = strrchr(manager_socket, '/');
    if (slash == NULL || (size_t)(slash - manager_socket) >= sizeof path)
        return;
    memcpy(path, manager_socket, (size_t)(slash - manager_socket));
    path[slash - manager_socket] = '\0';
    char prefix[NAME_MAX];
    int length = snprintf(prefix, sizeof prefix, "%s.%u.", slash + 1, worker);
    DIR *entries = length > 0 && (size_t)length < sizeof prefix ? opendir(path) : NULL;
    if (entries == NULL)
        return;
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
        if (strncmp(entry->d_name, prefix, (size_t)length) == 0)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    (void)closedir(entries);
}

const char *runtime_folder_own(void)
{
    return folder.inherited ? "" : pro_runtime_folder();
}

const char *pro_runtime_folder(void)
{
    return folder.pid == getpid() ? folder.path : "";
}
