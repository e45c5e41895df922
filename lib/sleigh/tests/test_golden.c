/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME.slaspec is compiled, the bytes of NAME.hex are decoded from 0x1000 on, and text and p-code
 * are compared with NAME.golden. SLEIGH_BLESS=1 writes the golden files instead.
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

static void read_hex(const char *path, Buffer *bytes)
{
    Buffer text = {0};
    read_all(path, &text);
    const char *cursor = buffer_text(&text);
    while (*cursor != 0) {
        char digits[3] = {cursor[0], cursor[0] == 0 ? 0 : cursor[1], 0};
        if (strspn(digits, "0123456789abcdef") == 2) {
            buffer_append_u8(bytes, (uint8_t)strtoul(digits, NULL, 16));
            cursor++;
        }
        cursor++;
    }
    buffer_fini(&text);
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

static ProSleighLanguage *compile_and_load(const char *path)
{
    ProSleighCompileOptions options = {.path = path};
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error = {0};
    ProSleighLanguage *language = NULL;
    if (pro_sleigh_compile(&options, &sla, &size, &messages, &error) != PRO_OK)
        fail_msg("%s", messages);
    if (pro_sleigh_language_load(sla, size, &language, &error) != PRO_OK)
        fail_msg("%s", error.text);
    free(sla);
    free(messages);
    return language;
}

static void check_case(const char *name)
{
    char path[1024];
    Buffer bytes = {0}, output = {0}, golden = {0};
    (void)snprintf(path, sizeof path, "%s/%s.slaspec", SPECS_FOLDER, name);
    ProSleighLanguage *language = compile_and_load(path);
    (void)snprintf(path, sizeof path, "%s/%s.hex", SPECS_FOLDER, name);
    read_hex(path, &bytes);
    decode_all(language, &bytes, &output);
    (void)snprintf(path, sizeof path, "%s/%s.golden", SPECS_FOLDER, name);
    if (getenv("SLEIGH_BLESS") != NULL) {
        FILE *file = fopen(path, "wbe");
        assert_non_null(file);
        assert_int_equal(fwrite(output.data, 1, output.size, file), output.size);
        assert_int_equal(fclose(file), 0);
    }
    read_all(path, &golden);
    assert_string_equal(buffer_text(&output), buffer_text(&golden));
    pro_sleigh_language_unref(language);
    buffer_fini(&bytes);
    buffer_fini(&output);
    buffer_fini(&golden);
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

TEST_MAIN(cmocka_unit_test(toy), cmocka_unit_test(big))
