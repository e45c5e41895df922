/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME.slaspec is compiled, the bytes of NAME.hex are decoded from 0x1000 on, and text and p-code
 * are compared with NAME.golden. constructs.txt holds one small specification a construct of the
 * language: "=== title", the specification (behind the common beginning, "=== prologue", unless it
 * begins with "define endian"), "--- bytes in hex", the result. SLEIGH_BLESS=1 writes the results
 * instead.
 */
#include "core/buffer.h"
#include "support/test.h"

#include <promp/sleigh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 0x1000 };

static void read_all(const char *path, Buffer *buffer)
{
    FILE *file = fopen(path, "rbe");
    char block[4096];
    size_t count;
    if (file == NULL)
        fail_msg("cannot read %s", path);
    while ((count = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(buffer, block, count);
    (void)fclose(file);
}

static void add_hex(const char *cursor, Buffer *bytes)
{
    while (*cursor != 0 && *cursor != '\n') {
        char digits[3] = {cursor[0], cursor[0] == 0 ? 0 : cursor[1], 0};
        if (strspn(digits, "0123456789abcdef") == 2) {
            buffer_append_u8(bytes, (uint8_t)strtoul(digits, NULL, 16));
            cursor++;
        }
        cursor++;
    }
}

static void describe(ProSleighDecoder *decoder, const ProSleighLanguage *language,
        const ProSleighInstruction *instruction, Buffer *output)
{
    static const char *const outcomes[] = {"decoded", "invalid", "truncated"};
    const char *mnemonic = outcomes[instruction->outcome], *body = "";
    ProSleighLift lift = {0};
    ProError error;
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(language, &space_count);
    buffer_append_format(
            output, "%llx+%u ", (unsigned long long)instruction->address, instruction->length);
    if (instruction->outcome == PRO_SLEIGH_DECODED) {
        assert_int_equal(pro_sleigh_text(decoder, &mnemonic, &body), PRO_OK);
        assert_int_equal(pro_sleigh_lift(decoder, &lift, &error), PRO_OK);
    }
    buffer_append_format(output, "%s%s%s | flow %x next +%u\n", mnemonic, *body != 0 ? " " : "",
            body, lift.flow, instruction->fall_through);
    for (size_t i = 0; i < lift.count; i++) {
        char text[1024];
        (void)pro_pcode_print(&lift.ops[i], spaces, space_count, text, sizeof text);
        buffer_append_format(output, "    %s\n", text);
    }
}

static void decode_all(ProSleighLanguage *language, const Buffer *bytes, Buffer *output)
{
    ProSleighDecoder *decoder;
    ProError error;
    assert_int_equal(pro_sleigh_decoder_new(language, &decoder, &error), PRO_OK);
    for (size_t offset = 0; offset < bytes->size;) {
        ProSleighInstruction instruction;
        assert_int_equal(pro_sleigh_decode(decoder, BASE + offset, bytes->data + offset,
                                 bytes->size - offset, &instruction),
                PRO_OK);
        describe(decoder, language, &instruction, output);
        offset += instruction.length > 0 ? instruction.length
                                         : pro_sleigh_language_alignment(language);
    }
    pro_sleigh_decoder_free(decoder);
}

static ProSleighLanguage *compile_and_load(const ProSleighCompileOptions *options)
{
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error = {0};
    ProSleighLanguage *language = NULL;
    if (pro_sleigh_compile(options, &sla, &size, &messages, &error) != PRO_OK)
        fail_msg("%s", messages);
    if (pro_sleigh_language_load(sla, size, &language, &error) != PRO_OK)
        fail_msg("%s", error.text);
    free(sla);
    free(messages);
    return language;
}

static void write_all(const char *path, const Buffer *buffer)
{
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(buffer->data, 1, buffer->size, file), buffer->size);
    assert_int_equal(fclose(file), 0);
}

static void check_case(const char *name)
{
    char path[1024];
    Buffer hex = {0}, bytes = {0}, output = {0}, golden = {0};
    (void)snprintf(path, sizeof path, "%s/%s.slaspec", SPECS_FOLDER, name);
    ProSleighCompileOptions options = {.path = path};
    ProSleighLanguage *language = compile_and_load(&options);
    (void)snprintf(path, sizeof path, "%s/%s.hex", SPECS_FOLDER, name);
    read_all(path, &hex);
    add_hex(buffer_text(&hex), &bytes);
    decode_all(language, &bytes, &output);
    (void)snprintf(path, sizeof path, "%s/%s.golden", SPECS_FOLDER, name);
    if (getenv("SLEIGH_BLESS") != NULL)
        write_all(path, &output);
    read_all(path, &golden);
    assert_string_equal(buffer_text(&output), buffer_text(&golden));
    pro_sleigh_language_unref(language);
    buffer_fini(&hex);
    buffer_fini(&bytes);
    buffer_fini(&output);
    buffer_fini(&golden);
}

/* One case of constructs.txt, up to the next one: its result is added to `output`. */
static void check_construct(const char *prologue, const char *text, Buffer *output)
{
    Buffer source = {0}, bytes = {0};
    const char *spec = strchr(text, '\n') + 1;
    const char *hex = strstr(spec, "\n--- ");
    assert_non_null(hex);
    if (strncmp(spec, "define endian", 13) != 0)
        buffer_append_text(&source, prologue);
    buffer_append(&source, spec, (size_t)(hex - spec) + 1);
    add_hex(hex + 5, &bytes);
    const char *result = strchr(hex + 1, '\n') + 1;
    buffer_append(output, text, (size_t)(result - text));
    ProSleighCompileOptions options = {
            .source = buffer_text(&source), .source_size = source.size, .quiet = true};
    ProSleighLanguage *language = compile_and_load(&options);
    decode_all(language, &bytes, output);
    pro_sleigh_language_unref(language);
    buffer_fini(&source);
    buffer_fini(&bytes);
}

static void toy(void **state)
{
    (void)state;
    check_case("toy");
}

static void big(void **state)
{
    (void)state;
    check_case("big");
}

static void each_construct_has_its_meaning(void **state)
{
    (void)state;
    char path[1024];
    Buffer golden = {0}, output = {0}, prologue = {0};
    (void)snprintf(path, sizeof path, "%s/constructs.txt", SPECS_FOLDER);
    read_all(path, &golden);
    const char *begin = strstr(buffer_text(&golden), "=== prologue\n");
    assert_non_null(begin);
    const char *text = strstr(begin, "\n=== ");
    buffer_append(&prologue, begin + 13, (size_t)(text - begin) - 12);
    buffer_append(&output, golden.data, (size_t)(text - buffer_text(&golden)) + 1);
    for (; text != NULL; text = strstr(text + 1, "\n=== "))
        check_construct(buffer_text(&prologue), text + 1, &output);
    if (getenv("SLEIGH_BLESS") != NULL)
        write_all(path, &output);
    else
        assert_string_equal(buffer_text(&output), buffer_text(&golden));
    buffer_fini(&golden);
    buffer_fini(&output);
    buffer_fini(&prologue);
}

TEST_MAIN(cmocka_unit_test(toy), cmocka_unit_test(big),
        cmocka_unit_test(each_construct_has_its_meaning))
