/* SPDX-License-Identifier: Apache-2.0 */

/* Tasks as they are when a loader has a bug, or a file has taken its worker over: PROMP_TASKS. */

#include "workspace/tasks/task.h"

#include <signal.h>
#include <unistd.h>

ProStatus task_structure(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    (void)worker;
    (void)arguments;
    (void)result;
    (void)reterr;
    (void)raise(SIGSEGV);
    return PRO_OK;
}

/* Sends what is no hit. */
ProStatus task_strings(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    (void)arguments;
    (void)result;
    return pro_worker_send_message(worker, TASK_MESSAGE_HITS, "\x94\x01\x02\x03\x04", 5, reterr);
}

/* Never ends, whatever it is told. */
ProStatus task_search(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    (void)worker;
    (void)arguments;
    (void)result;
    (void)reterr;
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    for (;;)
        (void)pause();
}
