# SPDX-License-Identifier: Apache-2.0
"""The SLEIGH engine: speed on the text of a libc, compiling and loading of descriptions. Zydis is the peer."""
import pathlib

from harness import BENCH, BUILD, Group, Peer, figure, native, ratio

DATA = BENCH.parent / "data"
RISCV = DATA / "riscv/riscv64.slaspec"
X86 = DATA / "x86/x86-64.slaspec"
RISCV_LIBC = "/usr/riscv64-linux-gnu/lib/libc.so.6"
X86_LIBC = next(iter(sorted(pathlib.Path("/usr/lib").glob("x86_64-linux-gnu/libc.so.6"))), "/lib64/libc.so.6")
RATE = "M instructions/s"


def zydis(target):
    """A third of what Zydis does when it decodes and formats."""
    if not (BUILD / "bench/zydis_bench").exists():
        return []  # libzydis-dev was not there when it was built
    return [Peer("Zydis decode + format", native("zydis_bench", X86_LIBC), target)]


def rate(name, measure, specification, code, at_least, peers):
    def group(scale):
        return Group(f"sleigh {name}", RATE, native("bench_sleigh", measure, specification, code), peers,
                     target=figure(at_least=at_least))
    return group


def fact(name, unit, measure, specification, at_most):
    def group(scale):
        return Group(f"sleigh {name}", unit, native("bench_sleigh", measure, specification),
                     target=figure(at_most=at_most))
    return group


GROUPS = [
    rate("decode + lift, RISC-V", "lift", RISCV, RISCV_LIBC, 2.0, []),
    rate("decode + text, RISC-V", "text", RISCV, RISCV_LIBC, 1.5, []),
    rate("decode + lift, x86-64", "lift", X86, X86_LIBC, 2.0, zydis(ratio(at_least=0.33))),
    rate("decode + text, x86-64", "text", X86, X86_LIBC, 1.5, zydis(None)),
    fact("compile, x86-64", "ms", "compile", X86, 600),
    fact("compile, x86-64: memory of the process", "MiB", "compile-memory", X86, 100),
    fact("load, x86-64", "ms", "load", X86, 10),
    fact("loaded language, x86-64", "MiB", "loaded-memory", X86, 16),
]
