/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef enum Kind {
    KIND_UNSIGNED,
    KIND_SIGNED,
    KIND_FLOAT,
    KIND_BINARY,
    KIND_ULEB,
    KIND_UTF8,
    KIND_UTF16,
    KIND_UNIX_TIME,
    KIND_FILE_TIME,
    KIND_DOS_TIME,
    KIND_GUID
} Kind;

typedef struct Field {
    const char *name;
    Kind kind;
    uint8_t size;
} Field;

static const Field fields[] = {
        {"Binary", KIND_BINARY, 1},
        {"Unsigned 8", KIND_UNSIGNED, 1},
        {"Signed 8", KIND_SIGNED, 1},
        {"Unsigned 16", KIND_UNSIGNED, 2},
        {"Signed 16", KIND_SIGNED, 2},
        {"Unsigned 32", KIND_UNSIGNED, 4},
        {"Signed 32", KIND_SIGNED, 4},
        {"Unsigned 64", KIND_UNSIGNED, 8},
        {"Signed 64", KIND_SIGNED, 8},
        {"Float 16", KIND_FLOAT, 2},
        {"Float 32", KIND_FLOAT, 4},
        {"Float 64", KIND_FLOAT, 8},
        {"LEB128", KIND_ULEB, 0},
        {"UTF-8", KIND_UTF8, 0},
        {"UTF-16", KIND_UTF16, 0},
        {"UTC, Unix 32", KIND_UNIX_TIME, 4},
        {"UTC, Unix 64", KIND_UNIX_TIME, 8},
        {"UTC, FILETIME", KIND_FILE_TIME, 8},
        {"DOS time", KIND_DOS_TIME, 4},
        {"GUID", KIND_GUID, 16},
};

size_t hex_inspect_count(void)
{
    return sizeof fields / sizeof fields[0];
}

const char *hex_inspect_name(size_t field)
{
    return fields[field].name;
}

size_t hex_inspect_size(size_t field)
{
    return fields[field].size;
}

bool hex_inspect_has_order(size_t field)
{
    Kind kind = fields[field].kind;
    return fields[field].size != 1 && kind != KIND_ULEB && kind != KIND_UTF8 && kind != KIND_GUID;
}

static uint64_t read_uint(const uint8_t *data, size_t size, bool big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | data[big_endian ? i : size - 1 - i];
    return value;
}

static int64_t sign_extend(uint64_t value, size_t size)
{
    unsigned shift = (unsigned)(64 - 8 * size);
    return (int64_t)(value << shift) >> shift;
}

static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    double fraction = bits & 1023;
    double value = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 ? -value : value;
}

static void put_float(uint64_t bits, size_t size, char *ret_text)
{
    float single;
    double value;
    uint32_t low = (uint32_t)bits;
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    if (size == 2)
        value = half_value((uint16_t)bits);
    else if (size == 4)
        value = (double)single;
    static const int precision[] = {[2] = 5, [4] = 9, [8] = 17};
    (void)snprintf(ret_text, HEX_INSPECT_TEXT_BYTES, "%.*g", precision[size], value);
}

static void put_binary(uint8_t byte, char *ret_text)
{
    for (unsigned bit = 0; bit < 8; bit++)
        ret_text[bit] = byte >> (7 - bit) & 1 ? '1' : '0';
    ret_text[8] = '\0';
}

static void put_leb(const uint8_t *data, size_t size, char *ret_text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size && i < 10; i++) {
        uint64_t part = data[i] & 0x7F;
        if (i == 9 && part > 1)
            return; /* wider than 64 bits */
        value |= part << (7 * i);
        if (data[i] >> 7 == 0) {
            (void)snprintf(ret_text, HEX_INSPECT_TEXT_BYTES, "%" PRIu64 " (%zu byte%s)", value,
                    i + 1, i == 0 ? "" : "s");
            return;
        }
    }
}

/* ---- text ---- */

/* Appends one character as UTF-8; false if it is no printable one, or if there is no room. */
static bool put_character(uint32_t code, char *ret_text, size_t *used)
{
    char *at = ret_text + *used;
    if (code < 0x20 || (code >= 0x7F && code < 0xA0) || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000) || (code & 0xFFFE) == 0xFFFE ||
            (code >= 0x200B && code <= 0x202F) || (code >= 0x2060 && code <= 0x206F) ||
            *used + 5 > HEX_INSPECT_TEXT_BYTES)
        return false;
    if (code < 0x80) {
        *at++ = (char)code;
    } else if (code < 0x800) {
        *at++ = (char)(0xC0 | code >> 6);
        *at++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *at++ = (char)(0xE0 | code >> 12);
        *at++ = (char)(0x80 | (code >> 6 & 63));
        *at++ = (char)(0x80 | (code & 63));
    } else {
        *at++ = (char)(0xF0 | code >> 18);
        *at++ = (char)(0x80 | (code >> 12 & 63));
        *at++ = (char)(0x80 | (code >> 6 & 63));
        *at++ = (char)(0x80 | (code & 63));
    }
    *at = '\0';
    *used = (size_t)(at - ret_text);
    return true;
}

/* The bytes of the character that begins at `data`; 0 if they are none. */
static size_t decode_utf8(const uint8_t *data, size_t size, uint32_t *ret_code)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = data[0] < 0x80       ? 1
                    : data[0] >> 5 == 6  ? 2
                    : data[0] >> 4 == 14 ? 3
                    : data[0] >> 3 == 30 ? 4
                                         : 0;
    if (length == 0 || length > size)
        return 0;
    uint32_t code = length == 1 ? data[0] : data[0] & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if (data[i] >> 6 != 2)
            return 0;
        code = code << 6 | (data[i] & 63);
    }
    *ret_code = code;
    return code >= lowest[length] ? length : 0;
}

static void put_utf8(const uint8_t *data, size_t size, char *ret_text)
{
    size_t used = 0;
    uint32_t code;
    for (size_t at = 0; at < size;) {
        size_t length = decode_utf8(data + at, size - at, &code);
        if (length == 0 || !put_character(code, ret_text, &used))
            return;
        at += length;
    }
}

static void put_utf16(const uint8_t *data, size_t size, bool big_endian, char *ret_text)
{
    size_t used = 0;
    for (size_t at = 0; at + 2 <= size; at += 2) {
        uint32_t code = (uint32_t)read_uint(data + at, 2, big_endian);
        if (code >= 0xD800 && code < 0xDC00 && at + 4 <= size) {
            uint32_t low = (uint32_t)read_uint(data + at + 2, 2, big_endian);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        if (!put_character(code, ret_text, &used))
            return;
    }
}

/* ---- times ---- */

static void put_time(int64_t seconds, char *ret_text)
{
    static const int64_t year_10000 = 253402300800;
    struct tm parts;
    time_t time = (time_t)seconds;
    if (seconds < -year_10000 || seconds >= year_10000 || gmtime_r(&time, &parts) == NULL ||
            parts.tm_year + 1900 < 1)
        return;
    (void)strftime(ret_text, HEX_INSPECT_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &parts);
}

/* 100 ns since 1601. */
static void put_file_time(uint64_t ticks, char *ret_text)
{
    static const int64_t seconds_1601_to_1970 = 11644473600;
    put_time((int64_t)(ticks / 10000000) - seconds_1601_to_1970, ret_text);
}

/* The date stands behind the time, as in FAT folders and ZIP files. */
static void put_dos_time(uint32_t value, char *ret_text)
{
    unsigned time = value & 0xFFFF;
    unsigned date = value >> 16;
    unsigned month = date >> 5 & 15;
    unsigned day = date & 31;
    unsigned hour = time >> 11;
    unsigned minute = time >> 5 & 63;
    unsigned second = (time & 31) * 2;
    if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return;
    (void)snprintf(ret_text, HEX_INSPECT_TEXT_BYTES, "%04u-%02u-%02u %02u:%02u:%02u",
            1980 + (date >> 9), month, day, hour, minute, second);
}

static void put_guid(const uint8_t *data, bool big_endian, char *ret_text)
{
    (void)snprintf(ret_text, HEX_INSPECT_TEXT_BYTES,
            "{%08" PRIX64 "-%04" PRIX64 "-%04" PRIX64 "-%02X%02X-%02X%02X%02X%02X%02X%02X}",
            read_uint(data, 4, big_endian), read_uint(data + 4, 2, big_endian),
            read_uint(data + 6, 2, big_endian), data[8], data[9], data[10], data[11], data[12],
            data[13], data[14], data[15]);
}

void hex_inspect_text(size_t field, const uint8_t *data, size_t size, bool big_endian,
        char ret_text[HEX_INSPECT_TEXT_BYTES])
{
    const Field *wanted = &fields[field];
    ret_text[0] = '\0';
    if (size == 0 || size < wanted->size)
        return;
    uint64_t value = wanted->size <= 8 ? read_uint(data, wanted->size, big_endian) : 0;
    switch (wanted->kind) {
    case KIND_UNSIGNED:
        (void)snprintf(ret_text, HEX_INSPECT_TEXT_BYTES, "%" PRIu64, value);
        break;
    case KIND_SIGNED:
        (void)snprintf(
                ret_text, HEX_INSPECT_TEXT_BYTES, "%" PRId64, sign_extend(value, wanted->size));
        break;
    case KIND_FLOAT:
        put_float(value, wanted->size, ret_text);
        break;
    case KIND_BINARY:
        put_binary(data[0], ret_text);
        break;
    case KIND_ULEB:
        put_leb(data, size, ret_text);
        break;
    case KIND_UTF8:
        put_utf8(data, size, ret_text);
        break;
    case KIND_UTF16:
        put_utf16(data, size, big_endian, ret_text);
        break;
    case KIND_UNIX_TIME:
        put_time(sign_extend(value, wanted->size), ret_text);
        break;
    case KIND_FILE_TIME:
        put_file_time(value, ret_text);
        break;
    case KIND_DOS_TIME:
        put_dos_time((uint32_t)value, ret_text);
        break;
    case KIND_GUID:
        put_guid(data, big_endian, ret_text);
        break;
    }
}
