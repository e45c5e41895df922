/* SPDX-License-Identifier: Apache-2.0 */

/* An agent for tests: the ticket stands in $PROMP_TICKET. */

#include <promp/host.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

int main(void)
{
    ProError error = {0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *ticket = getenv("PROMP_TICKET");
    if (ticket == NULL || pro_agent_run(ticket, &error) != PRO_OK) {
        (void)fprintf(stderr, "agent: %s\n", ticket == NULL ? "no ticket" : error.text);
        return 1;
    }
    return 0;
}
