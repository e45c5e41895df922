/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/xml.h"

#include "core/arena.h"
#include "core/error.h"
#include "sleigh/limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Xml {
    const char *name;
    const char *text;
    const char *cursor;
    const char *end;
    const XmlHandler *handler;
    Arena arena;
    const char *open[SLEIGH_LIMIT_XML_DEPTH];
    size_t depth;
    ProStatus status;
    ProError *reterr;
    bool stopped;
} Xml;

static bool xml_fail(Xml *xml, ProStatus status, const char *what)
{
    size_t line = 1;
    for (const char *at = xml->text; at < xml->cursor; at++)
        line += *at == '\n';
    xml->status = error_set(xml->reterr, status, "%s:%zu: %s", xml->name, line, what);
    return false;
}

static bool accept(Xml *xml, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(xml->end - xml->cursor) < length || memcmp(xml->cursor, text, length) != 0)
        return false;
    xml->cursor += length;
    return true;
}

static void skip_blanks(Xml *xml)
{
    while (xml->cursor < xml->end && isspace((unsigned char)*xml->cursor))
        xml->cursor++;
}

static bool skip_past(Xml *xml, const char *text)
{
    while (xml->cursor < xml->end) {
        if (accept(xml, text))
            return true;
        xml->cursor++;
    }
    return xml_fail(xml, PRO_ERR_FORMAT, "the file ends inside a comment, declaration or section");
}

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || byte == '-' || byte == ':' || byte == '.';
}

static const char *copy_text(Xml *xml, const char *text, size_t length)
{
    char *copy = arena_copy_text(&xml->arena, text, length);
    if (copy == NULL)
        (void)xml_fail(xml, PRO_ERR_NO_MEMORY, "no memory");
    return copy;
}

static const char *read_name(Xml *xml)
{
    const char *start = xml->cursor;
    while (xml->cursor < xml->end && is_name_byte(*xml->cursor))
        xml->cursor++;
    if (xml->cursor == start) {
        (void)xml_fail(xml, PRO_ERR_FORMAT, "a name was expected");
        return NULL;
    }
    return copy_text(xml, start, (size_t)(xml->cursor - start));
}

static const char *read_text(Xml *xml, const char *text, size_t length)
{
    static const struct {
        const char *entity;
        char byte;
    } entities[] = {
            {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *copy = arena_copy_text(&xml->arena, text, length);
    size_t used = 0;
    if (copy == NULL) {
        (void)xml_fail(xml, PRO_ERR_NO_MEMORY, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        for (size_t k = 0; byte == '&' && k < sizeof entities / sizeof entities[0]; k++) {
            size_t entity_length = strlen(entities[k].entity);
            if (length - i >= entity_length &&
                    memcmp(text + i, entities[k].entity, entity_length) == 0) {
                byte = entities[k].byte;
                i += entity_length - 1;
                break;
            }
        }
        copy[used++] = byte;
    }
    copy[used] = 0;
    return copy;
}

static bool read_attribute(Xml *xml, XmlAttribute *ret)
{
    ret->name = read_name(xml);
    skip_blanks(xml);
    if (ret->name == NULL || !accept(xml, "="))
        return ret->name != NULL &&
               xml_fail(xml, PRO_ERR_FORMAT, "'=' was expected behind an attribute's name");
    skip_blanks(xml);
    char quote = xml->cursor < xml->end ? *xml->cursor : 0;
    if (quote != '"' && quote != '\'')
        return xml_fail(xml, PRO_ERR_FORMAT, "an attribute's value in quotes was expected");
    const char *start = ++xml->cursor;
    const char *close = memchr(start, quote, (size_t)(xml->end - start));
    if (close == NULL)
        return xml_fail(xml, PRO_ERR_FORMAT, "an attribute's value has no closing quote");
    xml->cursor = close + 1;
    ret->value = read_text(xml, start, (size_t)(close - start));
    return ret->value != NULL;
}

static bool read_open(Xml *xml)
{
    XmlAttribute attributes[SLEIGH_LIMIT_XML_ATTRIBUTES];
    size_t count = 0;
    const char *name = read_name(xml);
    if (name == NULL)
        return false;
    for (;;) {
        skip_blanks(xml);
        bool closes = accept(xml, "/>");
        if (closes || accept(xml, ">")) {
            if (!closes && xml->depth == SLEIGH_LIMIT_XML_DEPTH)
                return xml_fail(xml, PRO_ERR_LIMIT,
                        "elements are nested deeper than SLEIGH_LIMIT_XML_DEPTH");
            if (!closes)
                xml->open[xml->depth++] = name;
            if (xml->handler->open != NULL &&
                    !xml->handler->open(xml->handler->data, name, attributes, count))
                xml->stopped = true;
            return true;
        }
        if (count == SLEIGH_LIMIT_XML_ATTRIBUTES)
            return xml_fail(xml, PRO_ERR_LIMIT,
                    "an element has more attributes than SLEIGH_LIMIT_XML_ATTRIBUTES");
        if (!read_attribute(xml, &attributes[count++]))
            return false;
    }
}

static bool read_close(Xml *xml)
{
    const char *name = read_name(xml);
    skip_blanks(xml);
    if (name == NULL || !accept(xml, ">"))
        return name != NULL && xml_fail(xml, PRO_ERR_FORMAT, "'>' was expected");
    if (xml->depth == 0 || strcmp(xml->open[xml->depth - 1], name) != 0)
        return xml_fail(xml, PRO_ERR_FORMAT, "an element is closed that is not open here");
    xml->depth--;
    return true;
}

static bool give_text(Xml *xml, const char *start, size_t length, bool raw)
{
    bool blank = true;
    for (size_t i = 0; blank && i < length; i++)
        blank = isspace((unsigned char)start[i]) != 0;
    if (blank || xml->depth == 0 || xml->handler->text == NULL)
        return true;
    const char *text = raw ? copy_text(xml, start, length) : read_text(xml, start, length);
    if (text != NULL && !xml->handler->text(xml->handler->data, xml->open[xml->depth - 1], text))
        xml->stopped = true;
    return text != NULL;
}

static bool read_markup(Xml *xml)
{
    if (accept(xml, "<!--"))
        return skip_past(xml, "-->");
    if (accept(xml, "<![CDATA[")) {
        const char *start = xml->cursor;
        return skip_past(xml, "]]>") &&
               give_text(xml, start, (size_t)(xml->cursor - start) - 3, true);
    }
    if (accept(xml, "<?"))
        return skip_past(xml, "?>");
    if (accept(xml, "<!"))
        return skip_past(xml, ">");
    if (accept(xml, "</"))
        return read_close(xml);
    xml->cursor++;
    return read_open(xml);
}

ProStatus xml_read(const char *name, const char *text, size_t size, const XmlHandler *handler,
        ProError *reterr)
{
    Xml xml = {.name = name,
            .text = text,
            .cursor = text,
            .end = text + size,
            .handler = handler,
            .reterr = reterr};
    if (size > SLEIGH_LIMIT_XML_BYTES)
        return error_set(reterr, PRO_ERR_LIMIT, "%s: more than %u bytes (SLEIGH_LIMIT_XML_BYTES)",
                name, SLEIGH_LIMIT_XML_BYTES);
    arena_init(&xml.arena, 4 * (size_t)SLEIGH_LIMIT_XML_BYTES);
    bool good = true;
    while (good && !xml.stopped && xml.cursor < xml.end) {
        if (*xml.cursor == '<') {
            good = read_markup(&xml);
            continue;
        }
        const char *start = xml.cursor;
        const char *markup = memchr(start, '<', (size_t)(xml.end - start));
        xml.cursor = markup == NULL ? xml.end : markup;
        good = give_text(&xml, start, (size_t)(xml.cursor - start), false);
    }
    if (good && !xml.stopped && xml.depth > 0)
        (void)xml_fail(&xml, PRO_ERR_FORMAT, "the file ends before its elements are closed");
    arena_fini(&xml.arena);
    return xml.status;
}

const char *xml_attribute(const XmlAttribute *attributes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(attributes[i].name, name) == 0)
            return attributes[i].value;
    return NULL;
}

bool xml_is_true(const char *value)
{
    return value != NULL &&
           (strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 || strcmp(value, "1") == 0);
}
