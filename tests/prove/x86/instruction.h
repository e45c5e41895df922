/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_INSTRUCTION_H
#define PROVE_X86_INSTRUCTION_H

/*
 * One x86 instruction in a form in which two decoders can be compared: read from our Intel syntax
 * (instruction_text.c), and made from what Zydis decoded (instruction_zydis.c). Registers are
 * numbers of Zydis (ZydisRegister; 0 is none).
 */

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stdint.h>

enum { OPERANDS_MAX = 6, MNEMONIC_MAX = 32 };

typedef enum OperandKind {
    OPERAND_UNKNOWN, /* text that is none of the following */
    OPERAND_REGISTER,
    OPERAND_MEMORY,
    OPERAND_NUMBER, /* an immediate, or the address that a branch goes to */
    OPERAND_FAR     /* segment:offset */
} OperandKind;

typedef struct Operand {
    OperandKind kind;
    uint16_t bytes;      /* of memory; 0: not told */
    uint16_t reg;        /* the register, or memory's base */
    uint16_t index;      /* memory */
    uint16_t segment;    /* memory, or the number of a far pointer */
    uint8_t scale;       /* 1 to 8; 0 without index */
    uint8_t broadcast;   /* n of {1ton}; 0: none */
    bool address_only;   /* memory that is not accessed; its size means nothing */
    uint8_t number_bits; /* how many bits of `value` count */
    uint64_t value;      /* displacement, number, offset */
} Operand;

typedef enum Rounding {
    ROUNDING_NONE,
    ROUNDING_NEAREST,
    ROUNDING_DOWN,
    ROUNDING_UP,
    ROUNDING_ZERO,
    ROUNDING_SAE
} Rounding;

typedef enum Prefix { PREFIX_LOCK = 1, PREFIX_REP = 2, PREFIX_REPNE = 4 } Prefix;

typedef struct Instruction {
    char mnemonic[MNEMONIC_MAX]; /* small letters, without prefixes */
    unsigned prefixes;           /* Prefix bits */
    Rounding rounding;
    uint16_t mask; /* register */
    bool zeroing;
    unsigned count;
    Operand operands[OPERANDS_MAX];
} Instruction;

/* Fills the table of register names; once, before the functions below. */
void instruction_text_begin(void);

/* Reads mnemonic and operands as pro_sleigh_text() gives them. False: more operands than fit. */
bool instruction_from_text(const char *mnemonic, const char *body, Instruction *ret_instruction);

void instruction_from_zydis(const ZydisDecodedInstruction *decoded,
        const ZydisDecodedOperand *operands, uint64_t address, Instruction *ret_instruction);

/* How two instructions differ; the first that applies. */
typedef enum Difference {
    DIFFERENCE_NONE,
    DIFFERENCE_ONLY_ZYDIS, /* ours says invalid */
    DIFFERENCE_ONLY_OURS,
    DIFFERENCE_LENGTH,
    DIFFERENCE_MNEMONIC,
    DIFFERENCE_PREFIX,
    DIFFERENCE_COUNT, /* of operands */
    DIFFERENCE_KIND,
    DIFFERENCE_REGISTER,
    DIFFERENCE_ADDRESS, /* segment, base, index, scale */
    DIFFERENCE_DISPLACEMENT,
    DIFFERENCE_SIZE,
    DIFFERENCE_IMMEDIATE,
    DIFFERENCE_DECORATION, /* mask, zeroing, broadcast, rounding */
    DIFFERENCE_END
} Difference;

const char *difference_name(Difference difference);

/* Aliases: lines "zydis ours", '#' begins a comment. False: the file cannot be read; it is told. */
bool aliases_read(const char *path);

/* `wide`: 64-bit mode; `next`: the address of the following instruction. */
Difference instruction_compare(
        const Instruction *ours, const Instruction *zydis, bool wide, uint64_t next);

#endif
