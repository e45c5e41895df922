# SPDX-License-Identifier: Apache-2.0
"""Each kind of window is opened and closed many times, and nothing of it stays: widgets, heap, descriptors, threads."""

import os
import subprocess

import pytest

VIEWS = os.environ["PROMP_LEAK_VIEWS"]
WORKSPACE = os.environ.get("PROMP_LEAK_WORKSPACE")  # not in a build without Python

# To fill caches, and as many again to measure. By hand, all of them 200 times: PROMP_LEAK_ROUNDS=100
LIGHT, HEAVY = (int(os.environ.get("PROMP_LEAK_ROUNDS", rounds)) for rounds in (100, 20))

# What a round may leave in the heap: less than a widget, or, where caches are not full yet, than a view of many. GTK
# 4.8 loses 8 KiB with each notebook (a bare one, too); the workspace has two, with four pages.
BYTES, HEAVY_BYTES, NOTEBOOK_BYTES = 1024, 4096, 40 << 10

# What threads and caches of GTK hold at one moment and not at another: up to 118 KiB and 9 threads were seen beside
# other work. So a few KiB a round can hide here; windows and widgets are counted exactly.
MOMENT_BYTES = 256 << 10
POOL_MAX = 18

KINDS = [(VIEWS, kind, LIGHT, BYTES) for kind in ("text", "table", "tree", "plot", "box", "wait")]
KINDS += [(VIEWS, kind, HEAVY, HEAVY_BYTES) for kind in ("hex", "custom", "dialog", "file")]
KINDS += [(WORKSPACE, "panel", HEAVY, HEAVY_BYTES), (WORKSPACE, "workspace", HEAVY, NOTEBOOK_BYTES)]


@pytest.mark.parametrize("program, kind, rounds, bytes_a_round", KINDS, ids=[kind for _, kind, _, _ in KINDS])
def test_windows_come_and_go(display, program, kind, rounds, bytes_a_round):
    if program is None:
        pytest.skip("this build has no workspace")
    # At the program's end GTK's threads may still hold what they read just then; what counts here is growth.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    environment = {**display.environment, "G_SLICE": "always-malloc", "ASAN_OPTIONS": sanitizer}
    done = subprocess.run([program, kind, str(rounds)], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    assert "CRITICAL" not in done.stderr
    grown = {name: int(number) for name, number in (part.split("=") for part in done.stdout.split("\n")[0].split())}
    assert grown["heap"] < bytes_a_round * rounds + MOMENT_BYTES, done.stdout
    assert max(grown["windows"], grown["widgets"]) <= 0, done.stdout
    # Threads of pools come and go, with what they hold; one that stayed each time would be more.
    assert max(grown["fds"], grown["threads"]) < max(rounds // 4, POOL_MAX), done.stdout
