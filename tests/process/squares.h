/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROCESS_SQUARES_H
#define PROCESS_SQUARES_H

/* What the process tests share: tasks for square_worker.c, and what this process holds. */

#include "support/test.h"

#include <dirent.h>
#include <promp/promp.h>
#include <stdio.h>

static ProError error;

static inline void must(ProStatus status)
{
    if (status != PRO_OK)
        fail_msg("%s: %s", pro_status_text(status), error.text);
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

static inline ProTaskId give_square(ProManager *manager, ProWorkerId worker, int64_t value)
{
    ProTaskId task;
    ProWriter *arguments = pro_writer_new();
    pro_write_tuple(arguments, 1);
    pro_write_int(arguments, value);
    pro_write_end(arguments);
    must(pro_manager_eval_python_function(
            manager, worker, "", "square", arguments, true, &task, &error));
    pro_writer_free(arguments);
    return task;
}

static inline void take_square(ProManager *manager, ProWorkerId worker, int64_t value)
{
    ProEnding *ending;
    ProReader reader;
    size_t size;
    int64_t square;
    must(pro_manager_take_result(manager, worker, &ending, &error));
    if (pro_ending_kind(ending) != PRO_ENDING_RESULT)
        fail_msg("the good worker's task ended as %s: %s",
                pro_ending_kind_text(pro_ending_kind(ending)), pro_ending_message(ending));
    const void *data = pro_ending_value(ending, &size);
    pro_reader_init(&reader, data, size);
    must(pro_read_int(&reader, &square, &error));
    assert_int_equal(square, value * value);
    pro_ending_free(ending);
}

#endif
