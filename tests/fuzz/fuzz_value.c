/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Values come from workers, which may run hostile code: arguments, results, messages. What is
 * accepted must be readable to the end, and what is written again must be accepted and stay as it
 * is when written once more. Input: encoded bytes, any size.
 */

#include "support/value_recode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Returns a copy of the encoded bytes of the value read from data. */
static uint8_t *recode(const void *data, size_t size, size_t *ret_size)
{
    ProWriter *writer = pro_writer_new();
    must(writer != NULL);
    ProReader reader;
    pro_reader_init(&reader, data, size);
    must(value_recode(&reader, writer, NULL) == PRO_OK);
    must(pro_reader_left(&reader) == 0);
    const void *lent;
    must(pro_writer_data(writer, &lent, ret_size) == PRO_OK);
    uint8_t *copy = malloc(*ret_size);
    must(copy != NULL);
    memcpy(copy, lent, *ret_size);
    pro_writer_free(writer);
    return copy;
}

/* Unchecked, as by a caller who trusts the sender: bounded all the same. */
static void read_unchecked(const uint8_t *data, size_t size)
{
    ProReader reader;
    pro_reader_init(&reader, data, size);
    ProValue value;
    while (pro_read(&reader, &value, NULL) == PRO_OK) {
        const uint8_t *bytes = value.data;
        must(value.size <= size && value.count <= pro_reader_left(&reader));
        must(bytes == NULL || (bytes >= data && bytes + value.size <= data + size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProError error;
    read_unchecked(data, size);
    if (pro_value_check(data, size, &error) != PRO_OK)
        return 0;
    size_t once_size;
    uint8_t *once = recode(data, size, &once_size);
    must(pro_value_check(once, once_size, &error) == PRO_OK);
    size_t twice_size;
    uint8_t *twice = recode(once, once_size, &twice_size);
    must(once_size == twice_size && memcmp(once, twice, once_size) == 0);
    free(once);
    free(twice);
    return 0;
}
