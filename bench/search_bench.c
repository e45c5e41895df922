/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Searches in memory of this process, in GB per second of processor time:
 *
 *   search_bench CASE MIB PEER...    CASE: search_cases.h
 *                                    PEER: memchr (for the first byte), memmem, pcre2 (its JIT
 * alone)
 *
 * Prints a list: promp's figure and the peers', each the median of a few searches to the end, which
 * take turns on the same bytes.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include "clock.h"
#include "search_cases.h"

#include <pcre2.h>
#include <promp/promp.h>
#include <stdio.h>

enum { RUNS = 9, SIDES_MAX = 4, SETTLING_RUNS = 8, SETTLING_NS = 20000000 };

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "search_bench: %s\n", what);
    exit(1);
}

typedef struct Search {
    ProContainer *container;
    ProPattern *pattern; /* one of patterns */
    ProPattern *patterns[RUNS];
    uint8_t needle[CASE_NEEDLE_MAX];
    size_t needle_size;
    pcre2_code *regex; /* one of regexes */
    pcre2_code *regexes[RUNS];
    pcre2_match_data *match;
    bool all; /* matches are found and counted; else there is none */
} Search;

static bool count_match(void *user, const ProMatch *match)
{
    *(size_t *)user += match->size > 0;
    return true;
}

static void run_promp_all(const Search *search)
{
    size_t count = 0;
    ProError error = {0};
    if (pro_container_find_all(search->container, search->pattern, 0, PRO_TO_END, NULL, count_match,
                &count, &error) != PRO_OK ||
            count == 0)
        fail(error.text);
}

static void run_pcre2_all(const Search *search)
{
    size_t size = (size_t)pro_container_size(search->container);
    size_t count = 0;
    const size_t *found = pcre2_get_ovector_pointer(search->match);
    for (size_t at = 0; pcre2_match(search->regex, pro_container_data(search->container), size, at,
                                0, search->match, NULL) >= 0;
            at = found[1])
        count++;
    if (count == 0)
        fail("PCRE2 found nothing");
}

static void run_promp(const Search *search)
{
    ProMatch match;
    ProError error = {0};
    if (search->all) {
        run_promp_all(search);
        return;
    }
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

static void run_pcre2(const Search *search)
{
    if (search->all) {
        run_pcre2_all(search);
        return;
    }
    int result = pcre2_match(search->regex, pro_container_data(search->container),
            (size_t)pro_container_size(search->container), 0, 0, search->match, NULL);
    if (result != PCRE2_ERROR_NOMATCH)
        fail("PCRE2 found something");
}

typedef struct Side {
    const char *name;
    void (*run)(const Search *search);
} Side;

static const Side sides[] = {
        {"promp", run_promp}, {"memchr", run_memchr}, {"memmem", run_memmem}, {"pcre2", run_pcre2}};

static const Side *find_side(const char *name, const SearchCase *chosen)
{
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        if (strcmp(sides[i].name, name) != 0)
            continue;
        bool has_it = sides[i].run == run_promp ||
                      (sides[i].run == run_pcre2 ? chosen->regex != NULL : chosen->needle != NULL);
        return has_it ? &sides[i] : NULL;
    }
    return NULL;
}

static pcre2_code *compile_pcre2(const char *regex)
{
    int code;
    size_t offset;
    pcre2_code *compiled = pcre2_compile(
            (PCRE2_SPTR)regex, strlen(regex), PCRE2_DOTALL | PCRE2_NEVER_UTF, &code, &offset, NULL);
    if (compiled == NULL || pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) != 0)
        fail("PCRE2 cannot begin");
    return compiled;
}

static ProPattern *new_pattern(Search *search, const SearchCase *chosen)
{
    ProPattern *pattern = NULL;
    ProError error = {0};
    ProStatus status;
    if (chosen->needle != NULL)
        status = pro_pattern_new_bytes(search->needle, search->needle_size, &pattern, &error);
    else if (chosen->hex != NULL)
        status = pro_pattern_new_hex(chosen->hex, &pattern, &error);
    else
        status = pro_pattern_new_regex(
                chosen->regex, strlen(chosen->regex), PRO_REGEX_DOT_ALL, &pattern, &error);
    if (status != PRO_OK)
        fail(error.text);
    return pattern;
}

/* One pattern a run: where a JIT's code lies in memory is worth some percent. */
static void prepare(Search *search, const SearchCase *chosen, size_t size)
{
    ProMemory *memory;
    ProError error = {0};
    if (pro_memory_new(size, &memory, &error) != PRO_OK)
        fail(error.text);
    chosen->fill(pro_memory_data(memory), size);
    if (pro_container_new_take(memory, &search->container, &error) != PRO_OK)
        fail(error.text);
    search->needle_size = chosen->needle != NULL ? chosen->needle(search->needle) : 0;
    for (int run = 0; run < RUNS; run++) {
        search->patterns[run] = new_pattern(search, chosen);
        search->regexes[run] = chosen->regex != NULL ? compile_pcre2(chosen->regex) : NULL;
    }
    search->match = pcre2_match_data_create(1, NULL);
    search->all = chosen->all;
}

/* So that all find the same in the caches: what they themselves left there. What fits takes a few
 * searches until it is all there. */
static void settle(const Search *search, const Side *side)
{
    uint64_t begin = bench_cpu_ns();
    for (int i = 0; i == 0 || (i < SETTLING_RUNS && bench_cpu_ns() - begin < SETTLING_NS); i++)
        side->run(search);
}

static void measure(Search *search, size_t size, const Side *const *chosen, size_t count)
{
    uint64_t samples[SIDES_MAX][RUNS];
    for (int run = 0; run < RUNS; run++) {
        search->pattern = search->patterns[run];
        search->regex = search->regexes[run];
        for (size_t side = 0; side < count; side++) {
            settle(search, chosen[side]);
            uint64_t begin = bench_cpu_ns();
            chosen[side]->run(search);
            samples[side][run] = bench_cpu_ns() - begin;
        }
    }
    for (size_t side = 0; side < count; side++)
        printf("%s%.4f", side == 0 ? "[" : ", ",
                (double)size / (double)bench_median(samples[side], RUNS));
    printf("]\n");
}

int main(int argc, char **argv)
{
    static Search search;
    const Side *chosen_sides[SIDES_MAX] = {&sides[0]};
    const SearchCase *chosen = argc >= 3 ? search_case(argv[1]) : NULL;
    bool known = chosen != NULL && argc - 2 <= SIDES_MAX;
    for (int i = 3; known && i < argc; i++) {
        chosen_sides[i - 2] = find_side(argv[i], chosen);
        known = chosen_sides[i - 2] != NULL;
    }
    if (!known)
        fail("usage: search_bench CASE MIB [memchr|memmem|pcre2]...");
    size_t size = (size_t)atoi(argv[2]) << 20;
    prepare(&search, chosen, size);
    measure(&search, size, chosen_sides, (size_t)argc - 2);
    return 0;
}
