# SPDX-License-Identifier: Apache-2.0
"""Wait objects: what a report costs the task, and how soon it hears of an abort."""
import statistics

from harness import Group, figure, probe

REPORT = """
import time
from Pro.MP import proWorkerObject
def report(count):
    wait = proWorkerObject().waitObject()
    begun = time.perf_counter()
    for value in range(count):
        wait.progress(value)
    return (time.perf_counter() - begun) / count * 1e9
"""

UNTIL_ABORTED = """
import time
from Pro.MP import proWorkerObject
def until_aborted():
    wait = proWorkerObject().waitObject()
    wait.progress(1)
    while not wait.wasAborted():
        pass
    return time.monotonic()
"""


def report_cost(count):
    """Nanoseconds; the last value must have come."""
    from promp_side import ProManager, arguments, ready_worker
    from Pro.Core import NTSimpleWait
    with ProManager() as manager:
        worker = ready_worker(manager)
        shown = NTSimpleWait()
        wait = manager.createWaitObject(worker, shown)
        manager.evalPythonFunction(worker, REPORT, "report", arguments(count), True)
        manager.wait()
        assert shown.value() == count - 1, shown.value()
        del wait
        return manager.takeResult(worker)


def abort_heard():
    """Milliseconds from abort() until the task, which returns that moment, saw it."""
    import time

    from promp_side import ProManager, arguments, ready_worker
    from Pro.Core import NTSimpleWait
    heard = []
    with ProManager() as manager:
        worker = ready_worker(manager)
        for _ in range(20):
            shown = NTSimpleWait()
            wait = manager.createWaitObject(worker, shown)
            manager.evalPythonFunction(worker, UNTIL_ABORTED, "until_aborted", arguments(), True)
            while shown.value() == 0:
                manager.waitAny(1000)
            begun = time.monotonic()
            wait.abort()
            manager.wait()
            ending = manager.takeEnding(worker)
            # What it returned is lost with an aborted task: its end is known a message later.
            heard.append((ending[2] or time.monotonic()) - begun)
    return statistics.median(heard) * 1000


def report_row(scale):
    return Group("a wait object's progress(), a million in a row", "ns", probe("rows_waits", "report_cost",
                 scale.count(1_000_000)), target=figure(at_most=1000))


def abort_row(scale):
    return Group("abort() of a wait object until the task has ended by it", "ms", probe("rows_waits", "abort_heard"),
                 target=figure(at_most=5))


GROUPS = [report_row, abort_row]
