/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

/*
 * The `promp` command: cli_main.c reads the arguments, one file does each thing that can be asked.
 * All of it runs in the main thread, before any other thread exists.
 */

/* Exit statuses of promp's own; a script's are Python's. */
enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_PROBLEM = 1, /* a check of `promp doctor` failed; a file cannot be read */
    CLI_EXIT_USAGE = 2    /* wrong arguments, or the script could not be read or parsed */
};

/*
 * Runs a Python script as `python3 arguments...` would; `arguments` holds the script and what is
 * for it, `count` of them, and is borrowed. Returns the exit status; does not return if the script
 * exits the process or an uncaught Ctrl-C ends it by SIGINT.
 */
int cli_run(int count, char **arguments);

/*
 * Shows files in a window; `files` stands behind its command in argv. Does not return unless there
 * is nothing to run.
 */
int cli_open(char **files);

/* Prints what a PE or ELF file holds, as a page or as JSON; CLI_EXIT_PROBLEM if it is neither. */
int cli_info(const char *path, bool json);

/* Serves the manager whose ticket the file holds; NULL: $PROMP_TICKET, else standard input. */
int cli_agent(const char *ticket_path);

/* Prints one line a check of what promp needs; CLI_EXIT_PROBLEM if any failed. */
int cli_doctor(void);

#endif
