/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints one figure of the hex view (hex_measure.h):
 *
 *   hex_bench file WHAT            on a sparse file of 100 GiB
 *   hex_bench remote WHAT PLUGIN   in a worker, on a callback container of 4 GiB in this process
 */

#include "hex_measure.h"

#include <math.h>
#include <promp/container_ops.h>
#include <promp/promp.h>
#include <promp/share.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES ((off_t)100 << 30)
#define REMOTE_BYTES ((uint64_t)4 << 30)

static int fail(const char *what)
{
    (void)fprintf(stderr, "hex_bench: %s\n", what);
    return EXIT_FAILURE;
}

static int print_figure(double figure)
{
    if (isnan(figure))
        return fail("there is no display, or the bytes did not come");
    (void)printf("%.3f\n", figure);
    return EXIT_SUCCESS;
}

static int measure_file(const char *what)
{
    char path[4096];
    const char *folder = getenv("TMPDIR");
    ProContainer *container = NULL;
    ProError error = {0};
    (void)snprintf(path, sizeof path, "%s/hex_bench.XXXXXX", folder != NULL ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0 || ftruncate(fd, FILE_BYTES) != 0)
        return fail("cannot make a sparse file of 100 GiB");
    ProStatus status = pro_container_open_file(path, 0, &container, &error);
    (void)unlink(path);
    if (status != PRO_OK)
        return fail(error.text);
    int result = print_figure(hex_measure(what, container));
    pro_container_unref(container);
    (void)close(fd);
    return result;
}

static ProStatus read_numbers(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)reterr;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = (uint8_t)((offset + i) * 0x9E3779B1 >> 13);
    return PRO_OK;
}

static ProStatus give_task(
        ProManager *manager, const char *what, const char *plugin, ProError *reterr)
{
    static const ProContainerOps ops = {.read = read_numbers};
    ProContainer *container = NULL;
    ProWorkerId worker;
    ProStatus status = pro_container_new_callback(&ops, NULL, REMOTE_BYTES, &container, reterr);
    if (status == PRO_OK)
        status = pro_manager_share_container(manager, "DATA", container, reterr);
    pro_container_unref(container);
    if (status == PRO_OK)
        status = pro_manager_start_worker(manager, &worker, reterr);
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, what, strlen(what));
    pro_write_end(arguments);
    if (status == PRO_OK)
        status = pro_manager_call_plugin(
                manager, worker, plugin, "hex_in_worker", arguments, true, NULL, reterr);
    pro_writer_free(arguments);
    return status == PRO_OK ? pro_manager_wait(manager, -1, reterr) : status;
}

static int print_ending(ProManager *manager)
{
    ProEnding *ending = NULL;
    ProReader reader;
    ProValue value = {0};
    size_t size;
    if (pro_manager_take_result(manager, PRO_WORKER_ANY, &ending, NULL) != PRO_OK)
        return fail("the task has no ending");
    const void *data = pro_ending_value(ending, &size);
    pro_reader_init(&reader, data, size);
    int status = pro_read(&reader, &value, NULL) == PRO_OK && value.kind == PRO_VALUE_DOUBLE
                         ? print_figure(value.number)
                         : fail(pro_ending_message(ending));
    pro_ending_free(ending);
    return status;
}

static int measure_remote(const char *what, const char *plugin)
{
    ProManager *manager = NULL;
    ProError error = {0};
    ProStatus status = pro_manager_new(&manager, &error);
    if (status == PRO_OK)
        status = pro_manager_set_options(manager, PRO_OPT_NO_REPLACE, &error);
    if (status == PRO_OK)
        status = give_task(manager, what, plugin, &error);
    int result = status == PRO_OK ? print_ending(manager) : fail(error.text);
    pro_manager_free(manager);
    return result;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "file") == 0)
        return measure_file(argv[2]);
    if (argc == 4 && strcmp(argv[1], "remote") == 0)
        return measure_remote(argv[2], argv[3]);
    return fail("usage: hex_bench file|remote first|page|slowest|processor|memory [PLUGIN]");
}
