/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/template_values.h"

#include "sleigh/sla_ids.h"

#include <string.h>

enum { TEMPORARY_STRIDE = 0x100 };

typedef struct Finisher {
    Compiler *compiler;
    Constructor *constructor;
    Template *template;
} Finisher;

static unsigned table_size(Compiler *compiler, Symbol *symbol);

/* A size as a number; 0 if the operand exports nothing. */
static unsigned resolve_size(Compiler *compiler, Constant size)
{
    if (size.kind == CONSTANT_CURSPACE_SIZE) {
        const Space *space = compiler->model->default_space;
        return space == NULL ? 0 : space->address_bytes;
    }
    if (size.kind == CONSTANT_HANDLE)
        return table_size(compiler, size.operand->operand.defines);
    return (unsigned)size.value;
}

static unsigned varnode_bytes(Compiler *compiler, const Varnode *varnode)
{
    return resolve_size(compiler, varnode_size(varnode));
}

static unsigned export_bytes(Compiler *compiler, const Template *template)
{
    return template->export_kind == EXPORT_POINTER ? template->export_bytes
                                                   : varnode_bytes(compiler, template->exported);
}

static void check_table_exports(Compiler *compiler, Symbol *symbol)
{
    Table *table = symbol->table;
    bool first = true;
    for (size_t i = 0; i < table->count; i++) {
        const Constructor *constructor = table->constructors[i];
        const Template *template = constructor->main;
        if (template == NULL)
            continue;
        bool exports = template->export_kind != EXPORT_NONE;
        unsigned bytes = exports ? export_bytes(compiler, template) : 0;
        if (first) {
            table->exports = exports;
            table->export_bytes = bytes;
        } else if (exports != table->exports) {
            compiler_error(compiler, constructor->position,
                    "table '%s': this constructor %s, but others of the table %s",
                    symbol->name->text, exports ? "exports" : "does not export",
                    exports ? "do not" : "do");
        } else if (bytes != table->export_bytes && bytes != 0 && table->export_bytes != 0) {
            compiler_error(compiler, constructor->position,
                    "table '%s': this constructor exports %u bytes, but others export %u",
                    symbol->name->text, bytes, table->export_bytes);
        }
        first = false;
    }
}

static unsigned table_size(Compiler *compiler, Symbol *symbol)
{
    Table *table = symbol->table;
    if (table->size_state == BUILD_NOT_YET) {
        table->size_state = BUILD_RUNNING;
        check_table_exports(compiler, symbol);
        table->size_state = BUILD_DONE;
    }
    return table->export_bytes;
}

/* ---- checks and lowering ---- */

static void report_size(const Finisher *finisher, const TemplateOp *op, const char *what)
{
    compiler_error(finisher->compiler, op->position, "%s: %s", pro_pcode_name(op->opcode), what);
}

static void check_equal(Finisher *finisher, TemplateOp *op, bool with_output, size_t inputs)
{
    unsigned known = 0;
    for (size_t i = with_output ? 0 : 1; i <= inputs; i++) {
        const Varnode *varnode = i == 0 ? op->output : op->inputs[i - 1];
        unsigned bytes = varnode == NULL ? 0 : varnode_bytes(finisher->compiler, varnode);
        if (bytes != 0 && known != 0 && bytes != known) {
            report_size(finisher, op,
                    "the values have different sizes; extend with zext or sext, or cut with :n");
            return;
        }
        if (bytes != 0)
            known = bytes;
    }
}

static void lower_extension(Finisher *finisher, TemplateOp *op)
{
    unsigned output = varnode_bytes(finisher->compiler, op->output);
    unsigned input = varnode_bytes(finisher->compiler, op->inputs[0]);
    if (output != 0 && output == input)
        op->opcode = PRO_PCODE_COPY;
    else if (output != 0 && output < input)
        report_size(finisher, op, "the result is smaller than the value");
}

static void lower_subpiece(Finisher *finisher, TemplateOp *op)
{
    unsigned output = varnode_bytes(finisher->compiler, op->output);
    unsigned input = varnode_bytes(finisher->compiler, op->inputs[0]);
    uint64_t drop = op->inputs[1]->offset.value;
    if (output == 0 || input == 0)
        return;
    if (output == input && drop == 0) {
        op->opcode = PRO_PCODE_COPY;
        op->input_count = 1;
    } else if (drop >= input || output > input - drop) {
        report_size(finisher, op, "more bytes are taken than the value has");
    }
}

static void check_pointer(Finisher *finisher, TemplateOp *op)
{
    const Space *space = &finisher->compiler->model->spaces[op->inputs[0]->offset.value];
    unsigned bytes = varnode_bytes(finisher->compiler, op->inputs[1]);
    if (bytes != 0 && bytes != space->address_bytes)
        compiler_error(finisher->compiler, op->position,
                "a pointer into space '%s' has %u bytes, this value has %u; extend it with zext",
                space->name->text, space->address_bytes, bytes);
}

static void check_exports(Finisher *finisher, TemplateOp *op)
{
    for (size_t i = 0; i < op->input_count + 1; i++) {
        const Varnode *varnode = i == op->input_count ? op->output : op->inputs[i];
        if (varnode == NULL || varnode->offset.kind != CONSTANT_HANDLE ||
                varnode->space.kind != CONSTANT_HANDLE)
            continue;
        const Symbol *defines = varnode->offset.operand->operand.defines;
        if (defines == NULL || defines->kind != SYMBOL_TABLE)
            continue;
        (void)table_size(finisher->compiler, varnode->offset.operand->operand.defines);
        if (!defines->table->exports && op->opcode != PRO_PCODE_CALLOTHER)
            compiler_error(finisher->compiler, op->position,
                    "operand '%s' has no value: table '%s' does not export",
                    varnode->offset.operand->name->text, defines->name->text);
    }
}

static void check_op(Finisher *finisher, TemplateOp *op)
{
    unsigned code = op->opcode;
    check_exports(finisher, op);
    if (code == PRO_PCODE_INT_ZEXT || code == PRO_PCODE_INT_SEXT)
        lower_extension(finisher, op);
    else if (code == PRO_PCODE_SUBPIECE)
        lower_subpiece(finisher, op);
    else if (code == PRO_PCODE_LOAD || code == PRO_PCODE_STORE)
        check_pointer(finisher, op);
    else if (code == PRO_PCODE_INT_LEFT || code == PRO_PCODE_INT_RIGHT ||
             code == PRO_PCODE_INT_SRIGHT)
        check_equal(finisher, op, true, 1);
    else if ((code >= PRO_PCODE_INT_EQUAL && code <= PRO_PCODE_INT_LESSEQUAL) ||
             (code >= PRO_PCODE_INT_CARRY && code <= PRO_PCODE_INT_SBORROW) ||
             (code >= PRO_PCODE_BOOL_NEGATE && code <= PRO_PCODE_FLOAT_NAN && code != 45))
        check_equal(finisher, op, false, op->input_count);
    else if (code == PRO_PCODE_COPY || (code >= PRO_PCODE_INT_ADD && code <= PRO_PCODE_INT_SREM) ||
             (code >= PRO_PCODE_FLOAT_ADD && code <= PRO_PCODE_FLOAT_SQRT) ||
             (code >= PRO_PCODE_FLOAT_CEIL && code <= PRO_PCODE_FLOAT_ROUND))
        check_equal(finisher, op, true, op->input_count);
    if (code == PRO_PCODE_CBRANCH && varnode_bytes(finisher->compiler, op->inputs[1]) > 1)
        report_size(finisher, op, "a condition has one byte; compare the value with 0");
}

/* The bytes of an operand that a part means, corrected for the byte order. */
static void resolve_part(Finisher *finisher, Varnode *varnode)
{
    if (!varnode->is_part || varnode->offset.kind != CONSTANT_HANDLE)
        return;
    const Symbol *defines = varnode->offset.operand->operand.defines;
    unsigned byte = varnode->part_low;
    unsigned whole = 0;
    if (defines != NULL && defines->kind == SYMBOL_TABLE)
        whole = table_size(finisher->compiler, varnode->offset.operand->operand.defines);
    else if (defines != NULL && defines->kind == SYMBOL_VARLIST)
        whole = defines->registers.bytes;
    if (finisher->compiler->model->big_endian && whole >= byte + varnode->size.value)
        byte = whole - byte - (unsigned)varnode->size.value;
    varnode->offset.plus = (uint64_t)varnode->part_low << 16 | byte;
}

/* ---- copies that only pass a temporary on ---- */

static bool is_plain_temporary(const Varnode *varnode)
{
    return varnode != NULL && varnode->temporary != NULL && !varnode->is_part &&
           !varnode->is_address && !varnode->temporary->exported && !varnode->temporary->pinned;
}

static bool is_constant(const Varnode *varnode)
{
    return varnode->space.kind == CONSTANT_SPACE && varnode->space.value == SPACE_CONST;
}

/* Whether a write of one could change the other. */
static bool may_overlap(const Varnode *a, const Varnode *b)
{
    if (a == NULL || b == NULL || is_constant(a) || is_constant(b))
        return false;
    if (a->temporary != NULL || b->temporary != NULL)
        return a->temporary == b->temporary;
    if (a->space.kind != CONSTANT_SPACE || b->space.kind != CONSTANT_SPACE ||
            a->offset.kind != CONSTANT_REAL || b->offset.kind != CONSTANT_REAL ||
            a->size.kind != CONSTANT_REAL || b->size.kind != CONSTANT_REAL)
        return true;
    return a->space.value == b->space.value && a->offset.value < b->offset.value + b->size.value &&
           b->offset.value < a->offset.value + a->size.value;
}

static bool is_barrier(unsigned opcode)
{
    return (opcode >= PRO_PCODE_LOAD && opcode <= PRO_PCODE_RETURN) || opcode == SLA_OP_BUILD ||
           opcode == SLA_OP_DELAY_SLOT || opcode == SLA_OP_LABEL || opcode == SLA_OP_CROSSBUILD;
}

static bool reads(const TemplateOp *op, const Varnode *varnode)
{
    for (size_t i = 0; i < op->input_count; i++)
        if (may_overlap(op->inputs[i], varnode))
            return true;
    return false;
}

static bool is_clear(
        const Template *template, size_t from, size_t to, const Varnode *varnode, bool no_reads)
{
    for (size_t i = from + 1; i < to; i++) {
        const TemplateOp *op = template->ops[i];
        if (op->removed)
            continue;
        if (is_barrier(op->opcode) || may_overlap(op->output, varnode) ||
                (no_reads && reads(op, varnode)))
            return false;
    }
    return true;
}

static bool find_reader(const Template *template, size_t from, const Temporary *temporary,
        size_t *ret_op, size_t *ret_input)
{
    for (size_t i = from + 1; i < template->op_count; i++) {
        const TemplateOp *op = template->ops[i];
        for (size_t k = 0; !op->removed && k < op->input_count; k++) {
            if (op->inputs[k]->temporary == temporary) {
                *ret_op = i;
                *ret_input = k;
                return true;
            }
        }
    }
    return false;
}

static void drop_copy(Template *template, size_t writer_index)
{
    TemplateOp *writer = template->ops[writer_index];
    size_t reader_index, input;
    if (writer->removed || !is_plain_temporary(writer->output))
        return;
    Temporary *temporary = writer->output->temporary;
    if (temporary->writes != 1 || temporary->reads != 1 ||
            !find_reader(template, writer_index, temporary, &reader_index, &input))
        return;
    TemplateOp *reader = template->ops[reader_index];
    if (reader->opcode == PRO_PCODE_COPY &&
            is_clear(template, writer_index, reader_index, reader->output, true)) {
        writer->output = reader->output;
        reader->removed = true;
    } else if (writer->opcode == PRO_PCODE_COPY &&
               is_clear(template, writer_index, reader_index, writer->inputs[0], false)) {
        reader->inputs[input] = writer->inputs[0];
        writer->removed = true;
    }
}

static void count_uses(const Template *template)
{
    for (size_t i = 0; i < template->op_count; i++) {
        const TemplateOp *op = template->ops[i];
        if (op->output != NULL && op->output->temporary != NULL)
            op->output->temporary->writes++;
        for (size_t k = 0; k < op->input_count; k++)
            if (op->inputs[k]->temporary != NULL)
                op->inputs[k]->temporary->reads++;
    }
}

static void check_temporaries(Finisher *finisher)
{
    for (size_t i = 0; i < finisher->template->op_count; i++) {
        const TemplateOp *op = finisher->template->ops[i];
        for (size_t k = 0; k < op->input_count; k++) {
            Temporary *temporary = op->inputs[k]->temporary;
            if (temporary == NULL || temporary->writes > 0 || op->inputs[k]->is_address)
                continue;
            compiler_error(finisher->compiler, op->position,
                    "variable '%s' is read but never written",
                    temporary->name == NULL ? "?" : temporary->name->text);
            temporary->writes = 1;
        }
        Temporary *written = op->output == NULL ? NULL : op->output->temporary;
        if (written != NULL && written->reads == 0 && !written->exported && written->name != NULL) {
            compiler_warning(finisher->compiler, written->position,
                    "variable '%s' is written but never read", written->name->text);
            written->reads = 1;
        }
    }
}

/* ---- places of temporaries ---- */

static void place_temporary(Finisher *finisher, Temporary *temporary)
{
    if (temporary == NULL || temporary->placed)
        return;
    Model *model = finisher->compiler->model;
    unsigned bytes = resolve_size(finisher->compiler, temporary->size);
    if (bytes > TEMPORARY_STRIDE)
        compiler_error(finisher->compiler, temporary->position,
                "a variable has at most %d bytes, this one has %u", TEMPORARY_STRIDE, bytes);
    uint64_t number = model->next_temporary++;
    temporary->offset = number * TEMPORARY_STRIDE;
    if (model->uses_crossbuild)
        temporary->offset = number << 16;
    if (temporary->offset > UINT32_MAX - 0x10000u)
        compiler_limit(finisher->compiler, temporary->position, "temporaries", UINT32_MAX / 0x100);
    temporary->placed = true;
}

static void settle_varnode(Finisher *finisher, Varnode *varnode)
{
    if (varnode == NULL)
        return;
    place_temporary(finisher, varnode->temporary);
    resolve_part(finisher, varnode);
    const Temporary *temporary = varnode->temporary;
    if (temporary == NULL)
        return;
    uint64_t offset = temporary->offset;
    if (varnode->is_part) {
        unsigned byte = varnode->part_low;
        if (finisher->compiler->model->big_endian)
            byte = resolve_size(finisher->compiler, temporary->size) - byte -
                   (unsigned)varnode->size.value;
        offset += byte;
    } else if (!varnode->is_address) {
        varnode->size = temporary->size;
    }
    varnode->offset = constant_real(offset);
    if (varnode->is_address)
        varnode->space = constant_space(SPACE_CONST);
}

static void insert_builds(Finisher *finisher)
{
    Compiler *compiler = finisher->compiler;
    Template *template = finisher->template;
    for (size_t i = 0; i < finisher->constructor->operand_count; i++) {
        Symbol *operand = finisher->constructor->operands[i];
        bool built =
                operand->operand.defines == NULL || operand->operand.defines->kind != SYMBOL_TABLE;
        for (size_t k = 0; k < template->built_count; k++)
            built = built || template->built_operands[k] == operand;
        if (built)
            continue;
        TemplateOp *op =
                template_add(compiler, template, SLA_OP_BUILD, finisher->constructor->position);
        Varnode *index = template_constant(compiler, 0, 4);
        index->offset = (Constant){.kind = CONSTANT_INDEX, .operand = operand};
        template_input(compiler, op, index);
        memmove(template->ops + 1, template->ops, (template->op_count - 1) * sizeof *template->ops);
        template->ops[0] = op;
    }
}

static void finish_template(Finisher *finisher)
{
    Template *template = finisher->template;
    for (size_t i = 0; i < template->op_count; i++)
        check_op(finisher, template->ops[i]);
    count_uses(template);
    check_temporaries(finisher);
    for (size_t i = 0; i < template->op_count; i++)
        drop_copy(template, i);
    insert_builds(finisher);
    for (size_t i = 0; i < template->op_count; i++) {
        TemplateOp *op = template->ops[i];
        for (size_t k = 0; !op->removed && k < op->input_count; k++)
            settle_varnode(finisher, op->inputs[k]);
        if (!op->removed)
            settle_varnode(finisher, op->output);
    }
    settle_varnode(finisher, template->exported);
    place_temporary(finisher, template->export_temporary);
}

void templates_finish(Compiler *compiler)
{
    Model *model = compiler->model;
    for (size_t i = 0; i < model->constructor_count; i++) {
        Constructor *constructor = model->constructors[i];
        if (constructor->pattern_state != BUILD_DONE)
            continue; /* of a table that nothing uses */
        (void)table_size(compiler, constructor->table);
        Finisher finisher = {compiler, constructor, constructor->main};
        if (constructor->main != NULL)
            finish_template(&finisher);
        for (size_t k = 0; k < constructor->section_count; k++) {
            finisher.template = constructor->sections[k];
            if (finisher.template != NULL)
                finish_template(&finisher);
        }
    }
}
