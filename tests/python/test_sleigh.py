# SPDX-License-Identifier: Apache-2.0
"""Pro.Sleigh: languages, and going over instructions of bytes and containers."""
import mmap
import os
import threading

import pytest

import Pro.Sleigh
from Pro.Core import NTContainer, createContainerFromFile
from Pro.Sleigh import Flow, Instruction, Language, Varnode, languages

ID = "RISCV:LE:64:RV64GC"
CODE = bytes.fromhex("13051500 ef00c000 8280 0000")  # addi a0,a0,1; jal ra,.+12; c.jr ra; c.unimp


@pytest.fixture(scope="module")
def language():
    return Language(ID)


@pytest.fixture
def slaspec(tmp_path):
    path = tmp_path / "own.slaspec"
    path.write_text("""define endian=little;
define space ram type=ram_space size=4 default;
define space register type=register_space size=4;
define register offset=0 size=4 [ r0 ctx ];
define token t(8) op=(0,7);
define context ctx mode=(0,0);
:$(NAME) is op=1 & mode=0 { r0 = 1; }
:other is op=1 & mode=1 { }
""")
    return path


def test_decode_gives_text_flow_and_targets(language):
    found = list(language.decode(CODE, 0x1000))
    assert [str(each) for each in found] == ["addi a0, a0, 0x1", "jal ra, 0x1010", "c.jr ra", "c.unimp"]
    assert [each.address for each in found] == [0x1000, 0x1004, 0x1008, 0x100A]
    assert b"".join(each.bytes for each in found) == CODE and sum(each.length for each in found) == len(CODE)
    assert found[0].flow == Flow.FallThrough and found[0].targets == () and found[0].pcode == ()
    assert found[1].flow == Flow.Call | Flow.FallThrough and found[1].targets == (0x1010,)
    assert Flow.Return in Flow(found[2].flow)
    assert isinstance(found[0], Instruction) and found[0].mnemonic == "addi" and found[0].body == "a0, a0, 0x1"


def test_lift_gives_operations(language):
    first = next(language.lift(CODE, 0x1000))
    operation = first.pcode[0]
    assert operation.name == "INT_ADD" and operation.output == language.registers["a0"]
    assert operation.inputs == (language.registers["a0"], Varnode("const", 1, 8))
    a0 = language.registers["a0"]
    assert str(operation) == f"(register,{a0.offset:#x},8) = INT_ADD (register,{a0.offset:#x},8), (const,0x1,8)"
    assert language.registerName(operation.output) == "a0" and language.registerName(Varnode("ram", 0, 1)) is None


def test_what_is_no_instruction_is_told(language):
    found = list(language.decode(b"\xff\xff\xff\xff\x13", 0))
    assert [each.outcome for each in found] == ["invalid", "invalid", "truncated"]
    assert [each.length for each in found] == [2, 2, 1]
    assert str(found[0]) == "invalid" and found[0].mnemonic == "" and found[0].flow == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, "container", "file", "mmap"])
def test_every_kind_of_data(language, kind, tmp_path):
    path = tmp_path / "code"
    code = CODE * 10000  # more than one window
    path.write_bytes(code)
    if kind == "container":
        data = NTContainer()
        data.setData(code)
    elif kind == "file":
        data = createContainerFromFile(str(path))
    elif kind == "mmap":
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    else:
        data = kind(code)
    assert [each.mnemonic for each in language.decode(data)] == ["addi", "jal", "c.jr", "c.unimp"] * 10000


def test_offset_and_count(language):
    found = list(language.decode(CODE, 0x1004, offset=4, count=2))
    assert [(each.address, str(each)) for each in found] == [(0x1004, "jal ra, 0x1010"), (0x1008, "c.jr ra")]
    assert list(language.decode(CODE, count=0)) == [] and list(language.decode(b"")) == []


@pytest.mark.parametrize("arguments, keywords, error", [
    ((CODE, -1), {}, ValueError),
    ((CODE, 1 << 64), {}, ValueError),
    ((CODE, 0), {"offset": 13}, ValueError),
    ((CODE, 0), {"count": -1}, ValueError),
    ((CODE, 0), {"context": {"nothing": 1}}, FileNotFoundError),
    (("text", 0), {}, TypeError),
    ((None, 0), {}, TypeError),
    ((NTContainer(), 0), {}, Exception),
])
def test_wrong_arguments(language, arguments, keywords, error):
    with pytest.raises(error):
        language.decode(*arguments, **keywords)


def test_unknown_language_names_the_nearest():
    with pytest.raises(FileNotFoundError, match=ID) as caught:
        Language("RISCV:LE:64:RV64G")
    assert "searched" in str(caught.value)


def test_languages_lists_ours():
    entry = next(entry for entry in languages() if entry.id == ID)
    assert entry.path.endswith("riscv.ldefs") and "RISC-V" in entry.description and not entry.hidden


def test_compile_load_and_context(slaspec, tmp_path):
    sla = tmp_path / "own.sla"
    sla.write_bytes(Pro.Sleigh.compile(slaspec, {"NAME": "one"}))
    own = Language.load(sla)
    assert [str(each) for each in own.decode(b"\1")] == ["one"]
    assert [str(each) for each in own.decode(b"\1", context={"mode": 1})] == ["other"]
    pspec = tmp_path / "own.pspec"
    pspec.write_text('<processor_spec><context_data><context_set space="ram"><set name="mode" val="1"/></context_set>'
                     "</context_data></processor_spec>")
    assert [str(each) for each in Language.load(sla, pspec).decode(b"\1")] == ["other"]


def test_compile_tells_all_errors(slaspec):
    slaspec.write_text(slaspec.read_text() + ":a is op=2 { r0 = x; }\n:b is op=3 { r0 = y; }\n")
    with pytest.raises(ValueError) as caught:
        Pro.Sleigh.compile(slaspec, {"NAME": "one"})
    assert f"{slaspec}:9:19: error: 'x'" in str(caught.value) and f"{slaspec}:10:19: error: 'y'" in str(caught.value)


def test_a_damaged_file_names_the_byte(slaspec, tmp_path):
    sla = tmp_path / "own.sla"
    sla.write_bytes(Pro.Sleigh.compile(slaspec, {"NAME": "one"})[:100])
    with pytest.raises(Exception, match=f"{sla}: .*byte "):
        Language.load(sla)


def test_a_file_that_shrinks_is_an_error(language, tmp_path):
    path = tmp_path / "code"
    path.write_bytes(CODE * 100000)
    walk = language.decode(createContainerFromFile(str(path)))
    next(walk)
    os.truncate(path, 10)
    with pytest.raises(OSError):
        list(walk)


def test_threads_share_a_language(language):
    results = []
    threads = [threading.Thread(target=lambda: results.append(sum(1 for _ in language.lift(CODE * 500))))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2000] * 4


def test_registers_spaces_and_user_operations(language):
    assert language.registers["sp"].size == 8
    assert language.defaultSpace.name == "ram" and language.defaultSpace.addressSize == 8
    assert language.alignment == 2 and not language.bigEndian and 0 < language.memory < 16 << 20
    assert isinstance(language.userOperation(0), str)
    with pytest.raises(IndexError):
        language.userOperation(100000)
