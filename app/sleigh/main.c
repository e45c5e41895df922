/* SPDX-License-Identifier: Apache-2.0 */
/* promp-sleigh compile|languages|disasm ...: these commands of promp, in a program that needs no
 * Python. The build compiles the descriptions in data/ with it. */
#include "commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    bool is_disasm = argc >= 2 && strcmp(argv[1], "disasm") == 0;
    int status = is_disasm ? disasm_command(argc - 1, argv + 1) : sleigh_command(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("promp-sleigh: cannot write to standard output");
    return COMMAND_PROBLEM;
}
