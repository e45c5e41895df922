/* SPDX-License-Identifier: Apache-2.0 */

/* A plug-in that asks the person, from a worker; for test_views.py. */

#include <promp/plugin.h>
#include <promp/ui.h>

PRO_API ProStatus ask(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

/* Returns the button. */
ProStatus ask(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProBoxButtons button;
    (void)worker;
    (void)arguments;
    const ProBox box = {.title = "Plug-in",
            .text = "Shall it be done?",
            .buttons = PRO_BOX_YES | PRO_BOX_NO | PRO_BOX_CANCEL};
    ProStatus status = pro_ui_message_box(&box, &button, reterr);
    if (status == PRO_OK)
        pro_write_int(result, button);
    return status;
}
