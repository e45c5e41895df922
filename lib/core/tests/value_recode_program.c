/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads encoded values on stdin until its end and writes each, read and encoded again, to stdout:
 * for comparing with another implementation of MessagePack. Exit status 1 and a line on stderr for
 * bytes that are refused.
 */

#include "core/buffer.h"
#include "support/value_recode.h"

#include <stdio.h>

static bool read_all(Buffer *input)
{
    size_t count = 0;
    do {
        input->size += count;
        if (!buffer_reserve(input, 65536))
            return false;
        count = fread(input->data + input->size, 1, 65536, stdin);
    } while (count > 0);
    return ferror(stdin) == 0;
}

static ProStatus recode_all(const Buffer *input, ProWriter *writer, ProError *reterr)
{
    ProReader checked;
    ProReader reader;
    pro_reader_init(&checked, input->data, input->size);
    pro_reader_init(&reader, input->data, input->size);
    while (pro_reader_left(&reader) > 0) {
        ProStatus status = pro_read_skip(&checked, reterr);
        if (status == PRO_OK)
            status = value_recode(&reader, writer, reterr);
        if (status != PRO_OK)
            return status;
    }
    return PRO_OK;
}

int main(void)
{
    Buffer input = {0};
    ProWriter *writer = pro_writer_new();
    ProError error = {.text = "no memory or no input"};
    const void *data;
    size_t size;
    bool succeeded = writer != NULL && read_all(&input) &&
                     recode_all(&input, writer, &error) == PRO_OK &&
                     pro_writer_data(writer, &data, &size) == PRO_OK &&
                     fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0;
    if (!succeeded)
        (void)fprintf(stderr, "%s\n", error.text);
    pro_writer_free(writer);
    buffer_fini(&input);
    return succeeded ? 0 : 1;
}
