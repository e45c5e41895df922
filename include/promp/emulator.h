/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_EMULATOR_H
#define PROMP_EMULATOR_H

#include <promp/sleigh.h>

/*
 * Executes machine code by its p-code. Registers and temporaries are the emulator's, memory is
 * reached through callbacks. Threads: an emulator belongs to one thread at a time.
 */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ProPcodeEmulator ProPcodeEmulator;

typedef struct ProPcodeEmulatorCalls {
    void *data;
    /* Memory of a space that is no register space. Anything but PRO_OK ends the step with it. */
    ProStatus (*read)(void *data, unsigned space, uint64_t address, void *bytes, size_t size);
    ProStatus (*write)(
            void *data, unsigned space, uint64_t address, const void *bytes, size_t size);
    /* CALLOTHER. `arguments` do not contain the operation's number; `output` has size 0 if there is
     * none. NULL, or PRO_ERR_UNSUPPORTED: the step fails and names the operation. */
    ProStatus (*user_operation)(void *data, ProPcodeEmulator *emulator, uint64_t number,
            const ProVarnode *arguments, size_t count, ProVarnode output);
} ProPcodeEmulatorCalls;

PRO_API ProStatus pro_pcode_emulator_new(ProSleighLanguage *language,
        const ProPcodeEmulatorCalls *calls, ProPcodeEmulator **ret_emulator,
        ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_pcode_emulator_free(ProPcodeEmulator *emulator); /* NULL is fine */

/* For context variables; set them before the first step. Lent. */
PRO_API ProSleighDecoder *pro_pcode_emulator_decoder(ProPcodeEmulator *emulator);

PRO_API uint64_t pro_pcode_emulator_address(const ProPcodeEmulator *emulator);
PRO_API void pro_pcode_emulator_set_address(ProPcodeEmulator *emulator, uint64_t address);

/* Up to 8 bytes of any place: register, temporary, constant, memory. PRO_ERR_INVALID: no such
 * place. */
PRO_API ProStatus pro_pcode_emulator_get(
        ProPcodeEmulator *emulator, ProVarnode place, uint64_t *ret_value) PRO_WARN_UNUSED;
PRO_API ProStatus pro_pcode_emulator_set(
        ProPcodeEmulator *emulator, ProVarnode place, uint64_t value) PRO_WARN_UNUSED;

/* One instruction. On failure the address stays at the instruction. */
PRO_API ProStatus pro_pcode_emulator_step(
        ProPcodeEmulator *emulator, ProError *reterr) PRO_WARN_UNUSED;

/* At most `budget` instructions; *ret_done says how many. PRO_OK if the budget is used up. */
PRO_API ProStatus pro_pcode_emulator_run(ProPcodeEmulator *emulator, uint64_t budget,
        uint64_t *ret_done, ProError *reterr) PRO_WARN_UNUSED;

/* p-code operations executed so far. */
PRO_API uint64_t pro_pcode_emulator_operations(const ProPcodeEmulator *emulator);

/* Executes operations that are not from memory; a branch to another instruction ends them. */
PRO_API ProStatus pro_pcode_emulator_execute(ProPcodeEmulator *emulator, const ProPcodeOp *ops,
        size_t count, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
