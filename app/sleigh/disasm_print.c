/* SPDX-License-Identifier: Apache-2.0 */
#include "disasm_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1 << 14, BYTES_COLUMN = 20, MNEMONIC_COLUMN = 8 };

void printer_begin_region(const Printer *printer, const CodeRegion *region)
{
    if (!printer->json && region->name[0] != 0)
        (void)printf("\nsection %s:\n", region->name);
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

static void print_json(const Printer *printer, const CodeRegion *region, uint64_t address,
        const uint8_t *bytes, size_t size, const char *mnemonic, const char *body,
        const ProSleighLift *lift)
{
    const char *symbol = code_symbol(printer->code, address);
    (void)printf("{\"address\":%" PRIu64 ",\"length\":%zu,\"bytes\":\"", address, size);
    print_hex(bytes, size, 0);
    (void)printf("\",\"section\":");
    print_json_text(region->name);
    if (symbol != NULL) {
        (void)printf(",\"symbol\":");
        print_json_text(symbol);
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
    const char *symbol = code_symbol(printer->code, address);
    if (symbol != NULL)
        (void)printf("\n%s:\n", symbol);
    (void)printf("%8" PRIx64 ":  ", address);
    print_hex(bytes, size, BYTES_COLUMN);
    if (body[0] == 0)
        (void)printf("  %s", mnemonic);
    else
        (void)printf("  %-*s %s", MNEMONIC_COLUMN - 1, mnemonic, body);
    for (unsigned i = 0; lift != NULL && i < lift->target_count; i++) {
        const char *target = code_symbol(printer->code, lift->targets[i]);
        if (target != NULL)
            (void)printf("  # %s", target);
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
