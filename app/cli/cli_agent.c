/* SPDX-License-Identifier: Apache-2.0 */

/* `promp agent`: this machine works for a manager on another one. */

#include "cli.h"

#include <promp/host.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Its first line: who pastes it into a terminal need not end the input as well. */
static bool read_ticket(FILE *file, char ticket[PRO_TICKET_MAX])
{
    if (isatty(fileno(file)))
        (void)fputs("promp agent: paste the ticket that the manager's listen() gave\n", stderr);
    if (fgets(ticket, PRO_TICKET_MAX, file) == NULL)
        ticket[0] = '\0';
    return !ferror(file);
}

static bool find_ticket(const char *path, char ticket[PRO_TICKET_MAX])
{
    const char *variable = getenv("PROMP_TICKET");
    if (path == NULL && variable != NULL) {
        (void)snprintf(ticket, PRO_TICKET_MAX, "%s", variable);
        (void)unsetenv("PROMP_TICKET"); /* workers need not know it */
        return true;
    }
    FILE *file = path == NULL || strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    bool done = file != NULL && read_ticket(file, ticket);
    if (!done)
        (void)fprintf(stderr, "promp agent: cannot read the ticket from %s: %s\n",
                path == NULL ? "standard input" : path, strerror(errno));
    if (file != NULL && file != stdin)
        (void)fclose(file);
    return done;
}

int cli_agent(const char *ticket_path)
{
    char ticket[PRO_TICKET_MAX];
    ProError error = {0};
    if (!find_ticket(ticket_path, ticket))
        return CLI_EXIT_PROBLEM;
    ProStatus status = pro_agent_run(ticket, &error);
    explicit_bzero(ticket, sizeof ticket);
    if (status == PRO_OK)
        return CLI_EXIT_OK;
    (void)fprintf(stderr, "promp agent: %s\n", error.text);
    return CLI_EXIT_PROBLEM;
}
