/* SPDX-License-Identifier: Apache-2.0 */

/* .eh_frame (Linux Standard Base, 10.6.1): only where functions begin and end. */

#include "code_ranges.h"

#include <string.h>

enum {
    FORMAT_MASK = 0x0F,
    FORMAT_POINTER = 0x00,
    FORMAT_U2 = 0x02,
    FORMAT_U4 = 0x03,
    FORMAT_U8 = 0x04,
    FORMAT_S2 = 0x0A,
    FORMAT_S4 = 0x0B,
    FORMAT_S8 = 0x0C,
    RELATION_MASK = 0x70,
    RELATION_NONE = 0x00,
    RELATION_PLACE = 0x10
};

typedef struct Reader {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* at `size` and beyond: everything reads as 0 */
    uint64_t address;
    bool wide;
} Reader;

static uint64_t read_integer(Reader *reader, unsigned size)
{
    uint64_t value = 0;
    if (reader->at > reader->size || reader->size - reader->at < size) {
        reader->at = reader->size;
        return 0;
    }
    memcpy(&value, reader->bytes + reader->at, size);
    reader->at += size;
    return value;
}

static uint64_t read_uleb(Reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; reader->at < reader->size; shift += 7) {
        uint8_t byte = reader->bytes[reader->at++];
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0)
            break;
    }
    return value;
}

static uint64_t read_encoded(Reader *reader, unsigned encoding, bool *ret_known)
{
    uint64_t place = reader->address + reader->at;
    uint64_t value;
    switch (encoding & FORMAT_MASK) {
    case FORMAT_POINTER:
        value = read_integer(reader, reader->wide ? 8 : 4);
        break;
    case FORMAT_U2:
        value = read_integer(reader, 2);
        break;
    case FORMAT_S2:
        value = (uint64_t)(int16_t)read_integer(reader, 2);
        break;
    case FORMAT_U4:
        value = read_integer(reader, 4);
        break;
    case FORMAT_S4:
        value = (uint64_t)(int32_t)read_integer(reader, 4);
        break;
    case FORMAT_U8:
    case FORMAT_S8:
        value = read_integer(reader, 8);
        break;
    default:
        *ret_known = false;
        return 0;
    }
    if ((encoding & RELATION_MASK) == RELATION_PLACE)
        value += place;
    else if ((encoding & RELATION_MASK) != RELATION_NONE)
        *ret_known = false;
    return reader->wide ? value : (uint32_t)value;
}

/* The encoding of addresses that a common information entry at `at` asks for; -1: not known. */
static int address_encoding(const Reader *section, size_t at)
{
    Reader reader = *section;
    reader.at = at;
    uint64_t length = read_integer(&reader, 4);
    if (length == UINT32_MAX || read_integer(&reader, 4) != 0)
        return -1;
    unsigned version = (unsigned)read_integer(&reader, 1);
    const char *augmentation = (const char *)reader.bytes + reader.at;
    size_t most = reader.size - reader.at, letters = strnlen(augmentation, most);
    if (letters == most || (letters > 0 && augmentation[0] != 'z'))
        return letters == most ? -1 : FORMAT_POINTER;
    reader.at += letters + 1;
    (void)read_uleb(&reader); /* code alignment */
    (void)read_uleb(&reader); /* data alignment, signed; its length is what counts */
    if (version == 1)
        (void)read_integer(&reader, 1);
    else
        (void)read_uleb(&reader); /* return address register */
    if (letters > 0)
        (void)read_uleb(&reader); /* size of what follows */
    for (size_t i = 1; i < letters; i++) {
        bool known = true;
        if (augmentation[i] == 'R')
            return (int)read_integer(&reader, 1);
        if (augmentation[i] == 'P')
            (void)read_encoded(&reader, (unsigned)read_integer(&reader, 1), &known);
        else if (augmentation[i] == 'L')
            (void)read_integer(&reader, 1);
        if (!known)
            return -1;
    }
    return FORMAT_POINTER;
}

void eh_frame_read(const uint8_t *bytes, size_t size, uint64_t address, bool wide, CodeRangeFn *add,
        void *data)
{
    Reader reader = {.bytes = bytes, .size = size, .address = address, .wide = wide};
    size_t last_common = SIZE_MAX;
    int encoding = -1;
    while (reader.at < size) {
        uint64_t length = read_integer(&reader, 4);
        size_t begin = reader.at;
        if (length == UINT32_MAX)
            return; /* 64-bit entries are not used by compilers */
        if (length == 0)
            continue; /* an end mark, also in the middle of joined sections */
        uint64_t back = read_integer(&reader, 4);
        if (back != 0 && back <= begin) {
            size_t common = begin - (size_t)back;
            bool known = true;
            if (common != last_common)
                encoding = address_encoding(&reader, common);
            last_common = common;
            uint64_t first = encoding < 0 ? 0 : read_encoded(&reader, (unsigned)encoding, &known);
            uint64_t count =
                    encoding < 0 ? 0 : read_encoded(&reader, encoding & FORMAT_MASK, &known);
            if (encoding >= 0 && known && count > 0)
                add(data, first, count);
        }
        if (length > size - begin)
            return;
        reader.at = begin + (size_t)length;
    }
}
