/* SPDX-License-Identifier: Apache-2.0 */
/* p-code as text: what is read prints and reads as the same; what the verifier accepts, the
 * emulator executes within its bounds. */
#include <promp/emulator.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char specification[] = "define endian=little;\n"
                                    "define space ram type=ram_space size=4 default;\n"
                                    "define space register type=register_space size=4;\n"
                                    "define register offset=0 size=8 [ a b c ];\n"
                                    "define token t(8) op=(0,7);\n"
                                    ":nop is op=0 { }\n";

static ProStatus read_zero(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    (void)data, (void)space, (void)address;
    memset(bytes, 0, size);
    return PRO_OK;
}

static ProStatus write_nothing(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    (void)data, (void)space, (void)address, (void)bytes, (void)size;
    return PRO_OK;
}

static ProSleighLanguage *load_language(void)
{
    ProSleighCompileOptions options = {
            .source = specification, .source_size = sizeof specification - 1};
    uint8_t *sla = NULL;
    size_t size = 0;
    ProSleighLanguage *language = NULL;
    if (pro_sleigh_compile(&options, &sla, &size, NULL, NULL) != PRO_OK ||
            pro_sleigh_language_load(sla, size, &language, NULL) != PRO_OK)
        abort();
    free(sla);
    return language;
}

static bool has_backward_branch(const ProPcodeList *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->ops[i].code == PRO_PCODE_BRANCH || list->ops[i].code == PRO_PCODE_CBRANCH)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ProSleighLanguage *language;
    ProPcodeList list;
    ProError error;
    if (language == NULL)
        language = load_language();
    size_t space_count;
    const ProSpace *spaces = pro_sleigh_language_spaces(language, &space_count);
    if (pro_pcode_parse((const char *)data, size, spaces, space_count, &list, &error) != PRO_OK)
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        char text[1 << 14], again[1 << 14];
        ProPcodeList copy;
        size_t length = pro_pcode_print(&list.ops[i], spaces, space_count, text, sizeof text);
        if (length >= sizeof text)
            continue;
        if (pro_pcode_parse(text, length, spaces, space_count, &copy, &error) != PRO_OK ||
                copy.count != 1)
            abort();
        (void)pro_pcode_print(&copy.ops[0], spaces, space_count, again, sizeof again);
        if (strcmp(text, again) != 0)
            abort();
        pro_pcode_list_free(&copy);
    }
    ProPcodeEmulatorCalls calls = {.read = read_zero, .write = write_nothing};
    ProPcodeEmulator *emulator;
    if (!has_backward_branch(&list) &&
            pro_pcode_emulator_new(language, &calls, &emulator, &error) == PRO_OK) {
        (void)!pro_pcode_emulator_execute(emulator, list.ops, list.count, &error);
        pro_pcode_emulator_free(emulator);
    }
    pro_pcode_list_free(&list);
    return 0;
}
