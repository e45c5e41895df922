/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_LIMITS_H
#define SLEIGH_LIMITS_H

/*
 * Every bound of the SLEIGH engine, by name. Specifications, .sla files and processor files come
 * from outside; whatever exceeds one of these ends in an error that names the limit.
 */

/* Specifications (the compiler). */
#define SLEIGH_LIMIT_SOURCE_BYTES (64u << 20) /* one compilation, all files together */
#define SLEIGH_LIMIT_FILES 1024u              /* inclusions of one compilation */
#define SLEIGH_LIMIT_INCLUDE_DEPTH 32u
#define SLEIGH_LIMIT_SELF_INCLUDE 3u /* with conditions around it, it may be meant */
#define SLEIGH_LIMIT_CONDITION_DEPTH 64u
#define SLEIGH_LIMIT_EXPANSION_DEPTH 32u   /* $(NAME) inside the value of a name */
#define SLEIGH_LIMIT_EXPANSIONS (1u << 22) /* $(NAME) in one compilation */
#define SLEIGH_LIMIT_NESTING 500u          /* parentheses, unary operators, with blocks */
#define SLEIGH_LIMIT_ERRORS 200u           /* errors reported before the compiler stops */
#define SLEIGH_LIMIT_COMPILE_BYTES (1u << 30)
#define SLEIGH_LIMIT_CONSTRUCTORS (1u << 18)
#define SLEIGH_LIMIT_DISJUNCTS (1u << 17) /* alternatives of one constructor's pattern */
#define SLEIGH_LIMIT_ALL_DISJUNCTS (1u << 20)
#define SLEIGH_LIMIT_CONSTRAINT_BITS 24u /* of fields whose values are tried one by one */
#define SLEIGH_LIMIT_FIELD_BITS 64u
#define SLEIGH_LIMIT_ATTACH_BITS 16u /* width of a field that gets an attach list */
#define SLEIGH_LIMIT_MACRO_DEPTH 32u
#define SLEIGH_LIMIT_TEMPLATE_OPS (1u << 16)
#define SLEIGH_LIMIT_NAME_LIST (1u << 17)

/* Both sides. */
#define SLEIGH_LIMIT_PATTERN_BYTES 32u
#define SLEIGH_LIMIT_CONTEXT_WORDS 8u
#define SLEIGH_LIMIT_OPERANDS 64u

/* Compiled files (the loader). */
#define SLEIGH_LIMIT_SLA_BYTES (64u << 20) /* inflated */
#define SLEIGH_LIMIT_SYMBOLS (1u << 20)
#define SLEIGH_LIMIT_SPACES 64u
#define SLEIGH_LIMIT_TREE_DEPTH 512u /* decision tree */
#define SLEIGH_LIMIT_EXPRESSION_DEPTH 64u
#define SLEIGH_LIMIT_EXPRESSION_NODES (1u << 22)
#define SLEIGH_LIMIT_SECTIONS 256u

/* Decoding. */
#define SLEIGH_LIMIT_INSTRUCTION_BYTES 16u /* read per instruction */
#define SLEIGH_LIMIT_PARSE_DEPTH 32u
#define SLEIGH_LIMIT_PARSE_NODES 256u
#define SLEIGH_LIMIT_COMMITS 64u
#define SLEIGH_LIMIT_LIFT_OPS (1u << 16) /* of one instruction */
#define SLEIGH_LIMIT_LABELS 4096u
#define SLEIGH_LIMIT_TEXT_BYTES 1024u
#define SLEIGH_LIMIT_DELAY_INSTRUCTIONS 8u

/* The emulator. */
#define SLEIGH_LIMIT_EMULATOR_BYTES                                                                \
    (64u << 20)                               /* of a register space; pages are used on demand     \
                                               */
#define SLEIGH_LIMIT_EMULATOR_LOOP (1u << 24) /* jumps within one instruction */

/* Processor files (.ldefs, .pspec, .cspec). */
#define SLEIGH_LIMIT_XML_BYTES (16u << 20)
#define SLEIGH_LIMIT_XML_DEPTH 64u
#define SLEIGH_LIMIT_XML_ATTRIBUTES 64u

#endif
