/* SPDX-License-Identifier: Apache-2.0 */
#include "container/class_scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

bool class_scan_is_fast(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

ByteHalves byte_halves(const ByteSet *set)
{
    ByteHalves halves = {0, 0};
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!byte_set_has(set, (uint8_t)byte))
            continue;
        halves.low |= (uint16_t)(1u << (byte & 15));
        halves.high |= (uint16_t)(1u << (byte >> 4));
    }
    return halves;
}

void class_scan_set(ClassScan *scan, size_t sequence, size_t place, ByteHalves halves)
{
    for (unsigned half = 0; half < 16; half++) {
        scan->low[place][half] |= (uint8_t)((halves.low >> half & 1u) << sequence);
        scan->high[place][half] |= (uint8_t)((halves.high >> half & 1u) << sequence);
    }
}

static unsigned fitting(const ClassScan *scan, const uint8_t *at)
{
    unsigned sequences = 0xFF;
    for (size_t place = 0; place < CLASS_SCAN_PLACES; place++)
        sequences &= (unsigned)scan->low[place][at[place] & 15] & scan->high[place][at[place] >> 4];
    return sequences;
}

#if defined(__x86_64__)
#define ALWAYS_INLINE __attribute__((target("avx2"), always_inline)) static inline

/* For each of 32 places, which sequences may have this byte here. */
ALWAYS_INLINE __m256i fitting_bytes(const uint8_t *at, __m256i low, __m256i high)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)at);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
    return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
            _mm256_shuffle_epi8(high, upper));
}

ALWAYS_INLINE __m256i table(const uint8_t halves[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)halves));
}

/* How far there was nothing, 32 places at a time. */
__attribute__((target("avx2"))) static size_t skip_avx2(
        const ClassScan *scan, const uint8_t *data, size_t from, size_t to)
{
    __m256i low[CLASS_SCAN_PLACES], high[CLASS_SCAN_PLACES];
#pragma GCC unroll 4
    for (size_t place = 0; place < CLASS_SCAN_PLACES; place++) {
        low[place] = table(scan->low[place]);
        high[place] = table(scan->high[place]);
    }
    for (; to - from >= 32; from += 32) {
        __m256i fits = _mm256_set1_epi8(-1);
#pragma GCC unroll 4
        for (size_t place = 0; place < CLASS_SCAN_PLACES; place++)
            fits = _mm256_and_si256(
                    fits, fitting_bytes(data + from + place, low[place], high[place]));
        uint32_t misses =
                (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(fits, _mm256_setzero_si256()));
        if (misses != UINT32_MAX)
            return from + (size_t)__builtin_ctz(~misses);
    }
    return from;
}
#endif

size_t class_scan_find(
        const ClassScan *scan, const uint8_t *data, size_t from, size_t to, unsigned *ret_sequences)
{
    if (from >= to)
        return to;
#if defined(__x86_64__)
    from = skip_avx2(scan, data, from, to);
#endif
    for (; from < to; from++) {
        *ret_sequences = fitting(scan, data + from);
        if (*ret_sequences != 0)
            return from;
    }
    return to;
}
