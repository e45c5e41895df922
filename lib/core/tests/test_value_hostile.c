/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes from a hostile peer. */

#include "core/tests/value_fixture.h"

static void a_value_cut_off_anywhere_is_refused(void **state)
{
    ProWriter *writer = *state;
    write_composite(writer);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(check_copy(data, size, NULL), PRO_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, data, cut);
        ProError error = {0};
        assert_int_equal(pro_value_check(copy, cut, &error), PRO_ERR_FORMAT);
        assert_non_null(strstr(error.text, "offset"));
        ProReader reader;
        pro_reader_init(&reader, copy, cut);
        assert_int_equal(pro_read_skip(&reader, NULL), cut == 0 ? PRO_ERR_EMPTY : PRO_ERR_FORMAT);
        assert_int_equal(pro_reader_left(&reader), cut); /* failing does not move the reader */
        ProValue value;
        ProStatus status = PRO_OK;
        while (status == PRO_OK)
            status = pro_read(&reader, &value, NULL);
        assert_true(status == PRO_ERR_FORMAT || status == PRO_ERR_EMPTY);
        free(copy);
    }
    free(data);
}

static void a_value_with_any_byte_changed_is_read_in_bounds(void **state)
{
    ProWriter *writer = *state;
    write_composite(writer);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    size_t refused = 0;
    for (size_t at = 0; at < size; at++) {
        uint8_t original = data[at];
        for (unsigned byte = 0; byte < 256; byte++) {
            data[at] = (uint8_t)byte;
            ProStatus status = pro_value_check(data, size, NULL);
            assert_true(status == PRO_OK || status == PRO_ERR_FORMAT || status == PRO_ERR_LIMIT);
            refused += status != PRO_OK;
        }
        data[at] = original;
    }
    assert_true(refused > size);
    free(data);
}

typedef struct Hostile {
    const char *bytes;
    size_t size;
} Hostile;
#define HOSTILE(literal)                                                                           \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

static void malformed_values_are_refused(void **state)
{
    (void)state;
    static const Hostile cases[] = {
            HOSTILE("\xC1"), HOSTILE("\x01\x02"),    /* two values */
            HOSTILE("\x91"),                         /* element missing */
            HOSTILE("\x93\x01\x02"),                 /* fewer bytes than elements */
            HOSTILE("\x82\x01\x02\x03"),             /* a key without its value */
            HOSTILE("\xDD\xFF\xFF\xFF\xFF\x01\x01"), /* huge counts */
            HOSTILE("\xDF\xFF\xFF\xFF\xFF\x01\x01"),
            HOSTILE("\xDF\x80\x00\x00\x00"),     /* twice this is 0 in 32 bits */
            HOSTILE("\xDB\xFF\xFF\xFF\xFF\x01"), /* huge sizes */
            HOSTILE("\xC6\xFF\xFF\xFF\xFF\x01"), HOSTILE("\xC9\xFF\xFF\xFF\xFF\x02\x90"),
            HOSTILE("\x92\x92\x01\x02"), /* enough for the heads only */
            HOSTILE("\xD4\x00\x00"),     /* unknown ext types */
            HOSTILE("\xD4\x05\x90"), HOSTILE("\xD4\xFF\x90"),
            HOSTILE("\xD4\x04\x00"),                     /* a container's index of one byte */
            HOSTILE("\xC7\x05\x04\x00\x00\x00\x00\x00"), /* and of five */
            HOSTILE("\xD6\xFF\x00\x00\x00\x00"),         /* MessagePack's timestamp */
            HOSTILE("\xC7\x00\x01"),                     /* big integers: nothing at all */
            HOSTILE("\xD4\x01\x00"),                     /* no magnitude */
            HOSTILE("\xD5\x01\x00\x05"),                 /* small */
            HOSTILE("\xC7\x0A\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00"), /* sign byte 2 */
            HOSTILE("\xC7\x0A\x01\x00\x00\xFF\x00\x00\x00\x00\x00\x00\x00"), /* leading zero */
            HOSTILE("\xC7\x09\x01\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),     /* fits uint64_t */
            HOSTILE("\xC7\x09\x01\x01\x80\x00\x00\x00\x00\x00\x00\x00"),     /* fits int64_t */
            HOSTILE("\xC7\x00\x02"),         /* tuples: empty payload */
            HOSTILE("\xD4\x02\x01"),         /* payload is an integer */
            HOSTILE("\xD4\x03\x80"),         /* payload is a map */
            HOSTILE("\xD4\x02\xDC\x00\x00"), /* array head beyond the payload */
            HOSTILE("\xD4\x02\x91\x01"),     /* element beyond the payload */
            HOSTILE("\xD5\x02\x90\x01"),     /* a byte behind the array */
            HOSTILE("\x92\xD5\x02\x90\x01"), /* a byte behind the array as the list's next value */
            HOSTILE("\xD5\x02\x91\xA1z"), /* text of the only element crosses the payload's end */
            HOSTILE("\xC7\x03\x02\x91\x01\x01"),         /* a byte behind the last element */
            HOSTILE("\x92\xC7\x03\x02\x92\x01\xA2zz"),   /* element crosses the payload's end */
            HOSTILE("\xC7\x04\x02\x91\xD5\x02\x91\x01"), /* inner payload crosses the outer */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ProError error = {0};
        ProStatus status = check_copy(cases[i].bytes, cases[i].size, &error);
        if (status != PRO_ERR_FORMAT || strstr(error.text, "offset") == NULL)
            fail_msg("case %zu: status %d, text '%s'", i, (int)status, error.text);
    }
    assert_int_equal(pro_value_check(NULL, 0, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_value_check(NULL, 1, NULL), PRO_ERR_INVALID);
}

/* Callers allocate by the count: the head alone has to be refused. */
static void a_count_is_never_larger_than_the_bytes_behind_it(void **state)
{
    (void)state;
    static const Hostile cases[] = {
            HOSTILE("\x93\x01\x02"),
            HOSTILE("\x82\x01\x02\x03"),
            HOSTILE("\xDF\x80\x00\x00\x00"),
            HOSTILE("\xDD\xFF\xFF\xFF\xFF\x01"),
            HOSTILE("\xD5\x02\x92\x01\x02"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ProReader reader;
        pro_reader_init(&reader, cases[i].bytes, cases[i].size);
        ProValue value;
        assert_int_equal(pro_read(&reader, &value, NULL), PRO_ERR_FORMAT);
    }
}

static void an_unexpected_kind_is_named_and_not_consumed(void **state)
{
    ProWriter *writer = *state;
    pro_write_nil(writer);
    pro_write_uint(writer, UINT64_MAX);
    pro_write_map(writer, 0);
    pro_write_end(writer);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    ProReader reader;
    pro_reader_init(&reader, data, size);
    int64_t number;
    const char *text;
    const void *bytes;
    ProError error = {0};
    assert_int_equal(pro_read_int(&reader, &number, &error), PRO_ERR_FORMAT);
    assert_string_equal(error.text, "value at offset 0: an integer of 64 bits expected, nil found");
    assert_int_equal(pro_read_text(&reader, &text, &size, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_read_bytes(&reader, &bytes, &size, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_read_sequence(&reader, &size, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_read_skip(&reader, NULL), PRO_OK);
    assert_int_equal(pro_read_int(&reader, &number, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_read_skip(&reader, NULL), PRO_OK);
    assert_int_equal(pro_read_sequence(&reader, &size, NULL), PRO_ERR_FORMAT);
    assert_int_equal(pro_reader_left(&reader), 1);
    free(data);
}

TEST_MAIN(WITH_WRITER(a_value_cut_off_anywhere_is_refused),
        WITH_WRITER(a_value_with_any_byte_changed_is_read_in_bounds),
        WITH_WRITER(malformed_values_are_refused),
        WITH_WRITER(a_count_is_never_larger_than_the_bytes_behind_it),
        WITH_WRITER(an_unexpected_kind_is_named_and_not_consumed))
