/* SPDX-License-Identifier: Apache-2.0 */

/* Other machines: the gateway that listens for them, which of them are there, and who works there.
 */

#include "mp/manager_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/far/gateway.h"
#include "mp/far/ticket.h"
#include "mp/fd_channel.h"
#include "mp/nursery.h"

#include <promp/host.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(PRO_TICKET_MAX >= TICKET_TEXT_MAX, "a ticket must fit");

struct Hosts {
    ProHostInfo *items; /* in the order they came */
    size_t count;
};

/* ---- the list ---- */

static void add_host(ProManager *manager, const LaunchEvent *event)
{
    Hosts *hosts = manager->hosts;
    ProHostInfo *grown = realloc(hosts->items, (hosts->count + 1) * sizeof *grown);
    if (grown == NULL)
        return;
    hosts->items = grown;
    ProHostInfo *host = &grown[hosts->count++];
    *host = (ProHostInfo){.id = (uint32_t)event->host,
            .cpus = (uint32_t)event->wait_status,
            .memory_bytes = event->peak_rss_bytes,
            .agent_pid = event->pid};
    (void)snprintf(host->name, sizeof host->name, "%s", event->text);
}

static void remove_host(ProManager *manager, const LaunchEvent *event)
{
    Hosts *hosts = manager->hosts;
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->items[i].id != (uint32_t)event->host)
            continue;
        memmove(&hosts->items[i], &hosts->items[i + 1],
                (hosts->count - i - 1) * sizeof *hosts->items);
        hosts->count--;
        return;
    }
}

void hosts_on_event(ProManager *manager, const LaunchEvent *event)
{
    if (manager->hosts == NULL)
        return;
    if (event->kind == LAUNCH_HOST_CAME)
        add_host(manager, event);
    else if (event->kind == LAUNCH_HOST_WENT)
        remove_host(manager, event);
    else if (event->kind == LAUNCH_NOTICE)
        output_notice(manager, "%s", event->text);
    (void)pthread_cond_broadcast(&manager->slots_changed);
}

void hosts_lost(ProManager *manager)
{
    if (manager->hosts == NULL)
        return;
    manager->hosts->count = 0;
    output_notice(manager, "the gateway to other hosts died; workers there are lost");
    (void)pthread_cond_broadcast(&manager->slots_changed);
}

void hosts_free(ProManager *manager)
{
    if (manager->hosts == NULL)
        return;
    free(manager->hosts->items);
    free(manager->hosts);
    manager->hosts = NULL;
}

/* ---- listening ---- */

static ProStatus check_endpoint(const ProManager *manager, const char *endpoint, ProError *reterr)
{
    if (manager->hosts != NULL)
        return error_set(reterr, PRO_ERR_INVALID, "the manager listens already");
    if (endpoint == NULL || strncmp(endpoint, "tcp://", 6) != 0 ||
            strchr(endpoint + 6, ':') == NULL || strlen(endpoint) >= TCP_ENDPOINT_MAX)
        return error_set(reterr, PRO_ERR_INVALID,
                "\"%.200s\" is no address to listen at; it must look like tcp://192.0.2.7:* or "
                "tcp://eth0:4000",
                endpoint == NULL ? "" : endpoint);
    return PRO_OK;
}

/* Its first word: where it listens, or why it does not. Not locked. */
static ProStatus wait_for_gateway(Launcher *gateway, LaunchEvent *ret_event, ProError *reterr)
{
    enum { PATIENCE_MS = 20000 };
    struct pollfd channel = {.fd = launcher_fd(gateway), .events = POLLIN};
    uint64_t deadline_ns = clock_deadline_ns(PATIENCE_MS);
    ProStatus status;
    while ((status = launcher_receive(gateway, ret_event, reterr)) == PRO_ERR_EMPTY) {
        int left_ms = clock_left_ms(deadline_ns);
        if (left_ms == 0)
            return error_set(reterr, PRO_ERR_TIMEOUT, "the gateway does not answer");
        (void)poll(&channel, 1, left_ms);
    }
    if (status == PRO_ERR_CLOSED)
        return error_set(reterr, PRO_ERR_SYSTEM, "the gateway ended as soon as it started");
    if (status == PRO_OK && ret_event->kind != LAUNCH_LISTENS)
        return error_set(reterr, PRO_ERR_SYSTEM, "%s", ret_event->text);
    return status;
}

/* All addresses are none to connect to: the machine's name stands for them. */
static void name_endpoint(const char *bound, char endpoint[TCP_ENDPOINT_MAX])
{
    static const char *const everywhere[] = {"tcp://0.0.0.0:", "tcp://[::]:"};
    char name[128] = "localhost";
    (void)snprintf(endpoint, TCP_ENDPOINT_MAX, "%s", bound);
    (void)gethostname(name, sizeof name - 1);
    for (size_t i = 0; i < sizeof everywhere / sizeof everywhere[0]; i++) {
        size_t size = strlen(everywhere[i]);
        if (strncmp(bound, everywhere[i], size) == 0)
            (void)snprintf(endpoint, TCP_ENDPOINT_MAX, "tcp://%s:%s", name, bound + size);
    }
}

static ProStatus start_gateway(
        ProManager *manager, const char *endpoint, Ticket *ret_ticket, ProError *reterr)
{
    GatewayStart start = {0};
    Ticket ticket = {0};
    LaunchEvent event;
    char program[PATH_MAX];
    (void)strcpy(program, manager->program);
    (void)strcpy(start.endpoint, endpoint);
    (void)strcpy(start.manager, manager->socket_path);
    ProStatus status = tcp_keys_new(&start.keys, reterr);
    if (status == PRO_OK)
        status = tcp_keys_new(&ticket.keys, reterr);
    if (status == PRO_OK && program[0] == '\0')
        status = pro_find_worker_program(program, sizeof program, reterr);
    memcpy(start.client_key, ticket.keys.public_key, TCP_KEY_BYTES);
    memcpy(ticket.server_key, start.keys.public_key, TCP_KEY_BYTES);
    if (status == PRO_OK)
        status = launcher_open_gateway(
                &manager->gateway, program, &start, sizeof start, &manager->gateway_pidfd, reterr);
    explicit_bzero(&start, sizeof start);
    if (status == PRO_OK)
        status = wait_for_gateway(&manager->gateway, &event, reterr);
    if (status != PRO_OK)
        return status;
    name_endpoint(event.text, ticket.endpoint);
    *ret_ticket = ticket;
    return PRO_OK;
}

ProStatus pro_manager_listen(ProManager *manager, const char *endpoint,
        char ret_ticket[PRO_TICKET_MAX], ProError *reterr)
{
    Ticket ticket;
    ProStatus status = manager_enter(manager, reterr);
    if (status == PRO_OK)
        status = check_endpoint(manager, endpoint, reterr);
    if (status != PRO_OK)
        return status;
    Hosts *hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to listen");
    status = start_gateway(manager, endpoint, &ticket, reterr);
    port_lock(&manager->port);
    if (status == PRO_OK)
        status = port_watch(&manager->port, launcher_fd(&manager->gateway),
                MANAGER_TAG(TAG_GATEWAY, 0), reterr);
    if (status == PRO_OK)
        manager->hosts = hosts;
    port_unlock(&manager->port);
    if (status != PRO_OK) {
        launcher_close_gateway(&manager->gateway, &manager->gateway_pidfd);
        free(hosts);
        return status;
    }
    ticket_write(&ticket, ret_ticket);
    explicit_bzero(&ticket, sizeof ticket);
    return PRO_OK;
}

/* ---- asking ---- */

size_t pro_manager_hosts(ProManager *manager, ProHostInfo *ret_hosts, size_t capacity)
{
    if (manager_enter(manager, NULL) != PRO_OK)
        return 0;
    port_lock(&manager->port);
    size_t count = manager->hosts == NULL ? 0 : manager->hosts->count;
    for (size_t i = 0; i < count && i < capacity; i++)
        ret_hosts[i] = manager->hosts->items[i];
    port_unlock(&manager->port);
    return count;
}

ProStatus pro_manager_wait_hosts(
        ProManager *manager, size_t count, int timeout_ms, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    uint64_t deadline_ns = clock_deadline_ns(timeout_ms < 0 ? INT32_MAX : timeout_ms);
    const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
            .tv_nsec = (long)(deadline_ns % 1000000000u)};
    int error = 0;
    port_lock(&manager->port);
    bool listens = manager->hosts != NULL && manager->gateway.channel >= 0;
    port_take_back(&manager->port);
    while (listens && manager->hosts->count < count && error == 0)
        error = pthread_cond_timedwait(&manager->slots_changed, &manager->port.lock, &deadline);
    size_t here = listens ? manager->hosts->count : 0;
    port_unlock(&manager->port);
    if (!listens)
        return error_set(reterr, PRO_ERR_INVALID, "the manager does not listen for hosts");
    if (here < count)
        return error_set(reterr, PRO_ERR_TIMEOUT, "%zu of %zu hosts are there after %d ms", here,
                count, timeout_ms);
    return PRO_OK;
}

ProStatus pro_manager_set_placement(ProManager *manager, ProPlacement placement, ProError *reterr)
{
    ProStatus status = manager_enter(manager, reterr);
    if (status != PRO_OK)
        return status;
    if (placement != PRO_PLACE_LOCAL && placement != PRO_PLACE_HOSTS)
        return error_set(reterr, PRO_ERR_INVALID, "unknown placement %d", (int)placement);
    if (placement == PRO_PLACE_HOSTS && manager->hosts == NULL)
        return error_set(reterr, PRO_ERR_INVALID,
                "workers cannot be placed on hosts before the manager listens for them");
    port_lock(&manager->port);
    manager->places_far = placement == PRO_PLACE_HOSTS;
    port_unlock(&manager->port);
    return PRO_OK;
}
