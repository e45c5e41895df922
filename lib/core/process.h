/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <stdint.h>

/*
 * Which process this is, counted in forks: an object that remembers the number at its creation can
 * tell, at the price of one load, that it lives in a fork()ed copy. (getpid() is a system call.)
 * Any thread.
 */
extern uint32_t process_forks;

static inline uint32_t process_generation(void)
{
    return process_forks;
}

#endif
