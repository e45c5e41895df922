/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Containers and workers; prints one number, or [promp's, its peer's]:
 *
 *   container_bench PLUGIN ROW MIB      PLUGIN: container_plugin.so beside this program
 *
 *   take, copy, memcpy     ms: memory of promp's, and of the program's, becomes a container;
 *                          and a plain copy into new memory
 *   attach                 ms: share, and the slowest of four workers has it
 *   memory, tables         MiB: what four workers that searched all of it have of their own; and
 *                          the kernel's page tables for them
 *   first, warm            ms of processor time: a search to the end of a new container, in a
 *                          worker and in this process
 *   sequential             GiB/s: a worker reads a callback container in pieces of 4 KiB
 *   random, scattered      thousands of 4 KiB reads a second, anywhere in it: one after another;
 *                          64 in one call
 *   random-workers         the same, one after another, by all workers at once, in sum
 *   far-sequential, far-scattered  the same by a worker of an agent, over TCP with CURVE
 */

#include "clock.h"
#include "searches.h"

#include <promp/container_ops.h>
#include <promp/promp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    ATTACHES = 5,
    RANDOM_READS = 200000,
    TURNS = 40, /* of searches in a worker and here; even, for the order alternates */
    TURNS_LARGE = 4,
    LARGE_BYTES = 256 << 20,
};

static _Noreturn void fail(const char *what, const ProError *error)
{
    (void)fprintf(stderr, "container_bench: %s: %s\n", what, error->text);
    exit(1);
}

static void check(ProStatus status, const ProError *error, const char *what)
{
    if (status != PRO_OK)
        fail(what, error);
}

/* ---- the data: ends with what is searched for ---- */

static ProMemory *fill(size_t size)
{
    ProError error = {0};
    ProMemory *memory;
    check(pro_memory_new(size, &memory, &error), &error, "memory");
    memset(pro_memory_data(memory), 0xFF, size - 4);
    memcpy((char *)pro_memory_data(memory) + size - 4, "\xAA\xBB\xCC\xDD", 4);
    return memory;
}

static ProContainer *taken(size_t size)
{
    ProError error = {0};
    ProContainer *container;
    check(pro_container_new_take(fill(size), &container, &error), &error, "take");
    return container;
}

static ProStatus fill_block(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)reterr;
    memset(ret_data, (int)(offset >> 20) & 0x7F, size);
    return PRO_OK;
}

static ProContainer *called_back(size_t size)
{
    static const ProContainerOps ops = {.read = fill_block};
    ProError error = {0};
    ProContainer *container;
    check(pro_container_new_callback(&ops, NULL, size, &container, &error), &error, "callback");
    return container;
}

/* ---- workers ---- */

typedef struct Bench {
    ProManager *manager;
    int agent; /* where an agent waits for its ticket */
    ProWorkerId workers[WORKERS];
    const char *plugin;
} Bench;

/* A process that becomes an agent when it gets a ticket; made before there are threads. */
static int fork_agent(void)
{
    int ends[2];
    char ticket[PRO_TICKET_MAX] = "";
    if (pipe(ends) != 0 || fork() != 0)
        return ends[1];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)close(ends[1]);
    bool got = read(ends[0], ticket, sizeof ticket - 1) > 0;
    _exit(got && pro_agent_run(ticket, NULL) != PRO_OK);
}

static void go_far(const Bench *bench)
{
    ProError error = {0};
    char ticket[PRO_TICKET_MAX] = "";
    check(pro_manager_listen(bench->manager, "tcp://127.0.0.1:*", ticket, &error), &error,
            "listen");
    if (write(bench->agent, ticket, sizeof ticket) != sizeof ticket)
        fail("ticket", &error);
    check(pro_manager_wait_hosts(bench->manager, 1, -1, &error), &error, "agent");
    check(pro_manager_set_placement(bench->manager, PRO_PLACE_HOSTS, &error), &error, "placement");
}

static void bench_start(Bench *bench, const char *plugin, bool far)
{
    ProError error = {0};
    *bench = (Bench){.plugin = plugin, .agent = far ? fork_agent() : -1};
    check(pro_manager_new(&bench->manager, &error), &error, "manager");
    if (far)
        go_far(bench);
    for (int i = 0; i < WORKERS; i++)
        check(pro_manager_start_worker(bench->manager, &bench->workers[i], &error), &error,
                "worker");
}

static void give(const Bench *bench, int worker, const char *function)
{
    ProError error = {0};
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, "it", 2);
    pro_write_end(arguments);
    check(pro_manager_call_plugin(bench->manager, bench->workers[worker], bench->plugin, function,
                  arguments, true, NULL, &error),
            &error, function);
    pro_writer_free(arguments);
}

static void take(const Bench *bench, int worker, const char *function, int64_t ret_numbers[2])
{
    ProError error = {0};
    ProEnding *ending;
    ProReader reader;
    size_t size, count;
    check(pro_manager_wait(bench->manager, -1, &error), &error, "wait");
    check(pro_manager_take_result(bench->manager, bench->workers[worker], &ending, &error), &error,
            "result");
    const void *value = pro_ending_value(ending, &size);
    if (size == 0)
        (void)snprintf(error.text, sizeof error.text, "%s", pro_ending_message(ending));
    pro_reader_init(&reader, value, size);
    bool one = pro_read_sequence(&reader, &count, NULL) != PRO_OK;
    for (size_t i = 0; i < (one ? 1 : count); i++)
        if (size == 0 || pro_read_int(&reader, &ret_numbers[i], &error) != PRO_OK)
            fail(function, &error);
    pro_ending_free(ending);
}

/* Up to two numbers that a function of the plug-in answers for a shared container. */
static void ask(const Bench *bench, int worker, const char *function, int64_t ret_numbers[2])
{
    give(bench, worker, function);
    take(bench, worker, function, ret_numbers);
}

static void share(const Bench *bench, ProContainer *container)
{
    ProError error = {0};
    check(pro_manager_share_container(bench->manager, "it", container, &error), &error, "share");
}

/* ---- rows ---- */

static double row_take(const Bench *bench, size_t size)
{
    (void)bench;
    ProError error = {0};
    ProContainer *container;
    ProMemory *memory = fill(size);
    uint64_t begin = bench_cpu_ns();
    check(pro_container_new_take(memory, &container, &error), &error, "take");
    double elapsed = (double)(bench_cpu_ns() - begin) / 1e6;
    pro_container_unref(container);
    return elapsed;
}

/* As the program's own: touched, in ordinary memory. */
static uint8_t *ordinary(size_t size)
{
    ProError error = {.text = "no memory"};
    uint8_t *data = malloc(size);
    if (data == NULL)
        fail("malloc", &error);
    memset(data, 1, size);
    return data;
}

static double row_copy(const Bench *bench, size_t size)
{
    (void)bench;
    ProError error = {0};
    ProContainer *container;
    uint8_t *data = ordinary(size);
    uint64_t begin = bench_cpu_ns();
    check(pro_container_new_copy(data, size, &container, &error), &error, "copy");
    double elapsed = (double)(bench_cpu_ns() - begin) / 1e6;
    pro_container_unref(container);
    free(data);
    return elapsed;
}

static double row_memcpy(const Bench *bench, size_t size)
{
    (void)bench;
    ProError error = {.text = "no memory"};
    uint8_t *data = ordinary(size);
    uint64_t begin = bench_cpu_ns();
    uint8_t *copy = malloc(size);
    if (copy == NULL)
        fail("malloc", &error);
    memcpy(copy, data, size);
    double elapsed = (double)(bench_cpu_ns() - begin) / 1e6;
    const volatile uint8_t *volatile used = copy;
    (void)used[size / 2];
    free(copy);
    free(data);
    return elapsed;
}

static double row_attach(const Bench *bench, size_t size)
{
    ProError error = {0};
    uint64_t samples[ATTACHES];
    ProContainer *container = taken(size);
    for (int i = 0; i < ATTACHES; i++) {
        uint64_t begin = bench_now_ns();
        share(bench, container);
        samples[i] = bench_now_ns() - begin;
        int64_t slowest = 0;
        for (int worker = 0; worker < WORKERS; worker++) {
            int64_t here[2];
            ask(bench, worker, "container_attach", here);
            slowest = here[0] > slowest ? here[0] : slowest;
        }
        samples[i] += (uint64_t)slowest;
        check(pro_manager_unshare_container(bench->manager, "it", &error), &error, "unshare");
    }
    pro_container_unref(container);
    return (double)bench_median(samples, ATTACHES) / 1e6;
}

static double sum_of_memory(const Bench *bench, size_t size, int which)
{
    double sum = 0;
    ProContainer *container = taken(size);
    share(bench, container);
    for (int worker = 0; worker < WORKERS; worker++) {
        int64_t here[2];
        ask(bench, worker, "container_memory", here);
        sum += (double)here[which] / 1024;
    }
    pro_container_unref(container);
    return sum;
}

static double row_memory(const Bench *bench, size_t size)
{
    return sum_of_memory(bench, size, 0);
}

static double row_tables(const Bench *bench, size_t size)
{
    return sum_of_memory(bench, size, 1);
}

static uint64_t search_there(const Bench *bench, int which)
{
    int64_t times[2];
    ask(bench, 0, "container_search", times);
    return (uint64_t)times[which];
}

static uint64_t search_here(const ProContainer *container, int which)
{
    ProError error = {0};
    uint64_t times[2];
    check(bench_searches(container, times, &error), &error, "search");
    return times[which];
}

/* The same pages for both, since where pages lie is worth some percent, each through a mapping that
 * was not touched. Who is first alternates: the second of two is some percent faster. */
static double search_both(const Bench *bench, size_t size, int which, double *ret_here)
{
    ProError error = {0};
    uint64_t there[TURNS], here[TURNS];
    size_t turns = size >= LARGE_BYTES ? TURNS_LARGE : TURNS;
    for (size_t i = 0; i < turns; i++) {
        ProContainer *container = taken(size);
        share(bench, container);
        if (i % 2 == 1)
            here[i] = search_here(container, which);
        there[i] = search_there(bench, which);
        if (i % 2 == 0)
            here[i] = search_here(container, which);
        check(pro_manager_unshare_container(bench->manager, "it", &error), &error, "unshare");
        pro_container_unref(container);
    }
    *ret_here = (double)bench_middle(here, turns) / 1e6;
    return (double)bench_middle(there, turns) / 1e6;
}

static double row_first(const Bench *bench, size_t size, double *ret_peer)
{
    return search_both(bench, size, 0, ret_peer);
}

static double row_warm(const Bench *bench, size_t size, double *ret_peer)
{
    return search_both(bench, size, 1, ret_peer);
}

static double row_sequential(const Bench *bench, size_t size)
{
    int64_t elapsed[2];
    ProContainer *container = called_back(size);
    share(bench, container);
    ask(bench, 0, "container_sequential", elapsed);
    pro_container_unref(container);
    return (double)size / (double)elapsed[0] * 1e9 / (double)(1 << 30);
}

static double random_reads(const Bench *bench, size_t size, const char *function)
{
    int64_t elapsed[2];
    ProContainer *container = called_back(size);
    share(bench, container);
    ask(bench, 0, function, elapsed);
    pro_container_unref(container);
    return RANDOM_READS / (double)elapsed[0] * 1e6;
}

static double row_random(const Bench *bench, size_t size)
{
    return random_reads(bench, size, "container_random");
}

static double row_scattered(const Bench *bench, size_t size)
{
    return random_reads(bench, size, "container_scattered");
}

static double row_random_workers(const Bench *bench, size_t size)
{
    int64_t elapsed[2];
    ProContainer *container = called_back(size);
    share(bench, container);
    for (int worker = 0; worker < WORKERS; worker++) /* all are up before the clock runs */
        ask(bench, worker, "container_attach", elapsed);
    uint64_t begin = bench_now_ns();
    for (int worker = 0; worker < WORKERS; worker++)
        give(bench, worker, "container_random");
    for (int worker = 0; worker < WORKERS; worker++)
        take(bench, worker, "container_random", elapsed);
    pro_container_unref(container);
    return WORKERS * RANDOM_READS / (double)(bench_now_ns() - begin) * 1e6;
}

typedef enum RowWorkers { NO_WORKERS, OWN_WORKERS, FAR_WORKERS } RowWorkers;

typedef struct Row {
    const char *name;
    double (*run)(const Bench *bench, size_t size);
    RowWorkers workers;
    double (*run_both)(const Bench *bench, size_t size, double *ret_peer); /* instead of run */
} Row;

static const Row rows[] = {
        {"take", row_take, NO_WORKERS},
        {"copy", row_copy, NO_WORKERS},
        {"memcpy", row_memcpy, NO_WORKERS},
        {"attach", row_attach, OWN_WORKERS},
        {"memory", row_memory, OWN_WORKERS},
        {"tables", row_tables, OWN_WORKERS},
        {"first", NULL, OWN_WORKERS, row_first},
        {"warm", NULL, OWN_WORKERS, row_warm},
        {"sequential", row_sequential, OWN_WORKERS},
        {"random", row_random, OWN_WORKERS},
        {"scattered", row_scattered, OWN_WORKERS},
        {"random-workers", row_random_workers, OWN_WORKERS},
        {"far-sequential", row_sequential, FAR_WORKERS},
        {"far-scattered", row_scattered, FAR_WORKERS},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 4 && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(argv[2], rows[i].name) != 0)
            continue;
        Bench bench = {.manager = NULL};
        if (rows[i].workers != NO_WORKERS)
            bench_start(&bench, argv[1], rows[i].workers == FAR_WORKERS);
        size_t bytes = (size_t)atoi(argv[3]) << 20;
        double peer;
        if (rows[i].run != NULL) {
            printf("%.4f\n", rows[i].run(&bench, bytes));
        } else {
            double own = rows[i].run_both(&bench, bytes, &peer);
            printf("[%.4f, %.4f]\n", own, peer);
        }
        pro_manager_free(bench.manager);
        return 0;
    }
    (void)fprintf(stderr, "usage: container_bench PLUGIN ROW MIB\n");
    return 2;
}
