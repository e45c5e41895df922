/* SPDX-License-Identifier: Apache-2.0 */

/*
 * promp's C API under the clock, the counterpart of zmq_bare.c.
 *
 *   mp_bench PLUGIN rtt COUNT             median round trip of an empty plug-in task, in
 * microseconds mp_bench PLUGIN messages SIZE COUNT   messages per second, worker to manager
 *   mp_bench PLUGIN tasks COUNT           empty plug-in tasks per second, all queued at once, 2
 * workers
 *
 * Prints one number.
 */

#include "clock.h"

#include <promp/promp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 200 };

static ProError error;
static const char *plugin;

static void must(ProStatus status, const char *what)
{
    if (status == PRO_OK)
        return;
    (void)fprintf(stderr, "mp_bench: %s: %s: %s\n", what, pro_status_text(status), error.text);
    exit(1);
}

static ProManager *open_manager(size_t worker_count, ProWorkerId *ret_last)
{
    ProManager *manager;
    must(pro_manager_new(&manager, &error), "manager");
    for (size_t i = 0; i < worker_count; i++)
        must(pro_manager_start_worker(manager, ret_last, &error), "start a worker");
    return manager;
}

static void give(ProManager *manager, ProWorkerId worker, const char *symbol, ProWriter *arguments)
{
    must(pro_manager_call_plugin(manager, worker, plugin, symbol, arguments, true, NULL, &error),
            symbol);
}

static void take(ProManager *manager)
{
    ProEnding *ending;
    must(pro_manager_take_result(manager, PRO_WORKER_ANY, &ending, &error), "take the result");
    if (pro_ending_kind(ending) != PRO_ENDING_RESULT) {
        (void)fprintf(stderr, "mp_bench: the task ended as %s: %s\n",
                pro_ending_kind_text(pro_ending_kind(ending)), pro_ending_message(ending));
        exit(1);
    }
    pro_ending_free(ending);
}

static double measure_rtt(size_t count)
{
    ProWorkerId worker;
    ProManager *manager = open_manager(1, &worker);
    uint64_t *samples = calloc(count, sizeof *samples);
    if (samples == NULL)
        exit(1);
    for (size_t i = 0; i < count + WARM_UP; i++) {
        uint64_t begun = bench_now_ns();
        give(manager, worker, "bench_nothing", NULL);
        must(pro_manager_wait(manager, -1, &error), "wait");
        take(manager);
        if (i >= WARM_UP)
            samples[i - WARM_UP] = bench_now_ns() - begun;
    }
    double median = (double)bench_median(samples, count) / 1e3;
    free(samples);
    pro_manager_free(manager);
    return median;
}

static double measure_tasks(size_t count)
{
    ProWorkerId worker;
    ProManager *manager = open_manager(2, &worker);
    give(manager, PRO_WORKER_ALL, "bench_nothing", NULL);
    must(pro_manager_wait(manager, -1, &error), "wait");
    while (pro_manager_has_results(manager, PRO_WORKER_ANY))
        take(manager);
    uint64_t begun = bench_now_ns();
    for (size_t i = 0; i < count; i++)
        give(manager, PRO_WORKER_ANY, "bench_nothing", NULL);
    must(pro_manager_wait(manager, -1, &error), "wait");
    for (size_t i = 0; i < count; i++)
        take(manager);
    double seconds = (double)(bench_now_ns() - begun) / 1e9;
    pro_manager_free(manager);
    return (double)count / seconds;
}

static double measure_messages(size_t size, size_t count)
{
    ProWorkerId worker;
    ProManager *manager = open_manager(1, &worker);
    ProWriter *arguments = pro_writer_new();
    give(manager, worker, "bench_nothing", NULL);
    must(pro_manager_wait(manager, -1, &error), "wait");
    take(manager);
    pro_write_tuple(arguments, 2);
    pro_write_uint(arguments, size);
    pro_write_uint(arguments, count);
    pro_write_end(arguments);
    give(manager, worker, "bench_flood", arguments);
    pro_writer_free(arguments);
    uint64_t begun = bench_now_ns();
    must(pro_manager_send_message(manager, worker, 0, "go", 2, &error), "send");
    for (size_t i = 0; i < count; i++) {
        ProMessage *message;
        must(pro_manager_wait_message(manager, worker, -1, &error), "wait for a message");
        must(pro_manager_pop_message(manager, worker, &message, &error), "pop");
        if (pro_message_size(message) != size)
            exit(1);
        pro_message_free(message);
    }
    double seconds = (double)(bench_now_ns() - begun) / 1e9;
    must(pro_manager_wait(manager, -1, &error), "wait");
    take(manager);
    pro_manager_free(manager);
    return (double)count / seconds;
}

int main(int argc, char **argv)
{
    const char *mode = argc >= 4 ? argv[2] : "";
    size_t first = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
    plugin = argc >= 2 ? argv[1] : NULL;
    if (strcmp(mode, "rtt") == 0 && first > 0)
        (void)printf("%.3f\n", measure_rtt(first));
    else if (strcmp(mode, "tasks") == 0 && first > 0)
        (void)printf("%.3f\n", measure_tasks(first));
    else if (strcmp(mode, "messages") == 0 && argc == 5)
        (void)printf("%.3f\n", measure_messages(first, strtoul(argv[4], NULL, 10)));
    else
        (void)fprintf(stderr, "usage: %s PLUGIN rtt COUNT | tasks COUNT | messages SIZE COUNT\n",
                argv[0]);
    return mode[0] == '\0' ? 2 : 0;
}
