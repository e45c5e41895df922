/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_VALUE_FIXTURE_H
#define TESTS_VALUE_FIXTURE_H

#include "core/value_format.h"
#include "core/value_writer.h"
#include "support/test.h"

#include <promp/value.h>
#include <stdlib.h>
#include <string.h>

/* A writer per case, and what the tests of values share. */

static inline int new_writer(void **state)
{
    *state = pro_writer_new();
    return *state == NULL;
}

static inline int free_writer(void **state)
{
    pro_writer_free(*state);
    return 0;
}

#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, new_writer, free_writer)

/* A copy of exactly the encoded size, so that a sanitizer sees every read past the end. */
static inline uint8_t *encoded(ProWriter *writer, size_t *ret_size)
{
    const void *data;
    assert_int_equal(pro_writer_data(writer, &data, ret_size), PRO_OK);
    assert_int_equal(*ret_size, pro_writer_size(writer));
    uint8_t *copy = malloc(*ret_size > 0 ? *ret_size : 1);
    assert_non_null(copy);
    memcpy(copy, data, *ret_size);
    return copy;
}

static inline ProStatus check_copy(const void *data, size_t size, ProError *reterr)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    ProStatus status = pro_value_check(copy, size, reterr);
    free(copy);
    return status;
}

/* Encodes what `writer` holds, expects one value of `size` bytes with `first` as the first byte. */
static inline ProValue only_value(ProWriter *writer, size_t size, uint8_t first)
{
    const void *data;
    size_t got;
    assert_int_equal(pro_writer_data(writer, &data, &got), PRO_OK);
    assert_int_equal(got, size);
    assert_int_equal(*(const uint8_t *)data, first);
    assert_int_equal(check_copy(data, got, NULL), PRO_OK);
    ProReader reader;
    pro_reader_init(&reader, data, got);
    ProValue value = {0};
    assert_int_equal(pro_read(&reader, &value, NULL), PRO_OK);
    assert_int_equal(pro_reader_left(&reader), 0);
    pro_writer_clear(writer);
    return value;
}

static inline void write_composite(ProWriter *writer)
{
    const uint8_t big[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    pro_write_map(writer, 3);
    pro_write_text(writer, "tuple", 5);
    pro_write_tuple(writer, 4);
    pro_write_int(writer, -70000);
    pro_write_tuple(writer, 0);
    pro_write_end(writer);
    pro_write_double(writer, 2.5);
    pro_write_variant_list(writer, 2);
    pro_write_big_int(writer, true, big, sizeof big);
    pro_write_bytes(writer, "0123456789012345678901234567890123456789", 40);
    pro_write_end(writer);
    pro_write_end(writer);
    pro_write_uint(writer, UINT64_MAX);
    pro_write_list(writer, 20);
    for (int i = 0; i < 20; i++)
        pro_write_bool(writer, i % 2);
    pro_write_end(writer);
    pro_write_nil(writer);
    pro_write_text(writer, "a text of more than thirty-one bytes", 36);
    pro_write_end(writer);
}

#endif
