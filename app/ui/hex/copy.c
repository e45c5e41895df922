/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { C_BYTES_A_LINE = 12, PYTHON_BYTES_A_LINE = 24, CHARACTERS_A_BYTE_MAX = 8, FRAME_BYTES = 64 };

const char *hex_copy_name(HexCopyFormat format)
{
    static const char *const names[] = {"Hex", "C array", "Python bytes", "Text"};
    return format < HEX_COPY_FORMATS ? names[format] : "";
}

static const char digits[] = "0123456789ABCDEF";

static char *put_hex(char *at, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            *at++ = ' ';
        *at++ = digits[data[i] >> 4];
        *at++ = digits[data[i] & 15];
    }
    return at;
}

static char *put_c(char *at, const uint8_t *data, size_t size)
{
    at += sprintf(at, "const unsigned char data[%zu] = {", size);
    for (size_t i = 0; i < size; i++)
        at += sprintf(at, "%s0x%02X,", i % C_BYTES_A_LINE == 0 ? "\n    " : " ", data[i]);
    return at + sprintf(at, "\n};\n");
}

static char *put_python(char *at, const uint8_t *data, size_t size)
{
    at += sprintf(at, "data = (");
    for (size_t i = 0; i < size; i++) {
        if (i % PYTHON_BYTES_A_LINE == 0)
            at += sprintf(at, "%s\n    b\"", i > 0 ? "\"" : "");
        if (data[i] == '"' || data[i] == '\\')
            *at++ = '\\';
        if (data[i] >= 0x20 && data[i] < 0x7F)
            *at++ = (char)data[i];
        else
            at += sprintf(at, "\\x%02x", data[i]);
    }
    return at + sprintf(at, "%s\n)\n", size > 0 ? "\"" : "b\"\"");
}

static char *put_text(char *at, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *at++ = data[i] >= 0x20 && data[i] < 0x7F ? (char)data[i] : '.';
    return at;
}

char *hex_copy_text(HexCopyFormat format, const uint8_t *data, size_t size)
{
    /* The widest is C: "0xFF," and a space a byte, four more a line. */
    char *text = malloc(size * CHARACTERS_A_BYTE_MAX + FRAME_BYTES);
    char *end = text;
    if (text == NULL)
        return NULL;
    if (format == HEX_COPY_HEX)
        end = put_hex(text, data, size);
    else if (format == HEX_COPY_C)
        end = put_c(text, data, size);
    else if (format == HEX_COPY_PYTHON)
        end = put_python(text, data, size);
    else
        end = put_text(text, data, size);
    *end = '\0';
    char *fitting = realloc(text, (size_t)(end - text) + 1);
    return fitting != NULL ? fitting : text;
}
