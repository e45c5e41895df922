/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many of everything: starts and stops, workers, managers in threads. Nothing may grow. The cycles
 * are $PROMP_CYCLES (300 unless set; 10000 is the figure of the README). The watchdog decides about
 * hangs.
 */

#include "process/echo.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum {
    WATCHDOG_SECONDS = 600,
    CYCLES = 300,
    WARM_UP_CYCLES = 50,
    GROWTH_MAX_KIB = 2 << 10,
    MANAGERS = 75,
    FDS_ON_THEIR_WAY_OUT = 8, /* of a worker that is stopping */
    THREADS = 4,
    TASKS_PER_THREAD = 200,
    STOPPED_LIMIT = 24 << 20,
    LOOK_MS = 20,
};

static void start_and_stop(Engine *engine, unsigned count)
{
    ProError error = {0};
    for (unsigned i = 0; i < count; i++) {
        ProWorkerId worker = engine_worker(engine);
        assert_ok(echo_give(engine->manager, worker, i, NULL, &error));
        engine_wait(engine);
        assert_ok(echo_take(engine->manager, worker, i, &error));
        assert_ok(pro_manager_stop_worker(engine->manager, worker, 1000, &error));
    }
}

static void starts_and_stops_leave_nothing(void **state)
{
    (void)state;
    Engine engine;
    const char *wanted = getenv("PROMP_CYCLES");
    unsigned cycles = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : CYCLES;
    (void)alarm(WATCHDOG_SECONDS);
    engine_start(&engine, 0);
    start_and_stop(&engine, WARM_UP_CYCLES);
    unsigned fds = open_fds();
    long kib = resident_kib();
    start_and_stop(&engine, cycles);
    assert_in_range(open_fds(), 0, fds + FDS_ON_THEIR_WAY_OUT);
    assert_in_range(resident_kib(), 0, kib + GROWTH_MAX_KIB);
    engine_end(&engine);
}

static void open_and_close_managers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        Engine engine;
        engine_start(&engine, 0);
        start_and_stop(&engine, 1);
        engine_end(&engine);
    }
}

static void managers_come_and_go(void **state)
{
    (void)state;
    Engine keeps_nursery;
    (void)alarm(WATCHDOG_SECONDS);
    engine_start(&keeps_nursery, 0);
    start_and_stop(&keeps_nursery, 1);
    open_and_close_managers(MANAGERS / 3);
    unsigned fds = open_fds();
    long kib = resident_kib();
    open_and_close_managers(MANAGERS);
    assert_in_range(open_fds(), 0, fds + FDS_ON_THEIR_WAY_OUT);
    assert_in_range(resident_kib(), 0, kib + GROWTH_MAX_KIB);
    engine_end(&keeps_nursery);
}

static void sixty_four_workers_all_work(void **state)
{
    (void)state;
    enum { WORKERS = 64, TASKS = 10 };
    Engine engine;
    ProError error = {0};
    ProWorkerId workers[WORKERS];
    (void)alarm(WATCHDOG_SECONDS);
    engine_start(&engine, 0);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = engine_worker(&engine);
    for (int task = 0; task < TASKS; task++)
        for (int i = 0; i < WORKERS; i++)
            assert_ok(echo_give(engine.manager, workers[i], task * i, NULL, &error));
    engine_wait(&engine);
    for (int task = 0; task < TASKS; task++)
        for (int i = 0; i < WORKERS; i++)
            assert_ok(echo_take(engine.manager, workers[i], task * i, &error));
    assert_false(pro_manager_has_results(engine.manager, PRO_WORKER_ANY));
    engine_end(&engine);
}

/* A worker may answer before the nursery has told its pid; 0 would be this process' group. */
static pid_t pid_of(Engine *engine, ProWorkerId worker)
{
    ProError error = {0};
    ProWorkerInfo info = {.pid = 0};
    while (info.pid <= 0) {
        (void)pro_manager_wait_any(engine->manager, LOOK_MS, &error);
        assert_ok(pro_manager_worker_info(engine->manager, worker, &info, &error));
        pro_death_unref(info.death);
    }
    return (pid_t)info.pid;
}

/* An honest one that cannot read for a while: it may owe as much as its credit allows. */
static void a_stopped_worker_is_not_taken_for_one_that_does_not_read(void **state)
{
    (void)state;
    Engine engine;
    ProError error = {0};
    (void)alarm(WATCHDOG_SECONDS);
    engine_start(&engine, PRO_OPT_NO_REPLACE);
    assert_ok(pro_manager_set_pending_limit(engine.manager, STOPPED_LIMIT, &error));
    ProWorkerId worker = engine_worker(&engine);
    assert_ok(echo_give(engine.manager, worker, 1, NULL, &error));
    engine_wait(&engine);
    assert_ok(echo_take(engine.manager, worker, 1, &error));
    pid_t pid = pid_of(&engine, worker);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    ProStatus status = PRO_OK;
    for (size_t count = 0; status == PRO_OK; count++)
        status = pro_manager_send_message(engine.manager, worker, 1, "x", count % 2, &error);
    assert_int_equal(status, PRO_ERR_FULL);
    for (int64_t number = 0; number < TASKS_PER_THREAD; number++)
        assert_ok(echo_give(engine.manager, worker, number, NULL, &error));
    assert_int_equal(kill(pid, SIGCONT), 0);

    engine_wait(&engine);
    for (int64_t number = 0; number < TASKS_PER_THREAD; number++)
        assert_ok(echo_take(engine.manager, worker, number, &error));
    engine_end(&engine);
    (void)alarm(0);
}

/* A thread's own manager and worker; cmocka's asserts belong to the main thread, so it tells how it
 * went. */
typedef struct Worked {
    ProStatus status;
    ProError error;
} Worked;

static ProStatus echo_many(ProManager *manager, ProError *reterr)
{
    ProWorkerId worker;
    ProStatus status = pro_manager_start_worker(manager, &worker, reterr);
    for (int64_t number = 0; number < TASKS_PER_THREAD && status == PRO_OK; number++)
        status = echo_give(manager, worker, number, NULL, reterr);
    if (status == PRO_OK)
        status = pro_manager_wait(manager, WATCHDOG_MS, reterr);
    for (int64_t number = 0; number < TASKS_PER_THREAD && status == PRO_OK; number++)
        status = echo_take(manager, worker, number, reterr);
    return status;
}

static void *work_in_thread(void *argument)
{
    Worked *worked = argument;
    ProManager *manager = NULL;
    worked->status = pro_manager_new(&manager, &worked->error);
    if (worked->status == PRO_OK)
        worked->status = echo_many(manager, &worked->error);
    pro_manager_free(manager);
    return NULL;
}

static void managers_in_several_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    Worked worked[THREADS] = {0};
    (void)alarm(WATCHDOG_SECONDS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, &worked[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (worked[i].status != PRO_OK)
            fail_msg("%s: %s", pro_status_text(worked[i].status), worked[i].error.text);
    }
}

TEST_MAIN(cmocka_unit_test(starts_and_stops_leave_nothing), cmocka_unit_test(managers_come_and_go),
        cmocka_unit_test(sixty_four_workers_all_work),
        cmocka_unit_test(managers_in_several_threads),
        cmocka_unit_test(a_stopped_worker_is_not_taken_for_one_that_does_not_read))
