/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROCESS_ECHO_H
#define PROCESS_ECHO_H

#include "process/engine.h"

#include <dirent.h>
#include <stdio.h>

/* Numbers that command workers give back, and what this process holds meanwhile. */

static inline ProStatus echo_give(ProManager *manager, ProWorkerId worker, int64_t number,
        ProTaskId *ret_task, ProError *reterr)
{
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_int(arguments, number);
    pro_write_end(arguments);
    const ProTaskSpec spec = {.kind = PRO_TASK_EVAL_CODE,
            .text = "echo",
            .arguments = arguments,
            .want_result = true};
    ProStatus status = pro_manager_give_task(manager, worker, &spec, ret_task, reterr);
    pro_writer_free(arguments);
    return status;
}

/* Takes the worker's next ending: PRO_OK if it is that number. */
static inline ProStatus echo_take(
        ProManager *manager, ProWorkerId worker, int64_t number, ProError *reterr)
{
    ProEnding *ending;
    ProReader reader;
    size_t size;
    int64_t echoed;
    ProStatus status = pro_manager_take_result(manager, worker, &ending, reterr);
    if (status != PRO_OK)
        return status;
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    status = pro_read_int(&reader, &echoed, reterr);
    if (status == PRO_OK && echoed != number)
        status = PRO_ERR_INVALID;
    if (status != PRO_OK && reterr != NULL)
        (void)snprintf(reterr->text, sizeof reterr->text,
                "instead of %lld: an ending of kind %s, \"%s\"", (long long)number,
                pro_ending_kind_text(pro_ending_kind(ending)), pro_ending_message(ending));
    pro_ending_free(ending);
    return status;
}

static inline long resident_kib(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;
    assert_non_null(file);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kib);
    (void)fclose(file);
    assert_true(kib > 0);
    return kib;
}

static inline unsigned open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

#endif
