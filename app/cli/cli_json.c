/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_info.h"

#include <string.h>

/* What the tuples of long tables hold, so that nobody must count. */
typedef struct Columns {
    const char *key;
    const char *names[11];
} Columns;

static const Columns elf_columns[] = {
        {"sections", {"name", "type", "flags", "address", "offset", "size", "link", "info",
                             "alignment", "entry_size"}},
        {"segments", {"type", "flags", "offset", "virtual_address", "physical_address", "file_size",
                             "memory_size", "alignment"}},
        {"symbols", {"name", "value", "size", "info", "other", "section", "table"}},
        {"relocations", {"name", "addend", "offset", "type", "symbol", "table"}},
        {"dynamic", {"tag", "value", "text"}},
        {"notes", {"name", "type", "offset", "size"}},
        {"frames", {"begin", "size", "offset"}},
        {"directories", {"rva", "size"}},
        {"exceptions", {"begin_rva", "end_rva", "unwind_rva"}},
        {"metadata", {"rva", "size"}},
        {"resources", {"rva", "size"}},
        {"strong_name", {"rva", "size"}},
};

/* PE's relocations have two columns where ELF's have six. */
static const Columns pe_relocations = {"relocations", {"rva", "type"}};

static const char *const *columns_of(const char *key, size_t size, size_t count)
{
    if (size == strlen(pe_relocations.key) && memcmp(key, pe_relocations.key, size) == 0 &&
            count == 2)
        return pe_relocations.names;
    for (size_t i = 0; i < sizeof elf_columns / sizeof elf_columns[0]; i++)
        if (size == strlen(elf_columns[i].key) && memcmp(key, elf_columns[i].key, size) == 0)
            return elf_columns[i].names;
    return NULL;
}

size_t info_utf8_size(const uint8_t *bytes, size_t left)
{
    uint8_t first = bytes[0];
    size_t size = first < 0x80                    ? 1
                  : first >= 0xC2 && first < 0xE0 ? 2
                  : (first & 0xF0) == 0xE0        ? 3
                  : first >= 0xF0 && first < 0xF5 ? 4
                                                  : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90);
    bool beyond = (first == 0xED && bytes[1] >= 0xA0) || (first == 0xF4 && bytes[1] >= 0x90);
    return overlong || beyond ? 0 : size;
}

static void print_text(const uint8_t *bytes, size_t size)
{
    (void)putchar('"');
    for (size_t i = 0; i < size;) {
        size_t step = info_utf8_size(bytes + i, size - i);
        if (step == 0)
            (void)printf("\\udc%02x", bytes[i]);
        else if (bytes[i] == '"' || bytes[i] == '\\')
            (void)printf("\\%c", bytes[i]);
        else if (bytes[i] < 0x20 || bytes[i] == 0x7F)
            (void)printf("\\u%04x", bytes[i]);
        else
            (void)fwrite(bytes + i, 1, step, stdout);
        i += step > 0 ? step : 1;
    }
    (void)putchar('"');
}

static void print_hex(const uint8_t *bytes, size_t size)
{
    (void)putchar('"');
    for (size_t i = 0; i < size; i++)
        (void)printf("%02x", bytes[i]);
    (void)putchar('"');
}

typedef struct Key {
    const char *text;
    size_t size;
} Key;

static bool key_is(const Key *key, const char *text)
{
    return key->size == strlen(text) && memcmp(key->text, text, key->size) == 0;
}

static bool print_value(ProReader *reader, const Key *key);

static bool print_list(ProReader *reader, const ProValue *value, const Key *key)
{
    const char *const *columns =
            value->kind == PRO_VALUE_TUPLE ? columns_of(key->text, key->size, value->count) : NULL;
    (void)putchar(columns != NULL ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0)
            (void)putchar(',');
        const Key here = columns == NULL
                                 ? *key
                                 : (Key){columns[i], columns[i] == NULL ? 0 : strlen(columns[i])};
        if (columns != NULL)
            (void)printf("\"%.*s\":", (int)here.size, here.text);
        if (!print_value(reader, &here))
            return false;
    }
    (void)putchar(columns != NULL ? '}' : ']');
    return true;
}

static bool print_map(ProReader *reader, const ProValue *value)
{
    (void)putchar('{');
    for (size_t i = 0; i < value->count; i++) {
        Key key;
        if (pro_read_text(reader, &key.text, &key.size, NULL) != PRO_OK)
            return false;
        if (i > 0)
            (void)putchar(',');
        print_text((const uint8_t *)key.text, key.size);
        (void)putchar(':');
        if (!print_value(reader, &key))
            return false;
    }
    (void)putchar('}');
    return true;
}

static bool print_value(ProReader *reader, const Key *key)
{
    ProValue value;
    if (pro_read(reader, &value, NULL) != PRO_OK)
        return false;
    switch (value.kind) {
    case PRO_VALUE_NIL:
        (void)fputs("null", stdout);
        return true;
    case PRO_VALUE_BOOL:
        (void)fputs(value.boolean ? "true" : "false", stdout);
        return true;
    case PRO_VALUE_INT:
        (void)printf("%lld", (long long)value.integer);
        return true;
    case PRO_VALUE_UINT:
        (void)printf("%llu", (unsigned long long)value.unsigned_integer);
        return true;
    case PRO_VALUE_BYTES:
        if (key_is(key, "guid") || key_is(key, "build_id")) {
            print_hex(value.data, value.size);
            return true;
        }
        print_text(value.data, value.size);
        return true;
    case PRO_VALUE_TEXT:
        print_text(value.data, value.size);
        return true;
    case PRO_VALUE_LIST:
    case PRO_VALUE_TUPLE:
        return print_list(reader, &value, key);
    case PRO_VALUE_MAP:
        return print_map(reader, &value);
    default:
        return false; /* nothing else is written by the loaders */
    }
}

bool json_print(ProReader *reader)
{
    const Key none = {"", 0};
    return print_value(reader, &none);
}
