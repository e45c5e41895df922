#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an example and compares what it prints with a file, line by line in sorted order (workers
run at the same time, so their order is not fixed):
check_output.py [--input TEXT] EXPECTED COMMAND [ARGUMENT...]"""
import difflib
import pathlib
import subprocess
import sys


def main():
    typed = ""
    if sys.argv[1] == "--input":
        typed = sys.argv[2].replace("\\n", "\n")
        del sys.argv[1:3]
    expected = sorted(pathlib.Path(sys.argv[1]).read_text().splitlines())
    done = subprocess.run(sys.argv[2:], input=typed, stdout=subprocess.PIPE, text=True, timeout=60)
    found = sorted(done.stdout.splitlines())
    for line in difflib.unified_diff(expected, found, "expected", "printed", lineterm=""):
        print(line)
    if done.returncode != 0:
        print(f"{sys.argv[2]} exited with {done.returncode}")
    return int(done.returncode != 0 or found != expected)


if __name__ == "__main__":
    sys.exit(main())
