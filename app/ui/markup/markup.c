/* SPDX-License-Identifier: Apache-2.0 */

/* Markup to tree. GLib's parser knows what XML is; what the elements may be is checked here. */

#include "markup.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Parser {
    const char *xml;
    size_t fed;    /* bytes given to GLib so far: the tag under way ends there */
    size_t placed; /* `line` and `column` are of this offset */
    int line, column;
    UiNode *root;
    UiNode *open; /* the element that is not closed yet */
    int depth;
    size_t count;
    GHashTable *ids; /* of UiNode, by their id */
    ProError *reterr;
    bool failed;
} Parser;

/* ---- the tree ---- */

UiNode *markup_new_node(UiElement element)
{
    UiNode *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->element = element;
    node->id = -1;
    node->grow = -1;
    node->maximum = 100;
    return node;
}

void markup_free(UiNode *node)
{
    if (node == NULL)
        return;
    for (size_t i = 0; i < node->child_count; i++)
        markup_free(node->children[i]);
    char *texts[] = {node->text, node->title, node->name, node->tip, node->hint, node->items,
            node->columns, node->src};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    free(node->children);
    free(node);
}

UiNode *markup_find(UiNode *root, int64_t id)
{
    if (root->id == id)
        return root;
    for (size_t i = 0; i < root->child_count; i++) {
        UiNode *found = markup_find(root->children[i], id);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* ---- errors ---- */

/* Offsets are asked for in rising order. */
static void place_of(Parser *parser, size_t offset, int *ret_line, int *ret_column)
{
    for (; parser->placed < offset; parser->placed++) {
        unsigned char c = (unsigned char)parser->xml[parser->placed];
        if (c == '\n') {
            parser->line++;
            parser->column = 1;
        } else if ((c & 0xC0) != 0x80) {
            parser->column++;
        }
    }
    *ret_line = parser->line;
    *ret_column = parser->column;
}

/* Where the tag begins that ends at what was fed. */
static size_t tag_offset(const Parser *parser)
{
    size_t offset = parser->fed;
    while (offset > 0 && parser->xml[offset - 1] != '<')
        offset--;
    return offset > 0 ? offset - 1 : 0;
}

static void fail(Parser *parser, const char *element, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void fail(Parser *parser, const char *element, const char *format, ...)
{
    if (parser->failed)
        return;
    parser->failed = true;
    int line;
    int column;
    place_of(parser, tag_offset(parser), &line, &column);
    va_list arguments;
    va_start(arguments, format);
    char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    (void)ui_error(parser->reterr, PRO_ERR_INVALID, "line %d, column %d: <%.60s>: %s", line, column,
            element, what);
    g_free(what);
}

/* ---- attributes ---- */

typedef enum AttributeKind {
    ATTRIBUTE_TEXT,
    ATTRIBUTE_ID,
    ATTRIBUTE_SIZE, /* pixels */
    ATTRIBUTE_SPAN,
    ATTRIBUTE_NUMBER,
    ATTRIBUTE_FLAG,
    ATTRIBUTE_NOT, /* a flag that is kept as its contrary */
    ATTRIBUTE_GROW,
    ATTRIBUTE_ALIGN
} AttributeKind;

#define ONE(element) (1u << (element))
#define LAYOUTS (ONE(UI_GROUP + 1) - 1)
#define ANY (ONE(UI_ELEMENT_COUNT) - 1)
#define SEEN (ANY & ~ONE(UI_ROOT) & ~ONE(UI_NL))

typedef struct Attribute {
    const char *name;
    AttributeKind kind;
    uint32_t elements; /* which may have it */
    size_t offset;     /* of the member of UiNode */
} Attribute;

#define MEMBER(name) offsetof(UiNode, name)

static const Attribute attributes[] = {
        {"id", ATTRIBUTE_ID, SEEN, MEMBER(id)},
        {"text", ATTRIBUTE_TEXT,
                ONE(UI_GROUP) | ONE(UI_TEXT) | ONE(UI_BTN) | ONE(UI_LABEL) | ONE(UI_EDIT) |
                        ONE(UI_CHECK) | ONE(UI_PROGBAR),
                MEMBER(text)},
        {"title", ATTRIBUTE_TEXT, SEEN, MEMBER(title)},
        {"name", ATTRIBUTE_TEXT, SEEN, MEMBER(name)},
        {"tip", ATTRIBUTE_TEXT, SEEN, MEMBER(tip)},
        {"hint", ATTRIBUTE_TEXT, ONE(UI_EDIT), MEMBER(hint)},
        {"items", ATTRIBUTE_TEXT, ONE(UI_COMBO), MEMBER(items)},
        {"columns", ATTRIBUTE_TEXT, ONE(UI_TABLE) | ONE(UI_TREE), MEMBER(columns)},
        {"src", ATTRIBUTE_TEXT, ONE(UI_IMG), MEMBER(src)},
        {"margin", ATTRIBUTE_SIZE, ANY & ~ONE(UI_NL), MEMBER(margin)},
        {"spacing", ATTRIBUTE_SIZE, LAYOUTS, MEMBER(spacing)},
        {"width", ATTRIBUTE_SIZE, ANY & ~ONE(UI_NL), MEMBER(width)},
        {"height", ATTRIBUTE_SIZE, ANY & ~ONE(UI_NL), MEMBER(height)},
        {"span", ATTRIBUTE_SPAN, SEEN, MEMBER(span)},
        {"grow", ATTRIBUTE_GROW, SEEN, MEMBER(grow)},
        {"align", ATTRIBUTE_ALIGN, SEEN, 0},
        {"value", ATTRIBUTE_NUMBER, ONE(UI_PROGBAR) | ONE(UI_COMBO), MEMBER(value)},
        {"min", ATTRIBUTE_NUMBER, ONE(UI_PROGBAR), MEMBER(minimum)},
        {"max", ATTRIBUTE_NUMBER, ONE(UI_PROGBAR), MEMBER(maximum)},
        {"checked", ATTRIBUTE_FLAG, ONE(UI_CHECK), MEMBER(value)},
        {"enabled", ATTRIBUTE_NOT, SEEN, MEMBER(disabled)},
        {"visible", ATTRIBUTE_NOT, SEEN, MEMBER(hidden)},
        {"readonly", ATTRIBUTE_FLAG, ONE(UI_TEXT) | ONE(UI_EDIT), MEMBER(readonly)},
        {"password", ATTRIBUTE_FLAG, ONE(UI_EDIT), MEMBER(password)},
        {"wrap", ATTRIBUTE_FLAG, ONE(UI_TEXT) | ONE(UI_LABEL), MEMBER(wrap)},
        {"mono", ATTRIBUTE_FLAG, ONE(UI_TEXT) | ONE(UI_EDIT) | ONE(UI_LABEL), MEMBER(mono)},
        {"bold", ATTRIBUTE_FLAG, ONE(UI_LABEL), MEMBER(bold)},
        {"default", ATTRIBUTE_FLAG, ONE(UI_BTN), MEMBER(is_default)},
};
enum { ATTRIBUTE_COUNT = sizeof attributes / sizeof attributes[0] };

static bool read_number(const char *text, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < minimum || value > maximum)
        return false;
    *ret_value = value;
    return true;
}

static bool read_flag(const char *text, bool *ret_value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_value = i % 2 == 1;
            return true;
        }
    }
    return false;
}

/* "top", "left top", "center". */
static bool read_align(UiNode *node, const char *text)
{
    static const struct {
        const char *word;
        int x, y; /* -1: says nothing of it */
    } words[] = {{"left", UI_ALIGN_START, -1}, {"right", UI_ALIGN_END, -1},
            {"top", -1, UI_ALIGN_START}, {"bottom", -1, UI_ALIGN_END},
            {"hcenter", UI_ALIGN_CENTER, -1}, {"vcenter", -1, UI_ALIGN_CENTER},
            {"center", UI_ALIGN_CENTER, UI_ALIGN_CENTER}, {"fill", UI_ALIGN_FILL, UI_ALIGN_FILL}};
    bool any = false;
    while (*text != '\0') {
        size_t size = strcspn(text, " ,|");
        bool known = size == 0;
        for (size_t i = 0; size > 0 && i < sizeof words / sizeof words[0]; i++) {
            if (strlen(words[i].word) != size || strncmp(text, words[i].word, size) != 0)
                continue;
            known = any = true;
            if (words[i].x >= 0)
                node->align_x = (UiAlign)words[i].x;
            if (words[i].y >= 0)
                node->align_y = (UiAlign)words[i].y;
        }
        if (!known)
            return false;
        text += size + (text[size] != '\0');
    }
    return any;
}

static bool set_flag(UiNode *node, const Attribute *attribute, bool value)
{
    if (attribute->offset == MEMBER(value))
        node->value = value;
    else
        *(bool *)((char *)node + attribute->offset) = value;
    return true;
}

/* NULL, or what the value should have been. */
static const char *set_attribute(UiNode *node, const Attribute *attribute, const char *text)
{
    char *member = (char *)node + attribute->offset;
    int64_t number = 0;
    bool flag = false;
    switch (attribute->kind) {
    case ATTRIBUTE_TEXT:
        free(*(char **)member);
        *(char **)member = strdup(text);
        return *(char **)member == NULL ? "shorter: there is no memory" : NULL;
    case ATTRIBUTE_ID:
        return read_number(text, 0, INT_MAX, &node->id) ? NULL : "a number from 0 to 2147483647";
    case ATTRIBUTE_SIZE:
        if (!read_number(text, 0, UI_MARKUP_SIZE_MAX, &number))
            return "a number of pixels from 0 to 100000";
        *(int *)member = (int)number;
        return NULL;
    case ATTRIBUTE_SPAN:
        if (!read_number(text, 1, 1000, &number))
            return "a number of columns from 1 to 1000";
        *(int *)member = (int)number;
        return NULL;
    case ATTRIBUTE_NUMBER:
        return read_number(text, INT64_MIN, INT64_MAX, (int64_t *)(void *)member) ? NULL
                                                                                  : "a number";
    case ATTRIBUTE_GROW:
        node->grow = read_flag(text, &flag) ? flag : -1;
        return node->grow >= 0 ? NULL : "true or false";
    case ATTRIBUTE_FLAG:
    case ATTRIBUTE_NOT:
        return read_flag(text, &flag) &&
                               set_flag(node, attribute, flag != (attribute->kind == ATTRIBUTE_NOT))
                       ? NULL
                       : "true or false";
    case ATTRIBUTE_ALIGN:
        return read_align(node, text) ? NULL : "of left, right, top, bottom, center, fill";
    }
    return NULL;
}

static void fail_unknown_attribute(Parser *parser, const UiNode *node, const char *name)
{
    const char *fitting[ATTRIBUTE_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if ((attributes[i].elements & ONE(node->element)) != 0)
            fitting[count++] = attributes[i].name;
    const char *nearest = markup_nearest(name, fitting, count);
    fail(parser, markup_element_name(node->element), "unknown attribute '%.60s'%s%s%s", name,
            nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "'?");
}

static void read_attribute(Parser *parser, UiNode *node, const char *name, const char *value)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (strcmp(attributes[i].name, name) != 0 ||
                (attributes[i].elements & ONE(node->element)) == 0)
            continue;
        const char *wanted = set_attribute(node, &attributes[i], value);
        if (wanted != NULL)
            fail(parser, markup_element_name(node->element), "%s='%.60s' is not %s", name, value,
                    wanted);
        return;
    }
    fail_unknown_attribute(parser, node, name);
}

/* ---- elements ---- */

static bool find_element(Parser *parser, const char *name, UiElement *ret_element)
{
    const char *names[UI_ELEMENT_COUNT];
    for (size_t i = 0; i < UI_ELEMENT_COUNT; i++) {
        names[i] = markup_element_name((UiElement)i);
        if (strcmp(names[i], name) == 0) {
            *ret_element = (UiElement)i;
            return true;
        }
    }
    const char *nearest = markup_nearest(name, names, UI_ELEMENT_COUNT);
    fail(parser, name, "unknown element%s%s%s", nearest == NULL ? "" : "; did you mean <",
            nearest == NULL ? "" : nearest, nearest == NULL ? "" : ">?");
    return false;
}

static bool may_stand_here(Parser *parser, UiElement element)
{
    const char *name = markup_element_name(element);
    const UiNode *open = parser->open;
    if ((open == NULL) != (element == UI_ROOT))
        fail(parser, name, "%s",
                open == NULL ? "the outermost element must be <ui>"
                             : "<ui> must be the outermost element");
    else if (open == NULL && parser->root != NULL)
        fail(parser, name, "stands once");
    else if (open != NULL && !markup_is_layout(open->element))
        fail(parser, name, "<%s> holds no other elements", markup_element_name(open->element));
    else if (element == UI_NL && open->element != UI_GL)
        fail(parser, name, "stands in <gl> only");
    else if (parser->depth >= UI_MARKUP_DEPTH_MAX)
        fail(parser, name, "stands deeper than %d", UI_MARKUP_DEPTH_MAX);
    else if (parser->count >= UI_MARKUP_ELEMENTS_MAX)
        fail(parser, name, "is one of more than %d elements", UI_MARKUP_ELEMENTS_MAX);
    return !parser->failed;
}

static bool append(UiNode *parent, UiNode *node)
{
    if ((parent->child_count & (parent->child_count - 1)) == 0) { /* a power of two, or 0: full */
        size_t capacity = parent->child_count == 0 ? 1 : parent->child_count * 2;
        UiNode **larger = realloc(parent->children, capacity * sizeof(UiNode *));
        if (larger == NULL)
            return false;
        parent->children = larger;
    }
    parent->children[parent->child_count++] = node;
    node->parent = parent;
    return true;
}

static void check_node(Parser *parser, UiNode *node)
{
    const char *name = markup_element_name(node->element);
    if (node->id >= 0) {
        const UiNode *first = g_hash_table_lookup(parser->ids, &node->id);
        if (first != NULL)
            fail(parser, name, "id %lld is that of <%s> in line %d, column %d already",
                    (long long)node->id, markup_element_name(first->element), first->line,
                    first->column);
        else
            g_hash_table_insert(parser->ids, &node->id, node);
    }
    if (node->element == UI_PROGBAR && node->minimum >= node->maximum)
        fail(parser, name, "min must be less than max");
    if (node->element == UI_COMBO &&
            (node->value < 0 ||
                    (node->value > 0 && (uint64_t)node->value >= markup_part_count(node->items))))
        fail(parser, name, "value=%lld is the number of no item", (long long)node->value);
}

static void on_start(GMarkupParseContext *context, const char *name, const char **names,
        const char **values, void *user, GError **error)
{
    (void)context;
    Parser *parser = user;
    UiElement element;
    UiNode *node = NULL;
    if (find_element(parser, name, &element) && may_stand_here(parser, element)) {
        node = markup_new_node(element);
        if (node != NULL && parser->open != NULL && !append(parser->open, node)) {
            markup_free(node);
            node = NULL;
        }
        if (node == NULL)
            fail(parser, name, "there is no memory for it");
    }
    if (node != NULL) {
        if (parser->open == NULL)
            parser->root = node;
        parser->open = node;
        parser->depth++;
        parser->count++;
        place_of(parser, tag_offset(parser), &node->line, &node->column);
        for (size_t i = 0; names[i] != NULL && !parser->failed; i++)
            read_attribute(parser, node, names[i], values[i]);
        if (!parser->failed)
            check_node(parser, node);
    }
    if (parser->failed)
        g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "told already");
}

static void on_end(GMarkupParseContext *context, const char *name, void *user, GError **error)
{
    (void)context;
    (void)name;
    (void)error;
    Parser *parser = user;
    parser->open = parser->open->parent;
    parser->depth--;
}

static void on_text(
        GMarkupParseContext *context, const char *text, size_t size, void *user, GError **error)
{
    (void)context;
    Parser *parser = user;
    size_t spaces = 0;
    while (spaces < size && strchr(" \t\r\n", text[spaces]) != NULL)
        spaces++;
    if (spaces == size)
        return;
    fail(parser, parser->open == NULL ? "ui" : markup_element_name(parser->open->element),
            "text between elements: '%.*s'; texts stand in the attribute text",
            (int)(size - spaces > 40 ? 40 : size - spaces), text + spaces);
    g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "told already");
}

/* ---- parsing ---- */

/* GLib's own count of lines is of its pieces. The place is that of the tag under way. */
static void tell_malformed(Parser *parser, const GError *error)
{
    int line;
    int column;
    place_of(parser, tag_offset(parser), &line, &column);
    const char *what = strstr(error->message, ": ");
    (void)ui_error(parser->reterr, PRO_ERR_INVALID,
            "line %d, column %d: in <%s>: malformed XML: %s", line, column,
            parser->open == NULL ? "ui" : markup_element_name(parser->open->element),
            what == NULL || strncmp(error->message, "Error on line", 13) != 0 ? error->message
                                                                              : what + 2);
    parser->failed = true;
}

/* In pieces that end with a '>', so that a callback knows where the tag ends that it is told of. */
static bool feed(Parser *parser, GMarkupParseContext *context, size_t size)
{
    GError *error = NULL;
    while (parser->fed < size && !parser->failed) {
        const char *rest = parser->xml + parser->fed;
        const char *end = memchr(rest, '>', size - parser->fed);
        size_t piece = end == NULL ? size - parser->fed : (size_t)(end - rest) + 1;
        parser->fed += piece;
        if (!g_markup_parse_context_parse(context, rest, (gssize)piece, &error))
            break;
    }
    if (error == NULL && !parser->failed)
        (void)g_markup_parse_context_end_parse(context, &error);
    if (error == NULL && !parser->failed && parser->root == NULL)
        fail(parser, "ui", "is missing");
    if (error != NULL && !parser->failed)
        tell_malformed(parser, error);
    g_clear_error(&error);
    return !parser->failed;
}

ProStatus markup_parse(const char *xml, size_t size, UiNode **ret_root, ProError *reterr)
{
    static const GMarkupParser callbacks = {
            .start_element = on_start, .end_element = on_end, .text = on_text};
    if (size > UI_MARKUP_BYTES_MAX)
        return ui_error(reterr, PRO_ERR_LIMIT, "the markup has %zu bytes, more than %u", size,
                UI_MARKUP_BYTES_MAX);
    Parser parser = {.xml = xml, .reterr = reterr, .line = 1, .column = 1};
    parser.ids = g_hash_table_new(g_int64_hash, g_int64_equal);
    GMarkupParseContext *context =
            g_markup_parse_context_new(&callbacks, G_MARKUP_PREFIX_ERROR_POSITION, &parser, NULL);
    bool good = feed(&parser, context, size);
    g_markup_parse_context_free(context);
    g_hash_table_destroy(parser.ids);
    if (!good) {
        markup_free(parser.root);
        return PRO_ERR_INVALID;
    }
    *ret_root = parser.root;
    return PRO_OK;
}
