#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hashes programs (SHA-256) and counts a string in them, in several workers.

promp -r search_programs.py [--folder /usr/bin] [--find GCC:] [--workers 4] [--limit MEBIBYTES]
                            [--kill-one]

With --kill-one a busy worker is killed half-way, as if it had crashed: its file is given out again,
the others never notice.
"""
import argparse
import os
import select
import signal
import sys
import time

from Pro.Core import MB_SIZE, NTVariantList
from Pro.MP import *

# The task: it runs in the workers, and once more here, on a sample, to check them.
SCAN_CODE = """
import hashlib

def scan(path, wanted):
    digest, count, size, tail = hashlib.sha256(), 0, 0, b""
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
            window = tail + block
            count += window.count(wanted)
            tail = window[len(window) - len(wanted) + 1:] if len(wanted) > 1 else b""
    return path, size, digest.hexdigest(), count
"""
SAMPLE = 20
REPORT_SECONDS = 0.1


def programs(folder, limit_bytes):
    """Regular files, each once (links resolved), by name up to a sum of sizes; the largest first."""
    files = {}
    for entry in os.scandir(folder):
        path = os.path.realpath(entry.path)
        if os.path.isfile(path) and os.access(path, os.R_OK):
            files[path] = os.path.getsize(path)
    chosen, total = [], 0
    for path, size in sorted(files.items()):
        if total + size <= limit_bytes:
            chosen.append(path)
            total += size
    return sorted(chosen, key=files.get, reverse=True), total


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line per quarter."""

    def __init__(self, files, total_bytes):
        self.files, self.total_bytes = files, total_bytes
        self.terminal = sys.stdout.isatty()
        self.told = 0.0
        self.quarter = 0

    def show(self, done_files, done_bytes, note=""):
        share = done_bytes / max(1, self.total_bytes)
        line = f"{100 * share:3.0f} %  {done_files}/{self.files} files  {done_bytes / MB_SIZE:.0f} MiB  {note}"
        now = time.monotonic()
        if self.terminal and now - self.told > REPORT_SECONDS:
            print("\r\033[K" + line, end="", flush=True)
            self.told = now
        elif not self.terminal and int(4 * share) > self.quarter:
            self.quarter = int(4 * share)
            print(line, flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)


class Search:
    def __init__(self, options, files, total_bytes):
        self.options, self.files, self.total_bytes = options, files, total_bytes
        self.found, self.failed = {}, []
        self.done_bytes = 0
        self.killed = None  # (worker, pid) of the victim
        self.manager = ProManager()
        # A task whose worker dies runs once more, in another.
        self.manager.setOptions(ProMPOpt_AtomicOutput | ProMPOpt_RetryTasks | ProMPOpt_Quiet)

    def give(self, path):
        arguments = NTVariantList()
        arguments.append(path)
        arguments.append(self.options.find.encode())
        self.manager.evalPythonFunction(ProWorker_Any, SCAN_CODE, "scan", arguments, True)

    def take_results(self):
        while self.manager.hasResults(ProWorker_Any):
            try:
                path, size, digest, count = self.manager.takeResult(ProWorker_Any)
            except ProRemoteError as error:
                self.failed.append(str(error))
                continue
            self.found[path] = (size, digest, count)
            self.done_bytes += size

    def kill_one(self):
        for worker in self.manager.workers():
            info = self.manager.workerInfo(worker)
            if info.task and info.pid:
                os.kill(info.pid, signal.SIGKILL)
                self.killed = worker, info.pid
                return

    def run(self):
        progress = Progress(len(self.files), self.total_bytes)
        for _ in range(self.options.workers):
            self.manager.startWorker()
        for path in self.files:
            self.give(path)
        try:
            while self.manager.isBusy():
                select.select([self.manager], [], [], REPORT_SECONDS)
                self.manager.processMessages()
                self.take_results()
                if self.options.kill_one and not self.killed and 2 * self.done_bytes > self.total_bytes:
                    self.kill_one()
                note = f"worker {self.killed[0]} was killed" if self.killed else ""
                progress.show(len(self.found), self.done_bytes, note)
        finally:
            progress.clear()
        self.take_results()


def check_sample(search):
    """The same work in this process, on every so manieth file: both must agree."""
    scope = {}
    exec(SCAN_CODE, scope)
    sample = search.files[::max(1, len(search.files) // SAMPLE)]
    wrong = [path for path in sample
             if scope["scan"](path, search.options.find.encode())[1:] != search.found.get(path)]
    return len(sample), wrong


def report(search, seconds):
    """Prints it; returns whether all is well."""
    options, found = search.options, search.found
    hits = {path: count for path, (_, _, count) in found.items() if count}
    print(f"{len(found)} files, {search.done_bytes / MB_SIZE:.0f} MiB in {seconds:.2f} s "
          f"({search.done_bytes / MB_SIZE / seconds:.0f} MiB/s), {options.workers} workers")
    print(f"{options.find!r}: {sum(hits.values())} times in {len(hits)} files")
    if search.killed:
        worker, pid = search.killed
        death = search.manager.workerInfo(worker).death
        print(f"killed on purpose: worker {worker}, pid {pid}; the manager says: {death['cause']} "
              f"{death.get('signal', '')} in task {death.get('task', 'none')}, "
              f"peak memory {death['peak_rss_bytes'] / MB_SIZE:.0f} MiB")
    for error in search.failed:
        print(f"failed: {error}")
    checked, wrong = check_sample(search)
    print(f"checked in a single process: {checked} files, {len(wrong)} differ")
    for path in wrong:
        print(f"differs: {path}")
    complete = len(found) == len(search.files)
    survived = bool(search.killed) or not options.kill_one
    if not survived:
        print("no worker was busy half-way, so none was killed; try a larger --limit")
    return complete and not wrong and not search.failed and survived


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="/usr/bin")
    parser.add_argument("--find", default="GCC:", help="the string to count")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--limit", type=int, default=1024, help="at most so many MiB")
    parser.add_argument("--kill-one", action="store_true")
    options = parser.parse_args()
    files, total_bytes = programs(options.folder, options.limit * MB_SIZE)
    if not files:
        print(f"{options.folder}: no file that can be read", file=sys.stderr)
        return 1
    search = Search(options, files, total_bytes)
    begun = time.monotonic()
    try:
        search.run()
        good = report(search, time.monotonic() - begun)
    except KeyboardInterrupt:
        print(f"interrupted after {len(search.found)} of {len(files)} files", file=sys.stderr)
        return 130
    finally:
        search.manager.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
