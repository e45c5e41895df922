/* SPDX-License-Identifier: Apache-2.0 */
#include "core/process.h"

#include <pthread.h>

/* Written by the only thread that a fork()ed child has. */
uint32_t process_forks;

static void count_fork(void)
{
    process_forks++;
}

__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork);
}
