/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_DECODER_H
#define SLEIGH_DECODER_H

#include "core/buffer.h"
#include "sleigh/runtime/language.h"

/* One instruction taken apart, and what a decoder keeps between its calls. */

typedef struct Node {
    const Ctor *ctor;       /* NULL: no table */
    const Operand *operand; /* NULL: the root */
    uint32_t offset;        /* from the instruction's start */
    uint32_t length;
    uint32_t parent;
    union {
        uint32_t first_child; /* of a table: children are neighbours */
        uint32_t entry; /* of attached values, names, registers: the index of what was chosen */
    };
} Node;

typedef struct Commit {
    const Change *change;
    uint32_t value;
    uint32_t node;
} Commit;

/* Both have room for what is read beyond their ends in one go. */
enum { PARSE_BYTES = 72, CONTEXT_BYTES = 4 * SLEIGH_LIMIT_CONTEXT_WORDS + 16 };

typedef struct Parse {
    const ProSleighLanguage *language;
    ProSleighOutcome outcome;
    uint64_t address;
    uint64_t next; /* behind the instruction itself */
    uint64_t next2;
    uint64_t tpl_start; /* inst_start in templates: `address`, or that of the crossbuilding one */
    uint64_t tpl_next;  /* inst_next in templates: behind the delay slots */
    uint32_t length;
    uint32_t delay;
    uint32_t available; /* bytes that are known */
    uint32_t touched;   /* bytes that the decision depends on */
    uint32_t node_count;
    uint32_t commit_count;
    uint32_t depth;
    bool handles_known;
    uint8_t context[CONTEXT_BYTES]; /* words, big endian: its bits are numbered as those of bytes */
    uint8_t bytes[PARSE_BYTES];
    Node nodes[SLEIGH_LIMIT_PARSE_NODES];
    Handle handles[SLEIGH_LIMIT_PARSE_NODES];
    Commit commits[SLEIGH_LIMIT_COMMITS];
} Parse;

/* The context from `address` on, up to the next segment. */
typedef struct ContextSegment {
    uint64_t address;
    uint32_t words[SLEIGH_LIMIT_CONTEXT_WORDS];
    uint32_t explicit_bits[SLEIGH_LIMIT_CONTEXT_WORDS]; /* set here, not flowed here */
} ContextSegment;

typedef struct LabelFix {
    uint32_t op;
    uint32_t label;
} LabelFix;

enum { WINDOW_BYTES = 160 };

struct ProSleighDecoder {
    ProSleighLanguage *language;
    ContextSegment *segments; /* by address; the first at 0 */
    size_t segment_count;
    size_t segment_capacity;
    Parse *parse;
    Parse *delayed[SLEIGH_LIMIT_DELAY_INSTRUCTIONS];
    uint32_t delayed_count;
    uint8_t window[WINDOW_BYTES]; /* what follows the instruction's first byte */
    size_t window_size;
    char mnemonic[SLEIGH_LIMIT_TEXT_BYTES];
    char body[SLEIGH_LIMIT_TEXT_BYTES];
    ProPcodeOp *ops;
    size_t op_count;
    size_t op_capacity;
    ProVarnode *varnodes;
    size_t varnode_count;
    size_t varnode_capacity;
    uint32_t *labels;
    size_t label_count;
    size_t label_capacity;
    LabelFix *fixes;
    size_t fix_count;
    size_t fix_capacity;
};

void parse_instruction(Parse *parse, const ProSleighLanguage *language, uint64_t address,
        const uint8_t *bytes, size_t size, const uint32_t *context);
int64_t parse_evaluate(Parse *parse, uint32_t node, uint32_t offset, uint32_t expr, unsigned depth);
/* The value of a node that is no table. */
int64_t parse_node_value(Parse *parse, uint32_t node);
uint64_t parse_wrap(const ProSleighLanguage *language, uint32_t space, uint64_t offset);
void parse_handles(Parse *parse);

const uint32_t *context_at(const ProSleighDecoder *decoder, uint64_t address);
ProStatus context_set(ProSleighDecoder *decoder, uint64_t address, uint32_t word, uint32_t mask,
        uint32_t value, bool flows);

#endif
