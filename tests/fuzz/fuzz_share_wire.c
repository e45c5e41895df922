/* SPDX-License-Identifier: Apache-2.0 */

/* Both payloads of shared containers. An accepted answer's tail must lie in the bytes; an accepted
 * question must come out the same when it is written again. */

#include "core/buffer.h"
#include "mp/share_wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(Buffer *written, const uint8_t *data, size_t size)
{
    if (written->size > size || memcmp(written->data, data, written->size) != 0)
        abort();
    buffer_fini(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ShareAnswer answer;
    ShareRead question;
    Buffer written = {0};
    if (share_answer_read(data, size, &answer, NULL) == PRO_OK) {
        if (answer.tail_size > size)
            abort();
        for (size_t i = 0; i < answer.tail_size;
                i++) /* a sanitizer sees every byte that is not there */
            (void)*(volatile const uint8_t *)(answer.tail + i);
    }
    if (share_read_read(data, size, &question, NULL) == PRO_OK) {
        share_read_write(&written, &question);
        expect_same(&written, data, size);
    }
    return 0;
}
