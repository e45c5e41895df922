/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_TEMPLATE_TYPES_H
#define SLEIGH_TEMPLATE_TYPES_H

#include <promp/pcode.h>
#include <stdatomic.h>

/* Templates, as a language keeps them: what a constructor means, with holes for its operands. */

enum { NO_INDEX = UINT32_MAX };

typedef enum ConstKind {
    CONST_REAL,
    CONST_SPACE,
    CONST_HANDLE,
    CONST_START,
    CONST_NEXT,
    CONST_NEXT2,
    CONST_CURSPACE,
    CONST_CURSPACE_SIZE,
    CONST_RELATIVE
} ConstKind;

typedef struct Const {
    uint8_t kind; /* ConstKind */
    uint8_t selector;
    uint16_t operand;
    uint32_t space;
    uint64_t value; /* CONST_HANDLE with selector 3: plus */
} Const;

typedef struct VarnodeTpl {
    Const space, offset, size;
} VarnodeTpl;

/* The same, sorted by how much of it is known before decoding: nearly all is. */
typedef enum PlaceForm {
    PLACE_FIXED,   /* `place` */
    PLACE_LABEL,   /* place.offset is a label's number */
    PLACE_OPERAND, /* where an operand is; place.size, or (0) the operand's size */
    PLACE_VALUE,   /* an operand's offset as a constant of place.size */
    PLACE_GENERAL  /* place.offset is an index of the template's `varnodes` */
} PlaceForm;

typedef struct PlaceTpl {
    ProVarnode place;
    uint8_t form; /* PlaceForm */
    uint16_t operand;
} PlaceTpl;

/* Where an operand's value is. */
typedef struct Handle {
    uint32_t space;
    uint32_t size;
    uint32_t offset_space; /* NO_INDEX: static; the rest is not set then */
    uint32_t offset_size;
    uint64_t offset;
    uint32_t temp_space;
    uint64_t temp_offset;
} Handle;

typedef struct OpTpl {
    uint16_t code;
    uint16_t input_count;
    bool has_output;
    uint32_t places; /* of its TplOps: the output, if there is one, then the inputs */
} OpTpl;

/* A hole in a run of operations. */
typedef struct Patch {
    uint32_t slot; /* of the run: an operation, whose output it is; else an input */
    bool is_output;
    PlaceTpl place;
} Patch;

typedef enum StepKind {
    STEP_RUN,        /* the next `count` operations, `input_count` inputs and `patch_count` holes */
    STEP_OP,         /* operation `count` of `ops`, in the general way */
    STEP_BUILD,      /* operand `count` */
    STEP_LABEL,      /* label `count` */
    STEP_CROSSBUILD, /* operation `count` of `ops` */
    STEP_DELAY_SLOT
} StepKind;

typedef struct Step {
    uint8_t kind; /* StepKind */
    uint32_t count;
    uint32_t input_count;
    uint32_t patch_count;
} Step;

/*
 * A template's operations, in one block of memory: steps. Most are runs: operations as they come
 * out, but for some holes. Only what may be reached through a pointer (and then needs loads and
 * stores), jumps to labels, and directives are kept apart.
 */
typedef struct TplOps {
    uint32_t step_count;
    const Step *steps;
    const ProPcodeOp *run_ops; /* of all runs; `inputs` are not set */
    const ProVarnode *run_inputs;
    const Patch *patches;
    const OpTpl *ops; /* of the other steps */
    const PlaceTpl *places;
    const VarnodeTpl *varnodes;
} TplOps;

typedef struct Tpl {
    uint32_t ctor;  /* whose template it is */
    uint32_t begin; /* of the document: its first operation; ... */
    uint32_t end;   /* ... behind the last, the end of the template's element */
    uint32_t label_count;
    uint32_t delay;
    uint32_t export_index; /* of `exports`, or NO_INDEX */
    int32_t section;       /* -1: main */
    TplOps *_Atomic ops;   /* NULL: not read yet */
} Tpl;

/* What is exported; `fixed` if all of it is known, from the operand if it is that, with a size. */
typedef enum ExportForm { EXPORT_GENERAL, EXPORT_FIXED, EXPORT_OPERAND } ExportForm;

typedef struct ExportTpl {
    uint8_t form; /* ExportForm */
    uint16_t operand;
    Handle fixed; /* of EXPORT_OPERAND: only the size, or 0: the operand's */
    Const space, size, pointer_space, pointer_offset, pointer_size, temp_space, temp_offset;
} ExportTpl;

#endif
