/* SPDX-License-Identifier: Apache-2.0 */
#include "container/scan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_AVX2 (__builtin_cpu_supports("avx2"))
#else
#define HAVE_AVX2 0
#endif

enum {
    REGION_MIN = 1 << 20,
    REGION_MAX = 16 << 20,
    SAMPLE_PIECES = 32, /* of SAMPLE_PIECE_BYTES each, spread over the region */
    SAMPLE_PIECE_BYTES = 64,
    RARE_COUNT_MAX = 2,   /* of a sample, for a byte to be called rare */
    POSITIONS_MAX = 4096, /* of the needle that are weighed */
    RARE_HIT_COST = 512,  /* bytes that memchr could have scanned instead of a false hit */
    PAIR_HIT_COST = 32,
    ALLOWANCE = 8192, /* cost that is always allowed */
};

/* How common a byte is in executables and text, for needles whose bytes are all absent from the
 * sample. */
static unsigned common_weight(uint8_t byte)
{
    if (byte == 0)
        return 5;
    if (byte == 0xFF || byte == ' ' || byte == 'e' || byte == 0x48 || byte == 0x8B)
        return 4;
    if ((byte >= 'a' && byte <= 'z') || byte < 0x10)
        return 3;
    if (byte >= 0x20 && byte < 0x7F)
        return 2;
    return 1;
}

void scan_init(Scan *scan, const uint8_t *needle, const uint8_t *mask, size_t size)
{
    *scan = (Scan){.needle = needle, .mask = mask, .size = size, .region = REGION_MIN};
}

static void sample(const uint8_t *data, size_t size, uint16_t counts[256])
{
    memset(counts, 0, 256 * sizeof counts[0]);
    if (size <= SAMPLE_PIECES * SAMPLE_PIECE_BYTES) {
        for (size_t i = 0; i < size; i++)
            counts[data[i]]++;
        return;
    }
    size_t step = size / SAMPLE_PIECES;
    for (size_t piece = 0; piece < SAMPLE_PIECES; piece++)
        for (size_t i = 0; i < SAMPLE_PIECE_BYTES; i++)
            counts[data[piece * step + i]]++;
}

/* How often the needle's position would hit in the sample. */
static unsigned position_weight(const Scan *scan, size_t position, const uint16_t counts[256])
{
    uint8_t byte = scan->needle[position];
    uint8_t mask = scan->mask == NULL ? 0xFF : scan->mask[position];
    if (mask == 0)
        return UINT32_MAX;
    if (mask == 0xFF)
        return counts[byte] * 8u + common_weight(byte);
    unsigned hits = 0;
    for (unsigned value = 0; value < 256; value++)
        if ((value & mask) == byte)
            hits += counts[value];
    return hits * 8u + 7;
}

/* Chooses the two rarest positions and the method for what begins at `data`. */
static void choose(Scan *scan, const uint8_t *data, size_t size)
{
    uint16_t counts[256];
    size_t region = scan->region;
    if (region < REGION_MAX)
        scan->region *= 2;
    scan->region_left = size < region ? region - size : 0;
    if (size > region)
        size = region;
    sample(data, size, counts);
    unsigned best = UINT32_MAX;
    unsigned second_best = UINT32_MAX;
    size_t step = scan->size / POSITIONS_MAX + 1;
    scan->first = scan->second = 0;
    for (size_t position = 0; position < scan->size; position++) {
        /* A mask may leave few fixed positions: weigh them all. */
        if (scan->mask == NULL && position % step != 0 && position != scan->size - 1)
            continue;
        unsigned weight = position_weight(scan, position, counts);
        if (weight < best) {
            second_best = best;
            scan->second = scan->first;
            best = weight;
            scan->first = position;
        } else if (weight < second_best) {
            second_best = weight;
            scan->second = position;
        }
    }
    if (second_best == UINT32_MAX)
        scan->second = scan->first;
    bool whole_byte = scan->mask == NULL || scan->mask[scan->first] == 0xFF;
    scan->method = whole_byte && best / 8 <= RARE_COUNT_MAX ? SCAN_RARE_BYTE : SCAN_PAIR;
    scan->chosen_until = data + size;
}

/* How many bytes of the needle were looked at; *ret_equal: whether all are equal. */
static size_t compare(const Scan *scan, const uint8_t *at, bool *ret_equal)
{
    size_t i = 0;
    for (; i + 8 <= scan->size; i += 8) {
        uint64_t data, needle, mask = UINT64_MAX;
        memcpy(&data, at + i, 8);
        memcpy(&needle, scan->needle + i, 8);
        if (scan->mask != NULL)
            memcpy(&mask, scan->mask + i, 8);
        if ((data & mask) != needle) {
            *ret_equal = false;
            return i + 8;
        }
    }
    for (; i < scan->size; i++) {
        uint8_t mask = scan->mask == NULL ? 0xFF : scan->mask[i];
        if ((at[i] & mask) != scan->needle[i]) {
            *ret_equal = false;
            return i + 1;
        }
    }
    *ret_equal = true;
    return i;
}

/* Where a method stopped: a match, or how far it came with nothing found before. */
typedef struct Found {
    const uint8_t *match; /* or NULL */
    const uint8_t *reached;
} Found;

/* Candidates are [begin, end); bytes up to end + scan->size - 1 are readable. */
static Found find_rare_byte(const Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    size_t cost = 0;
    const uint8_t *at = begin;
    while (at < end) {
        const uint8_t *hit =
                memchr(at + scan->first, scan->needle[scan->first], (size_t)(end - at));
        if (hit == NULL)
            return (Found){.reached = end};
        at = hit - scan->first;
        bool equal;
        cost += RARE_HIT_COST + compare(scan, at, &equal);
        if (equal)
            return (Found){.match = at};
        at++;
        if (cost > (size_t)(at - begin) + ALLOWANCE)
            break;
    }
    return (Found){.reached = at};
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline uint32_t pair_hits(const uint8_t *first,
        const uint8_t *second, __m256i value_first, __m256i value_second, __m256i mask_first,
        __m256i mask_second)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)first);
    __m256i b = _mm256_loadu_si256((const __m256i *)second);
    a = _mm256_cmpeq_epi8(_mm256_and_si256(a, mask_first), value_first);
    b = _mm256_cmpeq_epi8(_mm256_and_si256(b, mask_second), value_second);
    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(a, b));
}

__attribute__((target("avx2"))) static Found find_pair_avx2(
        const Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    size_t first = scan->first;
    size_t second = scan->second;
    __m256i value_first = _mm256_set1_epi8((char)scan->needle[first]);
    __m256i value_second = _mm256_set1_epi8((char)scan->needle[second]);
    __m256i mask_first = _mm256_set1_epi8(scan->mask == NULL ? -1 : (char)scan->mask[first]);
    __m256i mask_second = _mm256_set1_epi8(scan->mask == NULL ? -1 : (char)scan->mask[second]);
    size_t cost = 0;
    const uint8_t *at = begin;
    for (; end - at >= 64; at += 64) {
        uint64_t low = pair_hits(
                at + first, at + second, value_first, value_second, mask_first, mask_second);
        uint64_t high = pair_hits(at + 32 + first, at + 32 + second, value_first, value_second,
                mask_first, mask_second);
        for (uint64_t hits = high << 32 | low; hits != 0; hits &= hits - 1) {
            const uint8_t *candidate = at + __builtin_ctzll(hits);
            bool equal;
            cost += PAIR_HIT_COST + compare(scan, candidate, &equal);
            if (equal)
                return (Found){.match = candidate};
        }
        if (scan->mask == NULL && cost > (size_t)(at - begin) * 2 + ALLOWANCE)
            return (Found){.reached = at + 64};
    }
    return (Found){.reached = at};
}
#endif

static Found find_plain(const Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    if (scan->mask == NULL) {
        const uint8_t *match =
                memmem(begin, (size_t)(end - begin) + scan->size - 1, scan->needle, scan->size);
        return (Found){.match = match, .reached = end};
    }
    for (const uint8_t *at = begin; at < end; at++) {
        bool equal;
        if ((at[scan->first] & scan->mask[scan->first]) == scan->needle[scan->first] &&
                (compare(scan, at, &equal), equal))
            return (Found){.match = at};
    }
    return (Found){.reached = end};
}

static Found find_pair(const Scan *scan, const uint8_t *begin, const uint8_t *end)
{
#if defined(__x86_64__)
    if (HAVE_AVX2)
        return find_pair_avx2(scan, begin, end);
#endif
    return (Found){.reached = begin};
}

/* One region; steps down from method to method where one comes to its end early. */
static const uint8_t *find_in_region(Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    Found found = {.reached = begin};
    if (scan->method == SCAN_RARE_BYTE) {
        found = find_rare_byte(scan, begin, end);
        if (found.match == NULL && found.reached < end)
            scan->method = SCAN_PAIR;
    }
    if (found.match == NULL && found.reached < end && scan->method == SCAN_PAIR) {
        found = find_pair(scan, found.reached, end);
        /* A rest of less than a vector is no reason. */
        if (found.match == NULL && end - found.reached >= 64)
            scan->method = SCAN_MEMMEM;
    }
    if (found.match == NULL && found.reached < end)
        found = find_plain(scan, found.reached, end);
    return found.match;
}

void scan_moved(Scan *scan, const uint8_t *data, size_t size)
{
    size_t kept = size < scan->region_left ? size : scan->region_left;
    scan->region_left -= kept;
    scan->chosen_until = data + kept;
}

const uint8_t *scan_find(Scan *scan, const uint8_t *data, size_t size)
{
    if (size < scan->size)
        return NULL;
    const uint8_t *end = data + (size - scan->size) + 1; /* of candidates */
    if (scan->size == 1 && scan->mask == NULL)
        return memchr(data, scan->needle[0], size);
    while (data < end) {
        if (data >= scan->chosen_until)
            choose(scan, data, (size_t)(end - data));
        const uint8_t *region_end = scan->chosen_until < end ? scan->chosen_until : end;
        const uint8_t *match = find_in_region(scan, data, region_end);
        if (match != NULL)
            return match;
        data = region_end;
    }
    return NULL;
}
