/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_HOST_H
#define PROMP_HOST_H

/*
 * Workers on other machines. A manager listens and gives out a ticket; an agent on each other host
 * (`promp agent`, or pro_agent_run()) connects with it; then workers can be started there, and are
 * used like any other: tasks, messages, output, progress, cancel, deaths, containers.
 * ProWorkerInfo.host tells where one runs.
 *
 *     char ticket[PRO_TICKET_MAX];
 *     pro_manager_listen(manager, "tcp://192.0.2.7:*", ticket, &error);
 *     ... hand it to the hosts: by ssh's or srun's standard input, or a file of mode 0600 ...
 *     pro_manager_wait_hosts(manager, 1, 60000, &error);
 *     pro_manager_set_placement(manager, PRO_PLACE_HOSTS, &error);
 *     pro_manager_start_worker(manager, &worker, &error);
 *
 * Everything goes over TCP with CURVE: encrypted, and both ends proven by keys that are made for
 * this manager. Who has the ticket may run nothing at the manager, but can pose as a host.
 *
 * What differs from a worker on this machine:
 *   - Files are those of its machine; a path means what it means there. A file as a container
 *     crosses, though: it is read in blocks, over the network.
 *   - A large value has at most 4 GiB.
 *   - A result's container arrives as a copy.
 *   - A host whose connection breaks, or that is silent for ten seconds, is gone with its workers:
 *     they count as died, and are started again on the hosts that are left.
 */

#include <promp/manager.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_TICKET_MAX 512

/*
 * Listens at `endpoint`: "tcp://ADDRESS:PORT", an address or the name of an interface, and a port
 * or
 * *. Nothing is listened at unasked, and only one endpoint per manager (PRO_ERR_INVALID).
 * ret_ticket is one line of text, a secret. Owner thread; waits for a helper process to be ready.
 */
PRO_API ProStatus pro_manager_listen(ProManager *manager, const char *endpoint,
        char ret_ticket[PRO_TICKET_MAX], ProError *reterr) PRO_WARN_UNUSED;

typedef struct ProHostInfo {
    uint32_t id; /* from 1 on */
    char name[256];
    uint32_t cpus;         /* that its agent may use */
    uint64_t memory_bytes; /* in all */
    int64_t agent_pid;
} ProHostInfo;

/* The hosts that are connected now, in the order they came. Writes at most `capacity`; returns how
 * many there are. */
PRO_API size_t pro_manager_hosts(ProManager *manager, ProHostInfo *ret_hosts, size_t capacity);
/* Until so many are connected. PRO_ERR_TIMEOUT. Owner thread; delivers nothing. */
PRO_API ProStatus pro_manager_wait_hosts(
        ProManager *manager, size_t count, int timeout_ms, ProError *reterr);

typedef enum ProPlacement {
    PRO_PLACE_LOCAL, /* on this machine: at first */
    PRO_PLACE_HOSTS  /* on the host with the fewest workers for its processors */
} ProPlacement;

/* Where workers (and spares) go that are started from now on. PRO_ERR_INVALID for hosts before
 * pro_manager_listen(). */
PRO_API ProStatus pro_manager_set_placement(
        ProManager *manager, ProPlacement placement, ProError *reterr);

/*
 * Serves the manager whose ticket that is, until it closes or is gone (PRO_OK), or SIGINT, SIGTERM
 * or SIGHUP comes. Its workers end with it. PRO_ERR_FORMAT: no ticket. PRO_ERR_NOT_FOUND: nobody
 * answered, or it was turned away. Blocks; in the process' only thread, or with these signals
 * blocked in all others.
 */
PRO_API ProStatus pro_agent_run(const char *ticket, ProError *reterr);

#ifdef __cplusplus
}
#endif

#endif
