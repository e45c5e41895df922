/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One worker lies (hostile_worker.c, one case for each of its modes), one works: the manager stays
 * right, stays small, and says once what it saw. The watchdog decides about hangs.
 */

#include "process/echo.h"

#include <fcntl.h>
#include <promp/container_ops.h>
#include <unistd.h>

enum {
    WATCHDOG_SECONDS = 300,
    TASKS = 500,
    GROWTH_MAX_KIB = 48 << 10,
    PENDING_LIMIT = 1 << 20,
    LOOK_MS = 50, /* how often the manager's size is looked at */
    BLOCKS_BYTES = 2 << 20,
    NAMES = 200,
    MESSAGE_BYTES = 32 << 10,
};

typedef struct HostileCase {
    const char *mode;
    bool is_killed;       /* the lie proves that this worker is not ours any more */
    const char *expected; /* part of the one notice */
} HostileCase;

#define STRANGER "no worker of this manager"
#define VIOLATION "broke the protocol"
#define DEAF "it does not read what it is sent"

static const HostileCase cases[] = {
        {"junk", false, STRANGER},
        {"wrong_secret", false, STRANGER},
        {"task_endings_unheard", false, STRANGER},
        {"junk_after_hello", true, VIOLATION},
        {"bad_magic", true, VIOLATION},
        {"oversized", true, VIOLATION},
        {"out_of_order", true, VIOLATION},
        {"replayed", true, VIOLATION},
        {"hello_again", true, VIOLATION},
        {"cut_record", true, VIOLATION},
        {"foreign_endings", true, VIOLATION},
        {"malformed_result", true, VIOLATION},
        {"unasked_returns", true, VIOLATION},
        {"too_much_credit", true, VIOLATION},
        {"reserved_message_ids", true, VIOLATION},
        {"message_flood", true, VIOLATION},
        {"box_flood", true, VIOLATION},
        {"box_twice", true, VIOLATION},
        {"box_too_long", true, VIOLATION},
        {"malformed_box", true, VIOLATION},
        {"promised_box", true, VIOLATION},
        {"box_flicker", true, VIOLATION},
        {"malformed_progress", true, VIOLATION},
        {"manager_records", true, VIOLATION},
        {"promised_blobs", true, VIOLATION},
        {"wrong_blobs", true, VIOLATION},
        {"container_for_no_task", true, VIOLATION},
        {"container_flood", true, VIOLATION},
        {"promised_container", true, VIOLATION},
        {"unsealed_container", true, VIOLATION},
        {"device_container", true, VIOLATION},
        {"writable_file_container", true, VIOLATION},
        {"foreign_blocks", true, VIOLATION},
        {"desk_malformed", true, VIOLATION},
        {"desk_again_and_again", true, VIOLATION},
        {"desk_of_junk", true, VIOLATION},
        {"malformed_take", true, VIOLATION},
        {"outside_the_lane", true, VIOLATION},
        {"lane_replayed", true, VIOLATION},
        {"malformed_lane_result", true, VIOLATION},
        {"unread_refusals", true, DEAF},
        {"unread_bytes", true, DEAF},
        {"unread_descriptors", true, DEAF},
        {"unread_lists", true, DEAF},
        {"unread_blocks", true, DEAF},
        {"unread_acknowledgements", true, DEAF},
        {"unproven_credit", true, DEAF},
        {"invented_receipts", true, VIOLATION},
};

/* How often the notice was made. */
static unsigned notice_count(Engine *engine, const char *part)
{
    unsigned count = 0;
    const char *text = buffer_text(&engine->notices);
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static void deliver_until_something_comes(Engine *engine)
{
    ProError error = {0};
    assert_ok(pro_manager_wait_any(engine->manager, WATCHDOG_MS, &error));
}

/* It reads a container in blocks, which one thread serves to all. */
static void read_blocks(Engine *engine, ProWorkerId good)
{
    ProError error = {0};
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, "blocks", 6);
    pro_write_end(arguments);
    assert_ok(pro_manager_call_plugin(engine->manager, good, getenv("PROMP_TEST_PLUGIN"),
            "share_hash", arguments, true, NULL, &error));
    pro_writer_free(arguments);
    while (!pro_manager_has_results(engine->manager, good))
        deliver_until_something_comes(engine);
    ProEnding *ending = engine_take(engine, good);
    if (pro_ending_kind(ending) != PRO_ENDING_RESULT)
        fail_msg("%s", pro_ending_message(ending));
    pro_ending_free(ending);
}

/* Results of the good worker alone: the hostile one's task may stay open. */
static void work(Engine *engine, ProWorkerId good)
{
    ProError error = {0};
    for (int64_t number = 0; number < TASKS; number++)
        assert_ok(echo_give(engine->manager, good, number, NULL, &error));
    for (int64_t number = 0; number < TASKS; number++) {
        while (!pro_manager_has_results(engine->manager, good))
            deliver_until_something_comes(engine);
        assert_ok(echo_take(engine->manager, good, number, &error));
    }
    read_blocks(engine, good);
}

static ProWorkerState state_of(Engine *engine, ProWorkerId worker)
{
    ProError error = {0};
    ProWorkerInfo info;
    assert_ok(pro_manager_worker_info(engine->manager, worker, &info, &error));
    pro_death_unref(info.death);
    return info.state;
}

static void check_growth(long before_kib)
{
    long growth_kib = resident_kib() - before_kib;
    if (growth_kib > GROWTH_MAX_KIB)
        fail_msg("the manager grew by %ld KiB", growth_kib);
}

/* As much as the worker says that it can take. */
static void send_messages(Engine *engine, ProWorkerId worker)
{
    static const uint8_t data[MESSAGE_BYTES];
    ProError error = {0};
    while (pro_manager_send_message(engine->manager, worker, 1, data, sizeof data, &error) ==
            PRO_OK)
        ;
}

/* The lie was seen and told, and the liar is dead if it is one of ours. */
static void wait_until_seen(
        Engine *engine, ProWorkerId hostile, const HostileCase *hostile_case, long before_kib)
{
    ProError error = {0};
    while (notice_count(engine, hostile_case->expected) == 0 ||
            (hostile_case->is_killed && state_of(engine, hostile) != PRO_WORKER_DEAD)) {
        send_messages(engine, hostile);
        (void)pro_manager_wait_any(engine->manager, LOOK_MS, &error);
        check_growth(before_kib);
    }
}

static ProStatus read_zeros(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)offset;
    (void)reterr;
    memset(ret_data, 0, size);
    return PRO_OK;
}

static void share(Engine *engine, const char *name, ProContainer *container)
{
    ProError error = {0};
    assert_ok(pro_manager_share_container(engine->manager, name, container, &error));
    pro_container_unref(container);
}

/* One of each carrier, the one with blocks under the number 1, and names to list. */
static void share_some(Engine *engine)
{
    static const ProContainerOps zeros = {.read = read_zeros};
    static const uint8_t bytes[BLOCKS_BYTES];
    ProError error = {0};
    ProContainer *container;
    assert_ok(pro_container_new_callback(&zeros, NULL, BLOCKS_BYTES, &container, &error));
    share(engine, "blocks", container);
    assert_ok(pro_container_new_copy(bytes, 16 << 10, &container, &error));
    share(engine, "bytes", container);
    assert_ok(pro_container_new_copy(bytes, sizeof bytes, &container, &error));
    share(engine, "memory", container);
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "name %d", i);
        assert_ok(pro_container_new_copy(bytes, 1, &container, &error));
        share(engine, name, container);
    }
}

static void check_death(Engine *engine, ProWorkerId hostile, ProTaskId task)
{
    while (!pro_manager_has_results(engine->manager, hostile))
        deliver_until_something_comes(engine);
    ProEnding *ending = engine_take(engine, hostile);
    assert_int_equal(pro_ending_task(ending), task);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_DIED);
    assert_non_null(pro_ending_death(ending));
    assert_int_equal(pro_death_cause(pro_ending_death(ending)), PRO_DEATH_PROTOCOL);
    pro_ending_free(ending);
}

static ProWorkerId start_hostile(Engine *engine, const char *mode)
{
    ProError error = {0};
    assert_int_equal(setenv("HOSTILE_MODE", mode, 1), 0);
    assert_ok(pro_manager_set_worker_program(engine->manager, HOSTILE_WORKER, &error));
    return engine_worker(engine);
}

static void a_liar_harms_nobody(void **state)
{
    const HostileCase *hostile_case = *state;
    Engine engine;
    ProError error = {0};
    ProTaskId task;
    (void)alarm(WATCHDOG_SECONDS);
    engine_start(&engine, PRO_OPT_EXEC_WORKERS | PRO_OPT_NO_REPLACE | PRO_OPT_REDIRECT_OUTPUT);
    assert_ok(pro_manager_set_pending_limit(engine.manager, PENDING_LIMIT, &error));
    share_some(&engine);
    ProWorkerId good = engine_worker(&engine);
    work(&engine, good);
    long before_kib = resident_kib();

    ProWorkerId hostile = start_hostile(&engine, hostile_case->mode);
    assert_ok(echo_give(engine.manager, hostile, 3, &task, &error));
    work(&engine, good);
    wait_until_seen(&engine, hostile, hostile_case, before_kib);
    work(&engine, good);

    if (hostile_case->is_killed)
        check_death(&engine, hostile, task);
    if (notice_count(&engine, hostile_case->expected) != 1)
        fail_msg("not said once:\n%s", buffer_text(&engine.notices));
    check_growth(before_kib);
    engine_end(&engine);
    (void)alarm(0);
}

/* Boxes are shown on stdout, where the report of this test goes. */
static int saved_stdout = -1;

static int hide_stdout(void **state)
{
    (void)state;
    (void)fflush(stdout);
    saved_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    int moved = nowhere < 0 ? -1 : dup2(nowhere, STDOUT_FILENO);
    (void)close(nowhere);
    return saved_stdout < 0 || moved < 0 ? -1 : 0;
}

static int show_stdout(void **state)
{
    (void)state;
    (void)fflush(stdout);
    int moved = dup2(saved_stdout, STDOUT_FILENO);
    (void)close(saved_stdout);
    return moved < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    enum { COUNT = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = cases[i].mode,
                .test_func = a_liar_harms_nobody,
                .setup_func = hide_stdout,
                .teardown_func = show_stdout,
                .initial_state = (void *)&cases[i]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
