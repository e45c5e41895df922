/* SPDX-License-Identifier: Apache-2.0 */

/* The arguments of `promp`. */

#include "cli.h"
#include "sleigh/commands.h"

#include <promp/status.h>

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: promp -r SCRIPT [ARGUMENT...]\n"
                            "       promp disasm FILE|- [OPTION...]\n"
                            "       promp sleigh compile|languages [ARGUMENT...]\n"
                            "       promp open FILE...\n"
                            "       promp doctor\n"
                            "       promp --version\n"
                            "       promp --help\n";

static const char help[] =
        "\n"
        "  -r SCRIPT   run a Python script in which `import Pro` works; what follows the\n"
        "              script's name is for the script\n"
        "  disasm      disassemble an ELF or PE file, or raw bytes; also as p-code and JSON\n"
        "  sleigh      compile a processor description; list the languages there are\n"
        "  open        show files in a window: bytes, PE and ELF structure, strings, search;\n"
        "              workers read them\n"
        "  doctor      check what promp needs of this machine and run a task in a worker\n"
        "  --version   print the version\n"
        "  --help      print this text\n"
        "\n"
        "Exit status: the script's own; 2 for wrong arguments and for a script that cannot\n"
        "be read or parsed. `promp doctor`: 0 if everything is in order, else 1. `promp open`:\n"
        "1 if a file could not be opened, 2 without a display.\n";

static int fail_usage(const char *what, const char *argument)
{
    (void)fprintf(stderr, "promp: %s%s%s%s\n%s", what, argument != NULL ? " '" : "",
            argument != NULL ? argument : "", argument != NULL ? "'" : "", usage);
    return CLI_EXIT_USAGE;
}

/* A full disk or a closed pipe is a failure, as for any tool whose product is its output. */
static int end_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("promp: cannot write to standard output");
    return CLI_EXIT_PROBLEM;
}

static int run_alone(const char *command)
{
    if (strcmp(command, "doctor") == 0)
        return end_output(cli_doctor());
    if (strcmp(command, "--version") == 0)
        (void)printf("promp %s\n", pro_version());
    else
        (void)printf("%s%s", usage, help);
    return end_output(CLI_EXIT_OK);
}

int main(int argc, char **argv)
{
    static const char *const alone[] = {"doctor", "--version", "--help"};
    if (argc < 2)
        return fail_usage("nothing to do", NULL);
    const char *command = argv[1];
    if (strcmp(command, "disasm") == 0)
        return end_output(disasm_command(argc - 1, argv + 1));
    if (strcmp(command, "sleigh") == 0)
        return end_output(sleigh_command(argc - 1, argv + 1));
    if (strcmp(command, "-r") == 0)
        return argc > 2 ? cli_run(argc - 2, argv + 2)
                        : fail_usage("a script must follow the argument", command);
    if (strcmp(command, "open") == 0)
        return argc > 2 ? cli_open(argv + 2)
                        : fail_usage("files must follow the argument", command);
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (strcmp(command, alone[i]) == 0)
            return argc == 2 ? run_alone(command) : fail_usage("unexpected argument", argv[2]);
    return fail_usage("unknown argument", command);
}
