/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_EMULATOR_PRIVATE_H
#define SLEIGH_EMULATOR_PRIVATE_H

#include "core/arena.h"
#include "sleigh/limits.h"
#include "sleigh/pcode/evaluate.h"

#include <promp/emulator.h>

/*
 * How the emulator is fast: the p-code of an instruction is translated once into steps. A step is a
 * function that does one operation for fixed sizes, with pointers to its places; it answers the
 * next step, or NULL at the end of the instruction. What has no such function (odd sizes, big
 * endian, floating point) goes through step_general().
 */
enum {
    CACHE_BITS = 17,
    CACHE_SLOTS = 1 << CACHE_BITS,
    CACHE_WAYS = 4, /* slots in which an address may be */
    CACHE_BYTES = 64 << 20,
    PAGE_SLOTS = 1 << 9,
    CODE_FILTER_BITS = 1 << 16,
    PAGE_SHIFT = 12
};

typedef struct Step Step;
typedef const Step *(*StepFunction)(ProPcodeEmulator *emulator, const Step *step);

struct Step {
    StepFunction run;
    uint8_t *output;
    const uint8_t *inputs[2];
    union {
        const Step *target; /* branches inside the instruction */
        uint64_t address;   /* branches out of it */
    };
    const ProPcodeOp *op; /* NULL: the end, which is no operation */
    uint64_t constants[2];
};

/* The instruction at an address. */
typedef struct CachedCode CachedCode;
struct CachedCode {
    uint64_t address;
    const Step *steps;
    CachedCode *next;      /* what was executed after it the last time; may be another by now */
    uint32_t fall_through; /* 0: slot unused */
};

typedef struct Storage {
    uint8_t *bytes; /* NULL: memory of the callbacks */
    uint64_t size;
} Storage;

/* A page that may be touched without a callback. */
typedef struct DirectPage {
    uint64_t number; /* address >> PAGE_SHIFT */
    uint8_t *bytes;  /* NULL: slot unused */
} DirectPage;

struct ProPcodeEmulator {
    ProSleighLanguage *language;
    ProSleighDecoder *decoder;
    ProPcodeEmulatorCalls calls;
    const ProSpace *spaces;
    size_t space_count;
    Storage storage[SLEIGH_LIMIT_SPACES];
    uint32_t code_space;
    uint64_t address;
    uint64_t operations;
    /* Of the instruction under way: */
    uint64_t next_address;
    uint64_t loop_budget;
    ProStatus status;
    const ProPcodeOp *failed;

    CachedCode *cache;
    Arena cache_arena;
    unsigned replaced;     /* slots, so far */
    uint32_t longest_code; /* bytes of one instruction in the cache */
    bool direct_memory;    /* calls.page may be used */
    DirectPage readable[PAGE_SLOTS];
    DirectPage writable[PAGE_SLOTS];
    uint64_t code_pages[CODE_FILTER_BITS / 64]; /* pages with cached code, hashed */
};

/* ---- emulator_places.c ---- */

/* Values are numbers: bytes least significant first, whatever the space's order. */
ProStatus place_read(
        ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size, uint8_t *bytes);
ProStatus place_write(ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size,
        const uint8_t *bytes);

/* Where the place's bytes lie, if they can be touched directly; NULL otherwise. */
uint8_t *place_direct(ProPcodeEmulator *emulator, const ProVarnode *varnode);

/* Memory of the code's space: little-endian only. */
ProStatus memory_read(ProPcodeEmulator *emulator, uint64_t address, void *bytes, uint32_t size);
ProStatus memory_write(
        ProPcodeEmulator *emulator, uint64_t address, const void *bytes, uint32_t size);

/* Asks for the page, unless it is known that there is none to be had. */
uint8_t *memory_page(ProPcodeEmulator *emulator, uint64_t number, bool writable);

static inline uint8_t *memory_direct(
        ProPcodeEmulator *emulator, DirectPage *pages, uint64_t address, uint32_t size)
{
    uint64_t number = address >> PAGE_SHIFT;
    uint64_t offset = address & ((1u << PAGE_SHIFT) - 1);
    const DirectPage *page = &pages[number & (PAGE_SLOTS - 1)];
    if (offset + size > 1u << PAGE_SHIFT)
        return NULL;
    uint8_t *bytes = page->bytes != NULL && page->number == number
                             ? page->bytes
                             : memory_page(emulator, number, pages == emulator->writable);
    return bytes == NULL ? NULL : bytes + offset;
}

/* ---- emulator_code.c ---- */

/* The first of its CACHE_WAYS slots. */
static inline CachedCode *code_slots(ProPcodeEmulator *emulator, uint64_t address)
{
    uint64_t hash = (address * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - CACHE_BITS);
    return &emulator->cache[hash & ~(uint64_t)(CACHE_WAYS - 1)];
}

static inline bool code_is_at(const CachedCode *code, uint64_t address)
{
    return code->address == address && code->fall_through != 0;
}

static inline bool is_code_page(const ProPcodeEmulator *emulator, uint64_t number)
{
    return (emulator->code_pages[number % CODE_FILTER_BITS / 64] >> (number % 64) & 1) != 0;
}

/* The code at emulator->address, translated if need be. */
ProStatus code_find(ProPcodeEmulator *emulator, CachedCode **ret_code, ProError *reterr);
/* Steps in `arena` for operations; the last one goes to `fall_through`. NULL: no memory. */
const Step *code_steps(ProPcodeEmulator *emulator, Arena *arena, const ProPcodeOp *ops,
        size_t count, uint64_t fall_through);
void code_forget_all(ProPcodeEmulator *emulator);
/* Forgets the instructions that overlap these bytes. */
void code_forget(ProPcodeEmulator *emulator, uint64_t address, uint64_t size);

/* ---- emulator_steps.c, emulator_general.c ---- */

/* A function for this operation, whose places are all direct; NULL if only the general one fits. */
StepFunction step_find(const ProPcodeOp *op);

const Step *step_general(ProPcodeEmulator *emulator, const Step *step);
const Step *step_load(ProPcodeEmulator *emulator, const Step *step);
const Step *step_store(ProPcodeEmulator *emulator, const Step *step);
const Step *step_user_operation(ProPcodeEmulator *emulator, const Step *step);
const Step *step_branch(ProPcodeEmulator *emulator, const Step *step);          /* to an address */
const Step *step_branch_relative(ProPcodeEmulator *emulator, const Step *step); /* to a step */
const Step *step_branch_computed(ProPcodeEmulator *emulator, const Step *step);
const Step *step_branch_if(ProPcodeEmulator *emulator, const Step *step);
const Step *step_branch_relative_if(ProPcodeEmulator *emulator, const Step *step);
const Step *step_invalid(ProPcodeEmulator *emulator, const Step *step);
const Step *step_end(ProPcodeEmulator *emulator, const Step *step);

/* For a step to return. */
static inline const Step *step_fail(ProPcodeEmulator *emulator, const Step *step, ProStatus status)
{
    emulator->status = status;
    emulator->failed = step->op;
    return NULL;
}

#endif
