/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "ui/hex/pages.h"

#include <promp/container_ops.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_US = 30 * 1000 * 1000, SIZE = 10 * HEX_PAGE_BYTES + 100 };

/* A container whose reads wait for a word, and fail where the test says. */
typedef struct Source {
    sem_t allowed; /* one read each, if `gated` */
    sem_t reached;
    sem_t released;
    bool gated;
    uint64_t bad_begin; /* bytes that cannot be read */
    uint64_t bad_end;
    atomic_int reads;
    atomic_int arrivals;
} Source;

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 4096);
}

static ProStatus source_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    Source *source = user;
    (void)atomic_fetch_add(&source->reads, 1);
    if (source->gated) {
        (void)sem_post(&source->reached);
        (void)sem_wait(&source->allowed);
    }
    if (offset < source->bad_end && offset + size > source->bad_begin) {
        *reterr = (ProError){.status = PRO_ERR_SYSTEM, .text = "the disk is scratched"};
        return PRO_ERR_SYSTEM;
    }
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_data)[i] = byte_at(offset + i);
    return PRO_OK;
}

static void source_release(void *user)
{
    (void)sem_post(&((Source *)user)->released);
}

static const ProContainerOps source_ops = {.read = source_read, .release = source_release};

static ProContainer *source_open(Source *source, uint64_t size)
{
    ProContainer *container;
    ProError error;
    (void)sem_init(&source->allowed, 0, 0);
    (void)sem_init(&source->reached, 0, 0);
    (void)sem_init(&source->released, 0, 0);
    assert_int_equal(
            pro_container_new_callback(&source_ops, source, size, &container, &error), PRO_OK);
    return container;
}

static void count_arrival(void *user)
{
    (void)atomic_fetch_add(&((Source *)user)->arrivals, 1);
}

static void expect_bytes(HexPages *pages, uint64_t offset, size_t size)
{
    uint8_t *bytes = malloc(size);
    uint8_t *states = malloc(size);
    hex_pages_copy(pages, offset, size, bytes, states);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(states[i], HEX_BYTE_KNOWN);
        assert_int_equal(bytes[i], byte_at(offset + i));
    }
    free(bytes);
    free(states);
}

static void memory_is_there_at_once(void **state)
{
    (void)state;
    ProContainer *container;
    ProError error;
    uint8_t data[300];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = byte_at(i);
    assert_int_equal(pro_container_new_copy(data, sizeof data, &container, &error), PRO_OK);
    HexPages *pages = hex_pages_new(container, NULL, NULL);
    pro_container_unref(container);
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, 0, sizeof data, 0));
    expect_bytes(pages, 0, sizeof data);
    hex_pages_close(pages);
}

static void bytes_of_a_callback_come_later(void **state)
{
    (void)state;
    Source source = {.gated = true};
    ProContainer *container = source_open(&source, SIZE);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    uint8_t bytes[2] = {9, 9};
    uint8_t states[2];
    assert_false(hex_pages_want(pages, HEX_WANTED_ROWS, 0, 2, 0));
    (void)sem_wait(&source.reached);
    hex_pages_copy(pages, 0, 2, bytes, states);
    assert_int_equal(states[0], HEX_BYTE_WAITED);
    assert_int_equal(bytes[0], 0);
    (void)sem_post(&source.allowed);
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, 0, 2, LONG_US));
    assert_true(atomic_load(&source.arrivals) >= 1);
    expect_bytes(pages, 0, 2);
    for (int i = 0; i < 100; i++) /* whatever else it reads ahead */
        (void)sem_post(&source.allowed);
    hex_pages_close(pages);
    (void)sem_wait(&source.released);
}

static void the_end_is_where_the_container_ends(void **state)
{
    (void)state;
    Source source = {0};
    ProContainer *container = source_open(&source, SIZE);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, SIZE - 50, 100000, LONG_US));
    expect_bytes(pages, SIZE - 50, 50);
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, SIZE, 1, LONG_US));
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, UINT64_MAX, 1, LONG_US));
    hex_pages_close(pages);
    (void)sem_wait(&source.released);
}

static void what_cannot_be_read_is_told_beside_what_can(void **state)
{
    (void)state;
    Source source = {.bad_begin = 5000, .bad_end = 5001};
    ProContainer *container = source_open(&source, PRO_CONTAINER_SIZE_MAX);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    char text[100];
    uint8_t bytes[HEX_PAGE_BYTES];
    uint8_t states[HEX_PAGE_BYTES];
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, 4096, HEX_PAGE_BYTES, LONG_US));
    hex_pages_copy(pages, 4096, HEX_PAGE_BYTES, bytes, states);
    assert_int_equal(states[5000 - 4096], HEX_BYTE_FAILED);
    assert_int_equal(bytes[5000 - 4096], 0);
    hex_pages_error(pages, 5000, text, sizeof text);
    assert_string_equal(text, "the disk is scratched");
    hex_pages_close(pages);
    (void)sem_wait(&source.released);
}

static void a_refresh_reads_again(void **state)
{
    (void)state;
    Source source = {.bad_begin = 0, .bad_end = SIZE};
    ProContainer *container = source_open(&source, SIZE);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    uint8_t byte, byte_state;
    assert_true(hex_pages_want(pages, HEX_WANTED_CURSOR, 0, 1, LONG_US));
    hex_pages_copy(pages, 0, 1, &byte, &byte_state);
    assert_int_equal(byte_state, HEX_BYTE_FAILED);
    source.bad_end = 0;
    hex_pages_refresh(pages);
    assert_true(hex_pages_want(pages, HEX_WANTED_CURSOR, 0, 1, LONG_US));
    expect_bytes(pages, 0, 1);
    hex_pages_close(pages);
    (void)sem_wait(&source.released);
}

static void closing_does_not_wait_for_a_read_that_hangs(void **state)
{
    (void)state;
    Source source = {.gated = true};
    ProContainer *container = source_open(&source, SIZE);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    assert_false(hex_pages_want(pages, HEX_WANTED_ROWS, 0, 100, 1000));
    (void)sem_wait(&source.reached);
    hex_pages_close(pages);
    assert_int_equal(atomic_load(&source.arrivals), 0);
    for (int i = 0; i < 100; i++)
        (void)sem_post(&source.allowed);
    (void)sem_wait(&source.released); /* the thread frees what it used */
    assert_int_equal(atomic_load(&source.arrivals), 0);
}

static void what_scrolled_out_of_sight_is_not_read(void **state)
{
    (void)state;
    Source source = {.gated = true};
    uint64_t size = (uint64_t)1 << 40;
    ProContainer *container = source_open(&source, size);
    HexPages *pages = hex_pages_new(container, count_arrival, &source);
    pro_container_unref(container);
    (void)hex_pages_want(pages, HEX_WANTED_ROWS, 0, 100, 0);
    (void)sem_wait(&source.reached);
    for (uint64_t offset = 0; offset < size / 2; offset += size / 1000)
        (void)hex_pages_want(pages, HEX_WANTED_ROWS, offset, 100, 0);
    for (int i = 0; i < 1000; i++)
        (void)sem_post(&source.allowed);
    assert_true(hex_pages_want(pages, HEX_WANTED_ROWS, size / 2, 100, LONG_US));
    assert_true(atomic_load(&source.reads) < 100);
    hex_pages_close(pages);
    (void)sem_wait(&source.released);
}

TEST_MAIN(cmocka_unit_test(memory_is_there_at_once),
        cmocka_unit_test(bytes_of_a_callback_come_later),
        cmocka_unit_test(the_end_is_where_the_container_ends),
        cmocka_unit_test(what_cannot_be_read_is_told_beside_what_can),
        cmocka_unit_test(a_refresh_reads_again),
        cmocka_unit_test(closing_does_not_wait_for_a_read_that_hangs),
        cmocka_unit_test(what_scrolled_out_of_sight_is_not_read))
