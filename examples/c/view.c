/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A view from C: a button counts its clicks; in a window, or on the terminal where there is no
 * display (type the button's number; q closes).
 */

#include <promp/ui.h>
#include <stdio.h>
#include <stdlib.h>

static const char markup[] = "<ui><vl margin='16' spacing='8'>"
                             "<label id='1' text='not clicked'/>"
                             "<btn id='2' text='Click'/></vl></ui>";

static int on_event(ProView *view, void *user, const ProEvent *event)
{
    int *clicks = user;
    ProView *label = NULL;
    char text[32];
    if (event->code != PRO_PVN_BUTTON_CLICKED || pro_view_find(view, 1, &label, NULL) != PRO_OK)
        return 0;
    (void)snprintf(text, sizeof text, "clicked %d times", ++*clicks);
    (void)pro_view_set_text(label, text, NULL);
    return 1;
}

int main(int argc, char **argv)
{
    int clicks = 0;
    ProView *view = NULL;
    ProError error = {0};
    (void)argc;
    ProStatus status = pro_view_new(PRO_VIEW_CUSTOM, "Example", &view, &error);
    if (status == PRO_OK)
        status = pro_view_setup(view, markup, on_event, &clicks, NULL, &error);
    if (status == PRO_OK)
        status = pro_ui_add_view(view, &error);
    if (status == PRO_OK)
        status = pro_ui_run(&error);
    pro_view_unref(view);
    if (status != PRO_OK)
        (void)fprintf(stderr, "%s: %s\n", argv[0], error.text);
    return status == PRO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
