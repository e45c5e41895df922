/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/evaluate.h"

static Wide shift(const ProPcodeOp *op, Wide value, Wide amount)
{
    uint32_t bytes = op->inputs[0].size;
    bool beyond = amount >= 8 * bytes;
    if (op->code == PRO_PCODE_INT_LEFT)
        return beyond ? 0 : value << amount;
    if (op->code == PRO_PCODE_INT_RIGHT)
        return beyond ? 0 : value >> amount;
    return (Wide)(wide_sign_extend(value, bytes) >> (beyond ? 8 * bytes - 1 : (unsigned)amount));
}

static ProStatus divide(const ProPcodeOp *op, Wide left, Wide right, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    if (right == 0)
        return PRO_ERR_INVALID;
    if (op->code == PRO_PCODE_INT_DIV) {
        *ret = left / right;
    } else if (op->code == PRO_PCODE_INT_REM) {
        *ret = left % right;
    } else {
        SignedWide a = wide_sign_extend(left, bytes), b = wide_sign_extend(right, bytes);
        bool negate = b == -1; /* the smallest number has no counterpart */
        if (op->code == PRO_PCODE_INT_SDIV)
            *ret = negate ? 0 - (Wide)a : (Wide)(a / b);
        else
            *ret = negate ? 0 : (Wide)(a % b);
    }
    return PRO_OK;
}

static bool overflows(unsigned code, Wide left, Wide right, uint32_t bytes)
{
    Wide sign = (Wide)1 << (8 * (bytes > LARGEST_WIDE_BYTES ? LARGEST_WIDE_BYTES : bytes) - 1);
    if (code == PRO_PCODE_INT_CARRY)
        return ((left + right) & wide_mask(bytes)) < left;
    if (code == PRO_PCODE_INT_SCARRY)
        return (~(left ^ right) & (left ^ (left + right)) & sign) != 0;
    return ((left ^ right) & (left ^ (left - right)) & sign) != 0;
}

static unsigned count_ones(Wide value)
{
    return (unsigned)(__builtin_popcountll((uint64_t)value) +
                      __builtin_popcountll((uint64_t)(value >> 64)));
}

static unsigned leading_zeros(Wide value, uint32_t bytes)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
    unsigned used = high != 0  ? 128 - (unsigned)__builtin_clzll(high)
                    : low != 0 ? 64 - (unsigned)__builtin_clzll(low)
                               : 0;
    return 8 * bytes - used;
}

static ProStatus evaluate_rest(const ProPcodeOp *op, Wide left, Wide right, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    switch (op->code) {
    case PRO_PCODE_INT_DIV:
    case PRO_PCODE_INT_SDIV:
    case PRO_PCODE_INT_REM:
    case PRO_PCODE_INT_SREM:
        return divide(op, left, right, ret);
    case PRO_PCODE_INT_CARRY:
    case PRO_PCODE_INT_SCARRY:
    case PRO_PCODE_INT_SBORROW:
        *ret = overflows(op->code, left, right, bytes);
        return PRO_OK;
    case PRO_PCODE_PIECE:
        *ret = op->inputs[1].size >= LARGEST_WIDE_BYTES ? right
                                                        : left << 8 * op->inputs[1].size | right;
        return PRO_OK;
    case PRO_PCODE_SUBPIECE:
        *ret = right >= LARGEST_WIDE_BYTES ? 0 : left >> 8 * (unsigned)right;
        return PRO_OK;
    case PRO_PCODE_POPCOUNT:
        *ret = count_ones(left);
        return PRO_OK;
    case PRO_PCODE_LZCOUNT:
        *ret = leading_zeros(left, bytes);
        return PRO_OK;
    default:
        return evaluate_float(op, left, right, ret);
    }
}

ProStatus evaluate_wide(const ProPcodeOp *op, Wide left, Wide right, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    switch (op->code) {
    case PRO_PCODE_COPY:
    case PRO_PCODE_INT_ZEXT:
    case PRO_PCODE_CAST:
        *ret = left;
        return PRO_OK;
    case PRO_PCODE_INT_SEXT:
        *ret = (Wide)wide_sign_extend(left, bytes);
        return PRO_OK;
    case PRO_PCODE_INT_EQUAL:
        *ret = left == right;
        return PRO_OK;
    case PRO_PCODE_INT_NOTEQUAL:
        *ret = left != right;
        return PRO_OK;
    case PRO_PCODE_INT_SLESS:
        *ret = wide_sign_extend(left, bytes) < wide_sign_extend(right, op->inputs[1].size);
        return PRO_OK;
    case PRO_PCODE_INT_SLESSEQUAL:
        *ret = wide_sign_extend(left, bytes) <= wide_sign_extend(right, op->inputs[1].size);
        return PRO_OK;
    case PRO_PCODE_INT_LESS:
        *ret = left < right;
        return PRO_OK;
    case PRO_PCODE_INT_LESSEQUAL:
        *ret = left <= right;
        return PRO_OK;
    case PRO_PCODE_INT_ADD:
        *ret = left + right;
        return PRO_OK;
    case PRO_PCODE_INT_SUB:
        *ret = left - right;
        return PRO_OK;
    case PRO_PCODE_INT_2COMP:
        *ret = 0 - left;
        return PRO_OK;
    case PRO_PCODE_INT_NEGATE:
        *ret = ~left;
        return PRO_OK;
    case PRO_PCODE_INT_XOR:
    case PRO_PCODE_BOOL_XOR:
        *ret = left ^ right;
        return PRO_OK;
    case PRO_PCODE_INT_AND:
    case PRO_PCODE_BOOL_AND:
        *ret = left & right;
        return PRO_OK;
    case PRO_PCODE_INT_OR:
    case PRO_PCODE_BOOL_OR:
        *ret = left | right;
        return PRO_OK;
    case PRO_PCODE_BOOL_NEGATE:
        *ret = left ^ 1;
        return PRO_OK;
    case PRO_PCODE_INT_LEFT:
    case PRO_PCODE_INT_RIGHT:
    case PRO_PCODE_INT_SRIGHT:
        *ret = shift(op, left, right);
        return PRO_OK;
    case PRO_PCODE_INT_MULT:
        *ret = left * right;
        return PRO_OK;
    default:
        return evaluate_rest(op, left, right, ret);
    }
}

ProStatus evaluate(const ProPcodeOp *op, const Number *inputs, Number *ret)
{
    uint32_t largest = op->output.size;
    unsigned count = op->input_count < 2 ? op->input_count : 2;
    for (unsigned i = 0; i < count; i++)
        largest = op->inputs[i].size > largest ? op->inputs[i].size : largest;
    if (largest > LARGEST_NUMBER_BYTES || count == 0)
        return PRO_ERR_UNSUPPORTED;
    if (largest > LARGEST_WIDE_BYTES)
        return evaluate_large(op, inputs, ret);
    ProStatus status =
            evaluate_wide(op, inputs[0].wide, count > 1 ? inputs[1].wide : 0, &ret->wide);
    ret->wide &= wide_mask(op->output.size);
    return status;
}
