/* SPDX-License-Identifier: Apache-2.0 */
#include "emulated.h"

#include <promp/emulator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS = 9 };

struct Emulated {
    ProSleighLanguage *language;
    ProPcodeEmulator *emulator;
    ProSleighDecoder *decoder; /* for texts */
    bool wide;
    ProVarnode gpr[GPRS];
    ProVarnode flag[FLAGS];
    ProVarnode vector[VECTORS];
    ProVarnode st[STACK_REGISTERS];
    ProVarnode control, status, tags, mxcsr, fs, gs, condition[4];
    uint8_t code[CODE_BYTES];
    Outcome *outcome; /* of the run under way */
};

static const struct {
    const char *name;
    unsigned bit;
} flags[FLAGS] = {{"CF", 0}, {"PF", 2}, {"AF", 4}, {"ZF", 6}, {"SF", 7}, {"TF", 8}, {"IF", 9},
        {"DF", 10}, {"OF", 11}};

static uint8_t *locate(Emulated *emulated, uint64_t address, size_t size)
{
    if (address >= DATA_ADDRESS && address - DATA_ADDRESS <= DATA_BYTES &&
            size <= DATA_BYTES - (address - DATA_ADDRESS))
        return emulated->outcome->data + (address - DATA_ADDRESS);
    return NULL;
}

static ProStatus read_memory(void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    Emulated *emulated = data;
    const uint8_t *from = locate(emulated, address, size);
    (void)space;
    if (from == NULL && address >= CODE_ADDRESS && address - CODE_ADDRESS < CODE_BYTES &&
            size <= CODE_BYTES - (address - CODE_ADDRESS))
        from = emulated->code + (address - CODE_ADDRESS);
    if (from == NULL) {
        emulated->outcome->end = END_MEMORY;
        return PRO_ERR_NOT_FOUND;
    }
    memcpy(bytes, from, size);
    return PRO_OK;
}

static ProStatus write_memory(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    Emulated *emulated = data;
    uint8_t *to = locate(emulated, address, size);
    (void)space;
    if (to == NULL) {
        emulated->outcome->end = END_MEMORY;
        return PRO_ERR_NOT_FOUND;
    }
    memcpy(to, bytes, size);
    return PRO_OK;
}

static ProStatus fault(Outcome *outcome, uint64_t vector)
{
    outcome->end = vector == 0                                    ? END_DIVIDE
                   : vector == 6                                  ? END_UNDEFINED
                   : vector == 13 || vector == 14 || vector == 12 ? END_MEMORY
                                                                  : END_OTHER;
    outcome->detail = (unsigned)vector;
    return PRO_ERR_ABORTED;
}

/* The order of accesses to memory: nothing that one processor sees of itself. */
static bool changes_nothing(const char *name)
{
    static const char *const names[] = {"LOCK", "lfence", "mfence", "sfence"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static ProStatus user_operation(void *data, ProPcodeEmulator *emulator, uint64_t number,
        const ProVarnode *arguments, size_t count, ProVarnode output)
{
    Emulated *emulated = data;
    const char *name = pro_sleigh_language_user_operation(emulated->language, number);
    uint64_t values[2] = {0};
    (void)output;
    for (size_t i = 0; i < count && i < 2; i++)
        if (arguments[i].size <= 8 &&
                pro_pcode_emulator_get(emulator, arguments[i], &values[i]) != PRO_OK)
            return PRO_ERR_INVALID;
    if (changes_nothing(name))
        return PRO_OK;
    if (strcmp(name, "fault") == 0)
        return fault(emulated->outcome, values[0]);
    if (strcmp(name, "fault_if") == 0)
        return values[1] == 0 ? PRO_OK : fault(emulated->outcome, values[0]);
    emulated->outcome->end = END_OPAQUE;
    (void)snprintf(emulated->outcome->text, sizeof emulated->outcome->text, "%s", name);
    return PRO_ERR_UNSUPPORTED;
}

/* ---- registers ---- */

static bool find(const Emulated *emulated, const char *name, ProVarnode *ret_place)
{
    const ProSleighRegister *found = pro_sleigh_language_register(emulated->language, name);
    if (found == NULL) {
        (void)fprintf(stderr, "the specification has no register %s\n", name);
        return false;
    }
    *ret_place = found->place;
    return true;
}

static bool find_all(Emulated *emulated)
{
    static const char *const wide[GPRS] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
            "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};
    char name[16];
    bool good = true;
    unsigned registers = emulated->wide ? 16 : 8;
    for (unsigned i = 0; i < registers; i++) {
        (void)snprintf(name, sizeof name, "%c%s", emulated->wide ? 'R' : 'E', wide[i] + 1);
        good = good && find(emulated, name, &emulated->gpr[i]);
    }
    for (unsigned i = 0; i < FLAGS; i++)
        good = good && find(emulated, flags[i].name, &emulated->flag[i]);
    for (unsigned i = 0; i < registers; i++) {
        (void)snprintf(name, sizeof name, "YMM%u", i);
        good = good && find(emulated, name, &emulated->vector[i]);
    }
    for (unsigned i = 0; i < STACK_REGISTERS; i++) {
        (void)snprintf(name, sizeof name, "ST%u", i);
        good = good && find(emulated, name, &emulated->st[i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof name, "C%u", i);
        good = good && find(emulated, name, &emulated->condition[i]);
    }
    return good && find(emulated, "FPUControlWord", &emulated->control) &&
           find(emulated, "FPUStatusWord", &emulated->status) &&
           find(emulated, "FPUTagWord", &emulated->tags) &&
           find(emulated, "MXCSR", &emulated->mxcsr) &&
           find(emulated, "FS_OFFSET", &emulated->fs) && find(emulated, "GS_OFFSET", &emulated->gs);
}

static void set(Emulated *emulated, ProVarnode place, uint64_t value)
{
    if (pro_pcode_emulator_set(emulated->emulator, place, value) != PRO_OK)
        abort();
}

static uint64_t get(Emulated *emulated, ProVarnode place)
{
    uint64_t value;
    if (pro_pcode_emulator_get(emulated->emulator, place, &value) != PRO_OK)
        abort();
    return value;
}

static void set_bytes(Emulated *emulated, ProVarnode place, const void *bytes)
{
    if (pro_pcode_emulator_set_bytes(emulated->emulator, place, bytes) != PRO_OK)
        abort();
}

static void get_bytes(Emulated *emulated, ProVarnode place, void *bytes)
{
    if (pro_pcode_emulator_get_bytes(emulated->emulator, place, bytes) != PRO_OK)
        abort();
}

static unsigned registers_of(const Emulated *emulated)
{
    return emulated->wide ? GPRS : GPRS / 2;
}

/* C0 to C3 of the x87 are registers of their own; in the status word they are bits 8, 9, 10, 14. */
static const unsigned condition_bits[4] = {8, 9, 10, 14};

static void load(Emulated *emulated, const State *state)
{
    for (unsigned i = 0; i < registers_of(emulated); i++) {
        set(emulated, emulated->gpr[i], state->gpr[i]);
        set_bytes(emulated, emulated->vector[i], state->vector[i]);
    }
    for (unsigned i = 0; i < FLAGS; i++)
        set(emulated, emulated->flag[i], state->flags >> flags[i].bit & 1);
    for (unsigned i = 0; i < STACK_REGISTERS; i++)
        set_bytes(emulated, emulated->st[i], state->st[i]);
    for (unsigned i = 0; i < 4; i++)
        set(emulated, emulated->condition[i], state->status >> condition_bits[i] & 1);
    set(emulated, emulated->control, state->control);
    set(emulated, emulated->status, state->status);
    set(emulated, emulated->tags, state->tags);
    set(emulated, emulated->mxcsr, state->mxcsr);
    set(emulated, emulated->gs, GS_ADDRESS);
    set(emulated, emulated->fs, GS_ADDRESS);
    pro_pcode_emulator_set_address(emulated->emulator, state->rip);
}

static void save(Emulated *emulated, const State *in, State *out)
{
    *out = *in;
    for (unsigned i = 0; i < registers_of(emulated); i++) {
        out->gpr[i] = get(emulated, emulated->gpr[i]);
        get_bytes(emulated, emulated->vector[i], out->vector[i]);
    }
    for (unsigned i = 0; i < FLAGS; i++) {
        uint64_t bit = UINT64_C(1) << flags[i].bit;
        out->flags = (out->flags & ~bit) | (get(emulated, emulated->flag[i]) != 0 ? bit : 0);
    }
    for (unsigned i = 0; i < STACK_REGISTERS; i++)
        get_bytes(emulated, emulated->st[i], out->st[i]);
    out->control = (uint16_t)get(emulated, emulated->control);
    out->status = (uint16_t)get(emulated, emulated->status);
    for (unsigned i = 0; i < 4; i++) {
        unsigned bit = 1u << condition_bits[i];
        out->status = (uint16_t)((out->status & ~bit) |
                                 (get(emulated, emulated->condition[i]) != 0 ? bit : 0));
    }
    out->tags = (uint8_t)get(emulated, emulated->tags);
    out->mxcsr = (uint32_t)get(emulated, emulated->mxcsr);
    out->rip = pro_pcode_emulator_address(emulated->emulator);
}

/* ---- runs ---- */

void emulated_set_code(Emulated *emulated, const uint8_t *code)
{
    memcpy(emulated->code, code, CODE_BYTES);
    pro_pcode_emulator_memory_changed(emulated->emulator, CODE_ADDRESS, CODE_BYTES);
}

void emulated_run(Emulated *emulated, const Trial *trial, Outcome *outcome)
{
    ProError error = {0};
    emulated->outcome = outcome;
    outcome->end = END_DONE;
    outcome->text[0] = '\0';
    trial_data(trial, outcome->data);
    load(emulated, &trial->in);
    unsigned steps = trial->repeats ? REP_STEPS : 1;
    ProStatus status = PRO_OK;
    while (steps-- > 0 && status == PRO_OK &&
            pro_pcode_emulator_address(emulated->emulator) == trial->in.rip)
        status = pro_pcode_emulator_step(emulated->emulator, &error);
    if (status != PRO_OK && outcome->end == END_DONE) {
        outcome->end = status == PRO_ERR_FORMAT || status == PRO_ERR_UNSUPPORTED ? END_NOT_DECODED
                                                                                 : END_OTHER;
        (void)snprintf(outcome->text, sizeof outcome->text, "%.79s", error.text);
    }
    save(emulated, &trial->in, &outcome->out);
}

uint64_t emulated_operations(const Emulated *emulated)
{
    return pro_pcode_emulator_operations(emulated->emulator);
}

void emulated_text(Emulated *emulated, unsigned slot, char *text, size_t capacity)
{
    ProSleighInstruction instruction;
    const char *mnemonic, *body;
    if (pro_sleigh_decode(emulated->decoder, CODE_ADDRESS + slot * CODE_SLOT,
                emulated->code + slot * CODE_SLOT, CODE_SLOT, &instruction) != PRO_OK ||
            instruction.outcome != PRO_SLEIGH_DECODED ||
            pro_sleigh_text(emulated->decoder, &mnemonic, &body) != PRO_OK)
        (void)snprintf(text, capacity, "?");
    else
        (void)snprintf(text, capacity, "%s %s", mnemonic, body);
}

Emulated *emulated_new(const char *sla, const char *pspec, bool wide)
{
    Emulated *emulated = calloc(1, sizeof *emulated);
    ProError error = {0};
    if (emulated == NULL)
        return NULL;
    ProPcodeEmulatorCalls calls = {.data = emulated,
            .read = read_memory,
            .write = write_memory,
            .user_operation = user_operation};
    emulated->wide = wide;
    if (pro_sleigh_language_load_file(sla, pspec, &emulated->language, &error) == PRO_OK &&
            pro_pcode_emulator_new(emulated->language, &calls, &emulated->emulator, &error) ==
                    PRO_OK &&
            pro_sleigh_decoder_new(emulated->language, &emulated->decoder, &error) == PRO_OK &&
            find_all(emulated))
        return emulated;
    (void)fprintf(stderr, "%s\n", error.text);
    emulated_free(emulated);
    return NULL;
}

void emulated_free(Emulated *emulated)
{
    pro_sleigh_decoder_free(emulated->decoder);
    pro_pcode_emulator_free(emulated->emulator);
    pro_sleigh_language_unref(emulated->language);
    free(emulated);
}
