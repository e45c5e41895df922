/* SPDX-License-Identifier: Apache-2.0 */

/* What is written comes back; the writer's failures. */

#include "core/tests/value_fixture.h"
#include "support/value_recode.h"

#include <math.h>

/* Linked with --wrap=realloc: no memory from the given call on; negative: never. */
static int reallocs_left = -1;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (reallocs_left == 0)
        return NULL;
    if (reallocs_left > 0)
        reallocs_left--;
    return __real_realloc(memory, size);
}
/* ---- integers, floats, nil, booleans ---- */

static void expect_int(ProWriter *writer, int64_t number, size_t size, uint8_t first)
{
    pro_write_int(writer, number);
    ProValue value = only_value(writer, size, first);
    assert_int_equal(value.kind, PRO_VALUE_INT);
    assert_true(value.integer == number);
}

static void integers_take_the_fewest_bytes(void **state)
{
    ProWriter *writer = *state;
    expect_int(writer, 0, 1, 0x00);
    expect_int(writer, 127, 1, 0x7F);
    expect_int(writer, 128, 2, VALUE_UINT_8);
    expect_int(writer, 255, 2, VALUE_UINT_8);
    expect_int(writer, 256, 3, VALUE_UINT_16);
    expect_int(writer, 32767, 3, VALUE_UINT_16);
    expect_int(writer, 32768, 3, VALUE_UINT_16);
    expect_int(writer, 65535, 3, VALUE_UINT_16);
    expect_int(writer, 65536, 5, VALUE_UINT_32);
    expect_int(writer, INT32_MAX, 5, VALUE_UINT_32);
    expect_int(writer, UINT32_MAX, 5, VALUE_UINT_32);
    expect_int(writer, (int64_t)UINT32_MAX + 1, 9, VALUE_UINT_64);
    expect_int(writer, INT64_MAX, 9, VALUE_UINT_64);
    expect_int(writer, -1, 1, 0xFF);
    expect_int(writer, -32, 1, 0xE0);
    expect_int(writer, -33, 2, VALUE_INT_8);
    expect_int(writer, -128, 2, VALUE_INT_8);
    expect_int(writer, -129, 3, VALUE_INT_16);
    expect_int(writer, -32768, 3, VALUE_INT_16);
    expect_int(writer, -32769, 5, VALUE_INT_32);
    expect_int(writer, INT32_MIN, 5, VALUE_INT_32);
    expect_int(writer, (int64_t)INT32_MIN - 1, 9, VALUE_INT_64);
    expect_int(writer, INT64_MIN, 9, VALUE_INT_64);
}

static void unsigned_integers_come_back(void **state)
{
    ProWriter *writer = *state;
    pro_write_uint(writer, INT64_MAX);
    ProValue value = only_value(writer, 9, VALUE_UINT_64);
    assert_int_equal(value.kind, PRO_VALUE_INT);
    assert_true(value.integer == INT64_MAX);
    pro_write_uint(writer, (uint64_t)INT64_MAX + 1);
    value = only_value(writer, 9, VALUE_UINT_64);
    assert_int_equal(value.kind, PRO_VALUE_UINT);
    assert_true(value.unsigned_integer == (uint64_t)INT64_MAX + 1);
    pro_write_uint(writer, UINT64_MAX);
    value = only_value(writer, 9, VALUE_UINT_64);
    assert_int_equal(value.kind, PRO_VALUE_UINT);
    assert_true(value.unsigned_integer == UINT64_MAX);
    pro_write_uint(writer, 5);
    value = only_value(writer, 1, 5);
    assert_true(value.integer == 5);
}

static void big_integers_come_back_and_small_ones_are_no_big_ones(void **state)
{
    ProWriter *writer = *state;
    const uint8_t beyond[] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}; /* 2^64 with leading zeros */
    for (int negative = 0; negative < 2; negative++) {
        pro_write_big_int(writer, negative, beyond, sizeof beyond);
        ProValue value = only_value(writer, 3 + 10, VALUE_EXT_8);
        assert_int_equal(value.kind, PRO_VALUE_BIG_INT);
        assert_int_equal(value.negative, negative);
        assert_int_equal(value.size, 9);
    }
    pro_write_big_int(writer, false, beyond, 10); /* 2^56 */
    ProValue value = only_value(writer, 9, VALUE_UINT_64);
    assert_true(value.integer == (int64_t)1 << 56);
    pro_write_big_int(writer, true, NULL, 0);
    value = only_value(writer, 1, 0);
    assert_int_equal(value.kind, PRO_VALUE_INT);
    const uint8_t lowest[] = {0x80, 0, 0, 0, 0, 0, 0, 0};
    pro_write_big_int(writer, true, lowest, sizeof lowest);
    value = only_value(writer, 9, VALUE_INT_64);
    assert_true(value.integer == INT64_MIN);
    pro_write_big_int(writer, false, lowest, sizeof lowest);
    value = only_value(writer, 9, VALUE_UINT_64);
    assert_int_equal(value.kind, PRO_VALUE_UINT);
    const uint8_t below_lowest[] = {0x80, 0, 0, 0, 0, 0, 0, 1};
    pro_write_big_int(writer, true, below_lowest, sizeof below_lowest);
    value = only_value(writer, 3 + 9, VALUE_EXT_8);
    assert_int_equal(value.kind, PRO_VALUE_BIG_INT);
    assert_int_equal(value.size, 8);
}

static void big_integers_of_every_ext_size_come_back(void **state)
{
    ProWriter *writer = *state;
    const size_t sizes[] = {9, 14, 15, 16, 254, 255, 256, 65535, 65536, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *magnitude = malloc(sizes[i]);
        assert_non_null(magnitude);
        memset(magnitude, 0xA5, sizes[i]);
        pro_write_big_int(writer, true, magnitude, sizes[i]);
        size_t size;
        uint8_t *data = encoded(writer, &size);
        assert_int_equal(pro_value_check(data, size, NULL), PRO_OK);
        ProReader reader;
        pro_reader_init(&reader, data, size);
        ProValue value;
        assert_int_equal(pro_read(&reader, &value, NULL), PRO_OK);
        assert_int_equal(value.kind, PRO_VALUE_BIG_INT);
        assert_true(value.negative);
        assert_int_equal(value.size, sizes[i]);
        assert_memory_equal(value.data, magnitude, sizes[i]);
        pro_writer_clear(writer);
        free(data);
        free(magnitude);
    }
}

static void floats_nil_and_booleans_come_back(void **state)
{
    ProWriter *writer = *state;
    const double numbers[] = {0.0, -0.0, 1.5, -1e308, 5e-324, (double)INFINITY, (double)NAN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        pro_write_double(writer, numbers[i]);
        ProValue value = only_value(writer, 9, VALUE_FLOAT_64);
        assert_int_equal(value.kind, PRO_VALUE_DOUBLE);
        assert_memory_equal(&value.number, &numbers[i], sizeof(double));
    }
    pro_write_nil(writer);
    assert_int_equal(only_value(writer, 1, VALUE_NIL).kind, PRO_VALUE_NIL);
    for (int boolean = 0; boolean < 2; boolean++) {
        pro_write_bool(writer, boolean);
        ProValue value = only_value(writer, 1, boolean ? VALUE_TRUE : VALUE_FALSE);
        assert_int_equal(value.kind, PRO_VALUE_BOOL);
        assert_int_equal(value.boolean, boolean);
    }
}

static void encodings_that_are_not_the_shortest_are_read(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[9];
        size_t size;
        int64_t number;
    } cases[] = {
            {{VALUE_UINT_64, 0, 0, 0, 0, 0, 0, 0, 5}, 9, 5},
            {{VALUE_UINT_32, 0, 0, 0, 5}, 5, 5},
            {{VALUE_INT_8, 5}, 2, 5},
            {{VALUE_INT_16, 0xFF, 0xFF}, 3, -1},
            {{VALUE_INT_32, 0x80, 0, 0, 0}, 5, INT32_MIN},
            {{VALUE_INT_64, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE}, 9, -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ProReader reader;
        pro_reader_init(&reader, cases[i].bytes, cases[i].size);
        int64_t number;
        assert_int_equal(pro_read_int(&reader, &number, NULL), PRO_OK);
        assert_true(number == cases[i].number);
        assert_int_equal(pro_reader_left(&reader), 0);
    }
    const uint8_t narrow[] = {VALUE_FLOAT_32, 0xBF, 0xC0, 0, 0};
    ProReader reader;
    pro_reader_init(&reader, narrow, sizeof narrow);
    ProValue value;
    assert_int_equal(pro_read(&reader, &value, NULL), PRO_OK);
    assert_int_equal(value.kind, PRO_VALUE_DOUBLE);
    assert_true(value.number == -1.5);
}

/* ---- sizes ---- */

static const size_t boundary_sizes[] = {
        0, 1, 15, 16, 31, 32, 255, 256, 32767, 32768, 65535, 65536, 65537};
#define BOUNDARY_COUNT (sizeof boundary_sizes / sizeof boundary_sizes[0])

static size_t text_head_bytes(size_t size)
{
    return size <= 31 ? 1 : size <= 255 ? 2 : size <= 65535 ? 3 : 5;
}

static size_t bytes_head_bytes(size_t size)
{
    return size <= 255 ? 2 : size <= 65535 ? 3 : 5;
}

static void text_and_bytes_of_boundary_sizes_come_back(void **state)
{
    ProWriter *writer = *state;
    for (size_t i = 0; i < BOUNDARY_COUNT; i++) {
        size_t size = boundary_sizes[i];
        char *content = malloc(size + 1);
        assert_non_null(content);
        memset(content, 'x', size + 1);
        pro_write_text(writer, size > 0 ? content : NULL, size);
        pro_write_bytes(writer, size > 0 ? content : NULL, size);
        pro_write_bytes_borrowed(writer, size > 0 ? content : NULL, size);
        assert_int_equal(pro_writer_size(writer),
                text_head_bytes(size) + 2 * bytes_head_bytes(size) + 3 * size);
        size_t total;
        uint8_t *data = encoded(writer, &total);
        ProReader reader;
        pro_reader_init(&reader, data, total);
        const char *text;
        const void *bytes;
        size_t got;
        assert_int_equal(pro_read_text(&reader, &text, &got, NULL), PRO_OK);
        assert_int_equal(got, size);
        assert_memory_equal(text, content, size);
        for (int kind = 0; kind < 2; kind++) {
            assert_int_equal(pro_read_bytes(&reader, &bytes, &got, NULL), PRO_OK);
            assert_int_equal(got, size);
            assert_memory_equal(bytes, content, size);
        }
        assert_int_equal(pro_reader_left(&reader), 0);
        pro_writer_clear(writer);
        free(data);
        free(content);
    }
}

typedef void WriteContainer(ProWriter *writer, size_t count);

static void expect_container(
        ProWriter *writer, WriteContainer *write, ProValueKind kind, size_t count)
{
    size_t values = kind == PRO_VALUE_MAP ? 2 * count : count;
    write(writer, count);
    for (size_t i = 0; i < values; i++)
        pro_write_int(writer, (int64_t)i);
    pro_write_end(writer);
    pro_write_nil(writer); /* what follows is found again */
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(pro_value_check(data, size - 1, NULL), PRO_OK);
    ProReader reader;
    pro_reader_init(&reader, data, size);
    assert_int_equal(pro_read_skip(&reader, NULL), PRO_OK);
    assert_int_equal(pro_reader_left(&reader), 1);
    pro_reader_init(&reader, data, size);
    ProValue value;
    assert_int_equal(pro_read(&reader, &value, NULL), PRO_OK);
    assert_int_equal(value.kind, kind);
    assert_int_equal(value.count, count);
    for (size_t i = 0; i < values; i++) {
        int64_t number;
        assert_int_equal(pro_read_int(&reader, &number, NULL), PRO_OK);
        assert_true(number == (int64_t)i);
    }
    assert_int_equal(pro_reader_left(&reader), 1);
    pro_writer_clear(writer);
    free(data);
}

static void containers_of_boundary_sizes_come_back(void **state)
{
    for (size_t i = 0; i < BOUNDARY_COUNT; i++) {
        expect_container(*state, pro_write_list, PRO_VALUE_LIST, boundary_sizes[i]);
        expect_container(*state, pro_write_tuple, PRO_VALUE_TUPLE, boundary_sizes[i]);
        expect_container(*state, pro_write_variant_list, PRO_VALUE_VARIANT_LIST, boundary_sizes[i]);
        expect_container(*state, pro_write_map, PRO_VALUE_MAP, boundary_sizes[i]);
    }
}

/* Payloads of every size around the changes of the ext head. */
static void tuples_have_the_shortest_head_up_to_255_bytes(void **state)
{
    ProWriter *writer = *state;
    for (size_t payload = 1; payload <= 300; payload++) {
        bool is_fix = payload == 1 || payload == 2 || payload == 4 || payload == 8 || payload == 16;
        size_t head = is_fix ? 2 : payload <= 255 ? 3 : 6;
        size_t count = payload <= 16 ? payload - 1 : payload - 3;
        if (payload == 17 || payload == 18)
            continue; /* 15 values take 16 bytes, 16 take 19 */
        pro_write_tuple(writer, count);
        for (size_t i = 0; i < count; i++)
            pro_write_int(writer, (int64_t)(i % 100));
        pro_write_end(writer);
        size_t size;
        uint8_t *data = encoded(writer, &size);
        assert_int_equal(size, head + payload);
        assert_int_equal(pro_value_check(data, size, NULL), PRO_OK);
        pro_writer_clear(writer);
        free(data);
    }
}

/* ---- depth ---- */

static void nest(ProWriter *writer, size_t depth)
{
    static WriteContainer *const writes[] = {
            pro_write_list, pro_write_tuple, pro_write_variant_list};
    for (size_t i = 0; i < depth; i++)
        writes[i % 3](writer, 1);
    pro_write_nil(writer);
    for (size_t i = 0; i < depth; i++)
        pro_write_end(writer);
}

static void depth_is_limited_on_both_sides(void **state)
{
    ProWriter *writer = *state;
    nest(writer, PRO_VALUE_DEPTH_MAX);
    assert_int_equal(pro_writer_status(writer), PRO_OK);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(pro_value_check(data, size, NULL), PRO_OK);
    uint8_t *deeper = malloc(size + 1);
    assert_non_null(deeper);
    deeper[0] = VALUE_FIX_LIST | 1;
    memcpy(deeper + 1, data, size);
    ProError error = {0};
    assert_int_equal(pro_value_check(deeper, size + 1, &error), PRO_ERR_LIMIT);
    assert_non_null(strstr(error.text, "offset"));
    free(deeper);
    free(data);
    pro_writer_clear(writer);
    nest(writer, PRO_VALUE_DEPTH_MAX + 1);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
    const void *lent;
    assert_int_equal(pro_writer_data(writer, &lent, &size), PRO_ERR_LIMIT);
}

/* ---- the writer's failures ---- */

static void wrong_nesting_is_refused(void **state)
{
    ProWriter *writer = *state;
    const void *data;
    size_t size;
    pro_write_end(writer);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_INVALID);
    pro_writer_clear(writer);
    pro_write_tuple(writer, 2);
    pro_write_nil(writer);
    pro_write_end(writer);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_INVALID);
    pro_writer_clear(writer);
    pro_write_map(writer, 1);
    for (int i = 0; i < 3; i++)
        pro_write_nil(writer);
    pro_write_end(writer);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_INVALID);
    pro_writer_clear(writer);
    pro_write_list(writer, 0);
    assert_int_equal(pro_writer_status(writer), PRO_OK);
    assert_int_equal(pro_writer_data(writer, &data, &size), PRO_ERR_INVALID);
    pro_writer_clear(writer);
    pro_write_list(writer, 0);
    assert_null(value_writer_segments(writer, &size));
    assert_int_equal(size, 0);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_INVALID);
}

static void what_the_format_cannot_hold_is_refused(void **state)
{
    ProWriter *writer = *state;
    const size_t huge = (size_t)UINT32_MAX + 1;
    WriteContainer *const writes[] = {
            pro_write_list, pro_write_tuple, pro_write_variant_list, pro_write_map};
    for (size_t i = 0; i < 4; i++) {
        writes[i](writer, huge);
        assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
        pro_writer_clear(writer);
        writes[i](writer, UINT32_MAX);
        assert_int_equal(pro_writer_status(writer), PRO_OK);
        pro_writer_clear(writer);
    }
    /* Refused by their size, before anything is read. */
    pro_write_text(writer, "", huge);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
    pro_writer_clear(writer);
    pro_write_bytes(writer, "", huge);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
    pro_writer_clear(writer);
    pro_write_bytes_borrowed(writer, "", huge);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
    pro_writer_clear(writer);
    pro_write_big_int(writer, false, "\1", UINT32_MAX);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
    /* A tuple whose payload outgrows its ext head; borrowed bytes are not touched. */
    pro_writer_clear(writer);
    pro_write_tuple(writer, 2);
    pro_write_bytes_borrowed(writer, "", UINT32_MAX / 2);
    pro_write_bytes_borrowed(writer, "", UINT32_MAX / 2 + 1);
    pro_write_end(writer);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_LIMIT);
}

static void the_first_failure_stays_until_the_writer_is_cleared(void **state)
{
    ProWriter *writer = *state;
    pro_write_int(writer, 1);
    pro_write_end(writer); /* INVALID */
    size_t size = pro_writer_size(writer);
    pro_write_text(writer, "", (size_t)UINT32_MAX + 1); /* LIMIT */
    pro_write_int(writer, 1);
    pro_write_bytes_borrowed(writer, "", VALUE_WRITER_BORROW_BYTES);
    pro_write_list(writer, 1);
    pro_write_encoded(writer, "\1", 1);
    assert_int_equal(pro_writer_status(writer), PRO_ERR_INVALID);
    assert_int_equal(pro_writer_size(writer), size);
    pro_writer_clear(writer);
    assert_int_equal(pro_writer_status(writer), PRO_OK);
    expect_int(writer, 7, 1, 7);
}

static void no_memory_is_a_failure_and_no_crash(void **state)
{
    static uint8_t large[VALUE_WRITER_BORROW_BYTES];
    for (int calls = 0; calls < 6; calls++) {
        ProWriter *writer = *state;
        reallocs_left = calls;
        pro_write_tuple(writer, 2);
        pro_write_bytes_borrowed(writer, large, sizeof large);
        pro_write_bytes(writer, large, 1000);
        pro_write_end(writer);
        const void *data;
        size_t size;
        ProStatus status = pro_writer_data(writer, &data, &size);
        reallocs_left = -1;
        /* Own bytes, borrows, segments, own bytes again, the assembled whole. */
        assert_int_equal(status, calls < 5 ? PRO_ERR_NO_MEMORY : PRO_OK);
        pro_writer_free(writer);
        *state = pro_writer_new();
        assert_non_null(*state);
    }
}

/* ---- borrowed bytes ---- */

static void borrowed_bytes_are_not_copied(void **state)
{
    ProWriter *writer = *state;
    static uint8_t large[100000];
    memset(large, 0x5A, sizeof large);
    size_t count;
    assert_null(value_writer_segments(writer, &count));
    assert_int_equal(count, 0);
    pro_write_tuple(writer, 3);
    pro_write_bytes_borrowed(writer, large, sizeof large);
    pro_write_bytes_borrowed(writer, large, VALUE_WRITER_BORROW_BYTES - 1);
    pro_write_tuple(writer, 1);
    pro_write_bytes_borrowed(writer, large, VALUE_WRITER_BORROW_BYTES);
    pro_write_end(writer);
    pro_write_end(writer);
    const struct iovec *segments = value_writer_segments(writer, &count);
    assert_int_equal(count, 4);
    assert_ptr_equal(segments[1].iov_base, large);
    assert_int_equal(segments[1].iov_len, sizeof large);
    assert_ptr_equal(segments[3].iov_base, large);
    assert_int_equal(segments[3].iov_len, VALUE_WRITER_BORROW_BYTES);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    const void *again;
    const void *cached;
    assert_int_equal(pro_writer_data(writer, &again, &size), PRO_OK);
    assert_int_equal(pro_writer_data(writer, &cached, &size), PRO_OK);
    assert_ptr_equal(again, cached);
    assert_int_equal(pro_value_check(data, size, NULL), PRO_OK);
    size_t offset = 0;
    for (size_t i = 0; i < count; offset += segments[i++].iov_len)
        assert_memory_equal(data + offset, segments[i].iov_base, segments[i].iov_len);
    assert_int_equal(offset, size);
    free(data);
    /* Writing on after the whole was assembled. */
    pro_write_int(writer, 3);
    assert_non_null(value_writer_segments(writer, &count));
    assert_int_equal(count, 5);
    data = encoded(writer, &size);
    assert_int_equal(data[size - 1], 3);
    free(data);
}

static void clearing_forgets_the_assembled_whole(void **state)
{
    ProWriter *writer = *state;
    static uint8_t zeros[VALUE_WRITER_BORROW_BYTES];
    static uint8_t ones[VALUE_WRITER_BORROW_BYTES];
    memset(ones, 1, sizeof ones);
    const uint8_t *const contents[] = {zeros, ones};
    for (size_t i = 0; i < 2; i++) {
        pro_write_bytes_borrowed(writer, contents[i], sizeof zeros);
        size_t size;
        uint8_t *data = encoded(writer, &size);
        assert_int_equal(size, 3 + sizeof zeros);
        assert_memory_equal(data + 3, contents[i], sizeof zeros);
        free(data);
        pro_writer_clear(writer);
    }
}

static void many_borrowed_pieces_keep_their_order(void **state)
{
    ProWriter *writer = *state;
    static uint8_t large[VALUE_WRITER_BORROW_BYTES];
    const size_t pieces = 50;
    pro_write_variant_list(writer, pieces * 2);
    for (size_t i = 0; i < pieces; i++) {
        pro_write_int(writer, (int64_t)i);
        pro_write_bytes_borrowed(writer, large, sizeof large);
    }
    pro_write_end(writer);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(pro_value_check(data, size, NULL), PRO_OK);
    ProReader reader;
    pro_reader_init(&reader, data, size);
    size_t count;
    assert_int_equal(pro_read_sequence(&reader, &count, NULL), PRO_OK);
    assert_int_equal(count, pieces * 2);
    for (size_t i = 0; i < pieces; i++) {
        int64_t number;
        assert_int_equal(pro_read_int(&reader, &number, NULL), PRO_OK);
        assert_true(number == (int64_t)i);
        assert_int_equal(pro_read_skip(&reader, NULL), PRO_OK);
    }
    assert_int_equal(pro_reader_left(&reader), 0);
    free(data);
}

/* ---- the writer again ---- */

static void encoded_values_are_appended_as_they_are(void **state)
{
    ProWriter *writer = *state;
    pro_write_tuple(writer, 3);
    pro_write_int(writer, 1);
    pro_write_encoded(writer, "\x02\xA1z", 3); /* two values */
    pro_write_end(writer);
    pro_write_encoded(writer, NULL, 0);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(size, 8);
    assert_memory_equal(data, "\xC7\x05\x02\x93\x01\x02\xA1z", size);
    free(data);
}

static void a_cleared_writer_writes_the_same_again(void **state)
{
    ProWriter *writer = *state;
    write_composite(writer);
    size_t first_size;
    uint8_t *first = encoded(writer, &first_size);
    pro_writer_clear(writer);
    assert_int_equal(pro_writer_size(writer), 0);
    pro_write_tuple(writer, 5); /* left open */
    pro_writer_clear(writer);
    reallocs_left = 0; /* the memory was kept */
    write_composite(writer);
    reallocs_left = -1;
    size_t second_size;
    uint8_t *second = encoded(writer, &second_size);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
}

static void an_empty_writer_has_no_bytes(void **state)
{
    ProWriter *writer = *state;
    size_t size;
    uint8_t *data = encoded(writer, &size);
    assert_int_equal(size, 0);
    free(data);
    pro_writer_free(NULL);
}

static void recoding_gives_the_same_bytes(void **state)
{
    ProWriter *writer = *state;
    write_composite(writer);
    size_t size;
    uint8_t *data = encoded(writer, &size);
    pro_writer_clear(writer);
    ProReader reader;
    pro_reader_init(&reader, data, size);
    assert_int_equal(value_recode(&reader, writer, NULL), PRO_OK);
    size_t again_size;
    uint8_t *again = encoded(writer, &again_size);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, data, size);
    free(again);
    free(data);
}

TEST_MAIN(WITH_WRITER(integers_take_the_fewest_bytes), WITH_WRITER(unsigned_integers_come_back),
        WITH_WRITER(big_integers_come_back_and_small_ones_are_no_big_ones),
        WITH_WRITER(big_integers_of_every_ext_size_come_back),
        WITH_WRITER(floats_nil_and_booleans_come_back),
        WITH_WRITER(encodings_that_are_not_the_shortest_are_read),
        WITH_WRITER(text_and_bytes_of_boundary_sizes_come_back),
        WITH_WRITER(containers_of_boundary_sizes_come_back),
        WITH_WRITER(tuples_have_the_shortest_head_up_to_255_bytes),
        WITH_WRITER(depth_is_limited_on_both_sides), WITH_WRITER(wrong_nesting_is_refused),
        WITH_WRITER(what_the_format_cannot_hold_is_refused),
        WITH_WRITER(the_first_failure_stays_until_the_writer_is_cleared),
        WITH_WRITER(no_memory_is_a_failure_and_no_crash),
        WITH_WRITER(borrowed_bytes_are_not_copied),
        WITH_WRITER(clearing_forgets_the_assembled_whole),
        WITH_WRITER(many_borrowed_pieces_keep_their_order),
        WITH_WRITER(encoded_values_are_appended_as_they_are),
        WITH_WRITER(a_cleared_writer_writes_the_same_again),
        WITH_WRITER(an_empty_writer_has_no_bytes), WITH_WRITER(recoding_gives_the_same_bytes))
