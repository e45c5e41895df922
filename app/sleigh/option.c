/* SPDX-License-Identifier: Apache-2.0 */
#include "option.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool option_flag(Options *options, const char *name)
{
    if (options->next >= options->count || strcmp(options->arguments[options->next], name) != 0)
        return false;
    options->next++;
    return true;
}

const char *option_value(Options *options, const char *name)
{
    if (options->next >= options->count)
        return NULL;
    const char *argument = options->arguments[options->next];
    size_t length = strlen(name);
    bool is_long = name[1] == '-';
    if (strncmp(argument, name, length) != 0)
        return NULL;
    if (argument[length] != 0) {
        if (is_long && argument[length] != '=')
            return NULL;
        options->next++;
        return argument + length + (is_long ? 1 : 0);
    }
    if (options->next + 1 >= options->count) {
        options->missing = name;
        return NULL;
    }
    options->next += 2;
    return options->arguments[options->next - 1];
}

bool option_number(const char *text, uint64_t *ret)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (errno != 0 || *end != 0)
        return false;
    *ret = value;
    return true;
}
