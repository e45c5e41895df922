/* SPDX-License-Identifier: Apache-2.0 */

/* hex_bench's half in a worker: hex_in_worker(what) measures on the shared container "DATA". */

#include "hex_measure.h"

#include <promp/plugin.h>
#include <promp/share.h>
#include <stdlib.h>
#include <string.h>

PRO_API ProStatus hex_in_worker(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

ProStatus hex_in_worker(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    size_t count;
    const char *text;
    size_t size;
    ProContainer *container = NULL;
    ProStatus status = pro_read_sequence(arguments, &count, reterr);
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    if (status == PRO_OK)
        status = pro_worker_get_shared_container(worker, "DATA", &container, reterr);
    if (status != PRO_OK)
        return status;
    char *what = strndup(text, size);
    pro_write_double(result, hex_measure(what, container));
    free(what);
    pro_container_unref(container);
    return PRO_OK;
}
