/* SPDX-License-Identifier: Apache-2.0 */

/* Nodes of trees and series of plots. */

#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREE_NODES_MAX 10000000
#define COLUMN_SEPARATOR '\x1F'

static void show(ProView *view, UiProperty property)
{
    if (view->native != NULL)
        backend_current()->update(view, property);
}

/* ---- trees ---- */

void view_tree_fini(ProView *view)
{
    for (size_t i = 0; i < view->tree_count; i++)
        free(view->tree[i].text);
    free(view->tree);
    view->tree = NULL;
    view->tree_count = view->tree_capacity = 0;
}

static bool reserve_node(ProView *view)
{
    if (view->tree_count < view->tree_capacity)
        return true;
    size_t capacity = view->tree_capacity == 0 ? 64 : view->tree_capacity * 2;
    UiTreeNode *larger = realloc(view->tree, capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    view->tree = larger;
    view->tree_capacity = capacity;
    if (view->tree_count == 0)
        view->tree[view->tree_count++] = (UiTreeNode){.expanded = true};
    return true;
}

static char *join(const char *const *texts, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(texts[i]) + 1;
    char *joined = malloc(size);
    char *end = joined;
    for (size_t i = 0; joined != NULL && i < count; i++) {
        if (i > 0)
            *end++ = COLUMN_SEPARATOR;
        end = stpcpy(end, texts[i]);
    }
    if (joined != NULL)
        *end = '\0';
    return joined;
}

const char *view_tree_text(const UiTreeNode *node, size_t column, char *buffer, size_t size)
{
    const char *text = node->text == NULL ? "" : node->text;
    for (; column > 0; column--) {
        text = strchr(text, COLUMN_SEPARATOR);
        if (text == NULL)
            return "";
        text++;
    }
    (void)snprintf(buffer, size, "%.*s", (int)strcspn(text, "\x1F"), text);
    return buffer;
}

ProStatus pro_view_add_node(ProView *view, int64_t parent, const char *const *texts, size_t count,
        int64_t *ret_node, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TREE)
        return view_refuse(view, "nodes", reterr);
    if (parent < 0 || (parent > 0 && (uint64_t)parent >= view->tree_count))
        return ui_error(reterr, PRO_ERR_INVALID, "the tree has no node %lld", (long long)parent);
    if (view->tree_count >= TREE_NODES_MAX)
        return ui_error(reterr, PRO_ERR_LIMIT, "a tree has at most %d nodes", TREE_NODES_MAX);
    char *text = join(texts, count);
    if (text == NULL || !reserve_node(view)) {
        free(text);
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a tree's node");
    }
    int64_t number = (int64_t)view->tree_count++;
    view->tree[number] = (UiTreeNode){.parent = parent, .text = text};
    UiTreeNode *above = &view->tree[parent];
    if (above->last != 0)
        view->tree[above->last].next = number;
    else
        above->first = number;
    above->last = number;
    if (ret_node != NULL)
        *ret_node = number;
    show(view, UI_NODES);
    return PRO_OK;
}

ProStatus pro_view_set_expanded(ProView *view, int64_t node, bool expanded, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_TREE)
        return view_refuse(view, "nodes", reterr);
    if (node <= 0 || (uint64_t)node >= view->tree_count)
        return ui_error(reterr, PRO_ERR_INVALID, "the tree has no node %lld", (long long)node);
    view->tree[node].expanded = expanded;
    show(view, UI_EXPANDED);
    return PRO_OK;
}

/* ---- plots ---- */

static void series_fini(UiSeries *series)
{
    free(series->name);
    free(series->x);
    free(series->y);
}

void view_plot_fini(ProView *view)
{
    for (size_t i = 0; i < view->series_count; i++)
        series_fini(&view->series[i]);
    free(view->series);
    view->series = NULL;
    view->series_count = 0;
}

static UiSeries *find_series(ProView *view, const char *name)
{
    for (size_t i = 0; i < view->series_count; i++)
        if (strcmp(view->series[i].name, name) == 0)
            return &view->series[i];
    UiSeries *more = realloc(view->series, (view->series_count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    view->series = more;
    more[view->series_count] = (UiSeries){0};
    return &more[view->series_count++];
}

ProStatus pro_view_set_series(ProView *view, const char *name, const double *x, const double *y,
        size_t count, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view->type != PRO_VIEW_PLOT)
        return view_refuse(view, "series", reterr);
    if (count > PRO_PLOT_POINTS_MAX || view->series_count >= PRO_PLOT_SERIES_MAX)
        return ui_error(reterr, PRO_ERR_LIMIT, "a plot has at most %d series of %d points",
                PRO_PLOT_SERIES_MAX, PRO_PLOT_POINTS_MAX);
    UiSeries made = {.name = strdup(name),
            .x = calloc(count + 1, sizeof(double)),
            .y = calloc(count + 1, sizeof(double)),
            .count = count};
    bool whole = made.name != NULL && made.x != NULL && made.y != NULL;
    UiSeries *place = whole ? find_series(view, name) : NULL;
    if (place == NULL) {
        series_fini(&made);
        return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a plot's series");
    }
    for (size_t i = 0; i < count; i++) {
        made.x[i] = x == NULL ? (double)i : x[i];
        made.y[i] = y[i];
    }
    series_fini(place);
    *place = made;
    show(view, UI_SERIES);
    return PRO_OK;
}
