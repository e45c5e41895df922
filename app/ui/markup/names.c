/* SPDX-License-Identifier: Apache-2.0 */

/* Names of elements, and which name was probably meant. */

#include "markup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

ProStatus ui_error(ProError *reterr, ProStatus status, const char *format, ...)
{
    if (reterr == NULL)
        return status;
    va_list arguments;
    reterr->status = status;
    reterr->system_error = 0;
    va_start(arguments, format);
    (void)vsnprintf(reterr->text, sizeof reterr->text, format, arguments);
    va_end(arguments);
    return status;
}

static const char *const element_names[UI_ELEMENT_COUNT] = {[UI_ROOT] = "ui",
        [UI_HS] = "hs",
        [UI_VS] = "vs",
        [UI_HL] = "hl",
        [UI_VL] = "vl",
        [UI_GL] = "gl",
        [UI_TAB] = "tab",
        [UI_GROUP] = "group",
        [UI_NL] = "nl",
        [UI_SPACE] = "space",
        [UI_TEXT] = "text",
        [UI_HEX] = "hex",
        [UI_BTN] = "btn",
        [UI_PROGBAR] = "progbar",
        [UI_LABEL] = "label",
        [UI_EDIT] = "edit",
        [UI_CHECK] = "check",
        [UI_COMBO] = "combo",
        [UI_TABLE] = "table",
        [UI_TREE] = "tree",
        [UI_PLOT] = "plot",
        [UI_IMG] = "img"};

const char *markup_element_name(UiElement element)
{
    return element_names[element];
}

bool markup_is_layout(UiElement element)
{
    return element <= UI_GROUP;
}

/* Letters to insert, delete or replace; names are short. */
static size_t distance(const char *a, const char *b)
{
    enum { NAME_MAX_BYTES = 32 };
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    size_t row[NAME_MAX_BYTES + 1];
    if (a_size > NAME_MAX_BYTES || b_size > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            size_t best = corner + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            corner = above;
            row[j] = best;
        }
    }
    return row[b_size];
}

const char *markup_nearest(const char *wrong, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    size_t size = strlen(wrong);
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(wrong, names[i]) == 0)
            return names[i];
        size_t needed = distance(wrong, names[i]);
        bool begins = size >= 2 && (strncmp(wrong, names[i], size) == 0 ||
                                           strncmp(wrong, names[i], strlen(names[i])) == 0);
        if (begins && needed > 1)
            needed = 1;
        if (needed < best && needed < strlen(names[i]) &&
                needed <= (size > 6 ? (size + 2) / 3 : 2)) {
            best = needed;
            nearest = names[i];
        }
    }
    return nearest;
}

char *markup_part(const char *parts, size_t index)
{
    if (parts == NULL)
        return NULL;
    for (; index > 0; index--) {
        parts = strchr(parts, '|');
        if (parts == NULL)
            return NULL;
        parts++;
    }
    return strndup(parts, strcspn(parts, "|"));
}

size_t markup_part_count(const char *parts)
{
    if (parts == NULL || parts[0] == '\0')
        return 0;
    size_t count = 1;
    for (; *parts != '\0'; parts++)
        count += *parts == '|';
    return count;
}
