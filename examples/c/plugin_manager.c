/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hashes files in workers by the C plug-in of plugin_hash.c: as many tasks as files, two workers.
 *
 *   ./plugin_manager ./plugin_hash.so FILE...
 */

#include <inttypes.h>
#include <promp/promp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2 };

static ProStatus give_file(ProManager *manager, const char *plugin, const char *path,
        ProTaskId *ret_task, ProError *reterr)
{
    ProWriter *arguments = pro_writer_new();
    pro_write_tuple(arguments, 1);
    pro_write_text(arguments, path, strlen(path));
    pro_write_end(arguments);
    ProStatus status = pro_manager_call_plugin(
            manager, PRO_WORKER_ANY, plugin, "hash_file", arguments, true, ret_task, reterr);
    pro_writer_free(arguments);
    return status;
}

static uint64_t ending_hash(const ProEnding *ending)
{
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    ProReader reader;
    ProValue hash = {0};
    pro_reader_init(&reader, value, size);
    if (pro_read(&reader, &hash, NULL) != PRO_OK)
        return 0;
    return hash.kind == PRO_VALUE_UINT ? hash.unsigned_integer : (uint64_t)hash.integer;
}

/* Task ids count up, so `first_task` tells which file an ending belongs to. */
static int print_endings(ProManager *manager, char **files, ProTaskId first_task)
{
    int failures = 0;
    ProEnding *ending;
    while (pro_manager_take_result(manager, PRO_WORKER_ANY, &ending, NULL) == PRO_OK) {
        const char *file = files[pro_ending_task(ending) - first_task];
        if (pro_ending_kind(ending) == PRO_ENDING_RESULT) {
            (void)printf("%016" PRIx64 "  %s\n", ending_hash(ending), file);
        } else {
            (void)printf("%-16s  %s: %s\n", pro_ending_kind_text(pro_ending_kind(ending)), file,
                    pro_ending_message(ending));
            failures++;
        }
        pro_ending_free(ending);
    }
    return failures;
}

static int hash_files(ProManager *manager, const char *plugin, char **files, ProError *reterr)
{
    ProWorkerId worker;
    ProTaskId first_task = 0;
    ProStatus status = PRO_OK;
    for (int i = 0; i < WORKERS && status == PRO_OK; i++)
        status = pro_manager_start_worker(manager, &worker, reterr);
    for (char **file = files; *file != NULL && status == PRO_OK; file++) {
        ProTaskId task;
        status = give_file(manager, plugin, *file, &task, reterr);
        if (status == PRO_OK && first_task == 0)
            first_task = task;
    }
    if (status == PRO_OK)
        status = pro_manager_wait(manager, -1, reterr);
    return status == PRO_OK ? print_endings(manager, files, first_task) : -1;
}

int main(int argc, char **argv)
{
    ProManager *manager = NULL;
    ProError error = {0};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: %s PLUGIN FILE...\n", argv[0]);
        return 2;
    }
    int failures = -1;
    if (pro_manager_new(&manager, &error) == PRO_OK)
        failures = hash_files(manager, argv[1], argv + 2, &error);
    pro_manager_free(manager);
    if (failures < 0)
        (void)fprintf(stderr, "%s: %s\n", argv[0], error.text);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
