#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a made-up specification of the size of x86-64's (about 5800 constructors, 240 tables) to measure with."""
import random
import sys

rnd = random.Random(7)
print('define endian=little;\ndefine space ram type=ram_space size=8 default;\n'
      'define space register type=register_space size=4;')
print('define register offset=0 size=8 [ ' + ' '.join(f'r{i}' for i in range(16)) + ' ];')
print('define register offset=0x100 size=4 [ ctx ];\ndefine register offset=0x200 size=1 [ zf cf sf of ];')
print('define register offset=0x1000 size=32 [ ' + ' '.join(f'y{i}' for i in range(16)) + ' ];')
for i in range(1700):
    print(f'define pcodeop user{i};')
print('define context ctx mode=(0,1) size=(2,3) pre=(4,6) rex=(7,7) rexr=(8,8);')
print('define token b1(8) op=(0,7) row=(4,7) lo=(0,2);\ndefine token b2(8) op2=(0,7);')
print('define token mrm(8) mod=(6,7) reg=(3,5) rm=(0,2) yreg=(3,5) yrm=(0,2) digit=(3,5);\ndefine token i8(8) imm8=(0,7) simm8=(0,7) signed;')
print('define token i32(32) imm32=(0,31) simm32=(0,31) signed;')
print('attach variables [ reg rm ] [ r0 r1 r2 r3 r4 r5 r6 r7 ];\nattach variables [ yreg yrm ] [ y0 y1 y2 y3 y4 y5 y6 y7 ];')
print('macro flags(x) { zf = x == 0; sf = x s< 0; cf = carry(x, x); of = scarry(x, x); }')
for i in range(118):
    print(f'Rm{i}: rm is mod=3 & rm {{ export rm; }}\nRm{i}: [rm] is mod=0 & rm {{ export *:8 rm; }}')
    print(f'Rm{i}: [rm + simm8] is mod=1 & rm; simm8 {{ local p:8 = rm + simm8; export *:8 p; }}')
    print(f'Rm{i}: [rm + simm32] is mod=2 & rm; simm32 {{ local p:8 = rm + simm32; export *:8 p; }}')
    print(f'Ym{i}: yrm is mod=3 & yrm {{ export yrm; }}\nYm{i}: [rm] is mod=0 & rm {{ export *:32 rm; }}')
    print(f'Ym{i}: [rm + simm8] is mod=1 & rm; simm8 {{ local p:8 = rm + simm8; export *:32 p; }}')
n = 0
for op in range(0, 240):
    for pre in range(8):
        t = rnd.randrange(118)
        print(f':ins{n} reg, Rm{t} is mode=1 & pre={pre} & op={op}; reg ... & Rm{t} {{ reg = reg + Rm{t}; flags(reg); }}')
        n += 1
for op in range(240):
    for pre in range(4):
        t = rnd.randrange(118)
        print(f':v{n} yreg, Ym{t} is mode=1 & pre={pre} & op=0xf0; op2={op}; yreg ... & Ym{t} '
              f'{{ local a:32 = Ym{t}; yreg = user{n % 1700}(yreg, a); yreg[0,64] = yreg[0,64] f+ a[0,64]; yreg[64,64] = yreg[64,64] f+ a[64,64]; }}')
        n += 1
for op in range(220):
    for digit in range(8):
        t = rnd.randrange(118)
        print(f':g{n} Rm{t}, imm8 is mode=2 & op={op}; (digit={digit} ... & Rm{t}) ; imm8 {{ Rm{t} = Rm{t} ^ imm8; flags(Rm{t}); }}')
        n += 1
