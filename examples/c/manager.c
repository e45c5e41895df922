/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A manager in C: starts two workers, runs Python code in both, calls a function, talks to a script
 * by messages, and reports how each task ended.
 *
 *   cc manager.c $(pkg-config --cflags --libs promp) -o manager && ./manager
 */

#include <inttypes.h>
#include <promp/promp.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const function_code = "def add(a, b):\n"
                                         "    return a + b\n";

static const char *const talking_code = "from Pro.MP import *\n"
                                        "worker = proWorkerObject()\n"
                                        "if worker.waitForMessage(10000):\n"
                                        "    question = worker.getMessage()\n"
                                        "    answer = ProMPMessage(question.id + 1)\n"
                                        "    answer.data = question.data.upper()\n"
                                        "    worker.sendMessage(answer)\n";

static void print_output(void *user, ProWorkerId worker, int stream, const void *data, size_t size)
{
    (void)user;
    (void)printf("worker %u, stream %d: %.*s", worker, stream, (int)size, (const char *)data);
}

/* Both print one line; with PRO_OPT_ATOMIC_OUTPUT lines of different workers never mix. */
static ProStatus run_code(ProManager *manager, ProError *reterr)
{
    ProStatus status = pro_manager_eval_python_code(
            manager, PRO_WORKER_ALL, "print('hello from a worker')", NULL, reterr);
    if (status == PRO_OK)
        status = pro_manager_wait(manager, -1, reterr);
    return status;
}

static ProStatus call_function(ProManager *manager, ProError *reterr)
{
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 2);
    pro_write_int(arguments, 4);
    pro_write_int(arguments, 5);
    pro_write_end(arguments);
    ProStatus status = pro_manager_eval_python_function(
            manager, PRO_WORKER_ANY, function_code, "add", arguments, true, NULL, reterr);
    pro_writer_free(arguments);
    ProEnding *ending = NULL;
    if (status == PRO_OK)
        status = pro_manager_wait(manager, -1, reterr);
    if (status == PRO_OK)
        status = pro_manager_take_result(manager, PRO_WORKER_ANY, &ending, reterr);
    if (status != PRO_OK)
        return status;
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    ProReader reader;
    int64_t sum = 0;
    pro_reader_init(&reader, value, size);
    status = pro_read_int(&reader, &sum, reterr);
    (void)printf("add: %s, %" PRId64 "\n", pro_ending_kind_text(pro_ending_kind(ending)), sum);
    pro_ending_free(ending);
    return status;
}

static ProStatus talk(ProManager *manager, ProWorkerId worker, ProError *reterr)
{
    ProMessage *answer = NULL;
    ProStatus status = pro_manager_eval_python_code(manager, worker, talking_code, NULL, reterr);
    if (status == PRO_OK)
        status = pro_manager_send_message(manager, worker, 1, "message", 7, reterr);
    if (status == PRO_OK)
        status = pro_manager_wait_message(manager, worker, 10000, reterr);
    if (status == PRO_OK)
        status = pro_manager_pop_message(manager, worker, &answer, reterr);
    if (status != PRO_OK)
        return status;
    (void)printf("message %u: %.*s\n", pro_message_id(answer), (int)pro_message_size(answer),
            (const char *)pro_message_data(answer));
    pro_message_free(answer);
    return pro_manager_wait(manager, -1, reterr);
}

static ProStatus run(ProManager *manager, ProError *reterr)
{
    ProWorkerId worker = PRO_WORKER_INVALID;
    pro_manager_set_output_handler(manager, print_output, NULL);
    ProStatus status = pro_manager_set_options(manager, PRO_OPT_ATOMIC_OUTPUT, reterr);
    for (int i = 0; i < 2 && status == PRO_OK; i++)
        status = pro_manager_start_worker(manager, &worker, reterr);
    if (status == PRO_OK)
        status = run_code(manager, reterr);
    if (status == PRO_OK)
        status = call_function(manager, reterr);
    if (status == PRO_OK)
        status = talk(manager, worker, reterr);
    return status;
}

int main(void)
{
    ProManager *manager = NULL;
    ProError error = {0};
    ProStatus status = pro_manager_new(&manager, &error);
    if (status == PRO_OK)
        status = run(manager, &error);
    pro_manager_free(manager);
    if (status != PRO_OK)
        (void)fprintf(stderr, "%s: %s\n", pro_status_text(status), error.text);
    else
        (void)printf("finished!\n");
    return status == PRO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
