/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Containers in figures, each the median of a few runs in this process:
 *     build/bench/container_bench PLUGIN [MiB]
 * PLUGIN: build/tests/process/libshare_plugin.so; it measures inside the workers.
 */

#include "clock.h"

#include <promp/container_ops.h>
#include <promp/promp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 7, LOCAL_RUNS = 5, WORKERS = 4 };

static void check(ProStatus status, const ProError *error, const char *what)
{
    if (status == PRO_OK || status == PRO_ERR_NOT_FOUND)
        return;
    fprintf(stderr, "%s: %s\n", what, error->text);
    exit(1);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return values[count / 2];
}

static void row(const char *name, double value, const char *unit)
{
    printf("| %-58s | %9.3f | %-6s |\n", name, value, unit);
}

/* GB/s of a search that finds nothing before the end. */
static double search_rate(ProContainer *container, ProPattern *pattern)
{
    double rates[RUNS];
    ProMatch match;
    ProError error = {0};
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_now_ns();
        check(pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, &error),
                &error, "search");
        rates[i] = (double)pro_container_size(container) / (double)(bench_now_ns() - begin);
    }
    return median(rates, RUNS);
}

static double memchr_rate(const uint8_t *data, size_t size, int byte)
{
    double rates[RUNS];
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_now_ns();
        const void *volatile found = memchr(data, byte, size);
        (void)found;
        rates[i] = (double)size / (double)(bench_now_ns() - begin);
    }
    return median(rates, RUNS);
}

static double memmem_rate(const uint8_t *data, size_t size, const void *needle, size_t needle_size)
{
    double rates[RUNS];
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_now_ns();
        const void *volatile found = memmem(data, size, needle, needle_size);
        (void)found;
        rates[i] = (double)size / (double)(bench_now_ns() - begin);
    }
    return median(rates, RUNS);
}

static ProContainer *filled(size_t size, int byte)
{
    ProError error = {0};
    ProMemory *memory;
    ProContainer *container;
    check(pro_memory_new(size, &memory, &error), &error, "memory");
    memset(pro_memory_data(memory), byte, size - 4);
    memcpy((char *)pro_memory_data(memory) + size - 4, "\xAA\xBB\xCC\xDD", 4);
    uint64_t begin = bench_now_ns();
    check(pro_container_new_take(memory, &container, &error), &error, "take");
    char name[64];
    (void)snprintf(name, sizeof name, "%zu MiB: seal what promp allocated", size >> 20);
    row(name, (double)(bench_now_ns() - begin) / 1e6, "ms");
    return container;
}

/* In turn, so that what disturbs one disturbs both. */
static void bench_local(size_t size)
{
    ProError error = {0};
    ProPattern *pattern;
    char name[80];
    double ours[LOCAL_RUNS], theirs[LOCAL_RUNS];
    ProContainer *container = filled(size, 0xFF);
    check(pro_pattern_new_bytes("\xAA\xBB\xCC\xDD", 4, &pattern, &error), &error, "pattern");
    (void)memchr_rate(pro_container_data(container), size, 0xAA);
    for (int i = 0; i < LOCAL_RUNS; i++) {
        ours[i] = search_rate(container, pattern);
        theirs[i] = memchr_rate(pro_container_data(container), size, 0xAA);
    }
    double ours_median = median(ours, LOCAL_RUNS);
    double theirs_median = median(theirs, LOCAL_RUNS);
    (void)snprintf(name, sizeof name, "%zu MiB: search, rare byte", size >> 20);
    row(name, ours_median, "GB/s");
    (void)snprintf(name, sizeof name, "%zu MiB: glibc memchr", size >> 20);
    row(name, theirs_median, "GB/s");
    (void)snprintf(name, sizeof name, "%zu MiB: search / memchr (at least 0.8)", size >> 20);
    row(name, ours_median / theirs_median, "");
    pro_pattern_unref(pattern);
    pro_container_unref(container);
}

static void compare_with_memmem(
        const char *what, const uint8_t *data, size_t size, const void *needle, size_t needle_size)
{
    ProError error = {0};
    ProPattern *pattern;
    ProContainer *container;
    char name[80];
    check(pro_container_new_borrow(data, size, NULL, NULL, &container, &error), &error, "borrow");
    check(pro_pattern_new_bytes(needle, needle_size, &pattern, &error), &error, "pattern");
    double ours = search_rate(container, pattern);
    double theirs = memmem_rate(data, size, needle, needle_size);
    (void)snprintf(name, sizeof name, "%s: search / memmem (at least 1)", what);
    row(name, ours / theirs, "");
    pro_pattern_unref(pattern);
    pro_container_unref(container);
}

static void bench_adversarial(void)
{
    enum { SIZE = 64 << 20 };
    uint8_t *data = malloc(SIZE);
    uint8_t needle[4096];
    if (data == NULL)
        return;
    memset(data, 'a', SIZE);
    memset(needle, 'a', sizeof needle);
    needle[2000] = 'b';
    data[SIZE / 2] = 'b'; /* so that 'b' is no wonder */
    compare_with_memmem("a...aba...a in a...a", data, SIZE, needle, sizeof needle);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i % 2);
    memcpy(needle, data, sizeof needle);
    needle[2000] ^= 1;
    compare_with_memmem("period 2, long needle", data, SIZE, needle, sizeof needle);
    compare_with_memmem("period 2, 0 1 0 0 1 0", data, SIZE, "\0\1\0\0\1\0", 6);
    uint32_t state = 1;
    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (uint8_t)(state >> 31);
    }
    for (size_t i = 0; i < 64; i++)
        needle[i] = (uint8_t)(i % 3 == 0);
    compare_with_memmem("random bits, 64 bytes", data, SIZE, needle, 64);
    free(data);
}

static ProStatus fill_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)reterr;
    memset(ret_data, (int)(offset >> 20) & 0x7F, size);
    return PRO_OK;
}

/* Medians of what each of the workers measured: attach, first, second and third search. */
static void measure_workers(ProManager *manager, const char *plugin, const char *share,
        const ProWorkerId *workers, double ret_us[4])
{
    ProError error = {0};
    double values[4][WORKERS];
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, share, strlen(share));
    pro_write_end(arguments);
    for (int w = 0; w < WORKERS; w++) {
        ProEnding *ending;
        ProReader reader;
        size_t size, count;
        check(pro_manager_call_plugin(
                      manager, workers[w], plugin, "share_measure", arguments, true, NULL, &error),
                &error, "call");
        check(pro_manager_wait(manager, -1, &error), &error, "wait");
        check(pro_manager_take_result(manager, workers[w], &ending, &error), &error, "result");
        const void *value = pro_ending_value(ending, &size);
        if (size == 0)
            fprintf(stderr, "%s\n", pro_ending_message(ending));
        pro_reader_init(&reader, value, size);
        check(pro_read_sequence(&reader, &count, &error), &error, "times");
        for (int i = 0; i < 4; i++) {
            int64_t time = 0;
            check(pro_read_int(&reader, &time, &error), &error, "time");
            values[i][w] = (double)time;
        }
        pro_ending_free(ending);
    }
    for (int i = 0; i < 4; i++)
        ret_us[i] = median(values[i], WORKERS);
    pro_writer_free(arguments);
}

static double search_us(ProContainer *container)
{
    ProError error = {0};
    ProPattern *pattern;
    ProMatch match;
    check(pro_pattern_new_bytes("\xAA\xBB\xCC\xDD", 4, &pattern, &error), &error, "pattern");
    uint64_t begin = bench_now_ns();
    check(pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, &error), &error,
            "search");
    pro_pattern_unref(pattern);
    return (double)(bench_now_ns() - begin) / 1e3;
}

static void bench_remote(
        ProManager *manager, const char *plugin, const ProWorkerId *workers, size_t size)
{
    ProError error = {0};
    char name[80], share[32];
    double remote[4], local[RUNS];
    ProContainer *container = filled(size, 0xFF);
    double first = search_us(container);
    for (int i = 0; i < RUNS; i++)
        local[i] = search_us(container);
    double warm = median(local, RUNS);
    (void)snprintf(share, sizeof share, "%zu", size);
    uint64_t begin = bench_now_ns();
    check(pro_manager_share_container(manager, share, container, &error), &error, "share");
    double share_us = (double)(bench_now_ns() - begin) / 1e3;
    measure_workers(manager, plugin, share, workers, remote);
    (void)snprintf(name, sizeof name, "%zu MiB: share + attach (below 1)", size >> 20);
    row(name, (share_us + remote[0]) / 1e3, "ms");
    (void)snprintf(
            name, sizeof name, "%zu MiB: search remote / local, first touch (1.25)", size >> 20);
    row(name, remote[1] / first, "");
    (void)snprintf(name, sizeof name, "%zu MiB: search remote / local, warm (1.05)", size >> 20);
    row(name, (remote[2] < remote[3] ? remote[2] : remote[3]) / warm, "");
    check(pro_manager_unshare_container(manager, share, &error), &error, "unshare");
    pro_container_unref(container);
}

static void bench_blocks(ProManager *manager, const char *plugin, const ProWorkerId *workers)
{
    static const ProContainerOps ops = {.read = fill_read};
    enum { SIZE = 256 << 20 };
    ProError error = {0};
    ProContainer *container;
    double remote[4];
    check(pro_container_new_callback(&ops, NULL, SIZE, &container, &error), &error, "callback");
    check(pro_manager_share_container(manager, "blocks", container, &error), &error, "share");
    measure_workers(manager, plugin, "blocks", workers, remote);
    row("callback container: sequential from a worker (at least 1.07)", SIZE / remote[2] / 1e3,
            "GB/s");
    pro_container_unref(container);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: container_bench libshare_plugin.so [MiB]\n");
        return 2;
    }
    size_t large = (argc > 2 ? (size_t)atoi(argv[2]) : 1024) << 20;
    ProError error = {0};
    ProManager *manager;
    ProWorkerId workers[WORKERS];
    check(pro_manager_new(&manager, &error), &error, "manager");
    for (int i = 0; i < WORKERS; i++)
        check(pro_manager_start_worker(manager, &workers[i], &error), &error, "worker");
    bench_local(10 << 20);
    bench_local(large);
    bench_adversarial();
    bench_remote(manager, argv[1], workers, 10 << 20);
    bench_remote(manager, argv[1], workers, large);
    bench_blocks(manager, argv[1], workers);
    pro_manager_free(manager);
    return 0;
}
