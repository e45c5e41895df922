/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker program without a language, for the engine's tests: the code of a task is one command.
 * `echo` returns its first argument; the others are below, by name.
 */

#include <promp/runner.h>
#include <promp/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ProWorker *self;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static ProStatus setup(
        void *user, ProWorker *worker, const void *value, size_t size, ProError *reterr)
{
    (void)user;
    (void)value;
    (void)size;
    (void)reterr;
    self = worker;
    const struct sigaction action = {.sa_handler = on_interrupt};
    return sigaction(SIGINT, &action, NULL) == 0 ? PRO_OK : PRO_ERR_SYSTEM;
}

static bool fail(ProTaskError *reterror, const char *type, const char *message)
{
    reterror->type = strdup(type);
    reterror->message = strdup(message);
    return false;
}

static bool run_echo(const ProTask *task, ProWriter *result, ProTaskError *reterror)
{
    ProReader reader;
    ProError error = {0};
    size_t count = 0;
    pro_reader_init(&reader, task->arguments, task->arguments_size);
    if (task->arguments == NULL || pro_read_sequence(&reader, &count, &error) != PRO_OK ||
            count != 1)
        return fail(reterror, "ValueError", "echo takes one argument");
    const uint8_t *value = reader.data + reader.offset;
    size_t size = pro_reader_left(&reader);
    ProReader inner;
    const void *bytes;
    pro_reader_init(&inner, value, size);
    /* The result is read after run(), when the arguments still exist. */
    if (pro_read_bytes(&inner, &bytes, &size, NULL) == PRO_OK)
        pro_write_bytes_borrowed(result, bytes, size);
    else
        pro_write_encoded(result, value, pro_reader_left(&reader));
    return true;
}

/* Echoes messages until one with the id 0 comes. */
static bool run_mirror(ProTaskError *reterror)
{
    for (;;) {
        ProMessage *message;
        ProError error = {0};
        if (pro_worker_wait_message(self, -1, &error) != PRO_OK ||
                pro_worker_pop_message(self, &message, &error) != PRO_OK) {
            reterror->aborted = error.status == PRO_ERR_ABORTED;
            return fail(reterror, "MessageError", error.text);
        }
        uint32_t id = pro_message_id(message);
        ProStatus status = id == 0 ? PRO_OK
                                   : pro_worker_send_message(self, id, pro_message_data(message),
                                             pro_message_size(message), &error);
        pro_message_free(message);
        if (status != PRO_OK)
            return fail(reterror, "MessageError", error.text);
        if (id == 0)
            return true;
    }
}

/* COUNT messages of SIZE bytes, each full of its own id. */
static bool send_many(unsigned count, size_t size, ProTaskError *reterror)
{
    ProStatus status = PRO_OK;
    ProError error = {0};
    char *bytes = malloc(size);
    if (bytes == NULL)
        return fail(reterror, "MemoryError", "no memory");
    for (unsigned id = 1; id <= count && status == PRO_OK; id++) {
        memset(bytes, (int)id, size);
        status = pro_worker_send_message(self, id, bytes, size, &error);
    }
    free(bytes);
    return status == PRO_OK || fail(reterror, "MessageError", error.text);
}

static bool run_send(const char *arguments, ProTaskError *reterror)
{
    unsigned count;
    size_t size;
    char then[8] = "";
    if (sscanf(arguments, "%u %zu %7s", &count, &size, then) < 2)
        return fail(reterror, "ValueError", arguments);
    bool sent = send_many(count, size, reterror);
    if (strcmp(then, "kill") == 0)
        (void)kill(getpid(), SIGKILL);
    return sent;
}

static bool run_until_flag(ProTaskError *reterror)
{
    while (!pro_worker_was_aborted(self))
        (void)pro_worker_wait_message(self, 1, NULL);
    reterror->aborted = true;
    return fail(reterror, "Aborted", "saw the flag");
}

static bool run_until_interrupt(ProTaskError *reterror)
{
    interrupted = 0;
    while (!interrupted)
        (void)pause();
    reterror->aborted = true;
    return fail(reterror, "Interrupted", "saw the interrupt");
}

static void spin(void)
{
    volatile unsigned long turns = 0;
    for (;;)
        turns++;
}

static void count_progress(void)
{
    for (int i = 0; i <= 100000; i++)
        pro_worker_report_progress(self, i);
    pro_worker_report_msg(self, "done");
}

static bool print_lines(int count)
{
    for (int i = 0; i < count; i++) {
        char line[64];
        int size = snprintf(line, sizeof line, "line %d of worker %u\n", i, pro_worker_id(self));
        if (write(STDOUT_FILENO, line, (size_t)size) != size)
            return false;
    }
    return true;
}

/* BUTTONS TEXT: returns the button. */
static bool ask(const char *arguments, ProWriter *result, ProTaskError *reterror)
{
    char *text;
    ProError error = {0};
    ProBoxButtons button = 0;
    ProBox box = {.title = "Box of a task", .icon = PRO_BOX_ICON_WARNING};
    box.buttons = (unsigned)strtoul(arguments, &text, 10);
    box.text = text + 1;
    ProStatus status = pro_worker_show_box(self, &box, NULL, NULL, &button, &error);
    reterror->aborted = status == PRO_ERR_ABORTED;
    if (status != PRO_OK)
        return fail(reterror, "BoxError", error.text);
    pro_write_int(result, button);
    return true;
}

/* Opens boxes and gives each up at once: the task is aborted, by itself. */
static bool give_boxes_up(int count, ProTaskError *reterror)
{
    const ProBox box = {.text = "given up"};
    ProBoxButtons button;
    ProError error = {0};
    ProStatus status = PRO_ERR_ABORTED;
    pro_worker_abort(self);
    for (int i = 0; i < count && status == PRO_ERR_ABORTED; i++)
        status = pro_worker_show_box(self, &box, NULL, NULL, &button, &error);
    reterror->aborted = status == PRO_ERR_ABORTED;
    return fail(reterror, "BoxError", error.text);
}

static bool run(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror)
{
    (void)user;
    const char *command = task->text;
    if (strcmp(command, "nothing") == 0)
        return true;
    if (strcmp(command, "echo") == 0)
        return run_echo(task, result, reterror);
    if (strcmp(command, "mirror") == 0)
        return run_mirror(reterror);
    if (strcmp(command, "until-flag") == 0)
        return run_until_flag(reterror);
    if (strcmp(command, "until-interrupt") == 0)
        return run_until_interrupt(reterror);
    if (strcmp(command, "spin") == 0)
        spin();
    if (strcmp(command, "abort") == 0)
        abort();
    if (strcmp(command, "kill") == 0)
        (void)kill(getpid(), SIGKILL);
    if (strcmp(command, "progress") == 0)
        count_progress();
    else if (strcmp(command, "error") == 0)
        return fail(reterror, "ValueError", "as asked");
    else if (strcmp(command, "who") == 0)
        pro_write_uint(result, pro_worker_id(self));
    else if (strcmp(command, "pid") == 0)
        pro_write_uint(result, (uint64_t)getpid());
    else if (strncmp(command, "box ", 4) == 0)
        return ask(command + 4, result, reterror);
    else if (strncmp(command, "boxes ", 6) == 0)
        return give_boxes_up(atoi(command + 6), reterror);
    else if (strncmp(command, "lines ", 6) == 0)
        return print_lines(atoi(command + 6));
    else if (strncmp(command, "send ", 5) == 0)
        return run_send(command + 5, reterror);
    else if (strncmp(command, "write ", 6) == 0)
        return write(STDOUT_FILENO, command + 6, strlen(command + 6)) > 0;
    else if (strncmp(command, "exit ", 5) == 0)
        _exit(atoi(command + 5));
    else
        return fail(reterror, "NameError", command);
    return true;
}

/* The nursery holds back what it has to say of a new worker while the test keeps this FIFO. */
static void after_fork_parent(void *user)
{
    (void)user;
    const char *path = getenv("COMMAND_WORKER_HOLD");
    char end;
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while (read(fd, &end, 1) > 0)
        continue;
    (void)close(fd);
}

int main(int argc, char **argv)
{
    static const ProRunnerOps ops = {
            .setup = setup, .run = run, .after_fork_parent = after_fork_parent};
    return pro_worker_main(argc, argv, &ops, NULL);
}
