/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/emulator_private.h"

#include <string.h>

/* Operations on 1, 2, 4 and 8 bytes, and copies of any size, on places of this process. The macros
 * make the same small function once per size. */

typedef uint8_t U1 __attribute__((may_alias));
typedef uint16_t U2 __attribute__((may_alias, aligned(1)));
typedef uint32_t U4 __attribute__((may_alias, aligned(1)));
typedef uint64_t U8 __attribute__((may_alias, aligned(1)));
typedef int8_t S1 __attribute__((may_alias));
typedef int16_t S2 __attribute__((may_alias, aligned(1)));
typedef int32_t S4 __attribute__((may_alias, aligned(1)));
typedef int64_t S8 __attribute__((may_alias, aligned(1)));

#define INPUT(type, index) (*(const type *)(const void *)step->inputs[index])
#define OUTPUT(type) (*(type *)(void *)step->output)

#define STEP(name) static const Step *name(ProPcodeEmulator *emulator, const Step *step)

/* `a`, `b` are the inputs, `sa`, `sb` the same signed; `top` the number of the highest bit. */
#define BINARY_OF(name, size, type, expression)                                                    \
    STEP(name##_##size)                                                                            \
    {                                                                                              \
        enum { top = 8 * size - 1 };                                                               \
        uint64_t a = INPUT(U##size, 0), b = INPUT(U##size, 1);                                     \
        int64_t sa = INPUT(S##size, 0), sb = INPUT(S##size, 1);                                    \
        (void)emulator, (void)a, (void)b, (void)sa, (void)sb, (void)top;                           \
        OUTPUT(type) = (type)(expression);                                                         \
        return step + 1;                                                                           \
    }

#define BINARY(name, expression)                                                                   \
    BINARY_OF(name, 1, U1, expression)                                                             \
    BINARY_OF(name, 2, U2, expression)                                                             \
    BINARY_OF(name, 4, U4, expression)                                                             \
    BINARY_OF(name, 8, U8, expression)

#define COMPARISON(name, expression)                                                               \
    BINARY_OF(name, 1, U1, expression)                                                             \
    BINARY_OF(name, 2, U1, expression)                                                             \
    BINARY_OF(name, 4, U1, expression)                                                             \
    BINARY_OF(name, 8, U1, expression)

#define UNARY_OF(name, size, expression)                                                           \
    STEP(name##_##size)                                                                            \
    {                                                                                              \
        uint64_t a = INPUT(U##size, 0);                                                            \
        (void)emulator;                                                                            \
        OUTPUT(U##size) = (U##size)(expression);                                                   \
        return step + 1;                                                                           \
    }

#define UNARY(name, expression)                                                                    \
    UNARY_OF(name, 1, expression)                                                                  \
    UNARY_OF(name, 2, expression)                                                                  \
    UNARY_OF(name, 4, expression)                                                                  \
    UNARY_OF(name, 8, expression)

BINARY(add, a + b)
BINARY(subtract, a - b)
BINARY(bit_and, a &b)
BINARY(bit_or, a | b)
BINARY(bit_xor, a ^ b)
BINARY(multiply, a *b)
COMPARISON(equal, a == b)
COMPARISON(not_equal, a != b)
COMPARISON(less, a < b)
COMPARISON(less_equal, a <= b)
COMPARISON(signed_less, sa < sb)
COMPARISON(signed_less_equal, sa <= sb)
COMPARISON(carry, (top == 63 ? a + b < a : (a + b) >> (top + 1) % 64 != 0))
COMPARISON(signed_carry, (~(a ^ b) & (a ^ (a + b))) >> top & 1)
COMPARISON(signed_borrow, ((a ^ b) & (a ^ (a - b))) >> top & 1)
UNARY(copy, a)
UNARY(negate, 0 - a)
UNARY(invert, ~a)
UNARY_OF(not, 1, a ^ 1)

/* ---- shifts: the amount has a size of its own ---- */

static uint64_t number(const uint8_t *bytes, uint32_t size)
{
    switch (size) {
    case 1:
        return *bytes;
    case 2:
        return *(const U2 *)(const void *)bytes;
    case 4:
        return *(const U4 *)(const void *)bytes;
    default:
        return *(const U8 *)(const void *)bytes;
    }
}

#define SHIFT_OF(name, width, source, beyond, operator)                                            \
    STEP(name##_##width)                                                                           \
    {                                                                                              \
        uint64_t amount = number(step->inputs[1], step->op->inputs[1].size);                       \
        (void)emulator;                                                                            \
        if (amount < 8 * width)                                                                    \
            OUTPUT(U##width) = (U##width)(INPUT(source##width, 0) operator amount);                \
        else                                                                                       \
            OUTPUT(U##width) =                                                                     \
                    beyond ? (U##width)(INPUT(source##width, 0) >> (8 * width - 1)) : 0;           \
        return step + 1;                                                                           \
    }

#define SHIFT(name, source, beyond, operator)                                                      \
    SHIFT_OF(name, 1, source, beyond, operator)                                                    \
    SHIFT_OF(name, 2, source, beyond, operator)                                                    \
    SHIFT_OF(name, 4, source, beyond, operator)                                                    \
    SHIFT_OF(name, 8, source, beyond, operator)

SHIFT(shift_left, U, false, <<)
SHIFT(shift_right, U, false, >>)
SHIFT(shift_right_signed, S, true, >>)

/* ---- extensions ---- */

#define EXTEND_OF(name, from, to, source)                                                          \
    STEP(name##_##from##_##to)                                                                     \
    {                                                                                              \
        (void)emulator;                                                                            \
        OUTPUT(U##to) = (U##to)INPUT(source##from, 0);                                             \
        return step + 1;                                                                           \
    }

#define EXTEND(name, source)                                                                       \
    EXTEND_OF(name, 1, 2, source)                                                                  \
    EXTEND_OF(name, 1, 4, source)                                                                  \
    EXTEND_OF(name, 1, 8, source)                                                                  \
    EXTEND_OF(name, 2, 4, source)                                                                  \
    EXTEND_OF(name, 2, 8, source)                                                                  \
    EXTEND_OF(name, 4, 8, source)

EXTEND(zero_extend, U)
EXTEND(sign_extend, S)

STEP(copy_any)
{
    (void)emulator;
    memmove(step->output, step->inputs[0], step->op->output.size);
    return step + 1;
}

STEP(zero_extend_any)
{
    uint32_t from = step->op->inputs[0].size;
    (void)emulator;
    memmove(step->output, step->inputs[0], from);
    memset(step->output + from, 0, step->op->output.size - from);
    return step + 1;
}

STEP(join_any)
{
    uint8_t bytes[LARGEST_NUMBER_BYTES];
    uint32_t low = step->op->inputs[1].size, high = step->op->inputs[0].size;
    (void)emulator;
    memcpy(bytes, step->inputs[1], low);
    memcpy(bytes + low, step->inputs[0], high);
    memcpy(step->output, bytes, low + high);
    return step + 1;
}

#define WIDE_OF(name, operator)                                                                    \
    STEP(name##_wide)                                                                              \
    {                                                                                              \
        Wide left, right;                                                                          \
        (void)emulator;                                                                            \
        memcpy(&left, step->inputs[0], sizeof left);                                               \
        memcpy(&right, step->inputs[1], sizeof right);                                             \
        left = left operator right;                                                                \
        memcpy(step->output, &left, sizeof left);                                                  \
        return step + 1;                                                                           \
    }

WIDE_OF(bit_and, &)
WIDE_OF(bit_or, |)
WIDE_OF(bit_xor, ^)
WIDE_OF(multiply, *)

STEP(count_ones_1)
{
    (void)emulator;
    OUTPUT(U1) = (U1)__builtin_popcount(INPUT(U1, 0));
    return step + 1;
}

/* ---- memory ---- */

STEP(load_any)
{
    uint8_t bytes[LARGEST_NUMBER_BYTES];
    uint32_t size = step->op->output.size;
    uint64_t address = number(step->inputs[0], step->op->inputs[1].size);
    ProStatus status = memory_read(emulator, address, bytes, size);
    if (status != PRO_OK)
        return step_fail(emulator, step, status);
    memcpy(step->output, bytes, size);
    return step + 1;
}

STEP(store_any)
{
    uint64_t address = number(step->inputs[0], step->op->inputs[1].size);
    ProStatus status = memory_write(emulator, address, step->inputs[1], step->op->inputs[2].size);
    return status == PRO_OK ? step + 1 : step_fail(emulator, step, status);
}

#define MEMORY_OF(width, pointer)                                                                  \
    STEP(load_##width##_##pointer)                                                                 \
    {                                                                                              \
        const uint8_t *from =                                                                      \
                memory_direct(emulator, emulator->readable, INPUT(U##pointer, 0), width);          \
        if (from == NULL)                                                                          \
            return load_any(emulator, step);                                                       \
        OUTPUT(U##width) = *(const U##width *)(const void *)from;                                  \
        return step + 1;                                                                           \
    }                                                                                              \
    STEP(store_##width##_##pointer)                                                                \
    {                                                                                              \
        uint8_t *to = memory_direct(emulator, emulator->writable, INPUT(U##pointer, 0), width);    \
        if (to == NULL)                                                                            \
            return store_any(emulator, step);                                                      \
        *(U##width *)(void *)to = INPUT(U##width, 1);                                              \
        return step + 1;                                                                           \
    }

#define MEMORY(pointer)                                                                            \
    MEMORY_OF(1, pointer)                                                                          \
    MEMORY_OF(2, pointer)                                                                          \
    MEMORY_OF(4, pointer)                                                                          \
    MEMORY_OF(8, pointer)

MEMORY(4)
MEMORY(8)

/* ---- which function ---- */

enum { SIZES = 4 };

#define ROW(name)                                                                                  \
    {                                                                                              \
        name##_1, name##_2, name##_4, name##_8                                                     \
    }

/* By the size of the first input. */
static const StepFunction by_size[PRO_PCODE_END][SIZES] = {
        [PRO_PCODE_COPY] = ROW(copy),
        [PRO_PCODE_CAST] = ROW(copy),
        [PRO_PCODE_INT_EQUAL] = ROW(equal),
        [PRO_PCODE_INT_NOTEQUAL] = ROW(not_equal),
        [PRO_PCODE_INT_SLESS] = ROW(signed_less),
        [PRO_PCODE_INT_SLESSEQUAL] = ROW(signed_less_equal),
        [PRO_PCODE_INT_LESS] = ROW(less),
        [PRO_PCODE_INT_LESSEQUAL] = ROW(less_equal),
        [PRO_PCODE_INT_ADD] = ROW(add),
        [PRO_PCODE_INT_SUB] = ROW(subtract),
        [PRO_PCODE_INT_CARRY] = ROW(carry),
        [PRO_PCODE_INT_SCARRY] = ROW(signed_carry),
        [PRO_PCODE_INT_SBORROW] = ROW(signed_borrow),
        [PRO_PCODE_INT_2COMP] = ROW(negate),
        [PRO_PCODE_INT_NEGATE] = ROW(invert),
        [PRO_PCODE_INT_XOR] = ROW(bit_xor),
        [PRO_PCODE_INT_AND] = ROW(bit_and),
        [PRO_PCODE_INT_OR] = ROW(bit_or),
        [PRO_PCODE_INT_LEFT] = ROW(shift_left),
        [PRO_PCODE_INT_RIGHT] = ROW(shift_right),
        [PRO_PCODE_INT_SRIGHT] = ROW(shift_right_signed),
        [PRO_PCODE_INT_MULT] = ROW(multiply),
        [PRO_PCODE_BOOL_NEGATE] = {not_1},
        [PRO_PCODE_BOOL_XOR] = {bit_xor_1},
        [PRO_PCODE_BOOL_AND] = {bit_and_1},
        [PRO_PCODE_BOOL_OR] = {bit_or_1},
};

#define EXTEND_ROWS(name)                                                                          \
    {                                                                                              \
        {NULL, name##_1_2, name##_1_4, name##_1_8}, {NULL, NULL, name##_2_4, name##_2_8},          \
                {NULL, NULL, NULL, name##_4_8}, {NULL},                                            \
    }

static const StepFunction zero_extend[SIZES][SIZES] = EXTEND_ROWS(zero_extend);
static const StepFunction sign_extend[SIZES][SIZES] = EXTEND_ROWS(sign_extend);
static const StepFunction loads[2][SIZES] = {
        {load_1_4, load_2_4, load_4_4, load_8_4}, {load_1_8, load_2_8, load_4_8, load_8_8}};
static const StepFunction stores[2][SIZES] = {
        {store_1_4, store_2_4, store_4_4, store_8_4}, {store_1_8, store_2_8, store_4_8, store_8_8}};

static int size_index(uint32_t size)
{
    return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : -1;
}

static StepFunction find_access(const ProPcodeOp *op)
{
    bool load = op->code == PRO_PCODE_LOAD;
    int size = size_index(load ? op->output.size : op->inputs[2].size);
    uint32_t pointer = op->inputs[1].size;
    if (pointer != 4 && pointer != 8)
        return NULL;
    if (size < 0)
        return load ? load_any : store_any;
    return load ? loads[pointer == 8][size] : stores[pointer == 8][size];
}

static StepFunction find_wide(const ProPcodeOp *op)
{
    bool wide = op->output.size == sizeof(Wide);
    switch (op->code) {
    case PRO_PCODE_COPY:
    case PRO_PCODE_CAST:
        return copy_any;
    case PRO_PCODE_INT_ZEXT:
        return zero_extend_any;
    case PRO_PCODE_PIECE:
        return join_any;
    case PRO_PCODE_INT_AND:
        return wide ? bit_and_wide : NULL;
    case PRO_PCODE_INT_OR:
        return wide ? bit_or_wide : NULL;
    case PRO_PCODE_INT_XOR:
        return wide ? bit_xor_wide : NULL;
    case PRO_PCODE_INT_MULT:
        return wide ? multiply_wide : NULL;
    case PRO_PCODE_POPCOUNT:
        return op->inputs[0].size == 1 && op->output.size == 1 ? count_ones_1 : NULL;
    default:
        return NULL;
    }
}

static bool is_shift(unsigned code)
{
    return code == PRO_PCODE_INT_LEFT || code == PRO_PCODE_INT_RIGHT ||
           code == PRO_PCODE_INT_SRIGHT;
}

/* Specifications come from outside: one may say sizes that do not belong together. */
static bool sizes_fit(const ProPcodeOp *op)
{
    uint32_t out = op->output.size, first = op->inputs[0].size;
    bool compares = (op->code >= PRO_PCODE_INT_EQUAL && op->code <= PRO_PCODE_INT_LESSEQUAL) ||
                    (op->code >= PRO_PCODE_INT_CARRY && op->code <= PRO_PCODE_INT_SBORROW);
    bool counts = op->code == PRO_PCODE_POPCOUNT;
    if (op->code == PRO_PCODE_INT_ZEXT || op->code == PRO_PCODE_INT_SEXT)
        return out > first;
    if (op->code == PRO_PCODE_PIECE)
        return out == first + op->inputs[1].size;
    if (op->code == PRO_PCODE_SUBPIECE || counts)
        return true;
    if (is_shift(op->code) || op->input_count == 1)
        return out == first;
    return first == op->inputs[1].size && out == (compares ? 1 : first);
}

StepFunction step_find(const ProPcodeOp *op)
{
    if (op->code == PRO_PCODE_LOAD || op->code == PRO_PCODE_STORE)
        return find_access(op);
    if (!sizes_fit(op))
        return NULL;
    int from = size_index(op->inputs[0].size), to = size_index(op->output.size);
    if (op->code == PRO_PCODE_SUBPIECE) /* a copy from further up */
        return to < 0 ? copy_any : by_size[PRO_PCODE_COPY][to];
    if (from >= 0 && to >= 0 && op->code == PRO_PCODE_INT_ZEXT)
        return zero_extend[from][to];
    if (from >= 0 && to >= 0 && op->code == PRO_PCODE_INT_SEXT)
        return sign_extend[from][to];
    if (is_shift(op->code) && size_index(op->inputs[1].size) < 0)
        return NULL;
    if (from >= 0 && by_size[op->code][from] != NULL)
        return by_size[op->code][from];
    return find_wide(op);
}
