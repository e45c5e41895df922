/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of x86 encodings that one instruction shows: prefixes, sizes, what is invalid. Of the
 * rest tests/prove/x86 compares all with another decoder and with the processor. */
#include "support/test.h"

#include <promp/emulator.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 20 };

typedef struct Case {
    const char *hex;
    const char *text;
    unsigned length;
} Case;

static const Case cases_64[] = {
        /* REX counts only directly before the opcode, the last one of several */
        {"4889d8", "MOV RAX, RBX", 3},
        {"66488bc3", "MOV RAX, RBX", 4},
        {"48668bc3", "MOV AX, BX", 4},
        {"4f4889d8", "MOV RAX, RBX", 4},
        {"4026ffc0", "INC EAX", 4},
        /* 66, F2, F3 in any number and order; operand sizes */
        {"666689d8", "MOV AX, BX", 4},
        {"f36689d8", "MOV AX, BX", 4},
        {"66f30fb8c3", "POPCNT AX, BX", 5},
        {"f3660fb8c3", "POPCNT AX, BX", 5},
        {"f30fb8c3", "POPCNT EAX, EBX", 4},
        {"48f30fb8c3", "POPCNT EAX, EBX", 5},
        /* byte registers */
        {"88e0", "MOV AL, AH", 2},
        {"4088e0", "MOV AL, SPL", 3},
        {"4488c0", "MOV AL, R8B", 3},
        /* 67, segments */
        {"678b4424f0", "MOV EAX, dword ptr [ESP - 0x10]", 5},
        {"6467428b04ad10000000", "MOV EAX, dword ptr FS:[R13D*0x4 + 0x10]", 10},
        {"642e8b00", "MOV EAX, dword ptr FS:[RAX]", 4},
        {"268b00", "MOV EAX, dword ptr [RAX]", 3},
        /* SIB without base, without index; RIP and EIP */
        {"8b0425f8ffffff", "MOV EAX, dword ptr [-0x8]", 7},
        {"428b0425f8ffffff", "MOV EAX, dword ptr [R12*1 - 0x8]", 8},
        {"8b0c65f8ffffff", "MOV ECX, dword ptr [-0x8]", 7},
        {"8b0524010000", "MOV EAX, dword ptr [0x12a]", 6},
        {"678b0524010000", "MOV EAX, dword ptr [0x12b]", 7},
        {"498b4500", "MOV RAX, qword ptr [R13 + 0x0]", 4},
        {"498b0424", "MOV RAX, qword ptr [R12]", 4},
        {"4a8b442010", "MOV RAX, qword ptr [RAX + R12 + 0x10]", 5},
        {"62f1fe486f41ff", "VMOVDQU64 ZMM0, zmmword ptr [RCX - 0x40]", 7}, /* disp8*N */
        /* moffs */
        {"a11122334455667788", "MOV EAX, dword ptr [-0x778899aabbccddef]", 9},
        {"67a111223344", "MOV EAX, dword ptr [0x44332211]", 6},
        {"4864a31100000000000000", "MOV dword ptr FS:[0x11], EAX", 11},
        /* 15 bytes at most */
        {"6666666666666666666666666666b001", "invalid", 0},
        {"666666666666666666666666666690", "NOP", 15},
        /* LOCK only where it may be */
        {"f00118", "LOCK ADD dword ptr [RAX], EBX", 3},
        {"f001d8", "invalid", 0},
        {"f0488b00", "invalid", 0},
        {"f00fc708", "LOCK CMPXCHG8B qword ptr [RAX]", 4},
        {"f0f20118", "XACQUIRE LOCK ADD dword ptr [RAX], EBX", 4},
        {"f08700", "LOCK XCHG dword ptr [RAX], EAX", 3},
        {"f00fa318", "invalid", 0},
        {"f00fab18", "LOCK BTS dword ptr [RAX], EBX", 4},
        {"f05d", "invalid", 0},
        /* branches */
        {"66e900000000", "JMP 0x6", 6},
        {"f2e9fbffffff", "BND JMP 0x1", 6},
        {"3effe0", "NOTRACK JMP RAX", 3},
        {"3ef2ff10", "NOTRACK BND CALL qword ptr [RAX]", 4},
        {"2e7500", "JNZ 0x3", 3},
        {"c3", "RET", 1},
        {"f2c3", "BND RET", 2},
        {"67e3fe", "JECXZ 0x1", 3},
        {"66ff20", "JMP qword ptr [RAX]", 3},
        /* stack */
        {"666a01", "PUSH 0x1", 3},
        {"66682143", "PUSH 0x4321", 4},
        {"4154", "PUSH R12", 2},
        {"66415c", "POP R12W", 3},
        {"8f442408", "POP qword ptr [RSP + 0x8]", 4},
        /* not in 64-bit mode */
        {"06", "invalid", 0},
        {"27", "invalid", 0},
        {"60", "invalid", 0},
        {"82c001", "invalid", 0},
        {"9a0000000000000000", "invalid", 0},
        {"ce", "invalid", 0},
        {"d401", "invalid", 0},
        /* hints */
        {"90", "NOP", 1},
        {"4190", "XCHG R8D, EAX", 2},
        {"f390", "PAUSE", 2},
        {"f34190", "XCHG R8D, EAX", 3},
        {"6690", "NOP", 2},
        {"0f1f440000", "NOP dword ptr [RAX + RAX + 0x0]", 5},
        {"660f1f840000000000", "NOP word ptr [RAX + RAX + 0x0]", 9},
        {"f30f1efa", "ENDBR64", 4},
        {"f30f1ec8", "RDSSPD EAX", 4},
        {"0f0d08", "PREFETCHW byte ptr [RAX]", 3},
        {"0f1800", "PREFETCHNTA byte ptr [RAX]", 3},
        {"0f0b", "UD2", 2},
        /* strings */
        {"f3a4", "REP MOVSB", 2},
        {"f248a7", "REPNE CMPSQ", 3},
        {"f367aa", "REP STOSB", 3},
        {"64acc3", "LODSB", 2},
        {"f3ac", "REP LODSB", 2},
        /* VEX behind other prefixes */
        {"c4e278f2c3", "ANDN EAX, EAX, EBX", 5},
        {"64c4e278f200", "ANDN EAX, EAX, dword ptr FS:[RAX]", 6},
        {"66c4e278f2c3", "invalid", 0},
        {"40c4e278f2c3", "invalid", 0},
        {"c4e2fbf6c3", "MULX RAX, RAX, RBX", 5},
        {"c4e37bf0c305", "RORX EAX, EBX, 0x5", 6},
        {"8fea7810c078563412", "BEXTR EAX, EAX, 0x12345678", 9},
        /* ranges */
        {"0fb9c0", "UD1 EAX, EAX", 3},
        {"0fffc0", "UD0 EAX, EAX", 3},
        {"f20f38f0c3", "CRC32 EAX, BL", 5},
        {"0f38f000", "MOVBE EAX, dword ptr [RAX]", 4},
        {"660f38f6c3", "ADCX EAX, EBX", 5},
        {"0f20c8", "invalid", 0},
        {"0f05", "SYSCALL", 2},
};

static const Case cases_32[] = {
        /* 66 and 67 change sizes once */
        {"66b83412", "MOV AX, 0x1234", 4},
        {"6666b83412", "MOV AX, 0x1234", 5},
        {"678b4702", "MOV EAX, dword ptr [BX + 0x2]", 4},
        {"67668b4702", "MOV AX, word ptr [BX + 0x2]", 5},
        {"67a13412", "MOV EAX, dword ptr [0x1234]", 4},
        {"672e8b063412", "MOV EAX, dword ptr CS:[0x1234]", 6},
        /* segments */
        {"268b00", "MOV EAX, dword ptr ES:[EAX]", 3},
        {"3e368b00", "MOV EAX, dword ptr SS:[EAX]", 4},
        {"65a118000000", "MOV EAX, dword ptr GS:[0x18]", 6},
        /* only here */
        {"06", "PUSH ES", 1},
        {"27", "DAA", 1},
        {"37", "AAA", 1},
        {"6660", "PUSHA", 2},
        {"82c001", "ADD AL, 0x1", 3},
        {"9a785634120800", "CALL 0x8:0x12345678", 7},
        {"669a34120800", "CALL 0x8:0x1234", 6},
        {"ce", "INTO", 1},
        {"d40a", "AAM 0xa", 2},
        {"62442408", "BOUND EAX, qword ptr [ESP + 0x8]", 4},
        {"c4442408", "LES EAX, fword ptr [ESP + 0x8]", 4},
        {"c5442408", "LDS EAX, fword ptr [ESP + 0x8]", 4},
        {"40", "INC EAX", 1},
        {"6649", "DEC CX", 2},
        {"63c8", "ARPL AX, CX", 2},
        /* VEX where a register would be */
        {"c4e278f2c3", "ANDN EAX, EAX, EBX", 5},
        {"c5f877", "VZEROUPPER", 3},
        /* branches with 16 bits */
        {"66e9fdff", "JMP 0x1", 4},
        {"667500", "JNZ 0x3", 3},
        {"66c3", "RET", 2},
        {"66ff20", "JMP word ptr [EAX]", 3},
        {"67e300", "JCXZ 0x3", 3},
        /* strings, stack */
        {"66f3a5", "REP MOVSW", 3},
        {"67f3a4", "REP MOVSB", 3},
        {"68ffffffff", "PUSH 0xffffffff", 5},
        {"6a80", "PUSH -0x80", 2},
        {"f00fc70f", "LOCK CMPXCHG8B qword ptr [EDI]", 4},
        {"8b0524010000", "MOV EAX, dword ptr [0x124]", 6},
        {"8b0425f8ffffff", "MOV EAX, dword ptr [-0x8]", 7},
        {"8b042df8ffffff", "MOV EAX, dword ptr [EBP*1 - 0x8]", 7},
};

static ProSleighLanguage *load(const char *name)
{
    char path[1024], sla_path[] = "/tmp/promp-x86-XXXXXX";
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error = {0};
    ProSleighLanguage *language = NULL;
    (void)snprintf(path, sizeof path, "%s/x86/%s.slaspec", DATA_FOLDER, name);
    ProSleighCompileOptions options = {.path = path, .quiet = true};
    if (pro_sleigh_compile(&options, &sla, &size, &messages, &error) != PRO_OK)
        fail_msg("%s", messages);
    int fd = mkstemp(sla_path);
    FILE *file = fdopen(fd, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(sla, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(path, sizeof path, "%s/x86/%s.pspec", DATA_FOLDER, name);
    if (pro_sleigh_language_load_file(sla_path, path, &language, &error) != PRO_OK)
        fail_msg("%s", error.text);
    (void)remove(sla_path);
    free(messages);
    free(sla);
    return language;
}

static size_t read_hex(const char *hex, uint8_t *bytes)
{
    size_t count = strlen(hex) / 2;
    memset(bytes, 0, LONGEST); /* what follows is no reason to be truncated */
    for (size_t i = 0; i < count; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return LONGEST;
}

static void check_cases(const char *name, const Case *cases, size_t count)
{
    ProSleighLanguage *language = load(name);
    ProSleighDecoder *decoder = NULL;
    ProError error;
    assert_int_equal(pro_sleigh_decoder_new(language, &decoder, &error), PRO_OK);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[LONGEST];
        char text[256] = "invalid";
        const char *mnemonic, *body;
        ProSleighInstruction instruction;
        size_t size = read_hex(cases[i].hex, bytes);
        assert_int_equal(pro_sleigh_decode(decoder, 0, bytes, size, &instruction), PRO_OK);
        if (instruction.outcome == PRO_SLEIGH_DECODED) {
            assert_int_equal(pro_sleigh_text(decoder, &mnemonic, &body), PRO_OK);
            (void)snprintf(text, sizeof text, "%s%s%s", mnemonic, *body != 0 ? " " : "", body);
        }
        if (strcmp(text, cases[i].text) != 0 || (instruction.outcome == PRO_SLEIGH_DECODED &&
                                                        instruction.length != cases[i].length))
            fail_msg("%s: %s of %u bytes, not %s of %u", cases[i].hex, text, instruction.length,
                    cases[i].text, cases[i].length);
    }
    pro_sleigh_decoder_free(decoder);
    pro_sleigh_language_unref(language);
}

static void wide_code_is_read(void **state)
{
    (void)state;
    check_cases("x86-64", cases_64, sizeof cases_64 / sizeof cases_64[0]);
}

static void narrow_code_is_read(void **state)
{
    (void)state;
    check_cases("x86", cases_32, sizeof cases_32 / sizeof cases_32[0]);
}

/* ---- 16-bit code: in its segments nothing above the low 64 KiB can be meant ---- */

enum { SEGMENT_BYTES = 1 << 16, STEPS_MAX = 100 };

static uint8_t segment[SEGMENT_BYTES];

static ProStatus segment_read(
        void *data, unsigned space, uint64_t address, void *bytes, size_t size)
{
    (void)data;
    (void)space;
    if (address > SEGMENT_BYTES || size > SEGMENT_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(bytes, segment + address, size);
    return PRO_OK;
}

static ProStatus segment_write(
        void *data, unsigned space, uint64_t address, const void *bytes, size_t size)
{
    (void)data;
    (void)space;
    if (address > SEGMENT_BYTES || size > SEGMENT_BYTES - address)
        return PRO_ERR_NOT_FOUND;
    memcpy(segment + address, bytes, size);
    return PRO_OK;
}

typedef struct Register {
    const char *name;
    uint64_t before;
    uint64_t after;
} Register;

/* The upper halves are what shows whether 32 bits were used. */
static const Register short_registers[] = {{"EAX", 0xBEEF0000, 0xBEEF1237},
        {"EBX", 0xBEEF0000, 0x11223344}, {"ECX", 0xBEEF0000, 0xBEEF0000},
        {"EDX", 0xBEEF0000, 0xBEEF0FF6}, {"ESP", 0xBEEF1000, 0xBEEF0FFC},
        {"EBP", 0xBEEF2222, 0xBEEF2222}, {"ESI", 0xBEEF0000, 0xBEEF0204},
        {"EDI", 0xBEEF0000, 0xBEEF0304}};

static const char short_code[] = "b83412"       /* mov ax, 1234h */
                                 "50"           /* push ax */
                                 "666844332211" /* push dword 11223344h */
                                 "665b"         /* pop ebx */
                                 "59"           /* pop cx */
                                 "c8080000"     /* enter 8, 0 */
                                 "89e2"         /* mov dx, sp */
                                 "c9"           /* leave */
                                 "e81800"       /* call 2fh */
                                 "be0002"       /* mov si, 200h */
                                 "bf0003"       /* mov di, 300h */
                                 "b90400"       /* mov cx, 4 */
                                 "f3a4"         /* rep movsb */
                                 "b90300"       /* mov cx, 3 */
                                 "40"           /* inc ax */
                                 "e2fd"         /* loop 25h */
                                 "60"           /* pusha */
                                 "b80000"       /* mov ax, 0 */
                                 "61"           /* popa */
                                 "6655"         /* push ebp */
                                 "c3";          /* ret, at 2fh */

static ProVarnode register_place(ProSleighLanguage *language, const char *name)
{
    const ProSleighRegister *found = pro_sleigh_language_register(language, name);
    assert_non_null(found);
    return found->place;
}

static void short_code_uses_short_registers(void **state)
{
    (void)state;
    const uint64_t end = 0x2F;
    const size_t count = sizeof short_registers / sizeof *short_registers;
    ProSleighLanguage *language = load("x86");
    ProPcodeEmulator *emulator = NULL;
    ProError error = {0};
    ProPcodeEmulatorCalls calls = {.read = segment_read, .write = segment_write};
    assert_int_equal(pro_pcode_emulator_new(language, &calls, &emulator, &error), PRO_OK);
    assert_int_equal(pro_sleigh_decoder_set_context(
                             pro_pcode_emulator_decoder(emulator), "seg16", 0, 1, &error),
            PRO_OK);
    for (size_t i = 0; short_code[2 * i] != 0; i++) {
        char digits[3] = {short_code[2 * i], short_code[2 * i + 1], 0};
        segment[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    memcpy(segment + 0x200, "read", 4);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
                pro_pcode_emulator_set(emulator, register_place(language, short_registers[i].name),
                        short_registers[i].before),
                PRO_OK);
    unsigned steps = 0;
    bool called = false; /* the subroutine is where the code ends */
    for (; steps < STEPS_MAX; steps++) {
        uint64_t address = pro_pcode_emulator_address(emulator);
        if (address == end && called)
            break;
        called = called || address == end;
        if (pro_pcode_emulator_step(emulator, &error) != PRO_OK)
            fail_msg("at 0x%llx: %s", (unsigned long long)address, error.text);
    }
    assert_true(steps < STEPS_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        assert_int_equal(pro_pcode_emulator_get(emulator,
                                 register_place(language, short_registers[i].name), &value),
                PRO_OK);
        if (value != short_registers[i].after)
            fail_msg("%s is 0x%llx, not 0x%llx", short_registers[i].name, (unsigned long long)value,
                    (unsigned long long)short_registers[i].after);
    }
    assert_memory_equal(segment + 0x300, "read", 4);
    assert_memory_equal(segment + 0xFFC, "\x22\x22\xEF\xBE", 4);
    pro_pcode_emulator_free(emulator);
    pro_sleigh_language_unref(language);
}

TEST_MAIN(cmocka_unit_test(wide_code_is_read), cmocka_unit_test(narrow_code_is_read),
        cmocka_unit_test(short_code_uses_short_registers))
