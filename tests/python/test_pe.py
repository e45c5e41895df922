# SPDX-License-Identifier: Apache-2.0
"""PE files: one made by hand with every directory in it, what is installed against python3-pefile, and malformed
ones. Thousands of files: tests/prove/loaders.py."""

import glob
import itertools
import os
import random
import struct
import time

import pytest
from support import make_pe as made

from Pro.Core import INVALID_STREAM_OFFSET, NTContainer, createContainerFromFile
from Pro.PE import CFFStructIt, PEObject

PLACES = ["/usr/lib/*/wine/*-windows/*", "/usr/lib/gcc/*mingw32/**/*.dll", "/usr/lib/python3*/**/*.exe"]
LIMIT, SIZE_MAX = 8, 300_000  # the peer is slow


def find_files():
    paths = sorted(set(itertools.chain.from_iterable(glob.glob(p, recursive=True) for p in PLACES)))
    random.Random(1).shuffle(paths)
    found = []
    for path in paths:
        if len(found) < LIMIT and os.path.isfile(path) and os.path.getsize(path) < SIZE_MAX:
            with open(path, "rb") as file:
                found += [path] if file.read(2) == b"MZ" else []
    return found


FILES = find_files()


def load(container):
    pe = PEObject()
    assert pe.Load(container), pe.ErrorString()
    return pe


@pytest.fixture(params=[True, False], ids=["PE32+", "PE32"])
def wide(request):
    return request.param


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(f) for f in FILES])
def test_agrees_with_pefile(path):
    peer = pytest.importorskip("support.peer_pefile")
    fields, difference, warnings = peer.compare(path)
    assert fields > 100 and difference is None and warnings == []


def test_the_made_file_agrees_with_pefile(wide, tmp_path):
    peer = pytest.importorskip("support.peer_pefile")
    path = tmp_path / "made.dll"
    path.write_bytes(made.make_pe(wide))
    fields, difference, warnings = peer.compare(path)
    assert fields > 100 and difference is None and warnings == []


def test_every_directory(wide):
    data = made.make_pe(wide)
    pe = load(NTContainer(data))
    assert pe.Warnings() == [] and pe.IsPE64() == wide
    base = made.IMAGE_BASE[wide]
    assert pe.Headers()["image_base"] == base and pe.Headers()["checksum"] == 0x1234
    assert [s["name"] for s in pe.Sections()] == [b".data", b".bss"]
    assert [(i["module"], i["delayed"], [f["name"] or f["ordinal"] for f in i["functions"]]) for i in pe.Imports()] == [
        (b"KERNEL32.dll", False, [b"ExitProcess", b"GetLastError"]), (b"WS2_32.dll", False, [115, b"send"]),
        (b"USER32.dll", True, [b"MessageBoxA"])]
    assert [(e["ordinal"], e["name"], e["forwarder"]) for e in pe.Exports()] == [
        (5, b"alpha", None), (6, b"beta", b"NTDLL.RtlAllocateHeap"), (8, None, None)]
    assert pe.Info()["export_table"]["module"] == b"made.dll"
    assert [(r["type_name"], r["type"], r["id"], r["language"], pe.ResourceData(r).data()) for r in pe.Resources()] == [
        ("MYTYPE\u00e9", pe.Resources()[0]["type"], 10, 1033, b"first"), (None, 16, 1, 0, b"second!")]
    assert pe.Relocations() == [(0x1008, 10), (0x1010, 10), (0x1018, 3), (0x1000, 0)]
    assert pe.Exceptions() == ([(0x1000, 0x1010, 0x1040), (0x1010, 0x1020, 0x1040)] if wide else [])
    assert [(d["pdb"], d["guid"], d["age"]) for d in pe.Debug()] == [(b"c:\\made.pdb", made.GUID, 3)]
    assert pe.PdbId() == "03020100050407060809" + "0A0B0C0D0E0F3"
    assert pe.Tls()["zero_size"] == 12 and pe.TlsCallbacks() == [base + 0x1000, base + 0x1010]
    assert pe.Clr()["version"] == b"v4.0.30319" and pe.Clr()["entry"] == 0x06000001
    end = made.RAW + made.SIZE
    assert [(c["offset"], c["size"], c["revision"], c["type"]) for c in pe.Certificates()] == [
        (end, 13, 0x200, 2), (end + 16, 13, 0x200, 2)]
    assert pe.Overlay().data() == b"overlay"


def test_seed_names():
    pe = load(NTContainer(made.make_pe()))
    names = []
    it = CFFStructIt(pe.ImportDirectory())
    while it.hasNext():
        offset = pe.RvaToOffset(it.next().Uns("Name"))
        assert offset != INVALID_STREAM_OFFSET
        names.append(pe.ReadUInt8String(offset, 1000)[0])
    assert names == [b"KERNEL32.dll", b"WS2_32.dll"]
    assert [pe.ReadUInt8String(pe.RvaToOffset(s.Uns("DllNameRVA")), 99)[0] for s in pe.DelayImportDirectory()] == [
        b"USER32.dll"]
    assert pe.RvaToOffset(0xFFFFFFFF) == INVALID_STREAM_OFFSET  # in no section
    assert pe.RvaToOffset(0x2000) == INVALID_STREAM_OFFSET  # zeros that the file does not hold
    assert [s.Bytes("Name").rstrip(b"\0") for s in pe.SectionHeaders()] == [b".data", b".bss"]
    with pytest.raises(KeyError, match="NoSuchField"):
        pe.ImportDirectory().At(0).Uns("NoSuchField")
    with pytest.raises(IndexError):
        it.next()


def test_what_is_no_pe_file():
    pe = PEObject()
    for data in (b"", b"MZ", b"\x7fELF" + bytes(100), b"MZ" + bytes(200)):
        assert not pe.Load(NTContainer(data))
        assert "no PE file" in pe.ErrorString()
    assert not pe.Load(NTContainer())
    with pytest.raises(ValueError, match="container is null"):
        pe.Info()


# ---- malformed ----


def parse(data):
    """Warnings of what could be read; None if it is no PE file."""
    pe = PEObject()
    return pe.Info()["warnings"] if pe.Load(NTContainer(bytes(data))) else None


def test_cut_at_every_byte(wide):
    data = made.make_pe(wide)
    results = [parse(data[:size]) for size in range(len(data))]
    assert results[:64] == [None] * 64
    headers = next(size for size, result in enumerate(results) if result is not None)
    # As soon as there are headers there is a result, and warnings until all is there.
    assert all(results[size] for size in range(headers, made.RAW + made.SIZE))
    assert parse(data) == []


def test_random_changes(wide):
    data = made.make_pe(wide)
    numbers = random.Random(2)
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(numbers.randrange(1, 20)):
            changed[numbers.randrange(len(changed))] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        parse(changed)


def patch(data, offset, format, *values):
    changed = bytearray(data)
    struct.pack_into(format, changed, offset, *values)
    return changed


DIRECTORIES, SECTIONS = 64 + 24 + 112, 64 + 24 + 240


def test_huge_counts():
    """Whatever is announced, time and memory stay bounded, and it is told."""
    data = made.make_pe()
    begun = time.monotonic()
    assert any("sections are announced" in w or "ends in the header" in w for w in parse(patch(data, 64 + 6, "<H", 65535)))
    assert any("directories are announced" in w for w in parse(patch(data, DIRECTORIES - 4, "<I", 0xFFFFFFFF)))
    for directory, word in ((0, "exports"), (3, "exception"), (5, "relocations"), (6, "debug")):
        rva, = struct.unpack_from("<I", data, DIRECTORIES + 8 * directory)
        changed = patch(data, DIRECTORIES + 8 * directory, "<II", rva, 0xFFFFFFF0)
        if directory == 0:
            changed = patch(data, rva - made.RVA + made.RAW + 20, "<II", 0xFFFFFFFF, 0xFFFFFFFF)
        assert parse(changed), word
    assert parse(patch(data, DIRECTORIES + 8 * 4 + 4, "<I", 0xFFFFFFFF))  # certificates
    assert time.monotonic() - begun < 60  # seconds: a watchdog, not a figure


def test_cycles_in_resources():
    pe = load(NTContainer(made.make_pe(cycle=True)))
    assert any("nested deeper" in w for w in pe.Warnings())
    assert len(pe.Resources()) >= 1


def test_overlapping_sections():
    """Two sections over the same bytes and addresses: the first one counts, as for the loader."""
    data = made.make_pe()
    second = SECTIONS + 40
    changed = patch(data, second + 8, "<IIII", made.SIZE, made.RVA, made.SIZE, made.RAW)
    pe = load(NTContainer(bytes(changed)))
    assert [i["module"] for i in pe.Imports()] == [b"KERNEL32.dll", b"WS2_32.dll", b"USER32.dll"]
    for values in ((0xFFFFFFFF, made.RVA, 0xFFFFFFFF, made.RAW), (1, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)):
        parse(patch(data, second + 8, "<IIII", *values))


def test_every_container_kind(tmp_path):
    data = made.make_pe()
    path = tmp_path / "made"
    path.write_bytes(data)
    reads = []

    def read(offset, size):
        reads.append((offset, size))
        return data[offset:offset + size]

    expected = load(NTContainer(data)).Info()
    for c in (createContainerFromFile(path), NTContainer(b"xx" + data).slice(2), NTContainer.fromCallback(read, len(data))):
        assert load(c).Info() == expected
    assert len(reads) < 10  # by blocks, not field by field


def test_a_source_that_fails_while_it_is_parsed():
    data = made.make_pe()

    def read(offset, size):
        raise OSError("the device is gone")

    pe = PEObject()
    assert not pe.Load(NTContainer.fromCallback(read, len(data)))
    assert pe.ErrorString() != ""
