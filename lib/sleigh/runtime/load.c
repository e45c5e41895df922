/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "core/error.h"
#include "sleigh/sla_ids.h"

#include "sleigh/runtime/inflate.h"

#include <stdlib.h>
#include <string.h>

bool load_room(Loader *loader, void **items, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return true;
    size_t grown = *capacity < 64 ? 64 : *capacity + *capacity / 2;
    if (grown > UINT32_MAX / 2)
        return packed_fail(&loader->cursor, PRO_ERR_LIMIT, "more than 2^31 elements of one kind");
    void *memory = realloc(*items, grown * element_size);
    if (memory == NULL)
        return packed_fail(&loader->cursor, PRO_ERR_NO_MEMORY, "no memory");
    *items = memory;
    *capacity = grown;
    return true;
}

static bool load_reserve(
        Loader *loader, void **items, size_t *capacity, size_t count, size_t element_size)
{
    void *memory = count == 0 ? NULL : realloc(*items, count * element_size);
    if (memory == NULL)
        return count == 0 || packed_fail(&loader->cursor, PRO_ERR_NO_MEMORY, "no memory");
    *items = memory;
    *capacity = count;
    return true;
}

bool load_malformed(Loader *loader, const char *expected)
{
    return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "%s was expected", expected);
}

bool load_attributes(Loader *loader, Attributes *ret)
{
    PackedAttribute attribute;
    ret->present = 0;
    while (packed_next_attribute(&loader->cursor, &attribute)) {
        if (attribute.id >= 64)
            continue;
        ret->present |= (uint64_t)1 << attribute.id;
        ret->number[attribute.id] = attribute.number;
        ret->text[attribute.id] = attribute.text;
    }
    return !loader->cursor.failed;
}

bool load_has(const Attributes *attributes, unsigned id)
{
    return (attributes->present >> id & 1) != 0;
}

bool load_number(Loader *loader, const Attributes *attributes, unsigned id, uint64_t limit,
        const char *what, uint32_t *ret)
{
    if (!load_has(attributes, id))
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "%s (attribute %u) is missing", what, id);
    if (attributes->number[id] >= limit)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "%s is %llu; below %llu was expected",
                what, (unsigned long long)attributes->number[id], (unsigned long long)limit);
    *ret = (uint32_t)attributes->number[id];
    return true;
}

const char *load_text(Loader *loader, const Attributes *attributes, unsigned id)
{
    const char *text = load_has(attributes, id) ? attributes->text[id] : NULL;
    if (text == NULL) {
        (void)packed_fail(&loader->cursor, PRO_ERR_FORMAT, "a text (attribute %u) is missing", id);
        return NULL;
    }
    char *copy = arena_copy_text(&loader->language->arena, text, (size_t)attributes->number[id]);
    if (copy == NULL)
        (void)packed_fail(&loader->cursor, PRO_ERR_NO_MEMORY, "no memory");
    return copy;
}

static bool load_space(Loader *loader, unsigned element)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    uint32_t index = 0, word_bytes = 1, address_bytes = 0, delay = 0;
    if (!packed_enter(&loader->cursor, element) || !load_attributes(loader, &attributes) ||
            !load_number(loader, &attributes, SLA_A_INDEX, SLEIGH_LIMIT_SPACES, "a space's index",
                    &index) ||
            !load_number(
                    loader, &attributes, SLA_A_SIZE, 9, "a space's address size", &address_bytes) ||
            !load_number(loader, &attributes, SLA_A_DELAY, 1000, "a space's delay", &delay))
        return false;
    if (load_has(&attributes, SLA_A_WORDSIZE) && !load_number(loader, &attributes, SLA_A_WORDSIZE,
                                                         65, "a space's word size", &word_bytes))
        return false;
    if (index == 0 || language->spaces[index].name != NULL || address_bytes == 0 || word_bytes == 0)
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "space %u is malformed or given twice", index);
    ProSpace *space = &language->spaces[index];
    space->name = load_text(loader, &attributes, SLA_A_NAME);
    space->index = index;
    space->address_bytes = address_bytes;
    space->word_bytes = word_bytes;
    uint64_t words = address_bytes == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * address_bytes) - 1;
    space->highest = words > (UINT64_MAX - word_bytes + 1) / word_bytes
                             ? UINT64_MAX
                             : words * word_bytes + word_bytes - 1;
    space->is_register = delay == 0;
    space->big_endian =
            load_has(&attributes, SLA_A_BIGENDIAN) && attributes.number[SLA_A_BIGENDIAN] != 0;
    if (element == SLA_E_SPACE_UNIQUE)
        language->unique_space = index;
    if (index >= language->space_count)
        language->space_count = index + 1;
    return packed_leave(&loader->cursor, element);
}

static bool load_spaces(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    if (!packed_enter(&loader->cursor, SLA_E_SPACES) || !load_attributes(loader, &attributes))
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "the list of spaces was expected");
    const char *default_name = load_text(loader, &attributes, SLA_A_DEFAULTSPACE);
    language->spaces[0] = (ProSpace){.name = "const",
            .address_bytes = 8,
            .word_bytes = 1,
            .highest = UINT64_MAX,
            .is_register = true,
            .big_endian = language->big_endian};
    language->space_count = 1;
    for (unsigned element; (element = packed_peek(&loader->cursor)) != 0;)
        if ((element != SLA_E_SPACE && element != SLA_E_SPACE_OTHER &&
                    element != SLA_E_SPACE_UNIQUE) ||
                !load_space(loader, element))
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                    "a space was expected, not element %u", element);
    if (!packed_leave(&loader->cursor, SLA_E_SPACES))
        return false;
    for (uint32_t i = 1; default_name != NULL && i < language->space_count; i++) {
        if (language->spaces[i].name == NULL)
            return packed_fail(&loader->cursor, PRO_ERR_FORMAT, "space %u is missing", i);
        if (strcmp(language->spaces[i].name, default_name) == 0)
            language->default_space = i;
    }
    if (language->default_space == 0 || language->unique_space == 0)
        return packed_fail(&loader->cursor, PRO_ERR_FORMAT,
                "the default space or the space of temporaries is missing");
    return true;
}

static bool load_document(Loader *loader)
{
    ProSleighLanguage *language = loader->language;
    Attributes attributes;
    uint32_t version = 0;
    if (!packed_enter(&loader->cursor, SLA_E_SLEIGH) || !load_attributes(loader, &attributes))
        return packed_fail(
                &loader->cursor, PRO_ERR_FORMAT, "the element of a specification was expected");
    if (!load_number(loader, &attributes, SLA_A_VERSION, UINT32_MAX, "the version", &version))
        return false;
    if (version != SLA_FORMAT_VERSION)
        return packed_fail(&loader->cursor, PRO_ERR_UNSUPPORTED,
                "format version %u; version 4 was expected", version);
    language->big_endian =
            load_has(&attributes, SLA_A_BIGENDIAN) && attributes.number[SLA_A_BIGENDIAN] != 0;
    if (!load_number(
                loader, &attributes, SLA_A_ALIGN, 1 << 17, "the alignment", &language->alignment))
        return false;
    if (language->alignment == 0)
        language->alignment = 1;
    language->instruction_bytes = SLEIGH_LIMIT_INSTRUCTION_BYTES;
    language->unique_base =
            load_has(&attributes, SLA_A_UNIQBASE) ? attributes.number[SLA_A_UNIQBASE] : 0;
    language->unique_mask =
            load_has(&attributes, SLA_A_UNIQMASK) ? attributes.number[SLA_A_UNIQMASK] : 0;
    language->section_total = load_has(&attributes, SLA_A_NUMSECTIONS)
                                      ? (uint32_t)attributes.number[SLA_A_NUMSECTIONS]
                                      : 0;
    if (packed_peek(&loader->cursor) == SLA_E_SOURCEFILES && !packed_skip(&loader->cursor))
        return false;
    return load_spaces(loader) && load_symbols(loader) &&
           packed_leave(&loader->cursor, SLA_E_SLEIGH) && load_check(loader);
}

/* Growing step by step would copy the large arrays several times; what turns out not to be needed
 * is given back by trim(). The divisors are bytes of document per element, rather too few. */
static bool reserve(Loader *loader)
{
    size_t size = loader->cursor.size;
#define RESERVE(name, bytes_each)                                                                  \
    load_reserve(loader, (void **)(void *)&loader->language->name,                                 \
            &loader->language->name##_capacity, size / (bytes_each),                               \
            sizeof *loader->language->name)
    return RESERVE(exprs, 256) && RESERVE(syms, 256) && RESERVE(ctors, 1024) && RESERVE(tpls, 1024);
#undef RESERVE
}

static void trim(ProSleighLanguage *language)
{
#define X(type, name)                                                                              \
    if (language->name##_count > 0) {                                                              \
        void *smaller =                                                                            \
                realloc((void *)language->name, language->name##_count * sizeof *language->name);  \
        if (smaller != NULL) {                                                                     \
            language->name = smaller;                                                              \
            language->name##_capacity = language->name##_count;                                    \
        }                                                                                          \
    }
    LANGUAGE_ARRAYS(X)
#undef X
}

/* ---- the container ---- */

static ProStatus check_header(const uint8_t *sla, size_t size, ProError *reterr)
{
    if (size > 0 && sla[0] == '<')
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "compiled specification: XML of an old version; a file of Ghidra 11.1 or newer is needed");
    if (size < 4 || memcmp(sla, "sla", 3) != 0)
        return error_set(reterr, PRO_ERR_FORMAT,
                "compiled specification, byte 0: \"sla\" was expected; this is no compiled specification");
    if (sla[3] != SLA_FORMAT_VERSION)
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "compiled specification, byte 3: format version %u; version 4 was expected",
                sla[3]);
    if (size > SLEIGH_LIMIT_SLA_BYTES)
        return error_set(reterr, PRO_ERR_LIMIT,
                "compiled specification: %zu bytes; at most %u are read (SLEIGH_LIMIT_SLA_BYTES)",
                size, SLEIGH_LIMIT_SLA_BYTES);
    return PRO_OK;
}

ProStatus pro_sleigh_language_load(
        const void *sla, size_t size, ProSleighLanguage **ret_language, ProError *reterr)
{
    uint8_t *document = NULL;
    size_t document_size = 0;
    ProStatus status = check_header(sla, size, reterr);
    if (status == PRO_OK)
        status = inflate_document(sla, size, &document, &document_size, reterr);
    if (status != PRO_OK)
        return status;
    ProSleighLanguage *language = calloc(1, sizeof *language);
    if (language == NULL) {
        free(document);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "compiled specification: no memory");
    }
    atomic_init(&language->references, 1);
    arena_init(&language->arena, 0);
    language->document = document;
    language->document_size = document_size;
    Loader loader = {.cursor = {.data = document, .size = document_size}, .language = language};
    if (!reserve(&loader) || !load_document(&loader)) {
        status = loader.cursor.failed ? loader.cursor.error.status : PRO_ERR_FORMAT;
        (void)error_set(reterr, status, "%s",
                loader.cursor.failed ? loader.cursor.error.text
                                     : "compiled specification: malformed");
    } else {
        trim(language);
        status = load_registers(language);
        if (status != PRO_OK)
            (void)error_set(reterr, status, "compiled specification: no memory");
    }
    if (status != PRO_OK) {
        pro_sleigh_language_unref(language);
        return status;
    }
    *ret_language = language;
    return PRO_OK;
}
