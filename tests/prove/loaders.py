#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pro.PE and Pro.ELF against python3-pefile, GNU readelf and python3-pyelftools, field by field.

tests/prove/loaders.py                     everything of /usr: libwine, mingw, /usr/bin, /usr/lib (an hour)
tests/prove/loaders.py --limit 200         so many files a peer, a fixed random choice
tests/prove/loaders.py --peer readelf ...  one peer only
tests/prove/loaders.py PATH...             these files and folders
tests/prove/loaders.py --resume FILE       goes on where an earlier run with this FILE ended; made if it is not there

Prints a table; differences name the file and the field. Exit status 1: something differs, or no file was found.
What is resumed are files that were alike. All begins anew once the loaders or what compares them have changed.
Packages: python3-pefile python3-pyelftools binutils, and for files to compare libwine gcc-mingw-w64-x86-64
gcc-mingw-w64-i686.
"""
import argparse
import concurrent.futures
import hashlib
import importlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATHS = [str(ROOT / "tests"), os.environ.get("PROMP_PYTHON", str(ROOT / "build/python"))]
sys.path[:0] = PATHS

from Pro.MP import ProExecutor  # noqa: E402

PLACES = {
    "pefile": ["/usr/lib", "/usr/x86_64-w64-mingw32", "/usr/i686-w64-mingw32"],
    "readelf": ["/usr/bin", "/usr/sbin", "/usr/lib"],
    "elftools": ["/usr/bin", "/usr/lib"],
}
SIZE_MAX = {"pefile": 64 << 20, "readelf": 256 << 20, "elftools": 100_000}  # the last one takes minutes for more
MAGIC = {"pefile": b"MZ", "readelf": b"\x7fELF", "elftools": b"\x7fELF"}
FILE_SECONDS_MAX = 600
SOURCE = """
#ifdef DLL
__declspec(dllexport) int add(int a, int b) { return a + b; }
__declspec(dllexport) int table[100];
#else
#include <stdio.h>
__thread int counter = 3;
int main(void) { printf("%d\\n", counter++); return 0; }
#endif
"""


def compile_with_mingw(folder):
    """Output of gcc-mingw-w64 itself, with and without debugging information."""
    source = pathlib.Path(folder) / "source.c"
    source.write_text(SOURCE)
    made = 0
    for compiler in ("x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc"):
        for name, options in (("plain.exe", []), ("debug.exe", ["-g"]), ("stripped.exe", ["-s"]),
                              ("static.exe", ["-static", "-O2"]), ("library.dll", ["-DDLL", "-shared"])):
            if shutil.which(compiler):
                target = pathlib.Path(folder) / f"{compiler}-{name}"
                made += subprocess.run([compiler, *options, "-o", target, source], check=False).returncode == 0
    return made


def has_magic(path, magic, size_max):
    try:
        if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > size_max:
            return False
        with open(path, "rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False


def find(peer, places, limit):
    found = []
    for place in places:
        if os.path.isfile(place):
            paths = [place]
        else:
            paths = [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]
        found += [path for path in paths if has_magic(path, MAGIC[peer], SIZE_MAX[peer])]
    found = sorted(set(found))
    random.Random(1).shuffle(found)
    return found[:limit] if limit else found


def compare(peer, path, paths):
    """Runs in a worker: [fields, difference or None, warnings, what the peer could not do or None]"""
    sys.path[:0] = [place for place in paths if place not in sys.path]
    module = importlib.import_module(f"support.peer_{peer}")
    try:
        fields, difference, warnings = module.compare(path)
    except Exception as error:
        return [0, None, [], f"{type(error).__name__}: {error}"[:200]]
    return [fields, difference, warnings, None]


def fingerprint():
    """Of what decides whether a file is alike: the loaders, their bindings, and what compares."""
    digest = hashlib.sha256()
    for pattern in ("lib/loader/*.[ch]", "app/python/py_pe.c", "app/python/py_elf.c", "python/Pro/PE.py",
                    "python/Pro/ELF.py", "tests/support/peer*.py"):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Record:
    """Which files were alike: a line each, written when it is known, so that a run may end at any moment."""

    def __init__(self, path):
        self.path, self.alike, begin = path, {}, {"of": fingerprint()}
        lines = self.read() if path else []
        if lines and lines[0] == begin:
            self.alike = {tuple(line[:4]): line[4:] for line in lines[1:]}
        elif path:
            with open(path, "w", encoding="utf-8") as file:
                print(json.dumps(begin), file=file)

    def read(self):
        lines = []
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                for line in file.read().split("\n")[:-1]:  # the last one may have been cut off
                    lines.append(json.loads(line))
        return lines

    @staticmethod
    def key(peer, path):
        status = os.stat(path)
        return peer, path, status.st_size, status.st_mtime_ns

    def find(self, peer, path):
        """[fields, warnings], or None: compare it"""
        return self.alike.get(self.key(peer, path))

    def add(self, peer, path, fields, warnings):
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                print(json.dumps([*self.key(peer, path), fields, warnings]), file=file)


class Tally:
    """What the table tells of one peer."""

    def __init__(self, peer, record):
        self.peer, self.record, self.begun = peer, record, time.monotonic()
        self.fields = self.compared = self.different = self.malformed = 0
        self.given_up = []

    def add_recorded(self, path):
        known = self.record.find(self.peer, path)
        if known is not None:
            self.count(path, known[0], None, known[1], None)
        return known is not None

    def add(self, path, future):
        try:
            fields, difference, warnings, failure = future.result()
        except Exception as error:  # a worker that died, a file that took too long
            fields, difference, warnings, failure = 0, None, [], f"{type(error).__name__}: {error}"[:200]
        if difference is None and failure is None:
            self.record.add(self.peer, path, fields, warnings)
        self.count(path, fields, difference, warnings, failure)

    def count(self, path, fields, difference, warnings, failure):
        self.compared += failure is None
        self.fields += fields
        self.malformed += bool(warnings)
        if warnings:
            print(f"malformed: {path}: {'; '.join(warnings)[:300]}", flush=True)
        if difference:
            self.different += 1
            print(f"DIFFERENT {path}: {difference}", flush=True)
        if failure:
            self.given_up.append(path)
            print(f"not compared: {path}: {failure}", flush=True)

    def line(self):
        return (f"| {self.peer} | {self.compared:,} | {self.fields:,} | {self.different} | {self.malformed} | "
                f"{len(self.given_up)} | {time.monotonic() - self.begun:.0f} |")


def prove(executor, jobs, record, peer, files):
    tally, running = Tally(peer, record), {}
    files = [path for path in files if not tally.add_recorded(path)]
    print(f"{peer}: {tally.compared} files are known to be alike, {len(files)} are compared", flush=True)
    for path in [*files, None]:
        while running and (path is None or len(running) == 2 * jobs):
            for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
                tally.add(running.pop(future), future)
        if path is not None:
            running[executor.submitTask(compare, (peer, path, PATHS), timeout=FILE_SECONDS_MAX * 1000)] = path
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=sorted(PLACES), action="append")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--resume", metavar="FILE")
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    rows, record = [], Record(arguments.resume)
    with tempfile.TemporaryDirectory() as folder, ProExecutor(max_workers=arguments.jobs) as executor:
        if not arguments.paths and compile_with_mingw(folder) == 0:
            print("no mingw compiler is installed: nothing of its own output is compared")
        for peer in arguments.peer or sorted(PLACES):
            files = find(peer, arguments.paths or [folder, *PLACES[peer]], arguments.limit)
            rows.append(prove(executor, arguments.jobs, record, peer, files))
    print("\n| peer | files | fields | differences | malformed files | not compared | seconds |\n"
          "|---|---|---|---|---|---|---|")
    print("\n".join(row.line() for row in rows))
    return 1 if any(row.different for row in rows) or not any(row.compared for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
