/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROCESS_ENGINE_H
#define PROCESS_ENGINE_H

#include "support/test.h"

#include "core/buffer.h"
#include <promp/promp.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the engine's tests share: a manager of command workers whose output is kept. Everything that
 * waits has WATCHDOG_MS; a hang is a failure, not a hung test. */

/* Sanitizers are slow, and so are machines that do something else beside. */
enum { WATCHDOG_MS = 240000 };

typedef struct Engine {
    ProManager *manager;
    Buffer output;  /* of the workers, both streams */
    Buffer notices; /* of the manager */
    pid_t agent;    /* its workers are an agent's; 0: they are its own */
} Engine;

static inline void engine_keep(
        void *user, ProWorkerId worker, int stream, const void *data, size_t size)
{
    Engine *engine = user;
    (void)stream;
    buffer_append(worker == PRO_WORKER_INVALID ? &engine->notices : &engine->output, data, size);
}

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        ProStatus status_ = (call);                                                                \
        if (status_ != PRO_OK)                                                                     \
            fail_msg("%s: %s: %s", #call, pro_status_text(status_), error.text);                   \
    } while (0)

/* With $PROMP_TEST_AGENT, the workers are those of an agent, which connects by TCP: whatever a test
 * expects of a worker must hold there too. */
static inline void engine_go_far(Engine *engine)
{
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    char *arguments[] = {getenv("PROMP_TEST_AGENT"), NULL};
    if (arguments[0] == NULL)
        return;
    assert_ok(pro_manager_listen(engine->manager, "tcp://127.0.0.1:*", ticket, &error));
    assert_int_equal(setenv("PROMP_TICKET", ticket, 1), 0);
    assert_int_equal(posix_spawn(&engine->agent, arguments[0], NULL, NULL, arguments, environ), 0);
    assert_int_equal(unsetenv("PROMP_TICKET"), 0);
    assert_ok(pro_manager_wait_hosts(engine->manager, 1, WATCHDOG_MS, &error));
    assert_ok(pro_manager_set_placement(engine->manager, PRO_PLACE_HOSTS, &error));
}

/* True, and told, where a test is of what only workers of this machine have. (cmocka's own skip()
 * counts as a failure in TAP.) */
static inline bool engine_skips_far(const char *reason)
{
    if (getenv("PROMP_TEST_AGENT") == NULL)
        return false;
    print_message("# skipped for workers of an agent: %s\n", reason);
    return true;
}

static inline void engine_start(Engine *engine, uint32_t options)
{
    ProError error = {0};
    *engine = (Engine){0};
    assert_ok(pro_manager_new(&engine->manager, &error));
    assert_ok(pro_manager_set_options(engine->manager, options, &error));
    pro_manager_set_output_handler(engine->manager, engine_keep, engine);
    engine_go_far(engine);
}

static inline ProWorkerId engine_worker(Engine *engine)
{
    ProError error = {0};
    ProWorkerId worker = 0;
    assert_ok(pro_manager_start_worker(engine->manager, &worker, &error));
    return worker;
}

static inline ProTaskId engine_give(
        Engine *engine, ProWorkerId worker, const char *command, bool want_result)
{
    ProError error = {0};
    ProTaskId task = 0;
    const ProTaskSpec spec = {
            .kind = PRO_TASK_EVAL_CODE, .text = command, .want_result = want_result};
    assert_ok(pro_manager_give_task(engine->manager, worker, &spec, &task, &error));
    return task;
}

static inline void engine_wait(Engine *engine)
{
    ProError error = {0};
    assert_ok(pro_manager_wait(engine->manager, WATCHDOG_MS, &error));
}

static inline ProEnding *engine_take(Engine *engine, ProWorkerId worker)
{
    ProError error = {0};
    ProEnding *ending = NULL;
    assert_ok(pro_manager_take_result(engine->manager, worker, &ending, &error));
    return ending;
}

static inline void engine_end(Engine *engine)
{
    int status = 0;
    pro_manager_free(engine->manager);
    if (engine->agent != 0)
        assert_int_equal(waitpid(engine->agent, &status, 0), engine->agent);
    assert_int_equal(status, 0);
    buffer_fini(&engine->output);
    buffer_fini(&engine->notices);
}

#endif
