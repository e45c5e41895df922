/* SPDX-License-Identifier: Apache-2.0 */
#include "code.h"
#include "commands.h"
#include "disasm_print.h"
#include "option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 16, LOOK_AHEAD_BYTES = 256, LARGEST_LIST = 64 };

const char disasm_command_usage[] =
        "usage: promp disasm FILE|- [--language ID | --sla FILE [--pspec FILE]] [--base ADDRESS]\n"
        "                    [--start ADDRESS] [--count N] [--set VARIABLE=VALUE] [--pcode] [--json]\n";

typedef struct Arguments {
    const char *file;
    const char *language;
    const char *sla;
    const char *pspec;
    const char *sets[LARGEST_LIST];
    size_t set_count;
    uint64_t base;
    uint64_t start;
    uint64_t count;
    bool has_start;
    bool has_base;
    bool pcode;
    bool json;
} Arguments;

static int fail_usage(const char *what, const char *argument)
{
    (void)fprintf(stderr, "promp disasm: %s%s%s\n%s", what, argument == NULL ? "" : ": ",
            argument == NULL ? "" : argument, disasm_command_usage);
    return COMMAND_USAGE;
}

static int fail(const char *text)
{
    (void)fprintf(stderr, "promp disasm: %s\n", text);
    return COMMAND_PROBLEM;
}

/* True if it was an option with a number; `*ret_good` says whether the number was one. */
static bool take_number(
        Options *options, const char *name, uint64_t *ret, bool *ret_given, bool *ret_good)
{
    const char *value = option_value(options, name);
    if (value == NULL)
        return false;
    *ret_given = true;
    *ret_good = option_number(value, ret);
    return true;
}

static int parse_arguments(int count, char **given, Arguments *arguments)
{
    Options options = {.count = count, .arguments = given, .next = 1};
    bool good = true, ignored;
    arguments->count = UINT64_MAX;
    while (options.next < count) {
        const char *value;
        const char *argument = given[options.next];
        if ((value = option_value(&options, "--language")) != NULL)
            arguments->language = value;
        else if ((value = option_value(&options, "--sla")) != NULL)
            arguments->sla = value;
        else if ((value = option_value(&options, "--pspec")) != NULL)
            arguments->pspec = value;
        else if (arguments->set_count < LARGEST_LIST &&
                 (value = option_value(&options, "--set")) != NULL)
            arguments->sets[arguments->set_count++] = value;
        else if (option_flag(&options, "--pcode"))
            arguments->pcode = true;
        else if (option_flag(&options, "--json"))
            arguments->json = true;
        else if (take_number(&options, "--base", &arguments->base, &arguments->has_base, &good) ||
                 take_number(
                         &options, "--start", &arguments->start, &arguments->has_start, &good) ||
                 take_number(&options, "--count", &arguments->count, &ignored, &good)) {
            if (!good)
                return fail_usage("a number was expected", given[options.next - 1]);
        } else if (options.missing != NULL) {
            return fail_usage("a value is missing behind", options.missing);
        } else if ((argument[0] == '-' && argument[1] != 0) || arguments->file != NULL) {
            return fail_usage("unexpected argument", argument);
        } else {
            arguments->file = given[options.next++];
        }
    }
    return arguments->file != NULL ? COMMAND_OK : fail_usage("no file is given", NULL);
}

/* What was asked for, or the first language there is for the file's machine. */
static ProStatus open_language(const Arguments *arguments, const Code *code,
        ProSleighLanguage **ret_language, ProError *reterr)
{
    if (arguments->sla != NULL)
        return pro_sleigh_language_load_file(
                arguments->sla, arguments->pspec, ret_language, reterr);
    if (arguments->language != NULL)
        return pro_sleigh_language_open(arguments->language, ret_language, reterr);
    if (code->languages == NULL) {
        (void)snprintf(reterr->text, sizeof reterr->text,
                code->elf == NULL && code->pe == NULL
                        ? "%.500s is neither ELF nor PE: name the language of these bytes "
                          "(--language ID; promp sleigh languages lists them)"
                        : "the machine of %.500s is not known: name its language (--language ID; "
                          "promp sleigh languages lists them)",
                arguments->file);
        return PRO_ERR_UNSUPPORTED;
    }
    ProStatus status = PRO_ERR_NOT_FOUND;
    for (size_t i = 0; status == PRO_ERR_NOT_FOUND && code->languages[i] != NULL; i++)
        status = pro_sleigh_language_open(code->languages[i], ret_language, reterr);
    return status;
}

static ProStatus set_context(
        const Arguments *arguments, ProSleighDecoder *decoder, ProError *reterr)
{
    ProStatus status = PRO_OK;
    for (size_t i = 0; status == PRO_OK && i < arguments->set_count; i++) {
        char name[128];
        uint64_t value;
        const char *equals = strchr(arguments->sets[i], '=');
        size_t length = equals == NULL ? 0 : (size_t)(equals - arguments->sets[i]);
        if (length == 0 || length >= sizeof name || !option_number(equals + 1, &value)) {
            (void)snprintf(reterr->text, sizeof reterr->text,
                    "--set needs a context variable and a number (TMode=1), not '%.200s'",
                    arguments->sets[i]);
            return PRO_ERR_INVALID;
        }
        memcpy(name, arguments->sets[i], length);
        name[length] = 0;
        status = pro_sleigh_decoder_set_context(decoder, name, 0, value, reterr);
    }
    return status;
}

/* The bytes from `offset` of the region on; kept until all but a few were used. */
typedef struct Window {
    uint8_t scratch[WINDOW_BYTES];
    const uint8_t *bytes;
    uint64_t begin; /* offset of `bytes` */
    size_t size;
} Window;

static ProStatus move_window(Window *window, const Code *code, const CodeRegion *region,
        uint64_t offset, ProError *reterr)
{
    uint64_t end = window->begin + window->size;
    bool inside = window->size > 0 && offset >= window->begin && offset < end;
    if (inside && (end - offset >= LOOK_AHEAD_BYTES || end == region->size))
        return PRO_OK;
    const void *bytes;
    ProStatus status = pro_container_window(code->container, region->offset + offset,
            window->scratch, sizeof window->scratch, &bytes, &window->size, reterr);
    if (status != PRO_OK)
        return status;
    window->bytes = bytes;
    window->begin = offset;
    if (window->size > region->size - offset)
        window->size = (size_t)(region->size - offset);
    return PRO_OK;
}

static ProStatus print_region(const Printer *printer, const CodeRegion *region, uint64_t offset,
        uint64_t *count, ProError *reterr)
{
    static Window window;
    unsigned step = pro_sleigh_language_alignment(printer->language);
    window.size = 0;
    printer_begin_region(printer, region);
    while (offset<region->size && * count> 0 && !ferror(stdout)) {
        ProSleighInstruction instruction;
        ProStatus status = move_window(&window, printer->code, region, offset, reterr);
        if (status != PRO_OK)
            return status;
        const uint8_t *bytes = window.bytes + (offset - window.begin);
        size_t left = window.size - (size_t)(offset - window.begin);
        if (left == 0)
            break;
        if (pro_sleigh_decode(printer->decoder, region->address + offset, bytes, left,
                    &instruction) != PRO_OK) {
            (void)snprintf(reterr->text, sizeof reterr->text, "no memory");
            return PRO_ERR_NO_MEMORY;
        }
        uint64_t used = instruction.outcome == PRO_SLEIGH_DECODED ? instruction.length : step;
        if (used > left)
            used = left;
        printer_instruction(printer, region, &instruction, bytes, (size_t)used);
        offset += used;
        --*count;
    }
    return PRO_OK;
}

static ProStatus print_code(const Printer *printer, const Arguments *arguments, ProError *reterr)
{
    const Code *code = printer->code;
    uint64_t count = arguments->count;
    bool found = false;
    ProStatus status = PRO_OK;
    for (size_t i = 0; status == PRO_OK && i < code->region_count; i++) {
        const CodeRegion *region = &code->regions[i];
        uint64_t offset = arguments->has_start && !found ? arguments->start - region->address : 0;
        if (offset >= region->size)
            continue;
        found = true;
        status = print_region(printer, region, offset, &count, reterr);
        if (count == 0)
            break;
    }
    if (status == PRO_OK && !found && arguments->has_start) {
        (void)snprintf(reterr->text, sizeof reterr->text,
                "%.500s has no code at 0x%llx; its first code is at 0x%llx", arguments->file,
                (unsigned long long)arguments->start,
                (unsigned long long)(code->region_count > 0 ? code->regions[0].address : 0));
        return PRO_ERR_NOT_FOUND;
    }
    return status;
}

static ProStatus run(const Arguments *arguments, const Code *code, ProError *reterr)
{
    ProSleighLanguage *language = NULL;
    ProSleighDecoder *decoder = NULL;
    ProStatus status = open_language(arguments, code, &language, reterr);
    if (status == PRO_OK)
        status = pro_sleigh_decoder_new(language, &decoder, reterr);
    if (status == PRO_OK)
        status = set_context(arguments, decoder, reterr);
    if (status == PRO_OK) {
        Printer printer = {code, language, decoder, arguments->pcode, arguments->json};
        status = print_code(&printer, arguments, reterr);
    }
    pro_sleigh_decoder_free(decoder);
    pro_sleigh_language_unref(language);
    return status;
}

int disasm_command(int count, char **given)
{
    Arguments arguments = {0};
    ProError error = {0};
    Code code;
    int usage = parse_arguments(count, given, &arguments);
    if (usage != COMMAND_OK)
        return usage;
    if (code_open(arguments.file, arguments.base, &code, &error) != PRO_OK)
        return fail(error.text);
    ProStatus status = run(&arguments, &code, &error);
    code_close(&code);
    return status == PRO_OK ? COMMAND_OK : fail(error.text);
}
