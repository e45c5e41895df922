/* SPDX-License-Identifier: Apache-2.0 */

/* The 16-byte format of IEEE 754, in which fused operations on doubles are written as a product and
 * a sum: the product is exact. */

#include "sleigh/pcode/evaluate_quad.h"

#include <string.h>

#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 Quad;

static Quad quad_of(Wide bits)
{
    Quad value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static Wide bits_of(Quad value)
{
    Wide bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

bool quad_is_known(void)
{
    return true;
}

bool quad_combine(unsigned code, Wide left, Wide right, Wide *ret)
{
    Quad a = quad_of(left), b = quad_of(right);
    Quad value = code == PRO_PCODE_FLOAT_ADD    ? a + b
                 : code == PRO_PCODE_FLOAT_SUB  ? a - b
                 : code == PRO_PCODE_FLOAT_MULT ? a * b
                                                : a / b;
    *ret = bits_of(value);
    return value == value; /* NOLINT(misc-redundant-expression): false for NaN */
}

Wide quad_from(long double value)
{
    return bits_of(value);
}

Wide quad_to(Wide bits, uint32_t bytes)
{
    Wide result = 0;
    if (bytes == 4) {
        float single = (float)quad_of(bits);
        memcpy(&result, &single, sizeof single);
    } else if (bytes == 8) {
        double twice = (double)quad_of(bits);
        memcpy(&result, &twice, sizeof twice);
    } else {
        long double extended = (long double)quad_of(bits);
        memcpy(&result, &extended, 10);
    }
    return result;
}
#else
bool quad_is_known(void)
{
    return false;
}

bool quad_combine(unsigned code, Wide left, Wide right, Wide *ret)
{
    (void)code, (void)right;
    *ret = left;
    return false;
}

Wide quad_from(long double value)
{
    (void)value;
    return 0;
}

Wide quad_to(Wide bits, uint32_t bytes)
{
    (void)bytes;
    return bits;
}
#endif
