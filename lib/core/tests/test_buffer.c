/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buffer.h"
#include "core/bytes.h"
#include "support/test.h"

#include <string.h>

static void integers_come_back(void **state)
{
    (void)state;
    Buffer buffer = {0};
    buffer_append_u8(&buffer, 0x12);
    buffer_append_u16(&buffer, 0x3456);
    buffer_append_u32(&buffer, 0x789ABCDE);
    buffer_append_u64(&buffer, 0x0123456789ABCDEF);
    assert_false(buffer.failed);
    ByteReader reader = byte_reader(buffer.data, buffer.size);
    assert_int_equal(bytes_u8(&reader), 0x12);
    assert_int_equal(bytes_u16(&reader), 0x3456);
    assert_int_equal(bytes_u32(&reader), 0x789ABCDE);
    assert_true(bytes_u64(&reader) == 0x0123456789ABCDEF);
    assert_false(reader.failed);
    assert_int_equal(bytes_left(&reader), 0);
    buffer_fini(&buffer);
}

static void reading_past_the_end_fails_and_stays_failed(void **state)
{
    (void)state;
    const uint8_t bytes[3] = {1, 2, 3};
    ByteReader reader = byte_reader(bytes, sizeof bytes);
    assert_int_equal(bytes_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(bytes_u8(&reader), 0);
    assert_int_equal(bytes_little_endian(&reader, 1), 0);
}

static void text_and_format(void **state)
{
    (void)state;
    Buffer buffer = {0};
    assert_string_equal(buffer_text(&buffer), "");
    buffer_append_text(&buffer, "offset ");
    buffer_append_format(&buffer, "%#x", 0x1234);
    assert_string_equal(buffer_text(&buffer), "offset 0x1234");
    assert_int_equal(buffer.size, strlen("offset 0x1234"));
    buffer_fini(&buffer);
}

static void an_impossible_size_fails_once(void **state)
{
    (void)state;
    Buffer buffer = {0};
    buffer_append_u8(&buffer, 1);
    assert_false(buffer_reserve(&buffer, SIZE_MAX - 4));
    assert_true(buffer.failed);
    buffer_append_u8(&buffer, 2);
    assert_int_equal(buffer.size, 1);
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    buffer_fini(&buffer);
}

TEST_MAIN(cmocka_unit_test(integers_come_back),
        cmocka_unit_test(reading_past_the_end_fails_and_stays_failed),
        cmocka_unit_test(text_and_format), cmocka_unit_test(an_impossible_size_fails_once))
