/* SPDX-License-Identifier: Apache-2.0 */
#include "forms.h"

#include "exclusions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 300, TAIL_BYTES = 12 };

/* ---- bytes ---- */

static void put(Encoding *encoding, unsigned byte)
{
    encoding->bytes[encoding->length++] = (uint8_t)byte;
}

static void put_escape(Encoding *encoding, unsigned map)
{
    if (map > 0)
        put(encoding, 0x0F);
    if (map > 1)
        put(encoding, map == 2 ? 0x38 : 0x3A);
}

/* `rxb`: bits 2, 1, 0 as in a REX prefix; `always`: also where it says nothing. */
static void write_template(
        const Template *from, unsigned rxb, bool always, unsigned vvvv, Encoding *encoding)
{
    encoding->length = 0;
    for (unsigned i = 0; i < from->prefix_count; i++)
        put(encoding, from->prefixes[i]);
    if (from->vex) {
        put(encoding, 0xC4);
        put(encoding, (~rxb & 7) << 5 | from->map);
        put(encoding, (unsigned)from->rex_w << 7 | vvvv << 3 | from->pp_l);
    } else {
        if (from->rex_w || always || rxb != 0)
            put(encoding, 0x40 | (unsigned)from->rex_w << 3 | rxb);
        put_escape(encoding, from->map);
    }
    put(encoding, from->opcode);
    put(encoding, from->modrm);
}

static bool decode(const Forms *forms, Encoding *encoding)
{
    bool good = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&forms->decoder, encoding->bytes, CODE_LIMIT,
            &encoding->instruction, encoding->operands));
    if (good)
        encoding->length = encoding->instruction.length;
    return good;
}

/* ---- names ---- */

static const char *register_kind(ZydisRegister reg)
{
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
        return "r";
    case ZYDIS_REGCLASS_X87:
        return "st";
    case ZYDIS_REGCLASS_MMX:
        return "mm";
    case ZYDIS_REGCLASS_XMM:
        return "xmm";
    case ZYDIS_REGCLASS_YMM:
        return "ymm";
    case ZYDIS_REGCLASS_SEGMENT:
        return "sreg";
    case ZYDIS_REGCLASS_CONTROL:
        return "cr";
    case ZYDIS_REGCLASS_DEBUG:
        return "dr";
    default:
        return "reg";
    }
}

static const char *operand_kind(const ZydisDecodedOperand *operand)
{
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return register_kind(operand->reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB ? "vm" : "m";
    case ZYDIS_OPERAND_TYPE_POINTER:
        return "ptr";
    default:
        return "imm";
    }
}

static void append(char *text, const char *what)
{
    size_t length = strlen(text);
    (void)snprintf(text + length, FORM_NAME - length, "%s", what);
}

static void write_name(const Encoding *encoding, char *name)
{
    const ZydisDecodedInstruction *instruction = &encoding->instruction;
    ZydisInstructionAttributes attributes = instruction->attributes;
    char text[32];
    name[0] = '\0';
    if ((attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0)
        append(name, "LOCK ");
    if ((attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE)) != 0)
        append(name, "REP ");
    if ((attributes & ZYDIS_ATTRIB_HAS_REPNE) != 0)
        append(name, "REPNE ");
    append(name, ZydisMnemonicGetString(instruction->mnemonic));
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    for (unsigned i = 0; i < instruction->operand_count_visible; i++) {
        (void)snprintf(text, sizeof text, "%s%s%u", i == 0 ? " " : ", ",
                operand_kind(&encoding->operands[i]), encoding->operands[i].size);
        append(name, text);
    }
    bool vex = instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
    (void)snprintf(text, sizeof text, " [%s%u:%02x %u]", vex ? "v" : "",
            (unsigned)instruction->opcode_map, instruction->opcode, instruction->operand_width);
    append(name, text);
}

/* ---- discovery ---- */

static void write_group(const ZydisDecodedInstruction *instruction, char *group, size_t capacity)
{
    const char *extension = ZydisISAExtGetString(instruction->meta.isa_ext);
    const char *category = ZydisCategoryGetString(instruction->meta.category);
    bool base = strcmp(extension, "BASE") == 0 || strcmp(extension, "LONGMODE") == 0;
    (void)snprintf(group, capacity, base ? "BASE %s" : "%s", base ? category : extension);
}

static Form *find_form(Forms *forms, const Encoding *encoding)
{
    char name[FORM_NAME];
    write_name(encoding, name);
    uint64_t hash = random_for(name, 0).state;
    for (size_t i = forms->count; i-- > 0;)
        if (forms->items[i].hash == hash && strcmp(forms->items[i].name, name) == 0)
            return &forms->items[i];
    if (forms->count == forms->capacity) {
        size_t capacity = forms->capacity == 0 ? 1024 : 2 * forms->capacity;
        Form *items = realloc(forms->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        forms->items = items;
        forms->capacity = capacity;
    }
    Form *form = &forms->items[forms->count++];
    memset(form, 0, sizeof *form);
    (void)snprintf(form->name, sizeof form->name, "%s", name);
    form->hash = hash;
    form->mnemonic = ZydisMnemonicGetString(encoding->instruction.mnemonic);
    form->excluded = exclusion_of(&encoding->instruction, encoding->operands);
    write_group(&encoding->instruction, form->group, sizeof form->group);
    return form;
}

static bool try_template(Forms *forms, const Template *template)
{
    Encoding encoding = {0};
    write_template(template, 0, false, 15, &encoding);
    if (!decode(forms, &encoding))
        return true;
    /* The template's opcode was a prefix. (CS before a store would always be a fault, too.) */
    if (encoding.instruction.raw.prefix_count > template->prefix_count + (template->rex_w ? 1 : 0))
        return true;
    /* A prefix that does nothing makes no form of its own. */
    for (unsigned i = 0; i < encoding.instruction.raw.prefix_count; i++)
        if (encoding.instruction.raw.prefixes[i].type == ZYDIS_PREFIX_TYPE_IGNORED &&
                encoding.instruction.raw.prefixes[i].value != 0x66)
            return true;
    Form *form = find_form(forms, &encoding);
    if (form == NULL)
        return false;
    if (form->template_count < FORM_TEMPLATES)
        form->templates[form->template_count++] = *template;
    return true;
}

static const struct {
    uint8_t bytes[3];
    uint8_t count;
    bool rex_w;
} prefix_sets[] = {{{0}, 0, false}, {{0x66}, 1, false}, {{0xF2}, 1, false}, {{0xF3}, 1, false},
        {{0}, 0, true}, {{0x66}, 1, true}, {{0xF2}, 1, true}, {{0xF3}, 1, true}, {{0xF0}, 1, false},
        {{0xF0}, 1, true}, {{0xF0, 0x66}, 2, false}, {{0x66, 0xF2}, 2, false},
        {{0x66, 0xF3}, 2, false}, {{0x67}, 1, false}};

/* ModRM: all with registers, one with memory for each value of the middle field. */
static bool try_modrm(Forms *forms, Template *template)
{
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        bool wanted = modrm >= 0xC0 || (modrm < 0x40 && (modrm & 7) == 3);
        template->modrm = (uint8_t)modrm;
        if (wanted && !try_template(forms, template))
            return false;
    }
    return true;
}

static bool try_legacy(Forms *forms, unsigned map, unsigned opcode)
{
    for (size_t i = 0; i < sizeof prefix_sets / sizeof prefix_sets[0]; i++) {
        Template template = {.prefix_count = prefix_sets[i].count,
                .rex_w = prefix_sets[i].rex_w,
                .map = (uint8_t)map,
                .opcode = (uint8_t)opcode};
        memcpy(template.prefixes, prefix_sets[i].bytes, sizeof template.prefixes);
        if (template.rex_w && !forms->wide)
            continue;
        if (!try_modrm(forms, &template))
            return false;
    }
    return true;
}

static bool try_vex(Forms *forms, unsigned map, unsigned opcode)
{
    for (unsigned bits = 0; bits < 16; bits++) {
        Template template = {.vex = true,
                .rex_w = bits >> 3 != 0,
                .pp_l = bits & 7,
                .map = (uint8_t)map,
                .opcode = (uint8_t)opcode};
        if (!try_modrm(forms, &template))
            return false;
    }
    return true;
}

bool forms_find(Forms *forms, bool wide)
{
    memset(forms, 0, sizeof *forms);
    forms->wide = wide;
    if (!ZYAN_SUCCESS(ZydisDecoderInit(&forms->decoder,
                wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
                wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32)))
        return false;
    for (unsigned map = 0; map < 4; map++)
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            if (!try_legacy(forms, map, opcode) || (map > 0 && !try_vex(forms, map, opcode)))
                return false;
        }
    return true;
}

void forms_free(Forms *forms)
{
    free(forms->items);
    forms->items = NULL;
}

bool instruction_is_x87(const ZydisDecodedInstruction *instruction)
{
    return instruction->meta.isa_ext == ZYDIS_ISA_EXT_X87 ||
           instruction->meta.category == ZYDIS_CATEGORY_X87_ALU; /* FISTTP came with SSE3 */
}

/* ---- encoding ---- */

/* Memory operands get all ways to address. */
static void vary_address(Random *random, Encoding *encoding)
{
    uint8_t *modrm = &encoding->bytes[encoding->length - 1];
    if (*modrm >= 0xC0)
        return;
    *modrm = (uint8_t)((*modrm & 0x38) | random_below(random, 3) << 6 | random_below(random, 8));
}

bool form_encode(const Forms *forms, const Form *form, Random *random, Encoding *ret_encoding)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        Template template = form->templates[random_below(random, form->template_count)];
        bool plain = attempt > ATTEMPTS / 2;
        unsigned rxb = forms->wide && !plain ? random_below(random, 8) : 0;
        unsigned vvvv = template.vex && attempt % 2 == 0 ? random_below(random, 16) : 15;
        char name[FORM_NAME];
        if (!forms->wide)
            vvvv |= 8;
        if (!plain && template.prefix_count < 3 && random_below(random, 8) == 0)
            /* 16-bit addresses reach no data. */
            template.prefixes[template.prefix_count++] =
                    forms->wide &&random_below(random, 2) == 0 ? 0x67 : 0x65;
        write_template(&template, rxb, forms->wide && !plain && random_below(random, 8) == 0, vvvv,
                ret_encoding);
        if (attempt < ATTEMPTS - 10)
            vary_address(random, ret_encoding);
        for (unsigned i = 0; i < TAIL_BYTES; i++)
            ret_encoding->bytes[ret_encoding->length + i] = (uint8_t)random_next(random);
        memset(ret_encoding->bytes + CODE_LIMIT, 0xCC, CODE_SLOT - CODE_LIMIT);
        if (!decode(forms, ret_encoding))
            continue;
        write_name(ret_encoding, name);
        if (strcmp(name, form->name) == 0) {
            memset(ret_encoding->bytes + ret_encoding->length, 0xCC,
                    CODE_SLOT - ret_encoding->length);
            return true;
        }
    }
    return false;
}
