/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_XML_H
#define SLEIGH_XML_H

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>

/* A small reader of XML for the files beside a specification: elements, attributes, text; comments,
 * declarations and CDATA are understood, DTDs are skipped, nothing external is ever opened. */
typedef struct XmlAttribute {
    const char *name;  /* NUL-terminated, lent for the call */
    const char *value; /* with entities replaced */
} XmlAttribute;

typedef struct XmlHandler {
    void *data;
    /* Both may be NULL; answering false stops the reading with success. */
    bool (*open)(void *data, const char *element, const XmlAttribute *attributes, size_t count);
    bool (*text)(void *data, const char *element, const char *text);
} XmlHandler;

/* `name` is for error messages ("NAME:line: ..."). */
ProStatus xml_read(const char *name, const char *text, size_t size, const XmlHandler *handler,
        ProError *reterr);
const char *xml_attribute(
        const XmlAttribute *attributes, size_t count, const char *name); /* or NULL */
bool xml_is_true(const char *value);

#endif
