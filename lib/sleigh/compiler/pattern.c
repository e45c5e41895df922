/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/pattern.h"

#include <string.h>

Pattern pattern_true(Compiler *compiler)
{
    return (Pattern){.disjuncts = compiler_alloc(compiler, sizeof(Disjunct)), .count = 1};
}

Pattern pattern_of_field(Compiler *compiler, const Field *field)
{
    Pattern pattern = pattern_true(compiler);
    if (field->token != NULL) {
        pattern.tokens = compiler_alloc(compiler, sizeof *pattern.tokens);
        pattern.tokens[0] = field->token;
        pattern.token_count = 1;
        pattern.bytes = field->token->bytes;
    }
    return pattern;
}

bool disjunct_specializes(const Disjunct *special, const Disjunct *general)
{
    for (size_t i = 0; i < SLEIGH_LIMIT_CONTEXT_WORDS; i++) {
        uint32_t mask = general->context_mask[i];
        if ((special->context_mask[i] & mask) != mask ||
                ((special->context_value[i] ^ general->context_value[i]) & mask) != 0)
            return false;
    }
    for (size_t i = 0; i < SLEIGH_LIMIT_PATTERN_BYTES; i++) {
        uint8_t mask = general->mask[i];
        if ((special->mask[i] & mask) != mask ||
                ((special->value[i] ^ general->value[i]) & mask) != 0)
            return false;
    }
    return true;
}

/* False if the two exclude each other. `target` may be one of them. */
static bool merge_disjuncts(Disjunct *target, const Disjunct *left, const Disjunct *right)
{
    for (size_t i = 0; i < SLEIGH_LIMIT_CONTEXT_WORDS; i++) {
        uint32_t both = left->context_mask[i] & right->context_mask[i];
        if (((left->context_value[i] ^ right->context_value[i]) & both) != 0)
            return false;
        target->context_value[i] = left->context_value[i] | right->context_value[i];
        target->context_mask[i] = left->context_mask[i] | right->context_mask[i];
    }
    for (size_t i = 0; i < SLEIGH_LIMIT_PATTERN_BYTES; i++) {
        unsigned both = left->mask[i] & right->mask[i];
        if (((unsigned)(left->value[i] ^ right->value[i]) & both) != 0)
            return false;
        target->value[i] = left->value[i] | right->value[i];
        target->mask[i] = left->mask[i] | right->mask[i];
    }
    return true;
}

static bool has_instruction_bits(const Pattern *pattern)
{
    for (size_t i = 0; i < pattern->count; i++)
        for (size_t byte = 0; byte < SLEIGH_LIMIT_PATTERN_BYTES; byte++)
            if (pattern->disjuncts[i].mask[byte] != 0)
                return true;
    return false;
}

/* A copy whose instruction bits stand `bytes` further to the right. */
static Pattern shift_right(
        Compiler *compiler, SourcePosition position, const Pattern *pattern, unsigned bytes)
{
    Pattern shifted = *pattern;
    if (bytes == 0)
        return shifted;
    shifted.disjuncts =
            compiler_copy(compiler, pattern->disjuncts, pattern->count * sizeof(Disjunct));
    for (size_t i = 0; i < shifted.count; i++) {
        Disjunct *disjunct = &shifted.disjuncts[i];
        for (size_t byte = 0; byte < SLEIGH_LIMIT_PATTERN_BYTES; byte++)
            if (disjunct->mask[byte] != 0 && byte + bytes >= SLEIGH_LIMIT_PATTERN_BYTES)
                compiler_limit(compiler, position, "bytes of a pattern, SLEIGH_LIMIT_PATTERN_BYTES",
                        SLEIGH_LIMIT_PATTERN_BYTES);
        if (bytes < SLEIGH_LIMIT_PATTERN_BYTES) {
            memmove(disjunct->mask + bytes, disjunct->mask, SLEIGH_LIMIT_PATTERN_BYTES - bytes);
            memmove(disjunct->value + bytes, disjunct->value, SLEIGH_LIMIT_PATTERN_BYTES - bytes);
        }
        memset(disjunct->mask, 0,
                bytes < SLEIGH_LIMIT_PATTERN_BYTES ? bytes : SLEIGH_LIMIT_PATTERN_BYTES);
        memset(disjunct->value, 0,
                bytes < SLEIGH_LIMIT_PATTERN_BYTES ? bytes : SLEIGH_LIMIT_PATTERN_BYTES);
    }
    return shifted;
}

static void count_disjuncts(Compiler *compiler, SourcePosition position, size_t count)
{
    if (count > SLEIGH_LIMIT_DISJUNCTS)
        compiler_limit(compiler, position, "alternatives of a pattern, SLEIGH_LIMIT_DISJUNCTS",
                SLEIGH_LIMIT_DISJUNCTS);
}

static void multiply(Compiler *compiler, SourcePosition position, Pattern *result,
        const Pattern *left, const Pattern *right)
{
    if (left->count != 0 && right->count > SLEIGH_LIMIT_DISJUNCTS / left->count)
        count_disjuncts(compiler, position, SIZE_MAX);
    result->disjuncts =
            compiler_alloc_array(compiler, left->count * right->count, sizeof(Disjunct));
    result->count = 0;
    for (size_t i = 0; i < left->count; i++)
        for (size_t k = 0; k < right->count; k++)
            if (merge_disjuncts(&result->disjuncts[result->count], &left->disjuncts[i],
                        &right->disjuncts[k]))
                result->count++;
    for (size_t i = result->count; i < left->count * right->count; i++)
        memset(&result->disjuncts[i], 0, sizeof(Disjunct));
}

static void take_tokens(Pattern *result, const Pattern *from)
{
    result->tokens = from->tokens;
    result->token_count = from->token_count;
    result->bytes = from->bytes;
}

static void check_tokens(Compiler *compiler, SourcePosition position, const Pattern *left,
        const Pattern *right, bool from_right)
{
    size_t count = left->token_count < right->token_count ? left->token_count : right->token_count;
    for (size_t i = 0; i < count; i++) {
        const TokenType *a = left->tokens[from_right ? left->token_count - 1 - i : i];
        const TokenType *b = right->tokens[from_right ? right->token_count - 1 - i : i];
        if (a != b) {
            compiler_error(compiler, position,
                    "mismatched tokens: one side has a field of token '%s' where the other has "
                    "token '%s'; join fields of different tokens with ';'",
                    a->name->text, b->name->text);
            return;
        }
    }
}

/* Lines two patterns up that start (or end) at the same byte; the tokens and openness of both
 * together go to `result`. */
static void align(
        Compiler *compiler, SourcePosition position, Pattern *result, Pattern *left, Pattern *right)
{
    bool left_empty = left->token_count == 0 && !left->open_left && !left->open_right;
    bool right_empty = right->token_count == 0 && !right->open_left && !right->open_right;
    if (left_empty || right_empty) {
        const Pattern *from = left_empty ? right : left;
        take_tokens(result, from);
        result->open_left = from->open_left;
        result->open_right = from->open_right;
        return;
    }
    bool from_right = left->open_left || right->open_left;
    if (from_right && (left->open_right || right->open_right)) {
        compiler_error(
                compiler, position, "'...' on both sides: where the patterns line up is unclear");
        from_right = false;
    }
    check_tokens(compiler, position, left, right, from_right);
    const Pattern *longer = left->token_count >= right->token_count ? left : right;
    const Pattern *shorter = longer == left ? right : left;
    bool longer_open = from_right ? longer->open_left : longer->open_right;
    bool shorter_open = from_right ? shorter->open_left : shorter->open_right;
    bool same = longer->token_count == shorter->token_count;
    if (same && longer_open != shorter_open)
        compiler_error(compiler, position,
                "the pattern's size cannot vary here: one side is open ('...', or a table whose "
                "constructors differ in length) and the other is not; write '...' behind it, too");
    else if (!same && !shorter_open)
        compiler_error(compiler, position,
                "mismatched pattern sizes: one side has %zu tokens and the other %zu; write '...' "
                "behind the shorter, or join with ';'",
                left->token_count, right->token_count);
    take_tokens(result, longer);
    result->open_left = from_right && longer_open;
    result->open_right = !from_right && longer_open;
    if (from_right && left->bytes < result->bytes)
        *left = shift_right(compiler, position, left, result->bytes - left->bytes);
    if (from_right && right->bytes < result->bytes)
        *right = shift_right(compiler, position, right, result->bytes - right->bytes);
}

Pattern pattern_and(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right)
{
    Pattern result = {0};
    Pattern a = *left;
    Pattern b = *right;
    align(compiler, position, &result, &a, &b);
    multiply(compiler, position, &result, &a, &b);
    return result;
}

Pattern pattern_or(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right)
{
    Pattern result = {0};
    Pattern a = *left;
    Pattern b = *right;
    align(compiler, position, &result, &a, &b);
    count_disjuncts(compiler, position, a.count + b.count);
    result.disjuncts = compiler_alloc_array(compiler, a.count + b.count, sizeof(Disjunct));
    memcpy(result.disjuncts, a.disjuncts, a.count * sizeof(Disjunct));
    memcpy(result.disjuncts + a.count, b.disjuncts, b.count * sizeof(Disjunct));
    result.count = a.count + b.count;
    return result;
}

static void append_tokens(
        Compiler *compiler, SourcePosition position, Pattern *result, const Pattern *right)
{
    size_t count = result->token_count + right->token_count;
    const TokenType **tokens = compiler_alloc_array(compiler, count, sizeof *tokens);
    if (result->token_count > 0)
        memcpy(tokens, result->tokens, result->token_count * sizeof *tokens);
    if (right->token_count > 0)
        memcpy(tokens + result->token_count, right->tokens, right->token_count * sizeof *tokens);
    result->tokens = tokens;
    result->token_count = count;
    result->bytes += right->bytes;
    if (result->bytes > 1 << 16)
        compiler_limit(compiler, position, "bytes of a constructor", 1 << 16);
}

Pattern pattern_sequence(
        Compiler *compiler, SourcePosition position, const Pattern *left, const Pattern *right)
{
    Pattern result = {0};
    if (left->open_right || right->open_left) {
        bool keeps_left = left->open_right && !has_instruction_bits(right);
        bool keeps_right = right->open_left && !has_instruction_bits(left);
        if (!keeps_left && !keeps_right)
            compiler_error(compiler, position,
                    "interior ellipsis: what comes behind a part of variable length cannot have "
                    "fixed bits here; give it a table of its own");
        const Pattern *kept = keeps_right && !keeps_left ? right : left;
        take_tokens(&result, kept);
        result.open_left = kept->open_left;
        result.open_right = kept->open_right;
        multiply(compiler, position, &result, left, right);
        return result;
    }
    take_tokens(&result, left);
    result.open_left = left->open_left;
    result.open_right = right->open_right;
    append_tokens(compiler, position, &result, right);
    Pattern shifted = shift_right(compiler, position, right, left->bytes);
    multiply(compiler, position, &result, left, &shifted);
    return result;
}

static void keep_common_bits(Disjunct *kept, const Disjunct *other)
{
    for (size_t i = 0; i < SLEIGH_LIMIT_CONTEXT_WORDS; i++) {
        kept->context_mask[i] &=
                other->context_mask[i] & ~(kept->context_value[i] ^ other->context_value[i]);
        kept->context_value[i] &= kept->context_mask[i];
    }
    for (size_t i = 0; i < SLEIGH_LIMIT_PATTERN_BYTES; i++) {
        unsigned mask =
                kept->mask[i] & other->mask[i] & ~(unsigned)(kept->value[i] ^ other->value[i]);
        kept->mask[i] = (uint8_t)mask;
        kept->value[i] &= (uint8_t)mask;
    }
}

void pattern_intersect(
        Compiler *compiler, SourcePosition position, Pattern *so_far, const Pattern *other)
{
    bool from_right = so_far->open_left || other->open_left;
    if (from_right && (so_far->open_right || other->open_right))
        compiler_error(compiler, position,
                "one constructor of the table is open to the left and another to the right");
    size_t shorter =
            so_far->token_count < other->token_count ? so_far->token_count : other->token_count;
    size_t longer = so_far->token_count + other->token_count - shorter;
    size_t same = 0;
    const TokenType *const *a = so_far->tokens;
    const TokenType *const *b = other->tokens;
    while (same < shorter &&
            (from_right ? a[so_far->token_count - 1 - same] == b[other->token_count - 1 - same]
                        : a[same] == b[same]))
        same++;
    if (from_right && so_far->token_count > same)
        so_far->tokens += so_far->token_count - same;
    so_far->token_count = same;
    so_far->bytes = 0;
    for (size_t i = 0; i < same; i++)
        so_far->bytes += so_far->tokens[i]->bytes;
    so_far->open_left = from_right;
    so_far->open_right = !from_right && (so_far->open_right || other->open_right || same < longer);
    if (so_far->count == 0 && other->count > 0) {
        so_far->disjuncts = compiler_copy(compiler, other->disjuncts, sizeof(Disjunct));
        so_far->count = 1;
    }
    for (size_t i = 0; i < other->count; i++)
        keep_common_bits(&so_far->disjuncts[0], &other->disjuncts[i]);
    if (from_right && so_far->count > 0) {
        memset(so_far->disjuncts[0].mask, 0, SLEIGH_LIMIT_PATTERN_BYTES);
        memset(so_far->disjuncts[0].value, 0, SLEIGH_LIMIT_PATTERN_BYTES);
    }
}
