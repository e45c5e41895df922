/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile code in the emulator: whatever the bytes are, it ends with a status within its budget,
 * and touches nothing but the memory that the callbacks give it. The language is that of
 * $SLEIGH_FUZZ_SPEC (a .slaspec). */
#include <promp/emulator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_BYTES = 1 << 14, CODE = 0x1000, BUDGET = 200 };

static uint8_t memory[MEMORY_BYTES];

static ProStatus read_memory(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    (void)data, (void)space;
    if (address > MEMORY_BYTES || size > MEMORY_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(bytes, memory + address, size);
    return PRO_OK;
}

static ProStatus write_memory(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    (void)data, (void)space;
    if (address > MEMORY_BYTES || size > MEMORY_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(memory + address, bytes, size);
    return PRO_OK;
}

static ProSleighLanguage *load_language(void)
{
    const char *path = getenv("SLEIGH_FUZZ_SPEC");
    ProSleighCompileOptions options = {.path = path == NULL ? "data/riscv/riscv64.slaspec" : path};
    uint8_t *sla = NULL;
    size_t size = 0;
    ProSleighLanguage *language = NULL;
    ProError error;
    if (pro_sleigh_compile(&options, &sla, &size, NULL, &error) != PRO_OK ||
            pro_sleigh_language_load(sla, size, &language, &error) != PRO_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    free(sla);
    return language;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ProSleighLanguage *language;
    ProPcodeEmulatorCalls calls = {.read = read_memory, .write = write_memory};
    ProPcodeEmulator *emulator;
    ProError error;
    uint64_t done = 0;
    if (language == NULL)
        language = load_language();
    if (size > MEMORY_BYTES - CODE ||
            pro_pcode_emulator_new(language, &calls, &emulator, &error) != PRO_OK)
        return 0;
    memset(memory, 0, sizeof memory);
    if (size > 0)
        memcpy(memory + CODE, data, size);
    pro_pcode_emulator_set_address(emulator, CODE);
    (void)!pro_pcode_emulator_run(emulator, BUDGET, &done, &error);
    if (done > BUDGET)
        abort();
    pro_pcode_emulator_free(emulator);
    return 0;
}
