/* SPDX-License-Identifier: Apache-2.0 */

/* Containers shared with real workers. */

#include "process/engine.h"
#include "support/conformance.h"
#include "support/kinds.h"

#include <stdatomic.h>
#include <stdio.h>

static ProTaskId call(Engine *engine, ProWorkerId worker, const char *function, const char *name)
{
    ProError error = {0};
    ProTaskId task = 0;
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 1);
    pro_write_text(arguments, name, strlen(name));
    pro_write_end(arguments);
    assert_ok(pro_manager_call_plugin(engine->manager, worker, getenv("PROMP_TEST_PLUGIN"),
            function, arguments, true, &task, &error));
    pro_writer_free(arguments);
    return task;
}

static ProEnding *result_of(
        Engine *engine, ProWorkerId worker, const char *function, const char *name)
{
    call(engine, worker, function, name);
    engine_wait(engine);
    return engine_take(engine, worker);
}

static void expect_hash(ProEnding *ending, const ProContainer *container)
{
    uint8_t hash[PRO_HASH_BYTES_MAX];
    size_t hash_size, size;
    ProReader reader;
    const void *bytes;
    ProError error = {0};
    assert_ok(pro_container_hash(container, "sha256", NULL, hash, &hash_size, &error));
    assert_string_equal(pro_ending_message(ending), "");
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    assert_ok(pro_read_bytes(&reader, &bytes, &size, &error));
    assert_int_equal(size, hash_size);
    assert_memory_equal(bytes, hash, size);
    pro_ending_free(ending);
}

/* ---- every kind, every way to a worker, the same suite ---- */

typedef enum Route {
    ROUTE_SHARED,             /* by name */
    ROUTE_PASSED_ON,          /* by name, and from there to a worker of the worker */
    ROUTE_ARGUMENT,           /* of a task */
    ROUTE_ARGUMENT_PASSED_ON, /* the same twice */
} Route;

static void write_arguments(ProWriter *arguments, Route route, const char *name,
        ProContainer *container, size_t size, Kind kind)
{
    const char *plugin = getenv("PROMP_TEST_PLUGIN");
    bool passed_on = route == ROUTE_PASSED_ON || route == ROUTE_ARGUMENT_PASSED_ON;
    pro_write_list(arguments, passed_on ? 5 : 3);
    if (route == ROUTE_ARGUMENT || route == ROUTE_ARGUMENT_PASSED_ON)
        pro_write_container(arguments, container);
    else
        pro_write_text(arguments, name, strlen(name));
    pro_write_uint(arguments, size);
    pro_write_int(arguments, kind);
    if (passed_on) {
        pro_write_text(arguments, plugin, strlen(plugin));
        pro_write_int(arguments, route == ROUTE_ARGUMENT_PASSED_ON);
    }
    pro_write_end(arguments);
}

/* What the worker found to be wrong, if anything. */
static void expect_conforming(
        Engine *engine, ProWorkerId worker, ProWriter *arguments, bool passed_on, const char *what)
{
    ProError error = {0};
    ProReader reader;
    const char *text = NULL;
    size_t size;
    assert_ok(pro_manager_call_plugin(engine->manager, worker, getenv("PROMP_TEST_PLUGIN"),
            passed_on ? "share_pass_on" : "share_conforms", arguments, true, NULL, &error));
    engine_wait(engine);
    ProEnding *ending = engine_take(engine, worker);
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    if (pro_read_text(&reader, &text, &size, &error) != PRO_OK)
        fail_msg("%s: %s", what, pro_ending_message(ending));
    if (size > 0)
        fail_msg("%s: %.*s", what, (int)size, text);
    pro_ending_free(ending);
}

static void conforms_on(Route route, const size_t *sizes, size_t size_count)
{
    Engine engine;
    ProError error = {0};
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    ProWriter *arguments = pro_writer_new();
    for (size_t i = 0; i < size_count; i++)
        for (Kind kind = 0; kind < KIND_COUNT; kind++) {
            char name[40];
            uint8_t *data = conformance_bytes(sizes[i], kind);
            ProContainer *container = kind_make(kind, data, sizes[i]);
            (void)snprintf(name, sizeof name, "%zu bytes, kind %d", sizes[i], (int)kind);
            if (route == ROUTE_SHARED || route == ROUTE_PASSED_ON)
                assert_ok(pro_manager_share_container(engine.manager, name, container, &error));
            pro_writer_clear(arguments);
            write_arguments(arguments, route, name, container, sizes[i], kind);
            pro_container_unref(container); /* the share or the task has its own */
            expect_conforming(&engine, worker, arguments,
                    route == ROUTE_PASSED_ON || route == ROUTE_ARGUMENT_PASSED_ON, name);
            free(data);
        }
    pro_writer_free(arguments);
    engine_end(&engine);
}

static void every_kind_conforms_in_a_worker(void **state)
{
    (void)state;
    conforms_on(ROUTE_SHARED, conformance_sizes, conformance_size_count);
}

static void every_kind_conforms_as_an_argument(void **state)
{
    (void)state;
    conforms_on(ROUTE_ARGUMENT, conformance_sizes, conformance_size_count);
}

static const size_t few_sizes[] = {0, 1000, 300001};

static void every_kind_conforms_in_a_workers_worker(void **state)
{
    (void)state;
    conforms_on(ROUTE_PASSED_ON, few_sizes, 3);
}

static void every_kind_conforms_as_an_argument_passed_on(void **state)
{
    (void)state;
    conforms_on(ROUTE_ARGUMENT_PASSED_ON, few_sizes, 3);
}

/* The container of a result [text, container]. */
static ProContainer *returned(ProEnding *ending)
{
    ProError error = {0};
    ProReader reader;
    ProValue value;
    size_t size, count;
    const char *text;
    ProContainer *container;
    const void *bytes = pro_ending_value(ending, &size);
    assert_string_equal(pro_ending_message(ending), "");
    pro_reader_init(&reader, bytes, size);
    assert_ok(pro_read_sequence(&reader, &count, &error));
    assert_ok(pro_read_text(&reader, &text, &size, &error));
    assert_ok(pro_read(&reader, &value, &error));
    assert_int_equal(value.kind, PRO_VALUE_CONTAINER);
    assert_ok(pro_ending_container(ending, value.unsigned_integer, &container, &error));
    assert_int_equal(pro_ending_container(ending, 1, &container, &error), PRO_ERR_FORMAT);
    return container;
}

static void every_kind_conforms_as_a_result(void **state)
{
    (void)state;
    Engine engine;
    ProError error = {0};
    char text[CONFORMANCE_TEXT_BYTES];
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    for (size_t i = 0; i < conformance_size_count; i++)
        for (Kind kind = 0; kind < KIND_COUNT; kind++) {
            uint8_t *data = conformance_bytes(conformance_sizes[i], kind);
            ProContainer *container = kind_make(kind, data, conformance_sizes[i]);
            assert_ok(pro_manager_share_container(engine.manager, "it", container, &error));
            ProEnding *ending = result_of(&engine, worker, "share_return", "it");
            ProContainer *back = returned(ending);
            assert_ok(pro_manager_unshare_container(engine.manager, "it", &error));
            pro_ending_free(ending); /* the container is ours by now */
            if (!conformance_check(back, data, conformance_sizes[i], text))
                fail_msg("%zu bytes, kind %d: %s", conformance_sizes[i], (int)kind, text);
            pro_container_unref(back);
            pro_container_unref(container);
            free(data);
        }
    engine_end(&engine);
}

static ProStatus only_counts(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)offset;
    (void)reterr;
    memset(ret_data, 'c', size);
    return PRO_OK;
}

static void note_release(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

/* A task lets its containers go with its ending, whatever that is; never before. */
static void an_argument_lives_as_long_as_its_task(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = only_counts, .release = note_release};
    Engine engine;
    ProError error = {0};
    atomic_int released = 0;
    ProContainer *container;
    engine_start(&engine, PRO_OPT_QUIET);
    ProWorkerId worker = engine_worker(&engine);
    assert_ok(pro_container_new_callback(&ops, &released, 100000, &container, &error));
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 3);
    pro_write_container(arguments, container);
    pro_write_int(arguments, 100000);
    pro_write_int(arguments, 0);
    pro_write_end(arguments);
    const char *plugin = getenv("PROMP_TEST_PLUGIN");
    /* Copies for all workers; one that fails; one that is dropped by the close. */
    assert_ok(pro_manager_call_plugin(engine.manager, PRO_WORKER_ALL, plugin, "share_conforms",
            arguments, true, NULL, &error));
    assert_ok(pro_manager_call_plugin(
            engine.manager, worker, plugin, "no_such_function", arguments, true, NULL, &error));
    pro_container_unref(container);
    pro_writer_clear(arguments);
    assert_int_equal(released, 0);
    engine_wait(&engine);
    for (int i = 0; i < 2; i++)
        pro_ending_free(engine_take(&engine, worker));
    assert_int_equal(released, 1);
    assert_ok(pro_container_new_callback(&ops, &released, 100000, &container, &error));
    pro_write_list(arguments, 1);
    pro_write_container(arguments, container);
    pro_write_end(arguments);
    pro_container_unref(container);
    for (int i = 0; i < 3; i++)
        assert_ok(pro_manager_call_plugin(engine.manager, PRO_WORKER_ANY, plugin, "share_keep",
                arguments, false, NULL, &error));
    pro_writer_free(arguments);
    engine_end(&engine);
    assert_int_equal(released, 2);
}

static void no_worker_can_change_a_byte(void **state)
{
    (void)state;
    if (engine_skips_far("nothing of the manager's memory is in its reach"))
        return;
    Engine engine;
    ProError error = {0};
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    uint8_t *data = malloc(1 << 20);
    memset(data, 'd', 1 << 20);
    static const Kind kinds[] = {KIND_SMALL_OR_SEALED, KIND_BORROWED, KIND_TAKEN, KIND_LIVE};
    for (size_t i = 0; i < 4; i++) {
        ProContainer *container = kind_make(kinds[i], data, 1 << 20);
        char name[] = {(char)('a' + i), 0};
        assert_ok(pro_manager_share_container(engine.manager, name, container, &error));
        ProEnding *ending = result_of(&engine, worker, "share_attack", name);
        assert_string_equal(pro_ending_message(ending), "");
        ProReader reader;
        size_t size, count;
        int64_t tried = 0;
        int64_t successes = -1;
        const void *value = pro_ending_value(ending, &size);
        pro_reader_init(&reader, value, size);
        assert_ok(pro_read_sequence(&reader, &count, &error));
        assert_ok(pro_read_int(&reader, &tried, &error));
        assert_ok(pro_read_int(&reader, &successes, &error));
        assert_true(tried > 0);
        assert_int_equal(successes, 0);
        pro_ending_free(ending);
        const uint8_t *bytes = pro_container_data(container);
        for (size_t k = 0; k < 1 << 20; k++)
            assert_int_equal(bytes[k], 'd');
        pro_container_unref(container);
    }
    free(data);
    engine_end(&engine);
}

static void names_are_told_and_missing_ones_named(void **state)
{
    (void)state;
    Engine engine;
    ProError error = {0};
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    ProContainer *container = kind_make(KIND_SMALL_OR_SEALED, "x", 1);
    ProEnding *ending = result_of(&engine, worker, "share_hash", "nothing");
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_ERROR);
    assert_non_null(strstr(pro_ending_message(ending), "no container is shared as \"nothing\""));
    pro_ending_free(ending);
    assert_ok(pro_manager_share_container(engine.manager, "two", container, &error));
    assert_ok(pro_manager_share_container(engine.manager, "one", container, &error));
    assert_int_equal(
            pro_manager_share_container(engine.manager, "one", container, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "already shared as \"one\""));
    assert_int_equal(
            pro_manager_share_container(engine.manager, "", container, &error), PRO_ERR_INVALID);
    assert_int_equal(
            pro_manager_unshare_container(engine.manager, "three", &error), PRO_ERR_NOT_FOUND);
    ending = result_of(&engine, worker, "share_names", "");
    ProReader reader;
    size_t size, count;
    const char *text;
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    assert_ok(pro_read_sequence(&reader, &count, &error));
    assert_int_equal(count, 2);
    assert_ok(pro_read_text(&reader, &text, &size, &error));
    assert_memory_equal(text, "one", 3);
    pro_ending_free(ending);
    assert_ok(pro_manager_unshare_container(engine.manager, "one", &error));
    ending = result_of(&engine, worker, "share_hash", "one");
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_ERROR);
    pro_ending_free(ending);
    pro_container_unref(container);
    engine_end(&engine);
}

/* Opens in the worker, unshares, lets the worker read. */
static ProEnding *read_after_unshare(Engine *engine, ProContainer *container)
{
    ProError error = {0};
    ProMessage *message;
    ProWorkerId worker = engine_worker(engine);
    assert_ok(pro_manager_share_container(engine->manager, "kept", container, &error));
    call(engine, worker, "share_keep", "kept");
    assert_ok(pro_manager_wait_message(engine->manager, worker, WATCHDOG_MS, &error));
    assert_ok(pro_manager_pop_message(engine->manager, worker, &message, &error));
    pro_message_free(message);
    assert_ok(pro_manager_unshare_container(engine->manager, "kept", &error));
    assert_ok(pro_manager_send_message(engine->manager, worker, 1, "", 0, &error));
    engine_wait(engine);
    return engine_take(engine, worker);
}

static void what_is_unshared_in_use_stays_unless_it_is_blocks(void **state)
{
    (void)state;
    if (engine_skips_far("everything is read in blocks there"))
        return;
    Engine engine;
    engine_start(&engine, 0);
    uint8_t *data = calloc(1, 200000);
    ProContainer *memory = kind_make(KIND_SMALL_OR_SEALED, data, 200000);
    ProContainer *blocks = kind_make(KIND_CALLBACK, data, 200000);
    expect_hash(read_after_unshare(&engine, memory), memory);
    ProEnding *ending = read_after_unshare(&engine, blocks);
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_ERROR);
    assert_non_null(strstr(pro_ending_message(ending), "not shared any more"));
    pro_ending_free(ending);
    pro_container_unref(memory);
    pro_container_unref(blocks);
    free(data);
    engine_end(&engine);
}

static void ten_thousand_are_possible(void **state)
{
    (void)state;
    Engine engine;
    ProError error = {0};
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    ProContainer *container = kind_make(KIND_SMALL_OR_SEALED, "some bytes", 10);
    for (int i = 0; i < 10000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "container %d", i);
        assert_ok(pro_manager_share_container(engine.manager, name, container, &error));
    }
    expect_hash(result_of(&engine, worker, "share_hash", "container 9999"), container);
    ProEnding *ending = result_of(&engine, worker, "share_names", "");
    ProReader reader;
    size_t size, count;
    const void *value = pro_ending_value(ending, &size);
    pro_reader_init(&reader, value, size);
    assert_ok(pro_read_sequence(&reader, &count, &error));
    assert_int_equal(count, 10000);
    pro_ending_free(ending);
    pro_container_unref(container);
    engine_end(&engine);
}

static ProStatus broken_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)user;
    (void)ret_data;
    (void)size;
    if (reterr != NULL)
        (void)snprintf(reterr->text, sizeof reterr->text, "the device failed at offset %llu",
                (unsigned long long)offset);
    return PRO_ERR_SYSTEM;
}

static void a_failing_source_tells_the_worker_why(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = broken_read};
    Engine engine;
    ProError error = {0};
    ProContainer *container;
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    assert_ok(pro_container_new_callback(&ops, NULL, 100000, &container, &error));
    assert_ok(pro_manager_share_container(engine.manager, "broken", container, &error));
    ProEnding *ending = result_of(&engine, worker, "share_hash", "broken");
    assert_int_equal(pro_ending_kind(ending), PRO_ENDING_ERROR);
    assert_non_null(strstr(pro_ending_message(ending), "the device failed at offset 0"));
    pro_ending_free(ending);
    pro_container_unref(container);
    engine_end(&engine);
}

/* More than may have a question open at once: they take turns. */
static void many_threads_of_a_worker_read_at_once(void **state)
{
    (void)state;
    enum { SIZE = 3 << 20 };
    Engine engine;
    ProError error = {0};
    engine_start(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    uint8_t *data = conformance_bytes(SIZE, 5);
    ProContainer *container = kind_make(KIND_CALLBACK, data, SIZE);
    assert_ok(pro_manager_share_container(engine.manager, "crowded", container, &error));
    expect_hash(result_of(&engine, worker, "share_crowd", "crowded"), container);
    pro_container_unref(container);
    free(data);
    engine_end(&engine);
}

TEST_MAIN(cmocka_unit_test(every_kind_conforms_in_a_worker),
        cmocka_unit_test(every_kind_conforms_as_an_argument),
        cmocka_unit_test(every_kind_conforms_in_a_workers_worker),
        cmocka_unit_test(every_kind_conforms_as_an_argument_passed_on),
        cmocka_unit_test(every_kind_conforms_as_a_result),
        cmocka_unit_test(an_argument_lives_as_long_as_its_task),
        cmocka_unit_test(no_worker_can_change_a_byte),
        cmocka_unit_test(names_are_told_and_missing_ones_named),
        cmocka_unit_test(what_is_unshared_in_use_stays_unless_it_is_blocks),
        cmocka_unit_test(ten_thousand_are_possible),
        cmocka_unit_test(a_failing_source_tells_the_worker_why),
        cmocka_unit_test(many_threads_of_a_worker_read_at_once))
