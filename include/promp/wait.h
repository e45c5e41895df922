/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_WAIT_H
#define PROMP_WAIT_H

/*
 * A wait object shows how far a piece of work has come and can ask it to stop: a dialog, a line on
 * a terminal, a progress bar, or nothing at all. Who shows implements ProWaitOps; who works reports
 * to it, from this process or, tied by pro_manager_create_wait(), from a worker.
 */

#include <promp/status.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_WAIT_TEXT_MAX 1024 /* bytes of a wait object's text that cross a process border */

/* Every member may be NULL. All are called in the thread that owns the manager, never concurrently,
 * from calls that deliver (pro_manager_process_messages(), _wait(), _wait_message()). */
typedef struct ProWaitOps {
    /* A new text; UTF-8, lent during the call. */
    void (*msg)(void *user, const char *text);
    /* A new value, usually percent. Only the latest of many is told. */
    void (*progress)(void *user, int64_t value);
    /* True once the person wants it to stop; asked with each delivery. */
    bool (*was_aborted)(void *user);
    /* The work was aborted by other means; show it. */
    void (*abort)(void *user);
    /* Lets the shown thing breathe (a user interface's events). May run for a while. */
    void (*process_events)(void *user);
    /* The work is over; called at most once. */
    void (*stop)(void *user);
} ProWaitOps;

#ifdef __cplusplus
}
#endif

#endif
