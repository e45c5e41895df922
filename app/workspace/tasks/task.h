/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_TASK_H
#define WORKSPACE_TASK_H

/*
 * What runs in workers: a plug-in, promp-tasks.so, of C functions (<promp/plugin.h>). Their first
 * argument is the name of the shared container that they work on.
 *
 *   task_structure(container)                   returns a document (task_document.h)
 *   task_strings(container, least characters)   sends hits
 *   task_search(container, kind, text, ignore case)   sends hits; kind: HexFindKind
 *
 * Hits are sent in messages of TASK_MESSAGE_HITS: one list of [offset, size, kind, text, ...], four
 * values a hit, in the order in which they end. Both return whether all were sent: they stop at
 * TASK_HITS_MAX.
 */

#include <promp/container.h>
#include <promp/plugin.h>

enum {
    TASK_MESSAGE_HITS = 1,
    TASK_HITS_MAX = 1000000,
    TASK_HIT_TEXT_MAX = 240, /* bytes */
};

PRO_API ProStatus task_structure(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus task_strings(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus task_search(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

/* ---- for the tasks ---- */

#include "document.h"

/* Writes the tables of a PE or ELF file; PRO_ERR_FORMAT if it is none. */
ProStatus task_write_pe(ProContainer *container, ProWriter *result, ProError *reterr);
ProStatus task_write_elf(ProContainer *container, ProWriter *result, ProError *reterr);

/* The arguments' head: `count` of them, the first names the container. */
ProStatus task_open(ProWorker *worker, ProReader *arguments, size_t count,
        ProContainer **ret_container, ProError *reterr);
ProStatus task_fail(ProError *reterr, ProStatus status, const char *text);
/* Tells the worker's wait object, and asks it. */
ProProgress task_progress(ProWorker *worker);

/* Hits on their way to the manager. */
typedef struct TaskHits {
    ProWorker *worker;
    ProWriter *batch;
    size_t in_batch;
    size_t sent;
    ProStatus status; /* of sending */
} TaskHits;

ProStatus task_hits_begin(TaskHits *hits, ProWorker *worker, ProError *reterr);
/* False once no more are wanted. */
bool task_hits_add(TaskHits *hits, uint64_t offset, uint64_t size, const char *kind,
        const char *text, size_t text_size);
/* Sends the rest, frees, and writes the result. */
ProStatus task_hits_end(TaskHits *hits, ProWriter *result, ProError *reterr);

#endif
