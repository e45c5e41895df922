/* SPDX-License-Identifier: Apache-2.0 */

/* Fed by: whoever started the worker, through an inherited descriptor; at most MP_CONFIG_MAX bytes.
 */

#include "mp/worker_config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, written again, must be what was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WorkerConfig config;
    ProError error = {0};
    if (worker_config_read(data, size, &config, &error) != PRO_OK) {
        if (error.text[0] == '\0')
            abort();
        return 0;
    }
    if (size > MP_CONFIG_MAX)
        abort();
    Buffer written = {0};
    WorkerConfig again;
    worker_config_write(&written, &config);
    if (written.failed || worker_config_read(written.data, written.size, &again, NULL) != PRO_OK)
        abort();
    if (config.id != again.id || config.level != again.level ||
            strcmp(config.endpoint, again.endpoint) != 0 ||
            strcmp(config.folder, again.folder) != 0 || config.setup_size != again.setup_size ||
            memcmp(config.secret, again.secret, sizeof config.secret) != 0)
        abort();
    buffer_fini(&written);
    return 0;
}
