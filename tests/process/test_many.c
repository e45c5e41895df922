/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many of everything: starts and stops, workers, managers in threads. Nothing may grow. The cycles
 * are $PROMP_CYCLES (300 unless set; 10000 is the figure of the README). The watchdog decides about
 * hangs.
 */

#include "process/squares.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WATCHDOG_SECONDS = 600,
    CYCLES = 300,
    WARM_UP_CYCLES = 50,
    GROWTH_MAX_KIB = 2 << 10,
    MANY_WORKERS = 64,
    THREADS = 4,
    TASKS_PER_THREAD = 200,
};

static ProManager *new_manager(void)
{
    ProManager *manager;
    must(pro_manager_new(&manager, &error));
    must(pro_manager_set_worker_program(manager, SQUARE_WORKER, &error));
    return manager;
}

static void start_and_stop(ProManager *manager, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ProWorkerId worker;
        must(pro_manager_start_worker(manager, &worker, &error));
        (void)give_square(manager, worker, (int64_t)i);
        must(pro_manager_wait(manager, -1, &error));
        take_square(manager, worker, (int64_t)i);
        must(pro_manager_stop_worker(manager, worker, 1000, &error));
    }
}

static void starts_and_stops_leave_nothing(void **state)
{
    (void)state;
    const char *wanted = getenv("PROMP_CYCLES");
    unsigned cycles = wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : CYCLES;
    (void)alarm(WATCHDOG_SECONDS);
    ProManager *manager = new_manager();
    start_and_stop(manager, WARM_UP_CYCLES);
    unsigned fds = open_fds();
    long kib = resident_kib();
    start_and_stop(manager, cycles);
    assert_in_range(open_fds(), 0, fds + 8); /* those of a worker that is on its way out */
    assert_in_range(resident_kib(), 0, kib + GROWTH_MAX_KIB);
    pro_manager_free(manager);
}

static void managers_come_and_go(void **state)
{
    (void)state;
    (void)alarm(WATCHDOG_SECONDS);
    ProManager *keeps_nursery = new_manager();
    start_and_stop(keeps_nursery, 1);
    unsigned fds = open_fds();
    long kib = resident_kib();
    for (int i = 0; i < CYCLES / 4; i++) {
        ProManager *manager = new_manager();
        start_and_stop(manager, 1);
        pro_manager_free(manager);
    }
    assert_in_range(open_fds(), 0, fds + 2);
    assert_in_range(resident_kib(), 0, kib + 2 * GROWTH_MAX_KIB);
    pro_manager_free(keeps_nursery);
}

static void sixty_four_workers_all_work(void **state)
{
    (void)state;
    (void)alarm(WATCHDOG_SECONDS);
    ProManager *manager = new_manager();
    ProWorkerId workers[MANY_WORKERS];
    for (int i = 0; i < MANY_WORKERS; i++)
        must(pro_manager_start_worker(manager, &workers[i], &error));
    for (int64_t value = 0; value < 10; value++)
        for (int i = 0; i < MANY_WORKERS; i++)
            (void)give_square(manager, workers[i], value * i);
    must(pro_manager_wait(manager, -1, &error));
    for (int64_t value = 0; value < 10; value++)
        for (int i = 0; i < MANY_WORKERS; i++)
            take_square(manager, workers[i], value * i);
    assert_false(pro_manager_has_results(manager, PRO_WORKER_ANY));
    pro_manager_free(manager);
}

/* cmocka's asserts belong to the main thread, so a thread answers how many results were right. */
static void *work_in_thread(void *argument)
{
    ProManager *manager;
    ProWorkerId worker;
    ProError own_error;
    size_t right = 0;
    (void)argument;
    if (pro_manager_new(&manager, &own_error) != PRO_OK)
        return NULL;
    ProStatus status = pro_manager_set_worker_program(manager, SQUARE_WORKER, &own_error);
    if (status == PRO_OK)
        status = pro_manager_start_worker(manager, &worker, &own_error);
    for (int64_t value = 0; value < TASKS_PER_THREAD && status == PRO_OK; value++) {
        ProWriter *arguments = pro_writer_new();
        pro_write_list(arguments, 1);
        pro_write_int(arguments, value);
        pro_write_end(arguments);
        status = pro_manager_eval_python_function(
                manager, worker, "", "square", arguments, true, NULL, &own_error);
        pro_writer_free(arguments);
    }
    if (status == PRO_OK)
        status = pro_manager_wait(manager, -1, &own_error);
    for (int64_t value = 0; value < TASKS_PER_THREAD && status == PRO_OK; value++) {
        ProEnding *ending;
        ProReader reader;
        int64_t square = -1;
        size_t size;
        status = pro_manager_take_result(manager, worker, &ending, &own_error);
        if (status != PRO_OK)
            break;
        const void *data = pro_ending_value(ending, &size);
        pro_reader_init(&reader, data, size);
        if (pro_read_int(&reader, &square, NULL) == PRO_OK && square == value * value)
            right++;
        pro_ending_free(ending);
    }
    pro_manager_free(manager);
    return (void *)right;
}

static void managers_in_several_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    (void)alarm(WATCHDOG_SECONDS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *right;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_int_equal((size_t)right, TASKS_PER_THREAD);
    }
}

TEST_MAIN(cmocka_unit_test(starts_and_stops_leave_nothing), cmocka_unit_test(managers_come_and_go),
        cmocka_unit_test(sixty_four_workers_all_work),
        cmocka_unit_test(managers_in_several_threads))
