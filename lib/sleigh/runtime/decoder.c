/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/decoder.h"

#include "core/error.h"
#include "sleigh/runtime/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_SEGMENTS = 1 << 22 };

ProStatus pro_sleigh_decoder_new(
        ProSleighLanguage *language, ProSleighDecoder **ret_decoder, ProError *reterr)
{
    ProSleighDecoder *decoder = calloc(1, sizeof *decoder);
    if (decoder != NULL) {
        decoder->parse = calloc(1, sizeof *decoder->parse);
        decoder->segments = calloc(16, sizeof *decoder->segments);
    }
    if (decoder == NULL || decoder->parse == NULL || decoder->segments == NULL) {
        if (decoder != NULL) {
            free(decoder->parse);
            free(decoder->segments);
        }
        free(decoder);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a decoder");
    }
    decoder->language = pro_sleigh_language_ref(language);
    decoder->segment_capacity = 16;
    decoder->segment_count = 1;
    memcpy(decoder->segments[0].words, language->default_context, sizeof language->default_context);
    decoder->parse->outcome = PRO_SLEIGH_INVALID;
    *ret_decoder = decoder;
    return PRO_OK;
}

void pro_sleigh_decoder_free(ProSleighDecoder *decoder)
{
    if (decoder == NULL)
        return;
    for (size_t i = 0; i < SLEIGH_LIMIT_DELAY_INSTRUCTIONS; i++)
        free(decoder->delayed[i]);
    pro_sleigh_language_unref(decoder->language);
    free(decoder->segments);
    free(decoder->parse);
    free(decoder->ops);
    free(decoder->varnodes);
    free(decoder->labels);
    free(decoder->fixes);
    free(decoder);
}

/* ---- context by address ---- */

/* The last segment that begins at or before `address`. */
static size_t find_segment(const ProSleighDecoder *decoder, uint64_t address)
{
    size_t low = 0, high = decoder->segment_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (decoder->segments[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const uint32_t *context_at(const ProSleighDecoder *decoder, uint64_t address)
{
    return decoder->segments[find_segment(decoder, address)].words;
}

/* Makes a segment begin at `address`; SIZE_MAX without memory. */
static size_t split_segment(ProSleighDecoder *decoder, uint64_t address)
{
    size_t index = find_segment(decoder, address);
    if (decoder->segments[index].address == address)
        return index;
    if (decoder->segment_count == decoder->segment_capacity) {
        size_t capacity = decoder->segment_capacity * 2;
        ContextSegment *grown = capacity > LARGEST_SEGMENTS
                                        ? NULL
                                        : realloc(decoder->segments, capacity * sizeof *grown);
        if (grown == NULL)
            return SIZE_MAX;
        decoder->segments = grown;
        decoder->segment_capacity = capacity;
    }
    ContextSegment *segment = &decoder->segments[index + 1];
    memmove(segment + 1, segment, (decoder->segment_count - index - 1) * sizeof *segment);
    *segment = decoder->segments[index];
    segment->address = address;
    memset(segment->explicit_bits, 0, sizeof segment->explicit_bits);
    decoder->segment_count++;
    return index + 1;
}

ProStatus context_set(ProSleighDecoder *decoder, uint64_t address, uint32_t word, uint32_t mask,
        uint32_t value, bool flows)
{
    if (!flows && address != UINT64_MAX && split_segment(decoder, address + 1) == SIZE_MAX)
        return PRO_ERR_NO_MEMORY;
    size_t first = split_segment(decoder, address);
    if (first == SIZE_MAX)
        return PRO_ERR_NO_MEMORY;
    decoder->segments[first].explicit_bits[word] |= mask;
    for (size_t i = first; i < decoder->segment_count; i++) {
        ContextSegment *segment = &decoder->segments[i];
        if (i > first && (!flows || (segment->explicit_bits[word] & mask) != 0))
            break;
        segment->words[word] = (segment->words[word] & ~mask) | (value & mask);
    }
    return PRO_OK;
}

ProStatus pro_sleigh_decoder_set_context(ProSleighDecoder *decoder, const char *name,
        uint64_t address, uint64_t value, ProError *reterr)
{
    const ProSleighLanguage *language = decoder->language;
    const Sym *sym = language_context_variable(language, name);
    if (sym == NULL)
        return error_set(
                reterr, PRO_ERR_NOT_FOUND, "the language has no context variable '%s'", name);
    const Expr *field = &language->exprs[sym->expr];
    unsigned last_bit = field->last_byte * 8u + 7u - field->shift;
    unsigned low = 31 - last_bit % 32;
    uint64_t mask = ((uint64_t)1 << field->bits) - 1;
    ProStatus status = context_set(decoder, address, last_bit / 32, (uint32_t)(mask << low),
            (uint32_t)((value & mask) << low), sym->kind != SYM_CONTEXT || sym->flows);
    return status == PRO_OK ? PRO_OK : error_set(reterr, status, "no memory for context changes");
}

static uint64_t commit_address(ProSleighDecoder *decoder, Parse *parse, const Commit *commit)
{
    const ProSleighLanguage *language = decoder->language;
    const Sym *sym = &language->syms[commit->change->expr];
    const Node *node = &parse->nodes[commit->node];
    uint32_t word_bytes = language->spaces[language->default_space].word_bytes;
    if (sym->kind == SYM_OPERAND) {
        parse_handles(parse);
        if (sym->index >= node->ctor->operand_count)
            return parse->address;
        const Handle *handle = &parse->handles[node->first_child + sym->index];
        return handle->space == PRO_SPACE_CONST ? handle->offset * word_bytes : handle->offset;
    }
    if (sym->kind == SYM_NEXT)
        return parse->next;
    if (sym->kind == SYM_NEXT2)
        return parse->next2;
    if (sym->kind == SYM_VARNODE)
        return sym->place.offset;
    if (sym->kind >= SYM_VALUE && sym->kind <= SYM_CONTEXT)
        return (uint64_t)parse_evaluate(parse, commit->node, node->offset, sym->expr, 0) *
               word_bytes;
    return parse->address;
}

static ProStatus run_commits(ProSleighDecoder *decoder, Parse *parse)
{
    ProStatus status = PRO_OK;
    for (uint32_t i = 0; status == PRO_OK && i < parse->commit_count; i++) {
        const Commit *commit = &parse->commits[i];
        uint64_t address = parse_wrap(decoder->language, decoder->language->default_space,
                commit_address(decoder, parse, commit));
        status = context_set(decoder, address, commit->change->word, commit->change->mask,
                commit->value, commit->change->flows);
    }
    return status;
}

/* Takes apart what stands in the delay slots; the fall-through moves behind it. */
static ProStatus parse_delay_slots(ProSleighDecoder *decoder)
{
    Parse *parse = decoder->parse;
    uint32_t wanted = parse->delay;
    uint32_t offset = parse->length;
    uint32_t done = 0;
    while (done < wanted && decoder->delayed_count < SLEIGH_LIMIT_DELAY_INSTRUCTIONS) {
        Parse **slot = &decoder->delayed[decoder->delayed_count];
        if (*slot == NULL && (*slot = calloc(1, sizeof **slot)) == NULL)
            return PRO_ERR_NO_MEMORY;
        size_t left = offset < decoder->window_size ? decoder->window_size - offset : 0;
        uint64_t address = parse_wrap(
                decoder->language, decoder->language->default_space, parse->address + offset);
        parse_instruction(*slot, decoder->language, address,
                decoder->window + (left == 0 ? 0 : offset), left, context_at(decoder, address));
        if ((*slot)->outcome != PRO_SLEIGH_DECODED) {
            parse->outcome = (*slot)->outcome;
            return PRO_OK;
        }
        if ((*slot)->commit_count > 0 && run_commits(decoder, *slot) != PRO_OK)
            return PRO_ERR_NO_MEMORY;
        decoder->delayed_count++;
        done += (*slot)->length;
        offset += (*slot)->length;
    }
    parse->tpl_next = parse_wrap(
            decoder->language, decoder->language->default_space, parse->address + offset);
    return PRO_OK;
}

/* inst_next2: the end of the instruction behind this one, if it can be taken apart. */
static ProStatus find_next2(ProSleighDecoder *decoder, uint32_t fall_through)
{
    Parse *parse = decoder->parse;
    Parse **slot = &decoder->delayed[SLEIGH_LIMIT_DELAY_INSTRUCTIONS - 1];
    if (decoder->delayed_count == SLEIGH_LIMIT_DELAY_INSTRUCTIONS ||
            fall_through >= decoder->window_size)
        return PRO_OK;
    if (*slot == NULL && (*slot = calloc(1, sizeof **slot)) == NULL)
        return PRO_ERR_NO_MEMORY;
    parse_instruction(*slot, decoder->language, parse->tpl_next, decoder->window + fall_through,
            decoder->window_size - fall_through, context_at(decoder, parse->tpl_next));
    if ((*slot)->outcome == PRO_SLEIGH_DECODED)
        parse->next2 = (*slot)->next;
    return PRO_OK;
}

ProStatus pro_sleigh_decode(ProSleighDecoder *decoder, uint64_t address, const void *bytes,
        size_t size, ProSleighInstruction *ret_instruction)
{
    Parse *parse = decoder->parse;
    address = parse_wrap(decoder->language, decoder->language->default_space, address);
    decoder->window_size = 0;
    if (decoder->language->looks_behind && size > 0) {
        decoder->window_size = size < WINDOW_BYTES ? size : WINDOW_BYTES;
        memcpy(decoder->window, bytes, decoder->window_size);
    }
    decoder->delayed_count = 0;
    parse_instruction(parse, decoder->language, address, bytes, size, context_at(decoder, address));
    ProStatus status = PRO_OK;
    if (parse->outcome == PRO_SLEIGH_DECODED && parse->commit_count > 0)
        status = run_commits(decoder, parse);
    if (status == PRO_OK && parse->outcome == PRO_SLEIGH_DECODED && parse->delay > 0)
        status = parse_delay_slots(decoder);
    *ret_instruction = (ProSleighInstruction){.outcome = parse->outcome, .address = address};
    if (parse->outcome == PRO_SLEIGH_DECODED) {
        ret_instruction->length = parse->length;
        ret_instruction->fall_through = (uint32_t)(parse->tpl_next - address);
        if (status == PRO_OK && decoder->language->uses_next2)
            status = find_next2(decoder, ret_instruction->fall_through);
    }
    return status;
}

/* ---- text ---- */

typedef struct Printer {
    Parse *parse;
    char *text;
    size_t length;
} Printer;

static void print_text(Printer *printer, const char *text)
{
    size_t left = SLEIGH_LIMIT_TEXT_BYTES - 1 - printer->length;
    size_t length = strnlen(text, left);
    memcpy(printer->text + printer->length, text, length);
    printer->length += length;
    printer->text[printer->length] = 0;
}

static void print_number(Printer *printer, int64_t value)
{
    char text[24];
    char *cursor = text + sizeof text - 1;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *cursor = 0;
    do {
        *--cursor = "0123456789abcdef"[magnitude & 15];
        magnitude >>= 4;
    } while (magnitude != 0);
    *--cursor = 'x';
    *--cursor = '0';
    if (value < 0)
        *--cursor = '-';
    print_text(printer, cursor);
}

static void print_pieces(Printer *printer, uint32_t node, uint32_t first, uint32_t last);

static void print_operand(Printer *printer, uint32_t index)
{
    Parse *parse = printer->parse;
    const ProSleighLanguage *language = parse->language;
    const Node *node = &parse->nodes[index];
    if (node->ctor != NULL) {
        print_pieces(printer, index, 0, node->ctor->piece_count);
        return;
    }
    switch (node->operand->kind) {
    case OPERAND_REGISTER:
        print_text(printer, language->syms[node->operand->first].name);
        break;
    case OPERAND_NAMES:
        print_text(printer, language->names[node->entry]);
        break;
    case OPERAND_VARLIST:
        print_text(printer, language->syms[language->links[node->entry]].name);
        break;
    case OPERAND_VALUEMAP:
        print_number(printer, language->values[node->entry]);
        break;
    case OPERAND_START:
        print_number(printer, (int64_t)parse->address);
        break;
    case OPERAND_NEXT:
        print_number(printer, (int64_t)parse->next);
        break;
    case OPERAND_NEXT2:
        print_number(printer, (int64_t)parse->next2);
        break;
    default:
        print_number(printer, parse_node_value(parse, index));
    }
}

static void print_pieces(Printer *printer, uint32_t index, uint32_t first, uint32_t last)
{
    const Node *node = &printer->parse->nodes[index];
    const Piece *pieces = printer->parse->language->pieces + node->ctor->pieces;
    for (uint32_t i = first; i < last; i++) {
        if (pieces[i].text != NULL)
            print_text(printer, pieces[i].text);
        else
            print_operand(printer, node->first_child + pieces[i].operand);
    }
}

/* The constructor that has mnemonic and operands: the root's, or that of its only operand. */
static uint32_t text_node(const Parse *parse)
{
    uint32_t index = 0;
    for (;;) {
        const Node *node = &parse->nodes[index];
        const Piece *pieces = parse->language->pieces + node->ctor->pieces;
        if (node->ctor->piece_count != 1 || pieces[0].text != NULL)
            return index;
        uint32_t child = node->first_child + pieces[0].operand;
        if (parse->nodes[child].ctor == NULL)
            return index;
        index = child;
    }
}

ProStatus pro_sleigh_text(
        ProSleighDecoder *decoder, const char **ret_mnemonic, const char **ret_body)
{
    if (decoder->parse->outcome != PRO_SLEIGH_DECODED)
        return PRO_ERR_INVALID;
    uint32_t index = text_node(decoder->parse);
    const Ctor *ctor = decoder->parse->nodes[index].ctor;
    uint32_t split = ctor->first_space < 0 ? ctor->piece_count : (uint32_t)ctor->first_space;
    Printer mnemonic = {.parse = decoder->parse, .text = decoder->mnemonic};
    Printer body = {.parse = decoder->parse, .text = decoder->body};
    decoder->mnemonic[0] = decoder->body[0] = 0;
    print_pieces(&mnemonic, index, 0, split);
    if (split < ctor->piece_count)
        print_pieces(&body, index, split + 1, ctor->piece_count);
    *ret_mnemonic = decoder->mnemonic;
    *ret_body = decoder->body;
    return PRO_OK;
}
