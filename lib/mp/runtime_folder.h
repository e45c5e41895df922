/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_RUNTIME_FOLDER_H
#define MP_RUNTIME_FOLDER_H

#include <promp/message.h>
#include <promp/status.h>
#include <stddef.h>

/*
 * The folder with this process' sockets: 0700, below $XDG_RUNTIME_DIR, else $TMPDIR, else /tmp. It
 * exists while managers do. A lock file inside tells the living from the dead (whatever their pid
 * namespace): making one's own folder sweeps those that nobody holds.
 *
 * A worker's own managers use the root's folder: their sockets are named after the socket and the
 * id that the worker hangs on ("m0.3.0"), so that whoever sees the worker die can remove them.
 *
 * Threads: any.
 */

/* A free socket path in the folder; each call that succeeds must be matched by a release. The error
 * names the folder and the limit if the path would not fit a socket address. */
ProStatus runtime_folder_acquire(char *ret_socket_path, size_t capacity, ProError *reterr);
/* Removes the socket, and the folder with the last one. */
void runtime_folder_release(const char *socket_path);

/* In a worker, before its first manager: use the folder that `manager_socket` lies in. */
void runtime_folder_inherit(const char *manager_socket, ProWorkerId worker);
/* Removes the sockets of a dead worker's managers. */
void runtime_folder_remove_worker(const char *manager_socket, ProWorkerId worker);

/* The folder if this process made it, else "". */
const char *runtime_folder_own(void);

/* Removes a folder that this module made, whoever made it: for the nursery, after its host's death.
 */
void runtime_folder_remove(const char *folder);

#endif
