/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_COMMANDS_H
#define SLEIGH_COMMANDS_H

/*
 * `promp sleigh ...` and `promp disasm ...`. arguments[0] is "sleigh" or "disasm"; what follows is
 * for it. Returns the exit status: 0, 1 for a problem (told on stderr), 2 for wrong arguments.
 */

enum { COMMAND_OK = 0, COMMAND_PROBLEM = 1, COMMAND_USAGE = 2 };

int sleigh_command(int count, char **arguments);
int disasm_command(int count, char **arguments);

extern const char sleigh_command_usage[];
extern const char disasm_command_usage[];

#endif
