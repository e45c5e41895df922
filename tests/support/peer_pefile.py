# SPDX-License-Identifier: Apache-2.0
"""PE files as python3-pefile reads them, in the form of PEObject.Info()."""
import os

import pefile

from Pro.Core import createContainerFromFile
from Pro.PE import PEObject
from support.peer import count, difference

pefile.MAX_IMPORT_SYMBOLS = 1 << 20  # its own limit is below what real files hold

HEADERS = {
    "machine": "Machine", "section_count": "NumberOfSections", "time_stamp": "TimeDateStamp",
    "symbol_offset": "PointerToSymbolTable", "symbol_count": "NumberOfSymbols",
    "optional_size": "SizeOfOptionalHeader", "characteristics": "Characteristics",
}
OPTIONAL = {
    "magic": "Magic", "linker_major": "MajorLinkerVersion", "linker_minor": "MinorLinkerVersion",
    "code_size": "SizeOfCode", "initialized_size": "SizeOfInitializedData",
    "uninitialized_size": "SizeOfUninitializedData", "entry_rva": "AddressOfEntryPoint", "code_rva": "BaseOfCode",
    "image_base": "ImageBase", "section_alignment": "SectionAlignment", "file_alignment": "FileAlignment",
    "system_major": "MajorOperatingSystemVersion", "system_minor": "MinorOperatingSystemVersion",
    "image_major": "MajorImageVersion", "image_minor": "MinorImageVersion",
    "subsystem_major": "MajorSubsystemVersion", "subsystem_minor": "MinorSubsystemVersion",
    "win32_version": "Reserved1", "image_size": "SizeOfImage", "headers_size": "SizeOfHeaders",
    "checksum": "CheckSum", "subsystem": "Subsystem", "dll_characteristics": "DllCharacteristics",
    "stack_reserve": "SizeOfStackReserve", "stack_commit": "SizeOfStackCommit",
    "heap_reserve": "SizeOfHeapReserve", "heap_commit": "SizeOfHeapCommit", "loader_flags": "LoaderFlags",
    "announced_directories": "NumberOfRvaAndSizes",
}
SECTION = {
    "virtual_size": "Misc_VirtualSize", "virtual_address": "VirtualAddress", "raw_size": "SizeOfRawData",
    "raw_offset": "PointerToRawData", "relocation_offset": "PointerToRelocations",
    "line_offset": "PointerToLinenumbers", "relocation_count": "NumberOfRelocations",
    "line_count": "NumberOfLinenumbers", "characteristics": "Characteristics",
}
EXPORT_TABLE = {
    "time_stamp": "TimeDateStamp", "major": "MajorVersion", "minor": "MinorVersion", "base": "Base",
    "function_count": "NumberOfFunctions", "name_count": "NumberOfNames",
}
TLS = {
    "data_begin": "StartAddressOfRawData", "data_end": "EndAddressOfRawData", "index": "AddressOfIndex",
    "callbacks": "AddressOfCallBacks", "zero_size": "SizeOfZeroFill", "characteristics": "Characteristics",
}
DEBUG = {
    "type": "Type", "time_stamp": "TimeDateStamp", "major": "MajorVersion", "minor": "MinorVersion",
    "size": "SizeOfData", "rva": "AddressOfRawData", "offset": "PointerToRawData",
}


def fields(struct, names):
    return {ours: getattr(struct, theirs) for ours, theirs in names.items()}


def headers(pe):
    optional = pe.OPTIONAL_HEADER
    return {
        "pe_offset": pe.DOS_HEADER.e_lfanew, **fields(pe.FILE_HEADER, HEADERS), **fields(optional, OPTIONAL),
        "data_rva": getattr(optional, "BaseOfData", 0), "directory_count": len(optional.DATA_DIRECTORY),
    }


def imports(pe):
    return [
        (module.dll, delayed, [
            (None, f.ordinal, f.address - pe.OPTIONAL_HEADER.ImageBase) if f.import_by_ordinal
            else (f.name, f.hint, f.address - pe.OPTIONAL_HEADER.ImageBase) for f in module.imports])
        for attribute, delayed in (("DIRECTORY_ENTRY_IMPORT", False), ("DIRECTORY_ENTRY_DELAY_IMPORT", True))
        for module in getattr(pe, attribute, [])]


def debug(pe):
    found = []
    for item in getattr(pe, "DIRECTORY_ENTRY_DEBUG", []):
        entry = item.entry
        pdb = entry.PdbFileName.rstrip(b"\0") if entry is not None and hasattr(entry, "PdbFileName") else None
        found.append((fields(item.struct, DEBUG), pdb, entry.Age if pdb is not None else 0))
    return found


def resources(pe):
    found = []
    for kind in getattr(getattr(pe, "DIRECTORY_ENTRY_RESOURCE", None), "entries", []):
        for name in kind.directory.entries:
            for language in name.directory.entries:
                data = language.data.struct
                found.append((kind.struct.Name, kind.name and str(kind.name), name.struct.Name,
                              name.name and str(name.name), language.struct.Name, data.OffsetToData, data.Size,
                              data.CodePage))
    return found


def tls_callbacks(pe):
    """pefile tells where the list begins only."""
    directory = getattr(pe, "DIRECTORY_ENTRY_TLS", None)
    found = []
    if directory is None or directory.struct.AddressOfCallBacks == 0:
        return found
    rva = directory.struct.AddressOfCallBacks - pe.OPTIONAL_HEADER.ImageBase
    read = pe.get_qword_at_rva if pe.PE_TYPE == 0x20B else pe.get_dword_at_rva
    while read(rva):
        found.append(read(rva))
        rva += 8 if pe.PE_TYPE == 0x20B else 4
    return found


def describe_theirs(path):
    pe = pefile.PE(path, max_symbol_exports=1 << 16)
    export = getattr(pe, "DIRECTORY_ENTRY_EXPORT", None)
    tls = getattr(pe, "DIRECTORY_ENTRY_TLS", None)
    overlay = pe.get_overlay_data_start_offset()
    certificates = pe.OPTIONAL_HEADER.DATA_DIRECTORY[4] if len(pe.OPTIONAL_HEADER.DATA_DIRECTORY) > 4 else None
    if certificates is not None and certificates.Size > 0 and overlay == certificates.VirtualAddress:
        overlay += certificates.Size  # for the peer the certificates are the overlay's beginning
    return {
        "headers": headers(pe),
        "directories": [(d.VirtualAddress, d.Size) for d in pe.OPTIONAL_HEADER.DATA_DIRECTORY],
        "sections": [{"name": s.Name.split(b"\0")[0], **fields(s, SECTION)} for s in pe.sections],
        "imports": imports(pe),
        "export_table": fields(export.struct, EXPORT_TABLE) if export else None,
        "exports": {(s.ordinal, s.name): (s.address, s.forwarder) for s in export.symbols} if export else {},
        "debug": debug(pe),
        "resources": resources(pe),
        "relocations": [
            (entry.rva, entry.type) for block in getattr(pe, "DIRECTORY_ENTRY_BASERELOC", [])
            for entry in block.entries],
        "exceptions": [
            (e.struct.BeginAddress, e.struct.EndAddress, e.struct.UnwindData)
            for e in getattr(pe, "DIRECTORY_ENTRY_EXCEPTION", [])],
        "tls": fields(tls.struct, TLS) if tls else None,
        "tls_callbacks": tls_callbacks(pe),
        "overlay": os.path.getsize(path) if overlay is None else overlay,
    }


def describe_ours(path):
    pe = PEObject()
    if not pe.Load(createContainerFromFile(path)):
        return {"error": pe.ErrorString()}, []
    info = pe.Info()
    table = {key: info["export_table"][key] for key in EXPORT_TABLE}
    return {
        "headers": info["headers"],
        "directories": info["directories"],
        "sections": info["sections"],
        "imports": [
            (i["module"], i["delayed"], [(f["name"], f["ordinal"], f["slot_rva"]) for f in i["functions"]])
            for i in info["imports"]],
        "export_table": table if info["export_table"]["module"] is not None else None,
        "exports": {(e["ordinal"], e["name"]): (e["rva"], e["forwarder"]) for e in info["exports"]},
        "debug": [({key: d[key] for key in DEBUG}, d["pdb"], d["age"]) for d in info["debug"]],
        "resources": [
            (r["type"], r["type_name"], r["id"], r["id_name"], r["language"], r["rva"], r["size"], r["code_page"])
            for r in info["resources"]],
        "relocations": info["relocations"],
        "exceptions": info["exceptions"],
        "tls": info["tls"],
        "tls_callbacks": info["tls_callbacks"],
        "overlay": info["overlay_offset"],
    }, info["warnings"]


def is_pe(path):
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"MZ"
    except OSError:
        return False


def compare(path):
    """(fields compared, None or the first difference, what promp calls malformed)"""
    theirs = describe_theirs(path)
    ours, warnings = describe_ours(path)
    return count(theirs), difference(ours, theirs), warnings
