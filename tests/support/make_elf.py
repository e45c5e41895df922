# SPDX-License-Identifier: Apache-2.0
"""A linked ELF file of x86 with symbols, a procedure linkage table and its relocation, made by hand."""
import struct

TEXT, PLT, GOT, DATA, DYNAMIC = 0x1000, 0x2000, 0x3000, 0x4000, 0x5000
FUNCTION, OBJECT = 0x12, 0x11  # global
CODE = {
    True: "e81b000000"      # call helper
          "e806100000"      # call puts@plt
          "488b05ef2f0000"  # mov rax, [counter]
          "488d05f02f0000"  # lea rax, [counter + 8]
          "eb0c"            # jmp helper + 6
          "ff15f81f0000"    # call [puts@got]
          "4831c0" "0f1f00" "c3",
    False: "e81b000000"     # the same; 7 bytes that name counter absolutely
           "e806100000"
           "a100400000" "6690"
           "8d0508400000" "90"
           "eb0c"
           "ff1518300000"
           "31c090" "0f1f00" "c3"}
LINKAGE = {
    True: "ff35e20f0000" "ff25e40f0000" "0f1f4000" "ff2502100000" "6800000000" "e9e0ffffff",
    False: "ffb304000000" "ffa308000000" "00000000" "ffa318000000" "6800000000" "e9e0ffffff"}


class Strings:
    def __init__(self):
        self.data = b"\0"

    def add(self, text):
        self.data += text + b"\0"
        return len(self.data) - len(text) - 1


def symbol(wide, name, value, size, info, section):
    if wide:
        return struct.pack("<IBBHQQ", name, info, 0, section, value, size)
    return struct.pack("<IIIBBH", name, value, size, info, 0, section)


def make_elf(wide=True, extra=()):
    """`extra`: more symbols, as (name, address, size)."""
    word = "Q" if wide else "I"
    names, dynamic_names, headings = Strings(), Strings(), Strings()
    table = symbol(wide, 0, 0, 0, 0, 0)
    for name, address, size, info, section in (
            (b"start", TEXT, 0x20, FUNCTION, 1), (b"helper", TEXT + 0x20, 7, FUNCTION, 1),
            (b"counter", DATA, 16, OBJECT, 4), *((*more, FUNCTION, 1) for more in extra)):
        table += symbol(wide, names.add(name), address, size, info, section)
    dynamic_table = symbol(wide, 0, 0, 0, 0, 0) + symbol(wide, dynamic_names.add(b"puts"), 0, 0, FUNCTION, 0)
    relocation = struct.pack("<QQq", GOT + 0x18, 1 << 32 | 7, 0) if wide else struct.pack("<II", GOT + 0x18, 1 << 8 | 7)
    dynamic = struct.pack("<4" + word, 3, GOT, 0, 0)
    size = {"symbol": 24 if wide else 16, "relocation": 24 if wide else 8, "dynamic": 16 if wide else 8}
    # name, type, flags, address, content, link, info, entry size
    sections = [
        (b".text", 1, 6, TEXT, bytes.fromhex(CODE[wide]), 0, 0, 0),
        (b".plt", 1, 6, PLT, bytes.fromhex(LINKAGE[wide]), 0, 0, 16),
        (b".got.plt", 1, 3, GOT, bytes(32), 0, 0, 8),
        (b".data", 1, 3, DATA, bytes(16), 0, 0, 0),
        (b".dynamic", 6, 3, DYNAMIC, dynamic, 7, 0, size["dynamic"]),
        (b".dynsym", 11, 2, 0, dynamic_table, 7, 1, size["symbol"]),
        (b".dynstr", 3, 2, 0, dynamic_names.data, 0, 0, 0),
        (b".rela.plt" if wide else b".rel.plt", 4 if wide else 9, 2, 0, relocation, 6, 3, size["relocation"]),
        (b".symtab", 2, 0, 0, table, 10, 1, size["symbol"]),
        (b".strtab", 3, 0, 0, names.data, 0, 0, 0)]
    heading_numbers = [headings.add(section[0]) for section in sections]
    heading = headings.add(b".shstrtab")
    sections.append((b".shstrtab", 3, 0, 0, headings.data, 0, 0, 0))
    heading_numbers.append(heading)
    head, entry = (64, 64) if wide else (52, 40)
    body, table = b"", bytes(entry)
    for number, (_, kind, flags, address, content, link, info, entry_size) in zip(heading_numbers, sections):
        body += bytes(-len(body) % 16)
        table += struct.pack(f"<II4{word}II2{word}", number, kind, flags, address, head + len(body), len(content), link,
                             info, 1, entry_size)
        body += content
    body += bytes(-len(body) % 16)
    machine = 62 if wide else 3
    header = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9) + struct.pack(
        f"<HHI3{word}IHHHHHH", 3, machine, 1, TEXT, 0, head + len(body), 0, head, 56 if wide else 32, 0, entry,
        len(sections) + 1, len(sections))
    return header + body + table
