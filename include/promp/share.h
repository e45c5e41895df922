/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_SHARE_H
#define PROMP_SHARE_H

/*
 * Containers that a manager shares with its workers, by name. Memory and files cross as descriptors
 * that the kernel makes read-only, so a worker reads them as fast as its manager does; what has no
 * memory is read in blocks, which a thread of the manager serves while its program does something
 * else.
 *
 * What is shared is a snapshot of memory (but see pro_container_new_live()) and the file itself. A
 * worker keeps what it has got, also when it is shared no longer; only blocks then are an error.
 */

#include <promp/container.h>
#include <promp/manager.h>
#include <promp/value.h>
#include <promp/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_SHARE_NAME_MAX 1024 /* bytes */

/* `name` is UTF-8. Workers that run and those to come see it at once. PRO_ERR_INVALID if the name
 * is taken. Owner thread. */
PRO_API ProStatus pro_manager_share_container(ProManager *manager, const char *name,
        ProContainer *container, ProError *reterr) PRO_WARN_UNUSED;
/* PRO_ERR_NOT_FOUND. Owner thread. */
PRO_API ProStatus pro_manager_unshare_container(
        ProManager *manager, const char *name, ProError *reterr);

/* In a worker, any thread; waits for the manager's engine, not for its program. PRO_ERR_NOT_FOUND.
 * The container may be shared again with this worker's own workers. */
PRO_API ProStatus pro_worker_get_shared_container(ProWorker *worker, const char *name,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;
/* Writes one list with the names, sorted. */
PRO_API ProStatus pro_worker_shared_containers(
        ProWorker *worker, ProWriter *names, ProError *reterr) PRO_WARN_UNUSED;

/* ---- among arguments and results ---- */

/*
 * Writes a container as a value: it arrives as a container. The writer keeps a reference until it
 * is cleared or freed. At most 256 in one value (PRO_ERR_LIMIT). Only a task's arguments and its
 * result may hold containers.
 */
PRO_API void pro_write_container(ProWriter *writer, ProContainer *container);

/*
 * In a worker: the container that PRO_VALUE_CONTAINER stands for in the arguments of the task that
 * runs; `index` is the value's unsigned_integer. A new reference. While the task runs, any thread.
 * The container may be kept; if it is read in blocks, reads fail once the task has ended.
 */
PRO_API ProStatus pro_worker_argument_container(ProWorker *worker, uint64_t index,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

/*
 * The same for a result: a new reference. A file is handed over as such, memory without a copy if
 * nobody can change it; a part of what the manager itself shared is a part of that container; what
 * only the worker could read (its callbacks, its live memory) was copied. PRO_ERR_NOT_FOUND if it
 * could not be opened, PRO_ERR_FORMAT if there is no such container.
 */
PRO_API ProStatus pro_ending_container(const ProEnding *ending, uint64_t index,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
