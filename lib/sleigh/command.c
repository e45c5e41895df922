/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buffer.h"

#include <promp/sleigh.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, LARGEST_LIST = 256, LARGEST_INPUT = 1 << 30 };

static int fail(const char *format, const char *what)
{
    (void)fprintf(stderr, "promp: ");
    (void)fprintf(stderr, format, what); /* NOLINT: the formats are constants of this file */
    (void)fputc('\n', stderr);
    return EXIT_FAILURE;
}

/* ---- compile ---- */

typedef struct CompileArguments {
    ProSleighCompileOptions options;
    const char *output;
    const char *defines[LARGEST_LIST];
    const char *folders[LARGEST_LIST];
} CompileArguments;

static const char *option_value(int argc, char **argv, int *index, const char *option)
{
    size_t length = strlen(option);
    if (strncmp(argv[*index], option, length) != 0)
        return NULL;
    if (argv[*index][length] != 0 && option[1] != '-')
        return argv[*index] + length;
    if (argv[*index][length] != 0 || *index + 1 >= argc)
        return NULL;
    return argv[++*index];
}

static bool parse_compile(int argc, char **argv, CompileArguments *arguments)
{
    arguments->options.defines = arguments->defines;
    arguments->options.include_folders = arguments->folders;
    for (int i = 2; i < argc; i++) {
        const char *value;
        if ((value = option_value(argc, argv, &i, "-o")) != NULL)
            arguments->output = value;
        else if ((value = option_value(argc, argv, &i, "-D")) != NULL &&
                 arguments->options.define_count < LARGEST_LIST)
            arguments->defines[arguments->options.define_count++] = value;
        else if ((value = option_value(argc, argv, &i, "-I")) != NULL &&
                 arguments->options.include_count < LARGEST_LIST)
            arguments->folders[arguments->options.include_count++] = value;
        else if (strcmp(argv[i], "-q") == 0)
            arguments->options.quiet = true;
        else if (argv[i][0] != '-' && arguments->options.path == NULL)
            arguments->options.path = argv[i];
        else
            return false;
    }
    return arguments->options.path != NULL;
}

static int write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        return -1;
    bool written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written ? 0 : -1;
}

static char *default_output(const char *path)
{
    size_t length = strlen(path);
    const char *suffix = ".slaspec";
    if (length > strlen(suffix) && strcmp(path + length - strlen(suffix), suffix) == 0)
        length -= strlen(suffix);
    char *output = malloc(length + 5);
    if (output != NULL) {
        memcpy(output, path, length);
        memcpy(output + length, ".sla", 5);
    }
    return output;
}

static int command_compile(int argc, char **argv)
{
    CompileArguments arguments = {0};
    if (!parse_compile(argc, argv, &arguments)) {
        (void)fail("%s",
                "usage: sleigh compile X.slaspec [-o X.sla] [-D NAME=VALUE] [-I FOLDER] [-q]");
        return EXIT_USAGE;
    }
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error;
    ProStatus status = pro_sleigh_compile(&arguments.options, &sla, &size, &messages, &error);
    if (messages != NULL)
        (void)fputs(messages, stderr);
    free(messages);
    if (status != PRO_OK)
        return fail("%s", error.text);
    char *made = arguments.output == NULL ? default_output(arguments.options.path) : NULL;
    const char *output = arguments.output == NULL ? made : arguments.output;
    int written = output == NULL ? -1 : write_file(output, sla, size);
    int code = written == 0 ? EXIT_SUCCESS
                            : fail("cannot write %s", output == NULL ? "the result" : output);
    free(made);
    free(sla);
    return code;
}

/* ---- disasm ---- */

typedef struct DisasmArguments {
    const char *file;
    const char *language;
    const char *sla;
    const char *pspec;
    uint64_t base;
    uint64_t start;
    uint64_t count;
    bool has_start;
    bool pcode;
    bool json;
} DisasmArguments;

static bool parse_disasm(int argc, char **argv, DisasmArguments *arguments)
{
    arguments->count = UINT64_MAX;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if ((value = option_value(argc, argv, &i, "--language")) != NULL)
            arguments->language = value;
        else if ((value = option_value(argc, argv, &i, "--sla")) != NULL)
            arguments->sla = value;
        else if ((value = option_value(argc, argv, &i, "--pspec")) != NULL)
            arguments->pspec = value;
        else if ((value = option_value(argc, argv, &i, "--base")) != NULL)
            arguments->base = strtoull(value, NULL, 0);
        else if ((value = option_value(argc, argv, &i, "--start")) != NULL)
            arguments->start = strtoull(value, NULL, 0), arguments->has_start = true;
        else if ((value = option_value(argc, argv, &i, "--count")) != NULL)
            arguments->count = strtoull(value, NULL, 0);
        else if (strcmp(argv[i], "--pcode") == 0)
            arguments->pcode = true;
        else if (strcmp(argv[i], "--json") == 0)
            arguments->json = true;
        else if ((argv[i][0] != '-' || argv[i][1] == 0) && arguments->file == NULL)
            arguments->file = argv[i];
        else
            return false;
    }
    return arguments->file != NULL && (arguments->language != NULL || arguments->sla != NULL);
}

static bool read_input(const char *path, Buffer *buffer)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (file == NULL)
        return false;
    char block[1 << 16];
    size_t count;
    while ((count = fread(block, 1, sizeof block, file)) > 0 && buffer->size < LARGEST_INPUT)
        buffer_append(buffer, block, count);
    bool good = ferror(file) == 0 && !buffer->failed;
    if (file != stdin)
        (void)fclose(file);
    return good;
}

static void print_pcode(const ProSleighLanguage *language, const ProSleighLift *lift, bool json)
{
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(language, &space_count);
    char text[4096];
    for (size_t i = 0; i < lift->count; i++) {
        (void)pro_pcode_print(&lift->ops[i], spaces, space_count, text, sizeof text);
        (void)printf(json ? "%s\"%s\"" : "%s        %s\n", json && i > 0 ? "," : "", text);
    }
}

static void print_json_text(const char *text)
{
    (void)putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            (void)putchar('\\');
        if ((unsigned char)*text < 0x20)
            (void)printf("\\u%04x", (unsigned char)*text);
        else
            (void)putchar(*text);
    }
    (void)putchar('"');
}

static void print_bytes(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        (void)printf("%02x", bytes[i]);
}

static const char *outcome_text(ProSleighOutcome outcome)
{
    return outcome == PRO_SLEIGH_INVALID ? "invalid" : "truncated";
}

static void print_instruction(ProSleighDecoder *decoder, const ProSleighLanguage *language,
        const DisasmArguments *arguments, const ProSleighInstruction *instruction,
        const uint8_t *bytes)
{
    const char *mnemonic = outcome_text(instruction->outcome), *body = "";
    uint32_t length = instruction->length;
    if (instruction->outcome == PRO_SLEIGH_DECODED)
        if (pro_sleigh_text(decoder, &mnemonic, &body) != PRO_OK)
            return;
    if (arguments->json) {
        (void)printf("{\"address\":%" PRIu64 ",\"length\":%u,\"mnemonic\":", instruction->address,
                length);
        print_json_text(mnemonic);
        (void)printf(",\"body\":");
        print_json_text(body);
    } else {
        (void)printf("%" PRIx64 ": ", instruction->address);
        print_bytes(bytes, length);
        (void)printf("%s%s%s%s\n", length > 0 ? " " : "", mnemonic, *body == 0 ? "" : " ", body);
    }
    ProSleighLift lift;
    if (arguments->json)
        (void)printf(arguments->pcode ? ",\"pcode\":[" : "");
    if (arguments->pcode && instruction->outcome == PRO_SLEIGH_DECODED &&
            pro_sleigh_lift(decoder, &lift, NULL) == PRO_OK)
        print_pcode(language, &lift, arguments->json);
    if (arguments->json)
        (void)printf(arguments->pcode ? "]}\n" : "}\n");
}

static int disassemble(
        ProSleighLanguage *language, const DisasmArguments *arguments, const Buffer *input)
{
    ProSleighDecoder *decoder;
    ProError error;
    if (pro_sleigh_decoder_new(language, &decoder, &error) != PRO_OK)
        return fail("%s", error.text);
    uint64_t start = arguments->has_start ? arguments->start : arguments->base;
    uint64_t offset = start - arguments->base;
    unsigned step = pro_sleigh_language_alignment(language);
    int code = EXIT_SUCCESS;
    for (uint64_t i = 0; i < arguments->count && offset < input->size; i++) {
        ProSleighInstruction instruction;
        const uint8_t *bytes = input->data + offset;
        if (pro_sleigh_decode(decoder, arguments->base + offset, bytes, input->size - offset,
                    &instruction) != PRO_OK) {
            code = fail("%s", "no memory");
            break;
        }
        print_instruction(decoder, language, arguments, &instruction, bytes);
        offset += instruction.outcome == PRO_SLEIGH_DECODED ? instruction.length : step;
    }
    pro_sleigh_decoder_free(decoder);
    return code;
}

static int command_disasm(int argc, char **argv)
{
    DisasmArguments arguments = {0};
    Buffer input = {0};
    ProError error = {0};
    ProSleighLanguage *language = NULL;
    if (!parse_disasm(argc, argv, &arguments)) {
        (void)fail("%s",
                "usage: disasm FILE|- (--language ID | --sla FILE [--pspec FILE]) [--base A] [--start A] "
                "[--count N] [--pcode] [--json]");
        return EXIT_USAGE;
    }
    ProStatus status = arguments.sla != NULL
                               ? pro_sleigh_language_load_file(
                                         arguments.sla, arguments.pspec, &language, &error)
                               : pro_sleigh_language_open(arguments.language, &language, &error);
    if (status != PRO_OK)
        return fail("%s", error.text);
    int code = read_input(arguments.file, &input) ? disassemble(language, &arguments, &input)
                                                  : fail("cannot read %s", arguments.file);
    buffer_fini(&input);
    pro_sleigh_language_unref(language);
    return code;
}

/* ---- languages ---- */

static bool print_language(void *data, const ProSleighLanguageEntry *entry)
{
    (void)data;
    (void)printf("%-28s %s%s\n    %s\n", entry->id, entry->description,
            entry->deprecated ? " (deprecated)" : "", entry->ldefs_path);
    return true;
}

static int command_languages(void)
{
    ProError error;
    return pro_sleigh_languages(print_language, NULL, &error) == PRO_OK ? EXIT_SUCCESS
                                                                        : fail("%s", error.text);
}

int pro_sleigh_main(int argc, char **argv)
{
    if (argc >= 1 && strcmp(argv[0], "disasm") == 0)
        return command_disasm(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "compile") == 0)
        return command_compile(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "languages") == 0)
        return command_languages();
    (void)fail("%s", "usage: sleigh compile ... | sleigh languages | disasm ...");
    return EXIT_USAGE;
}
