/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What PCRE2's JIT alone does, in GB per second of processor time:
 *
 *   pcre2_bare CASE MIB    CASE: one of search_cases.h that has a pattern
 *
 * Prints one number, the median of a few searches to the end.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include "clock.h"
#include "search_cases.h"

#include <pcre2.h>
#include <stdio.h>

enum { RUNS = 7 };

int main(int argc, char **argv)
{
    const SearchCase *chosen = argc == 3 ? search_case(argv[1]) : NULL;
    if (chosen == NULL || chosen->regex == NULL) {
        (void)fprintf(stderr, "usage: pcre2_bare CASE MIB\n");
        return 2;
    }
    size_t size = (size_t)atoi(argv[2]) << 20;
    uint8_t *data = malloc(size);
    int code;
    size_t offset;
    pcre2_code *regex = pcre2_compile((PCRE2_SPTR)chosen->regex, strlen(chosen->regex),
            PCRE2_DOTALL | PCRE2_NEVER_UTF, &code, &offset, NULL);
    if (data == NULL || regex == NULL || pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE) != 0) {
        (void)fprintf(stderr, "pcre2_bare: cannot begin\n");
        return 1;
    }
    chosen->fill(data, size);
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    uint64_t samples[RUNS];
    for (int i = -1; i < RUNS; i++) {
        uint64_t begin = bench_cpu_ns();
        int result = pcre2_match(regex, data, size, 0, 0, match, NULL);
        if (result != PCRE2_ERROR_NOMATCH) {
            (void)fprintf(stderr, "pcre2_bare: pcre2_match() says %d\n", result);
            return 1;
        }
        if (i >= 0)
            samples[i] = bench_cpu_ns() - begin;
    }
    printf("%.4f\n", (double)size / (double)bench_median(samples, RUNS));
    return 0;
}
