/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_FORMS_H
#define PROVE_X86_FORMS_H

#include "processor.h"
#include "random.h"

#include <Zydis/Zydis.h>

/*
 * A form is an instruction with the kinds and sizes of its operands and its opcode: "ADD r32, m32
 * [03]". They are found by decoding every opcode with every mandatory prefix and ModRM byte; which
 * registers, addresses and immediates a form has is chosen when it is encoded.
 */
enum { FORM_TEMPLATES = 48, FORM_NAME = 96, ENCODED_OPERANDS = ZYDIS_MAX_OPERAND_COUNT };

typedef struct Template {
    uint8_t prefixes[3];
    uint8_t prefix_count;
    bool vex;     /* three bytes of it */
    bool rex_w;   /* also VEX.W */
    uint8_t map;  /* 0 one byte, 1 0F, 2 0F38, 3 0F3A */
    uint8_t pp_l; /* VEX.L and VEX.pp */
    uint8_t opcode;
    uint8_t modrm;
} Template;

typedef struct Form {
    char name[FORM_NAME];
    uint64_t hash; /* of the name */
    const char *mnemonic;
    char group[24];
    const char *excluded; /* why it is not executed; NULL: it is */
    Template templates[FORM_TEMPLATES];
    unsigned template_count;
} Form;

typedef struct Encoding {
    uint8_t bytes[CODE_SLOT];
    unsigned length;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ENCODED_OPERANDS];
} Encoding;

typedef struct Forms {
    ZydisDecoder decoder;
    bool wide;
    Form *items;
    size_t count;
    size_t capacity;
} Forms;

bool forms_find(Forms *forms, bool wide);
void forms_free(Forms *forms);

bool instruction_is_x87(const ZydisDecodedInstruction *instruction);

/* A random encoding of the form. */
bool form_encode(const Forms *forms, const Form *form, Random *random, Encoding *ret_encoding);

#endif
