# SPDX-License-Identifier: Apache-2.0
"""ELF files of this machine against GNU readelf and python3-pyelftools, and malformed ones. Thousands of files:
tests/prove/loaders.py."""

import glob
import os
import random
import shutil
import struct

import pytest

from Pro.Core import NTContainer, createContainerFromFile
from Pro.ELF import ELFObject

LIMIT, SIZE_MAX, PEER_SIZE_MAX = 24, 500_000, 60_000  # pyelftools takes minutes for large ones
OFFSETS = {64: (40, 60), 32: (32, 48)}  # of e_shoff and e_shnum
NO_SECTION = 0xFFFFFFFF


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > SIZE_MAX:
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def find_files():
    places = ("/usr/bin/*", "/usr/lib/*-linux-gnu/*.so*", "/usr/lib/*-linux-gnu/*.o", "/usr/lib/gcc/*/*/*.o")
    paths = sorted(path for place in places for path in glob.glob(place))
    random.Random(1).shuffle(paths)
    found = []
    for path in paths:
        if len(found) < LIMIT and is_elf(path):
            found.append(path)
    return found


FILES = find_files()


def load(container):
    elf = ELFObject()
    assert elf.Load(container), elf.ErrorString()
    return elf


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(f) for f in FILES])
def test_agrees_with_readelf(path):
    if shutil.which("readelf") is None:
        pytest.skip("readelf is not installed")
    from support import peer_readelf
    fields, difference, warnings = peer_readelf.compare(path)
    assert fields > 10 and difference is None and warnings == []


SMALL = [path for path in FILES if os.path.getsize(path) < PEER_SIZE_MAX]


@pytest.mark.parametrize("path", SMALL, ids=[os.path.basename(f) for f in SMALL])
def test_agrees_with_pyelftools(path):
    pytest.importorskip("elftools")
    from support import peer_elftools
    fields, difference, warnings = peer_elftools.compare(path)
    assert fields > 10 and difference is None and warnings == []


def without_sections(data):
    """The same file as packers leave it: no table of sections."""
    offset, count = OFFSETS[64 if data[4] == 2 else 32]
    changed = bytearray(data)
    struct.pack_into("<Q" if data[4] == 2 else "<I", changed, offset, 0)
    struct.pack_into("<HH", changed, count, 0, 0)
    return bytes(changed)


def test_without_sections_the_dynamic_segment_tells():
    paths = [path for path in FILES if ".so" in path or path.startswith("/usr/bin")]
    assert paths
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        whole, stripped = load(NTContainer(data)), load(NTContainer(without_sections(data)))
        assert stripped.Sections() == [] and stripped.Segments() == whole.Segments()
        assert stripped.Dynamic() == whole.Dynamic() and stripped.BuildId() == whole.BuildId()
        tables = [index for index, s in enumerate(whole.Sections()) if s.type == 11]  # SHT_DYNSYM
        expected = [s._replace(table=NO_SECTION) for s in whole.Symbols() if s.table in tables]
        assert stripped.Symbols() == expected
        assert sorted(r._replace(table=0) for r in stripped.Relocations()) == sorted(
            r._replace(table=0) for r in whole.Relocations())
        assert stripped.Frames() == whole.Frames()
        assert stripped.Warnings() == []


def test_what_is_no_elf_file():
    elf = ELFObject()
    for data in (b"", b"\x7fEL", b"MZ" + bytes(100), b"\x7fELF" + bytes(100)):
        assert not elf.Load(NTContainer(data))
        assert "no ELF file" in elf.ErrorString()
    assert not elf.Load(NTContainer())
    with pytest.raises(ValueError):
        elf.Info()


def test_big_endian_and_32_bits():
    """A header and one section of each kind, made by hand."""
    for wide in (True, False):
        for order, mark in (("<", 1), (">", 2)):
            word, size, entry = ("Q", 64, 64) if wide else ("I", 52, 40)
            header = b"\x7fELF" + bytes([2 if wide else 1, mark, 1, 0]) + bytes(8)
            header += struct.pack(order + "HHI" + 3 * word + "IHHHHHH", 2, 8, 1, 0x1234, 0, size, 0x70, size, 0, 0,
                                  entry, 2, 1)
            section = struct.pack(order + "II" + 4 * word + "II" + 2 * word, 1, 3, 0, 0, size + 2 * entry, 8, 0, 0, 1, 0)
            elf = load(NTContainer(header + bytes(entry) + section + b"\0.text\0\0"))
            assert elf.Header()["entry"] == 0x1234 and elf.Header()["flags"] == 0x70
            assert elf.Header()["big_endian"] == (mark == 2) and elf.Header()["class"] == (64 if wide else 32)
            assert [s.name for s in elf.Sections()] == [b"", b".text"]


# ---- malformed ----


def parse(data):
    """Warnings of what could be read; None if it is no ELF file."""
    elf = ELFObject()
    return elf.Warnings() if elf.Load(NTContainer(bytes(data))) else None


@pytest.fixture(scope="module")
def true():
    with open("/usr/bin/true", "rb") as file:
        return file.read()


def test_cut_at_every_byte_of_the_headers(true):
    for size in range(1024):
        parse(true[:size])
    assert parse(true[:63]) is None and parse(true[:64])
    for size in range(1024, len(true), 997):
        assert parse(true[:size])


def test_random_changes(true):
    numbers = random.Random(3)
    for data in (true, without_sections(true)):
        table = len(data) - 4096
        for _ in range(1500):
            changed = bytearray(data)
            for _ in range(numbers.randrange(1, 20)):
                place = numbers.randrange(4096)
                changed[place if numbers.random() < .5 else table + place] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
            parse(changed)


def test_huge_counts(true):
    changed = bytearray(true)
    struct.pack_into("<HH", changed, 56, 0xFFFE, 0)  # segments
    struct.pack_into("<H", changed, 60, 0xFFFE)  # sections
    assert parse(changed)
    section_table, = struct.unpack_from("<Q", true, 40)
    count, = struct.unpack_from("<H", true, 60)
    for index in range(count):
        changed = bytearray(true)
        struct.pack_into("<Q", changed, section_table + 64 * index + 32, 0xFFFFFFFFFFFFFFF0)  # sh_size
        parse(changed)
        struct.pack_into("<Q", changed, section_table + 64 * index + 24, 0xFFFFFFFFFFFFFFF0)  # sh_offset
        parse(changed)


def test_every_container_kind(true, tmp_path):
    expected = load(NTContainer(true)).Info()
    for c in (createContainerFromFile("/usr/bin/true"), NTContainer(b"xx" + true).slice(2),
              NTContainer.fromCallback(lambda offset, size: true[offset:offset + size], len(true))):
        assert load(c).Info() == expected
