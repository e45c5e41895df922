/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_DEATH_H
#define MP_DEATH_H

#include <promp/ending.h>
#include <stdatomic.h>

/* Everything that is known of how a worker process ended; immutable once death_describe() has run.
 */
struct ProDeath {
    atomic_uint references;
    ProDeathCause cause;
    ProWorkerId worker;
    int exit_code;
    int signal;
    int64_t pid;
    ProTaskId task;
    bool out_of_memory;
    uint64_t peak_rss_bytes;
    char *detail; /* of PROTOCOL, START and UNKNOWN, or NULL */
    char *output;
    char *stack;
    char *text;
    char *json;
};

ProDeath *death_new(void); /* zeroed, one reference; NULL without memory */
/* Sets exit_code or signal, and the cause if it is still EXIT, from a wait status. */
void death_set_status(ProDeath *death, int wait_status);
/* Makes text and json from the rest. */
void death_describe(ProDeath *death);

/* How many processes the kernel's OOM killer has ended so far; -1 if the kernel does not tell. */
int64_t death_oom_kills(void);

#endif
