/* SPDX-License-Identifier: Apache-2.0 */

/* The gateway's process: the agents before it, the manager behind it. */

#include "mp/far/gateway_private.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/fd_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    GATEWAY_SOCKETS_MAX = 16384,
    EVENTS_AT_ONCE = 64,
    MESSAGES_AT_ONCE = 256,
    SOON_MS = 1,
    OFTEN_MS = 20,
    LOOK_MS = 2000, /* how long a connection that broke may take to vanish */
    PING_MS = 5000,
};

void gateway_say(NurseryPacket packet, const GatewayWorker *worker, const NurseryHead *head,
        const char *text)
{
    struct {
        NurseryHead head;
        char text[256];
    } message = {.head = *head};
    size_t size = strnlen(text, sizeof message.text - 1);
    message.head.packet = packet;
    if (worker != NULL)
        message.head.request = worker->id;
    memcpy(message.text, text, size);
    /* A manager that reads nothing misses a status, not a death: it watches the pidfd too. */
    (void)fd_channel_send(GATEWAY_CHANNEL_FD, &message, sizeof message.head + size, NULL, 0, NULL);
}

ProStatus gateway_send(const GatewayAgent *agent, Gateway *gateway, Packet *packet)
{
    return socket_send_packet(gateway->far, agent->routing_id, packet);
}

/* ---- agents ---- */

static GatewayAgent *find_agent(Gateway *gateway, const uint8_t routing_id[MP_ROUTING_ID_BYTES])
{
    list_each(link, &gateway->agents)
    {
        GatewayAgent *agent = list_entry(link, GatewayAgent, link);
        if (memcmp(agent->routing_id, routing_id, MP_ROUTING_ID_BYTES) == 0)
            return agent;
    }
    return NULL;
}

static void tell_host(NurseryPacket packet, const GatewayAgent *agent)
{
    const NurseryHead head = {.request = agent->id,
            .host = agent->id,
            .pid = agent->hello.pid,
            .wait_status = (int32_t)agent->hello.cpus,
            .peak_rss_bytes = agent->hello.memory_bytes};
    gateway_say(packet, NULL, &head, agent->hello.name);
}

static void welcome(
        Gateway *gateway, const uint8_t routing_id[MP_ROUTING_ID_BYTES], const FarMessage *message)
{
    FarHello hello;
    ProError error = {0};
    const NurseryHead head = {0};
    if (gateway->next_agent >= FAR_HOSTS_MAX || far_hello_read(message, &hello, &error) != PRO_OK) {
        gateway_say(GATEWAY_NOTICE, NULL, &head,
                error.text[0] != '\0' ? error.text : "too many hosts have come");
        return;
    }
    GatewayAgent *agent = calloc(1, sizeof *agent);
    if (agent == NULL)
        return;
    agent->id = ++gateway->next_agent;
    agent->hello = hello;
    memcpy(agent->routing_id, routing_id, MP_ROUTING_ID_BYTES);
    list_append(&gateway->agents, &agent->link);
    tell_host(GATEWAY_HOST_CAME, agent);
}

static void drop_agent(Gateway *gateway, GatewayAgent *agent)
{
    char text[FAR_HOST_NAME_MAX + 64];
    (void)snprintf(
            text, sizeof text, "the connection to the agent on %s was lost", agent->hello.name);
    list_each(link, &gateway->workers)
    {
        GatewayWorker *worker = list_entry(link, GatewayWorker, link);
        if (worker->agent == agent)
            gateway_worker_lost(worker, text);
    }
    tell_host(GATEWAY_HOST_WENT, agent);
    list_remove(&agent->link);
    free(agent);
}

/* A message that cannot be sent is how a router tells that a peer is gone. */
static void look_for_lost_agents(Gateway *gateway)
{
    list_each(link, &gateway->agents)
    {
        GatewayAgent *agent = list_entry(link, GatewayAgent, link);
        Packet *ping = far_packet(FAR_PING, 0, 0, 0, NULL);
        if (ping != NULL && gateway_send(agent, gateway, ping) == PRO_ERR_WORKER_GONE)
            drop_agent(gateway, agent);
    }
}

static GatewayWorker *find_worker(Gateway *gateway, uint64_t id)
{
    list_each(link, &gateway->workers)
    {
        GatewayWorker *worker = list_entry(link, GatewayWorker, link);
        if (worker->id == id)
            return worker;
    }
    return NULL;
}

static void on_far(Gateway *gateway, const uint8_t routing_id[MP_ROUTING_ID_BYTES], Packet *packet)
{
    FarMessage message;
    GatewayAgent *agent = find_agent(gateway, routing_id);
    if (far_open(packet, &message, NULL) != PRO_OK) {
        if (agent != NULL)
            drop_agent(gateway, agent);
        return;
    }
    if (agent == NULL && message.type == FAR_HELLO)
        welcome(gateway, routing_id, &message);
    if (agent == NULL)
        return;
    GatewayWorker *worker = find_worker(gateway, message.worker);
    if (worker != NULL && worker->agent == agent) /* else it died meanwhile, or is another's */
        gateway_worker_on_message(worker, &message, packet);
}

static void drain_far(Gateway *gateway)
{
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    size_t routing_size = 0;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        Packet *packet = socket_receive(gateway->far, routing_id, &routing_size);
        if (packet == NULL)
            return;
        if (routing_size == MP_ROUTING_ID_BYTES)
            on_far(gateway, routing_id, packet);
        packet_unref(packet);
    }
}

static void drain_monitor(Gateway *gateway)
{
    TcpEvent event;
    while ((event = monitor_receive(gateway->monitor)) != TCP_NOTHING)
        if (event == TCP_DISCONNECTED)
            gateway->look_until_ns = clock_deadline_ns(LOOK_MS);
}

static void answer_doorman(Gateway *gateway)
{
    unsigned before = gateway->turned_away;
    const NurseryHead head = {0};
    doorman_answer(gateway->doorman, gateway->client_key, &gateway->turned_away);
    if (before == 0 && gateway->turned_away > 0) /* once: it may be tried for ever */
        gateway_say(GATEWAY_NOTICE, NULL, &head,
                "somebody without a ticket of this manager tried to connect; turned away");
}

/* ---- the manager ---- */

/* The one with the fewest workers for its processors. */
static GatewayAgent *choose_agent(Gateway *gateway)
{
    GatewayAgent *best = NULL;
    list_each(link, &gateway->agents)
    {
        GatewayAgent *agent = list_entry(link, GatewayAgent, link);
        if (best == NULL || (uint64_t)agent->workers * best->hello.cpus <
                                    (uint64_t)best->workers * agent->hello.cpus)
            best = agent;
    }
    return best;
}

/* False: the manager is gone. */
static bool serve_manager(Gateway *gateway)
{
    static union {
        NurseryHead head;
        uint8_t bytes[sizeof(NurseryHead) + MP_CONFIG_MAX];
    } packet;
    for (;;) {
        size_t size = 0;
        size_t fd_count = 0;
        int fds[FD_CHANNEL_FDS_MAX];
        ProStatus status = fd_channel_receive(GATEWAY_CHANNEL_FD, packet.bytes, sizeof packet.bytes,
                &size, fds, FD_CHANNEL_FDS_MAX, &fd_count, NULL);
        if (status == PRO_ERR_EMPTY)
            return true;
        if (status == PRO_ERR_CLOSED || status == PRO_ERR_SYSTEM)
            return false;
        bool sound = status == PRO_OK && size > sizeof packet.head &&
                     packet.head.packet == NURSERY_START && fd_count == WORKER_FD_COUNT;
        GatewayAgent *agent = sound ? choose_agent(gateway) : NULL;
        if (agent != NULL) {
            gateway_worker_start(gateway, agent, packet.head.request,
                    packet.bytes + sizeof packet.head, size - sizeof packet.head, fds);
            continue;
        }
        const NurseryHead head = {.request = packet.head.request};
        if (sound)
            gateway_say(NURSERY_FAILED, NULL, &head,
                    "no host is connected; start `promp agent` there with the manager's ticket");
        for (size_t i = 0; i < fd_count; i++)
            (void)close(fds[i]);
    }
}

static void reap(Gateway *gateway)
{
    struct signalfd_siginfo discarded;
    while (read(gateway->signals, &discarded, sizeof discarded) > 0)
        continue;
    list_each(link, &gateway->workers)
    {
        GatewayWorker *worker = list_entry(link, GatewayWorker, link);
        int status;
        if (worker->pid > 0 && waitpid(worker->pid, &status, WNOHANG) == worker->pid)
            gateway_worker_killed(worker, status);
    }
}

static void pass_terms(Gateway *gateway)
{
    uint64_t id;
    while (read(gateway->terms[0], &id, sizeof id) == sizeof id) {
        GatewayWorker *worker = find_worker(gateway, id);
        Packet *packet =
                worker == NULL ? NULL : far_packet(FAR_SIGNAL, SIGTERM, worker->id, 0, NULL);
        if (packet != NULL)
            (void)gateway_send(worker->agent, gateway, packet);
    }
}

/* ---- the loop ---- */

static bool watch(Gateway *gateway, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(gateway->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static ProStatus open_sockets(Gateway *gateway, const GatewayStart *start, ProError *reterr)
{
    char endpoint[TCP_ENDPOINT_MAX] = "";
    const NurseryHead head = {0};
    ProStatus status = socket_open_doorman(&gateway->doorman, reterr);
    if (status == PRO_OK)
        status =
                socket_open_gateway(start->endpoint, &start->keys, &gateway->far, endpoint, reterr);
    if (status == PRO_OK)
        status = socket_open_monitor(gateway->far, &gateway->monitor, reterr);
    if (status == PRO_OK)
        gateway_say(GATEWAY_LISTENS, NULL, &head, endpoint);
    return status;
}

/* A far worker has a socket and a handful of descriptors here. */
static void make_room(void)
{
    struct rlimit files;
    socket_allow_many(GATEWAY_SOCKETS_MAX);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static ProStatus open_gateway(Gateway *gateway, ProError *reterr)
{
    struct {
        NurseryHead head;
        GatewayStart start;
    } packet;
    size_t size = 0;
    size_t fd_count;
    ProStatus status = fd_channel_receive(
            GATEWAY_CHANNEL_FD, &packet, sizeof packet, &size, NULL, 0, &fd_count, reterr);
    if (status != PRO_OK || size != sizeof packet.head + sizeof packet.start ||
            packet.head.packet != GATEWAY_LISTEN)
        return error_set(reterr, PRO_ERR_FORMAT, "the gateway was not told what to do");
    sigset_t child_signal;
    (void)sigemptyset(&child_signal);
    (void)sigaddset(&child_signal, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child_signal, NULL);
    gateway->signals = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    gateway->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (gateway->signals < 0 || gateway->epoll < 0 ||
            pipe2(gateway->terms, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_system(reterr, errno, "cannot set up the gateway");
    memcpy(gateway->client_key, packet.start.client_key, TCP_KEY_BYTES);
    (void)snprintf(gateway->endpoint, sizeof gateway->endpoint, "ipc://%s", packet.start.manager);
    status = open_sockets(gateway, &packet.start, reterr);
    explicit_bzero(&packet, sizeof packet);
    bool watched = status == PRO_OK && watch(gateway, GATEWAY_CHANNEL_FD) &&
                   watch(gateway, GATEWAY_HOST_FD) && watch(gateway, gateway->signals) &&
                   watch(gateway, gateway->terms[0]) && watch(gateway, socket_fd(gateway->far)) &&
                   watch(gateway, socket_fd(gateway->doorman)) &&
                   watch(gateway, socket_fd(gateway->monitor));
    if (status == PRO_OK && !watched)
        status = error_system(reterr, errno, "cannot watch the gateway's sockets");
    return status;
}

/* ZeroMQ's descriptors tell of a change once, and sending may take it: so everything is looked at
 * after each wait, and nothing is waited for while there is more. */
static int go_on(Gateway *gateway)
{
    bool soon = false;
    list_each(link, &gateway->workers)
    {
        GatewayWorker *worker = list_entry(link, GatewayWorker, link);
        if (gateway_worker_go_on(worker))
            soon = gateway_worker_waits(worker) || soon;
    }
    if (socket_has_input(gateway->far) || socket_has_input(gateway->doorman) ||
            socket_has_input(gateway->monitor))
        return 0;
    list_each(link, &gateway->workers) if (socket_has_input(list_entry(link, GatewayWorker, link)
                                                                    ->socket)) return 0;
    if (soon)
        return SOON_MS;
    return gateway->look_until_ns > clock_now_ns() ? OFTEN_MS : PING_MS;
}

static bool host_is_gone(void)
{
    struct pollfd host = {.fd = GATEWAY_HOST_FD, .events = POLLIN};
    return poll(&host, 1, 0) != 0;
}

static void serve(Gateway *gateway)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t next_ping_ns = clock_deadline_ns(PING_MS);
    for (;;) {
        int timeout_ms = go_on(gateway);
        (void)epoll_wait(gateway->epoll, events, EVENTS_AT_ONCE, timeout_ms);
        if (host_is_gone() || !serve_manager(gateway))
            return;
        answer_doorman(gateway);
        drain_far(gateway);
        drain_monitor(gateway);
        reap(gateway);
        pass_terms(gateway);
        uint64_t now_ns = clock_now_ns();
        if (now_ns >= next_ping_ns || now_ns < gateway->look_until_ns) {
            look_for_lost_agents(gateway);
            next_ping_ns = clock_deadline_ns(PING_MS);
        }
    }
}

int gateway_run(void)
{
    Gateway gateway = {.signals = -1, .epoll = -1};
    ProError error = {0};
    const NurseryHead head = {0};
    (void)prctl(PR_SET_NAME, "promp-gateway");
    (void)fcntl(GATEWAY_CHANNEL_FD, F_SETFD, FD_CLOEXEC);
    (void)fcntl(GATEWAY_HOST_FD, F_SETFD, FD_CLOEXEC);
    make_room();
    list_init(&gateway.agents);
    list_init(&gateway.workers);
    if (open_gateway(&gateway, &error) != PRO_OK) {
        gateway_say(NURSERY_FAILED, NULL, &head, error.text);
        return 1;
    }
    serve(&gateway);
    list_each(link, &gateway.workers) gateway_worker_free(list_entry(link, GatewayWorker, link));
    for (ListLink *link = list_pop(&gateway.agents); link != NULL; link = list_pop(&gateway.agents))
        free(list_entry(link, GatewayAgent, link));
    socket_close(gateway.monitor);
    socket_close(gateway.far);
    socket_close(gateway.doorman);
    return 0;
}
