# SPDX-License-Identifier: Apache-2.0
"""What an idle worker costs: memory (PSS) and processor time."""
import multiprocessing
import os
import re
import time

from harness import Group, Peer, figure, probe
from rows_start import answer

WORKERS = 10
IDLE_SECONDS = 2.0


def pss_megabytes(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.M)[1]) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def promp_pids(manager, count):
    from promp_side import ready_worker
    workers = [ready_worker(manager) for _ in range(count)]
    return [manager.workerInfo(worker).pid for worker in workers]


def promp_pss(executed):
    from promp_side import ProManager, ProMPOpt_ExecWorkers
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_ExecWorkers if executed else 0)
        sizes = [pss_megabytes(pid) for pid in promp_pids(manager, WORKERS)]
    return sum(sizes) / len(sizes)


def promp_idle_percent():
    from promp_side import ProManager
    with ProManager() as manager:
        pids = promp_pids(manager, WORKERS)
        before = sum(map(cpu_seconds, pids))
        time.sleep(IDLE_SECONDS)
        used = sum(map(cpu_seconds, pids)) - before
    return 100 * used / (IDLE_SECONDS * WORKERS)


def processes_pss(method):
    context = multiprocessing.get_context(method)
    started = []
    for _ in range(WORKERS):
        ours, theirs = context.Pipe()
        process = context.Process(target=answer, args=(theirs,))
        process.start()
        ours.send(1)
        ours.recv()
        started.append((process, ours))
    sizes = [pss_megabytes(process.pid) for process, _ in started]
    for process, connection in started:
        connection.send(None)
        process.join()
    return sum(sizes) / len(sizes)


def memory_nursery(scale):
    return Group("memory of an idle worker (PSS), from the nursery", "MB",
                 probe("rows_memory", "promp_pss", False),
                 [Peer("fork", probe("rows_memory", "processes_pss", "fork"))],
                 target=figure(at_most=2.5), rounds=3)


def memory_executed(scale):
    return Group("memory of an idle worker (PSS), exec'd", "MB", probe("rows_memory", "promp_pss", True),
                 [Peer("spawn", probe("rows_memory", "processes_pss", "spawn"))],
                 target=figure(at_most=8), rounds=3)


def idle_processor(scale):
    return Group("processor time of an idle worker", "%", probe("rows_memory", "promp_idle_percent"),
                 target=figure(at_most=0.0), rounds=2)


GROUPS = [memory_nursery, memory_executed, idle_processor]
