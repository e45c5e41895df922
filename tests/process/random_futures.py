#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Uses a ProExecutor in random order from two threads: submits, cancels, shuts down. Each future ends, rightly.

random_futures.py [--rounds 10] [--seed N]

What has not ended in WATCHDOG_S hangs. Prints TAP; a failure names its seed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "build/python"))  # unless PYTHONPATH has it

from Pro.MP import ProExecutor, ProRemoteError, ProWorkerDiedError  # noqa: E402

WATCHDOG_S = 60


def square(value):
    return value * value


def nap(seconds):
    time.sleep(seconds)


def spin():
    while True:
        pass


def fail():
    raise KeyError("as asked")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Wrong(Exception):
    pass


class Feeder(threading.Thread):
    """Submits and cancels until it has enough or the executor is shut down."""

    def __init__(self, executor, seed):
        super().__init__()
        self.executor, self.random, self.submitted = executor, random.Random(seed), []

    def run(self):
        for _ in range(self.random.randrange(5, 60)):
            function = self.random.choices([square, nap, spin, fail, die], [10, 1, 1, 1, 1])[0]
            arguments = {square: [self.random.randrange(100)], nap: [self.random.random() / 50]}.get(function, [])
            try:
                self.submitted.append((function, arguments, self.executor.submit(function, *arguments)))
            except RuntimeError:
                return
            if self.random.random() < 0.1:
                self.random.choice(self.submitted)[2].cancel()


def check(function, arguments, future):
    if future.cancelled():
        return
    error = future.exception()
    right = {square: lambda: error is None and future.result() == arguments[0] ** 2, nap: lambda: error is None,
             fail: lambda: isinstance(error, ProRemoteError), die: lambda: isinstance(error, ProWorkerDiedError)}
    if not right[function]():
        raise Wrong(f"{function.__name__}{arguments}: {future} {error!r}")


def run_round(seed):
    chance = random.Random(seed)
    executor = ProExecutor(chance.randrange(1, 5), cancel_timeout=chance.choice([0, 20]))
    feeders = [Feeder(executor, chance.random()) for _ in range(2)]
    for feeder in feeders:
        feeder.start()
    early = chance.random() < 0.3
    if early:
        executor.shutdown(wait=False, cancel_futures=True)
    for feeder in feeders:
        feeder.join()
    submitted = [entry for feeder in feeders for entry in feeder.submitted]
    for function, _, future in submitted:
        if function is spin:
            future.cancel()
    _, left = concurrent.futures.wait([future for _, _, future in submitted], WATCHDOG_S)
    if left:
        raise Wrong(f"these never end: {[entry for entry in submitted if entry[2] in left]}")
    for entry in submitted:
        check(*entry)
    executor.shutdown(wait=True)
    return len(submitted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="of the first round")
    arguments = parser.parse_args()
    print(f"1..{arguments.rounds}")
    for number in range(arguments.rounds):
        seed = arguments.seed + number
        try:
            print(f"ok {number + 1} - seed {seed}, {run_round(seed)} futures", flush=True)
        except Wrong as wrong:
            print(f"not ok {number + 1} - seed {seed}: {wrong}", flush=True)
            os._exit(1)  # what hangs would hang at exit as well
    return 0


if __name__ == "__main__":
    sys.exit(main())
