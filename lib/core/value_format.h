/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VALUE_FORMAT_H
#define CORE_VALUE_FORMAT_H

/* MessagePack's first bytes and our ext types; shared by value_writer.c and value_reader.c. Source:
 * the MessagePack specification of 2013, section "Formats". */

enum {
    MSGPACK_FIXMAP = 0x80,
    MSGPACK_FIXARRAY = 0x90,
    MSGPACK_FIXSTR = 0xA0,
    MSGPACK_NIL = 0xC0,
    MSGPACK_NEVER = 0xC1,
    MSGPACK_FALSE = 0xC2,
    MSGPACK_TRUE = 0xC3,
    MSGPACK_BIN8 = 0xC4,
    MSGPACK_BIN16 = 0xC5,
    MSGPACK_BIN32 = 0xC6,
    MSGPACK_EXT8 = 0xC7,
    MSGPACK_EXT16 = 0xC8,
    MSGPACK_EXT32 = 0xC9,
    MSGPACK_FLOAT32 = 0xCA,
    MSGPACK_FLOAT64 = 0xCB,
    MSGPACK_UINT8 = 0xCC,
    MSGPACK_UINT16 = 0xCD,
    MSGPACK_UINT32 = 0xCE,
    MSGPACK_UINT64 = 0xCF,
    MSGPACK_INT8 = 0xD0,
    MSGPACK_INT16 = 0xD1,
    MSGPACK_INT32 = 0xD2,
    MSGPACK_INT64 = 0xD3,
    MSGPACK_FIXEXT1 = 0xD4,
    MSGPACK_FIXEXT2 = 0xD5,
    MSGPACK_FIXEXT4 = 0xD6,
    MSGPACK_FIXEXT8 = 0xD7,
    MSGPACK_FIXEXT16 = 0xD8,
    MSGPACK_STR8 = 0xD9,
    MSGPACK_STR16 = 0xDA,
    MSGPACK_STR32 = 0xDB,
    MSGPACK_ARRAY16 = 0xDC,
    MSGPACK_ARRAY32 = 0xDD,
    MSGPACK_MAP16 = 0xDE,
    MSGPACK_MAP32 = 0xDF,
    MSGPACK_NEGATIVE_FIXINT = 0xE0,
};

enum {
    EXT_BIG_INT = 1, /* a sign byte (0 or 1), then the magnitude, big-endian, at least 9 bytes or
                        not fitting 64 bits */
    EXT_TUPLE = 2,   /* one encoded array */
    EXT_VARIANT_LIST = 3, /* one encoded array */
};

#endif
