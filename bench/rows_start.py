# SPDX-License-Identifier: Apache-2.0
"""How long until a worker answers: cold, warm, with a spare ready, ten at once."""
import multiprocessing
import statistics
import time

from harness import Group, Peer, figure, probe, ratio

WARM_STARTS = 20


# ---- samples of promp; milliseconds ----


def promp_cold():
    from promp_side import NOTHING, ProManager, call
    begun = time.perf_counter()
    manager = ProManager()
    call(manager, manager.startWorker(), NOTHING, "nothing")
    elapsed = time.perf_counter() - begun
    manager.close()
    return elapsed * 1e3


def promp_warm(starts):
    from promp_side import NOTHING, ProManager, call, ready_worker
    samples = []
    with ProManager() as manager:
        ready_worker(manager)
        for _ in range(starts):
            begun = time.perf_counter()
            worker = manager.startWorker()
            call(manager, worker, NOTHING, "nothing")
            samples.append(time.perf_counter() - begun)
            manager.stopWorker(worker)
    return statistics.median(samples) * 1e3


def promp_spare(starts):
    from promp_side import NOTHING, ProManager, call, ready_worker
    samples = []
    with ProManager() as manager:
        manager.setSpares(1)
        ready_worker(manager)
        for _ in range(starts):
            time.sleep(0.1)  # the spare becomes ready meanwhile
            begun = time.perf_counter()
            worker = manager.startWorker()
            call(manager, worker, NOTHING, "nothing")
            samples.append(time.perf_counter() - begun)
            manager.stopWorker(worker)
    return statistics.median(samples) * 1e3


def promp_many(count, starts):
    from promp_side import NOTHING, ProManager, ProWorker_All, arguments, ready_worker
    samples = []
    with ProManager() as keeps_nursery:
        ready_worker(keeps_nursery)
        for _ in range(starts):
            begun = time.perf_counter()
            with ProManager() as manager:
                for _ in range(count):
                    manager.startWorker()
                manager.evalPythonFunction(ProWorker_All, NOTHING, "nothing", arguments(), True)
                manager.wait()
                samples.append(time.perf_counter() - begun)
    return statistics.median(samples) * 1e3


# ---- samples of multiprocessing; milliseconds ----


def answer(connection):
    """The peer's worker: says something back to whatever it is told."""
    for _ in iter(connection.recv, None):
        connection.send(0)


def start_processes(context, count):
    """Seconds until `count` new processes have each answered once."""
    begun = time.perf_counter()
    started = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=answer, args=(theirs,))
        process.start()
        theirs.close()
        ours.send(1)
        started.append((process, ours))
    for _, connection in started:
        connection.recv()
    elapsed = time.perf_counter() - begun
    for process, connection in started:
        connection.send(None)
        process.join()
        connection.close()
    return elapsed


def processes_cold(method):
    return start_processes(multiprocessing.get_context(method), 1) * 1e3


def processes_warm(method, count, starts):
    context = multiprocessing.get_context(method)
    start_processes(context, 1)
    return statistics.median(start_processes(context, count) for _ in range(starts)) * 1e3


# ---- rows ----


def one_worker_cold(scale):
    return Group("one worker until its first answer, cold", "ms", probe("rows_start", "promp_cold"),
                 [Peer("spawn", probe("rows_start", "processes_cold", "spawn"), ratio(at_most=0.6))],
                 rounds=15)


def one_worker_warm(scale):
    starts = scale.count(WARM_STARTS) + 4
    return Group("one worker until its first answer, warm", "ms", probe("rows_start", "promp_warm", starts),
                 [Peer("fork", probe("rows_start", "processes_warm", "fork", 1, starts), ratio(at_most=1.2)),
                  Peer("forkserver", probe("rows_start", "processes_warm", "forkserver", 1, starts))])


def one_worker_spare(scale):
    return Group("one worker until its first answer, a spare is ready", "ms",
                 probe("rows_start", "promp_spare", scale.count(WARM_STARTS) + 4), target=figure(at_most=1))


def ten_workers(scale):
    starts = scale.count(8) + 2
    return Group("ten workers, all answered, warm", "ms", probe("rows_start", "promp_many", 10, starts),
                 [Peer("fork", probe("rows_start", "processes_warm", "fork", 10, starts), ratio(at_most=1.2)),
                  Peer("forkserver", probe("rows_start", "processes_warm", "forkserver", 10, starts),
                       ratio(at_most=0.25))])


GROUPS = [one_worker_cold, one_worker_warm, one_worker_spare, ten_workers]
