# SPDX-License-Identifier: Apache-2.0
"""ProExecutor: what concurrent.futures promises, and what it cannot do otherwise."""

import concurrent.futures
import os
import threading
import time

import pytest
from conftest import PATIENCE_S, run_python

from Pro.MP import ProExecutor, ProRemoteError, ProWorkerDiedError


@pytest.fixture(scope="module")
def executor():
    with ProExecutor(2) as executor:
        yield executor


def result(future):
    return future.result(PATIENCE_S)


def test_functions_by_name_and_by_value(executor):
    factor = 3
    assert result(executor.submit(pow, 2, 10)) == 1024
    assert result(executor.submit(lambda x: x * factor, 5)) == 15
    assert result(executor.submit(os.path.join, "a", "b")) == "a/b"
    assert result(executor.submit(int, "ff", base=16)) == 255


def test_map_keeps_the_order(executor):
    assert list(executor.map(lambda x: x * x, range(1000))) == [x * x for x in range(1000)]


def test_exception(executor):
    with pytest.raises(ProRemoteError) as caught:
        result(executor.submit(lambda: 1 / 0))
    assert caught.value.type == "ZeroDivisionError"


def test_result_that_cannot_be_sent(executor):
    with pytest.raises(ProRemoteError, match="result"):
        result(executor.submit(object))


def test_death_fails_one_task(executor):
    futures = [executor.submit(lambda i: os._exit(7) if i == 50 else i, i) for i in range(100)]
    concurrent.futures.wait(futures, PATIENCE_S)
    for i, future in enumerate(futures):
        if i == 50:
            assert isinstance(future.exception(), ProWorkerDiedError)
        else:
            assert future.result() == i


def opened(fifo):
    """Says that it runs, then never ends."""
    os.close(os.open(fifo, os.O_WRONLY))
    while True:
        pass


def test_cancel_of_a_running_task(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with ProExecutor(1, cancel_timeout=200) as executor:
        future = executor.submit(opened, str(fifo))
        open(fifo, "rb").close()
        assert future.cancel()
        assert future.cancelled()
        assert result(executor.submit(pow, 2, 3)) == 8


def test_wait_sees_cancelled_futures(executor):
    futures = [executor.submit(time.sleep, 3600) for _ in range(8)]
    assert all(future.cancel() for future in futures)
    done, open_futures = concurrent.futures.wait(futures, PATIENCE_S)
    assert not open_futures
    assert list(concurrent.futures.as_completed(futures, PATIENCE_S))


def test_time_limit_of_a_task():
    with ProExecutor(1, cancel_timeout=0) as executor:
        future = executor.submitTask(opened, (os.devnull,), timeout=50)
        with pytest.raises(TimeoutError):
            result(future)
        assert result(executor.submit(pow, 2, 3)) == 8


def test_submit_from_many_threads(executor):
    results = []
    lock = threading.Lock()

    def use(n):
        mine = [result(executor.submit(pow, n, 2)) for _ in range(50)]
        with lock:
            results.extend(mine)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted([0, 1, 4, 9] * 50)


def test_shutdown():
    executor = ProExecutor(1)
    future = executor.submit(pow, 2, 5)
    executor.shutdown()
    assert future.result() == 32
    with pytest.raises(RuntimeError):
        executor.submit(pow, 2, 5)


def test_callbacks_and_as_completed(executor):
    futures = [executor.submit(pow, i, 2) for i in range(20)]
    done = [future.result() for future in concurrent.futures.as_completed(futures, PATIENCE_S)]
    assert sorted(done) == [i * i for i in range(20)]


def test_exit_without_shutdown():
    script = "from Pro.MP import ProExecutor\ne = ProExecutor(2)\nprint(e.submit(pow, 2, 5).result())"
    assert run_python("-c", script) == (0, "32\n", "")


def test_no_workers():
    with pytest.raises(ValueError):
        ProExecutor(0)
