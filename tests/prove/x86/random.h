/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_RANDOM_H
#define PROVE_X86_RANDOM_H

#include <stdint.h>

/* The same numbers for the same seed, on every machine: a failure can be repeated (xorshift64*). */
typedef struct Random {
    uint64_t state; /* never 0 */
} Random;

static inline uint64_t random_next(Random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(2685821657736338717);
}

static inline unsigned random_below(Random *random, unsigned limit)
{
    return (unsigned)((random_next(random) >> 32) * limit >> 32);
}

/* A seed out of a name. */
static inline Random random_for(const char *name, uint64_t seed)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return (Random){hash == 0 ? 1 : hash};
}

#endif
