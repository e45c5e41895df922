/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/load_private.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

static int compare_registers(const void *left, const void *right)
{
    const ProSleighRegister *a = left;
    const ProSleighRegister *b = right;
    if (a->place.space != b->place.space)
        return a->place.space < b->place.space ? -1 : 1;
    if (a->place.offset != b->place.offset)
        return a->place.offset < b->place.offset ? -1 : 1;
    if (a->place.size != b->place.size)
        return a->place.size < b->place.size ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_by_name(const void *left, const void *right, void *registers)
{
    const ProSleighRegister *all = registers;
    return strcmp(all[*(const uint32_t *)left].name, all[*(const uint32_t *)right].name);
}

ProStatus load_registers(ProSleighLanguage *language)
{
    for (size_t i = 0; i < language->syms_count; i++) {
        const Sym *sym = &language->syms[i];
        language->register_count += sym->kind == SYM_VARNODE && sym->has_body;
        if (sym->kind == SYM_USEROP && sym->index != NO_INDEX &&
                sym->index >= language->userop_count)
            language->userop_count = sym->index + 1;
    }
    language->registers = calloc(language->register_count + 1, sizeof *language->registers);
    language->registers_by_name = calloc(language->register_count + 1, sizeof(uint32_t));
    language->userops = malloc((language->userop_count + 1) * sizeof(uint32_t));
    if (language->registers == NULL || language->registers_by_name == NULL ||
            language->userops == NULL)
        return PRO_ERR_NO_MEMORY;
    memset(language->userops, 0xFF, (language->userop_count + 1) * sizeof(uint32_t));
    size_t used = 0;
    for (uint32_t i = 0; i < language->syms_count; i++) {
        const Sym *sym = &language->syms[i];
        if (sym->kind == SYM_VARNODE && sym->has_body)
            language->registers[used++] = (ProSleighRegister){sym->name, sym->place};
        if (sym->kind == SYM_USEROP && sym->index != NO_INDEX)
            language->userops[sym->index] = i;
    }
    qsort(language->registers, used, sizeof *language->registers, compare_registers);
    for (uint32_t i = 0; i < used; i++)
        language->registers_by_name[i] = i;
    qsort_r(language->registers_by_name, used, sizeof(uint32_t), compare_by_name,
            language->registers);
    return PRO_OK;
}

ProSleighLanguage *pro_sleigh_language_ref(ProSleighLanguage *language)
{
    atomic_fetch_add_explicit(&language->references, 1, memory_order_relaxed);
    return language;
}

void pro_sleigh_language_unref(ProSleighLanguage *language)
{
    if (language == NULL ||
            atomic_fetch_sub_explicit(&language->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < language->tpls_count; i++)
        free(atomic_load_explicit(&language->tpls[i].ops, memory_order_relaxed));
    free(language->document);
#define X(type, name) free((void *)language->name);
    LANGUAGE_ARRAYS(X)
#undef X
    free(language->registers);
    free(language->registers_by_name);
    free(language->userops);
    arena_fini(&language->arena);
    free(language);
}

const ProSpace *pro_sleigh_language_spaces(const ProSleighLanguage *language, size_t *ret_count)
{
    *ret_count = language->space_count;
    return language->spaces;
}

unsigned pro_sleigh_language_default_space(const ProSleighLanguage *language)
{
    return language->default_space;
}

unsigned pro_sleigh_language_unique_space(const ProSleighLanguage *language)
{
    return language->unique_space;
}

unsigned pro_sleigh_language_alignment(const ProSleighLanguage *language)
{
    return language->alignment;
}

bool pro_sleigh_language_big_endian(const ProSleighLanguage *language)
{
    return language->big_endian;
}

size_t pro_sleigh_language_bytes(const ProSleighLanguage *language)
{
    size_t bytes = sizeof *language + language->arena.total_bytes + language->document_size;
    bytes += atomic_load_explicit(&language->template_bytes, memory_order_relaxed);
#define X(type, name) bytes += language->name##_capacity * sizeof(type);
    LANGUAGE_ARRAYS(X)
#undef X
    return bytes + language->register_count * (sizeof(ProSleighRegister) + sizeof(uint32_t)) +
           language->userop_count * sizeof(uint32_t);
}

const ProSleighRegister *pro_sleigh_language_registers(
        const ProSleighLanguage *language, size_t *ret_count)
{
    *ret_count = language->register_count;
    return language->registers;
}

const ProSleighRegister *pro_sleigh_language_register(
        const ProSleighLanguage *language, const char *name)
{
    size_t low = 0, high = language->register_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ProSleighRegister *found = &language->registers[language->registers_by_name[middle]];
        int order = strcmp(name, found->name);
        if (order == 0)
            return found;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *pro_sleigh_language_register_name(const ProSleighLanguage *language, ProVarnode place)
{
    size_t low = 0, high = language->register_count;
    ProSleighRegister wanted = {"", place};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_registers(&language->registers[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == language->register_count)
        return NULL;
    const ProVarnode *found = &language->registers[low].place;
    bool same = found->space == place.space && found->offset == place.offset &&
                found->size == place.size;
    return same ? language->registers[low].name : NULL;
}

const char *pro_sleigh_language_user_operation(const ProSleighLanguage *language, uint64_t index)
{
    if (index >= language->userop_count || language->userops[index] == NO_INDEX)
        return NULL;
    return language->syms[language->userops[index]].name;
}

const Sym *language_context_variable(const ProSleighLanguage *language, const char *name)
{
    for (size_t i = 0; i < language->syms_count; i++) {
        const Sym *sym = &language->syms[i];
        if (sym->kind >= SYM_VALUE && sym->kind <= SYM_CONTEXT && sym->has_body &&
                language->exprs[sym->expr].kind == EXPR_CONTEXT_FIELD &&
                strcmp(sym->name, name) == 0)
            return sym;
    }
    return NULL;
}

bool language_set_default(ProSleighLanguage *language, const char *name, uint64_t value)
{
    const Sym *sym = language_context_variable(language, name);
    if (sym == NULL)
        return false;
    const Expr *field = &language->exprs[sym->expr];
    unsigned last_bit = field->last_byte * 8u + 7u - field->shift;
    for (unsigned bit = 0; bit < field->bits && bit <= last_bit; bit++) {
        unsigned place = last_bit - bit;
        uint32_t mask = 0x80000000u >> place % 32;
        uint32_t *word = &language->default_context[place / 32];
        *word = (*word & ~mask) | ((value >> bit & 1) != 0 ? mask : 0);
    }
    return true;
}

void language_truncate_space(ProSleighLanguage *language, const char *name, unsigned address_bytes)
{
    for (size_t i = 1; i < language->space_count; i++) {
        ProSpace *space = &language->spaces[i];
        if (strcmp(space->name, name) != 0 || address_bytes == 0 ||
                address_bytes >= space->address_bytes)
            continue;
        space->address_bytes = address_bytes;
        space->highest = (((uint64_t)1 << 8 * address_bytes) - 1) * space->word_bytes +
                         space->word_bytes - 1;
    }
}
