/* SPDX-License-Identifier: Apache-2.0 */
/* sha256sum < DATA: the digest of FIPS 180-4. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static uint32_t constants[64];

static uint32_t rotate(uint32_t value, unsigned count)
{
    return value >> count | value << (32 - count);
}

/* The integer part of the `root`-th root of n * 2^(32 * root), bit by bit. */
static uint32_t fraction_of_root(unsigned n, unsigned root)
{
    uint64_t low = 0;
    for (int bit = 34; bit >= 0; bit--) {
        uint64_t tried = low | UINT64_C(1) << bit;
        __extension__ unsigned __int128 power = tried;
        __extension__ unsigned __int128 limit = (unsigned __int128)n << (root == 2 ? 64 : 96);
        power *= tried;
        if (root == 3)
            power *= tried;
        if (power <= limit)
            low = tried;
    }
    return (uint32_t)low;
}

static void make_constants(uint32_t *state)
{
    unsigned found = 0;
    for (unsigned n = 2; found < 64; n++) {
        unsigned divisor = 2;
        while (divisor * divisor <= n && n % divisor != 0)
            divisor++;
        if (divisor * divisor <= n)
            continue;
        if (found < 8)
            state[found] = fraction_of_root(n, 2);
        constants[found++] = fraction_of_root(n, 3);
    }
}

static void add_block(uint32_t *state, const uint8_t *block)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

int main(void)
{
    uint32_t state[8];
    uint8_t block[128];
    uint64_t total = 0;
    size_t size;
    make_constants(state);
    while ((size = fread(block, 1, 64, stdin)) == 64) {
        add_block(state, block);
        total += 64;
    }
    total = (total + size) * 8;
    block[size++] = 0x80;
    size_t padded = size <= 56 ? 64 : 128;
    memset(block + size, 0, padded - size);
    for (int i = 0; i < 8; i++)
        block[padded - 1 - (size_t)i] = (uint8_t)(total >> 8 * i);
    for (size_t at = 0; at < padded; at += 64)
        add_block(state, block + at);
    for (int i = 0; i < 8; i++)
        (void)printf("%08x", state[i]);
    (void)printf("\n");
    return 0;
}
