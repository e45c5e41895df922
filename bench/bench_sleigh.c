/* SPDX-License-Identifier: Apache-2.0 */
/* bench_sleigh SLASPEC CODE: compile and load time, memory, and instructions a second on raw code:
 * decode, decode + lift, decode + text. Medians of five runs as a Markdown table. */
#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { RUNS = 5, LARGEST_CODE = 1 << 26 };

/* Processor time of this process: other load on the machine does not count. */
static uint64_t clock_used_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef enum Work { WORK_DECODE, WORK_LIFT, WORK_TEXT } Work;

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double median(double *values)
{
    qsort(values, RUNS, sizeof *values, compare);
    return values[RUNS / 2];
}

static double run(ProSleighLanguage *language, const uint8_t *code, size_t size, Work work)
{
    ProSleighDecoder *decoder;
    if (pro_sleigh_decoder_new(language, &decoder, NULL) != PRO_OK)
        exit(1);
    uint64_t begin = clock_used_ns(), count = 0;
    for (size_t offset = 0; offset < size;) {
        ProSleighInstruction instruction;
        ProSleighLift lift;
        const char *mnemonic, *body;
        if (pro_sleigh_decode(decoder, offset, code + offset, size - offset, &instruction) !=
                PRO_OK)
            exit(1);
        if (instruction.outcome != PRO_SLEIGH_DECODED) {
            offset += pro_sleigh_language_alignment(language);
            continue;
        }
        if ((work == WORK_LIFT && pro_sleigh_lift(decoder, &lift, NULL) != PRO_OK) ||
                (work == WORK_TEXT && pro_sleigh_text(decoder, &mnemonic, &body) != PRO_OK))
            exit(1);
        offset += instruction.length;
        count++;
    }
    double seconds = (double)(clock_used_ns() - begin) / 1e9;
    pro_sleigh_decoder_free(decoder);
    return (double)count / seconds / 1e6;
}

int main(int argc, char **argv)
{
    static uint8_t code[LARGEST_CODE];
    static const char *const names[] = {"decode", "decode + lift", "decode + text"};
    double compile_times[RUNS], load_times[RUNS];
    ProSleighLanguage *language = NULL;
    ProError error;
    FILE *file = argc == 3 ? fopen(argv[2], "rbe") : NULL;
    if (file == NULL)
        return 2;
    size_t size = fread(code, 1, sizeof code, file);
    (void)fclose(file);
    for (int i = 0; i < RUNS; i++) {
        ProSleighCompileOptions options = {.path = argv[1], .quiet = true};
        uint8_t *sla = NULL;
        size_t sla_size = 0;
        uint64_t begin = clock_used_ns();
        if (pro_sleigh_compile(&options, &sla, &sla_size, NULL, &error) != PRO_OK) {
            (void)fprintf(stderr, "%s\n", error.text);
            return 1;
        }
        compile_times[i] = (double)(clock_used_ns() - begin) / 1e6;
        pro_sleigh_language_unref(language);
        begin = clock_used_ns();
        if (pro_sleigh_language_load(sla, sla_size, &language, &error) != PRO_OK)
            return 1;
        load_times[i] = (double)(clock_used_ns() - begin) / 1e6;
        free(sla);
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf(
            "| measure | value |\n|---|---|\n| compile | %.2f ms (peak of the process %ld KiB) |\n| load | %.2f ms |\n"
            "| loaded language | %zu KiB |\n",
            median(compile_times), usage.ru_maxrss, median(load_times),
            pro_sleigh_language_bytes(language) / 1024);
    for (Work work = WORK_DECODE; work <= WORK_TEXT; work++) {
        double rates[RUNS];
        for (int i = 0; i < RUNS; i++)
            rates[i] = run(language, code, size, work);
        (void)printf("| %s | %.2f million instructions a second |\n", names[work], median(rates));
    }
    pro_sleigh_language_unref(language);
    return 0;
}
