/* SPDX-License-Identifier: Apache-2.0 */
#include "disasm_print.h"

#include "references.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1 << 14, BYTES_COLUMN = 20, MNEMONIC_COLUMN = 8 };

/* Names come from the file, which may want to move the terminal's cursor. */
static void print_name(const char *text)
{
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte >= 0x7F)
            (void)printf("\\x%02x", byte);
        else
            (void)putchar(byte);
    }
}

static void print_symbol(const Symbol *symbol)
{
    char text[SYMBOL_TEXT_MAX];
    symbol_text(symbol, text);
    print_name(text);
}

void printer_begin_region(const Printer *printer, const CodeRegion *region)
{
    if (printer->json || region->name[0] == 0)
        return;
    (void)printf("\nsection ");
    print_name(region->name);
    (void)printf(":\n");
}

/* As objdump does: <name+0x10>. */
static void print_references(const References *references, bool targets)
{
    for (unsigned i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        char name[SYMBOL_TEXT_MAX];
        if (reference->is_target != targets)
            continue;
        reference_name(reference, name);
        (void)fputs(targets ? " <" : "  # <", stdout);
        print_name(name);
        uint64_t offset = (uint64_t)reference->offset;
        if (reference->offset != 0)
            (void)printf("%c0x%" PRIx64, reference->offset < 0 ? '-' : '+',
                    reference->offset < 0 ? -offset : offset);
        (void)putchar('>');
    }
}

static const char *outcome_text(ProSleighOutcome outcome)
{
    return outcome == PRO_SLEIGH_INVALID ? "invalid" : "truncated";
}

static void print_hex(const uint8_t *bytes, size_t size, size_t column)
{
    for (size_t i = 0; i < size; i++)
        (void)printf("%02x", bytes[i]);
    for (size_t i = 2 * size; i < column; i++)
        (void)putchar(' ');
}

/* The label of what begins there, if it is code. */
static const Symbol *label_at(const Printer *printer, uint64_t address)
{
    const Symbol *symbol = symbols_at(&printer->code->symbols, address);
    return symbol != NULL && symbol_is_code(symbol) ? symbol : NULL;
}

static void print_json_text(const char *text)
{
    (void)putchar('"');
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            (void)printf("\\%c", byte);
        else if (byte < 0x20 || byte >= 0x7F) /* names of files may be anything */
            (void)printf("\\u%04x", byte);
        else
            (void)putchar(byte);
    }
    (void)putchar('"');
}

static void print_operations(const Printer *printer, const ProSleighLift *lift)
{
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(printer->language, &space_count);
    static char text[LINE_BYTES];
    for (size_t i = 0; i < lift->count; i++) {
        (void)pro_pcode_print(&lift->ops[i], spaces, space_count, text, sizeof text);
        if (!printer->json) {
            (void)printf("    %s\n", text);
            continue;
        }
        (void)fputs(i == 0 ? "" : ",", stdout);
        print_json_text(text);
    }
}

static void print_flow(const ProSleighLift *lift)
{
    static const struct {
        unsigned bit;
        const char *name;
    } flows[] = {{PRO_FLOW_FALL_THROUGH, "fall-through"}, {PRO_FLOW_BRANCH, "branch"},
            {PRO_FLOW_CONDITIONAL, "conditional"}, {PRO_FLOW_CALL, "call"},
            {PRO_FLOW_RETURN, "return"}, {PRO_FLOW_INDIRECT, "indirect"},
            {PRO_FLOW_UNIMPLEMENTED, "unimplemented"}};
    bool any = false;
    (void)printf(",\"flow\":[");
    for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++) {
        if ((lift->flow & flows[i].bit) == 0)
            continue;
        (void)printf("%s\"%s\"", any ? "," : "", flows[i].name);
        any = true;
    }
    (void)printf("],\"targets\":[");
    for (unsigned i = 0; i < lift->target_count; i++)
        (void)printf("%s%" PRIu64, i == 0 ? "" : ",", lift->targets[i]);
    (void)putchar(']');
}

static void print_json_symbol(const Symbol *symbol)
{
    char text[SYMBOL_TEXT_MAX];
    symbol_text(symbol, text);
    print_json_text(text);
}

static void print_json_references(const References *references)
{
    for (unsigned i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        char name[SYMBOL_TEXT_MAX];
        reference_name(reference, name);
        (void)printf(i == 0 ? ",\"references\":[{" : ",{");
        if (reference->symbol != NULL)
            (void)printf("\"address\":%" PRIu64 ",", reference->address);
        (void)printf("\"symbol\":");
        print_json_text(name);
        (void)printf(",\"offset\":%" PRId64 "}", reference->offset);
    }
    if (references->count > 0)
        (void)putchar(']');
}

static void print_json(const Printer *printer, const CodeRegion *region, uint64_t address,
        const uint8_t *bytes, size_t size, const char *mnemonic, const char *body,
        const ProSleighLift *lift)
{
    const Symbol *symbol = label_at(printer, address);
    (void)printf("{\"address\":%" PRIu64 ",\"length\":%zu,\"bytes\":\"", address, size);
    print_hex(bytes, size, 0);
    (void)printf("\",\"section\":");
    print_json_text(region->name);
    if (symbol != NULL) {
        (void)printf(",\"symbol\":");
        print_json_symbol(symbol);
    }
    if (lift == NULL) {
        (void)printf(",\"error\":");
        print_json_text(mnemonic);
    } else {
        (void)printf(",\"mnemonic\":");
        print_json_text(mnemonic);
        (void)printf(",\"body\":");
        print_json_text(body);
        print_flow(lift);
        References references = references_find(printer->code, address, size, body, lift);
        print_json_references(&references);
        if (printer->pcode) {
            (void)printf(",\"pcode\":[");
            print_operations(printer, lift);
            (void)putchar(']');
        }
    }
    (void)printf("}\n");
}

static void print_line(const Printer *printer, uint64_t address, const uint8_t *bytes, size_t size,
        const char *mnemonic, const char *body, const ProSleighLift *lift)
{
    const Symbol *symbol = label_at(printer, address);
    if (symbol != NULL) {
        (void)putchar('\n');
        print_symbol(symbol);
        (void)printf(":\n");
    }
    (void)printf("%8" PRIx64 ":  ", address);
    print_hex(bytes, size, BYTES_COLUMN);
    if (body[0] == 0)
        (void)printf("  %s", mnemonic);
    else
        (void)printf("  %-*s %s", MNEMONIC_COLUMN - 1, mnemonic, body);
    if (lift != NULL) {
        References references = references_find(printer->code, address, size, body, lift);
        print_references(&references, true);
        print_references(&references, false);
    }
    (void)putchar('\n');
    if (lift != NULL && printer->pcode)
        print_operations(printer, lift);
}

void printer_instruction(const Printer *printer, const CodeRegion *region,
        const ProSleighInstruction *instruction, const uint8_t *bytes, size_t size)
{
    const char *mnemonic = outcome_text(instruction->outcome), *body = "";
    ProSleighLift lift = {0};
    bool decoded = instruction->outcome == PRO_SLEIGH_DECODED &&
                   pro_sleigh_text(printer->decoder, &mnemonic, &body) == PRO_OK;
    if (decoded && pro_sleigh_lift(printer->decoder, &lift, NULL) != PRO_OK)
        lift = (ProSleighLift){.flow = PRO_FLOW_UNIMPLEMENTED};
    if (printer->json)
        print_json(printer, region, instruction->address, bytes, size, mnemonic, body,
                decoded ? &lift : NULL);
    else
        print_line(
                printer, instruction->address, bytes, size, mnemonic, body, decoded ? &lift : NULL);
}
