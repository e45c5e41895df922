/* SPDX-License-Identifier: Apache-2.0 */

/* The worker's side of mp_bench.c: plug-in tasks that do nothing, or nothing but send. */

#include <promp/plugin.h>

#include <stdlib.h>

PRO_API ProStatus bench_nothing(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus bench_flood(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

ProStatus bench_nothing(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    (void)worker;
    (void)arguments;
    (void)reterr;
    pro_write_nil(result);
    return PRO_OK;
}

/* arguments: (size, count). Waits for a message, then sends count messages of size bytes. */
ProStatus bench_flood(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    size_t values;
    int64_t size;
    int64_t count;
    ProStatus status = pro_read_sequence(arguments, &values, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &size, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &count, reterr);
    if (status != PRO_OK)
        return status;
    char *bytes = calloc(1, (size_t)size);
    if (bytes == NULL)
        return PRO_ERR_NO_MEMORY;
    ProMessage *go = NULL;
    status = pro_worker_wait_message(worker, -1, reterr);
    if (status == PRO_OK)
        status = pro_worker_pop_message(worker, &go, reterr);
    pro_message_free(go);
    for (int64_t i = 0; i < count && status == PRO_OK; i++)
        status = pro_worker_send_message(worker, 1, bytes, (size_t)size, reterr);
    free(bytes);
    pro_write_nil(result);
    return status;
}
