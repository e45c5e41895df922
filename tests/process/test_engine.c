/* SPDX-License-Identifier: Apache-2.0 */

/* Managers and workers as processes, driven through the C API. */

#include "process/engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* A FIFO: while it exists the nursery waits in front of it (command_worker.c). The nursery has the
 * environment of when it began, so the name is there before the first worker. */
static char hold[64];

__attribute__((constructor)) static void name_hold(void)
{
    (void)snprintf(hold, sizeof hold, "/tmp/promp-test-hold-%d", (int)getpid());
    (void)setenv("COMMAND_WORKER_HOLD", hold, 1);
}

static void first_task_ends(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "nothing", false);
    assert_true(pro_manager_is_busy(engine.manager));
    engine_wait(&engine);
    assert_false(pro_manager_is_busy(engine.manager));
    engine_end(&engine);
}

static void give_echo(Engine *engine, ProWorkerId worker, const void *data, size_t size)
{
    ProError error = {0};
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_bytes_borrowed(arguments, data, size);
    pro_write_end(arguments);
    const ProTaskSpec spec = {.kind = PRO_TASK_EVAL_CODE,
            .text = "echo",
            .arguments = arguments,
            .want_result = true};
    assert_ok(pro_manager_give_task(engine->manager, worker, &spec, NULL, &error));
    pro_writer_free(arguments);
}

static void values_of_any_size_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {
            0, 1, 1000, 32767, 32768, 65535, 65536, 70000, 1 << 20, 64 << 20};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    uint8_t *data = malloc(64 << 20);
    for (size_t i = 0; i < 64 << 20; i++)
        data[i] = (uint8_t)(i * 7 + i / 4096);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        give_echo(&engine, worker, data, sizes[i]);
        engine_wait(&engine);
        ProEnding *ending = engine_take(&engine, worker);
        assert_string_equal(pro_ending_message(ending), "");
        size_t size;
        const void *value = pro_ending_value(ending, &size);
        ProReader reader;
        pro_reader_init(&reader, value, size);
        const void *bytes;
        assert_int_equal(pro_read_bytes(&reader, &bytes, &size, NULL), PRO_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(bytes, data, size);
        pro_ending_free(ending);
    }
    free(data);
    engine_end(&engine);
}

static void many_tasks_end_once_each(void **state)
{
    (void)state;
    enum { TASKS = 5000, WORKERS = 3 };
    Engine engine;
    engine_start(&engine, 0);
    for (int i = 0; i < WORKERS; i++)
        (void)engine_worker(&engine);
    for (int i = 0; i < TASKS; i++)
        engine_give(&engine, PRO_WORKER_ANY, "who", true);
    engine_wait(&engine);
    bool *seen = calloc(TASKS + 1, sizeof *seen);
    for (int i = 0; i < TASKS; i++) {
        ProEnding *ending = engine_take(&engine, PRO_WORKER_ANY);
        assert_int_equal(pro_ending_kind(ending), PRO_ENDING_RESULT);
        assert_in_range(pro_ending_task(ending), 1, TASKS);
        assert_false(seen[pro_ending_task(ending)]);
        seen[pro_ending_task(ending)] = true;
        pro_ending_free(ending);
    }
    assert_false(pro_manager_has_results(engine.manager, PRO_WORKER_ANY));
    free(seen);
    engine_end(&engine);
}

static void all_addresses_every_worker(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, 0);
    for (int i = 0; i < 4; i++)
        (void)engine_worker(&engine);
    engine_give(&engine, PRO_WORKER_ALL, "who", true);
    engine_wait(&engine);
    for (ProWorkerId worker = 1; worker <= 4; worker++) {
        ProEnding *ending = engine_take(&engine, worker);
        size_t size;
        const uint8_t *value = pro_ending_value(ending, &size);
        assert_int_equal(size, 1);
        assert_int_equal(value[0], worker);
        pro_ending_free(ending);
    }
    engine_end(&engine);
}

static void atomic_output_is_whole_lines(void **state)
{
    (void)state;
    enum { LINES = 2000, WORKERS = 4 };
    Engine engine;
    engine_start(&engine, PRO_OPT_ATOMIC_OUTPUT);
    for (int i = 0; i < WORKERS; i++)
        (void)engine_worker(&engine);
    engine_give(&engine, PRO_WORKER_ALL, "lines 2000", false);
    engine_wait(&engine);
    int next[WORKERS + 1] = {0};
    char *text = (char *)(uintptr_t)buffer_text(&engine.output);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
            line = strtok_r(NULL, "\n", &rest)) {
        int number;
        unsigned worker;
        char torn;
        assert_int_equal(sscanf(line, "line %d of worker %u%c", &number, &worker, &torn), 2);
        assert_in_range(worker, 1, WORKERS);
        assert_int_equal(number, next[worker]++);
    }
    for (int worker = 1; worker <= WORKERS; worker++)
        assert_int_equal(next[worker], LINES);
    engine_end(&engine);
}

static void output_without_newline_gets_one(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, PRO_OPT_ATOMIC_OUTPUT);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "write a", false);
    engine_wait(&engine);
    engine_give(&engine, worker, "write \n", false);
    engine_wait(&engine);
    engine_give(&engine, worker, "write b\n\nc", false);
    engine_wait(&engine);
    assert_string_equal(buffer_text(&engine.output), "a\nb\n\nc\n");
    engine_end(&engine);
}

static void messages_go_both_ways(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 64, 65536, 65537, 3 << 20};
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    uint8_t *data = calloc(1, 3 << 20);
    memset(data, 0x5A, 3 << 20);
    /* The first ones are sent while the worker still starts. */
    for (uint32_t i = 0; i < 6; i++)
        assert_ok(pro_manager_send_message(engine.manager, worker, i + 1, data, sizes[i], &error));
    engine_give(&engine, worker, "mirror", false);
    for (uint32_t i = 0; i < 6; i++) {
        ProMessage *message;
        assert_ok(pro_manager_wait_message(engine.manager, worker, WATCHDOG_MS, &error));
        assert_ok(pro_manager_pop_message(engine.manager, worker, &message, &error));
        assert_int_equal(pro_message_id(message), i + 1);
        assert_int_equal(pro_message_size(message), sizes[i]);
        assert_memory_equal(pro_message_data(message), data, sizes[i]);
        pro_message_free(message);
    }
    assert_ok(pro_manager_send_message(engine.manager, worker, 0, NULL, 0, &error));
    engine_wait(&engine);
    free(data);
    engine_end(&engine);
}

static void expect_messages(Engine *engine, ProWorkerId worker, uint32_t count, size_t size)
{
    ProError error = {0};
    for (uint32_t id = 1; id <= count; id++) {
        ProMessage *message;
        assert_ok(pro_manager_wait_message(engine->manager, worker, WATCHDOG_MS, &error));
        assert_ok(pro_manager_pop_message(engine->manager, worker, &message, &error));
        assert_int_equal(pro_message_id(message), id);
        assert_int_equal(pro_message_size(message), size);
        const uint8_t *data = pro_message_data(message);
        assert_int_equal(data[0], (uint8_t)id);
        assert_memory_equal(data, data + 1, size - 1);
        pro_message_free(message);
    }
}

/* More than the lane holds, so that what is behind goes as blobs; the sender is dead before anybody
 * reads. Then its replacement begins at the lane's start. */
static void messages_of_medium_size_outlive_their_sender(void **state)
{
    (void)state;
    enum { COUNT = 30, SIZE = 1000003 };
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "send 30 1000003 kill", true);
    engine_wait(&engine);
    expect_messages(&engine, worker, COUNT, SIZE);
    pro_ending_free(engine_take(&engine, worker));
    engine_give(&engine, worker, "send 30 1000003", false);
    expect_messages(&engine, worker, COUNT, SIZE);
    engine_wait(&engine);
    engine_end(&engine);
}

static void expect_ending(Engine *engine, ProEndingKind kind, ProAbortRung rung)
{
    ProEnding *ending = engine_take(engine, PRO_WORKER_ANY);
    if (pro_ending_kind(ending) != kind)
        fail_msg("ended as %s (%s), not %s", pro_ending_kind_text(pro_ending_kind(ending)),
                pro_ending_message(ending), pro_ending_kind_text(kind));
    assert_int_equal(pro_ending_rung(ending), rung);
    pro_ending_free(ending);
}

/* Waits until the worker has begun the task: only then a cancel meets it running. */
static void wait_until_running(Engine *engine, ProWorkerId worker)
{
    for (;;) {
        ProError error = {0};
        ProWorkerInfo info;
        assert_ok(pro_manager_worker_info(engine->manager, worker, &info, &error));
        pro_death_unref(info.death);
        if (info.task != 0)
            return;
        (void)pro_manager_wait_any(engine->manager, 1, &error);
    }
}

static void ladder_ends_each_at_its_rung(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "until-flag", true);
    wait_until_running(&engine, worker);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, WATCHDOG_MS, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_FLAG);
    engine_give(&engine, worker, "until-interrupt", true);
    wait_until_running(&engine, worker);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 2000, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_INTERRUPT);
    engine_give(&engine, worker, "mirror", true); /* blocks in a wait for a message */
    wait_until_running(&engine, worker);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 2000, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_INTERRUPT);
    engine_give(&engine, worker, "spin", true);
    wait_until_running(&engine, worker);
    /* A quarter of the time is what SIGTERM has, on however busy a machine, before SIGKILL. */
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 4000, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_TERM);
    engine_give(&engine, worker, "spin", true);
    wait_until_running(&engine, worker);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 0, &error));
    engine_give(&engine, worker, "who", true);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_KILL);
    expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    engine_end(&engine);
}

static ProWorkerInfo info_of(Engine *engine, ProWorkerId worker)
{
    ProError error = {0};
    ProWorkerInfo info;
    assert_ok(pro_manager_worker_info(engine->manager, worker, &info, &error));
    pro_death_unref(info.death);
    return info;
}

/* From here on the nursery forks, but tells of no new worker, until release_nursery(). */
static void hold_nursery(void)
{
    assert_return_code(mkfifo(hold, 0600), errno);
}

static void release_nursery(void)
{
    int writer = open(hold, O_WRONLY | O_CLOEXEC); /* waits until it has forked */
    assert_return_code(unlink(hold), errno);
    assert_return_code(close(writer), errno);
}

/* Many times what a worker needs from its fork to its hello. */
static void let_others_work(void)
{
    Engine others;
    engine_start(&others, PRO_OPT_EXEC_WORKERS);
    for (int i = 0; i < 4; i++) {
        engine_give(&others, engine_worker(&others), "who", false);
        engine_wait(&others);
    }
    engine_end(&others);
}

/* A worker whose pid the manager does not know could be sent no signal: it does not begin. */
static void nothing_runs_before_the_pid_is_known(void **state)
{
    (void)state;
    if (engine_skips_far("a stand-in's pid is known from the start"))
        return;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    hold_nursery();
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "spin", true);
    let_others_work();
    assert_int_equal(info_of(&engine, worker).state, PRO_WORKER_STARTING);
    assert_int_equal(info_of(&engine, worker).pid, 0);
    assert_int_equal(info_of(&engine, worker).task, 0);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 0, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE);
    engine_give(&engine, worker, "spin", true);
    release_nursery();
    wait_until_running(&engine, worker);
    assert_int_not_equal(info_of(&engine, worker).pid, 0);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, 0, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_KILL);
    engine_end(&engine);
}

static void who_has_answered_has_a_pid(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    for (int i = 0; i < 200; i++) {
        ProWorkerId worker = engine_worker(&engine);
        engine_give(&engine, worker, "nothing", false);
        engine_wait(&engine);
        ProWorkerInfo info = info_of(&engine, worker);
        assert_int_not_equal(info.pid, 0);
        assert_return_code(kill((pid_t)info.pid, 0), errno);
        assert_ok(pro_manager_stop_worker(engine.manager, worker, 0, &error));
    }
    engine_end(&engine);
}

/* A stop, a close: what is to be killed is not known yet. It is once the nursery tells. */
static void a_stop_waits_for_the_pid(void **state)
{
    (void)state;
    if (engine_skips_far("the nursery that is held is the agent's"))
        return;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    hold_nursery();
    ProWorkerId stopped = engine_worker(&engine);
    engine_give(&engine, stopped, "spin", true);
    assert_ok(pro_manager_stop_worker(engine.manager, stopped, 0, &error));
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE);
    release_nursery();
    ProWorkerId next = engine_worker(&engine); /* the nursery forks on */
    engine_give(&engine, next, "who", true);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    hold_nursery();
    (void)engine_worker(&engine);
    engine_end(&engine); /* gives it up: its channel is closed, which ends it */
    release_nursery();
}

/* True once no thread of it runs any more: a signal takes its time. */
static bool is_stopped(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    assert_non_null(threads);
    bool stopped = true;
    for (struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        char line[128] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", (int)pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (file == NULL)
            continue;
        stopped = stopped && fgets(line, sizeof line, file) != NULL && strstr(line, ") T") != NULL;
        (void)fclose(file);
    }
    (void)closedir(threads);
    return stopped;
}

/* A task that was sent ahead and cancelled does not begin elsewhere because its worker dies. */
static void cancel_outlives_the_worker(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    for (int i = 0; i < 100; i++)
        engine_give(&engine, worker, "nothing", false); /* short ones: more are sent ahead */
    engine_wait(&engine);
    engine_give(&engine, worker, "spin", true);
    ProTaskId ahead = engine_give(&engine, worker, "spin", true);
    wait_until_running(&engine, worker);
    ProWorkerInfo info;
    assert_ok(pro_manager_worker_info(engine.manager, worker, &info, &error));
    assert_return_code(kill((pid_t)info.pid, SIGSTOP), errno);
    while (!is_stopped((pid_t)info.pid)) /* then it hears nothing any more */
        (void)sched_yield();
    assert_ok(pro_manager_abort_task(engine.manager, ahead, 0, &error));
    assert_return_code(kill((pid_t)info.pid, SIGKILL), errno);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_DIED, PRO_RUNG_NONE);
    expect_ending(&engine, PRO_ENDING_ABORTED, PRO_RUNG_QUEUE);
    engine_end(&engine);
}

static void death_fails_the_running_task_only(void **state)
{
    (void)state;
    static const char *const commands[] = {"exit 7", "abort", "kill"};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    for (size_t i = 0; i < 3; i++) {
        engine_give(&engine, worker, "who", true);
        engine_give(&engine, worker, commands[i], true);
        engine_give(&engine, worker, "who", true);
        engine_wait(&engine);
        expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
        ProEnding *ending = engine_take(&engine, worker);
        assert_int_equal(pro_ending_kind(ending), PRO_ENDING_DIED);
        const ProDeath *death = pro_ending_death(ending);
        assert_non_null(death);
        assert_int_equal(pro_death_task(death), pro_ending_task(ending));
        assert_int_equal(pro_death_exit_code(death), i == 0 ? 7 : -1);
        assert_int_equal(pro_death_signal(death), i == 0 ? 0 : i == 1 ? SIGABRT : SIGKILL);
        pro_ending_free(ending);
        expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    }
    assert_non_null(strstr(buffer_text(&engine.notices), "exit"));
    engine_end(&engine);
}

static void task_that_kills_twice_is_quarantined(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, PRO_OPT_RETRY_TASKS);
    (void)engine_worker(&engine);
    engine_give(&engine, PRO_WORKER_ANY, "kill", true);
    engine_give(&engine, PRO_WORKER_ANY, "who", true);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_QUARANTINED, PRO_RUNG_NONE);
    expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    engine_end(&engine);
}

static void without_replacement_the_queue_dies_too(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, PRO_OPT_NO_REPLACE);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "kill", true);
    engine_give(&engine, worker, "who", true);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_DIED, PRO_RUNG_NONE);
    expect_ending(&engine, PRO_ENDING_DIED, PRO_RUNG_NONE);
    const ProTaskSpec spec = {.kind = PRO_TASK_EVAL_CODE, .text = "who"};
    assert_int_equal(pro_manager_give_task(engine.manager, worker, &spec, NULL, &error),
            PRO_ERR_WORKER_GONE);
    engine_end(&engine);
}

static void close_ends_whoever_stands_beside_a_dead_one(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, PRO_OPT_NO_REPLACE);
    ProWorkerId first = engine_worker(&engine);
    ProWorkerId second = engine_worker(&engine);
    engine_give(&engine, first, "kill", false);
    engine_wait(&engine);
    engine_give(&engine, second, "spin", false);
    wait_until_running(&engine, second);
    ProWorkerInfo info;
    assert_ok(pro_manager_worker_info(engine.manager, second, &info, &error));
    struct pollfd process = {.fd = pidfd_open((pid_t)info.pid, 0), .events = POLLIN};
    assert_return_code(process.fd, errno);
    engine_end(&engine);
    assert_int_equal(poll(&process, 1, 0), 1); /* readable: it is dead */
    (void)close(process.fd);
}

static void error_is_told_and_kept(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "error", true);
    engine_wait(&engine);
    ProEnding *ending = engine_take(&engine, worker);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_ERROR);
    assert_string_equal(pro_ending_error_type(ending), "ValueError");
    assert_string_equal(pro_ending_message(ending), "as asked");
    assert_non_null(
            strstr(buffer_text(&engine.notices), "worker 1: task 1 failed: ValueError: as asked"));
    pro_ending_free(ending);
    engine_end(&engine);
}

typedef struct Progress {
    int64_t last;
    unsigned count;
    char text[32];
} Progress;

static void on_progress(void *user, int64_t value)
{
    Progress *progress = user;
    assert_true(value >= progress->last);
    progress->last = value;
    progress->count++;
}

static void on_msg(void *user, const char *text)
{
    Progress *progress = user;
    (void)snprintf(progress->text, sizeof progress->text, "%s", text);
}

static void progress_is_told_latest_only(void **state)
{
    (void)state;
    static const ProWaitOps ops = {.progress = on_progress, .msg = on_msg};
    ProError error = {0};
    Progress progress = {.last = -1};
    ProRemoteWait *wait;
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    assert_ok(pro_manager_create_wait(engine.manager, worker, &ops, &progress, &wait, &error));
    engine_give(&engine, worker, "progress", false);
    engine_wait(&engine);
    assert_int_equal(progress.last, 100000);
    assert_in_range(progress.count, 1, 100000);
    assert_string_equal(progress.text, "done");
    pro_remote_wait_free(wait);
    engine_end(&engine);
}

static void spare_is_taken(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    assert_ok(pro_manager_set_spares(engine.manager, 2, &error));
    assert_int_equal(pro_manager_workers(engine.manager, NULL, 0), 0);
    ProWorkerId worker = engine_worker(&engine);
    assert_int_equal(pro_manager_workers(engine.manager, NULL, 0), 1);
    engine_give(&engine, worker, "nothing", false);
    engine_wait(&engine);
    engine_end(&engine);
}

static void exec_starts_workers_too(void **state)
{
    (void)state;
    Engine engine;
    engine_start(&engine, PRO_OPT_EXEC_WORKERS);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "kill", true);
    engine_give(&engine, worker, "who", true);
    engine_wait(&engine);
    expect_ending(&engine, PRO_ENDING_DIED, PRO_RUNG_NONE);
    expect_ending(&engine, PRO_ENDING_RESULT, PRO_RUNG_NONE);
    engine_end(&engine);
}

static void stopped_worker_is_gone(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "spin", true);
    engine_give(&engine, worker, "who", true);
    wait_until_running(&engine, worker);
    assert_ok(pro_manager_stop_worker(engine.manager, worker, 0, &error));
    assert_int_equal(
            pro_manager_stop_worker(engine.manager, worker, 0, &error), PRO_ERR_WORKER_GONE);
    engine_wait(&engine);
    ProEnding *one = engine_take(&engine, PRO_WORKER_ANY);
    ProEnding *two = engine_take(&engine, PRO_WORKER_ANY);
    assert_int_equal(pro_ending_kind(one), PRO_ENDING_ABORTED);
    assert_int_equal(pro_ending_kind(two), PRO_ENDING_ABORTED);
    pro_ending_free(one);
    pro_ending_free(two);
    engine_end(&engine);
}

static void missing_worker_program_is_named(void **state)
{
    (void)state;
    if (engine_skips_far("the agent has its own worker program"))
        return;
    ProError error = {0};
    ProWorkerId worker;
    char *program = strdup(getenv("PROMP_WORKER"));
    Engine engine;
    engine_start(&engine, 0);
    (void)setenv("PROMP_WORKER", "/nowhere/worker", 1);
    assert_int_equal(pro_manager_start_worker(engine.manager, &worker, &error), PRO_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere/worker"));
    (void)setenv("PROMP_WORKER", program, 1);
    free(program);
    engine_end(&engine);
}

TEST_MAIN(cmocka_unit_test(first_task_ends), cmocka_unit_test(values_of_any_size_come_back),
        cmocka_unit_test(many_tasks_end_once_each), cmocka_unit_test(all_addresses_every_worker),
        cmocka_unit_test(atomic_output_is_whole_lines),
        cmocka_unit_test(output_without_newline_gets_one), cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(messages_of_medium_size_outlive_their_sender),
        cmocka_unit_test(ladder_ends_each_at_its_rung),
        cmocka_unit_test(nothing_runs_before_the_pid_is_known),
        cmocka_unit_test(who_has_answered_has_a_pid), cmocka_unit_test(a_stop_waits_for_the_pid),
        cmocka_unit_test(cancel_outlives_the_worker),
        cmocka_unit_test(death_fails_the_running_task_only),
        cmocka_unit_test(task_that_kills_twice_is_quarantined),
        cmocka_unit_test(without_replacement_the_queue_dies_too),
        cmocka_unit_test(close_ends_whoever_stands_beside_a_dead_one),
        cmocka_unit_test(error_is_told_and_kept), cmocka_unit_test(progress_is_told_latest_only),
        cmocka_unit_test(spare_is_taken), cmocka_unit_test(exec_starts_workers_too),
        cmocka_unit_test(stopped_worker_is_gone), cmocka_unit_test(missing_worker_program_is_named))
