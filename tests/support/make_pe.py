# SPDX-License-Identifier: Apache-2.0
"""A PE file with every directory in it, made by hand, so that tests need no compiler for Windows.
"""
import struct

IMAGE_BASE = {False: 0x400000, True: 0x140000000}
RVA, RAW, SIZE = 0x1000, 0x400, 0x1000  # the one section with data; .bss follows
GUID = bytes(range(16))


class Section:
    """Bytes that are laid out one after another, at addresses."""

    def __init__(self):
        self.data = bytearray()

    def add(self, data, align=4):
        self.data += bytes(-len(self.data) % align)
        rva = RVA + len(self.data)
        self.data += data
        return rva

    def patch(self, rva, data):
        self.data[rva - RVA:rva - RVA + len(data)] = data


def add_thunks(section, functions, wide):
    """A table of names or ordinals, ended by 0."""
    word = "<Q" if wide else "<I"
    values = []
    for function in functions:
        if isinstance(function, int):
            values.append(1 << (63 if wide else 31) | function)
        else:
            values.append(section.add(struct.pack("<H", 7) + function + b"\0", 2))
    return section.add(b"".join(struct.pack(word, value) for value in [*values, 0]), 8)


def add_imports(section, wide):
    modules = {b"KERNEL32.dll": [b"ExitProcess", b"GetLastError"], b"WS2_32.dll": [115, b"send"]}
    table = b""
    for module, functions in modules.items():
        names, slots = add_thunks(section, functions, wide), add_thunks(section, functions, wide)
        table += struct.pack("<IIIII", names, 0, 0, section.add(module + b"\0"), slots)
    return section.add(table + bytes(20)), len(table) + 20


def add_delay_imports(section, wide):
    names, slots = add_thunks(section, [b"MessageBoxA"], wide), add_thunks(section, [b"MessageBoxA"], wide)
    return section.add(struct.pack("<IIIIIIII", 1, section.add(b"USER32.dll\0"), 0, slots, names, 0, 0, 0)
                       + bytes(32)), 64


def add_exports(section):
    """Ordinals 5 (named), 6 (a forwarder), 7 (nothing), 8 (by ordinal only)."""
    begin = section.add(bytes(40))
    forwarder = section.add(b"NTDLL.RtlAllocateHeap\0")
    functions = section.add(struct.pack("<IIII", RVA + 1, forwarder, 0, RVA + 2))
    names = section.add(struct.pack("<II", section.add(b"alpha\0"), section.add(b"beta\0")))
    ordinals = section.add(struct.pack("<HH", 0, 1))
    end = section.add(b"made.dll\0") + 9
    section.patch(begin, struct.pack("<IIHHIIIIIII", 0, 0x5F000000, 1, 2, end - 9, 5, 4, 2, functions, names, ordinals))
    return begin, end - begin


def folder(entries):
    named = sum(name >> 31 for name, _ in entries)
    return struct.pack("<IIHHHH", 0, 0, 0, 0, named, len(entries) - named) + b"".join(
        struct.pack("<II", *entry) for entry in entries)


def add_resources(section, cycle=False):
    """MYTYPE/10/1033 and 16 (version)/1/0; with `cycle` the first type's folder is the root itself."""
    root = section.add(bytes(32))
    place = {}

    def add(key, data):
        place[key] = section.add(data) - root

    name = "MYTYPE\u00e9"
    add("name", struct.pack("<H", len(name)) + name.encode("utf-16-le"))
    add("first", section_entry(section.add(b"first"), 5))
    add("second", section_entry(section.add(b"second!"), 7))
    add("language 1", folder([(1033, place["first"])]))
    add("language 2", folder([(0, place["second"])]))
    add("id 1", folder([(10, 1 << 31 | place["language 1"])]))
    add("id 2", folder([(1, 1 << 31 | place["language 2"])]))
    section.patch(root, folder([(1 << 31 | place["name"], 1 << 31 | (0 if cycle else place["id 1"])),
                                (16, 1 << 31 | place["id 2"])]))
    return root, len(section.data) + RVA - root


def section_entry(rva, size):
    return struct.pack("<IIII", rva, size, 1252, 0)


def add_debug(section):
    record = b"RSDS" + GUID + struct.pack("<I", 3) + b"c:\\made.pdb\0"
    rva = section.add(record)
    return section.add(struct.pack("<IIHHIIII", 0, 0x5F000001, 1, 2, 2, len(record), rva, rva - RVA + RAW)), 28


def add_tls(section, wide):
    word, base = ("<Q", IMAGE_BASE[True]) if wide else ("<I", IMAGE_BASE[False])
    callbacks = section.add(b"".join(struct.pack(word, v) for v in (base + RVA, base + RVA + 16, 0)), 8)
    fields = [base + RVA, base + RVA + 8, base + RVA + 16, base + callbacks]
    return section.add(b"".join(struct.pack(word, v) for v in fields) + struct.pack("<II", 12, 0x300000), 8), \
        40 if wide else 24


def add_clr(section):
    version = b"v4.0.30319\0\0"
    metadata = section.add(b"BSJB" + struct.pack("<HHII", 1, 1, 0, len(version)) + version + bytes(4))
    header = struct.pack("<IHHIIIIIIII", 72, 2, 5, metadata, 32, 1, 0x06000001, 0, 0, 0, 0)
    return section.add(header + bytes(72 - len(header))), 72


def fill(section, wide, cycle):
    """Adds everything; returns {number: (rva, size)} of the directories."""
    section.add(b"\xC3" * 64)
    unwind = section.add(struct.pack("<BBBB", 1, 0, 0, 0))
    directories = {
        0: add_exports(section), 1: add_imports(section, wide), 2: add_resources(section, cycle),
        3: (section.add(struct.pack("<IIIIII", RVA, RVA + 16, unwind, RVA + 16, RVA + 32, unwind)), 24),
        5: (section.add(struct.pack("<IIHHHH", RVA, 16, 0xA008, 0xA010, 0x3018, 0)), 16),
        6: add_debug(section), 9: add_tls(section, wide), 13: add_delay_imports(section, wide), 14: add_clr(section),
    }
    assert len(section.data) <= SIZE
    return directories


def optional_header(wide, directories):
    image = struct.pack("<BBIIIII", 14, 29, SIZE, SIZE, 0x2000, RVA, RVA)
    image += struct.pack("<Q", IMAGE_BASE[True]) if wide else struct.pack("<II", RVA, IMAGE_BASE[False])
    image += struct.pack("<IIHHHHHHIIIIHH", 0x1000, 0x200, 6, 1, 3, 4, 6, 2, 0, 0x4000, RAW, 0x1234, 3, 0x8160)
    image += struct.pack("<QQQQ" if wide else "<IIII", 0x100000, 0x1000, 0x200000, 0x2000)
    image += struct.pack("<II", 0, 16)
    image += b"".join(struct.pack("<II", *directories.get(i, (0, 0))) for i in range(16))
    return struct.pack("<H", 0x20B if wide else 0x10B) + image


def make_pe(wide=True, cycle=False):
    section = Section()
    directories = fill(section, wide, cycle)
    certificates = RAW + SIZE
    certificate = struct.pack("<IHH", 13, 0x200, 2) + b"PKCS7" + bytes(3)
    directories[4] = (certificates, 2 * len(certificate))
    optional = optional_header(wide, directories)
    data = bytearray(b"MZ" + bytes(58) + struct.pack("<I", 64))
    data += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664 if wide else 0x14C, 2, 0x5F000002, 0, 0, len(optional), 0x2022)
    data += optional
    data += struct.pack("<8sIIIIIIHHI", b".data\0\0\0", SIZE, RVA, SIZE, RAW, 0, 0, 0, 0, 0xE0000060)
    data += struct.pack("<8sIIIIIIHHI", b".bss\0\0\0\0", 0x2000, 0x2000, 0, 0, 0, 0, 0, 0, 0xC0000080)
    data += bytes(RAW - len(data)) + section.data + bytes(SIZE - len(section.data))
    data += 2 * certificate + b"overlay"
    return bytes(data)
