/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_PARSE_SEMANTIC_H
#define SLEIGH_PARSE_SEMANTIC_H

#include "sleigh/compiler/parser.h"

/* Terms of the semantic sections; shared by the two files that parse them. */
Term *parse_term(Parser *parser);
Term **parse_arguments(Parser *parser, size_t *ret_count); /* behind "(", to the ")" included */
unsigned parse_byte_count(Parser *parser);
void parse_bit_range(Parser *parser, unsigned *ret_low, unsigned *ret_bits);   /* behind "[" */
void parse_dereference(Parser *parser, Name **ret_space, unsigned *ret_bytes); /* behind "*" */

#endif
