/* SPDX-License-Identifier: Apache-2.0 */

/* Windows and events. */

#include "gtk_private.h"

#include <promp/manager.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
        ".promp-mono { font-family: monospace; }"
        "progressbar.promp-bar > trough, progressbar.promp-bar > trough > progress"
        " { min-height: 10px; border-radius: 5px; }"
        ".promp-percent { font-feature-settings: \"tnum\"; }"
        "window.promp-box label.promp-text { font-size: 1.05em; }";

/* ---- events ---- */

/* Idle notifications as a source of GLib's loop. */
typedef struct LoopSource {
    GSource source;
    int fd; /* that `tag` watches, -1: none yet */
    void *tag;
} LoopSource;

static void watch(LoopSource *source, int fd)
{
    if (source->tag == NULL && fd >= 0) {
        source->tag = g_source_add_unix_fd(&source->source, fd, G_IO_IN);
        source->fd = fd;
    } else if (source->tag != NULL) {
        g_source_modify_unix_fd(&source->source, source->tag, fd >= 0 ? G_IO_IN : 0);
    }
}

static gboolean loop_source_prepare(GSource *base, int *timeout_ms)
{
    int fd;
    loop_due(&fd, timeout_ms);
    watch((LoopSource *)base, fd);
    return *timeout_ms == 0;
}

static bool fd_is_ready(LoopSource *source)
{
    return source->tag != NULL &&
           (g_source_query_unix_fd(&source->source, source->tag) & G_IO_IN) != 0;
}

static gboolean loop_source_check(GSource *base)
{
    int fd;
    int timeout_ms;
    loop_due(&fd, &timeout_ms);
    return timeout_ms == 0 || fd_is_ready((LoopSource *)base);
}

static gboolean loop_source_dispatch(GSource *base, GSourceFunc callback, void *user)
{
    (void)callback;
    (void)user;
    loop_dispatch(fd_is_ready((LoopSource *)base));
    return G_SOURCE_CONTINUE;
}

static int poll_and_probe(GPollFD *fds, unsigned count, int timeout_ms)
{
    loop_before_wait();
    int ready = g_poll(fds, count, timeout_ms);
    loop_after_wait();
    return ready;
}

static void add_loop_source(void)
{
    static GSourceFuncs functions = {.prepare = loop_source_prepare,
            .check = loop_source_check,
            .dispatch = loop_source_dispatch};
    GSource *source = g_source_new(&functions, sizeof(LoopSource));
    g_source_set_name(source, "promp idle");
    g_source_set_can_recurse(source, TRUE); /* a callback may show a dialog */
    (void)g_source_attach(source, NULL);
    g_main_context_set_poll_func(NULL, poll_and_probe);
}

static bool iterate(int timeout_ms)
{
    return g_main_context_iteration(NULL, timeout_ms != 0);
}

/* ---- windows ---- */

static GtkWindow *window_of(const ProView *view)
{
    GtkWidget *widget = view->native;
    GtkRoot *root = widget == NULL ? NULL : gtk_widget_get_root(widget);
    return root == NULL ? NULL : GTK_WINDOW(root);
}

GtkWindow *gtk_backend_front_window(void)
{
    ProView *view = pro_ui_current_view();
    return view == NULL ? NULL : window_of(view);
}

static gboolean on_close_request(GtkWindow *window, ProView *view)
{
    (void)window;
    loop_close(view, 0);
    return TRUE;
}

static void close_view(void *view)
{
    loop_close(view, 0);
}

static void on_active(GtkWindow *window, GParamSpec *property, ProView *view)
{
    (void)property;
    if (gtk_window_is_active(window) && view->is_open)
        loop_set_current(view);
}

typedef struct KeyTarget {
    void (*close)(void *user);
    void *user;
} KeyTarget;

static gboolean on_close_key(GtkWidget *widget, GVariant *arguments, void *user)
{
    (void)widget;
    (void)arguments;
    const KeyTarget *target = user;
    target->close(target->user);
    return TRUE;
}

void gtk_backend_add_keys(GtkWindow *window, bool escape, void (*close)(void *user), void *user)
{
    KeyTarget *target = g_new(KeyTarget, 1);
    *target = (KeyTarget){.close = close, .user = user};
    g_object_set_data_full(G_OBJECT(window), "promp-keys", target, g_free);
    GtkEventController *keys = gtk_shortcut_controller_new();
    gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
            gtk_shortcut_new(gtk_shortcut_trigger_parse_string("<Control>w"),
                    gtk_callback_action_new(on_close_key, target, NULL)));
    if (escape)
        gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
                gtk_shortcut_new(gtk_shortcut_trigger_parse_string("Escape"),
                        gtk_callback_action_new(on_close_key, target, NULL)));
    gtk_widget_add_controller(GTK_WIDGET(window), keys);
}

/* Views that take any size get one to begin with; others are as large as they need. */
static bool takes_any_size(const ProView *view)
{
    switch (view->type) {
    case PRO_VIEW_TEXT:
    case PRO_VIEW_HEX:
    case PRO_VIEW_TABLE:
    case PRO_VIEW_TREE:
    case PRO_VIEW_PLOT:
    case PRO_VIEW_IMAGE:
        return true;
    default:
        break;
    }
    for (size_t i = 0; i < view->child_count; i++)
        if (takes_any_size(view->children[i]))
            return true;
    return false;
}

static ProStatus open_view(ProView *view, ProError *reterr)
{
    (void)reterr;
    GtkWindow *front = gtk_backend_front_window();
    GtkWidget *window = gtk_window_new();
    GtkWidget *content =
            view->type == PRO_VIEW_CUSTOM ? gtk_layout_new(view) : gtk_control_new(view);
    const UiNode *node = view->node;
    gtk_window_set_title(GTK_WINDOW(window), node->title);
    gtk_window_set_child(GTK_WINDOW(window), content);
    bool any_size = takes_any_size(view);
    int width = view->type == PRO_VIEW_HEX ? 1140 : any_size ? 860 : 460; /* hex and inspector */
    gtk_window_set_default_size(GTK_WINDOW(window), node->width > 0 ? node->width : width,
            node->height > 0 ? node->height : (any_size ? 580 : -1));
    if (view->is_dialog) {
        gtk_window_set_transient_for(GTK_WINDOW(window), front);
        gtk_window_set_modal(GTK_WINDOW(window), TRUE);
    }
    g_signal_connect(window, "close-request", G_CALLBACK(on_close_request), view);
    g_signal_connect(window, "notify::is-active", G_CALLBACK(on_active), view);
    gtk_backend_add_keys(GTK_WINDOW(window), view->is_dialog, close_view, view);
    return PRO_OK;
}

static void present_view(ProView *view)
{
    gtk_window_present(window_of(view));
}

/* What the person wrote stays readable. */
static void detach(ProView *view)
{
    for (size_t i = 0; i < view->child_count; i++)
        detach(view->children[i]);
    if (view->native == NULL)
        return;
    if (view_has_own_text(view)) {
        free(view->text);
        view->text = gtk_control_get_text(view, false);
    }
    view->native = NULL;
}

static void close_window(ProView *view)
{
    GtkWindow *window = window_of(view);
    detach(view);
    if (window != NULL)
        gtk_window_destroy(window);
}

static void update(ProView *view, UiProperty property)
{
    bool before = gtk_control_is_updating;
    gtk_control_is_updating = true;
    if (property == UI_TEXT_OF && view == view->top && view->type != PRO_VIEW_TEXT)
        gtk_window_set_title(window_of(view), view->node->title);
    else
        gtk_control_update(view, property);
    gtk_control_is_updating = before;
}

static void focus(ProView *view)
{
    (void)gtk_widget_grab_focus(view->native);
}

static ProStatus save_picture(ProView *view, const char *path, ProError *reterr)
{
    GtkWindow *window = window_of(view);
    GdkPaintable *paintable = gtk_widget_paintable_new(GTK_WIDGET(window));
    GtkSnapshot *snapshot = gtk_snapshot_new();
    gdk_paintable_snapshot(paintable, snapshot, gdk_paintable_get_intrinsic_width(paintable),
            gdk_paintable_get_intrinsic_height(paintable));
    GskRenderNode *picture = gtk_snapshot_free_to_node(snapshot);
    g_object_unref(paintable);
    GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(window));
    if (picture == NULL || renderer == NULL)
        return ui_error(reterr, PRO_ERR_EMPTY, "the window was not drawn yet");
    GdkTexture *texture = gsk_renderer_render_texture(renderer, picture, NULL);
    gsk_render_node_unref(picture);
    bool saved = gdk_texture_save_to_png(texture, path);
    g_object_unref(texture);
    return saved ? PRO_OK : ui_error(reterr, PRO_ERR_SYSTEM, "cannot write %s", path);
}

static ProStatus place(ProView *view, int ret_place[4], ProError *reterr)
{
    graphene_rect_t bounds;
    GtkWidget *widget = view->native;
    if (gtk_widget_get_width(widget) <= 0 || !gtk_widget_get_mapped(widget) ||
            !gtk_widget_compute_bounds(widget, GTK_WIDGET(window_of(view)), &bounds))
        return ui_error(reterr, PRO_ERR_EMPTY, "the window was not laid out yet");
    ret_place[0] = (int)bounds.origin.x;
    ret_place[1] = (int)bounds.origin.y;
    ret_place[2] = (int)bounds.size.width;
    ret_place[3] = (int)bounds.size.height;
    return PRO_OK;
}

/* ---- the table ---- */

static const UiBackend backend = {.has_windows = true,
        .open = open_view,
        .present = present_view,
        .close = close_window,
        .save_picture = save_picture,
        .place = place,
        .update = update,
        .set_text = gtk_control_set_text,
        .insert_text = gtk_control_insert_text,
        .get_text = gtk_control_get_text,
        .focus = focus,
        .iterate = iterate,
        .wait_show = gtk_wait_show,
        .wait_hide = gtk_wait_hide,
        .message_box = gtk_ask_box,
        .box_open = gtk_box_of_worker_open,
        .box_close = gtk_box_of_worker_close,
        .choose_file = gtk_ask_file};

PRO_API const UiBackend *pro_ui_gtk_backend(ProError *reterr);

const UiBackend *pro_ui_gtk_backend(ProError *reterr)
{
    gtk_disable_setlocale(); /* the program's numbers stay as they are */
    if (!gtk_init_check()) {
        const char *display = g_getenv("WAYLAND_DISPLAY");
        (void)ui_error(reterr, PRO_ERR_SYSTEM, "cannot open the display %s",
                display != NULL ? display : g_getenv("DISPLAY"));
        return NULL;
    }
    GtkCssProvider *provider = gtk_css_provider_new();
    gtk_css_provider_load_from_data(provider, style, -1);
    gtk_style_context_add_provider_for_display(gdk_display_get_default(),
            GTK_STYLE_PROVIDER(provider), GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    g_object_unref(provider);
    add_loop_source();
    return &backend;
}
