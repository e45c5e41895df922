/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/evaluate.h"

#include <math.h>
#include <string.h>

__extension__ typedef __int128 SignedWide;

/* Floating point in the host's formats: 4, 8, and where long double is the x87 format, 10 bytes.
 * Each operation is computed in its own format, so that it is rounded once. */
static bool is_known_format(uint32_t bytes)
{
    return bytes == 4 || bytes == 8 || (bytes == 10 && sizeof(long double) == 16);
}

static long double to_float(Wide value, uint32_t bytes)
{
    float single;
    double twice;
    long double extended = 0;
    uint32_t low = (uint32_t)value;
    uint64_t middle = (uint64_t)value;
    if (bytes == 4) {
        memcpy(&single, &low, sizeof single);
        return single;
    }
    if (bytes == 8) {
        memcpy(&twice, &middle, sizeof twice);
        return twice;
    }
    memcpy(&extended, &value, 10);
    return extended;
}

static Wide from_float(long double value, uint32_t bytes)
{
    Wide result = 0;
    if (bytes == 4) {
        float single = (float)value;
        memcpy(&result, &single, sizeof single);
    } else if (bytes == 8) {
        double twice = (double)value;
        memcpy(&result, &twice, sizeof twice);
    } else {
        memcpy(&result, &value, 10);
    }
    return result;
}

static float combine_single(unsigned code, float left, float right)
{
    return code == PRO_PCODE_FLOAT_ADD    ? left + right
           : code == PRO_PCODE_FLOAT_SUB  ? left - right
           : code == PRO_PCODE_FLOAT_MULT ? left * right
                                          : left / right;
}

static double combine_double(unsigned code, double left, double right)
{
    return code == PRO_PCODE_FLOAT_ADD    ? left + right
           : code == PRO_PCODE_FLOAT_SUB  ? left - right
           : code == PRO_PCODE_FLOAT_MULT ? left * right
                                          : left / right;
}

static long double combine(unsigned code, long double left, long double right, uint32_t bytes)
{
    if (bytes == 4)
        return combine_single(code, (float)left, (float)right);
    if (bytes == 8)
        return combine_double(code, (double)left, (double)right);
    return code == PRO_PCODE_FLOAT_ADD    ? left + right
           : code == PRO_PCODE_FLOAT_SUB  ? left - right
           : code == PRO_PCODE_FLOAT_MULT ? left * right
                                          : left / right;
}

static long double square_root(long double value, uint32_t bytes)
{
    if (bytes == 4)
        return sqrtf((float)value);
    return bytes == 8 ? (long double)sqrt((double)value) : sqrtl(value);
}

static Wide truncate_to_integer(long double value, uint32_t bytes)
{
    long double limit = ldexpl(1, 8 * (int)(bytes > 16 ? 16 : bytes) - 1);
    if (isnan(value) || value >= limit || value < -limit)
        return (Wide)1 << (8 * (bytes > 16 ? 16 : bytes) - 1);
    return (Wide)(SignedWide)value;
}

static ProStatus evaluate_unary(const ProPcodeOp *op, Wide raw, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    long double value = to_float(raw, bytes);
    Wide sign = (Wide)1 << (8 * bytes - 1);
    switch (op->code) {
    case PRO_PCODE_FLOAT_NAN:
        *ret = isnan(value);
        return PRO_OK;
    case PRO_PCODE_FLOAT_NEG:
        *ret = raw ^ sign;
        return PRO_OK;
    case PRO_PCODE_FLOAT_ABS:
        *ret = raw & ~sign;
        return PRO_OK;
    case PRO_PCODE_FLOAT_SQRT:
        *ret = from_float(square_root(value, bytes), bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_CEIL:
        *ret = from_float(ceill(value), bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_FLOOR:
        *ret = from_float(floorl(value), bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_ROUND:
        *ret = from_float(roundl(value), bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_TRUNC:
        *ret = truncate_to_integer(value, op->output.size);
        return PRO_OK;
    case PRO_PCODE_FLOAT_FLOAT2FLOAT:
        if (!is_known_format(op->output.size))
            return PRO_ERR_UNSUPPORTED;
        *ret = from_float(value, op->output.size);
        return PRO_OK;
    default:
        return PRO_ERR_UNSUPPORTED;
    }
}

static Wide integer_to_float(const ProPcodeOp *op, Wide raw)
{
    uint32_t bytes = op->inputs[0].size;
    unsigned unused = bytes >= LARGEST_WIDE_BYTES ? 0 : 128 - 8 * bytes;
    SignedWide value = (SignedWide)(raw << unused) >> unused;
    if (op->output.size == 4)
        return from_float((float)value, 4);
    if (op->output.size == 8)
        return from_float((double)value, 8);
    return from_float((long double)value, 10);
}

ProStatus evaluate_float(const ProPcodeOp *op, const Wide *inputs, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    if (op->code == PRO_PCODE_FLOAT_INT2FLOAT) {
        if (!is_known_format(op->output.size))
            return PRO_ERR_UNSUPPORTED;
        *ret = integer_to_float(op, inputs[0]);
        return PRO_OK;
    }
    if (op->code < PRO_PCODE_FLOAT_EQUAL || op->code > PRO_PCODE_FLOAT_ROUND ||
            !is_known_format(bytes))
        return PRO_ERR_UNSUPPORTED;
    if (op->code == PRO_PCODE_FLOAT_NAN || op->code >= PRO_PCODE_FLOAT_NEG)
        return evaluate_unary(op, inputs[0], ret);
    long double left = to_float(inputs[0], bytes), right = to_float(inputs[1], bytes);
    switch (op->code) {
    case PRO_PCODE_FLOAT_EQUAL:
        *ret = left == right;
        return PRO_OK;
    case PRO_PCODE_FLOAT_NOTEQUAL:
        *ret = left != right;
        return PRO_OK;
    case PRO_PCODE_FLOAT_LESS:
        *ret = left < right;
        return PRO_OK;
    case PRO_PCODE_FLOAT_LESSEQUAL:
        *ret = left <= right;
        return PRO_OK;
    default:
        *ret = from_float(combine(op->code, left, right, bytes), bytes);
        return PRO_OK;
    }
}
