/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "sleigh/limits.h"

#include <promp/pcode.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { OP_INPUTS = 255 };

typedef struct Reader {
    const char *cursor;
    const char *end;
    const char *line_start;
    size_t line;
    const ProSpace *spaces;
    size_t space_count;
    ProPcodeList *list;
    size_t op_capacity;
    size_t varnode_count;
    size_t varnode_capacity;
    ProError *reterr;
    ProStatus status;
} Reader;

static bool refuse(Reader *reader, ProStatus status, const char *what)
{
    reader->status = error_set(reader->reterr, status, "p-code:%zu:%zu: %s", reader->line,
            (size_t)(reader->cursor - reader->line_start) + 1, what);
    return false;
}

static void skip_blanks(Reader *reader)
{
    while (reader->cursor < reader->end &&
            (*reader->cursor == ' ' || *reader->cursor == '\t' || *reader->cursor == '\r'))
        reader->cursor++;
}

static bool accept(Reader *reader, char byte)
{
    skip_blanks(reader);
    if (reader->cursor >= reader->end || *reader->cursor != byte)
        return false;
    reader->cursor++;
    return true;
}

static size_t scan_word(Reader *reader, const char **ret)
{
    skip_blanks(reader);
    *ret = reader->cursor;
    while (reader->cursor < reader->end &&
            (isalnum((unsigned char)*reader->cursor) || strchr("_.$", *reader->cursor) != NULL) &&
            *reader->cursor != 0)
        reader->cursor++;
    return (size_t)(reader->cursor - *ret);
}

static bool read_number(Reader *reader, uint64_t *ret)
{
    const char *word;
    size_t length = scan_word(reader, &word);
    bool hex = length > 2 && word[0] == '0' && word[1] == 'x';
    *ret = 0;
    if (length == 0)
        return refuse(reader, PRO_ERR_FORMAT, "a number was expected");
    for (size_t i = hex ? 2 : 0; i < length; i++) {
        char byte = word[i];
        unsigned base = hex ? 16 : 10;
        unsigned digit = isdigit((unsigned char)byte)
                                 ? (unsigned)(byte - '0')
                                 : (unsigned)(tolower((unsigned char)byte) - 'a') + 10;
        if (!isxdigit((unsigned char)byte) || digit >= base || *ret > (UINT64_MAX - digit) / base)
            return refuse(reader, PRO_ERR_FORMAT, "this is no number of 64 bits");
        *ret = *ret * base + digit;
    }
    return true;
}

/* "(space,offset,size)" */
static bool read_varnode(Reader *reader, ProVarnode *ret)
{
    const char *word;
    uint64_t size;
    if (!accept(reader, '('))
        return refuse(reader, PRO_ERR_FORMAT, "a varnode, (space,offset,size), was expected");
    size_t length = scan_word(reader, &word);
    ret->space = UINT32_MAX;
    for (size_t i = 0; i < reader->space_count; i++)
        if (strlen(reader->spaces[i].name) == length &&
                memcmp(reader->spaces[i].name, word, length) == 0)
            ret->space = (uint32_t)i;
    if (ret->space == UINT32_MAX)
        return refuse(reader, PRO_ERR_FORMAT, "the language has no space of this name");
    if (!accept(reader, ','))
        return refuse(reader, PRO_ERR_FORMAT, "',' was expected");
    if (!read_number(reader, &ret->offset))
        return false;
    if (!accept(reader, ','))
        return refuse(reader, PRO_ERR_FORMAT, "',' was expected");
    if (!read_number(reader, &size))
        return false;
    if (size > UINT32_MAX || !accept(reader, ')'))
        return refuse(reader, PRO_ERR_FORMAT, "a size below 2^32 and ')' were expected");
    ret->size = (uint32_t)size;
    return true;
}

static bool grow(Reader *reader, void **items, size_t count, size_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return true;
    size_t grown = *capacity == 0 ? 16 : *capacity * 2;
    void *memory = count >= 16 * (size_t)SLEIGH_LIMIT_LIFT_OPS
                           ? NULL
                           : realloc(*items, grown * element_size);
    if (memory == NULL)
        return refuse(
                reader, PRO_ERR_LIMIT, "too many operations (SLEIGH_LIMIT_LIFT_OPS), or no memory");
    *items = memory;
    *capacity = grown;
    return true;
}

static bool read_input(Reader *reader, ProPcodeOp *op)
{
    ProVarnode varnode;
    if (op->input_count == OP_INPUTS)
        return refuse(reader, PRO_ERR_LIMIT, "at most 255 inputs are possible");
    if (!read_varnode(reader, &varnode) ||
            !grow(reader, (void **)(void *)&reader->list->varnodes, reader->varnode_count,
                    &reader->varnode_capacity, sizeof varnode))
        return false;
    reader->list->varnodes[reader->varnode_count++] = varnode;
    op->input_count++;
    return true;
}

static bool read_op(Reader *reader)
{
    ProPcodeOp op = {0};
    const char *word;
    skip_blanks(reader);
    if (reader->cursor < reader->end && *reader->cursor == '(') {
        if (!read_varnode(reader, &op.output))
            return false;
        if (!accept(reader, '='))
            return refuse(reader, PRO_ERR_FORMAT, "'=' was expected");
    }
    size_t length = scan_word(reader, &word);
    op.code = (uint16_t)pro_pcode_code(word, length);
    if (op.code == 0)
        return refuse(reader, PRO_ERR_FORMAT, "the name of an operation was expected");
    skip_blanks(reader);
    if (reader->cursor < reader->end && *reader->cursor == '(') {
        do {
            if (!read_input(reader, &op))
                return false;
        } while (accept(reader, ','));
    }
    if (!grow(reader, (void **)(void *)&reader->list->ops, reader->list->count,
                &reader->op_capacity, sizeof op))
        return false;
    reader->list->ops[reader->list->count++] = op;
    return true;
}

static bool read_lines(Reader *reader)
{
    while (reader->cursor < reader->end) {
        skip_blanks(reader);
        if (reader->cursor < reader->end && *reader->cursor == '#')
            while (reader->cursor < reader->end && *reader->cursor != '\n')
                reader->cursor++;
        if (reader->cursor < reader->end && *reader->cursor != '\n' && !read_op(reader))
            return false;
        skip_blanks(reader);
        if (reader->cursor < reader->end && *reader->cursor != '\n')
            return refuse(reader, PRO_ERR_FORMAT, "the end of the line was expected");
        if (reader->cursor < reader->end)
            reader->cursor++;
        reader->line++;
        reader->line_start = reader->cursor;
    }
    return true;
}

ProStatus pro_pcode_parse(const char *text, size_t length, const ProSpace *spaces,
        size_t space_count, ProPcodeList *ret_list, ProError *reterr)
{
    ProPcodeList list = {0};
    Reader reader = {.cursor = text,
            .end = text + length,
            .line_start = text,
            .line = 1,
            .spaces = spaces,
            .space_count = space_count,
            .list = &list,
            .reterr = reterr};
    if (!read_lines(&reader)) {
        pro_pcode_list_free(&list);
        return reader.status;
    }
    const ProVarnode *inputs = list.varnodes;
    for (size_t i = 0; i < list.count; i++) {
        list.ops[i].inputs = inputs;
        if (inputs != NULL)
            inputs += list.ops[i].input_count;
    }
    *ret_list = list;
    return PRO_OK;
}

void pro_pcode_list_free(ProPcodeList *list)
{
    free(list->ops);
    free(list->varnodes);
    *list = (ProPcodeList){0};
}
