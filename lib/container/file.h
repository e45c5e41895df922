/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTAINER_FILE_H
#define CONTAINER_FILE_H

#include "container/container.h"

/* What a file container is beside its descriptor; enough to make the same one in another process.
 */
typedef struct FileState {
    uint64_t size;
    int64_t modified_s; /* when it was opened */
    int64_t modified_ns;
    int64_t changed_s; /* when it was shared: the inode's own time, which nobody can set back; 0: */
    int64_t changed_ns; /* not shared */
    uint32_t flags;     /* ProFileFlags */
} FileState;

/* A file container's descriptor (borrowed, O_RDONLY) and state, for another process, which may be
 * hostile and have the right to write to the file: from now on the inode's time is watched too.
 * PRO_ERR_UNSUPPORTED for other kinds. Any thread. */
ProStatus file_export(
        const ProContainer *container, int *ret_fd, FileState *ret_state, ProError *reterr);

/* Consumes `fd` in any case. PRO_ERR_FORMAT if it is no file, or can be written to, PRO_ERR_SYSTEM
 * if it has changed since. */
ProStatus file_from_fd(
        int fd, const FileState *state, ProContainer **ret_container, ProError *reterr);
/* The same of a descriptor that came from a process that is not trusted: regular files only, and of
 * no file system that another program serves, which could let a reader wait forever. */
ProStatus file_from_stranger(
        int fd, const FileState *state, ProContainer **ret_container, ProError *reterr);
/* Whether file_from_stranger() would take it. */
bool file_is_local(const ProContainer *container);

#endif
