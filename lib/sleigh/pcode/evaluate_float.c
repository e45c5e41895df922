/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/evaluate_quad.h"

#include <math.h>
#include <string.h>

/*
 * Floating point in the host's formats: 2, 4, 8, and where long double is the x87 format, 10 bytes;
 * and 16 bytes, of which arithmetic and conversions only. Each operation is rounded once, to
 * nearest even, to its own format.
 *
 * p-code says nothing about which NaN results. Here: the first operand that is one, made quiet;
 * where none is, the default NaN of the x86, whose sign is set. Of two NaNs in the x87 format the
 * processor chooses by their significands, and so does the host's.
 */
enum { HALF_FRACTION_BITS = 10, HALF_LOWEST_EXPONENT = -14, HALF_INFINITY = 0x7C00 };
enum { QUAD_BYTES = 16 };

static bool is_known_format(uint32_t bytes)
{
    return bytes == 2 || bytes == 4 || bytes == 8 || (bytes == 10 && sizeof(long double) == 16) ||
           (bytes == QUAD_BYTES && quad_is_known());
}

static Wide quad_infinity(void)
{
    return (Wide)0x7FFF << 112;
}

static Wide sign_bit(uint32_t bytes)
{
    return (Wide)1 << (8 * bytes - 1);
}

/* The topmost bit of the fraction: set in quiet NaNs. */
static Wide quiet_bit(uint32_t bytes)
{
    static const uint8_t position[] = {[2] = 9, [4] = 22, [8] = 51, [10] = 62, [QUAD_BYTES] = 111};
    return (Wide)1 << position[bytes];
}

static bool is_nan(Wide value, uint32_t bytes)
{
    static const Wide infinity[] = {
            [2] = HALF_INFINITY, [4] = 0x7F800000u, [8] = 0x7FF0000000000000u};
    if (bytes == QUAD_BYTES)
        return (value & ~sign_bit(bytes)) > quad_infinity();
    if (bytes != 10)
        return (value & ~sign_bit(bytes)) > infinity[bytes];
    return (value >> 64 & 0x7FFF) == 0x7FFF && (uint64_t)(value << 1) != 0;
}

static long double half_to_float(unsigned half)
{
    int exponent = (int)(half >> HALF_FRACTION_BITS & 0x1F);
    unsigned fraction = half & ((1u << HALF_FRACTION_BITS) - 1);
    long double value = exponent == 0x1F && fraction == 0 ? (long double)INFINITY
                        : exponent == 0
                                ? ldexpl(fraction, HALF_LOWEST_EXPONENT - HALF_FRACTION_BITS)
                                : ldexpl(fraction | 1u << HALF_FRACTION_BITS,
                                          exponent - 15 - HALF_FRACTION_BITS);
    return (half & 0x8000) != 0 ? -value : value;
}

/* Not for NaN. Halfway goes to even: rintl, in the mode that everybody leaves as it is. */
static unsigned half_from_float(long double value)
{
    unsigned sign = signbit(value) ? 0x8000 : 0;
    int exponent = 0;
    long double magnitude = fabsl(value);
    if (magnitude >= 65520)
        return sign | HALF_INFINITY;
    (void)frexpl(magnitude, &exponent);
    if (exponent - 1 < HALF_LOWEST_EXPONENT || magnitude == 0)
        exponent = HALF_LOWEST_EXPONENT + 1;
    unsigned fraction = (unsigned)rintl(ldexpl(magnitude, HALF_FRACTION_BITS + 1 - exponent));
    /* The leading one adds 1 to the exponent, as does a fraction that was rounded up to 2. */
    unsigned biased = (unsigned)(exponent - 1 - HALF_LOWEST_EXPONENT);
    return sign | ((biased << HALF_FRACTION_BITS) + fraction);
}

static long double to_float(Wide value, uint32_t bytes)
{
    float single;
    double twice;
    long double extended = 0;
    if (bytes == 2)
        return half_to_float((unsigned)value);
    if (bytes == 4) {
        memcpy(&single, &value, sizeof single);
        return single;
    }
    if (bytes == 8) {
        memcpy(&twice, &value, sizeof twice);
        return twice;
    }
    memcpy(&extended, &value, 10);
    return extended;
}

static Wide from_float(long double value, uint32_t bytes)
{
    Wide result = 0;
    if (bytes == 2) {
        result = half_from_float(value);
    } else if (bytes == 4) {
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

/* The payload's most significant bits survive a change of format. */
static Wide convert_nan(Wide value, uint32_t from, uint32_t to)
{
    static const uint8_t fraction_bits[] = {
            [2] = 10, [4] = 23, [8] = 52, [10] = 63, [QUAD_BYTES] = 112};
    static const Wide infinity[] = {
            [2] = HALF_INFINITY, [4] = 0x7F800000u, [8] = 0x7FF0000000000000u};
    Wide payload = value & (((Wide)1 << fraction_bits[from]) - 1);
    int more = fraction_bits[to] - fraction_bits[from];
    payload = more >= 0 ? payload << more : payload >> -more;
    Wide exponent = to == 10           ? (Wide)0xFFFF << 63
                    : to == QUAD_BYTES ? quad_infinity()
                                       : infinity[to];
    Wide sign = (value & sign_bit(from)) != 0 ? sign_bit(to) : 0;
    return sign | exponent | quiet_bit(to) | payload;
}

static Wide default_nan(uint32_t bytes)
{
    return convert_nan(sign_bit(2) | HALF_INFINITY | quiet_bit(2), 2, bytes);
}

/* A result out of operands that are numbers. */
static Wide encode(long double value, uint32_t bytes)
{
    return isnan(value) ? default_nan(bytes) : from_float(value, bytes);
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

/* Halves are computed as double: that rounds as if once, 53 >= 2 * 11 + 2. */
static long double combine(unsigned code, long double left, long double right, uint32_t bytes)
{
    if (bytes == 4)
        return combine_single(code, (float)left, (float)right);
    if (bytes < 10)
        return combine_double(code, (double)left, (double)right);
    return code == PRO_PCODE_FLOAT_ADD    ? left + right
           : code == PRO_PCODE_FLOAT_SUB  ? left - right
           : code == PRO_PCODE_FLOAT_MULT ? left * right
                                          : left / right;
}

static Wide combine_bits(unsigned code, Wide left, Wide right, uint32_t bytes)
{
    bool first = is_nan(left, bytes), second = is_nan(right, bytes);
    if ((first || second) && bytes != 10)
        return (first ? left : right) | quiet_bit(bytes);
    if (bytes == QUAD_BYTES) {
        Wide sum;
        return quad_combine(code, left, right, &sum) ? sum : default_nan(bytes);
    }
    long double result = combine(code, to_float(left, bytes), to_float(right, bytes), bytes);
    return first || second ? from_float(result, bytes) : encode(result, bytes);
}

static long double square_root(long double value, uint32_t bytes)
{
    if (bytes == 4)
        return sqrtf((float)value);
    return bytes < 10 ? (long double)sqrt((double)value) : sqrtl(value);
}

static Wide truncate_to_integer(Wide raw, uint32_t from, uint32_t to)
{
    Wide lowest = sign_bit(to);
    if (is_nan(raw, from))
        return lowest;
    long double value = to_float(raw, from), limit = ldexpl(1, 8 * (int)to - 1);
    return value >= limit || value < -limit ? lowest : (Wide)(SignedWide)value;
}

static ProStatus evaluate_unary(const ProPcodeOp *op, Wide raw, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size, to = op->output.size;
    bool nan = is_nan(raw, bytes);
    switch (op->code) {
    case PRO_PCODE_FLOAT_NAN:
        *ret = nan;
        return PRO_OK;
    case PRO_PCODE_FLOAT_NEG:
        *ret = raw ^ sign_bit(bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_ABS:
        *ret = raw & ~sign_bit(bytes);
        return PRO_OK;
    case PRO_PCODE_FLOAT_TRUNC:
        if (bytes == QUAD_BYTES)
            return PRO_ERR_UNSUPPORTED;
        *ret = truncate_to_integer(raw, bytes, to);
        return PRO_OK;
    case PRO_PCODE_FLOAT_FLOAT2FLOAT:
        if (!is_known_format(to))
            return PRO_ERR_UNSUPPORTED;
        *ret = nan                   ? convert_nan(raw, bytes, to)
               : bytes == to         ? raw
               : bytes == QUAD_BYTES ? quad_to(raw, to)
               : to == QUAD_BYTES    ? quad_from(to_float(raw, bytes))
                                     : from_float(to_float(raw, bytes), to);
        return PRO_OK;
    default:
        break;
    }
    if (bytes == QUAD_BYTES)
        return PRO_ERR_UNSUPPORTED;
    if (nan) {
        *ret = raw | quiet_bit(bytes);
        return PRO_OK;
    }
    long double value = to_float(raw, bytes);
    value = op->code == PRO_PCODE_FLOAT_SQRT    ? square_root(value, bytes)
            : op->code == PRO_PCODE_FLOAT_CEIL  ? ceill(value)
            : op->code == PRO_PCODE_FLOAT_FLOOR ? floorl(value)
                                                : roundl(value);
    *ret = encode(value, bytes);
    return PRO_OK;
}

static Wide integer_to_float(const ProPcodeOp *op, Wide raw)
{
    SignedWide value = wide_sign_extend(raw, op->inputs[0].size);
    switch (op->output.size) {
    case 4:
        return from_float((float)value, 4);
    case 8:
        return from_float((double)value, 8);
    default: /* what is too large for 64 bits is infinite as a half in any case */
        return from_float((long double)value, op->output.size);
    }
}

ProStatus evaluate_float(const ProPcodeOp *op, Wide left, Wide right, Wide *ret)
{
    uint32_t bytes = op->inputs[0].size;
    if (op->code == PRO_PCODE_FLOAT_INT2FLOAT) {
        if (!is_known_format(op->output.size) || op->output.size == QUAD_BYTES)
            return PRO_ERR_UNSUPPORTED;
        *ret = integer_to_float(op, left);
        return PRO_OK;
    }
    if (op->code < PRO_PCODE_FLOAT_EQUAL || op->code > PRO_PCODE_FLOAT_ROUND ||
            !is_known_format(bytes))
        return PRO_ERR_UNSUPPORTED;
    if (op->code == PRO_PCODE_FLOAT_NAN || op->code >= PRO_PCODE_FLOAT_NEG)
        return evaluate_unary(op, left, ret);
    if (op->code >= PRO_PCODE_FLOAT_ADD) {
        *ret = combine_bits(op->code, left, right, bytes);
        return PRO_OK;
    }
    if (bytes == QUAD_BYTES)
        return PRO_ERR_UNSUPPORTED;
    bool unordered = is_nan(left, bytes) || is_nan(right, bytes);
    long double a = unordered ? 0 : to_float(left, bytes);
    long double b = unordered ? 0 : to_float(right, bytes);
    switch (op->code) {
    case PRO_PCODE_FLOAT_EQUAL:
        *ret = !unordered && a == b;
        return PRO_OK;
    case PRO_PCODE_FLOAT_NOTEQUAL:
        *ret = unordered || a != b;
        return PRO_OK;
    case PRO_PCODE_FLOAT_LESS:
        *ret = !unordered && a < b;
        return PRO_OK;
    default:
        *ret = !unordered && a <= b;
        return PRO_OK;
    }
}
