# SPDX-License-Identifier: Apache-2.0
"""PE files against python3-pefile, and malformed ones.

Files: $PROMP_PE_FILES (a glob, recursive), else what libwine and mingw have installed, at most PROMP_PE_LIMIT.
"""

import glob
import itertools
import os
import random

import pytest

from Pro.Core import INVALID_STREAM_OFFSET, NTContainer, createContainerFromFile
from Pro.PE import CFFStructIt, PEObject

pefile = pytest.importorskip("pefile")
pefile.MAX_SYMBOL_EXPORT_COUNT = 1 << 16  # its own limit is below what libgnat exports

PLACES = ["/usr/lib/*/wine/*-windows/*", "/usr/lib/gcc/*mingw32/**/*.dll", "/usr/lib/python3*/**/*.exe"]
LIMIT = int(os.environ.get("PROMP_PE_LIMIT", "40"))


def find_files():
    patterns = [os.environ["PROMP_PE_FILES"]] if "PROMP_PE_FILES" in os.environ else PLACES
    found = []
    for path in sorted(set(itertools.chain.from_iterable(glob.glob(p, recursive=True) for p in patterns))):
        try:
            with open(path, "rb") as file:
                if file.read(2) == b"MZ":
                    found.append(path)
        except OSError:
            pass
    random.Random(1).shuffle(found)
    return found[:LIMIT]


FILES = find_files()


def describe(path):
    """What pefile says, in the form of PEObject.Info()."""
    pe = pefile.PE(path)
    optional = pe.OPTIONAL_HEADER
    info = {
        "headers": {
            "pe_offset": pe.DOS_HEADER.e_lfanew, "machine": pe.FILE_HEADER.Machine,
            "time_stamp": pe.FILE_HEADER.TimeDateStamp, "characteristics": pe.FILE_HEADER.Characteristics,
            "magic": optional.Magic, "entry_rva": optional.AddressOfEntryPoint,
            "image_base": optional.ImageBase, "section_alignment": optional.SectionAlignment,
            "file_alignment": optional.FileAlignment, "image_size": optional.SizeOfImage,
            "headers_size": optional.SizeOfHeaders, "checksum": optional.CheckSum,
            "subsystem": optional.Subsystem, "dll_characteristics": optional.DllCharacteristics,
            "directory_count": len(optional.DATA_DIRECTORY),
        },
        "directories": [(d.VirtualAddress, d.Size) for d in optional.DATA_DIRECTORY],
        "sections": [
            {"name": s.Name.split(b"\0")[0], "virtual_size": s.Misc_VirtualSize,
             "virtual_address": s.VirtualAddress, "raw_size": s.SizeOfRawData,
             "raw_offset": s.PointerToRawData, "characteristics": s.Characteristics} for s in pe.sections],
        "imports": [], "exports": {}, "debug": [], "resources": [], "relocations": [], "exceptions": [],
    }
    for attribute, delayed in (("DIRECTORY_ENTRY_IMPORT", False), ("DIRECTORY_ENTRY_DELAY_IMPORT", True)):
        for module in getattr(pe, attribute, []):
            info["imports"].append((module.dll, delayed, [
                (None, f.ordinal) if f.import_by_ordinal else (f.name, f.hint) for f in module.imports]))
    if hasattr(pe, "DIRECTORY_ENTRY_EXPORT"):
        for symbol in pe.DIRECTORY_ENTRY_EXPORT.symbols:
            info["exports"][(symbol.ordinal, symbol.name)] = (symbol.address, symbol.forwarder)
    for debug in getattr(pe, "DIRECTORY_ENTRY_DEBUG", []):
        entry = debug.entry
        pdb = entry.PdbFileName.rstrip(b"\0") if entry is not None and hasattr(entry, "PdbFileName") else None
        info["debug"].append((debug.struct.Type, debug.struct.SizeOfData, debug.struct.PointerToRawData, pdb))
    if hasattr(pe, "DIRECTORY_ENTRY_RESOURCE"):
        for kind in pe.DIRECTORY_ENTRY_RESOURCE.entries:
            for name in kind.directory.entries:
                for language in name.directory.entries:
                    data = language.data.struct
                    info["resources"].append((kind.struct.Name, name.struct.Name, language.struct.Name,
                                              data.OffsetToData, data.Size, data.CodePage))
    for block in getattr(pe, "DIRECTORY_ENTRY_BASERELOC", []):
        info["relocations"] += [(entry.rva, entry.type) for entry in block.entries]
    for entry in getattr(pe, "DIRECTORY_ENTRY_EXCEPTION", []):
        info["exceptions"].append((entry.struct.BeginAddress, entry.struct.EndAddress, entry.struct.UnwindData))
    info["overlay"] = pe.get_overlay_data_start_offset()
    return info


def load(path):
    pe = PEObject()
    assert pe.Load(createContainerFromFile(path)), pe.ErrorString()
    return pe


@pytest.mark.parametrize("path", FILES, ids=[os.path.basename(f) for f in FILES])
def test_agrees_with_pefile(path):
    theirs = describe(path)
    pe = load(path)
    ours = pe.Info()
    assert ours["headers"] == theirs["headers"]
    assert ours["directories"] == theirs["directories"]
    assert ours["sections"] == theirs["sections"]
    assert [(i["module"], i["delayed"], [(f["name"], f["ordinal"]) for f in i["functions"]])
            for i in ours["imports"]] == theirs["imports"]
    assert {(e["ordinal"], e["name"]): (e["rva"], e["forwarder"]) for e in ours["exports"]} == theirs["exports"]
    assert [(d["type"], d["size"], d["offset"], d["pdb"]) for d in ours["debug"]] == theirs["debug"]
    assert [(r["type"], r["id"], r["language"], r["rva"], r["size"], r["code_page"])
            for r in ours["resources"]] == theirs["resources"]
    assert ours["relocations"] == theirs["relocations"]
    assert ours["exceptions"] == theirs["exceptions"]
    assert (ours["overlay_offset"] if ours["overlay_offset"] < os.path.getsize(path) else None) \
        == theirs["overlay"]
    assert ours["warnings"] == []


def test_seed_names():
    if not FILES:
        pytest.skip("no PE file is installed")
    path = next(f for f in FILES if load(f).Info()["imports"])
    pe = load(path)
    names = []
    it = CFFStructIt(pe.ImportDirectory())
    while it.hasNext():
        offset = pe.RvaToOffset(it.next().Uns("Name"))
        assert offset != INVALID_STREAM_OFFSET
        names.append(pe.ReadUInt8String(offset, 1000)[0])
    assert names == [i["module"] for i in pe.Info()["imports"] if not i["delayed"]]
    assert pe.RvaToOffset(0xFFFFFFFF) == INVALID_STREAM_OFFSET
    assert [s.Bytes("Name").rstrip(b"\0") for s in pe.SectionHeaders()] == [s["name"] for s in pe.Info()["sections"]]
    with pytest.raises(KeyError, match="NoSuchField"):
        pe.ImportDirectory().At(0).Uns("NoSuchField")


def test_what_is_no_pe_file():
    pe = PEObject()
    for data in (b"", b"MZ", b"\x7fELF" + bytes(100), b"MZ" + bytes(200)):
        assert not pe.Load(NTContainer(data))
        assert "no PE file" in pe.ErrorString()
    assert not pe.Load(NTContainer())


def test_malformed_files_end_in_time():
    """Cut at each byte of the headers, and hundreds of random changes: an error or a partial result."""
    if not FILES:
        pytest.skip("no PE file is installed")
    path = min((f for f in FILES if load(f).Info()["resources"]), key=os.path.getsize, default=FILES[0])
    with open(path, "rb") as file:
        data = file.read()
    pe = PEObject()
    for size in range(1024):
        if pe.Load(NTContainer(data[:size])):
            pe.Info()
    numbers = random.Random(2)
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(numbers.randrange(1, 20)):
            changed[numbers.randrange(min(len(changed), 4096))] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        if pe.Load(NTContainer(changed)):
            assert isinstance(pe.Info()["warnings"], list)
