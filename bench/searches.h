/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SEARCHES_H
#define BENCH_SEARCHES_H

#include "clock.h"

#include <promp/promp.h>

/* The searches that container_bench.c does here and container_plugin.c in a worker. */

enum {
    SEARCHES_SETTLING = 6, /* after the first touch; they are slower, wherever they run */
    SEARCHES_MEASURED = 7,
    SEARCHES_LARGE_BYTES = 256 << 20, /* no cache holds it: */
    SEARCHES_SETTLING_LARGE = 1,
};

static inline ProStatus bench_search(
        const ProContainer *container, uint64_t *ret_cpu_ns, ProError *reterr)
{
    ProPattern *pattern;
    ProMatch match;
    uint64_t begin = bench_cpu_ns();
    ProStatus status = pro_pattern_new_bytes("\xAA\xBB\xCC\xDD", 4, &pattern, reterr);
    if (status == PRO_OK)
        status = pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, reterr);
    pro_pattern_unref(pattern);
    *ret_cpu_ns = bench_cpu_ns() - begin;
    return status;
}

/* Of a container that this process has not touched: the first search, and later ones (median). */
static inline ProStatus bench_searches(
        const ProContainer *container, uint64_t ret_cpu_ns[2], ProError *reterr)
{
    uint64_t samples[SEARCHES_MEASURED];
    int settling = pro_container_size(container) >= SEARCHES_LARGE_BYTES ? SEARCHES_SETTLING_LARGE
                                                                         : SEARCHES_SETTLING;
    ProStatus status = bench_search(container, &ret_cpu_ns[0], reterr);
    for (int i = -settling; i < SEARCHES_MEASURED && status == PRO_OK; i++)
        status = bench_search(container, &samples[i < 0 ? 0 : i], reterr);
    ret_cpu_ns[1] = bench_median(samples, SEARCHES_MEASURED);
    return status;
}

#endif
