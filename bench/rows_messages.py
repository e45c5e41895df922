# SPDX-License-Identifier: Apache-2.0
"""Messages from worker to manager, from C and from Python, against libzmq alone."""
import time

from harness import BUILD, Group, Peer, native, probe, ratio

FLOOD = """
from Pro.MP import *

def flood(size, count):
    worker = proWorkerObject()
    data = bytes(size)
    worker.waitForMessage(60000)
    worker.getMessage()
    for _ in range(count):
        worker.sendMessage(ProMPMessage(1, data))
"""


def promp_messages(size, count):
    """Messages per second, both ends in Python."""
    from promp_side import ProManager, ProMPMessage, arguments, ready_worker
    with ProManager() as manager:
        worker = ready_worker(manager)
        manager.evalPythonFunction(worker, FLOOD, "flood", arguments(size, count), True)
        begun = time.perf_counter()
        manager.sendMessage(worker, ProMPMessage(0, b"go"))
        for _ in range(count):
            if not manager.hasMessage(worker):
                manager.waitForMessage(worker, 60000)
            assert len(manager.getMessage(worker).data) == size
        elapsed = time.perf_counter() - begun
        manager.wait()
        manager.takeResult(worker)
    return count / elapsed


def size_text(size):
    return {64: "64 B", 4096: "4 KiB", 1 << 20: "1 MiB"}[size]


def row(scale, size, full_count, c_bound, python_bound):
    count = scale.count(full_count)
    bare = native("zmq_bare", "messages", size, count)
    plugin = BUILD / "bench" / "bench_plugin.so"
    c = Group(f"messages of {size_text(size)}, worker to manager, C", "/s",
              native("mp_bench", plugin, "messages", size, count),
              [Peer("libzmq in C", bare, ratio(at_least=c_bound))])
    python = Group(f"messages of {size_text(size)}, worker to manager, Python", "/s",
                   probe("rows_messages", "promp_messages", size, count),
                   [Peer("libzmq in C", bare, ratio(at_least=python_bound))])
    return c, python


def small_c(scale):
    return row(scale, 64, 400_000, 0.6, 0.3)[0]


def small_python(scale):
    return row(scale, 64, 400_000, 0.6, 0.3)[1]


def medium_c(scale):
    return row(scale, 4096, 100_000, 0.6, 0.3)[0]


def medium_python(scale):
    return row(scale, 4096, 100_000, 0.6, 0.3)[1]


def large_c(scale):
    return row(scale, 1 << 20, 800, 0.8, 0.8)[0]


def large_python(scale):
    return row(scale, 1 << 20, 800, 0.8, 0.8)[1]


GROUPS = [small_c, small_python, medium_c, medium_python, large_c, large_python]
