/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_pcode_weight 64.sla 64.pspec 32.sla 32.pspec FILE...
 *
 * Lifts every instruction of the functions of ELF and PE files and tells, for each mnemonic, how
 * many operations its p-code has and how many of them could be left out (waste.h).
 * prove-x86-pcode runs it and reads what it prints, for each file:
 *     M  bits  mnemonic  instructions  operations  dead  copies  constants  [bytes  text]
 *     F  path  bits  instructions  bytes-not-walked  too-long        (the last line of a file)
 *     S  path  reason                                                (the file was left out)
 * bytes and text are of the first instruction with waste.
 */
#include "code_ranges.h"
#include "waste.h"

#include <promp/sleigh.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 32, LENGTH_MAX = 15, SLOTS = 1 << 13, NAME_MAX_BYTES = 40, TEXT_MAX = 120 };

typedef struct Mnemonic {
    char name[NAME_MAX_BYTES]; /* "": a free slot */
    uint64_t instructions;
    uint64_t operations;
    uint64_t dead, copies, constants;
    uint8_t bytes[LENGTH_MAX]; /* of the first with waste */
    unsigned length;           /* 0: there was none */
    char text[TEXT_MAX];
} Mnemonic;

typedef struct Mode {
    unsigned bits;
    unsigned unique;
    ProSleighDecoder *decoder;
} Mode;

typedef struct Weight {
    Mode modes[2];
    Mnemonic mnemonics[SLOTS];
    size_t used;
    uint64_t instructions, bytes_left, too_long;
} Weight;

static Weight weight;

static Mnemonic *mnemonic_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *p = name; *p != 0; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    size_t slot = hash % SLOTS;
    while (weight.mnemonics[slot].name[0] != 0 &&
            strncmp(weight.mnemonics[slot].name, name, NAME_MAX_BYTES - 1) != 0)
        slot = (slot + 1) % SLOTS;
    Mnemonic *mnemonic = &weight.mnemonics[slot];
    if (mnemonic->name[0] == 0) {
        if (++weight.used == SLOTS)
            abort();
        (void)snprintf(mnemonic->name, sizeof mnemonic->name, "%s", name);
    }
    return mnemonic;
}

static void weigh(const Mode *mode, const uint8_t *bytes, unsigned length)
{
    const char *name, *body;
    ProSleighLift lift;
    ProError error = {0};
    if (pro_sleigh_text(mode->decoder, &name, &body) != PRO_OK)
        abort();
    Mnemonic *mnemonic = mnemonic_of(name);
    mnemonic->instructions++;
    weight.instructions++;
    Waste waste = {0};
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof text, "%s %s", name, body); /* gone with the lift */
    if (pro_sleigh_lift(mode->decoder, &lift, &error) == PRO_OK) {
        mnemonic->operations += lift.count;
        waste = waste_find(lift.ops, lift.count, mode->unique);
    }
    mnemonic->dead += waste.dead;
    mnemonic->copies += waste.copies;
    mnemonic->constants += waste.constants;
    weight.too_long += waste.too_long;
    if (waste.dead + waste.copies + waste.constants > 0 && mnemonic->length == 0) {
        mnemonic->length = length;
        memcpy(mnemonic->bytes, bytes, length);
        memcpy(mnemonic->text, text, sizeof text);
    }
}

static void weigh_range(const Mode *mode, const uint8_t *file, const CodeRange *range)
{
    uint64_t left = range->section_end - range->address, at = 0;
    while (at < range->size) {
        const uint8_t *bytes = file + range->offset + at;
        ProSleighInstruction instruction;
        uint64_t window = left - at < WINDOW ? left - at : WINDOW;
        if (pro_sleigh_decode(mode->decoder, range->address + at, bytes, window, &instruction) !=
                PRO_OK)
            abort();
        if (instruction.outcome != PRO_SLEIGH_DECODED) {
            weight.bytes_left += range->size - at;
            return;
        }
        weigh(mode, bytes, instruction.length);
        at += instruction.length;
    }
}

static void print_file(const char *path, unsigned bits)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const Mnemonic *mnemonic = &weight.mnemonics[i];
        if (mnemonic->name[0] == 0)
            continue;
        (void)printf("M\t%u\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64,
                bits, mnemonic->name, mnemonic->instructions, mnemonic->operations, mnemonic->dead,
                mnemonic->copies, mnemonic->constants);
        for (unsigned k = 0; k < mnemonic->length; k++)
            (void)printf("%s%02x", k == 0 ? "\t" : "", mnemonic->bytes[k]);
        (void)printf(mnemonic->length > 0 ? "\t%s\n" : "\n", mnemonic->text);
    }
    (void)printf("F\t%s\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", path, bits,
            weight.instructions, weight.bytes_left, weight.too_long);
}

static void weigh_file(const char *path)
{
    CodeFile file;
    memset(weight.mnemonics, 0, sizeof weight.mnemonics);
    weight.used = 0;
    weight.instructions = weight.bytes_left = weight.too_long = 0;
    if (code_file_open(&file, path)) {
        const Mode *mode = &weight.modes[file.ranges.wide ? 0 : 1];
        for (size_t i = 0; i < file.ranges.count; i++)
            weigh_range(mode, file.bytes, &file.ranges.ranges[i]);
        print_file(path, mode->bits);
    }
    code_file_close(&file);
    (void)fflush(stdout);
}

static bool open_mode(Mode *mode, unsigned bits, const char *sla, const char *pspec)
{
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    if (pro_sleigh_language_load_file(sla, pspec, &language, &error) != PRO_OK ||
            pro_sleigh_decoder_new(language, &mode->decoder, &error) != PRO_OK) {
        (void)fprintf(stderr, "%s: %s\n", sla, error.text);
        return false;
    }
    mode->bits = bits;
    mode->unique = pro_sleigh_language_unique_space(language);
    pro_sleigh_language_unref(language);
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        (void)fprintf(stderr, "usage: see the head of pcode_weight.c; prove-x86-pcode runs this\n");
        return 2;
    }
    if (!open_mode(&weight.modes[0], 64, argv[1], argv[2]) ||
            !open_mode(&weight.modes[1], 32, argv[3], argv[4]))
        return 2;
    for (int i = 5; i < argc; i++)
        weigh_file(argv[i]);
    return 0;
}
