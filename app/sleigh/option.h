/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_OPTION_H
#define SLEIGH_OPTION_H

#include <stdbool.h>
#include <stdint.h>

/* Arguments of one command, taken one after the other. */
typedef struct Options {
    int count;
    char **arguments;
    int next;
    const char *missing; /* an option whose value is missing, or NULL */
} Options;

/*
 * If the next argument is `name`, takes it and its value, which is the argument behind it, or
 * stands behind it: "-DX" for short names, "--base=0x10" for long ones. NULL: it is not, or (see
 * `missing`) the value is not there.
 */
const char *option_value(Options *options, const char *name);
bool option_flag(Options *options, const char *name);

/* "100", "0x64". False if it is not a number or does not fit. */
bool option_number(const char *text, uint64_t *ret);

#endif
