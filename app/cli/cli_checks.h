/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CHECKS_H
#define CLI_CHECKS_H

/* The checks of `promp doctor`. Each prints one line, more only where there are several things to
 * tell, and returns false if something must be done. */

#include <promp/status.h>
#include <stdbool.h>

/* One line of the report on stdout: "ok      NAME: text" or "problem NAME: text". Returns `ok`. */
bool check_report(bool ok, const char *name, const char *format, ...) PRO_PRINTF(3, 4);

/* cli_check_system.c: what the kernel offers */
bool check_kernel(void);
bool check_cores(void);
bool check_memory(void);
bool check_open_files(void);
bool check_processes(void);
bool check_shared_memory(void);
bool check_sealed_memory(void);
bool check_pidfd(void);

/* cli_check_promp.c: what promp brings, and whether it runs */
bool check_socket_folder(void);
bool check_worker_program(void);
bool check_python(void);
bool check_self_test(void);

/* cli_run.c, which alone includes Python.h: the version of the Python inside, "3.11.2" */
const char *cli_python_version(void);

#endif
