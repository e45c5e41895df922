# SPDX-License-Identifier: Apache-2.0
"""Death and cancel: how soon it is known, how soon there is a replacement, how soon all are gone."""
import concurrent.futures
import multiprocessing
import os
import select
import signal
import statistics
import subprocess
import sys
import time

from harness import BENCH, Group, Peer, figure, probe

BUSY = """
def busy():
    import collections, itertools
    from Pro.MP import proWorkerObject, ProMPMessage
    proWorkerObject().sendMessage(ProMPMessage(1))
    collections.deque(itertools.repeat(0), 0)  # runs in C, holds the interpreter, heeds no signal
"""


def make_busy(manager, worker):
    """Returns when the worker is inside its native loop, for all that can be told."""
    from promp_side import arguments
    manager.evalPythonFunction(worker, BUSY, "busy", arguments(), False)
    if not manager.waitForMessage(worker, 10000):
        raise RuntimeError("the worker did not begin")
    manager.getMessage(worker)


def promp_deaths(count, until):
    """Milliseconds from kill -9 until the ending is known, or until a replacement has answered."""
    from promp_side import NOTHING, ProManager, ProMPOpt_Quiet, call, ready_worker
    samples = []
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_Quiet)
        worker = ready_worker(manager)
        for _ in range(count):
            make_busy(manager, worker)
            pid = manager.workerInfo(worker).pid
            begun = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            manager.wait()
            if until == "answer":
                call(manager, worker, NOTHING, "nothing")
            samples.append(time.perf_counter() - begun)
            if until == "ending":
                call(manager, worker, NOTHING, "nothing")
    return statistics.median(samples) * 1e3


def promp_cancels(count):
    from promp_side import NOTHING, ProManager, ProMPOpt_Quiet, call, ready_worker
    samples = []
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_Quiet)
        worker = ready_worker(manager)
        for _ in range(count):
            make_busy(manager, worker)
            begun = time.perf_counter()
            manager.abortOperation(worker, 0)
            manager.wait()
            call(manager, worker, NOTHING, "nothing")
            samples.append(time.perf_counter() - begun)
    return statistics.median(samples) * 1e3


def forever():
    while True:
        pass


def executor_death():
    """Milliseconds until ProcessPoolExecutor knows; the whole pool is lost then."""
    executor = concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork"))
    future = executor.submit(forever)
    pid = next(iter(executor._processes))
    time.sleep(0.05)
    begun = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    concurrent.futures.wait([future], timeout=10)
    elapsed = time.perf_counter() - begun
    if future.exception(0) is None:
        raise RuntimeError("the future did not fail")
    executor.shutdown()
    return elapsed * 1e3


# ---- the root manager of a tree dies ----

LEVELS = 5
WORKERS_PER_LEVEL = 4


def run_tree(level=0):
    """One level of the tree; runs in the root and, as a task, in one worker of each level."""
    from Pro.MP import ProManager, ProMPOpt_AtomicOutput
    manager = ProManager()
    manager.setOptions(ProMPOpt_AtomicOutput)
    workers = [manager.startWorker() for _ in range(WORKERS_PER_LEVEL)]
    for worker in workers:
        manager.evalPythonCode(worker, "import os; print('pid', os.getpid(), flush=True)")
    if level + 1 < LEVELS:
        manager.evalPythonCode(workers[0], f"import sys; sys.path.insert(0, {str(BENCH)!r})\n"
                                           f"import rows_death; rows_death.run_tree({level + 1})")
    for worker in workers[1:] if level + 1 < LEVELS else workers:
        manager.evalPythonCode(worker, "while True: pass" if worker == workers[-1] else
                               "import time; time.sleep(1000)")
    manager.wait()


def start_tree():
    """The root process and the pids of all its workers, once all of them run."""
    root = subprocess.Popen([sys.executable, "-c", "import rows_death; rows_death.run_tree()"],
                            stdout=subprocess.PIPE, text=True, cwd=BENCH)
    pids = []
    while len(pids) < LEVELS * WORKERS_PER_LEVEL:
        line = root.stdout.readline()
        if not line:
            raise RuntimeError(f"the tree's root ended after {len(pids)} workers")
        if line.startswith("pid "):
            pids.append(int(line.split()[1]))
    return root, pids


def wait_all_gone(pidfds, timeout):
    waiting = select.poll()
    for pidfd in pidfds:
        waiting.register(pidfd, select.POLLIN)
    left, deadline = set(pidfds), time.monotonic() + timeout
    while left:
        for pidfd, _ in waiting.poll(max(0, (deadline - time.monotonic()) * 1e3)):
            waiting.unregister(pidfd)
            left.discard(pidfd)
        if left and time.monotonic() > deadline:
            raise RuntimeError(f"{len(left)} of {len(pidfds)} workers outlived their root by {timeout} s")


def promp_root_death():
    root, pids = start_tree()
    pidfds = [os.pidfd_open(pid) for pid in pids]
    begun = time.perf_counter()
    root.kill()
    wait_all_gone(pidfds, 10)
    elapsed = time.perf_counter() - begun
    root.wait()
    return elapsed * 1e3


# ---- rows ----


def ending_known(scale):
    return Group("kill -9 of a busy worker until its ending is known", "ms",
                 probe("rows_death", "promp_deaths", scale.count(20) + 2, "ending"),
                 [Peer("ProcessPoolExecutor (all lost)", probe("rows_death", "executor_death"))],
                 target=figure(at_most=5))


def replaced(scale):
    return Group("kill -9 of a busy worker until a replacement answers", "ms",
                 probe("rows_death", "promp_deaths", scale.count(20) + 2, "answer"), target=figure(at_most=30))


def cancelled(scale):
    return Group("cancel of a native busy loop until the slot answers again", "ms",
                 probe("rows_death", "promp_cancels", scale.count(20) + 2), target=figure(at_most=40))


def root_killed(scale):
    return Group("kill -9 of the root manager, 5 levels, 20 workers, until all are gone", "ms",
                 probe("rows_death", "promp_root_death"), target=figure(at_most=100))


GROUPS = [ending_known, replaced, cancelled, root_killed]
