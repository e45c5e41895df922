/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Searches in memory of this process, by promp and by glibc, in GB per second of processor time:
 *
 *   search_bench promp|memchr|memmem CASE MIB    CASE: search_cases.h; memchr: its first byte
 *
 * Prints one number, the median of a few searches to the end.
 */

#include "clock.h"
#include "search_cases.h"

#include <promp/promp.h>
#include <stdio.h>

enum { RUNS = 7 };

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "search_bench: %s\n", what);
    exit(1);
}

typedef struct Search {
    ProContainer *container;
    ProPattern *pattern;
    uint8_t needle[CASE_NEEDLE_MAX];
    size_t needle_size;
} Search;

static void run_promp(const Search *search)
{
    ProMatch match;
    ProError error = {0};
    ProStatus status = pro_container_find_first(
            search->container, search->pattern, 0, PRO_TO_END, NULL, &match, &error);
    if (status != PRO_OK && status != PRO_ERR_NOT_FOUND)
        fail(error.text);
}

static void run_memchr(const Search *search)
{
    const void *volatile found = memchr(pro_container_data(search->container), search->needle[0],
            (size_t)pro_container_size(search->container));
    (void)found;
}

static void run_memmem(const Search *search)
{
    const void *volatile found = memmem(pro_container_data(search->container),
            (size_t)pro_container_size(search->container), search->needle, search->needle_size);
    (void)found;
}

static void prepare(Search *search, const SearchCase *chosen, size_t size)
{
    ProMemory *memory;
    ProError error = {0};
    if (pro_memory_new(size, &memory, &error) != PRO_OK)
        fail(error.text);
    chosen->fill(pro_memory_data(memory), size);
    ProStatus status = pro_container_new_take(memory, &search->container, &error);
    if (status == PRO_OK && chosen->needle != NULL) {
        search->needle_size = chosen->needle(search->needle);
        status = pro_pattern_new_bytes(
                search->needle, search->needle_size, &search->pattern, &error);
    } else if (status == PRO_OK && chosen->hex != NULL) {
        status = pro_pattern_new_hex(chosen->hex, &search->pattern, &error);
    } else if (status == PRO_OK) {
        status = pro_pattern_new_regex(
                chosen->regex, strlen(chosen->regex), PRO_REGEX_DOT_ALL, &search->pattern, &error);
    }
    if (status != PRO_OK)
        fail(error.text);
}

int main(int argc, char **argv)
{
    const SearchCase *chosen = argc == 4 ? search_case(argv[2]) : NULL;
    void (*run)(const Search *) = argc != 4                        ? NULL
                                  : strcmp(argv[1], "promp") == 0  ? run_promp
                                  : strcmp(argv[1], "memchr") == 0 ? run_memchr
                                  : strcmp(argv[1], "memmem") == 0 ? run_memmem
                                                                   : NULL;
    if (chosen == NULL || run == NULL || (run != run_promp && chosen->needle == NULL))
        fail("usage: search_bench promp|memchr|memmem CASE MIB");
    static Search search;
    size_t size = (size_t)atoi(argv[3]) << 20;
    uint64_t samples[RUNS];
    prepare(&search, chosen, size);
    run(&search); /* the first one touches the pages */
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_cpu_ns();
        run(&search);
        samples[i] = bench_cpu_ns() - begin;
    }
    printf("%.4f\n", (double)size / (double)bench_median(samples, RUNS));
    return 0;
}
