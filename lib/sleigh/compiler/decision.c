/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/constructor.h"
#include "sleigh/compiler/pattern.h"

#include <math.h>
#include <string.h>

enum { LARGEST_FIELD_BITS = 8, PATTERN_BITS = 8 * SLEIGH_LIMIT_PATTERN_BYTES };

typedef struct Choice {
    bool on_context;
    unsigned start_bit;
    unsigned bits;
    size_t fixed_by; /* patterns that fix the field */
    double score;
} Choice;

typedef struct DecisionWork {
    Compiler *compiler;
    unsigned context_bits;
    unsigned instruction_bits;
    unsigned depth;
} DecisionWork;

static unsigned extract_context(const uint32_t *words, unsigned start, unsigned bits)
{
    unsigned value = 0;
    for (unsigned bit = start; bit < start + bits; bit++)
        value = value << 1 | (words[bit / 32] >> (31 - bit % 32) & 1);
    return value;
}

static unsigned extract_bytes(const uint8_t *bytes, unsigned start, unsigned bits)
{
    unsigned byte = start / 8;
    unsigned window = (unsigned)bytes[byte] << 8;
    if (byte + 1 < SLEIGH_LIMIT_PATTERN_BYTES)
        window |= bytes[byte + 1];
    return window >> (16 - start % 8 - bits) & ((1u << bits) - 1);
}

static unsigned field_of_mask(
        const Disjunct *disjunct, bool on_context, unsigned start, unsigned bits)
{
    return on_context ? extract_context(disjunct->context_mask, start, bits)
                      : extract_bytes(disjunct->mask, start, bits);
}

static unsigned field_of_value(
        const Disjunct *disjunct, bool on_context, unsigned start, unsigned bits)
{
    return on_context ? extract_context(disjunct->context_value, start, bits)
                      : extract_bytes(disjunct->value, start, bits);
}

/* The entropy of the field's values over the patterns that fix it; -1 if one value has them all. */
static double score_field(const DecisionPair *pairs, size_t count, Choice *choice)
{
    uint32_t histogram[1 << LARGEST_FIELD_BITS] = {0};
    unsigned values = 1u << choice->bits;
    choice->fixed_by = 0;
    for (size_t i = 0; i < count; i++) {
        const Disjunct *disjunct = pairs[i].disjunct;
        if (field_of_mask(disjunct, choice->on_context, choice->start_bit, choice->bits) !=
                values - 1)
            continue;
        choice->fixed_by++;
        histogram[field_of_value(disjunct, choice->on_context, choice->start_bit, choice->bits)]++;
    }
    double score = 0;
    for (unsigned value = 0; value < values; value++) {
        if (histogram[value] == 0)
            continue;
        if (histogram[value] == count)
            return -1;
        double share = (double)histogram[value] / (double)choice->fixed_by;
        score -= share * log2(share);
    }
    return score;
}

static void try_single_bits(const DecisionWork *work, const DecisionPair *pairs, size_t count,
        bool on_context, Choice *best)
{
    unsigned total = on_context ? work->context_bits : work->instruction_bits;
    for (unsigned bit = 0; bit < total; bit++) {
        Choice choice = {.on_context = on_context, .start_bit = bit, .bits = 1};
        choice.score = score_field(pairs, count, &choice);
        if (choice.fixed_by < best->fixed_by)
            continue;
        bool more = choice.fixed_by > best->fixed_by;
        if (more ? choice.score > 0 : choice.score > best->score)
            *best = choice;
    }
}

static void try_wide_fields(const DecisionWork *work, const DecisionPair *pairs, size_t count,
        bool on_context, Choice *best)
{
    unsigned total = on_context ? work->context_bits : work->instruction_bits;
    size_t fixed[PATTERN_BITS] = {0};
    for (unsigned bit = 0; bit < total; bit++)
        for (size_t i = 0; i < count; i++)
            fixed[bit] += field_of_mask(pairs[i].disjunct, on_context, bit, 1);
    for (unsigned bits = 2; bits <= LARGEST_FIELD_BITS; bits++) {
        for (unsigned start = 0; start + bits <= total; start++) {
            bool possible = true;
            for (unsigned bit = start; possible && bit < start + bits; bit++)
                possible = fixed[bit] >= best->fixed_by;
            if (!possible)
                continue;
            Choice choice = {.on_context = on_context, .start_bit = start, .bits = bits};
            choice.score = score_field(pairs, count, &choice);
            if (choice.fixed_by < best->fixed_by || choice.score <= best->score)
                continue;
            choice.fixed_by = best->fixed_by; /* the threshold stays that of the single bits */
            *best = choice;
        }
    }
}

static void report_identical(
        Compiler *compiler, const DecisionPair *first, const DecisionPair *second)
{
    compiler_error(compiler, second->constructor->position,
            "this constructor of table '%s' has the same pattern as another one",
            second->constructor->table->name->text);
    compiler_note(compiler, first->constructor->position, "the other one is here");
}

/* Insertion: before the first pattern that the new one specialises, else at the end. */
static void make_terminal(
        Compiler *compiler, DecisionNode *node, const DecisionPair *pairs, size_t count)
{
    if (count == 0)
        return;
    node->pairs = compiler_alloc_array(compiler, count, sizeof *node->pairs);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t place = used;
        bool duplicate = false;
        for (size_t k = used; k > 0; k--) {
            const DecisionPair *other = &node->pairs[k - 1];
            if (!disjunct_specializes(pairs[i].disjunct, other->disjunct))
                continue;
            place = k - 1;
            if (!disjunct_specializes(other->disjunct, pairs[i].disjunct))
                continue;
            duplicate = true;
            if (other->constructor != pairs[i].constructor)
                report_identical(compiler, other, &pairs[i]);
        }
        if (duplicate)
            continue;
        memmove(&node->pairs[place + 1], &node->pairs[place], (used - place) * sizeof *node->pairs);
        node->pairs[place] = pairs[i];
        used++;
    }
    node->pair_count = used;
}

static DecisionNode *build_node(DecisionWork *work, const DecisionPair *pairs, size_t count);

static void split_node(
        DecisionWork *work, DecisionNode *node, const DecisionPair *pairs, size_t count)
{
    Compiler *compiler = work->compiler;
    unsigned values = 1u << node->bits;
    node->children = compiler_alloc_array(compiler, values, sizeof *node->children);
    DecisionPair *chosen = compiler_alloc_array(compiler, count, sizeof *chosen);
    for (unsigned value = 0; value < values; value++) {
        size_t chosen_count = 0;
        for (size_t i = 0; i < count; i++) {
            const Disjunct *disjunct = pairs[i].disjunct;
            unsigned mask = field_of_mask(disjunct, node->on_context, node->start_bit, node->bits);
            unsigned fixed =
                    field_of_value(disjunct, node->on_context, node->start_bit, node->bits);
            if ((value & mask) == fixed)
                chosen[chosen_count++] = pairs[i];
        }
        node->children[value] = build_node(work, chosen, chosen_count);
    }
}

static DecisionNode *build_node(DecisionWork *work, const DecisionPair *pairs, size_t count)
{
    DecisionNode *node = compiler_alloc(work->compiler, sizeof *node);
    Choice best = {.fixed_by = 1};
    node->pair_count = count;
    if (count > 1) {
        try_single_bits(work, pairs, count, true, &best);
        try_single_bits(work, pairs, count, false, &best);
        try_wide_fields(work, pairs, count, true, &best);
        try_wide_fields(work, pairs, count, false, &best);
    }
    if (best.score <= 0) {
        make_terminal(work->compiler, node, pairs, count);
        return node;
    }
    if (++work->depth > SLEIGH_LIMIT_TREE_DEPTH)
        compiler_limit(work->compiler, pairs[0].constructor->position,
                "depth of a decision tree, SLEIGH_LIMIT_TREE_DEPTH", SLEIGH_LIMIT_TREE_DEPTH);
    node->on_context = best.on_context;
    node->start_bit = best.start_bit;
    node->bits = best.bits;
    split_node(work, node, pairs, count);
    work->depth--;
    return node;
}

static unsigned longest_pattern(const DecisionPair *pairs, size_t count)
{
    unsigned bytes = 0;
    for (size_t i = 0; i < count; i++)
        for (unsigned byte = bytes; byte < SLEIGH_LIMIT_PATTERN_BYTES; byte++)
            if (pairs[i].disjunct->mask[byte] != 0)
                bytes = byte + 1;
    return bytes;
}

DecisionNode *decision_build(Compiler *compiler, const Table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++)
        count += table->constructors[i]->pattern.count;
    DecisionPair *pairs = compiler_alloc_array(compiler, count, sizeof *pairs);
    size_t used = 0;
    for (size_t i = 0; i < table->count; i++) {
        const Constructor *constructor = table->constructors[i];
        for (size_t k = 0; k < constructor->pattern.count; k++)
            pairs[used++] = (DecisionPair){&constructor->pattern.disjuncts[k], constructor};
    }
    DecisionWork work = {.compiler = compiler,
            .context_bits = compiler->model->context_bits,
            .instruction_bits = 8 * longest_pattern(pairs, used)};
    return build_node(&work, pairs, used);
}
