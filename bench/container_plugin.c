/* SPDX-License-Identifier: Apache-2.0 */

/* The worker's side of container_bench.c. Every function takes a shared container's name. */

#include "clock.h"
#include "searches.h"

#include <promp/plugin.h>
#include <promp/promp.h>

#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 4096, RANDOM_READS = 200000, PARTS = 64 };

PRO_API ProStatus container_attach(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus container_search(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus container_memory(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus container_sequential(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus container_random(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus container_scattered(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

static ProStatus open_named(
        ProWorker *worker, ProReader *arguments, ProContainer **ret_container, ProError *reterr)
{
    const char *text;
    size_t size, count;
    char name[64];
    ProStatus status = pro_read_sequence(arguments, &count, reterr);
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    if (status != PRO_OK || size >= sizeof name)
        return status;
    memcpy(name, text, size);
    name[size] = 0;
    return pro_worker_get_shared_container(worker, name, ret_container, reterr);
}

/* Nanoseconds until the container is there. */
ProStatus container_attach(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    uint64_t begin = bench_now_ns();
    ProStatus status = open_named(worker, arguments, &container, reterr);
    pro_write_uint(result, bench_now_ns() - begin);
    if (status == PRO_OK)
        pro_container_unref(container);
    return status;
}

/* [processor time of the first search, of later ones (median)], ns. */
ProStatus container_search(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    uint64_t times[2];
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = bench_searches(container, times, reterr);
    pro_container_unref(container);
    if (status != PRO_OK)
        return status;
    pro_write_list(result, 2);
    pro_write_uint(result, times[0]);
    pro_write_uint(result, times[1]);
    pro_write_end(result);
    return PRO_OK;
}

/* A number of kB behind a word in a file of /proc/self; 0 if it is not there. */
static int64_t proc_kib(const char *path, const char *word)
{
    char line[256];
    int64_t kib = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, word, strlen(word)) == 0)
            (void)sscanf(line + strlen(word), " %ld", &kib);
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

/* All that is resident but for the shared pages. */
static int64_t own_kib(void)
{
    static const char path[] = "/proc/self/status";
    return proc_kib(path, "RssAnon:") + proc_kib(path, "RssFile:");
}

/* [memory of this process alone, its page tables] that a search through all of it adds, KiB. */
ProStatus container_memory(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    uint64_t unused;
    int64_t own = own_kib();
    int64_t tables = proc_kib("/proc/self/status", "VmPTE:");
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = bench_search(container, &unused, reterr);
    pro_write_list(result, 2);
    pro_write_int(result, own_kib() - own);
    pro_write_int(result, proc_kib("/proc/self/status", "VmPTE:") - tables);
    pro_write_end(result);
    pro_container_unref(container);
    return status;
}

/* Nanoseconds to read all of it, in pieces. */
ProStatus container_sequential(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    uint8_t piece[PIECE_BYTES];
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    uint64_t size = pro_container_size(container);
    uint64_t begin = bench_now_ns();
    for (uint64_t offset = 0; offset < size && status == PRO_OK; offset += sizeof piece)
        status = pro_container_read(container, offset, piece, sizeof piece, reterr);
    pro_write_uint(result, bench_now_ns() - begin);
    pro_container_unref(container);
    return status;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Nanoseconds of RANDOM_READS reads of 4 KiB anywhere in it, `at_once` in one call. */
static ProStatus read_anywhere(ProWorker *worker, ProReader *arguments, ProWriter *result,
        size_t at_once, ProError *reterr)
{
    static uint8_t pieces[PARTS][PIECE_BYTES];
    ProPart parts[PARTS];
    ProContainer *container;
    uint64_t state = 88172645463325252u;
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    uint64_t count = pro_container_size(container) / PIECE_BYTES;
    uint64_t begin = bench_now_ns();
    for (size_t done = 0; done < RANDOM_READS && status == PRO_OK; done += at_once) {
        for (size_t i = 0; i < at_once; i++)
            parts[i] = (ProPart){.offset = next_random(&state) % count * PIECE_BYTES,
                    .size = PIECE_BYTES,
                    .data = pieces[i]};
        status = at_once == 1 ? pro_container_read(
                                        container, parts[0].offset, pieces[0], PIECE_BYTES, reterr)
                              : pro_container_read_many(container, parts, at_once, reterr);
    }
    pro_write_uint(result, bench_now_ns() - begin);
    pro_container_unref(container);
    return status;
}

ProStatus container_random(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    return read_anywhere(worker, arguments, result, 1, reterr);
}

ProStatus container_scattered(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    return read_anywhere(worker, arguments, result, PARTS, reterr);
}
