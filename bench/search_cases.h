/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SEARCH_CASES_H
#define BENCH_SEARCH_CASES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What search_bench.c searches, and in what. Nothing matches before the end. */

enum { CASE_NEEDLE_MAX = 4096 };

typedef struct SearchCase {
    const char *name;
    void (*fill)(uint8_t *data, size_t size);
    /* Writes the needle, returns its size; NULL: the case has a pattern instead. */
    size_t (*needle)(uint8_t *needle);
    const char *hex;   /* promp's wildcards */
    const char *regex; /* the same for PCRE2 */
    bool all;          /* it has matches: all are found */
} SearchCase;

static inline uint32_t case_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void fill_ff(uint8_t *data, size_t size)
{
    memset(data, 0xFF, size);
    memcpy(data + size - 4, "\xAA\xBB\xCC\xDD", 4);
}

static size_t needle_rare(uint8_t *needle)
{
    memcpy(needle, "\xAA\xBB\xCC\xDD", 4);
    return 4;
}

static void fill_a(uint8_t *data, size_t size)
{
    memset(data, 'a', size);
    data[size / 2] = 'b'; /* so that 'b' is no wonder */
}

static size_t needle_aba(uint8_t *needle)
{
    memset(needle, 'a', CASE_NEEDLE_MAX);
    needle[2000] = 'b';
    needle[3000] = 'b';
    return CASE_NEEDLE_MAX;
}

static void fill_period(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 2);
}

static size_t needle_period_long(uint8_t *needle)
{
    fill_period(needle, CASE_NEEDLE_MAX);
    needle[2000] ^= 1;
    return CASE_NEEDLE_MAX;
}

static size_t needle_period_short(uint8_t *needle)
{
    memcpy(needle, "\0\1\0\0\1\0", 6);
    return 6;
}

static void fill_bits(uint8_t *data, size_t size)
{
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(case_random(&state) >> 23);
}

static size_t needle_bits(uint8_t *needle)
{
    for (size_t i = 0; i < 64; i++)
        needle[i] = (uint8_t)(i % 3 == 0);
    return 64;
}

/* No byte of it is rarer than another. */
static size_t random_needle(uint8_t *needle, size_t size, uint32_t state)
{
    for (size_t i = 0; i < size; i++)
        needle[i] = (uint8_t)(case_random(&state) >> 23);
    return size;
}

static size_t needle_bits_32(uint8_t *needle)
{
    return random_needle(needle, 32, 77);
}

static size_t needle_bits_256(uint8_t *needle)
{
    return random_needle(needle, 256, 78);
}

/* Two letters, one of them seldom. */
static void fill_skewed(uint8_t *data, size_t size)
{
    uint32_t state = 3;
    for (size_t i = 0; i < size; i++)
        data[i] = case_random(&state) % 8 == 0 ? 'b' : 'a';
}

static size_t needle_skewed(uint8_t *needle)
{
    memcpy(needle, "bbabbbbabbbabbab", 16);
    return 16;
}

/* Records of eight bytes, as tables of small numbers are. */
static void fill_records(uint8_t *data, size_t size)
{
    uint32_t state = 5;
    for (size_t i = 0; i < size; i++)
        data[i] = i % 8 == 0 ? (uint8_t)(case_random(&state) % 16) : 0;
}

/* Its numbers lie six bytes apart. */
static size_t needle_records(uint8_t *needle)
{
    memset(needle, 0, 24);
    needle[5] = 3;
    needle[11] = 7;
    needle[21] = 9;
    return 24;
}

static void fill_text(uint8_t *data, size_t size)
{
    static const char letters[] = "etaoinshrdlu ETAOIN0123456789\n.,";
    uint32_t state = 7;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)letters[case_random(&state) >> 16 & 31];
}

/* Words, three of them with what the patterns need, but never all of it. */
static void fill_words(uint8_t *data, size_t size)
{
    static const char *const words[] = {"the ", "load ", "of ", "module ", "failed ",
            "user=", "at 0x7f", "12 ", "404 ", "in ", "kernel ", "GET ", "/index ", "error\n",
            "state ", "key: "};
    uint32_t state = 11;
    for (size_t i = 0; i < size;) {
        const char *word = words[case_random(&state) >> 16 & 15];
        for (; *word != 0 && i < size; word++)
            data[i++] = (uint8_t)*word;
    }
}

static const SearchCase search_cases[] = {
        {"rare", fill_ff, needle_rare, NULL, NULL},
        {"same", fill_a, needle_aba, NULL, NULL},
        {"period-long", fill_period, needle_period_long, NULL, NULL},
        {"period-short", fill_period, needle_period_short, NULL, NULL},
        {"bits", fill_bits, needle_bits, NULL, NULL},
        {"bits-32", fill_bits, needle_bits_32, NULL, NULL},
        {"bits-256", fill_bits, needle_bits_256, NULL, NULL},
        {"skewed", fill_skewed, needle_skewed, NULL, NULL},
        {"records", fill_records, needle_records, NULL, NULL},
        {"wildcard-bits", fill_bits, NULL, "00 ?? 00 01 ?? ?? 01 02",
                "\\x00.\\x00\\x01..\\x01\\x02"},
        {"wildcard-text", fill_text, NULL, "65 ?? 74 7? 7A", "e.t[p-\\x7f]z"},
        {"regex", fill_text, NULL, NULL, "[A-N]{3}[0-9]+ [aeiou]+\\.z"},
        {"regex-prefix", fill_words, NULL, NULL, "password[=:] *[^ ]+"},
        {"regex-inner", fill_words, NULL, NULL, "[a-z]+_fault at 0x[0-9a-f]{4,}"},
        {"regex-choice", fill_words, NULL, NULL, "(?:panic|segfault|oops|assert)[ :][a-z]"},
        {"regex-classes", fill_words, NULL, NULL, "[A-Z][0-9]{2}[a-f][0-9]"},
        {"regex-case", fill_words, NULL, NULL, "(?i)Content-Type: [a-z]+"},
        {"regex-common", fill_words, NULL, NULL, "module (?!load|the|of|[a-z]|[0-9A-Z/])"},
        {"regex-dense", fill_words, NULL, NULL, "[a-z]+", true},
        {"regex-none", fill_words, NULL, NULL, "(\\w)(\\w)\\2\\1[0-9]"},
};

static inline const SearchCase *search_case(const char *name)
{
    for (size_t i = 0; i < sizeof search_cases / sizeof search_cases[0]; i++)
        if (strcmp(search_cases[i].name, name) == 0)
            return &search_cases[i];
    return NULL;
}

#endif
