/* SPDX-License-Identifier: Apache-2.0 */

/* What a file is, in a worker: the loaders read hostile files. */

#include "task.h"

static void write_nothing_known(ProWriter *result)
{
    TaskDocument document;
    task_document_begin(&document);
    task_document_end(&document, "", NULL, 0, result);
}

ProStatus task_structure(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container = NULL;
    ProStatus status = task_open(worker, arguments, 1, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = task_write_pe(container, result, reterr);
    if (status == PRO_ERR_FORMAT)
        status = task_write_elf(container, result, reterr);
    if (status == PRO_ERR_FORMAT) {
        write_nothing_known(result);
        status = PRO_OK;
    }
    pro_container_unref(container);
    return status;
}
