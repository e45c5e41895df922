/* SPDX-License-Identifier: Apache-2.0 */

/* Windows or terminal: chosen once. */

#include "ui/terminal/terminal.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const UiBackend *backend;
static pid_t process; /* that chose it */

static bool wants_windows(void)
{
    const char *chosen = getenv("PROMP_UI");
    if (chosen != NULL && strcmp(chosen, "terminal") == 0)
        return false;
    if (chosen != NULL && strcmp(chosen, "window") == 0)
        return true;
    if (chosen != NULL && chosen[0] != '\0')
        (void)fprintf(stderr, "promp: PROMP_UI=%s is neither 'terminal' nor 'window'\n", chosen);
    static const char *const displays[] = {"WAYLAND_DISPLAY", "DISPLAY"};
    for (size_t i = 0; i < sizeof displays / sizeof displays[0]; i++) {
        const char *display = getenv(displays[i]);
        if (display != NULL && display[0] != '\0')
            return true;
    }
    return false;
}

/* The module lies beside this library: in a build, or below the folder for libraries. */
static void *open_module(char *ret_reason, size_t size)
{
    static const char *const places[] = {"promp-ui-gtk.so", "promp/promp-ui-gtk.so"};
    Dl_info self;
    char path[PATH_MAX];
    if (dladdr((const void *)(uintptr_t)&open_module, &self) == 0 || self.dli_fname == NULL)
        return NULL;
    const char *slash = strrchr(self.dli_fname, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - self.dli_fname);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        (void)snprintf(path, sizeof path, "%.*s%s", folder, self.dli_fname, places[i]);
        if (access(path, R_OK) != 0)
            continue;
        void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (module == NULL)
            (void)snprintf(ret_reason, size, "%s", dlerror());
        return module;
    }
    (void)snprintf(ret_reason, size, "%.*spromp-ui-gtk.so is not there", folder, self.dli_fname);
    return NULL;
}

static const UiBackend *open_windows(void)
{
    char reason[PRO_ERROR_TEXT_BYTES] = "the module cannot be found";
    void *module = open_module(reason, sizeof reason);
    void *entry = module == NULL ? NULL : dlsym(module, UI_GTK_ENTRY);
    UiGtkEntry function = NULL;
    ProError error = {0};
    memcpy(&function, &entry, sizeof function);
    const UiBackend *windows = function == NULL ? NULL : function(&error);
    if (windows == NULL)
        (void)fprintf(stderr, "promp: no windows, the terminal is used: %s\n",
                error.text[0] != '\0' ? error.text : reason);
    return windows;
}

static bool is_main_thread(void)
{
    static _Thread_local pid_t thread;
    static _Thread_local pid_t of_process;
    pid_t own = getpid();
    if (of_process != own) {
        thread = (pid_t)syscall(SYS_gettid);
        of_process = own;
    }
    return thread == own;
}

const UiBackend *backend_get(ProError *reterr)
{
    if (!is_main_thread()) {
        (void)ui_error(reterr, PRO_ERR_WRONG_THREAD,
                "the user interface belongs to the process' main thread");
        return NULL;
    }
    if (backend == NULL)
        backend = wants_windows() ? open_windows() : NULL;
    else if (process != getpid())
        backend = NULL; /* after a fork the windows stay the parent's */
    if (backend == NULL)
        backend = term_backend();
    if (process != getpid())
        pro_ui_show_boxes();
    process = getpid();
    return backend;
}

const UiBackend *backend_current(void)
{
    return backend;
}

bool pro_ui_has_windows(void)
{
    const UiBackend *used = backend_get(NULL);
    return used != NULL && used->has_windows;
}

ProStatus pro_ui_check_thread(ProError *reterr)
{
    return backend_get(reterr) == NULL ? PRO_ERR_WRONG_THREAD : PRO_OK;
}

/* ---- boxes of workers ---- */

static bool open_box(void *user, ProShownBox *box)
{
    (void)user;
    const UiBackend *used = backend_get(NULL);
    if (used != NULL)
        used->box_open(box);
    return used != NULL;
}

static void close_box(void *user, ProShownBox *box)
{
    (void)user;
    backend->box_close(box);
}

static void process_events(void *user)
{
    (void)user;
    loop_pump();
}

static int box_fd(void *user)
{
    (void)user;
    return backend->box_fd == NULL ? -1 : backend->box_fd();
}

void pro_ui_show_boxes(void)
{
    static const ProBoxOps ops = {.open = open_box,
            .close = close_box,
            .process_events = process_events,
            .wait_fd = box_fd};
    pro_boxes_set_ops(&ops, NULL);
}

/* ---- public calls that the backend answers ---- */

ProStatus pro_ui_message_box(const ProBox *box, ProBoxButtons *ret_button, ProError *reterr)
{
    const UiBackend *used = backend_get(reterr);
    if (used == NULL)
        return PRO_ERR_WRONG_THREAD;
    ProStatus status = pro_box_check(box, reterr);
    if (status != PRO_OK)
        return status;
    const ProBox whole = {.title = box->title == NULL ? "promp" : box->title,
            .text = box->text == NULL ? "" : box->text,
            .buttons = box->buttons == 0 ? PRO_BOX_OK : box->buttons,
            .icon = box->icon};
    return used->message_box(&whole, ret_button, reterr);
}

ProStatus pro_ui_open_file_name(const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr)
{
    const UiBackend *used = backend_get(reterr);
    return used == NULL ? PRO_ERR_WRONG_THREAD
                        : used->choose_file(false, title, start, filters, ret_path, reterr);
}

ProStatus pro_ui_save_file_name(const char *title, const char *start, const char *filters,
        char **ret_path, ProError *reterr)
{
    const UiBackend *used = backend_get(reterr);
    return used == NULL ? PRO_ERR_WRONG_THREAD
                        : used->choose_file(true, title, start, filters, ret_path, reterr);
}

ProStatus pro_view_save_picture(ProView *view, const char *path, ProError *reterr)
{
    const UiBackend *used = backend_get(reterr);
    if (used == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!view->top->is_open)
        return ui_error(reterr, PRO_ERR_INVALID, "the view is not open");
    return used->save_picture(view->top, path, reterr);
}

ProStatus pro_view_place(ProView *view, int ret_place[4], ProError *reterr)
{
    const UiBackend *used = backend_get(reterr);
    if (used == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!view->top->is_open)
        return ui_error(reterr, PRO_ERR_INVALID, "the view is not open");
    return used->place(view, ret_place, reterr);
}
