/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_LOAD_PRIVATE_H
#define SLEIGH_LOAD_PRIVATE_H

#include "sleigh/packed.h"
#include "sleigh/runtime/language.h"

/* Between the loader's files. */
typedef struct Loader {
    PackedCursor cursor;
    ProSleighLanguage *language;
    unsigned depth;
} Loader;

/* The attributes of one element, by id; those absent are 0. */
typedef struct Attributes {
    uint64_t present; /* bit by id */
    uint64_t number[64];
    const char *text[64];
} Attributes;

bool load_attributes(Loader *loader, Attributes *ret);
bool load_has(const Attributes *attributes, unsigned id);
/* A number below `limit`; otherwise a failure that names `what`. */
bool load_number(Loader *loader, const Attributes *attributes, unsigned id, uint64_t limit,
        const char *what, uint32_t *ret);
const char *load_text(Loader *loader, const Attributes *attributes, unsigned id);

bool load_expression(Loader *loader, uint32_t *ret_expr);
/* Fails: something else than `expected` stands at the cursor. */
bool load_malformed(Loader *loader, const char *expected);

bool load_template(Loader *loader, const Ctor *ctor, Tpl *ret);
bool load_constructor(Loader *loader, uint32_t table);
/* The tree at the cursor, its root at `place` of `decisions`, which is there. */
bool load_decision(Loader *loader, const Table *table, uint32_t place);
bool load_symbols(Loader *loader);
bool load_check(Loader *loader);
ProStatus load_registers(ProSleighLanguage *language);

/* One more element at the end of an array of the language; false (and failed) without memory. */
bool load_room(Loader *loader, void **items, size_t count, size_t *capacity, size_t element_size);
#define LOAD_PUSH(loader, name, value)                                                             \
    (load_room(loader, (void **)(void *)&(loader)->language->name,                                 \
             (loader)->language->name##_count, &(loader)->language->name##_capacity,               \
             sizeof *(loader)->language->name) &&                                                  \
            ((loader)->language->name[(loader)->language->name##_count++] = (value), true))

#endif
