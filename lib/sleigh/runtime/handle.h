/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_HANDLE_H
#define SLEIGH_HANDLE_H

#include "sleigh/runtime/decoder.h"

/* Constants of templates, with the handles of the constructor's operands. */
uint64_t handle_number(const Parse *parse, const Const *constant, const Handle *operands);
uint32_t handle_space(const Parse *parse, const Const *constant, const Handle *operands);

#endif
