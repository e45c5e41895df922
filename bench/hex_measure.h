/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_HEX_MEASURE_H
#define BENCH_HEX_MEASURE_H

#include <promp/container.h>

/*
 * Shows a container in a hex view, in this process' main thread, and measures. NAN if there is no
 * display, or if bytes did not come.
 *
 *   "first"      ms from an empty window that is up until all bytes in sight are painted
 *   "page"       ms a page down takes until its bytes are painted; the median of 61
 *   "slowest"    the slowest of them
 *   "processor"  ms of processor time that the most expensive of them took
 *   "memory"     MiB more than the empty window had, after 300 pages and jumps to the end and back
 */
double hex_measure(const char *what, ProContainer *container);

#endif
