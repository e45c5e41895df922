/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VALUE_FORMAT_H
#define CORE_VALUE_FORMAT_H

/* The first bytes of MessagePack values, and promp's own ext types. */
enum {
    VALUE_FIX_UINT_MAX = 0x7F,
    VALUE_FIX_MAP = 0x80,
    VALUE_FIX_LIST = 0x90,
    VALUE_FIX_TEXT = 0xA0,
    VALUE_NIL = 0xC0, /* 0xC1 is never used */
    VALUE_FALSE = 0xC2,
    VALUE_TRUE = 0xC3,
    VALUE_BYTES_8 = 0xC4,
    VALUE_BYTES_16 = 0xC5,
    VALUE_BYTES_32 = 0xC6,
    VALUE_EXT_8 = 0xC7,
    VALUE_EXT_16 = 0xC8,
    VALUE_EXT_32 = 0xC9,
    VALUE_FLOAT_32 = 0xCA,
    VALUE_FLOAT_64 = 0xCB,
    VALUE_UINT_8 = 0xCC,
    VALUE_UINT_16 = 0xCD,
    VALUE_UINT_32 = 0xCE,
    VALUE_UINT_64 = 0xCF,
    VALUE_INT_8 = 0xD0,
    VALUE_INT_16 = 0xD1,
    VALUE_INT_32 = 0xD2,
    VALUE_INT_64 = 0xD3,
    VALUE_FIX_EXT_1 = 0xD4,
    VALUE_FIX_EXT_2 = 0xD5,
    VALUE_FIX_EXT_4 = 0xD6,
    VALUE_FIX_EXT_8 = 0xD7,
    VALUE_FIX_EXT_16 = 0xD8,
    VALUE_TEXT_8 = 0xD9,
    VALUE_TEXT_16 = 0xDA,
    VALUE_TEXT_32 = 0xDB,
    VALUE_LIST_16 = 0xDC,
    VALUE_LIST_32 = 0xDD,
    VALUE_MAP_16 = 0xDE,
    VALUE_MAP_32 = 0xDF,
    VALUE_FIX_INT_MIN = 0xE0
};

enum {
    VALUE_FIX_CONTAINER_MAX = 15, /* elements or pairs in a fixarray, fixmap */
    VALUE_FIX_TEXT_MAX = 31       /* bytes in a fixstr */
};

enum {
    /* A sign byte (0: not negative, 1: negative), then the magnitude: big-endian, no leading zero,
     * and too large for int64 and uint64, so that every integer has one kind. */
    VALUE_EXT_BIG_INT = 1,
    VALUE_EXT_TUPLE = 2,        /* one encoded array, to the payload's last byte */
    VALUE_EXT_VARIANT_LIST = 3, /* the same */
    /* A ProContainer beside the value: its index, u32 big-endian. */
    VALUE_EXT_CONTAINER = 4
};

#endif
