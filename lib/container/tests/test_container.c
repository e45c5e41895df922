/* SPDX-License-Identifier: Apache-2.0 */
#include "container/block_cache.h"
#include "support/conformance.h"
#include "support/kinds.h"
#include "support/test.h"

#include <stdio.h>
#include <sys/stat.h>

/* Every kind holds what it was made of, whoever looks: tests/support/conformance.c. */
static void every_kind_conforms(void **state)
{
    (void)state;
    char text[CONFORMANCE_TEXT_BYTES];
    for (size_t i = 0; i < conformance_size_count; i++) {
        size_t size = conformance_sizes[i];
        for (Kind kind = 0; kind < KIND_COUNT; kind++) {
            uint8_t *data = conformance_bytes(size, kind);
            ProContainer *container = kind_make(kind, data, size);
            assert_non_null(container);
            if (!conformance_check(container, data, size, text))
                fail_msg("kind %d, %zu bytes: %s", (int)kind, size, text);
            pro_container_unref(container);
            free(data);
        }
    }
}

/* A suite that finds nothing proves nothing. */
static void the_suite_sees_one_wrong_byte(void **state)
{
    (void)state;
    enum { SIZE = 70000 };
    char text[CONFORMANCE_TEXT_BYTES];
    uint8_t *data = conformance_bytes(SIZE, 1);
    ProContainer *container = kind_make(KIND_CALLBACK, data, SIZE);
    data[SIZE - 100]++;
    for (size_t i = 0; i < conformance_case_count; i++) {
        const ConformanceCase *one = &conformance_cases[i];
        bool blind = strcmp(one->name, "borders") == 0 || strcmp(one->name, "slices") == 0 ||
                     strcmp(one->name, "numbers") == 0 || strcmp(one->name, "searches") == 0;
        if (!blind)
            assert_false(one->check(container, data, SIZE, text));
    }
    pro_container_unref(container);
    free(data);
}

static void a_hash_of_a_known_text(void **state)
{
    (void)state;
    ProContainer *abc = kind_make(KIND_SMALL_OR_SEALED, "abc", 3);
    uint8_t hash[PRO_HASH_BYTES_MAX];
    size_t size;
    assert_int_equal(pro_container_hash(abc, "md5", NULL, hash, &size, NULL), PRO_OK);
    static const uint8_t md5_of_abc[] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96,
            0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
    assert_int_equal(size, 16);
    assert_memory_equal(hash, md5_of_abc, 16);
    ProError error;
    assert_int_equal(
            pro_container_hash(abc, "nosuch", NULL, hash, &size, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nosuch"));
    pro_container_unref(abc);
}

static void integers_in_both_orders(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    ProContainer *container = kind_make(KIND_FILE, bytes, sizeof bytes);
    uint64_t value;
    ProError error;
    assert_int_equal(pro_container_read_uint(container, 0, 4, false, &value, NULL), PRO_OK);
    assert_true(value == 0x04030201);
    assert_int_equal(pro_container_read_uint(container, 1, 3, true, &value, NULL), PRO_OK);
    assert_true(value == 0x020304);
    assert_int_equal(pro_container_read_uint(container, 1, 8, false, &value, NULL), PRO_OK);
    assert_true(value == 0x0908070605040302);
    assert_int_equal(
            pro_container_read_uint(container, 2, 8, false, &value, &error), PRO_ERR_INVALID);
    assert_int_equal(
            pro_container_read_uint(container, 0, 9, false, &value, &error), PRO_ERR_INVALID);
    assert_int_equal(
            pro_container_read_uint(container, 0, 0, false, &value, &error), PRO_ERR_INVALID);
    pro_container_unref(container);
}

static void text_ends_at_nul_limit_or_end(void **state)
{
    (void)state;
    ProContainer *container = kind_make(KIND_FILE, "name\0rest", 9);
    char *text;
    size_t size;
    bool terminated;
    assert_int_equal(
            pro_container_read_text(container, 0, 100, &text, &size, &terminated, NULL), PRO_OK);
    assert_string_equal(text, "name");
    assert_true(size == 4 && terminated);
    free(text);
    assert_int_equal(
            pro_container_read_text(container, 0, 3, &text, &size, &terminated, NULL), PRO_OK);
    assert_string_equal(text, "nam");
    assert_false(terminated);
    free(text);
    assert_int_equal(
            pro_container_read_text(container, 5, SIZE_MAX, &text, &size, &terminated, NULL),
            PRO_OK);
    assert_string_equal(text, "rest");
    assert_false(terminated);
    free(text);
    pro_container_unref(container);
}

static void slices_of_slices_keep_the_whole_alive(void **state)
{
    (void)state;
    ProContainer *whole = kind_make(KIND_CALLBACK, "0123456789", 10);
    ProContainer *middle, *inner;
    assert_int_equal(pro_container_slice(whole, 2, 6, &middle, NULL), PRO_OK);
    assert_int_equal(pro_container_slice(middle, 1, 3, &inner, NULL), PRO_OK);
    pro_container_unref(whole);
    pro_container_unref(middle);
    char text[4] = {0};
    assert_int_equal(pro_container_read(inner, 0, text, 3, NULL), PRO_OK);
    assert_string_equal(text, "345");
    pro_container_unref(inner);
}

/* ---- the block cache ---- */

typedef struct Counted {
    size_t calls;
    size_t bytes;
    size_t together; /* parts of calls for many */
    bool fail;
} Counted;

static ProStatus counted_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    Counted *counted = user;
    counted->calls++;
    counted->bytes += size;
    if (counted->fail) {
        if (reterr != NULL)
            (void)snprintf(reterr->text, sizeof reterr->text, "device lost at %llu",
                    (unsigned long long)offset);
        return PRO_ERR_SYSTEM;
    }
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = (uint8_t)((offset + i) * 7);
    return PRO_OK;
}

static void blocks_are_read_once(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = counted_read};
    Counted counted = {0};
    ProContainer *container;
    enum { SIZE = 4 << 20 };
    assert_int_equal(pro_container_new_callback(&ops, &counted, SIZE, &container, NULL), PRO_OK);
    uint8_t bytes[4096];
    for (size_t offset = 0; offset < SIZE; offset += sizeof bytes) {
        assert_int_equal(pro_container_read(container, offset, bytes, sizeof bytes, NULL), PRO_OK);
        assert_int_equal(bytes[5], (uint8_t)((offset + 5) * 7));
    }
    assert_int_equal(counted.bytes, SIZE);
    /* Read-ahead doubles up to 1 MiB: far fewer calls than the 256 blocks. */
    assert_true(counted.calls < 16);
    size_t calls = counted.calls;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(
                pro_container_read(container, i * 4001 % (SIZE - 4096), bytes, 4096, NULL), PRO_OK);
    assert_int_equal(counted.calls, calls);
    pro_container_unref(container);
}

static ProStatus read_with_hole(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    enum { HOLE = 1 << 20 };
    (void)user;
    memset(ret_data, 'h', size);
    if (offset + size <= HOLE || offset > HOLE)
        return PRO_OK;
    if (reterr != NULL)
        (void)snprintf(reterr->text, sizeof reterr->text, "a hole at %d", HOLE);
    return PRO_ERR_SYSTEM;
}

/* Another process' memory has holes: what is read ahead must not fail what was asked for. */
static void holes_fail_only_what_touches_them(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = read_with_hole};
    enum { SIZE = 4 << 20, HOLE = 1 << 20 };
    ProContainer *container;
    ProError error = {0};
    uint8_t bytes[1000];
    assert_int_equal(pro_container_new_callback(&ops, NULL, SIZE, &container, NULL), PRO_OK);
    for (uint64_t offset = 0; offset + sizeof bytes < SIZE; offset += sizeof bytes) {
        ProStatus expected =
                offset <= HOLE && offset + sizeof bytes > HOLE ? PRO_ERR_SYSTEM : PRO_OK;
        assert_int_equal(
                pro_container_read(container, offset, bytes, sizeof bytes, &error), expected);
    }
    assert_string_equal(error.text, "a hole at 1048576");
    pro_container_unref(container);
}

static ProStatus counted_read_many(void *user, const ProPart *parts, size_t count, ProError *reterr)
{
    Counted *counted = user;
    counted->together += count;
    for (size_t i = 0; i < count; i++)
        if (counted_read(user, parts[i].offset, parts[i].data, parts[i].size, reterr) != PRO_OK)
            return PRO_ERR_SYSTEM;
    return PRO_OK;
}

/* What is not there, in whole blocks; and what was read is there the next time. */
static void scattered_parts_reach_the_source_together(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = counted_read, .read_many = counted_read_many};
    enum { SIZE = 1 << 30, PARTS = 300, STEP = 3 << 20 };
    Counted counted = {0};
    ProContainer *container;
    ProPart parts[PARTS];
    uint8_t bytes[PARTS][10];
    ProError error = {0};
    assert_int_equal(pro_container_new_callback(&ops, &counted, SIZE, &container, NULL), PRO_OK);
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = (ProPart){.offset = i * STEP + 4090, .size = 10, .data = bytes[i]};
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(pro_container_read_many(container, parts, PARTS, NULL), PRO_OK);
        for (size_t i = 0; i < PARTS; i++)
            assert_int_equal(bytes[i][9], (uint8_t)((parts[i].offset + 9) * 7));
        assert_int_equal(counted.together, PARTS);
        assert_int_equal(counted.bytes, PARTS * 2 * 4096); /* both blocks that a part touches */
    }
    counted.fail = true;
    parts[0].offset = SIZE / 2;
    assert_int_equal(pro_container_read_many(container, parts, PARTS, &error), PRO_ERR_SYSTEM);
    assert_non_null(strstr(error.text, "device lost at 536870912"));
    parts[7].offset = SIZE;
    assert_int_equal(pro_container_read_many(container, parts, PARTS, &error), PRO_ERR_INVALID);
    assert_non_null(strstr(error.text, "part 7 of 300"));
    pro_container_unref(container);
}

/* A reader that jumps about far and wide gets what it asks for, and little else. */
static void jumps_in_a_large_source_read_little(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = counted_read};
    enum { READS = 5000 };
    Counted counted = {0};
    ProContainer *container;
    uint8_t bytes[4096];
    uint64_t random = 1;
    assert_int_equal(
            pro_container_new_callback(&ops, &counted, (uint64_t)1 << 40, &container, NULL),
            PRO_OK);
    for (int i = 0; i < READS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t offset = random >> 24 << 12 & (((uint64_t)1 << 40) - 1);
        assert_int_equal(pro_container_read(container, offset, bytes, sizeof bytes, NULL), PRO_OK);
    }
    assert_true(counted.bytes < (size_t)READS * 4096 * 5 / 4);
    pro_container_unref(container);
}

/* Reads all over a source that fits the cache soon read all of it, in few calls. */
static void jumping_about_reads_a_small_source_whole(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = counted_read};
    Counted counted = {0};
    ProContainer *container;
    enum { SIZE = 16 << 20 };
    assert_int_equal(pro_container_new_callback(&ops, &counted, SIZE, &container, NULL), PRO_OK);
    uint8_t bytes[4096];
    uint32_t state_of_random = 1;
    for (int i = 0; i < 3000; i++) {
        state_of_random = state_of_random * 1664525 + 1013904223;
        uint64_t offset = state_of_random % (SIZE - sizeof bytes);
        assert_int_equal(pro_container_read(container, offset, bytes, sizeof bytes, NULL), PRO_OK);
        assert_int_equal(bytes[7], (uint8_t)((offset + 7) * 7));
    }
    assert_true(counted.calls < 100);
    assert_true(counted.bytes < 2 * SIZE);
    pro_container_unref(container);
}

static void a_failing_source_passes_its_reason_on(void **state)
{
    (void)state;
    static const ProContainerOps ops = {.read = counted_read};
    Counted counted = {.fail = true};
    ProContainer *container;
    assert_int_equal(pro_container_new_callback(&ops, &counted, 100000, &container, NULL), PRO_OK);
    uint8_t bytes[16];
    ProError error;
    assert_int_equal(pro_container_read(container, 20000, bytes, 16, &error), PRO_ERR_SYSTEM);
    assert_string_equal(error.text, "device lost at 20000");
    counted.fail = false;
    assert_int_equal(pro_container_read(container, 20000, bytes, 16, &error), PRO_OK);
    pro_container_unref(container);
}

/* ---- cancel ---- */

typedef struct Watcher {
    int64_t last;
    unsigned asked;
} Watcher;

static void watch_progress(void *user, int64_t value)
{
    Watcher *watcher = user;
    assert_true(value >= watcher->last && value <= 100);
    watcher->last = value;
}

static bool abort_second(void *user)
{
    return ++((Watcher *)user)->asked == 2;
}

static void long_copies_can_be_cancelled(void **state)
{
    (void)state;
    static const ProWaitOps wait = {.progress = watch_progress, .was_aborted = abort_second};
    static const ProContainerOps ops = {.read = counted_read};
    Counted counted = {0};
    Watcher watcher = {0};
    ProProgress progress = {&wait, &watcher};
    ProContainer *container, *copy = NULL;
    assert_int_equal(
            pro_container_new_callback(&ops, &counted, 64 << 20, &container, NULL), PRO_OK);
    ProError error;
    assert_int_equal(pro_container_copy(container, &progress, &copy, &error), PRO_ERR_ABORTED);
    assert_null(copy);
    assert_true(watcher.last == 50);
    watcher = (Watcher){0};
    char path[] = "/tmp/promp-cancel-XXXXXX";
    (void)close(mkstemp(path));
    (void)unlink(path);
    assert_int_equal(
            pro_container_copy_to_file(container, path, &progress, &error), PRO_ERR_ABORTED);
    struct stat info;
    assert_int_not_equal(stat(path, &info), 0);
    pro_container_unref(container);
}

TEST_MAIN(cmocka_unit_test(every_kind_conforms), cmocka_unit_test(the_suite_sees_one_wrong_byte),
        cmocka_unit_test(a_hash_of_a_known_text), cmocka_unit_test(integers_in_both_orders),
        cmocka_unit_test(text_ends_at_nul_limit_or_end),
        cmocka_unit_test(slices_of_slices_keep_the_whole_alive),
        cmocka_unit_test(blocks_are_read_once), cmocka_unit_test(holes_fail_only_what_touches_them),
        cmocka_unit_test(jumping_about_reads_a_small_source_whole),
        cmocka_unit_test(jumps_in_a_large_source_read_little),
        cmocka_unit_test(scattered_parts_reach_the_source_together),
        cmocka_unit_test(a_failing_source_passes_its_reason_on),
        cmocka_unit_test(long_copies_can_be_cancelled))
