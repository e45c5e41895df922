/* SPDX-License-Identifier: Apache-2.0 */
/*
 * riscv_qemu_compare SLA PROGRAM < LOG: executes a static riscv64 program in the emulator and
 * compares the program counter and all 31 registers with qemu's log before every instruction:
 *     qemu-riscv64-static -singlestep -d cpu,nochain -D /dev/stdout PROGRAM | riscv_qemu_compare
 * ... Prints how many instructions agree; exits 1 at the first difference.
 */
#include <promp/emulator.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 1 << 24, STACK_BYTES = 1 << 20, REGISTERS = 32 };

typedef struct Machine {
    uint8_t *memory; /* the program's addresses, from 0 on */
    uint8_t *stack;
    uint64_t stack_base;
} Machine;

typedef struct State {
    uint64_t pc;
    uint64_t x[REGISTERS];
} State;

static uint8_t *locate(Machine *machine, uint64_t address, size_t size)
{
    if (address < MEMORY_BYTES && size <= MEMORY_BYTES - address)
        return machine->memory + address;
    uint64_t offset = address - machine->stack_base;
    return offset < STACK_BYTES && size <= STACK_BYTES - offset ? machine->stack + offset : NULL;
}

static ProStatus read_memory(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    const uint8_t *from = locate(data, address, size);
    (void)space;
    if (from == NULL)
        return PRO_ERR_NOT_FOUND;
    memcpy(bytes, from, size);
    return PRO_OK;
}

static ProStatus write_memory(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    uint8_t *to = locate(data, address, size);
    (void)space;
    if (to == NULL)
        return PRO_ERR_NOT_FOUND;
    memcpy(to, bytes, size);
    return PRO_OK;
}

static int load_program(Machine *machine, const char *path)
{
    static uint8_t file[1 << 22];
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL)
        return -1;
    size_t size = fread(file, 1, sizeof file, stream);
    (void)fclose(stream);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)file;
    if (size < sizeof *header || memcmp(file, ELFMAG, SELFMAG) != 0 ||
            header->e_machine != EM_RISCV)
        return -1;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t at = header->e_phoff + i * sizeof segment;
        if (at + sizeof segment > size)
            return -1;
        memcpy(&segment, file + at, sizeof segment);
        uint8_t *to = segment.p_type != PT_LOAD ? NULL
                                                : locate(machine, segment.p_vaddr, segment.p_memsz);
        if (segment.p_type != PT_LOAD)
            continue;
        if (to == NULL || segment.p_filesz > segment.p_memsz ||
                segment.p_offset + segment.p_filesz > size)
            return -1;
        memcpy(to, file + segment.p_offset, segment.p_filesz);
    }
    return 0;
}

/* The next state in qemu's log: " pc  HEX", then " x1/ra HEX x2/sp HEX ...". */
static int read_state(State *state)
{
    char line[1024];
    int found = 0;
    while (found < REGISTERS && fgets(line, sizeof line, stdin) != NULL) {
        char *save = NULL;
        for (char *word = strtok_r(line, " \n", &save); word != NULL;
                word = strtok_r(NULL, " \n", &save)) {
            char *value = strcmp(word, "pc") == 0 || (word[0] == 'x' && strchr(word, '/') != NULL)
                                  ? strtok_r(NULL, " \n", &save)
                                  : NULL;
            if (value == NULL)
                continue;
            if (word[0] == 'p') {
                state->pc = strtoull(value, NULL, 16);
            } else {
                state->x[strtoul(word + 1, NULL, 10) % REGISTERS] = strtoull(value, NULL, 16);
                found++;
            }
        }
    }
    return found == REGISTERS;
}

static const char *const names[REGISTERS] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0",
        "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
        "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

int main(int argc, char **argv)
{
    ProSleighLanguage *language = NULL;
    ProPcodeEmulator *emulator = NULL;
    ProError error = {0};
    static Machine machine;
    State state = {0};
    ProVarnode places[REGISTERS];
    if (argc != 3 || (machine.memory = calloc(1, MEMORY_BYTES)) == NULL ||
            (machine.stack = calloc(1, STACK_BYTES)) == NULL)
        return 2;
    ProPcodeEmulatorCalls calls = {.data = &machine, .read = read_memory, .write = write_memory};
    if (pro_sleigh_language_load_file(argv[1], NULL, &language, &error) != PRO_OK ||
            pro_pcode_emulator_new(language, &calls, &emulator, &error) != PRO_OK ||
            load_program(&machine, argv[2]) != 0 || !read_state(&state)) {
        (void)fprintf(stderr, "cannot begin: %s\n", error.text);
        return 2;
    }
    machine.stack_base = (state.x[2] & ~(uint64_t)0xFFF) - STACK_BYTES / 2;
    for (int i = 0; i < REGISTERS; i++) {
        const ProSleighRegister *found = pro_sleigh_language_register(language, names[i]);
        if (found == NULL)
            return 2;
        places[i] = found->place;
        if (i > 0 && pro_pcode_emulator_set(emulator, places[i], state.x[i]) != PRO_OK)
            return 2;
    }
    pro_pcode_emulator_set_address(emulator, state.pc);
    uint64_t done = 0;
    for (;;) {
        ProStatus status = pro_pcode_emulator_step(emulator, &error);
        if (!read_state(&state))
            break; /* the program has left by ecall */
        if (status != PRO_OK) {
            (void)printf("after %llu instructions: %s\n", (unsigned long long)done, error.text);
            return 1;
        }
        done++;
        for (int i = 0; i < REGISTERS; i++) {
            uint64_t value = pro_pcode_emulator_address(emulator);
            uint64_t wanted = i == 0 ? state.pc : state.x[i];
            if (i > 0 && pro_pcode_emulator_get(emulator, places[i], &value) != PRO_OK)
                return 2;
            if (value != wanted) {
                (void)printf("after %llu instructions: %s is 0x%llx, qemu has 0x%llx (pc 0x%llx)\n",
                        (unsigned long long)done, i == 0 ? "pc" : names[i],
                        (unsigned long long)value, (unsigned long long)wanted,
                        (unsigned long long)state.pc);
                return 1;
            }
        }
    }
    (void)printf(
            "%llu instructions: pc and 31 registers agree after each\n", (unsigned long long)done);
    pro_pcode_emulator_free(emulator);
    pro_sleigh_language_unref(language);
    free(machine.memory);
    free(machine.stack);
    return 0;
}
