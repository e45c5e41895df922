/* SPDX-License-Identifier: Apache-2.0 */

/* The arguments of `promp`. */

#include "cli.h"
#include "sleigh/commands.h"

#include <promp/status.h>

#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: promp -r SCRIPT [ARGUMENT...]\n"
                            "       promp info FILE [--json]\n"
                            "       promp disasm FILE|- [OPTION...]\n"
                            "       promp sleigh compile|languages [ARGUMENT...]\n"
                            "       promp open FILE...\n"
                            "       promp agent [TICKET]\n"
                            "       promp doctor\n"
                            "       promp --version\n"
                            "       promp --help\n";

static const char help[] =
        "\n"
        "  -r SCRIPT   run a Python script in which `import Pro` works; what follows the\n"
        "              script's name is for the script\n"
        "  info        tell what an ELF or PE file holds; --json: all of it\n"
        "  disasm      disassemble an ELF or PE file, or raw bytes; also as p-code and JSON\n"
        "  sleigh      compile a processor description; list the languages there are\n"
        "  open        show files in a window: bytes, PE and ELF structure, strings, search;\n"
        "              workers read them\n"
        "  agent       work for a manager on another machine: TICKET is the file with what its\n"
        "              listen() gave; without it $PROMP_TICKET, or standard input\n"
        "  doctor      check what promp needs of this machine and run a task in a worker\n"
        "  --version   print the version\n"
        "  --help      print this text\n"
        "\n"
        "Exit status: the script's own; 2 for wrong arguments and for a script that cannot\n"
        "be read or parsed. `promp doctor`: 0 if everything is in order, else 1. `promp info`:\n"
        "1 if the file cannot be read or is neither an ELF nor a PE file. `promp open`: 1 if a\n"
        "file cannot be read, 2 without a display.\n";

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

/* The option may stand before the file or behind it; `--` ends options. */
static int run_info(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    bool options = true;
    for (int i = 2; i < argc; i++) {
        if (options && strcmp(argv[i], "--json") == 0)
            json = true;
        else if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
            return fail_usage("info does not know the option", argv[i]);
        else if (path != NULL)
            return fail_usage("info takes one file; unexpected argument", argv[i]);
        else
            path = argv[i];
    }
    return path == NULL ? fail_usage("a file must follow the argument", "info")
                        : end_output(cli_info(path, json));
}

int main(int argc, char **argv)
{
    static const char *const alone[] = {"doctor", "--version", "--help"};
    if (argc < 2)
        return fail_usage("nothing to do", NULL);
    const char *command = argv[1];
    if (strcmp(command, "info") == 0)
        return run_info(argc, argv);
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
    if (strcmp(command, "agent") == 0)
        return argc <= 3 ? cli_agent(argc == 3 ? argv[2] : NULL)
                         : fail_usage("agent takes one ticket; unexpected argument", argv[3]);
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (strcmp(command, alone[i]) == 0)
            return argc == 2 ? run_alone(command) : fail_usage("unexpected argument", argv[2]);
    return fail_usage("unknown argument", command);
}
