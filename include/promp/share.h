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

#ifdef __cplusplus
}
#endif

#endif
