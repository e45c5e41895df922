/* SPDX-License-Identifier: Apache-2.0 */

/* Reads Intel syntax: "lock add dword ptr fs:[rax + rcx*4 - 0x10], 5". */

#include "instruction.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SLOTS = 4096, TEXT_MAX = 256 };

static struct {
    const char *name;
    uint16_t reg;
} register_names[NAME_SLOTS]; /* open addressing */

static unsigned hash_name(const char *name, size_t length)
{
    unsigned hash = 5381;
    for (size_t i = 0; i < length; i++)
        hash = hash * 33 + (unsigned char)name[i];
    return hash % NAME_SLOTS;
}

void instruction_text_begin(void)
{
    for (unsigned reg = 1; reg <= ZYDIS_REGISTER_MAX_VALUE; reg++) {
        const char *name = ZydisRegisterGetString((ZydisRegister)reg);
        if (name == NULL)
            continue;
        unsigned slot = hash_name(name, strlen(name));
        while (register_names[slot].name != NULL)
            slot = (slot + 1) % NAME_SLOTS;
        register_names[slot].name = name;
        register_names[slot].reg = (uint16_t)reg;
    }
}

static uint16_t register_named(const char *name, size_t length)
{
    if (length == 2 && memcmp(name, "st", 2) == 0)
        return ZYDIS_REGISTER_ST0;
    if (length == 5 && memcmp(name, "st(", 3) == 0 && name[3] >= '0' && name[3] <= '7')
        return (uint16_t)(ZYDIS_REGISTER_ST0 + (name[3] - '0'));
    unsigned slot = hash_name(name, length);
    for (; register_names[slot].name != NULL; slot = (slot + 1) % NAME_SLOTS)
        if (strncmp(register_names[slot].name, name, length) == 0 &&
                register_names[slot].name[length] == 0)
            return register_names[slot].reg;
    return 0;
}

static bool number_of(const char *text, size_t length, uint64_t *ret_value)
{
    char digits[32], *end;
    bool minus = length > 0 && *text == '-';
    if (length - minus == 0 || length >= sizeof digits ||
            !isdigit((unsigned char)text[minus ? 1 : 0]))
        return false;
    memcpy(digits, text + minus, length - minus);
    digits[length - minus] = 0;
    uint64_t value = strtoull(digits, &end, 0);
    if (*end != 0)
        return false;
    *ret_value = minus ? -value : value;
    return true;
}

static size_t trim(const char **text, size_t length)
{
    while (length > 0 && **text == ' ')
        (*text)++, length--;
    while (length > 0 && (*text)[length - 1] == ' ')
        length--;
    return length;
}

/* ---- decorations ---- */

static bool starts(const char *text, size_t length, const char *what)
{
    return length >= strlen(what) && memcmp(text, what, strlen(what)) == 0;
}

static void read_decoration(
        const char *text, size_t length, Instruction *instruction, Operand *operand)
{
    static const char *const roundings[] = {"", "rn-sae", "rd-sae", "ru-sae", "rz-sae", "sae"};
    for (unsigned i = ROUNDING_NEAREST; i <= ROUNDING_SAE; i++)
        if (length == strlen(roundings[i]) && memcmp(text, roundings[i], length) == 0)
            instruction->rounding = (Rounding)i;
    if (length == 1 && *text == 'z')
        instruction->zeroing = true;
    else if (starts(text, length, "1to") && operand != NULL)
        operand->broadcast = (uint8_t)atoi(text + 3);
    else if (length == 2 && *text == 'k')
        instruction->mask = register_named(text, length);
}

/* Takes the "{...}" off the end of an operand; returns what is left of its length. */
static size_t take_decorations(
        const char *text, size_t length, Instruction *instruction, Operand *operand)
{
    while (length > 0 && text[length - 1] == '}') {
        size_t open = length - 1;
        while (open > 0 && text[open] != '{')
            open--;
        read_decoration(text + open + 1, length - open - 2, instruction, operand);
        const char *rest = text;
        length = trim(&rest, open);
    }
    return length;
}

/* ---- memory ---- */

static void read_size(const char *text, size_t length, Operand *operand)
{
    static const struct {
        const char *word;
        uint16_t bytes;
    } sizes[] = {{"byte", 1}, {"word", 2}, {"dword", 4}, {"fword", 6}, {"qword", 8}, {"tbyte", 10},
            {"tword", 10}, {"xmmword", 16}, {"ymmword", 32}, {"zmmword", 64}};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (length == strlen(sizes[i].word) && memcmp(text, sizes[i].word, length) == 0)
            operand->bytes = sizes[i].bytes;
}

/* What stands before the bracket: "dword ptr fs:". */
static bool read_memory_head(const char *text, size_t length, Operand *operand)
{
    while ((length = trim(&text, length)) > 0) {
        size_t word = 0;
        while (word < length && text[word] != ' ' && text[word] != ':')
            word++;
        if (word < length && text[word] == ':') {
            operand->segment = register_named(text, word);
            if (operand->segment == 0)
                return false;
            word++;
        } else {
            read_size(text, word, operand);
        }
        text += word;
        length -= word;
    }
    return true;
}

static bool read_term(const char *text, size_t length, bool minus, Operand *operand)
{
    uint64_t value;
    length = trim(&text, length);
    const char *star = memchr(text, '*', length);
    size_t name = star == NULL ? length : (size_t)(star - text);
    while (name > 0 && text[name - 1] == ' ')
        name--;
    uint16_t reg = register_named(text, name);
    if (reg == 0) {
        if (!number_of(text, length, &value))
            return false;
        operand->value += minus ? -value : value;
        return true;
    }
    if (star == NULL && operand->reg == 0 && operand->index == 0 &&
            ZydisRegisterGetClass((ZydisRegister)reg) != ZYDIS_REGCLASS_XMM &&
            ZydisRegisterGetClass((ZydisRegister)reg) != ZYDIS_REGCLASS_YMM &&
            ZydisRegisterGetClass((ZydisRegister)reg) != ZYDIS_REGCLASS_ZMM) {
        operand->reg = reg;
        return !minus;
    }
    const char *scale = star == NULL ? "1" : star + 1;
    size_t digits = star == NULL ? 1 : (size_t)(text + length - scale);
    digits = trim(&scale, digits);
    if (operand->index != 0 || minus || !number_of(scale, digits, &value))
        return false;
    operand->index = reg;
    operand->scale = (uint8_t)value;
    return true;
}

static bool read_memory(const char *text, size_t length, Operand *operand)
{
    const char *open = memchr(text, '[', length);
    if (text[length - 1] != ']' || !read_memory_head(text, (size_t)(open - text), operand))
        return false;
    const char *at = open + 1, *end = text + length - 1;
    bool minus = false;
    operand->kind = OPERAND_MEMORY;
    while (at < end) {
        const char *stop = at;
        while (stop < end && (*stop == ' ' || *stop == '-'))
            stop++; /* a sign of its own: "[rax + -0x10]" */
        while (stop < end && *stop != '+' && *stop != '-')
            stop++;
        if (!read_term(at, (size_t)(stop - at), minus, operand))
            return false;
        minus = stop < end && *stop == '-';
        at = stop + 1;
    }
    return true;
}

/* ---- operands and prefixes ---- */

static void read_far(const char *text, size_t length, Operand *operand)
{
    uint64_t segment, offset;
    if (starts(text, length, "far "))
        text += 4, length -= 4;
    const char *colon = memchr(text, ':', length);
    if (colon != NULL && number_of(text, (size_t)(colon - text), &segment) &&
            number_of(colon + 1, length - (size_t)(colon - text) - 1, &offset)) {
        operand->kind = OPERAND_FAR;
        operand->segment = (uint16_t)segment;
        operand->value = offset;
    }
}

static bool read_operand(const char *text, size_t length, Instruction *instruction)
{
    Operand operand = {0};
    length = trim(&text, length);
    length = take_decorations(text, length, instruction, &operand);
    if (length == 0)
        return true; /* a rounding mode stands alone */
    if (instruction->count == OPERANDS_MAX)
        return false;
    if (memchr(text, '[', length) != NULL) {
        if (!read_memory(text, length, &operand))
            operand.kind = OPERAND_UNKNOWN;
    } else if ((operand.reg = register_named(text, length)) != 0) {
        operand.kind = OPERAND_REGISTER;
    } else if (number_of(text, length, &operand.value)) {
        operand.kind = OPERAND_NUMBER;
    } else {
        read_far(text, length, &operand);
    }
    instruction->operands[instruction->count++] = operand;
    return true;
}

static bool read_prefix(const char *word, size_t length, Instruction *instruction)
{
    static const struct {
        const char *word;
        unsigned bits;
    } prefixes[] = {{"lock", PREFIX_LOCK}, {"rep", PREFIX_REP}, {"repe", PREFIX_REP},
            {"repz", PREFIX_REP}, {"repne", PREFIX_REPNE}, {"repnz", PREFIX_REPNE}, {"bnd", 0},
            {"notrack", 0}, {"xacquire", 0}, {"xrelease", 0}};
    for (unsigned i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (length == strlen(prefixes[i].word) && memcmp(word, prefixes[i].word, length) == 0) {
            instruction->prefixes |= prefixes[i].bits;
            return true;
        }
    return false;
}

bool instruction_from_text(const char *mnemonic, const char *body, Instruction *ret_instruction)
{
    char text[TEXT_MAX];
    size_t length = 0;
    *ret_instruction = (Instruction){0};
    for (; *mnemonic != 0 && length < sizeof text - 2; mnemonic++)
        text[length++] = (char)tolower((unsigned char)*mnemonic);
    text[length++] = ' ';
    for (; *body != 0 && length < sizeof text - 1; body++)
        text[length++] = (char)tolower((unsigned char)*body);
    text[length] = 0;
    const char *at = text;
    for (;;) {
        size_t word = strcspn(at, " ");
        if (!read_prefix(at, word, ret_instruction)) {
            size_t keep = word < MNEMONIC_MAX ? word : MNEMONIC_MAX - 1;
            memcpy(ret_instruction->mnemonic, at, keep);
            at += word;
            break;
        }
        at += word + (at[word] != 0);
    }
    while (*at == ' ')
        at++;
    while (*at != 0) {
        size_t stop = 0, depth = 0;
        for (; at[stop] != 0 && (at[stop] != ',' || depth > 0); stop++)
            depth += (at[stop] == '[') - (size_t)(at[stop] == ']');
        if (!read_operand(at, stop, ret_instruction))
            return false;
        at += stop + (at[stop] != 0);
    }
    return true;
}
