/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_run_program SLA PSPEC PROGRAM [ARGUMENT...]: runs a static x86-64 Linux program in the
 * emulator; its input, output and exit code are this program's. Then one line on stderr:
 *     instructions, p-code operations, seconds of processor time, million operations a second
 * separated by tabs. Exits 125 if the program cannot go on.
 */
#include "linux_guest.h"

#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
    ProSleighLanguage *language = NULL;
    ProError error = {0};
    if (argc < 4) {
        (void)fprintf(stderr, "usage: %s SLA PSPEC PROGRAM [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    if (pro_sleigh_language_load_file(argv[1], argv[2], &language, &error) != PRO_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 2;
    }
    Guest *guest = guest_new(language, argv[3], argv + 3);
    clock_t begin = clock();
    bool good = guest_run(guest, &error);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    uint64_t operations = guest_operations(guest);
    if (!good)
        (void)fprintf(stderr, "%s\n", error.text);
    (void)fprintf(stderr, "%llu\t%llu\t%.3f\t%.1f\n", (unsigned long long)guest_instructions(guest),
            (unsigned long long)operations, seconds,
            seconds > 0 ? (double)operations / seconds / 1e6 : 0);
    int code = good ? guest_exit_code(guest) : 125;
    guest_free(guest);
    pro_sleigh_language_unref(language);
    return code;
}
