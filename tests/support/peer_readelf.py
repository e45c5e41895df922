# SPDX-License-Identifier: Apache-2.0
"""ELF files as GNU readelf prints them, in the form of ELFObject's lists. Fast enough for large files."""
import os
import re
import subprocess

from Pro.Core import createContainerFromFile
from Pro.ELF import ELFObject
from support.peer import count, difference

SECTION = re.compile(r"^  \[ *(\d+)\] (.*?)\s+(\S+)\s+([0-9a-f]{8,16}) ([0-9a-f]{6,}) ([0-9a-f]{6,}) ([0-9a-f]{2,})"
                     r"\s+[A-Za-z]*\s+(\d+)\s+(\d+)\s+(\d+)$")
SEGMENT = re.compile(r"^  \S.*? 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) (...) +"
                     r"(?:0x)?([0-9a-f]+)$")
SYMBOL = re.compile(r"^ *\d+: ([0-9a-f]{8,16}) +(\d+|0x[0-9a-f]+) (<[^>]*>: \d+|\S+) +(<[^>]*>: \d+|\S+) +(\S+) +"
                    r"(?:\[[^]]*\] +)?(\S+)(?: (.*))?$")
RELOCATION = re.compile(r"^([0-9a-f]{8,16}) +([0-9a-f]{8,16}) ")
DYNAMIC = re.compile(r"^ 0x([0-9a-f]{8,16}) \(")
FRAME = re.compile(r"^[0-9a-f]+ \S+ \S+ FDE cie=\S+ pc=([0-9a-f]+)\.\.([0-9a-f]+)$")
PLACES = {"UND": 0, "ABS": 0xFFF1, "COM": 0xFFF2}
SECTION_SYMBOL = 3
TYPES = {"NOTYPE": 0, "OBJECT": 1, "FUNC": 2, "SECTION": 3, "FILE": 4, "COMMON": 5, "TLS": 6, "IFUNC": 10}
BINDS = {"LOCAL": 0, "GLOBAL": 1, "WEAK": 2, "UNIQUE": 10}


def readelf(path, *options):
    done = subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, errors="replace",
                          env={**os.environ, "LC_ALL": "C"}, timeout=600)
    return done.stdout.splitlines()


def matches(pattern, lines):
    return [found.groups() for found in map(pattern.match, lines) if found]


def flags(text):
    return 4 * (text[0] == "R") + 2 * (text[1] == "W") + (text[2] == "E")


def place(text):
    return int(text) if text.isdigit() else PLACES.get(text, text)


def known(names, text):
    """Unknown ones are printed as "<OS specific>: 10"."""
    return int(text.rpartition(" ")[2]) if text.startswith("<") else names.get(text, -1)


def symbol(value, size, kind, bind, place_text):
    info = known(BINDS, bind) << 4 | known(TYPES, kind)
    return int(value, 16), int(size, 0), info, place(place_text)


def symbol_name(info, name):
    """Without the version that readelf adds; readelf escapes what cannot be printed."""
    return "" if name is None or info & 15 == SECTION_SYMBOL else name.split("@")[0].split(" [<")[0]


def describe_theirs(path):
    sections, segments = readelf(path, "-S"), readelf(path, "-l")
    symbols = matches(SYMBOL, readelf(path, "-s"))
    frames = matches(FRAME, readelf(path, "--debug-dump=frames"))
    return {
        "sections": [tuple(int(x, 16) for x in s[3:7]) + tuple(map(int, s[7:])) for s in matches(SECTION, sections)],
        "segments": [tuple(int(x, 16) for x in s[:5]) + (flags(s[5]), int(s[6], 16))
                     for s in matches(SEGMENT, segments)],
        "symbols": sorted((*symbol(*s[:4], s[5]), symbol_name(symbol(*s[:4], s[5])[2], s[6])) for s in symbols),
        "relocations": sorted((int(o, 16), int(i, 16)) for o, i in matches(RELOCATION, readelf(path, "-r"))),
        "dynamic": [int(tag, 16) for tag, in matches(DYNAMIC, readelf(path, "-d"))],
        "frames": sorted((int(begin, 16), int(end, 16) - int(begin, 16)) for begin, end in frames),
    }


def describe_ours(path):
    elf = ELFObject()
    if not elf.Load(createContainerFromFile(path)):
        return {"error": elf.ErrorString()}, []
    wide = elf.Header()["class"] == 64
    info = (lambda r: r.symbol << 32 | r.type) if wide else (lambda r: r.symbol << 8 | r.type)
    has_frames = any(s.name == b".eh_frame" and s.type != 8 for s in elf.Sections())
    return {
        "sections": [(s.address, s.offset, s.size, s.entry_size, s.link, s.info, s.alignment) for s in elf.Sections()],
        "segments": [(s.offset, s.virtual_address, s.physical_address, s.file_size, s.memory_size, s.flags, s.alignment)
                     for s in elf.Segments()],
        "symbols": sorted((s.value, s.size, s.info, s.section,
                           symbol_name(s.info, s.name.decode("utf-8", "replace"))) for s in elf.Symbols()),
        "relocations": sorted((r.offset, info(r)) for r in elf.Relocations()),
        "dynamic": [d.tag & (2 ** (64 if wide else 32) - 1) for d in elf.Dynamic()],
        "frames": sorted((f.begin, f.size) for f in elf.Frames()) if has_frames else [],
    }, elf.Warnings()


def compare(path):
    """(fields compared, None or the first difference, what promp calls malformed)"""
    theirs, (ours, warnings) = describe_theirs(path), describe_ours(path)
    if ours.get("frames") == [] and theirs["frames"]:  # of an object file, and of .debug_frame: not ours to tell
        theirs["frames"] = []
    return count(theirs), difference(ours, theirs), warnings
