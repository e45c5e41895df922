/* SPDX-License-Identifier: Apache-2.0 */
#include <promp/pcode.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
#define PRO_PCODE(code, name, output, least, most) [code] = #name,
#include <promp/pcode.def>
#undef PRO_PCODE
};

const char *pro_pcode_name(unsigned code)
{
    return code < sizeof code_names / sizeof code_names[0] ? code_names[code] : NULL;
}

unsigned pro_pcode_code(const char *name, size_t length)
{
    for (unsigned code = 0; code < sizeof code_names / sizeof code_names[0]; code++)
        if (code_names[code] != NULL && strlen(code_names[code]) == length &&
                memcmp(code_names[code], name, length) == 0)
            return code;
    return 0;
}

typedef struct Output {
    char *text;
    size_t capacity;
    size_t length; /* wanted; may lie beyond the capacity */
} Output;

static void put(Output *output, const char *text)
{
    for (; *text != 0; text++, output->length++)
        if (output->length + 1 < output->capacity)
            output->text[output->length] = *text;
}

static void put_varnode(
        Output *output, const ProVarnode *varnode, const ProSpace *spaces, size_t space_count)
{
    char number[64];
    put(output, "(");
    put(output, varnode->space < space_count ? spaces[varnode->space].name : "?");
    (void)snprintf(
            number, sizeof number, ",0x%" PRIx64 ",%" PRIu32 ")", varnode->offset, varnode->size);
    put(output, number);
}

size_t pro_pcode_print(const ProPcodeOp *op, const ProSpace *spaces, size_t space_count, char *text,
        size_t capacity)
{
    Output output = {text, capacity, 0};
    const char *name = pro_pcode_name(op->code);
    if (op->output.size != 0) {
        put_varnode(&output, &op->output, spaces, space_count);
        put(&output, " = ");
    }
    put(&output, name == NULL ? "?" : name);
    for (unsigned i = 0; i < op->input_count; i++) {
        put(&output, i == 0 ? " " : ", ");
        put_varnode(&output, &op->inputs[i], spaces, space_count);
    }
    if (capacity > 0)
        text[output.length < capacity ? output.length : capacity - 1] = 0;
    return output.length;
}
