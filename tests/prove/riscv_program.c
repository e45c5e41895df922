/* SPDX-License-Identifier: Apache-2.0 */
/* Integer work without a library: sorting, SHA-256, a small interpreter. Built for riscv64 with
 * -static -nostdlib; leaves by exit(checksum & 127). */
#include <stdint.h>

#define COUNT 1500

static uint32_t numbers[COUNT];
static uint8_t message[2048];

void *memset(void *target, int value, unsigned long size)
{
    unsigned char *bytes = target;
    for (unsigned long i = 0; i < size; i++)
        bytes[i] = (unsigned char)value;
    return target;
}

void *memcpy(void *target, const void *source, unsigned long size)
{
    unsigned char *to = target;
    const unsigned char *from = source;
    for (unsigned long i = 0; i < size; i++)
        to[i] = from[i];
    return target;
}

static void sort(uint32_t *items, int low, int high)
{
    while (low < high) {
        uint32_t pivot = items[(low + high) / 2];
        int i = low, k = high;
        while (i <= k) {
            while (items[i] < pivot)
                i++;
            while (items[k] > pivot)
                k--;
            if (i <= k) {
                uint32_t kept = items[i];
                items[i++] = items[k];
                items[k--] = kept;
            }
        }
        sort(items, low, k);
        low = i;
    }
}

static uint32_t rotate(uint32_t value, int amount)
{
    return value >> amount | value << (32 - amount);
}

static uint32_t constants[64];

/* The fractional parts of the cube roots of the first primes, by integer search. */
static void make_constants(void)
{
    int count = 0;
    for (uint64_t n = 2; count < 64; n++) {
        int prime = 1;
        for (uint64_t d = 2; d * d <= n; d++)
            prime &= n % d != 0;
        if (!prime)
            continue;
        unsigned __int128 wanted = (unsigned __int128)n << 96;
        uint64_t root = 0;
        for (int bit = 35; bit >= 0; bit--) {
            unsigned __int128 next = root | (uint64_t)1 << bit;
            if (next * next * next <= wanted)
                root = (uint64_t)next;
        }
        constants[count++] = (uint32_t)root;
    }
}

static void sha256_block(uint32_t *state, const uint8_t *block)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
        uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int k = 7; k > 0; k--)
            s[k] = s[k - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

/* A machine of nine instructions: counts, divides, multiplies, branches. */
static int64_t interpret(const int32_t *code, int64_t limit)
{
    int64_t stack[16] = {0}, a = 0, b = 1, steps = 0;
    int depth = 0, at = 0;
    while (steps++ < limit) {
        int32_t argument = code[at + 1];
        switch (code[at]) {
        case 0:
            return a;
        case 1:
            a += argument;
            break;
        case 2:
            b = b * argument % 1000003;
            break;
        case 3:
            a ^= b;
            break;
        case 4:
            if (b % 7 != 0) {
                at = argument;
                continue;
            }
            break;
        case 5:
            stack[depth++ & 15] = a;
            break;
        case 6:
            a = stack[--depth & 15] / (b | 1);
            break;
        case 7:
            a = (int64_t)((uint64_t)a >> 3) - (a << 2);
            break;
        default:
            a = (int32_t)a % (argument - 9);
            break;
        }
        at += 2;
    }
    return a + b;
}

void _start(void)
{
    static const int32_t program[] = {
            1, 5, 2, 48271, 3, 0, 5, 0, 7, 0, 4, 0, 6, 0, 8, 77, 4, 2, 1, -3, 4, 0, 0, 0};
    static uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
            0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t seed = 12345;
    for (int i = 0; i < COUNT; i++)
        numbers[i] = seed = seed * 1664525u + 1013904223u;
    sort(numbers, 0, COUNT - 1);
    make_constants();
    for (unsigned i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(numbers[i % COUNT] >> 5);
    for (unsigned round = 0; round < 6; round++)
        for (unsigned i = 0; i < sizeof message; i += 64)
            sha256_block(state, message + i);
    uint64_t sum = (uint64_t)interpret(program, 60000);
    for (int i = 0; i < 8; i++)
        sum += state[i];
    register long code __asm__("a0") = (long)(sum & 127);
    register long number __asm__("a7") = 93;
    __asm__ volatile("ecall" : : "r"(code), "r"(number));
    __builtin_unreachable();
}
