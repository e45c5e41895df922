/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/evaluate.h"

#include <string.h>

/* Values of more than 16 bytes: vector registers, and what is put together for double shifts. */

static void cut(Number *number, uint32_t bytes)
{
    if (bytes < LARGEST_NUMBER_BYTES)
        memset(number->bytes + bytes, 0, LARGEST_NUMBER_BYTES - bytes);
}

static bool sign_of(const Number *number, uint32_t bytes)
{
    return number->bytes[bytes - 1] >> 7 != 0;
}

static void sign_extend(Number *number, uint32_t bytes)
{
    if (sign_of(number, bytes))
        memset(number->bytes + bytes, 0xFF, LARGEST_NUMBER_BYTES - bytes);
}

/* left + right + carry; beyond 64 bytes the carry is lost. */
static void add(const Number *left, const Number *right, bool carry, Number *ret)
{
    for (unsigned i = 0; i < NUMBER_LIMBS; i++) {
        Wide sum = (Wide)left->limbs[i] + right->limbs[i] + carry;
        ret->limbs[i] = (uint64_t)sum;
        carry = sum >> 64 != 0;
    }
}

static void invert(const Number *value, Number *ret)
{
    for (unsigned i = 0; i < NUMBER_LIMBS; i++)
        ret->limbs[i] = ~value->limbs[i];
}

static void subtract(const Number *left, const Number *right, Number *ret)
{
    Number inverse;
    invert(right, &inverse);
    add(left, &inverse, true, ret);
}

static int compare(const Number *left, const Number *right)
{
    for (unsigned i = NUMBER_LIMBS; i-- > 0;)
        if (left->limbs[i] != right->limbs[i])
            return left->limbs[i] < right->limbs[i] ? -1 : 1;
    return 0;
}

static int compare_signed(const Number *left, const Number *right, uint32_t bytes)
{
    bool left_sign = sign_of(left, bytes), right_sign = sign_of(right, bytes);
    if (left_sign != right_sign)
        return left_sign ? -1 : 1;
    return compare(left, right);
}

static void shift_left(const Number *value, unsigned bits, Number *ret)
{
    unsigned limbs = bits / 64, rest = bits % 64;
    for (unsigned i = NUMBER_LIMBS; i-- > 0;) {
        uint64_t high = i >= limbs ? value->limbs[i - limbs] : 0;
        uint64_t low = i > limbs ? value->limbs[i - limbs - 1] : 0;
        ret->limbs[i] = rest == 0 ? high : high << rest | low >> (64 - rest);
    }
}

static void shift_right(const Number *value, unsigned bits, bool fill, Number *ret)
{
    unsigned limbs = bits / 64, rest = bits % 64;
    uint64_t beyond = fill ? UINT64_MAX : 0;
    for (unsigned i = 0; i < NUMBER_LIMBS; i++) {
        uint64_t low = i + limbs < NUMBER_LIMBS ? value->limbs[i + limbs] : beyond;
        uint64_t high = i + limbs + 1 < NUMBER_LIMBS ? value->limbs[i + limbs + 1] : beyond;
        ret->limbs[i] = rest == 0 ? low : low >> rest | high << (64 - rest);
    }
}

/* Inputs' sizes and the second one's value say how far; further than the value is wide is allowed.
 */
static void shift(const ProPcodeOp *op, const Number *inputs, Number *ret)
{
    uint32_t bytes = op->inputs[0].size;
    Number value = inputs[0], amount = inputs[1];
    cut(&amount, op->inputs[1].size);
    bool beyond = amount.limbs[0] >= 8 * bytes;
    for (unsigned i = 1; i < NUMBER_LIMBS; i++)
        beyond = beyond || amount.limbs[i] != 0;
    bool fill = op->code == PRO_PCODE_INT_SRIGHT && sign_of(&value, bytes);
    if (fill)
        sign_extend(&value, bytes);
    if (beyond)
        memset(ret, fill ? 0xFF : 0, sizeof *ret);
    else if (op->code == PRO_PCODE_INT_LEFT)
        shift_left(&value, (unsigned)amount.limbs[0], ret);
    else
        shift_right(&value, (unsigned)amount.limbs[0], fill, ret);
}

static bool overflows(unsigned code, const Number *left, const Number *right, uint32_t bytes)
{
    Number result;
    bool left_sign = sign_of(left, bytes), right_sign = sign_of(right, bytes);
    if (code == PRO_PCODE_INT_SBORROW) {
        subtract(left, right, &result);
        return left_sign != right_sign && sign_of(&result, bytes) != left_sign;
    }
    add(left, right, false, &result);
    if (code == PRO_PCODE_INT_SCARRY)
        return left_sign == right_sign && sign_of(&result, bytes) != left_sign;
    cut(&result, bytes);
    return compare(&result, left) < 0;
}

static void count_bits(const ProPcodeOp *op, const Number *value, Number *ret)
{
    unsigned ones = 0, zeros = 8 * op->inputs[0].size;
    for (unsigned i = 0; i < NUMBER_LIMBS; i++) {
        uint64_t limb = value->limbs[i];
        ones += (unsigned)__builtin_popcountll(limb);
        if (limb != 0)
            zeros = 8 * op->inputs[0].size - 64 * i - (64 - (unsigned)__builtin_clzll(limb));
    }
    ret->limbs[0] = op->code == PRO_PCODE_POPCOUNT ? ones : zeros;
}

static void join_or_split(const ProPcodeOp *op, const Number *inputs, Number *ret)
{
    if (op->code == PRO_PCODE_PIECE) {
        uint32_t low = op->inputs[1].size, high = op->inputs[0].size;
        memcpy(ret->bytes, inputs[1].bytes, low);
        memcpy(ret->bytes + low, inputs[0].bytes,
                high < LARGEST_NUMBER_BYTES - low ? high : LARGEST_NUMBER_BYTES - low);
        return;
    }
    uint64_t drop = op->inputs[1].offset & (uint64_t)wide_mask(op->inputs[1].size);
    if (drop < LARGEST_NUMBER_BYTES)
        memcpy(ret->bytes, inputs[0].bytes + drop, LARGEST_NUMBER_BYTES - drop);
}

static ProStatus evaluate_limbs(const ProPcodeOp *op, const Number *inputs, Number *ret)
{
    const Number *left = &inputs[0], *right = &inputs[1];
    uint32_t bytes = op->inputs[0].size;
    switch (op->code) {
    case PRO_PCODE_INT_AND:
        for (unsigned i = 0; i < NUMBER_LIMBS; i++)
            ret->limbs[i] = left->limbs[i] & right->limbs[i];
        return PRO_OK;
    case PRO_PCODE_INT_OR:
        for (unsigned i = 0; i < NUMBER_LIMBS; i++)
            ret->limbs[i] = left->limbs[i] | right->limbs[i];
        return PRO_OK;
    case PRO_PCODE_INT_XOR:
        for (unsigned i = 0; i < NUMBER_LIMBS; i++)
            ret->limbs[i] = left->limbs[i] ^ right->limbs[i];
        return PRO_OK;
    case PRO_PCODE_INT_EQUAL:
        ret->limbs[0] = compare(left, right) == 0;
        return PRO_OK;
    case PRO_PCODE_INT_NOTEQUAL:
        ret->limbs[0] = compare(left, right) != 0;
        return PRO_OK;
    case PRO_PCODE_INT_LESS:
        ret->limbs[0] = compare(left, right) < 0;
        return PRO_OK;
    case PRO_PCODE_INT_LESSEQUAL:
        ret->limbs[0] = compare(left, right) <= 0;
        return PRO_OK;
    case PRO_PCODE_INT_SLESS:
        ret->limbs[0] = compare_signed(left, right, bytes) < 0;
        return PRO_OK;
    case PRO_PCODE_INT_SLESSEQUAL:
        ret->limbs[0] = compare_signed(left, right, bytes) <= 0;
        return PRO_OK;
    case PRO_PCODE_INT_CARRY:
    case PRO_PCODE_INT_SCARRY:
    case PRO_PCODE_INT_SBORROW:
        ret->limbs[0] = overflows(op->code, left, right, bytes);
        return PRO_OK;
    default:
        return PRO_ERR_UNSUPPORTED;
    }
}

ProStatus evaluate_large(const ProPcodeOp *op, const Number *inputs, Number *ret)
{
    static const Number zero;
    ProStatus status = PRO_OK;
    *ret = zero;
    switch (op->code) {
    case PRO_PCODE_COPY:
    case PRO_PCODE_INT_ZEXT:
    case PRO_PCODE_CAST:
        *ret = inputs[0];
        break;
    case PRO_PCODE_INT_SEXT:
        *ret = inputs[0];
        sign_extend(ret, op->inputs[0].size);
        break;
    case PRO_PCODE_INT_NEGATE:
        invert(&inputs[0], ret);
        break;
    case PRO_PCODE_INT_2COMP:
        subtract(&zero, &inputs[0], ret);
        break;
    case PRO_PCODE_INT_ADD:
        add(&inputs[0], &inputs[1], false, ret);
        break;
    case PRO_PCODE_INT_SUB:
        subtract(&inputs[0], &inputs[1], ret);
        break;
    case PRO_PCODE_INT_LEFT:
    case PRO_PCODE_INT_RIGHT:
    case PRO_PCODE_INT_SRIGHT:
        shift(op, inputs, ret);
        break;
    case PRO_PCODE_PIECE:
    case PRO_PCODE_SUBPIECE:
        join_or_split(op, inputs, ret);
        break;
    case PRO_PCODE_POPCOUNT:
    case PRO_PCODE_LZCOUNT:
        count_bits(op, &inputs[0], ret);
        break;
    default:
        status = evaluate_limbs(op, inputs, ret);
    }
    cut(ret, op->output.size);
    return status;
}
