/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_decode_sweep ALIASES 64.sla 64.pspec 32.sla 32.pspec FILE...
 * x86_decode_sweep ALIASES 64.sla 64.pspec 32.sla 32.pspec --random BITS COUNT SEED [--maps]
 *
 * Decodes every instruction of the functions of ELF and PE files, or random bytes (1 to 15 of them;
 * with --maps after the escape bytes of a random opcode map), with promp and with Zydis, and
 * compares length, mnemonic and operands. Bytes that were compared before are only counted.
 * prove-x86-decode runs it and reads what it prints (tally.c).
 */
#include "code_ranges.h"
#include "tally.h"

#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_MAX = 15, WINDOW = 32, KNOWN_BITS_FIRST = 16, KNOWN_BITS_MAX = 25 };

/* Bytes of instructions that were found equal, with the length in the last byte. */
typedef struct Known {
    uint64_t (*slots)[2]; /* 0, 0: free */
    unsigned bits;
    size_t count;
} Known;

typedef struct Mode {
    bool wide;
    ZydisDecoder zydis;
    ProSleighDecoder *ours;
    Known known;
} Mode;

typedef struct Sweep {
    Mode modes[2]; /* 64 bits, 32 bits */
    ZydisFormatter formatter;
    Tally tally;
} Sweep;

static Sweep sweep;

/* ---- what is known ---- */

static size_t known_slot(const Known *known, const uint64_t key[2])
{
    uint64_t hash = (key[0] ^ (key[1] * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;
    size_t mask = ((size_t)1 << known->bits) - 1, slot = (size_t)(hash >> 32 ^ hash) & mask;
    while (known->slots[slot][1] != 0 &&
            (known->slots[slot][0] != key[0] || known->slots[slot][1] != key[1]))
        slot = (slot + 1) & mask;
    return slot;
}

static void known_grow(Known *known)
{
    Known grown = {.bits = known->slots == NULL ? KNOWN_BITS_FIRST : known->bits + 1};
    grown.slots = calloc((size_t)1 << grown.bits, sizeof *grown.slots);
    if (grown.slots == NULL)
        abort();
    for (size_t i = 0; known->slots != NULL && i < (size_t)1 << known->bits; i++)
        if (known->slots[i][1] != 0)
            memcpy(grown.slots[known_slot(&grown, known->slots[i])], known->slots[i],
                    sizeof *grown.slots);
    grown.count = known->count;
    free(known->slots);
    *known = grown;
}

static void key_of(const uint8_t *bytes, unsigned length, uint64_t ret_key[2])
{
    uint8_t key[16] = {0};
    memcpy(key, bytes, length);
    key[15] = (uint8_t)length;
    memcpy(ret_key, key, sizeof key);
}

static bool is_known(Known *known, const uint64_t key[2])
{
    return known->slots != NULL && known->slots[known_slot(known, key)][1] != 0;
}

static void remember(Known *known, const uint64_t key[2])
{
    if (known->slots == NULL || known->count > ((size_t)3 << known->bits) / 4) {
        if (known->slots != NULL && known->bits == KNOWN_BITS_MAX)
            return;
        known_grow(known);
    }
    memcpy(known->slots[known_slot(known, key)], key, sizeof *known->slots);
    known->count++;
}

/* ---- one instruction ---- */

typedef struct Both {
    bool zydis_valid;
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ProSleighInstruction ours;
    const char *mnemonic;
    const char *body;
} Both;

static void decode_ours(Mode *mode, const uint8_t *bytes, size_t size, uint64_t address, Both *both)
{
    both->mnemonic = both->body = "";
    if (pro_sleigh_decode(mode->ours, address, bytes, size, &both->ours) != PRO_OK)
        abort();
    if (both->ours.outcome == PRO_SLEIGH_DECODED &&
            pro_sleigh_text(mode->ours, &both->mnemonic, &both->body) != PRO_OK)
        abort();
}

static Difference compare_both(
        const Mode *mode, const Both *both, uint64_t address, Instruction *ret_ours)
{
    Instruction zydis;
    bool ours_valid = both->ours.outcome == PRO_SLEIGH_DECODED;
    bool fits = instruction_from_text(both->mnemonic, both->body, ret_ours);
    if (!ours_valid || !both->zydis_valid)
        return ours_valid          ? DIFFERENCE_ONLY_OURS
               : both->zydis_valid ? DIFFERENCE_ONLY_ZYDIS
                                   : DIFFERENCE_NONE;
    if (both->ours.length != both->zydis.length)
        return DIFFERENCE_LENGTH;
    instruction_from_zydis(&both->zydis, both->operands, address, &zydis);
    return !fits ? DIFFERENCE_COUNT
                 : instruction_compare(ret_ours, &zydis, mode->wide, address + both->zydis.length);
}

static void note_difference(const Both *both, Difference difference, const Instruction *ours,
        const uint8_t *bytes, size_t size, uint64_t address)
{
    bool is_new = false;
    TallyKind *kind = tally_difference(&sweep.tally, difference,
            both->zydis_valid ? both->zydis.meta.isa_ext : ZYDIS_ISA_EXT_INVALID,
            both->zydis_valid ? both->zydis.mnemonic : ZYDIS_MNEMONIC_INVALID, ours->mnemonic,
            &is_new);
    if (!is_new)
        return;
    kind->length = both->zydis_valid                          ? both->zydis.length
                   : both->ours.outcome == PRO_SLEIGH_DECODED ? both->ours.length
                                                              : (unsigned)size;
    if (kind->length > LENGTH_MAX)
        kind->length = LENGTH_MAX;
    memcpy(kind->bytes, bytes, kind->length);
    (void)snprintf(kind->our_text, sizeof kind->our_text, "%s%s%s",
            both->ours.outcome == PRO_SLEIGH_DECODED ? both->mnemonic : "invalid",
            *both->body == 0 ? "" : " ", both->body);
    (void)snprintf(kind->zydis_text, sizeof kind->zydis_text, "invalid");
    if (both->zydis_valid)
        (void)ZydisFormatterFormatInstruction(&sweep.formatter, &both->zydis, both->operands,
                both->zydis.operand_count_visible, kind->zydis_text, sizeof kind->zydis_text,
                address, NULL);
}

/* Returns Zydis's length; 0 if it finds no instruction. */
static unsigned sweep_one(
        Mode *mode, const uint8_t *bytes, size_t size, uint64_t address, bool remembers)
{
    static Both both;
    uint64_t key[2];
    ZydisDecoderContext context;
    Instruction ours;
    both.zydis_valid = ZYAN_SUCCESS(
            ZydisDecoderDecodeInstruction(&mode->zydis, &context, bytes, size, &both.zydis));
    sweep.tally.instructions++;
    if (both.zydis_valid) {
        sweep.tally.group_count[both.zydis.meta.isa_ext]++;
        key_of(bytes, both.zydis.length, key);
        if (remembers && is_known(&mode->known, key))
            return both.zydis.length;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(
                    &mode->zydis, &context, &both.zydis, both.operands, both.zydis.operand_count)))
            abort();
    }
    sweep.tally.compared++;
    decode_ours(mode, bytes, size, address, &both);
    Difference difference = compare_both(mode, &both, address, &ours);
    if (difference != DIFFERENCE_NONE)
        note_difference(&both, difference, &ours, bytes, size, address);
    else if (!both.zydis_valid)
        sweep.tally.both_invalid++;
    else if (remembers)
        remember(&mode->known, key);
    return both.zydis_valid ? both.zydis.length : 0;
}

/* ---- files ---- */

static void sweep_range(Mode *mode, const uint8_t *file, const CodeRange *range)
{
    uint64_t left = range->section_end - range->address, at = 0;
    while (at < range->size) {
        uint64_t window = left - at < WINDOW ? left - at : WINDOW;
        unsigned length =
                sweep_one(mode, file + range->offset + at, window, range->address + at, true);
        if (length == 0) {
            sweep.tally.bytes_left += range->size - at;
            return;
        }
        at += length;
    }
}

static void sweep_file(const char *path)
{
    CodeFile file;
    tally_clear(&sweep.tally);
    if (code_file_open(&file, path)) {
        Mode *mode = &sweep.modes[file.ranges.wide ? 0 : 1];
        for (size_t i = 0; i < file.ranges.count; i++)
            sweep_range(mode, file.bytes, &file.ranges.ranges[i]);
        tally_print(&sweep.tally, path);
    }
    code_file_close(&file);
    (void)fflush(stdout);
}

/* ---- random bytes ---- */

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Writes the escape of a random opcode map before the rest; returns its length. */
static unsigned random_map(uint8_t *bytes)
{
    static const struct {
        uint8_t length;
        uint8_t bytes[3];
    } escapes[] = {{1, {0x0F}}, {2, {0x66, 0x0F}}, {2, {0xF3, 0x0F}}, {2, {0xF2, 0x0F}},
            {2, {0x0F, 0x38}}, {3, {0x66, 0x0F, 0x38}}, {3, {0x66, 0x0F, 0x3A}}, {2, {0x0F, 0x3A}},
            {1, {0xC5}}, {1, {0xC4}}, {1, {0x62}}, {1, {0x8F}}};
    unsigned which = (unsigned)(random_next() >> 20) % (sizeof escapes / sizeof *escapes);
    unsigned length = escapes[which].length;
    memcpy(bytes, escapes[which].bytes, length);
    if (bytes[0] == 0xC4 || bytes[0] == 0x62 ||
            bytes[0] == 0x8F) { /* a map that exists, else nearly all is invalid */
        uint64_t random = random_next() >> 16;
        bytes[length++] = (uint8_t)((random & 0xF0) | (1 + (random >> 8) % 6));
        if (bytes[0] == 0xC4)
            bytes[1] &= 0xE3;
        else if (bytes[0] == 0x8F)
            bytes[1] = (uint8_t)((random & 0xE0) | (8 + (random >> 8) % 3));
        uint8_t vvvv = (random & 0x10000) != 0 ? 0x78 : 0; /* no register, half of the time */
        bytes[length++] = (uint8_t)((random >> 24) | vvvv | (bytes[0] == 0x62 ? 4 : 0));
        if (bytes[0] == 0x8F)
            bytes[2] &= 0x78; /* no prefix; W and L are rare */
        if (bytes[0] == 0x62)
            bytes[length++] = (uint8_t)((random >> 32) | (vvvv != 0 ? 8 : 0));
        if (bytes[0] == 0x62 && (random & 0x60000) != 0)
            bytes[length - 1] &= 0x68; /* and no mask, no broadcast */
    } else if (bytes[0] == 0xC5 && (random_next() & 0x10000) != 0) {
        bytes[length] = (uint8_t)(bytes[length] | 0x78);
    }
    return length;
}

static int sweep_random(unsigned bits, uint64_t count, uint64_t seed, bool maps)
{
    uint8_t bytes[WINDOW];
    char name[64];
    Mode *mode = &sweep.modes[bits == 64 ? 0 : 1];
    random_state = (seed + 1) * 0x9E3779B97F4A7C15u;
    tally_clear(&sweep.tally);
    for (uint64_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < LENGTH_MAX + 1; k += 8) {
            uint64_t random = random_next();
            memcpy(bytes + k, &random, sizeof random);
        }
        unsigned size = 1 + (unsigned)(random_next() >> 33) % LENGTH_MAX;
        if (maps) {
            (void)random_map(bytes);
            size = LENGTH_MAX;
        }
        (void)sweep_one(mode, bytes, size, 0x10000000, false);
    }
    (void)snprintf(name, sizeof name, "%s:%u:%llu:%llu", maps ? "maps" : "random", bits,
            (unsigned long long)count, (unsigned long long)seed);
    tally_print(&sweep.tally, name);
    return 0;
}

/* ---- start ---- */

static bool open_mode(Mode *mode, bool wide, const char *sla, const char *pspec)
{
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    mode->wide = wide;
    if (pro_sleigh_language_load_file(sla, pspec, &language, &error) != PRO_OK ||
            pro_sleigh_decoder_new(language, &mode->ours, &error) != PRO_OK) {
        (void)fprintf(stderr, "%s: %s\n", sla, error.text);
        return false;
    }
    pro_sleigh_language_unref(language);
    return ZYAN_SUCCESS(ZydisDecoderInit(&mode->zydis,
            wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
            wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32));
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        (void)fprintf(
                stderr, "usage: see the head of decode_sweep.c; prove-x86-decode runs this\n");
        return 2;
    }
    instruction_text_begin();
    if (!aliases_read(argv[1]) || !open_mode(&sweep.modes[0], true, argv[2], argv[3]) ||
            !open_mode(&sweep.modes[1], false, argv[4], argv[5]) ||
            !ZYAN_SUCCESS(ZydisFormatterInit(&sweep.formatter, ZYDIS_FORMATTER_STYLE_INTEL)))
        return 2;
    if (strcmp(argv[6], "--random") == 0 && argc >= 10)
        return sweep_random((unsigned)atoi(argv[7]), strtoull(argv[8], NULL, 0),
                strtoull(argv[9], NULL, 0), argc == 11);
    for (int i = 6; i < argc; i++)
        sweep_file(argv[i]);
    return 0;
}
