# SPDX-License-Identifier: Apache-2.0
"""ELF files as python3-pyelftools reads them, in the form of ELFObject.Info()."""
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_D_TAG, ENUM_ST_INFO_BIND, ENUM_ST_INFO_TYPE

from Pro.Core import createContainerFromFile
from Pro.ELF import ELFObject
from support.peer import count, difference

HEADER = {
    "entry": "e_entry", "segment_offset": "e_phoff", "section_offset": "e_shoff", "flags": "e_flags",
    "header_size": "e_ehsize", "segment_entry_size": "e_phentsize", "segment_count": "e_phnum",
    "section_entry_size": "e_shentsize", "section_count": "e_shnum", "name_section": "e_shstrndx",
}
SECTION = ("sh_flags", "sh_addr", "sh_offset", "sh_size", "sh_link", "sh_info", "sh_addralign", "sh_entsize")
SEGMENT = ("p_flags", "p_offset", "p_vaddr", "p_paddr", "p_filesz", "p_memsz", "p_align")
TEXTS = ("needed", "soname", "rpath", "runpath")
SECTION_SYMBOL = 3  # the peer gives these the section's name
TYPES = {name: value for name, value in ENUM_ST_INFO_TYPE.items() if isinstance(value, int)}
BINDS = {name: value for name, value in ENUM_ST_INFO_BIND.items() if isinstance(value, int)}
SPECIAL = {"SHN_UNDEF": 0, "SHN_ABS": 0xFFF1, "SHN_COMMON": 0xFFF2, "SHN_XINDEX": 0xFFFF}


def number(names, value):
    return names[value] if isinstance(value, str) else value


def symbol(item, table):
    info = number(BINDS, item["st_info"]["bind"]) << 4 | number(TYPES, item["st_info"]["type"])
    name = "" if info & 15 == SECTION_SYMBOL else item.name
    return (name, item["st_value"], item["st_size"], info, number(SPECIAL, item["st_shndx"]), table)


def relocations(elf, section, index):
    table = elf.get_section(section["sh_link"])
    named = hasattr(table, "get_symbol")
    for item in section.iter_relocations():
        target = table.get_symbol(item["r_info_sym"]) if named else None
        is_section = target is not None and target["st_info"]["type"] == "STT_SECTION"
        yield ("" if target is None or is_section else target.name, item["r_addend"] if item.is_RELA() else 0,
               item["r_offset"], item["r_info_type"], item["r_info_sym"], index)


def dynamic(elf):
    section = elf.get_section_by_name(".dynamic")
    if section is None or section["sh_type"] != "SHT_DYNAMIC":
        return []
    return [(number(ENUM_D_TAG, tag.entry.d_tag), tag.entry.d_val,
             next((getattr(tag, name) for name in TEXTS if hasattr(tag, name)), None))
            for tag in section.iter_tags()]


def frames(elf):
    section = elf.get_section_by_name(".eh_frame")
    if section is None or section["sh_type"] == "SHT_NOBITS" or elf["e_type"] == "ET_REL":
        return []
    from elftools.dwarf.callframe import FDE
    dwarf = elf.get_dwarf_info()
    if not dwarf.has_EH_CFI():
        return []
    return [(entry["initial_location"], entry["address_range"]) for entry in dwarf.EH_CFI_entries()
            if isinstance(entry, FDE)]


def describe_theirs(path):
    with open(path, "rb") as file:
        elf = ELFFile(file)
        sections = list(elf.iter_sections())
        kinds = {name: [(i, s) for i, s in enumerate(sections) if s["sh_type"] in types] for name, types in (
            ("symbols", ("SHT_SYMTAB", "SHT_DYNSYM")), ("relocations", ("SHT_REL", "SHT_RELA")),
            ("notes", ("SHT_NOTE",)))}
        return {
            "header": {"class": elf.elfclass, "big_endian": int(not elf.little_endian),
                       **{ours: elf.header[theirs] for ours, theirs in HEADER.items()}},
            "sections": [(s.name, *(s.header[name] for name in SECTION)) for s in sections],
            "segments": [tuple(s.header[name] for name in SEGMENT) for s in elf.iter_segments()],
            "symbols": [symbol(item, i) for i, s in kinds["symbols"] for item in s.iter_symbols()],
            "relocations": [item for i, s in kinds["relocations"] for item in relocations(elf, s, i)],
            "notes": [(note["n_name"], note["n_descsz"]) for _, s in kinds["notes"] for note in s.iter_notes()],
            "dynamic": dynamic(elf),
            "frames": frames(elf),
            }


def text(name):
    return None if name is None else name.decode("utf-8", "replace")


def describe_ours(path):
    elf = ELFObject()
    if not elf.Load(createContainerFromFile(path)):
        return {"error": elf.ErrorString()}, []
    header = elf.Header()
    return {
        "header": {key: header[key] for key in ("class", "big_endian", *HEADER)},
        "sections": [(text(s.name), s.flags, s.address, s.offset, s.size, s.link, s.info, s.alignment, s.entry_size)
                     for s in elf.Sections()],
        "segments": [tuple(s)[1:] for s in elf.Segments()],
        "symbols": [("" if s.info & 15 == SECTION_SYMBOL else text(s.name), s.value, s.size, s.info, s.section,
                     s.table) for s in elf.Symbols()],
        "relocations": [(text(r.name), r.addend, r.offset, r.type, r.symbol, r.table) for r in elf.Relocations()],
        "notes": [(text(note.name), note.size) for note in elf.Notes()],
        "dynamic": [(d.tag, d.value, text(d.text)) for d in elf.Dynamic()],
        "frames": [(f.begin, f.size) for f in elf.Frames()],
    }, elf.Warnings()


def is_elf(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def compare(path):
    """(fields compared, None or the first difference, what promp calls malformed)"""
    theirs = describe_theirs(path)
    ours, warnings = describe_ours(path)
    return count(theirs), difference(ours, theirs), warnings
