/* SPDX-License-Identifier: Apache-2.0 */
#include "py_promp.h"

#include <promp/box.h>
#include <stdlib.h>
#include <string.h>

/* Boxes of workers, in a program that has not loaded Pro.UI yet: where there is a display, the
 * first one loads it. */

/* Without one nothing is loaded: libpromp asks on the terminal by itself. */
static bool may_have_windows(void)
{
    static const char *const displays[] = {"WAYLAND_DISPLAY", "DISPLAY"};
    const char *chosen = getenv("PROMP_UI");
    if (chosen != NULL && chosen[0] != '\0')
        return strcmp(chosen, "window") == 0;
    for (size_t i = 0; i < sizeof displays / sizeof displays[0]; i++) {
        const char *display = getenv(displays[i]);
        if (display != NULL && display[0] != '\0')
            return true;
    }
    return false;
}

/* Pro.UI puts its own operations in the place of these: those are asked then. */
static bool load_user_interface(void *user, ProShownBox *box)
{
    (void)user;
    (void)box;
    if (!may_have_windows())
        return false;
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *ui = PyImport_ImportModule("Pro.UI");
    if (ui == NULL)
        PyErr_Print(); /* built without: the terminal is left */
    Py_XDECREF(ui);
    PyGILState_Release(state);
    return false;
}

void py_boxes_init(void)
{
    static const ProBoxOps ops = {.open = load_user_interface};
    pro_boxes_set_ops(&ops, NULL);
}
