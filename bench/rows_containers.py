# SPDX-License-Identifier: Apache-2.0
"""Containers: sharing, searching here and in workers, blocks, and the PE loader against python3-pefile.

Searches are timed in processor time of their thread, which other programs disturb least.
"""
import contextlib
import functools
import glob
import os
import sys
import tempfile
import time

from harness import BENCH, BUILD, Group, Peer, figure, native, need, probe, ratio

PLUGIN = BUILD / "bench" / "container_plugin.so"


def container(row, mib):
    return native("container_bench", PLUGIN, row, mib)


def mib(scale, full):
    """Smaller for the smoke run."""
    return full if scale.name != "smoke" else min(full, 16)


# ---- sharing ----


def share_attach(scale):
    return Group("share + attach of a 1 GiB memory container, the slowest of 4 workers", "ms",
                 container("attach", mib(scale, 1024)), target=figure(at_most=1))


def take(scale):
    return Group("1 GiB that promp allocated becomes a container", "ms", container("take", mib(scale, 1024)),
                 [Peer("memcpy", container("memcpy", mib(scale, 1024)), ratio(at_most=0.25))], rounds=3)


def copy(scale):
    return Group("1 GiB of the program's becomes a container", "ms", container("copy", mib(scale, 1024)),
                 [Peer("memcpy", container("memcpy", mib(scale, 1024)), ratio(at_most=1.1))], rounds=3)


def memory(scale):
    return Group("extra memory of 4 workers that searched 1 GiB", "MiB", container("memory", mib(scale, 1024)),
                 target=figure(at_most=8), rounds=3)


def tables(scale):
    return Group("page tables of these 4 workers (2 MiB per GiB and process)", "MiB",
                 container("tables", mib(scale, 1024)), rounds=3)


# ---- searching in a worker ----


def remote(name, row, full, bound, scale):
    return Group(f"search to the end of {name}, in a worker", "ms", container(row, mib(scale, full)),
                 [Peer("here", None, ratio(at_most=bound))], rounds=7)


def remote_small(scale):
    return remote("10 MB", "warm", 10, 1.05, scale)


def remote_small_first(scale):
    return remote("10 MB, first touch", "first", 10, 1.25, scale)


def remote_large(scale):
    return remote("1 GiB", "warm", 1024, 1.05, scale)


def remote_large_first(scale):
    return remote("1 GiB, first touch", "first", 1024, 1.25, scale)


# ---- searching here ----


def rare(full, name, scale):
    size = mib(scale, full)
    return Group(f"search of a pattern with a rare byte in {name}", "GB/s",
                 native("search_bench", "rare", size, "memchr", "memmem"),
                 [Peer("memchr", None, ratio(at_least=0.8)), Peer("memmem", None)], rounds=7)


ADVERSARIAL = {
    "same": "a...aba...a, 4 KiB, in a...a", "period-long": "4 KiB that are nearly periodic, in periodic data",
    "period-short": "010010 in periodic data", "bits": "64 bytes in random bits",
    "bits-32": "32 bytes in random bits", "bits-256": "256 bytes in random bits",
    "skewed": "16 bytes of two letters in two letters", "records": "24 bytes between the records of a table",
}
PATTERNS = {
    "wildcard-bits": "hex pattern with wildcards in random bits", "wildcard-text": "hex pattern with wildcards in text",
    "regex": "regular expression in text", "regex-prefix": "regular expression that begins with a word",
    "regex-inner": "regular expression with a word behind [a-z]+", "regex-choice": "regular expression of four words",
    "regex-case": "regular expression of a word in either case", "regex-classes": "regular expression of sets alone",
    "regex-common": "regular expression whose word is everywhere",
    "regex-dense": "all matches of [a-z]+, every few bytes",
    "regex-none": "regular expression that nothing is known of",
}
# In the last three PCRE2 does all the work. The first of them has a limit of where matches may begin, which costs two
# percent; the second hands each match to the program; the third is the same call on both sides, measured twice.
SLOW = {"regex-none"}


def adversarial(case, scale):
    return Group(f"search: {ADVERSARIAL[case]}", "GB/s", native("search_bench", case, mib(scale, 64), "memmem"),
                 [Peer("memmem", None, ratio(at_least=1.0))])


def pattern(case, scale):
    size = mib(scale, 16 if case in SLOW else 64)
    return Group(f"search: {PATTERNS[case]}", "GB/s", native("search_bench", case, size, "pcre2"),
                 [Peer("PCRE2 JIT", None, ratio(at_least=1.0))])


# ---- blocks ----


def sequential(scale):
    return Group("a worker reads a callback container from begin to end, 4 KiB at a time", "GiB/s",
                 container("sequential", mib(scale, 1024)), target=figure(at_least=1))


def random(name, full, target, scale, row="random", who="a worker reads 4 KiB anywhere"):
    return Group(f"{who} in a callback container of {name}", "thousand/s",
                 container(row, mib(scale, full)), target=target, rounds=3)


def random_cached(scale):
    return random("64 MiB (which its cache holds)", 64, figure(at_least=100), scale)


def random_uncached(scale):
    return random("1 GiB (which no cache holds)", 1024, figure(at_least=100), scale)


def scattered_uncached(scale):
    return random("1 GiB (which no cache holds)", 1024, figure(at_least=100), scale, "scattered",
                  "a worker reads 4 KiB anywhere, 64 parts a call,")


def random_workers(scale):
    return random("1 GiB (which no cache holds)", 1024, figure(at_least=100), scale, "random-workers",
                  "4 workers at once read 4 KiB anywhere")


# ---- by TCP ----


def far_sequential(scale):
    return Group("a worker of an agent (TCP, CURVE) reads a container from begin to end, 4 KiB at a time", "GiB/s",
                 container("far-sequential", mib(scale, 512)), rounds=3)


def far_scattered(scale):
    return random("1 GiB", 1024, None, scale, "far-scattered",
                  "a worker of an agent (TCP, CURVE) reads 4 KiB anywhere, 64 parts a call,")


# ---- PE ----


def large_dll():
    """The largest DLL up to 16 MiB that the package libwine has, or None."""
    paths = [path for path in glob.glob("/usr/lib/*/wine/x86_64-windows/*.dll") if os.path.getsize(path) <= 16 << 20]
    return max(paths, key=os.path.getsize, default=None)


@contextlib.contextmanager
def dll():
    """Its path; without libwine a small one, made by hand, for which there is no target."""
    if large_dll() is not None:
        yield large_dll()
        return
    sys.path.insert(0, str(BENCH.parent / "tests"))
    from support.make_pe import make_pe
    with tempfile.NamedTemporaryFile(suffix=".dll") as file:
        file.write(make_pe())
        file.flush()
        yield file.name


def promp_pe(everything):
    """Milliseconds of processor time; with `everything` all of it becomes Python objects."""
    from Pro.Core import createContainerFromFile
    from Pro.PE import PEObject
    samples = []
    with dll() as path:
        for _ in range(7):
            begun = time.process_time()
            pe = PEObject()
            assert pe.Load(createContainerFromFile(path))
            if everything:
                pe.Info()
            samples.append(time.process_time() - begun)
    return sorted(samples)[3] * 1e3


def pefile_pe():
    pefile = need("pefile")
    with dll() as path:
        begun = time.process_time()
        pefile.PE(path, max_symbol_exports=1 << 16)
        return (time.process_time() - begun) * 1e3


def pe(what, everything):
    path = large_dll()
    size = "a small DLL (libwine is not installed)" if path is None else f"a DLL of {os.path.getsize(path) / 1e6:.0f} MB"
    target = None if path is None else ratio(at_most=1 / 50)
    return Group(f"{what} of {size}", "ms", probe("rows_containers", "promp_pe", everything),
                 [Peer("pefile", probe("rows_containers", "pefile_pe"), target)], rounds=3)


def pe_parse(scale):
    return pe("PE: parse all directories", False)


def pe_objects(scale):
    return pe("PE: the same, and all of it to Python objects,", True)


GROUPS = [
    share_attach, take, copy, memory, tables, remote_small, remote_small_first, remote_large, remote_large_first,
    functools.partial(rare, 10, "10 MB"), functools.partial(rare, 1024, "1 GiB"),
    *(functools.partial(adversarial, case) for case in ADVERSARIAL),
    *(functools.partial(pattern, case) for case in PATTERNS),
    sequential, random_cached, random_uncached, scattered_uncached, random_workers, far_sequential, far_scattered,
    pe_parse, pe_objects,
]
