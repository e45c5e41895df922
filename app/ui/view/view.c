/* SPDX-License-Identifier: Apache-2.0 */

/* Views: making, counting, finding, calling back. */

#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

static const char *const type_texts[] = {[PRO_VIEW_CUSTOM] = "custom view",
        [PRO_VIEW_HEX] = "hex view",
        [PRO_VIEW_TEXT] = "text",
        [PRO_VIEW_TABLE] = "table",
        [PRO_VIEW_TREE] = "tree",
        [PRO_VIEW_PLOT] = "plot",
        [PRO_VIEW_LAYOUT] = "layout",
        [PRO_VIEW_LABEL] = "label",
        [PRO_VIEW_BUTTON] = "button",
        [PRO_VIEW_PROGRESS] = "progress bar",
        [PRO_VIEW_EDIT] = "edit",
        [PRO_VIEW_CHECK] = "check box",
        [PRO_VIEW_COMBO] = "combo box",
        [PRO_VIEW_IMAGE] = "image"};

static const ProViewType type_of_element[UI_ELEMENT_COUNT] = {[UI_ROOT] = PRO_VIEW_LAYOUT,
        [UI_HS] = PRO_VIEW_LAYOUT,
        [UI_VS] = PRO_VIEW_LAYOUT,
        [UI_HL] = PRO_VIEW_LAYOUT,
        [UI_VL] = PRO_VIEW_LAYOUT,
        [UI_GL] = PRO_VIEW_LAYOUT,
        [UI_TAB] = PRO_VIEW_LAYOUT,
        [UI_GROUP] = PRO_VIEW_LAYOUT,
        [UI_NL] = PRO_VIEW_LAYOUT,
        [UI_SPACE] = PRO_VIEW_LAYOUT,
        [UI_TEXT] = PRO_VIEW_TEXT,
        [UI_HEX] = PRO_VIEW_HEX,
        [UI_BTN] = PRO_VIEW_BUTTON,
        [UI_PROGBAR] = PRO_VIEW_PROGRESS,
        [UI_LABEL] = PRO_VIEW_LABEL,
        [UI_EDIT] = PRO_VIEW_EDIT,
        [UI_CHECK] = PRO_VIEW_CHECK,
        [UI_COMBO] = PRO_VIEW_COMBO,
        [UI_TABLE] = PRO_VIEW_TABLE,
        [UI_TREE] = PRO_VIEW_TREE,
        [UI_PLOT] = PRO_VIEW_PLOT,
        [UI_IMG] = PRO_VIEW_IMAGE};

static const UiElement element_of_type[PRO_VIEW_TYPE_COUNT] = {[PRO_VIEW_CUSTOM] = UI_ROOT,
        [PRO_VIEW_HEX] = UI_HEX,
        [PRO_VIEW_TEXT] = UI_TEXT,
        [PRO_VIEW_TABLE] = UI_TABLE,
        [PRO_VIEW_TREE] = UI_TREE,
        [PRO_VIEW_PLOT] = UI_PLOT};

const char *pro_view_type_text(ProViewType type)
{
    return (size_t)type < sizeof type_texts / sizeof type_texts[0] ? type_texts[type] : "nothing";
}

bool view_has_own_text(const ProView *view)
{
    return view->type == PRO_VIEW_TEXT || view->type == PRO_VIEW_EDIT;
}

const char *view_accessible_name(const ProView *view)
{
    const UiNode *node = view->node;
    if (node->name != NULL)
        return node->name;
    if (!view_has_own_text(view) && view->text != NULL && view->text[0] != '\0')
        return view->text;
    if (node->title != NULL)
        return node->title;
    if (node->hint != NULL)
        return node->hint;
    return pro_view_type_text(view->type);
}

ProStatus view_refuse(const ProView *view, const char *property, ProError *reterr)
{
    char id[32] = "";
    if (view->node->id >= 0)
        (void)snprintf(id, sizeof id, " with id %lld", (long long)view->node->id);
    return ui_error(reterr, PRO_ERR_UNSUPPORTED, "a %s%s has no %s", pro_view_type_text(view->type),
            id, property);
}

/* ---- making ---- */

ProStatus view_store_text(char **text, const char *source, ProError *reterr)
{
    char *copy = strdup(source == NULL ? "" : source);
    if (copy == NULL)
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a text");
    free(*text);
    *text = copy;
    return PRO_OK;
}

static bool store_items(ProView *view, const char *parts)
{
    size_t count = markup_part_count(parts);
    if (count == 0)
        return true;
    view->items = calloc(count, sizeof *view->items);
    view->column_widths = calloc(count, sizeof *view->column_widths);
    if (view->items == NULL || view->column_widths == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        view->items[i] = markup_part(parts, i);
        if (view->items[i] == NULL)
            return false;
        view->item_count++;
    }
    return true;
}

static bool take_from_node(ProView *view, UiNode *node)
{
    view->node = node;
    view->value = node->value;
    view->minimum = node->minimum;
    view->maximum = node->maximum;
    view->enabled = !node->disabled;
    view->visible = !node->hidden;
    view->selected = view->type == PRO_VIEW_TREE ? 0 : -1;
    if (view->type == PRO_VIEW_PROGRESS && view->value < view->minimum)
        view->value = view->minimum;
    if (node->text != NULL && (view->text = strdup(node->text)) == NULL)
        return false;
    return store_items(view, node->items != NULL ? node->items : node->columns);
}

static void free_view(ProView *view)
{
    for (size_t i = 0; i < view->child_count; i++)
        free_view(view->children[i]);
    view_tree_fini(view);
    view_plot_fini(view);
    pro_container_unref(view->data);
    for (size_t i = 0; i < view->item_count; i++)
        free(view->items[i]);
    free(view->items);
    free(view->column_widths);
    free(view->text);
    free(view->children);
    if (view->owns_node)
        markup_free(view->node);
    free(view);
}

/* One view for each element below `node`. */
static bool make_children(ProView *view, UiNode *node)
{
    if (node->child_count == 0)
        return true;
    view->children = calloc(node->child_count, sizeof(ProView *));
    if (view->children == NULL)
        return false;
    for (size_t i = 0; i < node->child_count; i++) {
        ProView *child = calloc(1, sizeof *child);
        if (child == NULL)
            return false;
        view->children[view->child_count++] = child;
        child->top = view->top;
        child->type = type_of_element[node->children[i]->element];
        if (!take_from_node(child, node->children[i]) || !make_children(child, node->children[i]))
            return false;
    }
    return true;
}

ProStatus pro_view_new(ProViewType type, const char *title, ProView **ret_view, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if ((unsigned)type >= PRO_VIEW_TYPE_COUNT)
        return ui_error(reterr, PRO_ERR_INVALID, "there is no view of type %d", (int)type);
    ProView *view = calloc(1, sizeof *view);
    UiNode *node = markup_new_node(element_of_type[type]);
    if (view == NULL || node == NULL) {
        free(view);
        markup_free(node);
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a view");
    }
    atomic_init(&view->references, 1);
    view->type = type;
    view->top = view;
    view->owns_node = true;
    (void)take_from_node(view, node);
    node->title = strdup(title == NULL ? "" : title);
    if (node->title == NULL) {
        free_view(view);
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a view");
    }
    *ret_view = view;
    return PRO_OK;
}

ProView *pro_view_ref(ProView *view)
{
    atomic_fetch_add(&view->top->references, 1);
    return view;
}

void pro_view_unref(ProView *view)
{
    if (view == NULL || atomic_fetch_sub(&view->top->references, 1) > 1)
        return;
    view = view->top;
    if (view->free_user != NULL)
        view->free_user(view->user);
    free_view(view);
}

bool pro_view_is_shared(const ProView *view)
{
    return atomic_load(&view->top->references) > 1;
}

ProStatus pro_view_setup(ProView *view, const char *markup, ProViewFn callback, void *user,
        void (*free_user)(void *user), ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view != view->top || view->is_set_up)
        return ui_error(reterr, PRO_ERR_INVALID, "%s",
                view != view->top ? "a control of a view is set up by the view's markup"
                                  : "the view was set up already");
    if ((markup == NULL) == (view->type == PRO_VIEW_CUSTOM))
        return ui_error(reterr, PRO_ERR_INVALID, "a %s %s markup", pro_view_type_text(view->type),
                markup == NULL ? "needs" : "has no");
    if (markup != NULL) {
        UiNode *root = NULL;
        ProStatus status = markup_parse(markup, strlen(markup), &root, reterr);
        if (status != PRO_OK)
            return status;
        root->title = view->node->title;
        view->node->title = NULL;
        markup_free(view->node);
        if (!take_from_node(view, root) || !make_children(view, root))
            return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a view's controls");
    }
    view->callback = callback;
    view->user = user;
    view->free_user = free_user;
    view->is_set_up = true;
    return PRO_OK;
}

/* ---- finding ---- */

static ProView *find(ProView *view, int64_t id)
{
    for (size_t i = 0; i < view->child_count; i++) {
        ProView *child = view->children[i];
        ProView *found = child->node->id == id ? child : find(child, id);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The ids nearest to what was asked for are the likely ones; a list of all may be long. */
static void list_ids(const ProView *view, char *text, size_t size, int *count)
{
    for (size_t i = 0; i < view->child_count; i++) {
        const ProView *child = view->children[i];
        if (child->node->id >= 0 && (*count)++ < 12) {
            size_t used = strlen(text);
            (void)snprintf(text + used, size - used, "%s%lld", used == 0 ? "" : ", ",
                    (long long)child->node->id);
        }
        list_ids(child, text, size, count);
    }
}

ProStatus pro_view_find(ProView *view, int64_t id, ProView **ret_control, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    ProView *found = id < 0 ? NULL : find(view->top, id);
    if (found == NULL) {
        char ids[256] = "";
        int count = 0;
        list_ids(view->top, ids, sizeof ids, &count);
        return ui_error(reterr, PRO_ERR_INVALID,
                "the view '%s' has no control with id %lld; there %s %s%s", view->top->node->title,
                (long long)id, count == 1 ? "is" : "are", count == 0 ? "none with an id" : ids,
                count > 12 ? ", ..." : "");
    }
    *ret_control = found;
    return PRO_OK;
}

ProView *pro_view_top(ProView *view)
{
    return view->top;
}

ProViewType pro_view_type(const ProView *view)
{
    return view->type;
}

int64_t pro_view_id(const ProView *view)
{
    return view->node->id;
}

bool pro_view_is_open(const ProView *view)
{
    return view->top->is_open;
}

void pro_view_set_companion(ProView *view, void *companion)
{
    view->companion = companion;
}

void *pro_view_companion(const ProView *view)
{
    return view->companion;
}

void *pro_view_user(const ProView *view)
{
    return view->top->user;
}

/* ---- calling back ---- */

int view_notify_event(ProView *view, ProEvent *event)
{
    ProView *top = view->top;
    if (top->callback == NULL)
        return 0;
    event->view = view;
    pro_view_ref(top);
    int answer = top->callback(top, top->user, event);
    pro_view_unref(top);
    return answer;
}

int view_notify(ProView *view, ProNotification code)
{
    ProEvent event = {.code = code, .row = -1};
    return view_notify_event(view, &event);
}

/* ---- rows ---- */

ProStatus pro_event_set_text(
        const ProEvent *event, size_t column, const char *text, ProError *reterr)
{
    UiRow *row = event->code == PRO_PVN_GET_TABLE_ROW ? event->reply : NULL;
    if (row == NULL)
        return ui_error(reterr, PRO_ERR_INVALID, "only a row that is asked for takes texts");
    if (column >= row->count)
        return ui_error(reterr, PRO_ERR_INVALID,
                "the table has %zu columns, there is no column %zu", row->count, column);
    return view_store_text(&row->cells[column], text, reterr);
}

void view_row_fini(UiRow *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->cells[i]);
    free(row->cells);
    *row = (UiRow){0};
}

bool view_fetch_row(ProView *view, int64_t row, UiRow *ret_row)
{
    *ret_row = (UiRow){
            .cells = calloc(view->item_count + 1, sizeof(char *)), .count = view->item_count};
    if (ret_row->cells == NULL)
        ret_row->count = 0;
    ProEvent event = {.code = PRO_PVN_GET_TABLE_ROW, .row = row, .reply = ret_row};
    if (ret_row->cells == NULL)
        return false;
    (void)view_notify_event(view, &event);
    return true;
}

/* ---- context menus ---- */

ProStatus pro_event_add_action(
        const ProEvent *event, int64_t action, const char *text, ProError *reterr)
{
    UiMenu *menu = event->code == PRO_PVN_CONTEXT_MENU ? event->reply : NULL;
    if (menu == NULL)
        return ui_error(reterr, PRO_ERR_INVALID, "only a context menu takes actions");
    if (menu->count == sizeof menu->items / sizeof menu->items[0])
        return ui_error(
                reterr, PRO_ERR_LIMIT, "a context menu has at most %zu actions", menu->count);
    ProStatus status = view_store_text(&menu->items[menu->count].text, text, reterr);
    if (status == PRO_OK)
        menu->items[menu->count++].action = action;
    return status;
}

void view_fetch_menu(ProView *view, int64_t row, int64_t node, UiMenu *ret_menu)
{
    *ret_menu = (UiMenu){0};
    ProEvent event = {.code = PRO_PVN_CONTEXT_MENU, .row = row, .node = node, .reply = ret_menu};
    (void)view_notify_event(view, &event);
}

void view_menu_fini(UiMenu *menu)
{
    for (size_t i = 0; i < menu->count; i++)
        free(menu->items[i].text);
    menu->count = 0;
}
