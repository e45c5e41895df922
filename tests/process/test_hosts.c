/* SPDX-License-Identifier: Apache-2.0 */

/* Other machines, played by agents on this one: who may join, what the end of each part ends, and
 * agents that lie. That their workers are workers like any other, test_engine and test_shares show,
 * which run with an agent's workers as well. */

#include "process/engine.h"

#include "mp/far/far_wire.h"
#include "mp/far/ticket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

enum { LOOK_MS = 10 };

static const char here[] = "tcp://127.0.0.1:*";

static void listen_at(Engine *engine, char ticket[PRO_TICKET_MAX])
{
    ProError error = {0};
    assert_ok(pro_manager_listen(engine->manager, here, ticket, &error));
    assert_ok(pro_manager_set_placement(engine->manager, PRO_PLACE_HOSTS, &error));
}

static pid_t start_agent(const char *ticket)
{
    pid_t pid = 0;
    char *arguments[] = {getenv("PROMP_HOSTS_AGENT"), NULL};
    assert_non_null(arguments[0]);
    assert_int_equal(setenv("PROMP_TICKET", ticket, 1), 0);
    assert_int_equal(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    assert_int_equal(unsetenv("PROMP_TICKET"), 0);
    return pid;
}

static int wait_agent(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void wait_hosts(Engine *engine, size_t count)
{
    ProError error = {0};
    assert_ok(pro_manager_wait_hosts(engine->manager, count, WATCHDOG_MS, &error));
}

static int64_t take_number(Engine *engine, ProWorkerId worker)
{
    ProReader reader;
    int64_t number = 0;
    ProEnding *ending = engine_take(engine, worker);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_RESULT);
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    assert_int_equal(pro_read_int(&reader, &number, NULL), PRO_OK);
    pro_ending_free(ending);
    return number;
}

/* A pidfd of the process that the worker really is. */
static int open_far_process(Engine *engine, ProWorkerId worker)
{
    engine_give(engine, worker, "pid", true);
    engine_wait(engine);
    int pidfd = pidfd_open((pid_t)take_number(engine, worker), 0);
    assert_return_code(pidfd, errno);
    return pidfd;
}

static void wait_until_gone(int pidfd)
{
    struct pollfd process = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&process, 1, WATCHDOG_MS), 1);
    (void)close(pidfd);
}

static void expect_death(Engine *engine, ProWorkerId worker, const char *text)
{
    ProEnding *ending = engine_take(engine, worker);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_DIED);
    if (strstr(pro_death_text(pro_ending_death(ending)), text) == NULL)
        fail_msg("died of: %s", pro_death_text(pro_ending_death(ending)));
    pro_ending_free(ending);
}

static uint32_t host_of(Engine *engine, ProWorkerId worker)
{
    ProError error = {0};
    ProWorkerInfo info;
    assert_ok(pro_manager_worker_info(engine->manager, worker, &info, &error));
    pro_death_unref(info.death);
    return info.host;
}

/* ---- joining ---- */

static void it_listens_only_where_it_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
            "", "127.0.0.1:5", "ipc:///tmp/x", "tcp://127.0.0.1", "tcp://nowhere.invalid:*"};
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    assert_int_equal(
            pro_manager_set_placement(engine.manager, PRO_PLACE_HOSTS, &error), PRO_ERR_INVALID);
    assert_int_equal(pro_manager_wait_hosts(engine.manager, 1, 0, &error), PRO_ERR_INVALID);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_not_equal(pro_manager_listen(engine.manager, wrong[i], ticket, &error), PRO_OK);
    listen_at(&engine, ticket);
    assert_int_equal(pro_manager_listen(engine.manager, here, ticket, &error), PRO_ERR_INVALID);
    assert_int_equal(pro_manager_wait_hosts(engine.manager, 1, 1, &error), PRO_ERR_TIMEOUT);
    assert_int_equal(pro_manager_hosts(engine.manager, NULL, 0), 0);
    engine_end(&engine);
}

static void without_hosts_a_start_fails_and_says_so(void **state)
{
    (void)state;
    ProError error = {0};
    char ticket[PRO_TICKET_MAX];
    Engine engine;
    engine_start(&engine, 0);
    listen_at(&engine, ticket);
    ProWorkerId worker = engine_worker(&engine);
    while (strstr(buffer_text(&engine.notices), "no host is connected") == NULL)
        (void)pro_manager_wait_any(engine.manager, LOOK_MS, &error);
    ProWorkerInfo info = {.state = PRO_WORKER_STARTING};
    while (info.state != PRO_WORKER_DEAD) {
        assert_ok(pro_manager_worker_info(engine.manager, worker, &info, &error));
        pro_death_unref(info.death);
    }
    engine_end(&engine);
}

/* What is no ZeroMQ, and what knows the server's key but not the agent's. */
static void shout_at(const char *ticket_text)
{
    Ticket ticket;
    assert_int_equal(ticket_read(ticket_text, &ticket, NULL), PRO_OK);
    struct sockaddr_in address = {.sin_family = AF_INET,
            .sin_port = htons((uint16_t)atoi(strrchr(ticket.endpoint, ':') + 1)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    static const char text[] = "GET / HTTP/1.1\r\nHost: promp\r\n\r\n";
    assert_int_equal(send(fd, text, sizeof text, MSG_NOSIGNAL), sizeof text);
    char answer[256];
    while (recv(fd, answer, sizeof answer, 0) > 0) /* until it hangs up */
        continue;
    (void)close(fd);
}

static void strangers_are_turned_away(void **state)
{
    (void)state;
    char ticket[PRO_TICKET_MAX];
    Engine engine;
    engine_start(&engine, 0);
    listen_at(&engine, ticket);
    char wrong[PRO_TICKET_MAX];
    size_t size = strlen(ticket);
    const size_t digits[] = {size - 40, size - 100}; /* of the agent's key, of the server's */
    for (size_t i = 0; i < 2; i++) {
        memcpy(wrong, ticket, size + 1);
        wrong[digits[i]] = wrong[digits[i]] == '0' ? '1' : '0';
        assert_int_not_equal(wait_agent(start_agent(wrong)), 0);
    }
    shout_at(ticket);
    assert_int_equal(pro_manager_hosts(engine.manager, NULL, 0), 0);
    pid_t agent = start_agent(ticket);
    wait_hosts(&engine, 1);
    ProHostInfo host;
    assert_int_equal(pro_manager_hosts(engine.manager, &host, 1), 1);
    assert_int_equal(host.agent_pid, agent);
    assert_true(host.cpus > 0 && host.memory_bytes > 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "who", true);
    engine_wait(&engine);
    assert_int_equal(take_number(&engine, worker), worker);
    assert_int_equal(host_of(&engine, worker), host.id);
    engine_end(&engine);
    assert_int_equal(wait_agent(agent), 0);
    assert_int_not_equal(wait_agent(start_agent(ticket)), 0); /* nobody listens any more */
}

/* ---- ends ---- */

static void an_agents_end_ends_its_workers_only(void **state)
{
    (void)state;
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    listen_at(&engine, ticket);
    pid_t first = start_agent(ticket);
    wait_hosts(&engine, 1);
    ProWorkerId one = engine_worker(&engine);
    int process = open_far_process(&engine, one);
    pid_t second = start_agent(ticket);
    wait_hosts(&engine, 2);
    ProWorkerId two = engine_worker(&engine);
    int other = open_far_process(&engine, two);
    assert_int_not_equal(
            host_of(&engine, one), host_of(&engine, two)); /* the one with fewer workers */
    engine_give(&engine, one, "spin", true);
    engine_give(&engine, one, "who", true);
    while (pro_manager_hosts(engine.manager, NULL, 0) == 2) {
        ProWorkerInfo info;
        assert_ok(pro_manager_worker_info(engine.manager, one, &info, &error));
        pro_death_unref(info.death);
        if (info.task != 0) /* it runs now */
            (void)kill(first, SIGKILL);
        (void)pro_manager_wait_any(engine.manager, LOOK_MS, &error);
    }
    wait_until_gone(process);
    engine_wait(&engine);
    expect_death(&engine, one, "the connection to the agent");
    assert_int_equal(take_number(&engine, one), one); /* on the other host */
    assert_int_equal(host_of(&engine, one), host_of(&engine, two));
    struct pollfd lives = {.fd = other, .events = POLLIN};
    assert_int_equal(poll(&lives, 1, 0), 0);
    engine_end(&engine);
    wait_until_gone(other);
    (void)wait_agent(first);
    assert_int_equal(wait_agent(second), 0);
}

/* The child whose name says so. */
static pid_t gateway_of_this_process(void)
{
    int pid;
    int found = 0;
    char path[64];
    FILE *children = fopen("/proc/thread-self/children", "re");
    assert_non_null(children);
    while (found == 0 && fscanf(children, "%d", &pid) == 1) {
        char name[32] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/comm", pid);
        FILE *comm = fopen(path, "re");
        if (comm != NULL && fscanf(comm, "%31s", name) == 1 && strcmp(name, "promp-gateway") == 0)
            found = pid;
        if (comm != NULL)
            (void)fclose(comm);
    }
    (void)fclose(children);
    assert_int_not_equal(found, 0);
    return found;
}

static void a_gateways_end_ends_far_workers_only(void **state)
{
    (void)state;
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId local = engine_worker(&engine);
    listen_at(&engine, ticket);
    pid_t agent = start_agent(ticket);
    wait_hosts(&engine, 1);
    ProWorkerId far = engine_worker(&engine);
    int process = open_far_process(&engine, far);
    assert_int_equal(kill(gateway_of_this_process(), SIGKILL), 0);
    wait_until_gone(process);
    assert_int_equal(wait_agent(agent), 0);
    while (pro_manager_hosts(engine.manager, NULL, 0) > 0)
        (void)pro_manager_wait_any(engine.manager, LOOK_MS, &error);
    assert_int_not_equal(pro_manager_wait_hosts(engine.manager, 1, 0, &error), PRO_OK);
    engine_give(&engine, local, "who", true);
    engine_wait(&engine);
    assert_int_equal(take_number(&engine, local), local);
    engine_end(&engine);
}

/* ---- agents that lie ---- */

typedef struct Liar {
    Socket *socket;
    uint64_t worker; /* that it was asked for */
} Liar;

static Packet *wait_message(Liar *liar, FarType type)
{
    for (;;) {
        FarMessage message;
        struct pollfd input = {.fd = socket_fd(liar->socket), .events = POLLIN};
        if (!socket_has_input(liar->socket))
            (void)poll(&input, 1, LOOK_MS);
        Packet *packet = socket_receive(liar->socket, NULL, NULL);
        if (packet == NULL)
            continue;
        assert_int_equal(far_open(packet, &message, NULL), PRO_OK);
        if (message.type == type) {
            liar->worker = message.worker;
            return packet;
        }
        packet_unref(packet);
    }
}

static void say(Liar *liar, FarType type, uint32_t number, size_t size, int fill)
{
    uint8_t *body;
    Packet *packet = far_packet(type, number, liar->worker, size, &body);
    memset(body, fill, size);
    (void)socket_send_packet(liar->socket, NULL, packet);
}

static void join(Liar *liar, const char *ticket_text, const char *name)
{
    Ticket ticket;
    ProError error = {0};
    uint8_t routing_id[MP_ROUTING_ID_BYTES] = "aliar";
    assert_ok(ticket_read(ticket_text, &ticket, &error));
    assert_ok(
            socket_open_agent(ticket.server_key, &ticket.keys, routing_id, &liar->socket, &error));
    assert_ok(socket_connect(liar->socket, ticket.endpoint, &error));
    FarHello hello = {.cpus = 1, .pid = 1};
    (void)snprintf(hello.name, sizeof hello.name, "%s", name);
    assert_int_equal(socket_send_packet(liar->socket, NULL, far_hello_packet(&hello)), PRO_OK);
}

static void lie_no_message(Liar *liar)
{
    (void)socket_send(liar->socket, "x", 1);
}

static void lie_unknown_type(Liar *liar)
{
    say(liar, (FarType)77, 0, 0, 0);
}

static void lie_exit(Liar *liar)
{
    say(liar, FAR_EXITED, 0, 3, 1);
}

static void lie_crash_text(Liar *liar)
{
    say(liar, FAR_EXITED, 0, 1 << 20, 0);
}

static void lie_stream(Liar *liar)
{
    say(liar, FAR_OUTPUT, 7, 10, 'x');
}

static void lie_output(Liar *liar)
{
    say(liar, FAR_OUTPUT, 1, 1 << 20, 'x');
}

static void lie_lane(Liar *liar)
{
    say(liar, FAR_LANE, 0, (2 << 20) + 100, 0xFF);
}

static void lie_short_lane(Liar *liar)
{
    say(liar, FAR_LANE, 0, 3, 0);
}

static void lie_empty_value(Liar *liar)
{
    say(liar, FAR_VALUE, 0, 0, 0);
}

static void lie_frame(Liar *liar)
{
    say(liar, FAR_FRAME, 0, 1 << 20, 0);
}

static void lie_no_frame(Liar *liar)
{
    say(liar, FAR_FRAME, 0, 2, 0);
}

static void lie_acknowledgement(Liar *liar)
{
    say(liar, FAR_ACK, 0, 8, 0x70);
}

static void lie_gateways_message(Liar *liar)
{
    say(liar, FAR_START, 0, 8, 0);
}

static void lie_after_the_end(Liar *liar)
{
    const FarExit exit = {.known = true};
    (void)socket_send_packet(liar->socket, NULL, far_exit_packet(liar->worker, &exit));
    say(liar, FAR_OUTPUT, 0, 10, 'x');
    (void)socket_send_packet(liar->socket, NULL, far_exit_packet(liar->worker, &exit));
}

static void lie_failure(Liar *liar)
{
    say(liar, FAR_FAILED, 0, 1 << 20, 'y');
}

static const struct {
    const char *name;
    void (*tell)(Liar *liar);
} lies[] = {
        {"no message", lie_no_message},
        {"a type that is none", lie_unknown_type},
        {"an end too short", lie_exit},
        {"a crash text too long", lie_crash_text},
        {"a third stream", lie_stream},
        {"output larger than a pipe's packet", lie_output},
        {"a payload larger than the lane's", lie_lane},
        {"a payload without its place", lie_short_lane},
        {"a part of nothing", lie_empty_value},
        {"a frame larger than any", lie_frame},
        {"a frame without its head", lie_no_frame},
        {"thanks for what it never got", lie_acknowledgement},
        {"what only gateways send", lie_gateways_message},
        {"words after the end", lie_after_the_end},
        {"a failure with an endless text", lie_failure},
};

/* Each ends the worker, and nothing else. */
static void agents_that_lie_lose_their_worker(void **state)
{
    (void)state;
    ProError error = {0};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char ticket[PRO_TICKET_MAX];
        Engine engine;
        Liar liar = {0};
        engine_start(&engine, PRO_OPT_NO_REPLACE);
        ProWorkerId local = engine_worker(&engine);
        listen_at(&engine, ticket);
        join(&liar, ticket, "liar");
        wait_hosts(&engine, 1);
        ProWorkerId far = engine_worker(&engine);
        engine_give(&engine, far, "who", true);
        packet_unref(wait_message(&liar, FAR_START));
        print_message("# lie: %s\n", lies[i].name);
        lies[i].tell(&liar);
        engine_wait(&engine);
        ProEnding *ending = engine_take(&engine, far);
        assert_int_equal(pro_ending_kind(ending), PRO_ENDING_DIED);
        pro_ending_free(ending);
        engine_give(&engine, local, "who", true);
        engine_wait(&engine);
        assert_int_equal(take_number(&engine, local), local);
        assert_ok(pro_manager_stop_worker(engine.manager, local, 0, &error));
        engine_end(&engine);
        socket_close(liar.socket);
    }
}

/* More than the window, without end: its frames must not pile up anywhere. */
static void an_agent_that_floods_loses_its_worker(void **state)
{
    (void)state;
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    Engine engine;
    Liar liar = {0};
    engine_start(&engine, PRO_OPT_NO_REPLACE | PRO_OPT_REDIRECT_OUTPUT);
    listen_at(&engine, ticket);
    join(&liar, ticket, "liar");
    wait_hosts(&engine, 1);
    ProWorkerId far = engine_worker(&engine);
    engine_give(&engine, far, "who", true);
    packet_unref(wait_message(&liar, FAR_START));
    ProWorkerInfo info = {.state = PRO_WORKER_STARTING};
    while (info.state != PRO_WORKER_DEAD) { /* nobody delivers: the pipe is full soon */
        say(&liar, FAR_OUTPUT, 0, 4096, 'x');
        assert_ok(pro_manager_worker_info(engine.manager, far, &info, &error));
        pro_death_unref(info.death);
    }
    engine_wait(&engine);
    expect_death(&engine, far, "more at once than it may");
    engine_end(&engine);
    socket_close(liar.socket);
}

/* A name that would move a terminal's cursor is no host's. */
static void hosts_with_strange_names_are_not_let_in(void **state)
{
    (void)state;
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    Engine engine;
    Liar liar = {0};
    engine_start(&engine, 0);
    listen_at(&engine, ticket);
    join(&liar, ticket, "a\033[2Jb");
    while (strstr(buffer_text(&engine.notices), "malformed hello") == NULL)
        (void)pro_manager_wait_any(engine.manager, LOOK_MS, &error);
    assert_int_equal(pro_manager_hosts(engine.manager, NULL, 0), 0);
    engine_end(&engine);
    socket_close(liar.socket);
}

TEST_MAIN(cmocka_unit_test(it_listens_only_where_it_is_told),
        cmocka_unit_test(without_hosts_a_start_fails_and_says_so),
        cmocka_unit_test(strangers_are_turned_away),
        cmocka_unit_test(an_agents_end_ends_its_workers_only),
        cmocka_unit_test(a_gateways_end_ends_far_workers_only),
        cmocka_unit_test(agents_that_lie_lose_their_worker),
        cmocka_unit_test(an_agent_that_floods_loses_its_worker),
        cmocka_unit_test(hosts_with_strange_names_are_not_let_in))
