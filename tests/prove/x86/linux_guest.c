/* SPDX-License-Identifier: Apache-2.0 */
#include "linux_guest.h"

#include <cpuid.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    STACK_BYTES = 1 << 20,
    LARGEST_ARGUMENTS = 64,
    CALL_ARGUMENTS = 6,
    PIE_BASE = 0x10000000,
    RUN_STEPS = 1 << 20
};
#define STACK_TOP UINT64_C(0xF0000000)

typedef struct Image {
    uint64_t entry;
    uint64_t headers; /* of the program */
    uint64_t header_size;
    uint64_t header_count;
    uint64_t base;
} Image;

struct Guest {
    ProSleighLanguage *language;
    ProPcodeEmulator *emulator;
    GuestMemory memory;
    uint64_t instructions;
    bool ended;
    int exit_code;
    ProVarnode rax, rsp, fs, call_arguments[CALL_ARGUMENTS];
};

/* ---- memory and operations for the emulator ---- */

static ProStatus read_memory(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    const Guest *guest = data;
    const uint8_t *from = guest_memory_at(&guest->memory, address, size);
    (void)space;
    if (from == NULL)
        return PRO_ERR_NOT_FOUND;
    memcpy(bytes, from, size);
    return PRO_OK;
}

static ProStatus write_memory(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    Guest *guest = data;
    uint8_t *to = guest_memory_at(&guest->memory, address, size);
    (void)space;
    if (to == NULL)
        return PRO_ERR_NOT_FOUND;
    memcpy(to, bytes, size);
    return PRO_OK;
}

static void *page_of(void *data, unsigned space, uint64_t address, bool writable)
{
    const Guest *guest = data;
    (void)space, (void)writable;
    return guest_memory_at(&guest->memory, address, PRO_EMULATOR_PAGE);
}

static uint64_t get(Guest *guest, ProVarnode place)
{
    uint64_t value = 0;
    if (pro_pcode_emulator_get(guest->emulator, place, &value) != PRO_OK)
        abort();
    return value;
}

static void set(Guest *guest, ProVarnode place, uint64_t value)
{
    if (pro_pcode_emulator_set(guest->emulator, place, value) != PRO_OK)
        abort();
}

static void system_call(Guest *guest)
{
    GuestCall call = {.number = get(guest, guest->rax)};
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
        call.arguments[i] = get(guest, guest->call_arguments[i]);
    set(guest, guest->rax, (uint64_t)guest_call(&guest->memory, &call));
    if (call.sets_fs)
        set(guest, guest->fs, call.fs);
    if (call.changed_size > 0)
        pro_pcode_emulator_memory_changed(guest->emulator, call.changed, call.changed_size);
    guest->ended = call.exits;
    guest->exit_code = (int)(call.arguments[0] & 0xFF);
}

/* A plain x86-64 processor: SSE2, nothing later, so that the C library takes its plain paths. */
static void identify(uint32_t leaf, uint32_t *ret_registers)
{
    memset(ret_registers, 0, 4 * sizeof *ret_registers);
    if (leaf == 0) {
        ret_registers[0] = 1;
        memcpy(&ret_registers[1], "Genu", 4);
        memcpy(&ret_registers[3], "ineI", 4);
        memcpy(&ret_registers[2], "ntel", 4);
    } else if (leaf == 1) {
        ret_registers[0] = 0x000006F0;
        ret_registers[3] = 1u /* FPU */ | 1u << 4 /* TSC */ | bit_CMPXCHG8B | bit_CMOV | bit_MMX |
                           bit_FXSAVE | bit_SSE | bit_SSE2;
    } else if (leaf == 0x80000000u) {
        ret_registers[0] = 0x80000001u;
    } else if (leaf == 0x80000001u) {
        ret_registers[3] = bit_LM;
    }
}

static ProStatus user_operation(void *data, ProPcodeEmulator *emulator, uint64_t number,
        const ProVarnode *arguments, size_t count, ProVarnode output)
{
    Guest *guest = data;
    const char *name = pro_sleigh_language_user_operation(guest->language, number);
    uint64_t value = 0;
    if (count > 1 && strcmp(name, "fault_if") == 0)
        return pro_pcode_emulator_get(emulator, arguments[1], &value) == PRO_OK && value == 0
                       ? PRO_OK
                       : PRO_ERR_INVALID;
    if (strcmp(name, "LOCK") == 0 || strstr(name, "fence") != NULL)
        return PRO_OK;
    if (strcmp(name, "syscall") == 0) {
        system_call(guest);
        return guest->ended ? PRO_ERR_CLOSED : PRO_OK;
    }
    if (strcmp(name, "cpuid") == 0) {
        uint32_t registers[4];
        identify((uint32_t)get(guest, arguments[0]), registers);
        return pro_pcode_emulator_set_bytes(emulator, output, registers);
    }
    if (strcmp(name, "rdtsc") == 0)
        return pro_pcode_emulator_set(emulator, output, guest->instructions);
    return PRO_ERR_UNSUPPORTED;
}

/* ---- loading ---- */

static bool load_segment(Guest *guest, FILE *file, const Elf64_Phdr *segment, uint64_t base)
{
    uint64_t address = base + segment->p_vaddr;
    uint64_t end = address + segment->p_memsz;
    if (!guest_memory_map(&guest->memory, address, segment->p_memsz))
        return false;
    if (end > guest->memory.program_break)
        guest->memory.program_break = end;
    uint8_t *to = guest_memory_at(&guest->memory, address, segment->p_memsz);
    return to != NULL && segment->p_filesz <= segment->p_memsz &&
           fseek(file, (long)segment->p_offset, SEEK_SET) == 0 &&
           fread(to, 1, segment->p_filesz, file) == segment->p_filesz;
}

static bool load_file(Guest *guest, FILE *file, Image *image)
{
    Elf64_Ehdr header;
    if (fread(&header, sizeof header, 1, file) != 1 ||
            memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != EM_X86_64)
        return false;
    image->base = header.e_type == ET_DYN ? PIE_BASE : 0;
    image->entry = image->base + header.e_entry;
    image->header_size = header.e_phentsize;
    image->header_count = header.e_phnum;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        if (fseek(file, (long)(header.e_phoff + i * sizeof segment), SEEK_SET) != 0 ||
                fread(&segment, sizeof segment, 1, file) != 1 || segment.p_type == PT_INTERP)
            return false;
        if (segment.p_type == PT_LOAD && !load_segment(guest, file, &segment, image->base))
            return false;
        if (segment.p_type == PT_LOAD && segment.p_offset == 0)
            image->headers = image->base + segment.p_vaddr + header.e_phoff;
    }
    guest->memory.program_break = (guest->memory.program_break + 0xFFF) & ~UINT64_C(0xFFF);
    return true;
}

static uint64_t push_bytes(Guest *guest, uint64_t *stack, const void *bytes, size_t size)
{
    *stack -= size;
    memcpy(guest->memory.bytes + *stack, bytes, size);
    return *stack;
}

/* What the kernel puts on the stack: argc, argv, envp, the auxiliary vector (System V ABI, 3.4.1).
 */
static void build_stack(Guest *guest, const Image *image, char *const *arguments)
{
    static const char random_bytes[16] = "not so random ..";
    uint64_t stack = STACK_TOP - 64, words[2 * LARGEST_ARGUMENTS], count = 0;
    uint64_t random_at = push_bytes(guest, &stack, random_bytes, sizeof random_bytes);
    uint64_t platform = push_bytes(guest, &stack, "x86_64", sizeof "x86_64");
    unsigned argc = 0;
    for (; arguments[argc] != NULL && argc < LARGEST_ARGUMENTS; argc++)
        words[1 + argc] = push_bytes(guest, &stack, arguments[argc], strlen(arguments[argc]) + 1);
    words[0] = argc;
    count = argc + 1;
    words[count++] = 0; /* argv */
    words[count++] = 0; /* envp */
    const uint64_t auxiliary[] = {AT_PHDR, image->headers, AT_PHENT, image->header_size, AT_PHNUM,
            image->header_count, AT_PAGESZ, PRO_EMULATOR_PAGE, AT_BASE, 0, AT_ENTRY, image->entry,
            AT_UID, 0, AT_EUID, 0, AT_GID, 0, AT_EGID, 0, AT_SECURE, 0, AT_RANDOM, random_at,
            AT_PLATFORM, platform, AT_CLKTCK, 100, AT_NULL, 0};
    uint64_t top = (stack - sizeof auxiliary - 8 * count) & ~UINT64_C(15);
    memcpy(guest->memory.bytes + top, words, 8 * count);
    memcpy(guest->memory.bytes + top + 8 * count, auxiliary, sizeof auxiliary);
    set(guest, guest->rsp, top);
}

static bool find_registers(Guest *guest)
{
    static const char *const names[CALL_ARGUMENTS] = {"RDI", "RSI", "RDX", "R10", "R8", "R9"};
    const struct {
        const char *name;
        ProVarnode *place;
    } others[] = {{"RAX", &guest->rax}, {"RSP", &guest->rsp}, {"FS_OFFSET", &guest->fs}};
    for (unsigned i = 0; i < CALL_ARGUMENTS + 3; i++) {
        const ProSleighRegister *found = pro_sleigh_language_register(
                guest->language, i < CALL_ARGUMENTS ? names[i] : others[i - CALL_ARGUMENTS].name);
        if (found == NULL)
            return false;
        *(i < CALL_ARGUMENTS ? &guest->call_arguments[i] : others[i - CALL_ARGUMENTS].place) =
                found->place;
    }
    return true;
}

Guest *guest_new(ProSleighLanguage *language, const char *program, char *const *arguments)
{
    Guest *guest = calloc(1, sizeof *guest);
    Image image = {0};
    ProError error = {0};
    FILE *file = fopen(program, "rbe");
    ProPcodeEmulatorCalls calls = {.data = guest,
            .read = read_memory,
            .write = write_memory,
            .user_operation = user_operation,
            .page = page_of};
    if (file == NULL || guest == NULL || !guest_memory_init(&guest->memory)) {
        (void)fprintf(stderr, "cannot open %s, or no memory\n", program);
        exit(2);
    }
    guest->language = language;
    if (pro_pcode_emulator_new(language, &calls, &guest->emulator, &error) != PRO_OK ||
            !find_registers(guest) || !load_file(guest, file, &image) ||
            !guest_memory_map(&guest->memory, STACK_TOP - STACK_BYTES, STACK_BYTES)) {
        (void)fprintf(stderr, "cannot load %s, which must be a static x86-64 program: %s\n",
                program, error.text);
        exit(2);
    }
    (void)fclose(file);
    build_stack(guest, &image, arguments);
    const ProSleighRegister *control = pro_sleigh_language_register(language, "FPUControlWord");
    const ProSleighRegister *mxcsr = pro_sleigh_language_register(language, "MXCSR");
    if (control != NULL)
        set(guest, control->place, 0x37F);
    if (mxcsr != NULL)
        set(guest, mxcsr->place, 0x1F80);
    pro_pcode_emulator_set_address(guest->emulator, image.entry);
    return guest;
}

void guest_free(Guest *guest)
{
    pro_pcode_emulator_free(guest->emulator);
    guest_memory_fini(&guest->memory);
    free(guest);
}

bool guest_run(Guest *guest, ProError *reterr)
{
    ProStatus status = PRO_OK;
    while (status == PRO_OK) {
        uint64_t done = 0;
        status = pro_pcode_emulator_run(guest->emulator, RUN_STEPS, &done, reterr);
        guest->instructions += done;
    }
    return guest->ended;
}

int guest_exit_code(const Guest *guest)
{
    return guest->exit_code;
}

uint64_t guest_operations(const Guest *guest)
{
    return pro_pcode_emulator_operations(guest->emulator);
}

uint64_t guest_instructions(const Guest *guest)
{
    return guest->instructions;
}
