# SPDX-License-Identifier: Apache-2.0
"""Tasks: round trip, throughput, large values, and what many idle workers cost the others."""
import concurrent.futures
import multiprocessing
import statistics
import time

from harness import Group, Peer, native, need, probe, ratio

WARM_UP = 200
LARGE_BYTES = 64 << 20


def nothing():
    """The peers' task; executors, which import what they call, get int()."""


def same(value):
    return value


def median_us(function, count):
    samples = []
    for i in range(count + WARM_UP):
        begun = time.perf_counter_ns()
        function()
        if i >= WARM_UP:
            samples.append(time.perf_counter_ns() - begun)
    return statistics.median(samples) / 1e3


def per_second(function, count):
    begun = time.perf_counter()
    function(count)
    return count / (time.perf_counter() - begun)


# ---- round trip; microseconds ----


def promp_round_trip(count):
    from promp_side import NOTHING, ProManager, arguments, ready_worker
    with ProManager() as manager:
        worker = ready_worker(manager)
        none = arguments()

        def once():
            manager.evalPythonFunction(worker, NOTHING, "nothing", none, True)
            manager.wait()
            manager.takeResult(worker)

        return median_us(once, count)


def pool_round_trip(count):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return median_us(lambda: pool.apply(nothing), count)


def executor_round_trip(count):
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(1, context) as executor:
        return median_us(lambda: executor.submit(nothing).result(), count)


# ---- throughput; tasks per second, two workers ----


def promp_tasks(count):
    from promp_side import NOTHING, ProManager, ProWorker_Any, arguments, ready_worker
    with ProManager() as manager:
        for _ in range(2):
            ready_worker(manager)
        none = arguments()

        def run(number):
            for _ in range(number):
                manager.evalPythonFunction(ProWorker_Any, NOTHING, "nothing", none, True)
            manager.wait()
            for _ in range(number):
                manager.takeResult(ProWorker_Any)

        run(WARM_UP)
        return per_second(run, count)


def promp_executor_tasks(count):
    from Pro.MP import ProExecutor
    with ProExecutor(2) as executor:
        def run(number):
            for future in [executor.submit(int) for _ in range(number)]:
                future.result()

        run(WARM_UP)
        return per_second(run, count)


def pool_tasks(count):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        def run(number):
            for answer in [pool.apply_async(nothing) for _ in range(number)]:
                answer.get()

        run(WARM_UP)
        return per_second(run, count)


def executor_tasks(count):
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, context) as executor:
        return futures_per_second(executor, count)


def futures_per_second(executor, count):
    def run(number):
        for future in [executor.submit(int) for _ in range(number)]:
            future.result()

    run(WARM_UP)
    return per_second(run, count)


def loky_tasks(count):
    loky = need("joblib.externals.loky")
    executor = loky.get_reusable_executor(max_workers=2)
    try:
        return futures_per_second(executor, count)
    finally:
        executor.shutdown(kill_workers=True)


def dask_tasks(count):
    distributed = need("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                                  dashboard_address=None, silence_logs=50) as cluster:
        with distributed.Client(cluster) as client:
            def run(number):
                client.gather([client.submit(int, pure=False) for _ in range(number)])

            run(WARM_UP)
            return per_second(run, count)


# ---- by TCP ----


def promp_far_tasks(count):
    from promp_side import NOTHING, ProManager, agent, arguments, ready_worker
    with ProManager() as manager, agent(manager):
        workers = [ready_worker(manager), ready_worker(manager)]

        def run(number):
            for i in range(number):
                manager.evalPythonFunction(workers[i % 2], NOTHING, "nothing", arguments(), True)
            manager.wait()
            while manager.hasResults():
                manager.takeResult()

        run(WARM_UP)
        return per_second(run, count)


# ---- 64 MiB there and back; times a second ----


def promp_large():
    from promp_side import ProManager, arguments, ready_worker
    code = "def same(value):\n    return value\n"
    data = arguments(bytes(LARGE_BYTES))
    with ProManager() as manager:
        worker = ready_worker(manager)
        samples = []
        for _ in range(4):
            begun = time.perf_counter()
            manager.evalPythonFunction(worker, code, "same", data, True)
            manager.wait()
            value = manager.takeResult(worker)
            samples.append(time.perf_counter() - begun)
            assert len(value) == LARGE_BYTES
    return 1 / statistics.median(samples)


def pool_large():
    data = bytes(LARGE_BYTES)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(nothing)
        samples = []
        for _ in range(4):
            begun = time.perf_counter()
            value = pool.apply(same, (data,))
            samples.append(time.perf_counter() - begun)
            assert len(value) == LARGE_BYTES
    return 1 / statistics.median(samples)


# ---- many idle workers ----


def promp_crowded(idle, count):
    """Round trip of one worker while `idle` others do nothing; microseconds."""
    from promp_side import NOTHING, ProManager, arguments
    with ProManager() as manager:
        workers = [manager.startWorker() for _ in range(idle + 1)]
        for worker in workers:
            manager.evalPythonFunction(worker, NOTHING, "nothing", arguments(), False)
        manager.wait()
        none = arguments()

        def once():
            manager.evalPythonFunction(workers[0], NOTHING, "nothing", none, True)
            manager.wait()
            manager.takeResult(workers[0])

        return median_us(once, count)


# ---- rows ----


def round_trip(scale):
    count = scale.count(5000)
    return Group("round trip of an empty Python function", "us", probe("rows_tasks", "promp_round_trip", count),
                 [Peer("libzmq in C", native("zmq_bare", "rtt", count), ratio(at_most=1.2)),
                  Peer("Pool, fork", probe("rows_tasks", "pool_round_trip", count), ratio(at_most=1.0)),
                  Peer("ProcessPoolExecutor", probe("rows_tasks", "executor_round_trip", count))], rounds=7)


def throughput(scale):
    count = scale.count(20000)
    return Group(f"{count:,} empty functions queued at once, 2 workers", "/s",
                 probe("rows_tasks", "promp_tasks", count),
                 [Peer("Pool one by one", probe("rows_tasks", "pool_tasks", count), ratio(at_least=3)),
                  Peer("ProcessPoolExecutor", probe("rows_tasks", "executor_tasks", count), ratio(at_least=8))])


def throughput_of_others(scale):
    count = scale.count(4000)
    return Group(f"{count:,} empty functions by ProExecutor.submit, 2 workers", "/s",
                 probe("rows_tasks", "promp_executor_tasks", count),
                 [Peer("ProcessPoolExecutor", probe("rows_tasks", "executor_tasks", count)),
                  Peer("joblib/loky", probe("rows_tasks", "loky_tasks", count)),
                  Peer("dask.distributed", probe("rows_tasks", "dask_tasks", count))], rounds=3)


def throughput_far(scale):
    count = scale.count(4000)
    return Group("4,000 empty functions queued at once, 2 workers of an agent (TCP, CURVE)", "/s",
                 probe("rows_tasks", "promp_far_tasks", count),
                 [Peer("dask.distributed (TCP)", probe("rows_tasks", "dask_tasks", count), ratio(at_least=3))], rounds=3)


def large_value(scale):
    return Group("64 MiB of bytes as argument and as result", "/s", probe("rows_tasks", "promp_large"),
                 [Peer("Pool, fork", probe("rows_tasks", "pool_large"), ratio(at_least=5))])


def crowd(scale):
    """Nothing measurable: within 5 % for 56 more idle workers, less than 0.1 % a worker."""
    count = scale.count(2000)
    return Group("round trip with 63 idle workers beside it", "us",
                 probe("rows_tasks", "promp_crowded", 63, count),
                 [Peer("with 7", probe("rows_tasks", "promp_crowded", 7, count), ratio(at_most=1.05))])


GROUPS = [round_trip, throughput, throughput_of_others, throughput_far, large_value, crowd]
