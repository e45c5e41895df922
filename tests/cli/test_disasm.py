# SPDX-License-Identifier: Apache-2.0
"""promp disasm and promp sleigh, as a person uses them. PROMP is the built program."""
import json
import os
import pathlib
import platform
import shutil
import struct
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # for the package support
from support.make_elf import make_elf  # noqa: E402
from support.make_pe import IMAGE_BASE, RAW, RVA, make_pe  # noqa: E402

PROMP = os.environ["PROMP"]
TIMEOUT_S = 120
RV64 = "RISCV:LE:64:RV64GC"
CODE = bytes.fromhex("13051500" "ef00c000" "8280" "0000")  # addi a0,a0,1; jal ra,.+12; c.jr ra; c.unimp

SPEC = """define endian=little;
define space ram type=ram_space size=4 default;
define space register type=register_space size=4;
define register offset=0 size=4 [ r0 r1 ];
define token t(8) op=(0,7);
@ifdef EXTRA
:extra is op=2 { r0 = r1; }
@endif
:one is op=1 { r0 = 1; }
"""


def run(*arguments, data=None, **options):
    return subprocess.run([PROMP, *map(str, arguments)], input=data, capture_output=True, timeout=TIMEOUT_S,
                          **options)


def elf(code, address, machine=243):
    """An ELF file with a section of code, its name and one symbol, as little as the loader needs."""
    names = b"\0.text\0.symtab\0.strtab\0"
    texts = b"\0start\0"
    symbol = struct.pack("<IBBHQQ", 1, 0x12, 0, 1, address + 4, 0)
    places, body = [], b""
    for part in (code, bytes(24) + symbol, texts, names):
        places.append((64 + len(body), len(part)))
        body += part
    headers = bytes(64)
    for name, kind, flags, where, place, link, info, size in (
            (1, 1, 6, address, places[0], 0, 0, 0), (7, 2, 0, 0, places[1], 3, 1, 24),
            (15, 3, 0, 0, places[2], 0, 0, 0), (15, 3, 0, 0, places[3], 0, 0, 0)):
        headers += struct.pack("<IIQQQQIIQQ", name, kind, flags, where, *place, link, info, 1, size)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, address, 0, 64 + len(body), 0, 64, 56, 0, 64, 5, 4)
    return header + body + headers


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "one.slaspec"
    path.write_text(SPEC)
    return path


def test_raw_bytes_from_standard_input():
    done = run("disasm", "-", "--language", RV64, "--base", "0x1000", data=CODE)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and done.stderr == b""
    assert [line.split() for line in lines] == [
        ["1000:", "13051500", "addi", "a0,", "a0,", "0x1"],
        ["1004:", "ef00c000", "jal", "ra,", "0x1010"],
        ["1008:", "8280", "c.jr", "ra"],
        ["100a:", "0000", "c.unimp"]]


def test_start_and_count():
    done = run("disasm", "-", "--language", RV64, "--base=0x1000", "--start", "0x1004", "--count", "1", data=CODE)
    assert done.stdout.decode().split() == ["1004:", "ef00c000", "jal", "ra,", "0x1010"]


def test_elf_names_sections_symbols_and_targets(tmp_path):
    path = tmp_path / "program"
    path.write_bytes(elf(CODE + bytes(4) + CODE, 0x20000))
    text = run("disasm", path).stdout.decode()
    assert "section .text:" in text and "\nstart:\n   20004:" in text
    done = run("disasm", path, "--base", "0x1000", "--count", "1")
    assert "   21000:" in done.stdout.decode()


def test_json_is_one_object_a_line(tmp_path):
    path = tmp_path / "program"
    path.write_bytes(elf(CODE + b"\xff\xff\xff\xff\x13", 0x20000))
    lines = [json.loads(line) for line in run("disasm", path, "--json", "--pcode").stdout.splitlines()]
    assert lines[0] == {"address": 0x20000, "length": 4, "bytes": "13051500", "section": ".text",
                        "mnemonic": "addi", "body": "a0, a0, 0x1", "flow": ["fall-through"], "targets": [],
                        "pcode": lines[0]["pcode"]}
    assert any("INT_ADD" in operation for operation in lines[0]["pcode"])
    assert lines[1]["symbol"] == "start" and lines[1]["targets"] == [0x20010] and "call" in lines[1]["flow"]
    assert lines[2]["flow"] == ["return"] or "indirect" in lines[2]["flow"]
    assert lines[4]["error"] == "invalid" and lines[-1]["error"] == "truncated"


GOLDEN_ELF = {True: """
section .text:

start:
    1000:  e81b000000            CALL    0x1020 <helper>
    1005:  e806100000            CALL    0x2010 <puts@plt>
    100a:  488b05ef2f0000        MOV     RAX, qword ptr [0x4000]  # <counter>
    1011:  488d05f02f0000        LEA     RAX, [0x4008]  # <counter+0x8>
    1018:  eb0c                  JMP     0x1026 <helper+0x6>
    101a:  ff15f81f0000          CALL    qword ptr [0x3018]  # <puts@got>

helper:
    1020:  4831c0                XOR     RAX, RAX
    1023:  0f1f00                NOP     dword ptr [RAX]
    1026:  c3                    RET

section .plt:
    2000:  ff35e20f0000          PUSH    qword ptr [0x2fe8]
    2006:  ff25e40f0000          JMP     qword ptr [0x2ff0]
    200c:  0f1f4000              NOP     dword ptr [RAX + 0x0]

puts@plt:
    2010:  ff2502100000          JMP     qword ptr [0x3018]  # <puts@got>
    2016:  6800000000            PUSH    0x0
    201b:  e9e0ffffff            JMP     0x2000
""", False: """
section .text:

start:
    1000:  e81b000000            CALL    0x1020 <helper>
    1005:  e806100000            CALL    0x2010 <puts@plt>
    100a:  a100400000            MOV     EAX, dword ptr [0x4000]  # <counter>
    100f:  6690                  NOP
    1011:  8d0508400000          LEA     EAX, [0x4008]  # <counter+0x8>
    1017:  90                    NOP
    1018:  eb0c                  JMP     0x1026 <helper+0x6>
    101a:  ff1518300000          CALL    dword ptr [0x3018]  # <puts@got>

helper:
    1020:  31c0                  XOR     EAX, EAX
    1022:  90                    NOP
    1023:  0f1f00                NOP     dword ptr [EAX]
    1026:  c3                    RET

section .plt:
    2000:  ffb304000000          PUSH    dword ptr [EBX + 0x4]
    2006:  ffa308000000          JMP     dword ptr [EBX + 0x8]
    200c:  0000                  ADD     byte ptr [EAX], AL
    200e:  0000                  ADD     byte ptr [EAX], AL

puts@plt:
    2010:  ffa318000000          JMP     dword ptr [EBX + 0x18]
    2016:  6800000000            PUSH    0x0
    201b:  e9e0ffffff            JMP     0x2000
"""}


@pytest.mark.parametrize("wide", [True, False])
def test_names_of_targets_and_memory_in_an_elf_file(wide, tmp_path):
    path = tmp_path / "program"
    path.write_bytes(make_elf(wide))
    done = run("disasm", path)
    assert done.stderr == b"" and done.stdout.decode() == GOLDEN_ELF[wide]
    lines = {line["address"]: line for line in map(json.loads, run("disasm", path, "--json").stdout.splitlines())}
    assert lines[0x1005]["references"] == [{"address": 0x2010, "symbol": "puts@plt", "offset": 0}]
    assert lines[0x1011]["references"] == [{"address": 0x4008, "symbol": "counter", "offset": 8}]
    assert lines[0x2010]["symbol"] == "puts@plt" and "references" not in lines[0x1026]
    assert "0x101020 <helper>" in run("disasm", path, "--base", "0x100000").stdout.decode()


@pytest.mark.parametrize("wide", [True, False])
def test_names_of_imports_and_exports_in_a_pe_file(wide, tmp_path):
    path = tmp_path / "made.dll"
    path.write_bytes(make_pe(wide))
    imports = json.loads(run("info", path, "--json").stdout)["pe"]["imports"]
    slots = [function["slot_rva"] for module in imports for function in module["functions"]]
    base = IMAGE_BASE[wide]
    data = bytearray(path.read_bytes())
    for number, slot in enumerate(slots):  # call [slot]
        at = 16 + 6 * number
        where = slot - (RVA + at + 6) if wide else base + slot
        data[RAW + at:RAW + at + 6] = b"\xff\x15" + struct.pack("<i", where)
    data[RAW + 1:RAW + 6] = b"\xe8" + struct.pack("<i", -5)  # alpha calls itself
    path.write_bytes(data)
    lines = run("disasm", path, "--count", "64").stdout.decode().splitlines()
    calls = [line.split("CALL")[1] for line in lines if "CALL" in line]
    kind = "qword" if wide else "dword"
    assert [call.split() for call in calls] == [[f"{base + RVA + 1:#x}", "<alpha>"]] + [
        [kind, "ptr", f"[{base + slot:#x}]", "#", f"<{name}>"] for slot, name in zip(slots, [
            "KERNEL32.dll!ExitProcess", "KERNEL32.dll!GetLastError", "WS2_32.dll!#115", "WS2_32.dll!send",
            "USER32.dll!MessageBoxA"])]
    assert "alpha:" in lines and "entry:" in lines


OBJECT_SOURCE = """
.globl one
.type one, @function
.type two, @function
.section .text.one, "ax", @progbits
one: call puts
    ret
.size one, . - one
.section .text.two, "ax", @progbits
two: mov counter+8(%rip), %eax
    movl $7, counter(%rip)
    jmp one
.size two, . - two
"""
OBJECT_TEXT = """
section .text.one:

one:
       0:  e800000000            CALL    0x5  # <puts>
       5:  c3                    RET

section .text.two:

two:
      10:  8b0500000000          MOV     EAX, dword ptr [0x16]  # <counter+0x8>
      16:  c7050000000007000000  MOV     dword ptr [0x20], 0x7  # <counter>
      20:  e900000000            JMP     0x25  # <one>
"""


@pytest.mark.skipif(platform.machine() != "x86_64" or shutil.which("cc") is None, reason="no assembler for x86")
def test_sections_of_an_object_file_do_not_overlap_and_its_relocations_have_names(tmp_path):
    path = tmp_path / "one.o"
    subprocess.run(["cc", "-c", "-x", "assembler", "-", "-o", path], input=OBJECT_SOURCE.encode(), check=True,
                   timeout=TIMEOUT_S)
    assert run("disasm", path).stdout.decode() == OBJECT_TEXT
    lines = [json.loads(line) for line in run("disasm", path, "--json").stdout.splitlines()]
    assert lines[2]["references"] == [{"symbol": "counter", "offset": 8}]


def test_names_cannot_move_the_cursor(tmp_path):
    path = tmp_path / "program"
    path.write_bytes(make_elf(extra=[(b"\x1b[2Jevil\n\xc2\x9b", 0x1005, 4), (b"x" * 5000, 0x100a, 4)]))
    text = run("disasm", path).stdout
    assert b"\\x1b[2Jevil\\x0a\\xc2\\x9b:" in text and b"\x1b" not in text
    assert max(map(len, text.splitlines())) < 1100
    assert b"\\u001b[2Jevil" in run("disasm", path, "--json").stdout


@pytest.mark.parametrize("arguments, status, named", [
    (["disasm"], 2, "no file"),
    (["disasm", "-", "--base"], 2, "--base"),
    (["disasm", "-", "--base", "zero"], 2, "zero"),
    (["disasm", "-", "--frob"], 2, "--frob"),
    (["disasm", "/nonexistent"], 1, "/nonexistent"),
    (["disasm", "-"], 1, "--language"),
    (["disasm", "-", "--language", "RISCV:LE:64:RV64"], 1, RV64),
    (["disasm", "-", "--language", RV64, "--start", "0x99999"], 1, "0x99999"),
    (["disasm", "-", "--language", RV64, "--set", "nothing=1"], 1, "nothing"),
    (["disasm", "-", "--language", RV64, "--set", "nothing"], 1, "nothing"),
    (["sleigh"], 2, "usage"),
    (["sleigh", "frob"], 2, "frob"),
    (["sleigh", "compile"], 2, "no file"),
    (["sleigh", "compile", "a.slaspec", "-o"], 2, "-o"),
    (["sleigh", "compile", "/nonexistent.slaspec"], 1, "/nonexistent.slaspec"),
    (["sleigh", "languages", "x"], 2, "x"),
])
def test_wrong_arguments_are_named(arguments, status, named):
    done = run(*arguments, data=b"\x13\x05\x15\x00")
    assert (done.returncode, done.stdout) == (status, b"")
    assert named in done.stderr.decode()


def test_languages_come_with_their_origin():
    done = run("sleigh", "languages")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(RV64))
    assert lines[place + 1].strip().endswith("riscv.ldefs")


def test_compile_writes_beside_the_specification(spec):
    assert run("sleigh", "compile", spec).returncode == 0
    compiled = spec.with_suffix(".sla")
    assert compiled.read_bytes()[:4] == b"sla\4"
    done = run("disasm", "-", "--sla", compiled, data=b"\1\2")
    assert done.stdout.split() == [b"0:", b"01", b"one", b"1:", b"02", b"invalid"]
    assert run("sleigh", "compile", spec, "-o", compiled, "-DEXTRA").returncode == 0
    assert b"extra" in run("disasm", "-", "--sla", compiled, data=b"\2").stdout


def test_compile_tells_place_and_line_and_leaves_the_old_file(spec):
    compiled = spec.with_suffix(".sla")
    compiled.write_bytes(b"old")
    spec.write_text(SPEC + ":two is op=1 { r0 = nothing; }\n:three is op=3 { r0 = ; }\n")
    done = run("sleigh", "compile", spec)
    text = done.stderr.decode()
    assert done.returncode == 1 and compiled.read_bytes() == b"old"
    assert f"{spec}:10:21: error: 'nothing' is not defined\n    :two is op=1" in text
    assert f"{spec}:11:23: error:" in text


def test_output_to_a_device_leaves_it_one(spec):
    assert run("sleigh", "compile", spec, "-o", "/dev/null").returncode == 0
    assert not os.path.isfile("/dev/null")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROMP, "sleigh", "languages"], stdout=full, stderr=subprocess.PIPE, timeout=TIMEOUT_S)
    assert done.returncode == 1


LDEFS = """<language_definitions>
  <language processor="Own" endian="little" size="32" variant="one" slafile="one.sla" processorspec="one.pspec"
            id="Own:LE:32:one"><description>mine</description></language>
</language_definitions>"""


def test_a_specification_without_sla_is_compiled_into_the_cache(spec, tmp_path):
    (tmp_path / "own.ldefs").write_text(LDEFS)
    (tmp_path / "one.pspec").write_text("<processor_spec/>")
    cache = tmp_path / "cache"
    environment = {**os.environ, "PROMP_SPECS": str(tmp_path), "XDG_CACHE_HOME": str(cache)}
    for mnemonic in (b"one", b"uno"):
        done = run("disasm", "-", "--language", "Own:LE:32:one", data=b"\1", env=environment)
        assert mnemonic in done.stdout, done.stderr
        kept = list((cache / "promp").iterdir())
        assert len(kept) == 1 and kept[0].suffix == ".sla"  # nothing half-written stays
        os.utime(kept[0], (1, 1))
        spec.write_text(SPEC.replace(":one", ":uno"))
    assert not spec.with_suffix(".sla").exists()


def test_depfile_names_what_was_read(spec, tmp_path):
    (tmp_path / "part.sinc").write_text(":inc is op=9 { }\n")
    spec.write_text(SPEC + '@include "part.sinc"\n')
    output, listed = tmp_path / "one.sla", tmp_path / "one.d"
    assert run("sleigh", "compile", spec, "-o", output, "--depfile", listed).returncode == 0
    target, _, sources = listed.read_text().strip().partition(": ")
    assert target == str(output) and sources.split() == [str(spec), str(tmp_path / "part.sinc")]


def compile_fails(path, *named):
    done = run("sleigh", "compile", path, "-o", path.with_suffix(".sla"))
    text = done.stderr.decode()
    assert done.returncode == 1 and not path.with_suffix(".sla").exists()
    for word in named:
        assert word in text, text


def test_files_that_include_themselves_or_each_other_end_at_a_limit(spec, tmp_path):
    spec.write_text(SPEC + f'@include "{spec.name}"\n')
    compile_fails(spec, "SLEIGH_LIMIT_SELF_INCLUDE", "includes itself", f"{spec}:10:")
    spec.write_text(SPEC + '@include "a.sinc"\n')
    (tmp_path / "a.sinc").write_text('@include "b.sinc"\n')
    (tmp_path / "b.sinc").write_text('@include "a.sinc"\n')
    compile_fails(spec, "SLEIGH_LIMIT_SELF_INCLUDE", f"{tmp_path}/b.sinc:1:")
    for number in range(40):
        (tmp_path / f"{number}.sinc").write_text(f'@include "{number + 1}.sinc"\n')
    spec.write_text(SPEC + '@include "0.sinc"\n')
    compile_fails(spec, "SLEIGH_LIMIT_INCLUDE_DEPTH")


def test_a_file_of_a_gibibyte_ends_at_a_limit(spec):
    with open(spec, "r+b") as file:
        file.truncate(1 << 30)
    compile_fails(spec, "SLEIGH_LIMIT_SOURCE_BYTES")


def test_too_many_constructors_end_at_a_limit(spec):
    spec.write_text(SPEC + ":a is op=3 {}\n" * (1 << 18))
    compile_fails(spec, "SLEIGH_LIMIT_CONSTRUCTORS")


def test_a_folder_and_a_missing_file_are_told(tmp_path):
    compile_fails(tmp_path / "nothing.slaspec", "nothing.slaspec", "No such file")
    folder = tmp_path / "folder.slaspec"
    folder.mkdir()
    compile_fails(folder, "folder.slaspec")


@pytest.mark.parametrize("change, named", [
    (lambda sla: sla[:len(sla) // 2], ["byte ", "truncated"]),
    (lambda sla: sla[:3] + b"\5" + sla[4:], ["byte 3", "version 5"]),
    (lambda sla: sla[:40] + bytes(byte ^ 0x55 for byte in sla[40:60]) + sla[60:], ["byte ", "corrupted"]),
    (lambda sla: b"<sleigh version=\"3\">", ["11.1"]),
    (lambda sla: b"", ["byte 0"]),
])
def test_a_damaged_compiled_file_names_the_byte(spec, change, named):
    compiled = spec.with_suffix(".sla")
    assert run("sleigh", "compile", spec).returncode == 0
    compiled.write_bytes(change(compiled.read_bytes()))
    done = run("disasm", "-", "--sla", compiled, data=b"\1")
    assert done.returncode == 1 and done.stdout == b""
    for word in [str(compiled), *named]:
        assert word in done.stderr.decode()
