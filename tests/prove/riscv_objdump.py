#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares promp's RISC-V with objdump: length and mnemonic of every instruction of the text of ELF files.

usage: riscv_objdump.py PROMP_SLEIGH RISCV64.sla FILE...
Needs binutils-riscv64-linux-gnu. Prints one line a file and the first differences; exits 1 if there is one.

Aliases: objdump is run with -M no-aliases. ALIASES lists the pairs (objdump's, promp's) that name one encoding in
two ways: the manual calls c.addi of register 0 c.nop.
"""
import re, subprocess, sys, tempfile

ALIASES = {('c.addi', 'c.nop')}
LINE = re.compile(r'^\s*([0-9a-f]+):\s+([0-9a-f]{4}|[0-9a-f]{8})\s+(\S+)')


def sections(path):
    text = subprocess.run(['riscv64-linux-gnu-readelf', '-SW', path], capture_output=True, text=True, check=True).stdout
    for m in re.finditer(r'\]\s+(\S+)\s+PROGBITS\s+([0-9a-f]+)\s+([0-9a-f]+)\s+([0-9a-f]+)\s+\S+\s+AX', text):
        yield m[1], int(m[2], 16), int(m[3], 16), int(m[4], 16)


def reference(path, section):
    out = subprocess.run(['riscv64-linux-gnu-objdump', '-d', '-M', 'no-aliases', '-j', section, path],
                         capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        m = LINE.match(line)
        if m:
            yield int(m[1], 16), len(m[2]) // 2, m[3]


def ours(tool, sla, data, base):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        out = subprocess.run([tool, 'disasm', f.name, '--sla', sla, '--base', hex(base)],
                             capture_output=True, text=True, check=True).stdout
    found = {}
    for line in out.splitlines():
        address, rest = line.split(': ', 1)
        parts = rest.split(' ')
        if len(parts) >= 2:
            found[int(address, 16)] = (len(parts[0]) // 2, parts[1])
        else:
            found[int(address, 16)] = (0, parts[0])
    return found


def main():
    tool, sla, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    total = wrong = 0
    for path in files:
        raw = open(path, 'rb').read()
        count = bad = 0
        for name, base, offset, size in sections(path):
            mine = ours(tool, sla, raw[offset:offset + size], base)
            for address, length, mnemonic in reference(path, name):
                count += 1
                found = mine.get(address, (0, 'nothing'))
                if found[0] != length or (found[1] != mnemonic and (mnemonic, found[1]) not in ALIASES):
                    bad += 1
                    if bad <= 20:
                        print(f'{path}: {address:x}: objdump {length} {mnemonic}, promp {mine.get(address)}')
        print(f'{path}: {count} instructions, {bad} differences')
        total += count
        wrong += bad
    print(f'total: {total} instructions, {wrong} differences')
    return 1 if wrong or not total else 0


sys.exit(main())
