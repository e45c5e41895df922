/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_COPY_H
#define UI_HEX_COPY_H

#include <stddef.h>
#include <stdint.h>

/* Bytes as text for the clipboard. */

typedef enum HexCopyFormat {
    HEX_COPY_HEX,    /* 4D 5A 90 00 */
    HEX_COPY_C,      /* const unsigned char data[4] = {\n    0x4D, ... */
    HEX_COPY_PYTHON, /* data = (\n    b"MZ\x90\x00"\n) */
    HEX_COPY_TEXT,   /* what the text column shows: . for what cannot be printed */
    HEX_COPY_FORMATS
} HexCopyFormat;

#define HEX_COPY_BYTES_MAX ((uint64_t)16 << 20) /* what is copied at once */

const char *hex_copy_name(HexCopyFormat format); /* "Hex", "C array", ... */
/* NUL-terminated, freed with free(); NULL without memory. */
char *hex_copy_text(HexCopyFormat format, const uint8_t *data, size_t size);

#endif
