# SPDX-License-Identifier: Apache-2.0
"""ELF files against python3-pyelftools, and malformed ones.

Files: a fixed random choice of PROMP_ELF_LIMIT from /usr/bin and /usr/lib.
"""

import glob
import os
import random

import pytest

from Pro.Core import NTContainer, createContainerFromFile
from Pro.ELF import ELFObject

elffile = pytest.importorskip("elftools.elf.elffile")

LIMIT = int(os.environ.get("PROMP_ELF_LIMIT", "40"))
SIZE_MAX = int(os.environ.get("PROMP_ELF_SIZE", "200000"))  # the peer takes minutes for large ones


def is_elf(path):
    try:
        if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > SIZE_MAX:
            return False
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def find_files():
    places = ("/usr/bin/*", "/usr/lib/*-linux-gnu/*.so*", "/usr/lib/*-linux-gnu/*.o", "/usr/lib/gcc/*/*/*.o")
    paths = sorted(path for place in places for path in glob.glob(place))
    random.Random(1).shuffle(paths)
    found = []
    for path in paths:
        if len(found) == LIMIT:
            break
        if is_elf(path):
            found.append(path)
    return found


FILES = find_files()


def load(path):
    elf = ELFObject()
    assert elf.Load(createContainerFromFile(path)), elf.ErrorString()
    return elf


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(f) for f in FILES])
def test_agrees_with_pyelftools(path):
    ours = load(path)
    with open(path, "rb") as file:
        theirs = elffile.ELFFile(file)
        raw = theirs.header
        header = ours.Header()
        assert header["class"] == theirs.elfclass and header["entry"] == raw.e_entry
        assert header["flags"] == raw.e_flags and bool(header["big_endian"]) != theirs.little_endian
        sections = list(theirs.iter_sections())
        assert [(s.name.decode(), s.flags, s.address, s.offset, s.size, s.link, s.info, s.alignment, s.entry_size)
                for s in ours.Sections()] == [
            (s.name, h.sh_flags, h.sh_addr, h.sh_offset, h.sh_size, h.sh_link, h.sh_info, h.sh_addralign,
             h.sh_entsize) for s in sections for h in [s.header]]
        assert [(s.flags, s.offset, s.virtual_address, s.physical_address, s.file_size, s.memory_size, s.alignment)
                for s in ours.Segments()] == [
            (h.p_flags, h.p_offset, h.p_vaddr, h.p_paddr, h.p_filesz, h.p_memsz, h.p_align)
            for h in (s.header for s in theirs.iter_segments())]
        symbols, relocations, notes = [], [], []
        for index, section in enumerate(sections):
            kind = section["sh_type"]
            if kind in ("SHT_SYMTAB", "SHT_DYNSYM"):
                symbols += [(s.entry.st_value, s.entry.st_size, index) for s in section.iter_symbols()]
            elif kind in ("SHT_REL", "SHT_RELA"):
                table = theirs.get_section(section["sh_link"])
                named = hasattr(table, "get_symbol")
                relocations += [(
                    named and table.get_symbol(r["r_info_sym"]).entry.st_value, r["r_offset"], r["r_info_type"],
                    r["r_info_sym"], r["r_addend"] if r.is_RELA() else 0, index)
                    for r in section.iter_relocations()]
            elif kind == "SHT_NOTE":
                notes += [(n["n_name"], n["n_descsz"]) for n in section.iter_notes()]
        assert [(s.value, s.size, s.table) for s in ours.Symbols()] == symbols
        assert [(r.offset, r.type, r.symbol, r.addend, r.table) for r in ours.Relocations()] == [
            r[1:] for r in relocations]
        assert [(n.name.decode(), n.size) for n in ours.Notes()] == notes
        names = [s.name for index, section in enumerate(sections)
                 if section["sh_type"] in ("SHT_SYMTAB", "SHT_DYNSYM") for s in section.iter_symbols()]
        for mine, name in zip(ours.Symbols(), names):
            if mine.info & 15 != 3:  # the peer gives symbols of sections the section's name
                assert mine.name.decode("utf-8", "replace") == name
        dynamic = theirs.get_section_by_name(".dynamic")
        if dynamic is not None and dynamic["sh_type"] == "SHT_DYNAMIC":
            assert [(d.value, d.text) for d in ours.Dynamic()] == [
                (t.entry.d_val, next((getattr(t, n).encode() for n in ("needed", "soname", "rpath", "runpath")
                                      if hasattr(t, n)), None)) for t in dynamic.iter_tags()]
    assert ours.Warnings() == []


def test_what_is_no_elf_file():
    elf = ELFObject()
    for data in (b"", b"\x7fEL", b"MZ" + bytes(100), b"\x7fELF" + bytes(100)):
        assert not elf.Load(NTContainer(data))
        assert "no ELF file" in elf.ErrorString()


def test_malformed_files_end_in_time():
    with open("/usr/bin/true", "rb") as file:
        data = file.read()
    elf = ELFObject()
    for size in range(0, len(data), 61):
        if elf.Load(NTContainer(data[:size])):
            elf.Info()
    numbers = random.Random(3)
    table = len(data) - 4096
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(numbers.randrange(1, 20)):
            place = numbers.randrange(4096)
            changed[place if numbers.random() < .5 else table + place] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        if elf.Load(NTContainer(changed)):
            assert isinstance(elf.Warnings(), list)
