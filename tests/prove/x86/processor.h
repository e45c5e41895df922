/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_PROCESSOR_H
#define PROVE_X86_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One instruction on one state of the processor: what goes in, and what comes out of the real
 * processor and of the emulator. Both have the same memory: the code of the batch, and two pages of
 * data with nothing around them.
 */
enum {
    GPRS = 16,
    VECTORS = 16,
    VECTOR_BYTES = 32,
    STACK_REGISTERS = 8,
    DATA_BYTES = 8192,
    CODE_BYTES = 4096,
    CODE_SLOT = 64, /* bytes for one encoding, filled up with INT3 */
    ENCODINGS = CODE_BYTES / CODE_SLOT,
    TRIALS = 1024,
    OPERAND_BYTES = 64,
    MEMORY_OPERANDS = 3,
    CODE_LIMIT = 15,
    REP_STEPS = 64 /* of a repeated instruction */
};

/* Below 2 GiB, so that code of 32 bits reaches it too. */
#define CODE_ADDRESS UINT64_C(0x20000000)
#define DATA_ADDRESS UINT64_C(0x20400000)
#define DATA_MIDDLE (DATA_ADDRESS + DATA_BYTES / 2)
#define GS_ADDRESS UINT64_C(0x10000000)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

enum {
    FLAG_CF = 1 << 0,
    FLAG_PF = 1 << 2,
    FLAG_AF = 1 << 4,
    FLAG_ZF = 1 << 6,
    FLAG_SF = 1 << 7,
    FLAG_TF = 1 << 8,
    FLAG_IF = 1 << 9,
    FLAG_DF = 1 << 10,
    FLAG_OF = 1 << 11,
    FLAGS_STATUS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF
};

typedef struct State {
    uint64_t gpr[GPRS];
    uint64_t rip;
    uint64_t flags;
    uint8_t vector[VECTORS][VECTOR_BYTES];
    uint8_t st[STACK_REGISTERS][16]; /* from the top; 10 bytes count */
    uint16_t control;                /* of the x87 */
    uint16_t status;
    uint8_t tags; /* of the physical registers: 1 = not empty, as FXSAVE stores them */
    uint32_t mxcsr;
} State;

/* Bytes that are put into the data before. */
typedef struct Placed {
    uint64_t address;
    uint8_t bytes[OPERAND_BYTES];
} Placed;

typedef struct Trial {
    State in;
    Placed placed[MEMORY_OPERANDS];
    unsigned placed_count;
    unsigned pattern;  /* where in the background the data begins */
    unsigned encoding; /* slot of the code */
    bool repeats;      /* runs to the INT3 behind it; others do one step */
    bool may_fault;    /* where p-code does not: an operand is not aligned, or masked out in part */
} Trial;

typedef enum End {
    END_DONE = 0,
    END_MEMORY,      /* #GP, #PF, #SS, #AC */
    END_DIVIDE,      /* #DE */
    END_UNDEFINED,   /* #UD */
    END_OTHER,       /* another exception; `detail` is its vector */
    END_OPAQUE,      /* the emulator met an operation that has only a name: `text` */
    END_NOT_DECODED, /* the specification does not know the bytes, or leaves them open */
    END_LOST         /* the child died, or the time was up */
} End;

typedef struct Outcome {
    State out;
    End end;
    unsigned detail;
    char text[80];
    uint8_t data[DATA_BYTES];
} Outcome;

typedef struct Batch {
    bool narrow; /* 32-bit code */
    size_t count;
    size_t done; /* of the child */
    uint8_t code[CODE_BYTES];
    Trial trials[TRIALS];
    Outcome native[TRIALS];
} Batch;

/* The data before the instruction, DATA_BYTES. */
void trial_data(const Trial *trial, uint8_t *data);

#endif
