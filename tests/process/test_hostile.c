/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One worker lies (hostile_worker.c, one case for each of its modes), one works: the manager stays
 * right, stays small, and says once what it saw. The watchdog decides about hangs.
 */

#include "process/squares.h"

#include <promp/promp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WATCHDOG_SECONDS = 90,
    TASKS = 500,
    GROWTH_MAX_KIB = 48 << 10,
    PENDING_LIMIT = 1 << 20,
};

typedef struct HostileCase {
    const char *mode;
    bool is_killed;       /* the lie proves that this worker is not ours any more */
    const char *expected; /* part of the one notice */
} HostileCase;

#define STRANGER "no worker of this manager"
#define VIOLATION "broke the protocol"

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
        {"malformed_progress", true, VIOLATION},
        {"manager_records", true, VIOLATION},
        {"promised_blobs", true, VIOLATION},
        {"wrong_blobs", true, VIOLATION},
};

typedef struct Notices {
    const char *expected;
    unsigned seen;
    char text[4096];
} Notices;

static void on_output(void *user, ProWorkerId worker, int stream, const void *data, size_t size)
{
    Notices *notices = user;
    char text[1024];
    (void)stream;
    (void)snprintf(text, sizeof text, "%.*s", (int)size, (const char *)data);
    if (worker == 0 && strstr(text, notices->expected) != NULL)
        notices->seen++;
    size_t used = strlen(notices->text);
    (void)snprintf(notices->text + used, sizeof notices->text - used, "%u: %s", worker, text);
}

/* Results of the good worker alone: the hostile one's task may stay open. */
static void work(ProManager *manager, ProWorkerId good)
{
    for (int64_t value = 0; value < TASKS; value++)
        (void)give_square(manager, good, value);
    for (int64_t value = 0; value < TASKS; value++) {
        while (!pro_manager_has_results(manager, good))
            must(pro_manager_wait_any(manager, -1, &error));
        take_square(manager, good, value);
    }
}

static ProWorkerState state_of(ProManager *manager, ProWorkerId worker)
{
    ProWorkerInfo info;
    must(pro_manager_worker_info(manager, worker, &info, &error));
    pro_death_unref(info.death);
    return info.state;
}

/* The lie was seen: said once, and the liar is dead if it is one of ours. */
static void wait_until_seen(
        ProManager *manager, ProWorkerId hostile, const HostileCase *hostile_case, Notices *notices)
{
    while (notices->seen == 0 ||
            (hostile_case->is_killed && state_of(manager, hostile) != PRO_WORKER_DEAD))
        must(pro_manager_wait_any(manager, -1, &error));
}

static void check_death(ProManager *manager, ProWorkerId hostile, ProTaskId task)
{
    ProEnding *ending;
    while (!pro_manager_has_results(manager, hostile))
        must(pro_manager_wait_any(manager, -1, &error));
    must(pro_manager_take_result(manager, hostile, &ending, &error));
    assert_int_equal(pro_ending_task(ending), task);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_DIED);
    assert_non_null(pro_ending_death(ending));
    assert_int_equal(pro_death_cause(pro_ending_death(ending)), PRO_DEATH_PROTOCOL);
    pro_ending_free(ending);
}

static void a_liar_harms_nobody(void **state)
{
    const HostileCase *hostile_case = *state;
    Notices notices = {.expected = hostile_case->expected};
    ProManager *manager;
    ProWorkerId good;
    ProWorkerId hostile;
    (void)alarm(WATCHDOG_SECONDS);
    (void)setenv("HOSTILE_MODE", hostile_case->mode, 1);
    must(pro_manager_new(&manager, &error));
    pro_manager_set_output_handler(manager, on_output, &notices);
    must(pro_manager_set_pending_limit(manager, PENDING_LIMIT, &error));
    must(pro_manager_set_options(
            manager, PRO_OPT_EXEC_WORKERS | PRO_OPT_NO_REPLACE | PRO_OPT_REDIRECT_OUTPUT, &error));
    must(pro_manager_set_worker_program(manager, SQUARE_WORKER, &error));
    must(pro_manager_start_worker(manager, &good, &error));
    work(manager, good);
    long before_kib = resident_kib();

    must(pro_manager_set_worker_program(manager, HOSTILE_WORKER, &error));
    must(pro_manager_start_worker(manager, &hostile, &error));
    ProTaskId task = give_square(manager, hostile, 3);
    work(manager, good);
    wait_until_seen(manager, hostile, hostile_case, &notices);
    work(manager, good);

    if (hostile_case->is_killed)
        check_death(manager, hostile, task);
    if (notices.seen != 1)
        fail_msg("said %u times instead of once:\n%s", notices.seen, notices.text);
    long growth_kib = resident_kib() - before_kib;
    if (growth_kib > GROWTH_MAX_KIB)
        fail_msg("the manager grew by %ld KiB", growth_kib);
    pro_manager_free(manager);
    (void)alarm(0);
}

int main(int argc, char **argv)
{
    enum { COUNT = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){.name = cases[i].mode,
                .test_func = a_liar_harms_nobody,
                .initial_state = (void *)&cases[i]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
