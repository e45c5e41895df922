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
    /* Optional, for speed: the PRO_EMULATOR_PAGE bytes at `address`, a multiple of that. The
     * emulator then reads (if `writable`: writes) them without a call, until
     * pro_pcode_emulator_memory_changed(). NULL: read and write are called. */
    void *(*page)(void *data, unsigned space, uint64_t address, bool writable);
} ProPcodeEmulatorCalls;

enum { PRO_EMULATOR_PAGE = 4096 };

PRO_API ProStatus pro_pcode_emulator_new(ProSleighLanguage *language,
        const ProPcodeEmulatorCalls *calls, ProPcodeEmulator **ret_emulator,
        ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_pcode_emulator_free(ProPcodeEmulator *emulator); /* NULL is fine */

/* For context variables. Lent; ask again before each change, which makes the emulator decode anew.
 */
PRO_API ProSleighDecoder *pro_pcode_emulator_decoder(ProPcodeEmulator *emulator);

PRO_API uint64_t pro_pcode_emulator_address(const ProPcodeEmulator *emulator);
PRO_API void pro_pcode_emulator_set_address(ProPcodeEmulator *emulator, uint64_t address);

/* Up to 8 bytes of any place: register, temporary, constant, memory. PRO_ERR_INVALID: no such
 * place. */
PRO_API ProStatus pro_pcode_emulator_get(
        ProPcodeEmulator *emulator, ProVarnode place, uint64_t *ret_value) PRO_WARN_UNUSED;
PRO_API ProStatus pro_pcode_emulator_set(
        ProPcodeEmulator *emulator, ProVarnode place, uint64_t value) PRO_WARN_UNUSED;

/* The same for any size up to PRO_EMULATOR_LARGEST; the bytes are the number's, least significant
 * first, whatever the order of the place. */
enum { PRO_EMULATOR_LARGEST = 64 };
PRO_API ProStatus pro_pcode_emulator_get_bytes(
        ProPcodeEmulator *emulator, ProVarnode place, void *ret_bytes) PRO_WARN_UNUSED;
PRO_API ProStatus pro_pcode_emulator_set_bytes(
        ProPcodeEmulator *emulator, ProVarnode place, const void *bytes) PRO_WARN_UNUSED;

/* Tells that memory was changed, mapped or unmapped otherwise than by the emulator: what it decoded
 * there, and all pages that it was given, are asked for again. */
PRO_API void pro_pcode_emulator_memory_changed(
        ProPcodeEmulator *emulator, uint64_t address, uint64_t size);

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
