/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/parser.h"
#include "sleigh/sla_ids.h"

#include <string.h>

enum { LARGEST_REGISTER_BYTES = 1 << 16, LARGEST_TOKEN_BITS = 8 * SLEIGH_LIMIT_PATTERN_BYTES };

static bool is_blank_name(const Name *name)
{
    return name->length == 1 && name->text[0] == '_';
}

static bool parse_endian(Parser *parser)
{
    parser_expect(parser, '=');
    if (parser_accept_word(parser, "big"))
        return true;
    if (!parser_accept_word(parser, "little"))
        parser_unexpected(parser, "big or little");
    return false;
}

static void parse_space(Parser *parser)
{
    Compiler *compiler = parser->compiler;
    Model *model = compiler->model;
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "the space's name");
    Space space = {.name = name, .word_bytes = 1};
    bool is_default = false;
    while (!parser_accept(parser, ';')) {
        if (parser_accept_word(parser, "default")) {
            is_default = true;
        } else if (parser_accept_word(parser, "type")) {
            parser_expect(parser, '=');
            space.is_register = parser_accept_word(parser, "register_space");
            if (!space.is_register && !parser_accept_word(parser, "ram_space"))
                parser_unexpected(parser, "ram_space or register_space");
        } else if (parser_accept_word(parser, "size")) {
            parser_expect(parser, '=');
            space.address_bytes = (unsigned)parser_integer(parser, 8, "the size of an address");
        } else if (parser_accept_word(parser, "wordsize")) {
            parser_expect(parser, '=');
            space.word_bytes = (unsigned)parser_integer(parser, 64, "the word size");
        } else {
            parser_unexpected(parser, "type, size, wordsize, default or ';'");
        }
    }
    if (space.address_bytes == 0 || space.word_bytes == 0)
        parser_fail(
                parser, position, "space '%s' needs a size and a word size above 0", name->text);
    if (model->space_count >= SLEIGH_LIMIT_SPACES)
        compiler_limit(compiler, position, "spaces, SLEIGH_LIMIT_SPACES", SLEIGH_LIMIT_SPACES);
    space.index = (unsigned)model->space_count;
    model->spaces[model->space_count] = space;
    Space *kept = &model->spaces[model->space_count++];
    model_define(compiler, SYMBOL_SPACE, name, position)->space = kept;
    if (is_default && model->default_space != NULL)
        compiler_error(compiler, position, "space '%s' is the default space already",
                model->default_space->name->text);
    else if (is_default)
        model->default_space = kept;
}

static void define_varnode(Parser *parser, Name *name, SourcePosition position, Space *space,
        uint64_t offset, unsigned bytes)
{
    Symbol *symbol = model_define(parser->compiler, SYMBOL_VARNODE, name, position);
    symbol->varnode.space = space;
    symbol->varnode.offset = offset;
    symbol->varnode.bytes = bytes;
}

static void parse_registers(Parser *parser, Space *space)
{
    uint64_t offset = 0;
    unsigned bytes = 0;
    while (!parser_at_operator(parser, '[') &&
            (parser_at_word(parser, "offset") || parser_at_word(parser, "size"))) {
        bool is_offset = parser_accept_word(parser, "offset");
        if (!is_offset)
            (void)parser_accept_word(parser, "size");
        parser_expect(parser, '=');
        if (is_offset)
            offset = parser_integer(parser, UINT64_MAX, "the offset");
        else
            bytes = (unsigned)parser_integer(parser, LARGEST_REGISTER_BYTES, "the size");
    }
    if (bytes == 0)
        parser_fail(parser, parser_here(parser), "registers need 'offset=' and 'size=' above 0");
    bool is_list = parser_accept(parser, '[');
    size_t count = 0;
    while (!parser_at_operator(parser, is_list ? ']' : ';')) {
        SourcePosition position = parser_here(parser);
        Name *name = parser_name(parser, "a register's name");
        if (++count > SLEIGH_LIMIT_NAME_LIST)
            compiler_limit(parser->compiler, position, "names in a list", SLEIGH_LIMIT_NAME_LIST);
        if (!is_blank_name(name))
            define_varnode(parser, name, position, space, offset, bytes);
        offset += bytes;
    }
    if (is_list)
        parser_expect(parser, ']');
    parser_expect(parser, ';');
}

/* "name=(low,high) modifiers"; the field is not yet defined as a symbol. */
static Field parse_field_range(Parser *parser, unsigned bits)
{
    Field field = {0};
    SourcePosition position = parser_here(parser);
    parser_expect(parser, '=');
    parser_expect(parser, '(');
    field.low = (unsigned)parser_integer(parser, bits - 1, "the field's low bit");
    parser_expect(parser, ',');
    field.high = (unsigned)parser_integer(parser, bits - 1, "the field's high bit");
    parser_expect(parser, ')');
    if (field.high < field.low)
        parser_fail(parser, position, "the field's high bit is below its low bit; swap them");
    if (model_field_bits(&field) > SLEIGH_LIMIT_FIELD_BITS)
        parser_fail(parser, position, "the field has more than %u bits", SLEIGH_LIMIT_FIELD_BITS);
    for (;;) {
        if (parser_accept_word(parser, "signed"))
            field.is_signed = true;
        else if (parser_accept_word(parser, "noflow"))
            field.no_flow = true;
        else if (!parser_accept_word(parser, "hex") && !parser_accept_word(parser, "dec"))
            return field;
    }
}

static Symbol *find_token(Name *name)
{
    Symbol *symbol = name->global;
    return symbol != NULL && symbol->kind == SYMBOL_TOKEN ? symbol : NULL;
}

static void parse_token(Parser *parser)
{
    Compiler *compiler = parser->compiler;
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "the token's name");
    Symbol *symbol = find_token(name);
    if (parser_accept(parser, '(')) {
        uint64_t bits = parser_integer(parser, LARGEST_TOKEN_BITS, "the token's size in bits");
        parser_expect(parser, ')');
        if (bits == 0 || bits % 8 != 0)
            parser_fail(parser, position, "a token's size is a multiple of 8 bits, and not 0");
        symbol = model_define(compiler, SYMBOL_TOKEN, name, position);
        symbol->token = compiler_alloc(compiler, sizeof *symbol->token);
        symbol->token->name = name;
        symbol->token->bytes = (unsigned)bits / 8;
        symbol->token->big_endian = compiler->model->big_endian;
        if (parser_accept_word(parser, "endian"))
            symbol->token->big_endian = parse_endian(parser);
    }
    if (symbol == NULL)
        parser_fail(parser, position, "token '%s' needs a size in bits: token %s(32)", name->text,
                name->text);
    while (!parser_accept(parser, ';')) {
        SourcePosition field_position = parser_here(parser);
        Name *field_name = parser_name(parser, "a field's name or ';'");
        Field field = parse_field_range(parser, symbol->token->bytes * 8);
        field.token = symbol->token;
        model_define(compiler, SYMBOL_VALUE, field_name, field_position)->field = field;
    }
}

static void define_context_field(
        Parser *parser, Symbol *reg, Name *name, SourcePosition position, Field field)
{
    Compiler *compiler = parser->compiler;
    Model *model = compiler->model;
    field.context_register = reg;
    field.declared_low = field.low;
    field.declared_high = field.high;
    if (model_field_bits(&field) > 32)
        parser_fail(parser, position, "a context field has at most 32 bits");
    Symbol *symbol = model_define(compiler, SYMBOL_CONTEXT, name, position);
    symbol->field = field;
    COMPILER_PUSH(compiler, model->context_fields, model->context_field_count, symbol);
}

static void parse_context(Parser *parser)
{
    SourcePosition position = parser_here(parser);
    Name *name = parser_name(parser, "the context register's name");
    Symbol *reg = name->global;
    if (reg == NULL || reg->kind != SYMBOL_VARNODE)
        parser_fail(parser, position, "'%s' is not a register; define it before the context",
                name->text);
    if (reg->varnode.bytes % 4 != 0)
        parser_fail(parser, position, "the size of context register '%s' is not a multiple of 4",
                name->text);
    if (parser->compiler->model->context_frozen)
        parser_fail(parser, position,
                "contexts must be defined before the first constructor, attach and with");
    while (!parser_accept(parser, ';')) {
        SourcePosition field_position = parser_here(parser);
        Name *field_name = parser_name(parser, "a context field's name or ';'");
        Field field = parse_field_range(parser, reg->varnode.bytes * 8);
        define_context_field(parser, reg, field_name, field_position, field);
    }
}

/* A range of whole bytes is a register of its own. */
static bool bitrange_as_varnode(Parser *parser, Name *name, SourcePosition position,
        const Symbol *parent, unsigned low, unsigned bits)
{
    if (low % 8 != 0 || bits % 8 != 0)
        return false;
    unsigned byte = low / 8;
    if (parser->compiler->model->big_endian)
        byte = parent->varnode.bytes - low / 8 - bits / 8;
    define_varnode(
            parser, name, position, parent->varnode.space, parent->varnode.offset + byte, bits / 8);
    return true;
}

static void parse_bitrange(Parser *parser)
{
    while (!parser_accept(parser, ';')) {
        SourcePosition position = parser_here(parser);
        Name *name = parser_name(parser, "a bit range's name or ';'");
        parser_expect(parser, '=');
        Name *parent_name = parser_name(parser, "a register's name");
        Symbol *parent = parent_name->global;
        if (parent == NULL || parent->kind != SYMBOL_VARNODE)
            parser_fail(parser, position, "'%s' is not a register", parent_name->text);
        unsigned total = parent->varnode.bytes * 8;
        parser_expect(parser, '[');
        unsigned low = (unsigned)parser_integer(parser, total - 1, "the lowest bit");
        parser_expect(parser, ',');
        unsigned bits = (unsigned)parser_integer(parser, total - low, "the number of bits");
        parser_expect(parser, ']');
        if (bits == 0)
            parser_fail(parser, position, "a bit range has at least one bit");
        if (bitrange_as_varnode(parser, name, position, parent, low, bits))
            continue;
        Symbol *symbol = model_define(parser->compiler, SYMBOL_BITRANGE, name, position);
        symbol->bitrange.parent = parent;
        symbol->bitrange.low = low;
        symbol->bitrange.bits = bits;
    }
}

static void parse_pcodeop(Parser *parser)
{
    bool is_list = parser_accept(parser, '[');
    do {
        SourcePosition position = parser_here(parser);
        Name *name = parser_name(parser, "a user operation's name");
        Symbol *symbol = model_define(parser->compiler, SYMBOL_USEROP, name, position);
        symbol->userop = parser->compiler->model->userop_count++;
    } while (is_list && !parser_accept(parser, ']'));
    parser_expect(parser, ';');
}

static void parse_alignment(Parser *parser)
{
    parser_expect(parser, '=');
    SourcePosition position = parser_here(parser);
    unsigned alignment = (unsigned)parser_integer(parser, 1 << 16, "the alignment");
    if (alignment == 0)
        parser_fail(parser, position, "the alignment is at least 1");
    parser->compiler->model->alignment = alignment;
    parser_expect(parser, ';');
}

void parse_definition(Parser *parser)
{
    if (parser_accept_word(parser, "endian"))
        parser_fail(
                parser, parser_here(parser), "the endianness is defined once, at the beginning");
    if (parser_accept_word(parser, "alignment")) {
        parse_alignment(parser);
    } else if (parser_accept_word(parser, "space")) {
        parse_space(parser);
    } else if (parser_accept_word(parser, "token")) {
        parse_token(parser);
    } else if (parser_accept_word(parser, "context")) {
        parse_context(parser);
    } else if (parser_accept_word(parser, "bitrange")) {
        parse_bitrange(parser);
    } else if (parser_accept_word(parser, "pcodeop")) {
        parse_pcodeop(parser);
    } else {
        SourcePosition position = parser_here(parser);
        Name *name = parser_name(parser, "what to define");
        if (name->global == NULL || name->global->kind != SYMBOL_SPACE)
            parser_fail(parser, position,
                    "'%s' is neither a space nor something to define (alignment, space, token, "
                    "context, bitrange, pcodeop)",
                    name->text);
        parse_registers(parser, name->global->space);
    }
}
