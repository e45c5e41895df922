/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_MARKUP_H
#define UI_MARKUP_H

#include "shared.h"

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The text of a view's setup(), as a checked tree of elements. Knows no windows: what stands here
 * is all that a backend needs to make the controls.
 *
 * Threads: immutable once parsed.
 */

#define UI_MARKUP_BYTES_MAX (1u << 20)
#define UI_MARKUP_DEPTH_MAX 64
#define UI_MARKUP_ELEMENTS_MAX 20000
#define UI_MARKUP_SIZE_MAX 100000 /* pixels of a width, height, margin or spacing */

typedef enum UiElement {
    UI_ROOT,  /* ui */
    UI_HS,    /* panes side by side, with handles to drag */
    UI_VS,    /* panes above each other */
    UI_HL,    /* controls side by side */
    UI_VL,    /* controls above each other */
    UI_GL,    /* a grid, filled row by row; nl begins the next row */
    UI_TAB,   /* one page for each child */
    UI_GROUP, /* a frame with a caption */
    UI_NL,
    UI_SPACE, /* takes what is left */
    UI_TEXT,
    UI_HEX,
    UI_BTN,
    UI_PROGBAR,
    UI_LABEL,
    UI_EDIT,
    UI_CHECK,
    UI_COMBO,
    UI_TABLE,
    UI_TREE,
    UI_PLOT,
    UI_IMG,
    UI_ELEMENT_COUNT
} UiElement;

typedef enum UiAlign {
    UI_ALIGN_FILL = 0, /* not given */
    UI_ALIGN_START,
    UI_ALIGN_CENTER,
    UI_ALIGN_END
} UiAlign;

typedef struct UiNode UiNode;

/* What was not given is 0, NULL or, where that means something, -1. */
struct UiNode {
    UiElement element;
    UiNode *parent;
    UiNode **children;
    size_t child_count;
    int line, column; /* of its '<', from 1 */

    int64_t id; /* -1: none */
    char *text;
    char *title;   /* of a page */
    char *name;    /* for who cannot see it */
    char *tip;     /* shown when the pointer rests on it */
    char *hint;    /* shown in an empty edit */
    char *items;   /* of a combo: "one|two" */
    char *columns; /* of a table or tree: "Name|Size" */
    char *src;     /* of an image: path of a file */
    int margin, spacing, width, height;
    int span; /* columns of a grid; 0: one */
    int grow; /* 1: takes what is left; 0: does not; -1: as its kind does */
    UiAlign align_x, align_y;
    int64_t value, minimum, maximum;
    bool disabled, hidden, readonly, password, wrap, mono, bold, is_default;
};

/* PRO_ERR_INVALID with "line 1, column 5: <btn>: ..." for whatever is wrong. size: bytes of `xml`.
 */
ProStatus markup_parse(
        const char *xml, size_t size, UiNode **ret_root, ProError *reterr) PRO_WARN_UNUSED;
/* A node without a text: what a view that has no markup shows. NULL without memory. */
UiNode *markup_new_node(UiElement element);
/* Depth first; stops at the first that is not NULL. */
UiNode *markup_find(UiNode *root, int64_t id);
void markup_free(UiNode *root);

const char *markup_element_name(UiElement element);
UI_SHARED bool markup_is_layout(UiElement element);

/* The n-th part of "one|two", in a new string; NULL: there are not so many. */
UI_SHARED char *markup_part(const char *parts, size_t index);
size_t markup_part_count(const char *parts);

/* The one of `names` that `wrong` was probably meant to be, or NULL. */
const char *markup_nearest(const char *wrong, const char *const *names, size_t count);

/* As the one of libpromp, which is not exported. */
UI_SHARED ProStatus ui_error(ProError *reterr, ProStatus status, const char *format, ...)
        PRO_PRINTF(3, 4);

#endif
