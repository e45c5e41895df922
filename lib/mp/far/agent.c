/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's process: the gateway of a manager elsewhere before it, its nursery and workers behind
 * it. */

#include "mp/far/agent.h"

#include "core/clock.h"
#include "core/error.h"
#include "mp/far/ticket.h"
#include "mp/runtime_folder.h"

#include <promp/host.h>
#include <promp/manager.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 15000,
    MESSAGES_AT_ONCE = 256,
    SOON_MS = 1,
    FIXED_FDS = 5,  /* far, monitor, local, launcher, signals */
    WORKER_FDS = 3, /* pidfd, stdout, stderr */
};

ProStatus agent_send(Agent *agent, Packet *packet)
{
    return socket_send_packet(agent->far, NULL, packet);
}

static void end(Agent *agent, const char *why)
{
    if (!agent->ended)
        agent->why = why;
    agent->ended = true;
}

/* ---- the gateway ---- */

static AgentWorker *find_worker(Agent *agent, uint64_t id)
{
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        if (worker->id == id)
            return worker;
    }
    return NULL;
}

static void on_far(Agent *agent, Packet *packet)
{
    FarMessage message;
    if (far_open(packet, &message, NULL) != PRO_OK) {
        end(agent, "the gateway sent a malformed message");
        return;
    }
    AgentWorker *worker = find_worker(agent, message.worker);
    if (message.type == FAR_START && worker == NULL)
        agent_worker_start(agent, &message);
    else if (worker != NULL)
        agent_worker_on_message(worker, &message, packet);
}

static void drain_far(Agent *agent)
{
    for (int i = 0; i < MESSAGES_AT_ONCE && !agent->ended; i++) {
        Packet *packet = socket_receive(agent->far, NULL, NULL);
        if (packet == NULL)
            return;
        on_far(agent, packet);
        packet_unref(packet);
    }
}

static bool say_hello(Agent *agent)
{
    struct sysinfo system = {0};
    cpu_set_t cpus;
    FarHello hello = {.cpus = 1, .pid = getpid()};
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        hello.cpus = (uint32_t)CPU_COUNT(&cpus);
    if (sysinfo(&system) == 0)
        hello.memory_bytes = (uint64_t)system.totalram * system.mem_unit;
    if (gethostname(hello.name, sizeof hello.name - 1) != 0 || hello.name[0] == '\0')
        (void)strcpy(hello.name, "unnamed");
    Packet *packet = far_hello_packet(&hello);
    return packet != NULL && agent_send(agent, packet) == PRO_OK;
}

static void drain_monitor(Agent *agent)
{
    TcpEvent event;
    while ((event = monitor_receive(agent->monitor)) != TCP_NOTHING) {
        if (event == TCP_CONNECTED) {
            agent->connected = true;
            if (!say_hello(agent))
                end(agent, "the manager could not be greeted");
        } else if (event == TCP_DISCONNECTED && agent->connected) {
            end(agent, NULL); /* the manager is done, or gone */
        } else if (!agent->connected) {
            end(agent, "nobody listens there who accepts this ticket; is the manager still "
                       "running, and its address reachable from here?");
        }
    }
}

/* ---- the workers ---- */

static AgentWorker *worker_of_pid(Agent *agent, pid_t pid)
{
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        if (worker->pid == pid)
            return worker;
    }
    return NULL;
}

static void on_launch_event(Agent *agent, const LaunchEvent *event)
{
    AgentWorker *worker = event->kind == LAUNCH_EXITED ? worker_of_pid(agent, event->pid)
                                                       : find_worker(agent, event->request);
    if (event->kind == LAUNCH_STARTED && worker == NULL)
        (void)close(event->pidfd);
    if (worker == NULL)
        return;
    if (event->kind == LAUNCH_STARTED)
        agent_worker_on_started(worker, event->pid, event->pidfd);
    else if (event->kind == LAUNCH_FAILED)
        agent_worker_failed(worker, event->text);
    else if (event->kind == LAUNCH_EXITED)
        agent_worker_on_exit(worker, &event->wait_status, event->peak_rss_bytes);
}

static void drain_launcher(Agent *agent)
{
    LaunchEvent event;
    ProStatus status = PRO_ERR_EMPTY;
    while (agent->launcher.channel >= 0 &&
            (status = launcher_receive(&agent->launcher, &event, NULL)) == PRO_OK)
        on_launch_event(agent, &event);
    if (agent->launcher.channel < 0 || status == PRO_ERR_EMPTY)
        return;
    launcher_close(&agent->launcher); /* another one with the next start */
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        if (worker->pidfd < 0)
            agent_worker_failed(worker, "the nursery died");
    }
}

static AgentWorker *worker_of_routing(Agent *agent, const uint8_t routing_id[MP_ROUTING_ID_BYTES])
{
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        if (memcmp(worker->routing_id, routing_id, MP_ROUTING_ID_BYTES) == 0)
            return worker;
    }
    return NULL;
}

static void drain_local(Agent *agent)
{
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    size_t routing_size = 0;
    for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
        Packet *packet = socket_receive(agent->local, routing_id, &routing_size);
        if (packet == NULL)
            return;
        AgentWorker *worker =
                routing_size == MP_ROUTING_ID_BYTES ? worker_of_routing(agent, routing_id) : NULL;
        if (worker != NULL && worker->pidfd < 0) {
            drain_launcher(agent); /* its nursery told of it before it began */
            worker = worker_of_routing(agent, routing_id);
        }
        if (worker != NULL)
            agent_worker_on_frame(worker, packet);
        packet_unref(packet);
    }
}

/* A nursery tells of the ends of its own; of those that outlived theirs only the pidfd does. */
static void look_for_deaths(Agent *agent)
{
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        struct pollfd process = {.fd = worker->pidfd, .events = POLLIN};
        if (agent->launcher.channel < 0 && worker->pidfd >= 0 && poll(&process, 1, 0) > 0)
            agent_worker_on_exit(worker, NULL, 0);
    }
}

/* ---- the loop ---- */

/* False: no memory. */
static bool wait_for_something(Agent *agent, int signals, int timeout_ms)
{
    size_t count = FIXED_FDS;
    list_each(link, &agent->workers) count += WORKER_FDS;
    struct pollfd *fds = calloc(count, sizeof *fds);
    if (fds == NULL)
        return false;
    const int fixed[FIXED_FDS] = {socket_fd(agent->far), socket_fd(agent->monitor),
            socket_fd(agent->local), launcher_fd(&agent->launcher), signals};
    for (size_t i = 0; i < FIXED_FDS; i++)
        fds[i] = (struct pollfd){.fd = fixed[i], .events = POLLIN};
    size_t place = FIXED_FDS;
    list_each(link, &agent->workers)
    {
        const AgentWorker *worker = list_entry(link, AgentWorker, link);
        bool reads = agent_worker_reads_output(worker);
        bool watched = agent->launcher.channel < 0 && !worker->exited;
        fds[place++] = (struct pollfd){.fd = watched ? worker->pidfd : -1, .events = POLLIN};
        for (int i = 0; i < 2; i++)
            fds[place++] = (struct pollfd){.fd = reads ? worker->streams[i] : -1, .events = POLLIN};
    }
    (void)poll(fds, count, timeout_ms);
    if (fds[FIXED_FDS - 1].revents != 0)
        end(agent, "it was asked to end");
    free(fds);
    return true;
}

/* As the gateway's: everything is looked at before the next wait. */
static int go_on(Agent *agent)
{
    bool soon = false;
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        if (agent_worker_go_on(worker))
            soon = agent_worker_waits(worker) || soon;
    }
    if (socket_has_input(agent->far) || socket_has_input(agent->local) ||
            socket_has_input(agent->monitor))
        return 0;
    if (soon)
        return SOON_MS;
    return agent->connected ? -1 : clock_left_ms(agent->connect_until_ns);
}

static void serve(Agent *agent, int signals)
{
    agent->connect_until_ns = clock_deadline_ns(CONNECT_TIMEOUT_MS);
    while (!agent->ended) {
        int timeout_ms = go_on(agent);
        if (!wait_for_something(agent, signals, timeout_ms))
            end(agent, "no memory");
        drain_monitor(agent);
        drain_far(agent);
        drain_local(agent);
        drain_launcher(agent);
        look_for_deaths(agent);
        if (!agent->connected && clock_left_ms(agent->connect_until_ns) == 0)
            end(agent, "the manager did not answer in time; is its address reachable from here?");
    }
}

/* ---- setup ---- */

static ProStatus open_agent(Agent *agent, const Ticket *ticket, ProError *reterr)
{
    uint8_t routing_id[MP_ROUTING_ID_BYTES];
    char endpoint[sizeof agent->socket_path + 8];
    if (getrandom(routing_id, sizeof routing_id, 0) != sizeof routing_id)
        return error_system(reterr, errno, "cannot get random bytes");
    routing_id[0] = 'a'; /* ZeroMQ keeps identities that begin with 0 for itself */
    agent->host_pidfd = launcher_host_pidfd();
    if (agent->host_pidfd < 0)
        return error_system(reterr, errno, "cannot make a pidfd of this process");
    ProStatus status = pro_find_worker_program(agent->program, sizeof agent->program, reterr);
    if (status == PRO_OK)
        status = runtime_folder_acquire(agent->socket_path, sizeof agent->socket_path, reterr);
    if (status != PRO_OK)
        return status;
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", agent->socket_path);
    status = socket_open_router(endpoint, &agent->local, reterr);
    if (status == PRO_OK)
        status = socket_open_agent(
                ticket->server_key, &ticket->keys, routing_id, &agent->far, reterr);
    if (status == PRO_OK)
        status = socket_open_monitor(agent->far, &agent->monitor, reterr);
    if (status == PRO_OK)
        status = socket_connect(agent->far, ticket->endpoint, reterr);
    return status;
}

/* The nursery, whose host this is, ends what still lives when we are gone. */
static void close_agent(Agent *agent)
{
    list_each(link, &agent->workers)
    {
        AgentWorker *worker = list_entry(link, AgentWorker, link);
        agent_worker_signal(worker, SIGKILL);
        agent_worker_free(worker);
    }
    launcher_close(&agent->launcher);
    socket_close(agent->monitor);
    socket_close(agent->far);
    socket_close(agent->local);
    if (agent->socket_path[0] != '\0')
        runtime_folder_release(agent->socket_path);
}

static int open_signals(sigset_t *before)
{
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &ending, before);
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

ProStatus pro_agent_run(const char *ticket_text, ProError *reterr)
{
    Ticket ticket;
    Agent agent = {.launcher.channel = -1};
    sigset_t before;
    ProStatus status = ticket_read(ticket_text, &ticket, reterr);
    if (status != PRO_OK)
        return status;
    list_init(&agent.workers);
    int signals = open_signals(&before);
    if (signals < 0)
        status = error_system(reterr, errno, "cannot watch for signals");
    if (status == PRO_OK)
        status = open_agent(&agent, &ticket, reterr);
    explicit_bzero(&ticket.keys, sizeof ticket.keys);
    if (status == PRO_OK) {
        serve(&agent, signals);
        if (agent.why != NULL)
            status = error_set(reterr, agent.connected ? PRO_ERR_CLOSED : PRO_ERR_NOT_FOUND,
                    "%s: %s", ticket.endpoint, agent.why);
    }
    close_agent(&agent);
    if (signals >= 0)
        (void)close(signals);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
