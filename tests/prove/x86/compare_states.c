/* SPDX-License-Identifier: Apache-2.0 */
#include "compare_states.h"

#include <string.h>

static const char *const gpr_names[GPRS] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

static const char *const end_names[] = {
        "done", "memory fault", "#DE", "#UD", "exception", "opaque", "not decoded", "lost"};

enum { X87_CONTROL = 0x0F3F /* the rest is reserved */ };

static uint64_t compared_flags(const Scope *scope)
{
    return (FLAGS_STATUS | FLAG_DF) & ~scope->undefined;
}

static size_t stack_bytes(const Scope *scope)
{
    return scope->x87 ? 10 : 8;
}

/* Physical registers are tagged; ST0 is the one that the status word names. `a` is the processor's.
 */
static bool is_compared(const Scope *scope, const State *a, unsigned number)
{
    unsigned top = a->status >> 11 & 7;
    return !scope->x87 || (a->tags >> ((top + number) & 7) & 1) != 0;
}

static bool states_equal(const Scope *scope, const State *a, const State *b)
{
    bool equal = a->rip == b->rip && ((a->flags ^ b->flags) & compared_flags(scope)) == 0;
    unsigned registers = scope->wide ? GPRS : GPRS / 2;
    for (unsigned i = 0; i < registers; i++)
        equal = equal && a->gpr[i] == b->gpr[i] &&
                memcmp(a->vector[i], b->vector[i], VECTOR_BYTES) == 0;
    for (unsigned i = 0; i < STACK_REGISTERS; i++)
        equal = equal &&
                (!is_compared(scope, a, i) || memcmp(a->st[i], b->st[i], stack_bytes(scope)) == 0);
    equal = equal && ((a->control ^ b->control) & X87_CONTROL) == 0 &&
            ((a->status ^ b->status) & scope->status) == 0;
    return equal && (a->mxcsr & ~0x3Fu) == (b->mxcsr & ~0x3Fu);
}

static bool is_nan(uint64_t value, unsigned bytes)
{
    return bytes == 4 ? (value & INT32_MAX) > 0x7F800000u
                      : (value & INT64_MAX) > UINT64_C(0x7FF0000000000000);
}

/* Whether the vectors are equal but for the last bits of lanes, and for which NaN a lane is where
 * the product alone is invalid; `b` gets those of `a` then. */
static bool round_alike(const Scope *scope, const State *a, State *b)
{
    bool alike = scope->fused_bytes != 0;
    for (unsigned i = 0; i < VECTORS && alike; i++)
        for (unsigned at = 0; at < VECTOR_BYTES; at += scope->fused_bytes) {
            uint64_t left = 0, right = 0;
            memcpy(&left, a->vector[i] + at, scope->fused_bytes);
            memcpy(&right, b->vector[i] + at, scope->fused_bytes);
            bool nan = is_nan(left, scope->fused_bytes) && is_nan(right, scope->fused_bytes);
            alike = alike && (nan || left - right + 1 <= 2);
            memcpy(b->vector[i] + at, &left, scope->fused_bytes);
        }
    return alike;
}

/* Of 47 bits, and their sign (SDM volume 1, 3.3.7.1). */
static bool is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

Verdict outcomes_compare(
        const Scope *scope, const Trial *trial, const Outcome *native, const Outcome *emulated)
{
    if (native->end == END_UNDEFINED && emulated->end != END_UNDEFINED)
        return VERDICT_ABSENT;
    if (emulated->end == END_OPAQUE)
        return VERDICT_OPAQUE;
    if (native->end == END_MEMORY && emulated->end == END_DONE &&
            (trial->may_fault || !is_canonical(emulated->out.rip)))
        return VERDICT_UNMODELLED;
    bool equal = native->end == emulated->end &&
                 states_equal(scope, &native->out, &emulated->out) &&
                 memcmp(native->data, emulated->data, DATA_BYTES) == 0;
    if (equal)
        return VERDICT_EQUAL;
    State rounded = emulated->out;
    bool alike = native->end == emulated->end && round_alike(scope, &native->out, &rounded) &&
                 states_equal(scope, &native->out, &rounded) &&
                 memcmp(native->data, emulated->data, DATA_BYTES) == 0;
    return alike ? VERDICT_ROUNDED : VERDICT_DIFFERENT;
}

static void print_bytes(FILE *file, const uint8_t *bytes, size_t size)
{
    for (size_t i = size; i-- > 0;)
        (void)fprintf(file, i % 8 == 0 && i > 0 ? "%02x_" : "%02x", bytes[i]);
}

static void print_flags(FILE *file, uint64_t flags)
{
    static const char *const names[] = {
            "CF", NULL, "PF", NULL, "AF", NULL, "ZF", "SF", NULL, NULL, "DF", "OF"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] != NULL && (flags >> i & 1) != 0)
            (void)fprintf(file, " %s", names[i]);
}

static void print_wide(FILE *file, const char *name, unsigned number, size_t size,
        const uint8_t *in, const uint8_t *native, const uint8_t *emulated)
{
    if (memcmp(native, emulated, size) == 0)
        return;
    (void)fprintf(file, "    %s%u in ", name, number);
    print_bytes(file, in, size);
    (void)fprintf(file, "\n        native ");
    print_bytes(file, native, size);
    (void)fprintf(file, "\n        p-code ");
    print_bytes(file, emulated, size);
    (void)fprintf(file, "\n");
}

static void print_memory(
        FILE *file, const Trial *trial, const Outcome *native, const Outcome *emulated)
{
    uint8_t before[DATA_BYTES];
    trial_data(trial, before);
    for (unsigned i = 0; i < DATA_BYTES; i++) {
        if (native->data[i] == emulated->data[i])
            continue;
        unsigned from = i > DATA_BYTES - 16 ? DATA_BYTES - 16 : i;
        (void)fprintf(file, "    memory 0x%llx in ", (unsigned long long)DATA_ADDRESS + from);
        print_bytes(file, before + from, 16);
        (void)fprintf(file, " native ");
        print_bytes(file, native->data + from, 16);
        (void)fprintf(file, " p-code ");
        print_bytes(file, emulated->data + from, 16);
        (void)fprintf(file, "\n");
        return;
    }
}

static void print_inputs(FILE *file, const Scope *scope, const Trial *trial)
{
    unsigned registers = scope->wide ? GPRS : GPRS / 2;
    (void)fprintf(file, "    in ");
    for (unsigned i = 0; i < registers; i++)
        (void)fprintf(file, " %s=%llx", gpr_names[i], (unsigned long long)trial->in.gpr[i]);
    print_flags(file, trial->in.flags);
    for (unsigned i = 0; i < trial->placed_count; i++) {
        (void)fprintf(file, "\n    memory at %llx: ", (unsigned long long)trial->placed[i].address);
        print_bytes(file, trial->placed[i].bytes, 32);
    }
    (void)fprintf(file, "\n");
}

static void print_vector_inputs(FILE *file, const Scope *scope, const Trial *trial)
{
    for (unsigned i = 0; i < (scope->wide ? GPRS : GPRS / 2); i++) {
        (void)fprintf(file, "    ymm%u ", i);
        print_bytes(file, trial->in.vector[i], VECTOR_BYTES);
        (void)fprintf(file, i % 2 == 1 ? "\n" : "");
    }
    for (unsigned i = 0; i < STACK_REGISTERS; i++) {
        (void)fprintf(file, "    st%u ", i);
        print_bytes(file, trial->in.st[i], 10);
        (void)fprintf(file, i % 4 == 3 ? "\n" : "");
    }
}

void outcomes_print(FILE *file, const Scope *scope, const Trial *trial, const Outcome *native,
        const Outcome *emulated)
{
    const State *a = &native->out, *b = &emulated->out;
    print_inputs(file, scope, trial);
    if (native->end != emulated->end)
        (void)fprintf(file, "    ends: native %s (vector %u), p-code %s %s\n",
                end_names[native->end], native->detail, end_names[emulated->end], emulated->text);
    if (a->rip != b->rip)
        (void)fprintf(file, "    rip native %llx p-code %llx\n", (unsigned long long)a->rip,
                (unsigned long long)b->rip);
    for (unsigned i = 0; i < GPRS; i++)
        if (a->gpr[i] != b->gpr[i])
            (void)fprintf(file, "    %s native %llx p-code %llx\n", gpr_names[i],
                    (unsigned long long)a->gpr[i], (unsigned long long)b->gpr[i]);
    uint64_t different = (a->flags ^ b->flags) & compared_flags(scope);
    if (different != 0) {
        (void)fprintf(file, "    flags that differ:");
        print_flags(file, different);
        (void)fprintf(file, "; native:");
        print_flags(file, a->flags);
        (void)fprintf(file, "\n");
    }
    if (((a->status ^ b->status) & scope->status) != 0)
        (void)fprintf(file, "    x87 status native %04x p-code %04x\n", a->status, b->status);
    if (((a->control ^ b->control) & X87_CONTROL) != 0)
        (void)fprintf(file, "    x87 control native %04x p-code %04x\n", a->control, b->control);
    bool vectors = false;
    for (unsigned i = 0; i < VECTORS; i++) {
        print_wide(file, "ymm", i, VECTOR_BYTES, trial->in.vector[i], a->vector[i], b->vector[i]);
        vectors = vectors || memcmp(a->vector[i], b->vector[i], VECTOR_BYTES) != 0;
    }
    for (unsigned i = 0; i < STACK_REGISTERS; i++) {
        if (!is_compared(scope, a, i))
            continue;
        print_wide(file, "st", i, stack_bytes(scope), trial->in.st[i], a->st[i], b->st[i]);
        vectors = vectors || memcmp(a->st[i], b->st[i], stack_bytes(scope)) != 0;
    }
    if (vectors)
        print_vector_inputs(file, scope, trial);
    print_memory(file, trial, native, emulated);
}
