/* SPDX-License-Identifier: Apache-2.0 */

/* What is typed into the hex view's "go to": any text, any place. The offset must lie inside. */

#include "ui/hex/expression.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HexPlace place = {0};
    uint64_t offset;
    ProError error;
    if (size < 25)
        return 0;
    memcpy(&place.size, data, 8);
    memcpy(&place.base, data + 8, 8);
    memcpy(&place.cursor, data + 16, 8);
    place.size &= INT64_MAX;
    place.cursor = place.size > 0 ? place.cursor % place.size : 0;
    place.decimal = data[24] & 1;
    char *text = strndup((const char *)data + 25, size - 25);
    if (text == NULL)
        return 0;
    if (hex_expression_offset(text, &place, &offset, &error) == PRO_OK && offset > 0 &&
            offset >= place.size)
        abort();
    free(text);
    return 0;
}
