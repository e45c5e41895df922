/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_PCODE_H
#define PROMP_PCODE_H

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * p-code: what an instruction does, as a list of simple operations on varnodes. A varnode is a
 * place (space, byte offset, size in bytes); in the space `const` (always index 0) the offset is
 * the value. The operations are those of <promp/pcode.def>.
 */

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ProPcodeCode {
#define PRO_PCODE(code, name, output, least, most) PRO_PCODE_##name = code,
#include <promp/pcode.def>
#undef PRO_PCODE
    PRO_PCODE_END
} ProPcodeCode;

enum { PRO_SPACE_CONST = 0 };

typedef struct ProVarnode {
    uint64_t offset;
    uint32_t space; /* index of the language's space */
    uint32_t size;  /* bytes; 0: no varnode */
} ProVarnode;

typedef struct ProPcodeOp {
    uint16_t code; /* ProPcodeCode */
    uint16_t input_count;
    ProVarnode output;        /* size 0: none */
    const ProVarnode *inputs; /* lent with the operation */
} ProPcodeOp;

/* "INT_ADD"; NULL for a code that does not exist. A constant string. */
PRO_API const char *pro_pcode_name(unsigned code);
PRO_API unsigned pro_pcode_code(const char *name, size_t length); /* 0: no such name */

/* What a program needs to know about spaces; pro_sleigh_language_spaces() fills it. */
typedef struct ProSpace {
    const char *name;
    uint32_t index;
    uint32_t address_bytes;
    uint32_t word_bytes;
    uint64_t highest; /* the largest byte offset */
    bool is_register;
    bool big_endian;
} ProSpace;

/*
 * Text form, one operation a line:
 *     (register,0x10,8) = INT_ADD (register,0x10,8), (const,0x1,8)
 *     STORE (const,0x3,8), (register,0x0,8), (unique,0x100,4)
 * Writes at most `capacity` bytes with the final NUL and returns the length it would have had.
 */
PRO_API size_t pro_pcode_print(const ProPcodeOp *op, const ProSpace *spaces, size_t space_count,
        char *text, size_t capacity);

/* Reads operations in text form. The caller frees with pro_pcode_list_free(). Errors name line and
 * column. */
typedef struct ProPcodeList {
    ProPcodeOp *ops;
    size_t count;
    ProVarnode *varnodes; /* what the operations' inputs point to */
} ProPcodeList;

PRO_API ProStatus pro_pcode_parse(const char *text, size_t length, const ProSpace *spaces,
        size_t space_count, ProPcodeList *ret_list, ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_pcode_list_free(ProPcodeList *list);

/*
 * Checks the operations of one instruction: number of inputs, sizes, spaces, relative branches that
 * stay inside, temporaries written before they are read. The error names the operation by number.
 */
PRO_API ProStatus pro_pcode_verify(const ProPcodeOp *ops, size_t count, const ProSpace *spaces,
        size_t space_count, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
