/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_TEMPLATE_H
#define SLEIGH_TEMPLATE_H

#include "sleigh/packed.h"
#include "sleigh/runtime/language.h"

/*
 * Templates: what a constructor means, as operations with holes for its operands. They are most of
 * a specification's document, and a program has few of a processor's instructions. So the loader
 * finds where each begins and ends, and reads its head; its operations are read here, at their
 * first use by any thread, and stay. Threads that read one at the same time read the same; the
 * first publishes it.
 */

TplOps *template_read(const ProSleighLanguage *language, Tpl *tpl, ProError *reterr);

/* Lent for the language's life. NULL: without memory, or PRO_ERR_FORMAT (the document is wrong
 * there; reterr tells the byte). */
static inline const TplOps *template_ops(
        const ProSleighLanguage *language, Tpl *tpl, ProError *reterr)
{
    const TplOps *ops = atomic_load_explicit(&tpl->ops, memory_order_acquire);
    return __builtin_expect(ops != NULL, 1) ? ops : template_read(language, tpl, reterr);
}

/* What stands at a cursor in a document. Operands are those of the template's constructor. */
typedef struct TplReader {
    PackedCursor cursor;
    const ProSleighLanguage *language;
    uint32_t operand_count;
} TplReader;

/* Operations as they stand in the document, all places among `places`. */
typedef struct TplScratch {
    OpTpl *ops;
    PlaceTpl *places;
    VarnodeTpl *varnodes;
    size_t op_count, place_count, varnode_count;
} TplScratch;

/* The same as steps, in one block (of *ret_bytes) for the caller to free; NULL: no memory. */
TplOps *template_lay_out(const ProSleighLanguage *language, const Ctor *ctor,
        const TplScratch *scratch, size_t *ret_bytes);

/* False, and the cursor has failed: there is something else. */
bool template_const(TplReader *reader, Const *ret);
bool template_varnode(TplReader *reader, VarnodeTpl *ret);

#endif
