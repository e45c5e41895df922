/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sleigh MEASURE SPECIFICATION [ELF-FILE]: one figure of the SLEIGH engine.
 *     compile         milliseconds to compile the .slaspec
 *     compile-memory  MiB that the process has at most while it does
 *     load            milliseconds to load the compiled form
 *     loaded-memory   MiB of the loaded language
 *     decode, lift, text   million instructions a second of the file's .text: decoded; with p-code;
 *                     with text
 * Times are processor time of this process, the shortest of a few runs: other load does not count.
 */
#include "code_section.h"

#include <promp/sleigh.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { RUNS = 5 };

static void fail(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
    exit(1);
}

typedef struct Compiled {
    uint8_t *sla;
    size_t size;
    double best_ms;
} Compiled;

static Compiled compile(const char *path, int runs)
{
    ProSleighCompileOptions options = {.path = path, .quiet = true};
    Compiled compiled = {.best_ms = 1e9};
    ProError error;
    for (int i = 0; i < runs; i++) {
        uint64_t begin = bench_used_ns();
        free(compiled.sla);
        if (pro_sleigh_compile(&options, &compiled.sla, &compiled.size, NULL, &error) != PRO_OK)
            fail(error.text);
        double ms = (double)(bench_used_ns() - begin) / 1e6;
        if (ms < compiled.best_ms)
            compiled.best_ms = ms;
    }
    return compiled;
}

static ProSleighLanguage *load(const Compiled *compiled, int runs, double *ret_best_ms)
{
    ProSleighLanguage *language = NULL;
    ProError error;
    *ret_best_ms = 1e9;
    for (int i = 0; i < runs; i++) {
        pro_sleigh_language_unref(language);
        uint64_t begin = bench_used_ns();
        if (pro_sleigh_language_load(compiled->sla, compiled->size, &language, &error) != PRO_OK)
            fail(error.text);
        double ms = (double)(bench_used_ns() - begin) / 1e6;
        if (ms < *ret_best_ms)
            *ret_best_ms = ms;
    }
    return language;
}

/* Instructions of the code; 0 bytes are taken where there is none. */
static uint64_t run(ProSleighLanguage *language, const CodeSection *code, char work)
{
    ProSleighDecoder *decoder;
    uint64_t count = 0;
    if (pro_sleigh_decoder_new(language, &decoder, NULL) != PRO_OK)
        fail("no memory");
    for (size_t offset = 0; offset < code->size;) {
        ProSleighInstruction instruction;
        ProSleighLift lifted;
        const char *mnemonic, *body;
        if (pro_sleigh_decode(decoder, code->address + offset, code->bytes + offset,
                    code->size - offset, &instruction) != PRO_OK)
            fail("no memory");
        if (instruction.outcome != PRO_SLEIGH_DECODED) {
            offset += pro_sleigh_language_alignment(language);
            continue;
        }
        if ((work == 'l' && pro_sleigh_lift(decoder, &lifted, NULL) != PRO_OK) ||
                (work == 't' && pro_sleigh_text(decoder, &mnemonic, &body) != PRO_OK))
            fail("an instruction could not be lifted");
        offset += instruction.length;
        count++;
    }
    pro_sleigh_decoder_free(decoder);
    return count;
}

static double rate(ProSleighLanguage *language, const char *path, char work)
{
    CodeSection code = code_section_open(path);
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
        uint64_t begin = bench_used_ns();
        double count = (double)run(language, &code, work);
        double here = count * 1e3 / (double)(bench_used_ns() - begin);
        if (here > best)
            best = here;
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const char *measure = argv[1];
    bool is_compile = strncmp(measure, "compile", 7) == 0;
    struct rusage usage;
    double load_ms = 0;
    Compiled compiled = compile(argv[2], strcmp(measure, "compile") == 0 ? RUNS : 1);
    (void)getrusage(RUSAGE_SELF, &usage);
    ProSleighLanguage *language = is_compile ? NULL : load(&compiled, 2 * RUNS, &load_ms);
    double value = strcmp(measure, "compile") == 0          ? compiled.best_ms
                   : strcmp(measure, "compile-memory") == 0 ? (double)usage.ru_maxrss / 1024
                   : strcmp(measure, "load") == 0           ? load_ms
                   : strcmp(measure, "loaded-memory") == 0
                           ? (double)pro_sleigh_language_bytes(language) / (1 << 20)
                   : argc > 3 ? rate(language, argv[3], measure[0])
                              : -1;
    (void)printf("%.4f\n", value);
    pro_sleigh_language_unref(language);
    free(compiled.sla);
    return value < 0 ? 2 : 0;
}
