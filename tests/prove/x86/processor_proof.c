/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_processor_proof MODE SLA PSPEC [--states N] [--seed N] [--only TEXT] [--show N] [--list]
 *                     [--done FILE]: executes every form of every instruction on this processor and
 * in the emulator, and compares. MODE is 64 or 32. One line a form, separated by tabs:
 *     name, group, verdict, states, equal, different, unmodelled, rounded twice, detail
 * with the verdicts equal, different, absent (from this processor), opaque (the specification only
 * names it), excluded (why), missing (not in the specification). --show prints the first N
 * differences of each form to stderr. --done: a file with names of forms to leave out. Exits 0 if
 * nothing differs.
 */
#include "compare_states.h"
#include "emulated.h"
#include "exclusions.h"
#include "native.h"
#include "trials.h"

#include <stdlib.h>
#include <string.h>

enum { ENCODINGS_USED = 32 };

typedef struct Options {
    bool wide;
    const char *sla;
    const char *pspec;
    const char *only;
    const char *done;
    unsigned states;
    unsigned show;
    uint64_t seed;
    bool list;
} Options;

typedef struct Counts {
    unsigned verdicts[VERDICT_ROUNDED + 1];
    unsigned states;
    unsigned missing;
    unsigned lost;
    char opaque[80];
} Counts;

typedef struct Proof {
    Options options;
    Forms forms;
    Emulated *emulated;
    Batch *batch;
    Outcome outcomes[TRIALS]; /* of the emulator */
    Encoding encodings[ENCODINGS_USED];
    unsigned encoding_count;
    char *done; /* names, each between newlines */
    bool failed;
} Proof;

static void encode(Proof *proof, const Form *form, Random *random)
{
    proof->encoding_count = 0;
    memset(proof->batch->code, 0xCC, CODE_BYTES);
    for (unsigned attempt = 0; attempt < 2 * ENCODINGS_USED; attempt++) {
        Encoding *encoding = &proof->encodings[proof->encoding_count];
        if (!form_encode(&proof->forms, form, random, encoding))
            break;
        if (!encoding_is_usable(encoding))
            continue;
        encoding_place(encoding, proof->encoding_count, random, proof->batch->code);
        if (++proof->encoding_count == ENCODINGS_USED)
            break;
    }
}

static void show_difference(
        Proof *proof, const Form *form, const Scope *scope, size_t index, const Outcome *emulated)
{
    const Trial *trial = &proof->batch->trials[index];
    const Encoding *encoding = &proof->encodings[trial->encoding];
    char text[128];
    emulated_text(proof->emulated, trial->encoding, text, sizeof text);
    (void)fprintf(stderr, "%s: ", form->name);
    for (unsigned i = 0; i < encoding->length; i++)
        (void)fprintf(stderr, "%02x", encoding->bytes[i]);
    (void)fprintf(stderr, "  %s\n", text);
    outcomes_print(stderr, scope, trial, &proof->batch->native[index], emulated);
}

/* Fused operations round once, p-code twice: the size of the lanes whose last bit may differ. */
static unsigned fused_bytes(const Encoding *encoding)
{
    bool fused = encoding->instruction.meta.isa_ext == ZYDIS_ISA_EXT_FMA ||
                 encoding->instruction.meta.isa_ext == ZYDIS_ISA_EXT_FMA4;
    return fused ? encoding->operands[0].element_size / 8 : 0;
}

static void compare(Proof *proof, const Form *form, Counts *counts)
{
    unsigned shown = 0;
    Batch *batch = proof->batch;
    for (size_t i = 0; i < batch->count; i++) {
        const Encoding *encoding = &proof->encodings[batch->trials[i].encoding];
        unsigned bits = encoding->instruction.operand_width;
        Scope scope = {.wide = proof->options.wide,
                .x87 = instruction_is_x87(&encoding->instruction),
                .status = defined_status(form->mnemonic),
                .fused_bytes = fused_bytes(encoding),
                .undefined = undefined_flags(
                        form->mnemonic, trial_shift_count(encoding, &batch->trials[i]), bits)};
        counts->states++;
        counts->lost += batch->native[i].end == END_LOST;
        const Outcome *emulated = &proof->outcomes[i];
        Verdict verdict = outcomes_compare(&scope, &batch->trials[i], &batch->native[i], emulated);
        counts->verdicts[verdict]++;
        counts->missing += verdict == VERDICT_DIFFERENT && emulated->end == END_NOT_DECODED;
        if (verdict == VERDICT_OPAQUE)
            (void)snprintf(counts->opaque, sizeof counts->opaque, "%s", emulated->text);
        if (verdict == VERDICT_DIFFERENT && shown++ < proof->options.show)
            show_difference(proof, form, &scope, i, emulated);
    }
}

static void report(Proof *proof, const Form *form, const Counts *counts)
{
    const char *verdict = "equal", *detail = "";
    char number[96];
    const unsigned *of = counts->verdicts;
    if (form->excluded != NULL) {
        verdict = "excluded";
        detail = form->excluded;
    } else if (counts->states == 0) {
        verdict = "different";
        detail = "could not be encoded";
    } else if (of[VERDICT_ABSENT] == counts->states) {
        verdict = "absent";
    } else if (counts->missing > 0) {
        verdict = "missing";
    } else if (of[VERDICT_DIFFERENT] + of[VERDICT_ABSENT] > 0) {
        verdict = "different";
        (void)snprintf(number, sizeof number, "%u without an end", counts->lost);
        detail = counts->lost > 0 ? number : "";
    } else if (of[VERDICT_OPAQUE] > 0) {
        verdict = "opaque";
        detail = counts->opaque;
    }
    bool good = strcmp(verdict, "different") != 0 && strcmp(verdict, "missing") != 0;
    proof->failed = proof->failed || !good;
    (void)printf("%s\t%s\t%s\t%u\t%u\t%u\t%u\t%u\t%s\n", form->name, form->group, verdict,
            counts->states, of[VERDICT_EQUAL], of[VERDICT_DIFFERENT] + of[VERDICT_ABSENT],
            of[VERDICT_UNMODELLED], of[VERDICT_ROUNDED], detail);
    (void)fflush(stdout);
}

static void prove_form(Proof *proof, const Form *form)
{
    Counts counts = {0};
    Random random = random_for(form->name, proof->options.seed);
    Batch *batch = proof->batch;
    if (form->excluded == NULL)
        encode(proof, form, &random);
    if (form->excluded == NULL && proof->encoding_count > 0) {
        batch->narrow = !proof->options.wide;
        batch->count = proof->options.states;
        for (size_t i = 0; i < batch->count; i++) {
            unsigned slot = (unsigned)(i % proof->encoding_count);
            trial_make(
                    &proof->encodings[slot], slot, proof->options.wide, &random, &batch->trials[i]);
        }
        native_start(batch); /* meanwhile: */
        emulated_set_code(proof->emulated, batch->code);
        for (size_t i = 0; i < batch->count; i++)
            emulated_run(proof->emulated, &batch->trials[i], &proof->outcomes[i]);
        native_wait();
        compare(proof, form, &counts);
    }
    report(proof, form, &counts);
}

static bool is_wanted(const Proof *proof, const Form *form)
{
    char line[FORM_NAME + 2];
    if (proof->options.only != NULL && strstr(form->name, proof->options.only) == NULL &&
            strcmp(form->group, proof->options.only) != 0)
        return false;
    (void)snprintf(line, sizeof line, "\n%s\n", form->name);
    return proof->done == NULL || strstr(proof->done, line) == NULL;
}

static char *read_names(const char *path)
{
    FILE *file = fopen(path, "re");
    char *names = calloc(1, 1 << 22);
    if (file == NULL || names == NULL)
        exit(2);
    names[0] = '\n';
    (void)fread(names + 1, 1, (1 << 22) - 2, file);
    (void)fclose(file);
    return names;
}

static bool read_options(int argc, char **argv, Options *options)
{
    *options = (Options){.states = 512, .seed = 1};
    if (argc < 4)
        return false;
    options->wide = strcmp(argv[1], "64") == 0;
    options->sla = argv[2];
    options->pspec = argv[3];
    for (int i = 4; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--list") == 0) {
            options->list = true;
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(argv[i], "--states") == 0)
            options->states = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            options->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            options->only = value;
        else if (strcmp(argv[i], "--show") == 0)
            options->show = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--done") == 0)
            options->done = value;
        else
            return false;
        i++;
    }
    return options->states > 0 && options->states <= TRIALS;
}

int main(int argc, char **argv)
{
    static Proof proof;
    if (!read_options(argc, argv, &proof.options)) {
        (void)fprintf(stderr,
                "usage: %s 64|32 SLA PSPEC [--states N] [--seed N] [--only TEXT] "
                "[--show N] [--done FILE] [--list]\n",
                argv[0]);
        return 2;
    }
    if (!forms_find(&proof.forms, proof.options.wide) || (proof.batch = native_batch()) == NULL)
        return 2;
    if (proof.options.done != NULL)
        proof.done = read_names(proof.options.done);
    if (!proof.options.list) {
        proof.emulated = emulated_new(proof.options.sla, proof.options.pspec, proof.options.wide);
        if (proof.emulated == NULL)
            return 2;
        if (!proof.options.wide && !native_has_narrow(proof.batch)) {
            (void)fprintf(stderr, "this system does not run 32-bit code\n");
            return 2;
        }
    }
    for (size_t i = 0; i < proof.forms.count; i++) {
        const Form *form = &proof.forms.items[i];
        if (!is_wanted(&proof, form))
            continue;
        if (proof.options.list)
            (void)printf("%s\t%s\t%s\n", form->name, form->group,
                    form->excluded == NULL ? "" : form->excluded);
        else
            prove_form(&proof, form);
    }
    free(proof.done);
    forms_free(&proof.forms);
    if (proof.emulated != NULL)
        emulated_free(proof.emulated);
    return proof.failed ? 1 : 0;
}
