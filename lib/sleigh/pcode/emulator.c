/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "sleigh/pcode/emulator_private.h"

#include <stdlib.h>
#include <string.h>

static void size_register_spaces(ProPcodeEmulator *emulator)
{
    size_t count;
    const ProSleighRegister *registers = pro_sleigh_language_registers(emulator->language, &count);
    for (size_t i = 0; i < count; i++) {
        Storage *storage = &emulator->storage[registers[i].place.space];
        uint64_t end = registers[i].place.offset + registers[i].place.size;
        bool holds = emulator->spaces[registers[i].place.space].is_register &&
                     end >= registers[i].place.offset;
        if (holds && end > storage->size && end <= SLEIGH_LIMIT_EMULATOR_BYTES)
            storage->size = end;
    }
    uint32_t unique = pro_sleigh_language_unique_space(emulator->language);
    emulator->storage[unique].size = SLEIGH_LIMIT_EMULATOR_BYTES;
}

static bool allocate_spaces(ProPcodeEmulator *emulator)
{
    bool good = true;
    for (size_t i = 1; i < emulator->space_count; i++) {
        Storage *storage = &emulator->storage[i];
        if (storage->size > 0)
            storage->bytes = calloc(1, storage->size + LARGEST_NUMBER_BYTES);
        good = good && (storage->size == 0 || storage->bytes != NULL);
    }
    const ProSpace *code = &emulator->spaces[emulator->code_space];
    emulator->direct_memory = emulator->storage[emulator->code_space].bytes == NULL &&
                              !code->big_endian && code->word_bytes == 1;
    return good;
}

ProStatus pro_pcode_emulator_new(ProSleighLanguage *language, const ProPcodeEmulatorCalls *calls,
        ProPcodeEmulator **ret_emulator, ProError *reterr)
{
    ProPcodeEmulator *emulator = calloc(1, sizeof *emulator);
    if (emulator == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an emulator");
    emulator->calls = *calls;
    emulator->language = pro_sleigh_language_ref(language);
    emulator->spaces = pro_sleigh_language_spaces(language, &emulator->space_count);
    emulator->code_space = pro_sleigh_language_default_space(language);
    arena_init(&emulator->cache_arena, CACHE_BYTES);
    size_register_spaces(emulator);
    bool good = allocate_spaces(emulator);
    emulator->cache = calloc(CACHE_SLOTS, sizeof *emulator->cache);
    if (!good || emulator->cache == NULL ||
            pro_sleigh_decoder_new(language, &emulator->decoder, reterr) != PRO_OK) {
        pro_pcode_emulator_free(emulator);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an emulator");
    }
    *ret_emulator = emulator;
    return PRO_OK;
}

void pro_pcode_emulator_free(ProPcodeEmulator *emulator)
{
    if (emulator == NULL)
        return;
    for (size_t i = 0; i < SLEIGH_LIMIT_SPACES; i++)
        free(emulator->storage[i].bytes);
    pro_sleigh_decoder_free(emulator->decoder);
    pro_sleigh_language_unref(emulator->language);
    arena_fini(&emulator->cache_arena);
    free(emulator->cache);
    free(emulator);
}

ProSleighDecoder *pro_pcode_emulator_decoder(ProPcodeEmulator *emulator)
{
    code_forget_all(emulator); /* its context may be about to change */
    return emulator->decoder;
}

uint64_t pro_pcode_emulator_address(const ProPcodeEmulator *emulator)
{
    return emulator->address;
}

void pro_pcode_emulator_set_address(ProPcodeEmulator *emulator, uint64_t address)
{
    emulator->address = address;
}

uint64_t pro_pcode_emulator_operations(const ProPcodeEmulator *emulator)
{
    return emulator->operations;
}

/* ---- running ---- */

static ProStatus explain(const ProPcodeEmulator *emulator, ProError *reterr)
{
    const ProPcodeOp *op = emulator->failed;
    unsigned long long address = emulator->address;
    if (emulator->status == PRO_ERR_LIMIT)
        return error_set(reterr, PRO_ERR_LIMIT,
                "0x%llx: one instruction jumps more than %u times (SLEIGH_LIMIT_EMULATOR_LOOP)",
                address, SLEIGH_LIMIT_EMULATOR_LOOP);
    const char *name =
            op->code == PRO_PCODE_CALLOTHER
                    ? pro_sleigh_language_user_operation(emulator->language, op->inputs[0].offset)
                    : pro_pcode_name(op->code);
    return error_set(reterr, emulator->status, "0x%llx: %s: %s", address,
            name == NULL ? "an operation" : name, pro_status_text(emulator->status));
}

/* Leaves the next instruction in emulator->address. */
static inline bool run_steps(ProPcodeEmulator *emulator, const Step *step)
{
    emulator->status = PRO_OK;
    emulator->loop_budget = SLEIGH_LIMIT_EMULATOR_LOOP;
    do {
        emulator->operations++;
        step = step->run(emulator, step);
    } while (step != NULL);
    if (emulator->status != PRO_OK)
        return false;
    emulator->address = emulator->next_address;
    return true;
}

ProStatus pro_pcode_emulator_execute(
        ProPcodeEmulator *emulator, const ProPcodeOp *ops, size_t count, ProError *reterr)
{
    Arena arena;
    ProStatus status =
            pro_pcode_verify(ops, count, emulator->spaces, emulator->space_count, reterr);
    if (status != PRO_OK)
        return status;
    arena_init(&arena, CACHE_BYTES);
    const Step *steps = code_steps(emulator, &arena, ops, count, emulator->address);
    if (steps == NULL)
        status = error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for the operations");
    else if (!run_steps(emulator, steps))
        status = explain(emulator, reterr);
    arena_fini(&arena);
    return status;
}

ProStatus pro_pcode_emulator_run(
        ProPcodeEmulator *emulator, uint64_t budget, uint64_t *ret_done, ProError *reterr)
{
    uint64_t done = 0;
    ProStatus status = PRO_OK;
    CachedCode *last = NULL;
    for (; done < budget; done++) {
        CachedCode *code = last == NULL ? NULL : last->next;
        if (code == NULL || !code_is_at(code, emulator->address)) {
            status = code_find(emulator, &code, reterr);
            if (status != PRO_OK)
                break;
            if (last != NULL)
                last->next = code;
        }
        if (!run_steps(emulator, code->steps)) {
            status = explain(emulator, reterr);
            break;
        }
        last = code;
    }
    *ret_done = done;
    return status;
}

ProStatus pro_pcode_emulator_step(ProPcodeEmulator *emulator, ProError *reterr)
{
    uint64_t done;
    return pro_pcode_emulator_run(emulator, 1, &done, reterr);
}
