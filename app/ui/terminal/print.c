/* SPDX-License-Identifier: Apache-2.0 */

/* A view as plain text. */

#include "term_private.h"

#include <promp/container.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void term_print_text(FILE *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
        /* U+0080 to U+009F are control characters as well: C2 80 to C2 9F */
        bool high = c == 0xC2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xA0;
        (void)fputc(control || high ? '?' : c, out);
        text += high;
    }
}

/* ---- single lines ---- */

void term_print_bar(FILE *out, double fraction)
{
    bool utf8 = term_lines_have_utf8() && term_lines_are_live();
    bool colour = term_lines_have_colour();
    int full = (int)(fraction * TERM_BAR_CELLS + 0.5);
    (void)fputs(utf8 ? "" : "[", out);
    (void)fputs(colour ? "\x1b[32m" : "", out);
    for (int i = 0; i < TERM_BAR_CELLS; i++) {
        if (i == full && colour)
            (void)fputs("\x1b[0m\x1b[2m", out);
        (void)fputs(utf8 ? "\u2501" : i < full ? "#" : "-", out);
    }
    (void)fputs(colour ? "\x1b[0m" : "", out);
    (void)fprintf(out, "%s %3.0f %%", utf8 ? "" : "]", fraction * 100);
}

/* "(12)" after what can be pressed or filled in: what to type. */
static void print_id(FILE *out, const ProView *view)
{
    if (view->node->id >= 0)
        (void)fprintf(out, " (%lld)", (long long)view->node->id);
}

void term_print_progress(FILE *out, const ProView *view)
{
    double fraction = ((double)view->value - (double)view->minimum) /
                      ((double)view->maximum - (double)view->minimum);
    const UiNode *node = view->node;
    const char *name = view->text != NULL && view->text[0] != '\0' ? view->text : node->name;
    if (name != NULL) {
        term_print_text(out, name);
        (void)fputs("  ", out);
    }
    if (node->id >= 0)
        (void)fprintf(out, "%3lld  ", (long long)node->id);
    term_print_bar(out, fraction);
}

static void print_edit(FILE *out, ProView *view)
{
    const char *name = view->node->name != NULL ? view->node->name : view->node->hint;
    if (name != NULL) {
        term_print_text(out, name);
        (void)fputs(": ", out);
    }
    (void)fputc('"', out);
    if (view->node->password)
        (void)fputs(view->text != NULL && view->text[0] != '\0' ? "***" : "", out);
    else
        term_print_text(out, view->text);
    (void)fputc('"', out);
    print_id(out, view);
}

static bool print_line(FILE *out, ProView *view)
{
    switch (view->type) {
    case PRO_VIEW_LABEL:
        term_print_text(out, view->text);
        return true;
    case PRO_VIEW_BUTTON:
        (void)fputs("[", out);
        term_print_text(out, view->text);
        (void)fputs("]", out);
        print_id(out, view);
        return true;
    case PRO_VIEW_CHECK:
        (void)fputs(view->value != 0 ? "[x] " : "[ ] ", out);
        term_print_text(out, view->text);
        print_id(out, view);
        return true;
    case PRO_VIEW_PROGRESS:
        term_print_progress(out, view);
        return true;
    case PRO_VIEW_EDIT:
        print_edit(out, view);
        return true;
    case PRO_VIEW_COMBO:
        (void)fputs("<", out);
        term_print_text(
                out, (uint64_t)view->value < view->item_count ? view->items[view->value] : "");
        (void)fputs(">", out);
        print_id(out, view);
        return true;
    case PRO_VIEW_IMAGE:
        (void)fprintf(out, "[image %s]", view->node->src == NULL ? "" : view->node->src);
        return true;
    default:
        return false;
    }
}

/* ---- many lines ---- */

/* Texts up to this width; the last column takes what there is. */
enum { COLUMN_MAX = 40 };

static void print_cells(FILE *out, const char *const *cells, const int *widths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *cell = cells[i] == NULL ? "" : cells[i];
        char *text = strndup(cell, 4096);
        if (text == NULL)
            return;
        for (char *c = text; *c != '\0'; c++)
            *c = *c == '\n' || *c == '\t' ? ' ' : *c;
        term_print_text(out, text);
        int pad = i + 1 < count ? widths[i] - (int)strlen(text) : 0;
        free(text);
        (void)fprintf(out, "%*s%s", pad > 0 ? pad : 0, "", i + 1 < count ? "  " : "\n");
    }
}

static void widen(int *widths, const UiRow *row)
{
    for (size_t i = 0; i < row->count; i++) {
        int size = row->cells[i] == NULL ? 0 : (int)strnlen(row->cells[i], COLUMN_MAX);
        widths[i] = size > widths[i] ? size : widths[i];
    }
}

static void print_table(FILE *out, ProView *view)
{
    int64_t shown = view->row_count < TERM_ROWS_MAX ? view->row_count : TERM_ROWS_MAX;
    UiRow rows[TERM_ROWS_MAX];
    int64_t fetched = 0;
    int *widths = calloc(view->item_count + 1, sizeof *widths);
    if (widths == NULL || view->item_count == 0) {
        free(widths);
        return;
    }
    for (size_t i = 0; i < view->item_count; i++)
        widths[i] = (int)strnlen(view->items[i], COLUMN_MAX);
    while (fetched < shown && view_fetch_row(view, fetched, &rows[fetched]))
        widen(widths, &rows[fetched++]);
    print_cells(out, (const char *const *)view->items, widths, view->item_count);
    for (int64_t i = 0; i < fetched; i++) {
        print_cells(out, (const char *const *)rows[i].cells, widths, rows[i].count);
        view_row_fini(&rows[i]);
    }
    free(widths);
    if (view->row_count > fetched)
        (void)fprintf(out, "... %lld more rows\n", (long long)(view->row_count - fetched));
}

static void print_nodes(FILE *out, const ProView *view, int64_t first, int depth, int *left)
{
    for (int64_t node = first; node != 0; node = view->tree[node].next) {
        if ((*left)-- <= 0)
            return;
        (void)fprintf(out, "%*s", depth * 2, "");
        for (size_t i = 0; i == 0 || i < view->item_count; i++) {
            char text[1024];
            (void)fputs(i > 0 ? "  " : "", out);
            term_print_text(out, view_tree_text(&view->tree[node], i, text, sizeof text));
        }
        (void)fputc('\n', out);
        if (depth < UI_MARKUP_DEPTH_MAX)
            print_nodes(out, view, view->tree[node].first, depth + 1, left);
    }
}

static void print_tree(FILE *out, const ProView *view)
{
    int left = 10 * TERM_ROWS_MAX;
    if (view->tree_count == 0)
        return;
    print_nodes(out, view, view->tree[0].first, 0, &left);
    if (left < 0)
        (void)fputs("...\n", out);
}

static void print_plot(FILE *out, const ProView *view)
{
    for (size_t i = 0; i < view->series_count; i++) {
        const UiSeries *series = &view->series[i];
        double low = 0;
        double high = 0;
        for (size_t j = 0; j < series->count; j++) {
            low = j == 0 || series->y[j] < low ? series->y[j] : low;
            high = j == 0 || series->y[j] > high ? series->y[j] : high;
        }
        term_print_text(out, series->name);
        (void)fprintf(out, ": %zu points from %g to %g\n", series->count, low, high);
    }
}

static void print_hex_row(FILE *out, uint64_t offset, const unsigned char *bytes, size_t size)
{
    (void)fprintf(out, "%08llx  ", (unsigned long long)offset);
    for (size_t i = 0; i < 16; i++) {
        if (i < size)
            (void)fprintf(out, "%02x ", bytes[i]);
        else
            (void)fputs("   ", out);
        (void)fputs(i == 7 ? " " : "", out);
    }
    (void)fputc(' ', out);
    for (size_t i = 0; i < size; i++)
        (void)fputc(bytes[i] >= 0x20 && bytes[i] < 0x7F ? bytes[i] : '.', out);
    (void)fputc('\n', out);
}

static void print_hex(FILE *out, const ProView *view)
{
    uint64_t size = view->data == NULL ? 0 : pro_container_size(view->data);
    if (view->data == NULL)
        return;
    for (uint64_t offset = 0; offset < size && offset < TERM_HEX_ROWS * 16; offset += 16) {
        unsigned char bytes[16];
        ProError error = {0};
        size_t part = size - offset < sizeof bytes ? (size_t)(size - offset) : sizeof bytes;
        if (pro_container_read(view->data, offset, bytes, part, &error) != PRO_OK) {
            (void)fprintf(
                    out, "%08llx  cannot be read: %s\n", (unsigned long long)offset, error.text);
            return;
        }
        print_hex_row(out, offset, bytes, part);
    }
    if (size > TERM_HEX_ROWS * 16)
        (void)fprintf(out, "... %llu bytes in all\n", (unsigned long long)size);
}

/* ---- layouts ---- */

static bool is_line(const ProView *view)
{
    return view->type != PRO_VIEW_LAYOUT && view->type > PRO_VIEW_LAYOUT;
}

/* What stands side by side in a window does here if it is one line; the rest comes below. */
static void print_row(FILE *out, ProView *view, size_t first, size_t end)
{
    bool any = false;
    for (size_t i = first; i < end; i++) {
        ProView *child = view->children[i];
        if (!child->visible || !is_line(child))
            continue;
        (void)fputs(any ? "  " : "", out);
        any = print_line(out, child);
    }
    (void)fputs(any ? "\n" : "", out);
    for (size_t i = first; i < end; i++)
        if (!is_line(view->children[i]))
            term_print_view(out, view->children[i]);
}

static void print_grid(FILE *out, ProView *view)
{
    size_t first = 0;
    for (size_t i = 0; i <= view->child_count; i++) {
        if (i < view->child_count && view->children[i]->node->element != UI_NL)
            continue;
        print_row(out, view, first, i);
        first = i + 1;
    }
}

static void print_layout(FILE *out, ProView *view)
{
    UiElement element = view->node->element;
    if (element == UI_GL) {
        print_grid(out, view);
    } else if (element == UI_HL || element == UI_HS) {
        print_row(out, view, 0, view->child_count);
    } else {
        if (element == UI_GROUP && view->text != NULL)
            (void)fprintf(out, "-- %s --\n", view->text);
        for (size_t i = 0; i < view->child_count; i++) {
            ProView *child = view->children[i];
            if (element == UI_TAB)
                (void)fprintf(out, "-- %s --\n", view_accessible_name(child));
            term_print_view(out, child);
        }
    }
}

static void print_content(FILE *out, const ProView *view)
{
    if (view->text == NULL || view->text[0] == '\0')
        return;
    term_print_text(out, view->text);
    if (view->text[strlen(view->text) - 1] != '\n')
        (void)fputc('\n', out);
}

void term_print_view(FILE *out, ProView *view)
{
    if (!view->visible)
        return;
    switch (view->type) {
    case PRO_VIEW_CUSTOM:
    case PRO_VIEW_LAYOUT:
        print_layout(out, view);
        break;
    case PRO_VIEW_TABLE:
        print_table(out, view);
        break;
    case PRO_VIEW_TREE:
        print_tree(out, view);
        break;
    case PRO_VIEW_PLOT:
        print_plot(out, view);
        break;
    case PRO_VIEW_HEX:
        print_hex(out, view);
        break;
    case PRO_VIEW_TEXT:
        print_content(out, view);
        break;
    default:
        if (print_line(out, view))
            (void)fputc('\n', out);
        break;
    }
}

ProStatus pro_view_print(ProView *view, char **ret_text, ProError *reterr)
{
    size_t size;
    char *text = NULL;
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) {
        term_print_view(out, view);
        if (fclose(out) == 0) {
            *ret_text = text;
            return PRO_OK;
        }
    }
    free(text);
    return ui_error(reterr, PRO_ERR_NO_MEMORY, "no memory for a view's text");
}
