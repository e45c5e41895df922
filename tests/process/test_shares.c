/* SPDX-License-Identifier: Apache-2.0 */

/* Containers shared with real workers. */

#include "process/engine.h"
#include "support/kinds.h"

#include <signal.h>
#include <stdio.h>

static ProTaskId call(Engine *engine, ProWorkerId worker, const char *function, const char *name,
        bool with_plugin)
{
    ProError error = {0};
    ProTaskId task = 0;
    const char *plugin = getenv("PROMP_TEST_PLUGIN");
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, with_plugin ? 2 : 1);
    pro_write_text(arguments, name, strlen(name));
    if (with_plugin)
        pro_write_text(arguments, plugin, strlen(plugin));
    pro_write_end(arguments);
    assert_ok(pro_manager_call_plugin(
            engine->manager, worker, plugin, function, arguments, true, &task, &error));
    pro_writer_free(arguments);
    return task;
}

static ProEnding *result_of(
        Engine *engine, ProWorkerId worker, const char *function, const char *name)
{
    call(engine, worker, function, name, strcmp(function, "share_pass_on") == 0);
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

static const size_t sizes[] = {0, 1, 65535, 65536, 3000001};

static void share_all_kinds(
        Engine *engine, ProContainer *containers[][KIND_COUNT], const char *function)
{
    ProError error = {0};
    ProWorkerId worker = engine_worker(engine);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (Kind kind = 0; kind < KIND_COUNT; kind++) {
            uint8_t *data = malloc(sizes[i] + 1);
            for (size_t k = 0; k < sizes[i]; k++)
                data[k] = (uint8_t)(k * 31 + k / 1000 + kind);
            char name[32];
            (void)snprintf(name, sizeof name, "%zu/%d", sizes[i], (int)kind);
            containers[i][kind] = kind_make(kind, data, sizes[i]);
            assert_ok(pro_manager_share_container(
                    engine->manager, name, containers[i][kind], &error));
            expect_hash(result_of(engine, worker, function, name), containers[i][kind]);
            free(data);
        }
}

static void release_all(ProContainer *containers[][KIND_COUNT])
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (Kind kind = 0; kind < KIND_COUNT; kind++)
            pro_container_unref(containers[i][kind]);
}

static void every_kind_is_the_same_in_a_worker(void **state)
{
    (void)state;
    Engine engine;
    ProContainer *containers[5][KIND_COUNT];
    engine_start(&engine, 0);
    share_all_kinds(&engine, containers, "share_hash");
    engine_end(&engine);
    release_all(containers);
}

static void a_worker_passes_on_what_it_was_given(void **state)
{
    (void)state;
    Engine engine;
    ProContainer *containers[5][KIND_COUNT];
    engine_start(&engine, 0);
    share_all_kinds(&engine, containers, "share_pass_on");
    engine_end(&engine);
    release_all(containers);
}

static void no_worker_can_change_a_byte(void **state)
{
    (void)state;
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
    call(engine, worker, "share_keep", "kept", false);
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

TEST_MAIN(cmocka_unit_test(every_kind_is_the_same_in_a_worker),
        cmocka_unit_test(a_worker_passes_on_what_it_was_given),
        cmocka_unit_test(no_worker_can_change_a_byte),
        cmocka_unit_test(names_are_told_and_missing_ones_named),
        cmocka_unit_test(what_is_unshared_in_use_stays_unless_it_is_blocks),
        cmocka_unit_test(ten_thousand_are_possible),
        cmocka_unit_test(a_failing_source_tells_the_worker_why))
