/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVE_X86_LINUX_GUEST_H
#define PROVE_X86_LINUX_GUEST_H

#include <promp/emulator.h>

/*
 * A static x86-64 Linux program in the emulator: its memory, and the system calls that such
 * programs use, which are done by this process. Addresses lie below 4 GiB. No signals, no threads.
 */
typedef struct Guest Guest;

/* Prints why it fails. `arguments` end with NULL; the first is the program's name. */
Guest *guest_new(ProSleighLanguage *language, const char *program, char *const *arguments);
void guest_free(Guest *guest);

/* Until the program ends; false, with `reterr`, if it can't go on. */
bool guest_run(Guest *guest, ProError *reterr);
int guest_exit_code(const Guest *guest);
uint64_t guest_operations(const Guest *guest);
uint64_t guest_instructions(const Guest *guest);

/* ---- linux_memory.c ---- */

typedef struct GuestMemory {
    uint8_t *bytes;   /* of address 0 */
    uint8_t *present; /* by page */
    uint64_t program_break;
    uint64_t next_mapping; /* downwards */
} GuestMemory;

bool guest_memory_init(GuestMemory *memory);
void guest_memory_fini(GuestMemory *memory);
bool guest_memory_map(GuestMemory *memory, uint64_t address, uint64_t size);
void guest_memory_unmap(GuestMemory *memory, uint64_t address, uint64_t size);
uint64_t guest_memory_find(GuestMemory *memory, uint64_t size); /* 0: none */
/* NULL: not all of it is mapped. */
uint8_t *guest_memory_at(const GuestMemory *memory, uint64_t address, uint64_t size);
/* The text at the address, NULL if it does not end. */
const char *guest_memory_text(const GuestMemory *memory, uint64_t address);

/* ---- linux_calls.c ---- */

typedef struct GuestCall {
    uint64_t number;
    uint64_t arguments[6];
    bool exits;   /* set for exit and exit_group */
    bool sets_fs; /* arch_prctl: the new base is in `fs` */
    uint64_t fs;
    uint64_t changed; /* memory whose content is another: address and size */
    uint64_t changed_size;
} GuestCall;

/* Does the call; a negative errno like the kernel. */
int64_t guest_call(GuestMemory *memory, GuestCall *call);

#endif
