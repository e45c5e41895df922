/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What libzmq alone can do between two processes of this machine: the limit that promp is measured
 * against. A ROUTER here, a DEALER in a forked child, ipc:// in a folder of their own.
 *
 *   zmq_bare rtt COUNT              median round trip of 16 bytes, one at a time, in microseconds
 *   zmq_bare messages SIZE COUNT    messages per second, child to here
 *
 * Prints one number.
 */

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { WARM_UP = 200, PING_BYTES = 16 };

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "zmq_bare: %s: %s\n", what, zmq_strerror(errno));
    exit(1);
}

static void *open_socket(void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket(context, type);
    const int no_linger = 0;
    if (socket == NULL)
        fail("zmq_socket");
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof no_linger);
    int status = type == ZMQ_ROUTER ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint);
    if (status != 0)
        fail(endpoint);
    return socket;
}

/* ---- the child ---- */

static void echo(void *dealer, size_t count)
{
    char bytes[PING_BYTES];
    (void)zmq_send(dealer, "hello", 5, 0);
    for (size_t i = 0; i < count; i++) {
        if (zmq_recv(dealer, bytes, sizeof bytes, 0) < 0 ||
                zmq_send(dealer, bytes, sizeof bytes, 0) < 0)
            fail("echo");
    }
}

static void flood(void *dealer, size_t size, size_t count)
{
    char *bytes = calloc(1, size);
    if (bytes == NULL)
        fail("calloc");
    (void)zmq_send(dealer, "hello", 5, 0);
    (void)zmq_recv(dealer, bytes, size, 0); /* go */
    for (size_t i = 0; i < count; i++)
        if (zmq_send(dealer, bytes, size, 0) < 0)
            fail("zmq_send");
    (void)zmq_recv(dealer, bytes, size, 0); /* all has come */
    free(bytes);
}

/* ---- here ---- */

typedef struct Peer {
    char id[256];
    int id_size;
} Peer;

static void receive(void *router, Peer *peer, zmq_msg_t *message)
{
    peer->id_size = zmq_recv(router, peer->id, sizeof peer->id, 0);
    if (peer->id_size < 0 || zmq_msg_recv(message, router, 0) < 0)
        fail("receive");
}

static void answer(void *router, const Peer *peer, const void *data, size_t size)
{
    if (zmq_send(router, peer->id, (size_t)peer->id_size, ZMQ_SNDMORE) < 0 ||
            zmq_send(router, data, size, 0) < 0)
        fail("answer");
}

static double measure_rtt(void *router, size_t count)
{
    uint64_t *samples = calloc(count, sizeof *samples);
    const char ping[PING_BYTES] = {0};
    Peer peer;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    if (samples == NULL)
        fail("calloc");
    receive(router, &peer, &message);
    for (size_t i = 0; i < count + WARM_UP; i++) {
        uint64_t begun = bench_now_ns();
        answer(router, &peer, ping, sizeof ping);
        receive(router, &peer, &message);
        if (i >= WARM_UP)
            samples[i - WARM_UP] = bench_now_ns() - begun;
    }
    double median = (double)bench_median(samples, count) / 1e3;
    free(samples);
    return median;
}

static double measure_messages(void *router, size_t size, size_t count)
{
    Peer peer;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    receive(router, &peer, &message);
    uint64_t begun = bench_now_ns();
    answer(router, &peer, "go", 2);
    for (size_t i = 0; i < count; i++) {
        receive(router, &peer, &message);
        if (zmq_msg_size(&message) != size)
            fail("a message of another size came");
    }
    double seconds = (double)(bench_now_ns() - begun) / 1e9;
    answer(router, &peer, "end", 3);
    (void)zmq_msg_close(&message);
    return (double)count / seconds;
}

int main(int argc, char **argv)
{
    bool rtt = argc == 3 && strcmp(argv[1], "rtt") == 0;
    if (!rtt && (argc != 4 || strcmp(argv[1], "messages") != 0)) {
        (void)fprintf(stderr, "usage: %s rtt COUNT | messages SIZE COUNT\n", argv[0]);
        return 2;
    }
    size_t size = rtt ? PING_BYTES : strtoul(argv[2], NULL, 10);
    size_t count = strtoul(argv[rtt ? 2 : 3], NULL, 10);
    char folder[] = "/tmp/zmq-bare-XXXXXX";
    char endpoint[64];
    if (count == 0 || mkdtemp(folder) == NULL)
        fail("mkdtemp");
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/s", folder);
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        void *dealer = open_socket(zmq_ctx_new(), ZMQ_DEALER, endpoint);
        if (rtt)
            echo(dealer, count + WARM_UP);
        else
            flood(dealer, size, count);
        /* The last echo must leave before the process does. */
        char byte;
        (void)zmq_recv(dealer, &byte, 1, 0);
        _exit(0);
    }
    void *router = open_socket(zmq_ctx_new(), ZMQ_ROUTER, endpoint);
    double figure = rtt ? measure_rtt(router, count) : measure_messages(router, size, count);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    (void)unlink(endpoint + strlen("ipc://"));
    (void)rmdir(folder);
    (void)printf("%.3f\n", figure);
    return 0;
}
