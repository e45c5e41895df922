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
    PROBE_HIT_COST = 32,
    ALLOWANCE = 8192,     /* cost that is always allowed */
    LEARN_ALLOWANCE = 64, /* the same before another probe is looked for */
    WITNESSES = 16,       /* false hits that are learned from */
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

size_t scan_sample(const uint8_t *data, size_t size, uint16_t counts[256])
{
    memset(counts, 0, 256 * sizeof counts[0]);
    if (size <= SAMPLE_PIECES * SAMPLE_PIECE_BYTES) {
        for (size_t i = 0; i < size; i++)
            counts[data[i]]++;
        return size;
    }
    size_t step = size / SAMPLE_PIECES;
    for (size_t piece = 0; piece < SAMPLE_PIECES; piece++) {
        /* Not at equal distances: data has periods. */
        size_t at = piece * step + piece * 2654435761u % (step - SAMPLE_PIECE_BYTES + 1);
        for (size_t i = 0; i < SAMPLE_PIECE_BYTES; i++)
            counts[data[at + i]]++;
    }
    return SAMPLE_PIECES * SAMPLE_PIECE_BYTES;
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

/* Keeps what was learned from false hits, unless it is one of the two now. */
static void set_rarest(Scan *scan, size_t rarest, size_t second)
{
    size_t kept = 0;
    size_t probes[SCAN_PROBES_MAX] = {rarest, second};
    size_t count = second == rarest ? 1 : 2;
    for (size_t i = 2; i < scan->probe_count; i++)
        if (scan->probes[i] != rarest && scan->probes[i] != second)
            probes[count + kept++] = scan->probes[i];
    memcpy(scan->probes, probes, sizeof probes);
    scan->probe_count = count + kept;
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
    (void)scan_sample(data, size, counts);
    unsigned best = UINT32_MAX;
    unsigned second_best = UINT32_MAX;
    size_t step = scan->size / POSITIONS_MAX + 1;
    size_t rarest = 0;
    size_t second = 0;
    for (size_t position = 0; position < scan->size; position++) {
        /* A mask may leave few fixed positions: weigh them all. */
        if (scan->mask == NULL && position % step != 0 && position != scan->size - 1)
            continue;
        unsigned weight = position_weight(scan, position, counts);
        if (weight < best) {
            second_best = best;
            second = rarest;
            best = weight;
            rarest = position;
        } else if (weight < second_best) {
            second_best = weight;
            second = position;
        }
    }
    set_rarest(scan, rarest, second_best == UINT32_MAX ? rarest : second);
    bool whole_byte = scan->mask == NULL || scan->mask[rarest] == 0xFF;
    scan->method = whole_byte && best / 8 <= RARE_COUNT_MAX ? SCAN_RARE_BYTE : SCAN_PROBES;
    scan->chosen_until = data + size;
}

/* The needle's first position that differs from what lies at `at`; its size: it is a match. */
static size_t first_difference(const Scan *scan, const uint8_t *at)
{
    size_t i = 0;
    for (; i + 8 <= scan->size; i += 8) {
        uint64_t data, needle, mask = UINT64_MAX;
        memcpy(&data, at + i, 8);
        memcpy(&needle, scan->needle + i, 8);
        if (scan->mask != NULL)
            memcpy(&mask, scan->mask + i, 8);
        if ((data & mask) != needle)
            break;
    }
    for (; i < scan->size; i++) {
        uint8_t mask = scan->mask == NULL ? 0xFF : scan->mask[i];
        if ((at[i] & mask) != scan->needle[i])
            break;
    }
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
    size_t rarest = scan->probes[0];
    const uint8_t *at = begin;
    while (at < end) {
        const uint8_t *hit = memchr(at + rarest, scan->needle[rarest], (size_t)(end - at));
        if (hit == NULL)
            return (Found){.reached = end};
        at = hit - rarest;
        size_t difference = first_difference(scan, at);
        if (difference == scan->size)
            return (Found){.match = at};
        cost += RARE_HIT_COST + difference;
        at++;
        if (cost > (size_t)(at - begin) + ALLOWANCE)
            break;
    }
    return (Found){.reached = at};
}

#if defined(__x86_64__)
/* False hits: where they lie and what told them from a match. The latest ones are kept. */
typedef struct Witnesses {
    const uint8_t *hits[WITNESSES];
    size_t differences[WITNESSES];
    size_t count;
} Witnesses;

static bool tells_apart(const Scan *scan, const Witnesses *witnesses, size_t i, size_t position)
{
    uint8_t mask = scan->mask == NULL ? 0xFF : scan->mask[position];
    return (witnesses->hits[i][position] & mask) != scan->needle[position];
}

/* More probes, each the one that tells the most of the witnesses left from a match, until all are
 * told. */
static void learn(Scan *scan, Witnesses *witnesses)
{
    bool told[WITNESSES] = {false};
    for (size_t left = WITNESSES; left > 0 && scan->probe_count < SCAN_PROBES_MAX;) {
        size_t best = 0;
        size_t best_count = 0;
        for (size_t i = 0; i < WITNESSES; i++) {
            size_t count = 0;
            for (size_t k = 0; k < WITNESSES; k++)
                count += !told[k] && tells_apart(scan, witnesses, k, witnesses->differences[i]);
            if (count > best_count) {
                best_count = count;
                best = witnesses->differences[i];
            }
        }
        for (size_t k = 0; k < WITNESSES; k++)
            told[k] = told[k] || tells_apart(scan, witnesses, k, best);
        scan->probes[scan->probe_count++] = best;
        left -= best_count;
    }
    witnesses->count = 0;
}

/* What the vectors are compared with. */
typedef struct Probes {
    __m256i values[SCAN_PROBES_MAX];
    __m256i masks[SCAN_PROBES_MAX];
    size_t positions[SCAN_PROBES_MAX];
} Probes;

/* As many as `lanes`; those that are not there repeat the first. */
__attribute__((target("avx2"))) static void probes_set(
        Probes *probes, const Scan *scan, size_t lanes)
{
    for (size_t i = 0; i < lanes; i++) {
        size_t position = scan->probes[i < scan->probe_count ? i : 0];
        probes->positions[i] = position;
        probes->values[i] = _mm256_set1_epi8((char)scan->needle[position]);
        probes->masks[i] = _mm256_set1_epi8(scan->mask == NULL ? -1 : (char)scan->mask[position]);
    }
}

#define ALWAYS_INLINE __attribute__((target("avx2"), always_inline)) static inline

/* One bit for each of the 64 places at `at` where the probes fit. */
ALWAYS_INLINE uint64_t probe_hits(
        const Probes *probes, const uint8_t *at, size_t lanes, bool masked)
{
    __m256i low = _mm256_set1_epi8(-1);
    __m256i high = low;
#pragma GCC unroll 8
    for (size_t i = 0; i < lanes; i++) {
        const uint8_t *place = at + probes->positions[i];
        __m256i a = _mm256_loadu_si256((const __m256i *)place);
        __m256i b = _mm256_loadu_si256((const __m256i *)(place + 32));
        if (masked) {
            a = _mm256_and_si256(a, probes->masks[i]);
            b = _mm256_and_si256(b, probes->masks[i]);
        }
        low = _mm256_and_si256(low, _mm256_cmpeq_epi8(a, probes->values[i]));
        high = _mm256_and_si256(high, _mm256_cmpeq_epi8(b, probes->values[i]));
    }
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
           (uint32_t)_mm256_movemask_epi8(low);
}

/* Ends early where false hits cost too much: to learn, as long as that is possible. */
ALWAYS_INLINE Found find_with(const Scan *scan, Witnesses *witnesses, const uint8_t *begin,
        const uint8_t *end, size_t lanes, bool masked)
{
    Probes probes;
    probes_set(&probes, scan, lanes);
    bool may_learn = scan->probe_count < SCAN_PROBES_MAX;
    size_t cost = 0;
    const uint8_t *at = begin;
    for (; end - at >= 64; at += 64) {
        uint64_t hits = probe_hits(&probes, at, lanes, masked);
        if (hits == 0)
            continue;
        for (; hits != 0; hits &= hits - 1) {
            const uint8_t *candidate = at + __builtin_ctzll(hits);
            size_t difference = first_difference(scan, candidate);
            if (difference == scan->size)
                return (Found){.match = candidate};
            cost += PROBE_HIT_COST + difference;
            size_t slot = witnesses->count++ % WITNESSES;
            witnesses->hits[slot] = candidate;
            witnesses->differences[slot] = difference;
        }
        size_t progress = (size_t)(at - begin);
        if (may_learn ? witnesses->count >= WITNESSES && cost > progress / 4 + LEARN_ALLOWANCE
                      : !masked && cost > progress * 2 + ALLOWANCE)
            return (Found){.reached = at + 64};
    }
    return (Found){.reached = at};
}

/* Two, four or eight lanes: few loops that the compiler unrolls, instead of one for each count. */
__attribute__((target("avx2"))) static Found find_probes_avx2(
        Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    Found found = {.reached = begin};
    Witnesses witnesses = {.count = 0};
    for (;;) {
        const uint8_t *from = found.reached;
        size_t count = scan->probe_count;
        if (scan->mask == NULL)
            found = count <= 2   ? find_with(scan, &witnesses, from, end, 2, false)
                    : count <= 4 ? find_with(scan, &witnesses, from, end, 4, false)
                                 : find_with(scan, &witnesses, from, end, SCAN_PROBES_MAX, false);
        else
            found = count <= 2   ? find_with(scan, &witnesses, from, end, 2, true)
                    : count <= 4 ? find_with(scan, &witnesses, from, end, 4, true)
                                 : find_with(scan, &witnesses, from, end, SCAN_PROBES_MAX, true);
        if (found.match != NULL || end - found.reached < 64 || count == SCAN_PROBES_MAX)
            return found;
        learn(scan, &witnesses);
    }
}
#endif

static Found find_plain(const Scan *scan, const uint8_t *begin, const uint8_t *end)
{
    if (scan->mask == NULL) {
        const uint8_t *match =
                memmem(begin, (size_t)(end - begin) + scan->size - 1, scan->needle, scan->size);
        return (Found){.match = match, .reached = end};
    }
    size_t rarest = scan->probes[0];
    for (const uint8_t *at = begin; at < end; at++) {
        if ((at[rarest] & scan->mask[rarest]) == scan->needle[rarest] &&
                first_difference(scan, at) == scan->size)
            return (Found){.match = at};
    }
    return (Found){.reached = end};
}

static Found find_probes(Scan *scan, const uint8_t *begin, const uint8_t *end)
{
#if defined(__x86_64__)
    if (HAVE_AVX2)
        return find_probes_avx2(scan, begin, end);
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
            scan->method = SCAN_PROBES;
    }
    if (found.match == NULL && found.reached < end && scan->method == SCAN_PROBES) {
        found = find_probes(scan, found.reached, end);
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
