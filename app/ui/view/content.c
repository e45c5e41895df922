/* SPDX-License-Identifier: Apache-2.0 */

/* What controls show: the public calls. Each checks, keeps, and tells the backend. */

#include "view.h"

#include <promp/container.h>

#include <stdlib.h>
#include <string.h>

static const UiBackend *enter(ProError *reterr)
{
    return backend_get(reterr);
}

/* A view that is not open is shown with all its properties once it opens. */
static void show(ProView *view, UiProperty property)
{
    if (view->native != NULL)
        backend_current()->update(view, property);
}

/* ---- text ---- */

static bool has_text(const ProView *view)
{
    switch (view->type) {
    case PRO_VIEW_LABEL:
    case PRO_VIEW_BUTTON:
    case PRO_VIEW_CHECK:
    case PRO_VIEW_PROGRESS:
        return true;
    case PRO_VIEW_LAYOUT:
        return view->node->element == UI_GROUP;
    default:
        return view_has_own_text(view);
    }
}

/* A combo's text is that of the item; a text can be set to "" by everybody who has one. */
ProStatus pro_view_set_text(ProView *view, const char *text, ProError *reterr)
{
    const UiBackend *backend = enter(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!has_text(view)) {
        if (view != view->top)
            return view_refuse(view, "text", reterr);
        ProStatus status = view_store_text(&view->node->title, text, reterr);
        if (status == PRO_OK)
            show(view, UI_TEXT_OF);
        return status;
    }
    if (view->native != NULL && view_has_own_text(view)) {
        backend->set_text(view, text);
        return PRO_OK;
    }
    ProStatus status = view_store_text(&view->text, text, reterr);
    if (status == PRO_OK)
        show(view, UI_TEXT_OF);
    return status;
}

static ProStatus give_text(char *text, char **ret_text, ProError *reterr)
{
    if (text == NULL)
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a text");
    *ret_text = text;
    return PRO_OK;
}

ProStatus pro_view_get_text(ProView *view, char **ret_text, ProError *reterr)
{
    const UiBackend *backend = enter(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->native != NULL && view_has_own_text(view))
        return give_text(backend->get_text(view, false), ret_text, reterr);
    const char *text = view->text;
    if (view->type == PRO_VIEW_COMBO)
        text = (uint64_t)view->value < view->item_count ? view->items[view->value] : "";
    else if (!has_text(view) && view == view->top)
        text = view->node->title;
    else if (!has_text(view))
        return view_refuse(view, "text", reterr);
    return give_text(strdup(text == NULL ? "" : text), ret_text, reterr);
}

ProStatus pro_view_set_selected_text(ProView *view, const char *text, ProError *reterr)
{
    const UiBackend *backend = enter(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!view_has_own_text(view))
        return view_refuse(view, "selected text", reterr);
    if (view->native != NULL) {
        backend->insert_text(view, text);
        return PRO_OK;
    }
    size_t before = view->text == NULL ? 0 : strlen(view->text);
    size_t size = strlen(text);
    char *longer = realloc(view->text, before + size + 1);
    if (longer == NULL)
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a text");
    memcpy(longer + before, text, size + 1);
    view->text = longer;
    return PRO_OK;
}

ProStatus pro_view_get_selected_text(ProView *view, char **ret_text, ProError *reterr)
{
    const UiBackend *backend = enter(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!view_has_own_text(view))
        return view_refuse(view, "selected text", reterr);
    return give_text(
            view->native != NULL ? backend->get_text(view, true) : strdup(""), ret_text, reterr);
}

/* ---- value ---- */

static bool has_value(const ProView *view)
{
    return view->type == PRO_VIEW_PROGRESS || view->type == PRO_VIEW_CHECK ||
           view->type == PRO_VIEW_COMBO || view->node->element == UI_TAB;
}

ProStatus pro_view_set_value(ProView *view, int64_t value, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!has_value(view))
        return view_refuse(view, "value", reterr);
    if (view->type == PRO_VIEW_PROGRESS) {
        value = value < view->minimum ? view->minimum : value;
        value = value > view->maximum ? view->maximum : value;
    } else if (view->type == PRO_VIEW_CHECK) {
        value = value != 0;
    } else {
        size_t count = view->node->element == UI_TAB ? view->child_count : view->item_count;
        if (value < 0 || (uint64_t)value >= count)
            return ui_error(reterr, PRO_ERR_INVALID, "%lld is not one of %zu %s", (long long)value,
                    count, view->node->element == UI_TAB ? "pages" : "items");
    }
    if (view->value == value)
        return PRO_OK;
    view->value = value;
    show(view, UI_VALUE);
    return PRO_OK;
}

ProStatus pro_view_get_value(ProView *view, int64_t *ret_value, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (!has_value(view))
        return view_refuse(view, "value", reterr);
    *ret_value = view->value;
    return PRO_OK;
}

ProStatus pro_view_set_range(ProView *view, int64_t minimum, int64_t maximum, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_PROGRESS)
        return view_refuse(view, "range", reterr);
    if (minimum >= maximum)
        return ui_error(reterr, PRO_ERR_INVALID, "a range from %lld to %lld is empty",
                (long long)minimum, (long long)maximum);
    view->minimum = minimum;
    view->maximum = maximum;
    view->value = view->value < minimum ? minimum : view->value > maximum ? maximum : view->value;
    show(view, UI_VALUE);
    return PRO_OK;
}

/* ---- states ---- */

ProStatus pro_view_set_enabled(ProView *view, bool enabled, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    view->enabled = enabled;
    show(view, UI_ENABLED);
    return PRO_OK;
}

bool pro_view_is_enabled(const ProView *view)
{
    return view->enabled;
}

ProStatus pro_view_set_visible(ProView *view, bool visible, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    view->visible = visible;
    show(view, UI_VISIBLE);
    return PRO_OK;
}

bool pro_view_is_visible(const ProView *view)
{
    return view->visible;
}

ProStatus pro_view_set_focus(ProView *view, ProError *reterr)
{
    const UiBackend *backend = enter(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->native != NULL)
        backend->focus(view);
    return PRO_OK;
}

/* ---- items and rows ---- */

static void free_items(char **items, size_t count)
{
    for (size_t i = 0; items != NULL && i < count; i++)
        free(items[i]);
    free(items);
}

ProStatus pro_view_set_items(
        ProView *view, const char *const *items, size_t count, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_COMBO && view->type != PRO_VIEW_TABLE && view->type != PRO_VIEW_TREE)
        return view_refuse(view, "items", reterr);
    if (view->type == PRO_VIEW_TREE && view->tree_count > 1)
        return ui_error(reterr, PRO_ERR_INVALID, "set a tree's columns before its nodes");
    char **copies = calloc(count + 1, sizeof *copies);
    int *widths = calloc(count + 1, sizeof *widths);
    bool whole = copies != NULL && widths != NULL;
    for (size_t i = 0; whole && i < count; i++)
        whole = (copies[i] = strdup(items[i])) != NULL;
    if (!whole) {
        free_items(copies, count);
        free(widths);
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for items");
    }
    free_items(view->items, view->item_count);
    free(view->column_widths);
    view->items = copies;
    view->column_widths = widths;
    view->item_count = count;
    if (view->type == PRO_VIEW_COMBO && (uint64_t)view->value >= count)
        view->value = 0;
    show(view, UI_ITEMS);
    return PRO_OK;
}

ProStatus pro_view_set_row_count(ProView *view, int64_t count, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TABLE)
        return view_refuse(view, "rows", reterr);
    if (count < 0 || count > PRO_VIEW_ROWS_MAX)
        return ui_error(reterr, PRO_ERR_INVALID, "a table has 0 to %d rows, not %lld",
                PRO_VIEW_ROWS_MAX, (long long)count);
    view->row_count = count;
    if (view->selected >= count)
        view->selected = -1;
    show(view, UI_ROWS);
    return PRO_OK;
}

ProStatus pro_view_get_row_count(ProView *view, int64_t *ret_count, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TABLE)
        return view_refuse(view, "rows", reterr);
    *ret_count = view->row_count;
    return PRO_OK;
}

ProStatus pro_view_set_column_width(ProView *view, size_t column, int characters, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TABLE && view->type != PRO_VIEW_TREE)
        return view_refuse(view, "columns", reterr);
    if (column >= view->item_count || characters < 0 || characters > 10000)
        return ui_error(reterr, PRO_ERR_INVALID,
                "column %zu of %zu cannot be %d characters wide (0 to 10000)", column,
                view->item_count, characters);
    view->column_widths[column] = characters;
    show(view, UI_COLUMN_WIDTHS);
    return PRO_OK;
}

ProStatus pro_view_set_selected(ProView *view, int64_t selected, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    bool is_tree = view->type == PRO_VIEW_TREE;
    if (!is_tree && view->type != PRO_VIEW_TABLE)
        return view_refuse(view, "selection", reterr);
    int64_t none = is_tree ? 0 : -1;
    int64_t count = is_tree ? (int64_t)view->tree_count : view->row_count;
    if (selected != none && (selected < none || selected >= count))
        return ui_error(reterr, PRO_ERR_INVALID, "there is no %s %lld", is_tree ? "node" : "row",
                (long long)selected);
    view->selected = selected;
    show(view, UI_SELECTED);
    return PRO_OK;
}

ProStatus pro_view_get_selected(ProView *view, int64_t *ret, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TABLE && view->type != PRO_VIEW_TREE)
        return view_refuse(view, "selection", reterr);
    *ret = view->selected;
    return PRO_OK;
}

/* ---- data ---- */

ProStatus pro_view_set_data(ProView *view, ProContainer *container, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_HEX && view->type != PRO_VIEW_IMAGE)
        return view_refuse(view, "data", reterr);
    if (container != NULL)
        (void)pro_container_ref(container);
    pro_container_unref(view->data);
    view->data = container;
    show(view, UI_DATA);
    return PRO_OK;
}

ProStatus pro_view_clear(ProView *view, ProError *reterr)
{
    if (enter(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    switch (view->type) {
    case PRO_VIEW_TEXT:
    case PRO_VIEW_EDIT:
        return pro_view_set_text(view, "", reterr);
    case PRO_VIEW_TABLE:
        return pro_view_set_row_count(view, 0, reterr);
    case PRO_VIEW_TREE:
        view_tree_fini(view);
        view->selected = 0;
        show(view, UI_NODES);
        return PRO_OK;
    case PRO_VIEW_PLOT:
        view_plot_fini(view);
        show(view, UI_SERIES);
        return PRO_OK;
    case PRO_VIEW_HEX:
    case PRO_VIEW_IMAGE:
        return pro_view_set_data(view, NULL, reterr);
    default:
        return view_refuse(view, "content to clear", reterr);
    }
}
