#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls a manager in random order: starts, gives, cancels, kills, stops. Each task ends exactly once, or it is a bug.

random_calls.py [--rounds 20] [--calls 60] [--seed N] [--far]

A round is a manager and its random calls, with large values, messages and containers. Then what would run for ever is
cancelled, and wait() has to come back: what does not come in WATCHDOG_MS hangs. A result is the right one; an ending
that is none needs a cancel or a kill that could have hit its task. At the end no process and no file descriptor is
left. Prints TAP; a failure names its seed. --far: workers are those of agents, which come and are killed, or local ones.
"""
import argparse
import hashlib
import io
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "build/python"))  # unless PYTHONPATH has it

import Pro  # noqa: E402
from Pro.Core import NTContainer, NTSimpleWait  # noqa: E402
from Pro.MP import *  # noqa: E402,F403

WATCHDOG_MS = 60_000
OPTIONS = [0, 0, ProMPOpt_RedirectOutput, ProMPOpt_RedirectOutput | ProMPOpt_AtomicOutput, ProMPOpt_NoReplace,
           ProMPOpt_RetryTasks, ProMPOpt_ExecWorkers]
WORKERS_MAX = 6
FILES_SLACK = 12  # ZeroMQ closes in a thread of its own, a nursery ends when it likes; a leak grows with the rounds
CODE = """
import os, signal, sys, time
from Pro.MP import ProMPMessage, proWorkerObject

def square(value):
    return value * value

def spin():
    while True:
        pass

def sleep():
    time.sleep(3600)

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass

def until_message():
    proWorkerObject().waitForMessage()

def fail():
    raise KeyError("as asked")

def leave():
    os._exit(3)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def tell(key, count, size):
    for _ in range(count):
        proWorkerObject().sendMessage(ProMPMessage(key, bytes([key & 255]) * size))
    return count

def large(key, size, argument):
    assert argument == bytes([key & 255]) * size
    return argument

def shared(name):
    return proWorkerObject().getSharedContainer(name).hash()

def report(steps):
    wait = proWorkerObject().waitObject()
    wait.msg("begun")
    for step in range(steps):
        wait.progress(step)
        if wait.wasAborted():
            raise KeyboardInterrupt
    return steps

def container(given, offset):
    return given.slice(offset)

def printing():
    for i in range(200):
        print("line", i)
    return 200
"""
DEADLY = ("leave", "die")
FUNCTIONS = {"square": 8, "tell": 3, "large": 3, "shared": 2, "container": 2, "report": 3, "fail": 2, "printing": 2,
             "spin": 2, "sleep": 1, "stubborn": 1, "until_message": 1, "leave": 1, "die": 1}  # and how often of 32
DATA = bytes(i * 31 % 251 for i in range(300_000))
SIZES = [0, 10, 5_000, 70_000, 900_000, 3_000_000]  # in a packet, in the lane, in memory of their own


class Wrong(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Wrong(text)


class Hosts:
    """Agents of a manager, played here; some are killed while they work."""

    def __init__(self, manager, chance):
        self.manager, self.random, self.agents = manager, chance, []
        self.ticket = manager.listen()
        self.come()

    def come(self):
        promp = pathlib.Path(Pro.__file__).resolve().parents[2] / "promp"
        agent = subprocess.Popen([promp, "agent"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        agent.stdin.write(self.ticket)
        agent.stdin.close()
        self.agents.append(agent)
        deadline = time.monotonic() + WATCHDOG_MS / 1000
        while agent.pid not in [host["pid"] for host in self.manager.hosts()]:
            require(time.monotonic() < deadline, "an agent did not come")
            self.manager.waitHosts(len(self.manager.hosts()) + 1, 1)

    def change(self):
        """True if some workers have lost their host."""
        if len(self.agents) < 2 or self.random.random() < 0.5:
            self.come()
            return False
        agent = self.agents.pop(self.random.randrange(len(self.agents)))
        agent.kill()
        agent.wait()
        return True

    def end(self):
        for agent in self.agents:
            require(agent.wait(WATCHDOG_MS / 1000) == 0, "an agent did not end well")


class Round:
    """One manager. `given`: task -> function and argument; `touched`: tasks that a call may have hit."""

    def __init__(self, seed, calls, far):
        self.random, self.calls = random.Random(seed), calls
        self.manager = ProManager()
        self.options = self.random.choice(OPTIONS)
        self.manager.setOptions(ProMPOpt_Quiet | self.options)
        self.manager.setOutputHandler(lambda worker, stream, data: None)
        self.given, self.ended, self.touched, self.log = {}, {}, set(), []
        self.pids = set()
        self.unread = {}  # key of messages -> how many are still to come, of tasks that said so
        self.shares = {}
        self.killed = False  # something may have ended a process
        self.waits = []
        self.hosts = Hosts(self.manager, self.random) if far else None

    # ---- the calls ----

    def start(self):
        if len(self.manager.workers()) < WORKERS_MAX:
            self.manager.startWorker()

    def place(self):
        self.manager.setPlacement(self.random.choice([ProPlace_Local, ProPlace_Hosts, ProPlace_Hosts]))

    def change_hosts(self):
        if self.hosts.change():
            self.touch_all()

    def stop(self):
        worker = self.some_worker()
        if worker is not None:
            self.touch_all()
            self.manager.stopWorker(worker, self.some_time())

    def spares(self):
        self.manager.setSpares(self.random.randrange(3))

    def give(self):
        worker = self.random.choice([ProWorker_Any, self.some_worker()])
        if not self.manager.workers() or worker is None:
            return
        name = self.random.choices(list(FUNCTIONS), list(FUNCTIONS.values()))[0]
        arguments = self.arguments_of(name)
        task = self.manager.evalPythonFunction(worker, CODE, name, arguments, True)
        require(task not in self.given, f"task {task} was given twice")
        self.given[task] = (name, arguments)
        if name in DEADLY:
            self.touch_all()

    def arguments_of(self, name):
        key, size = self.random.randrange(1 << 31), self.random.choice(SIZES)
        if name == "tell":
            return [key, self.random.randrange(1 + 10_000_000 // max(size, 100_000)), size]
        if name == "container":
            return [NTContainer(DATA), self.random.randrange(len(DATA))]
        return {"square": [key], "report": [key % 50_000], "large": [key, size, bytes([key & 255]) * size],
                "shared": [self.random.choice("abc")]}.get(name, [])

    def share(self):
        name = self.random.choice("abc")
        if name in self.shares:
            self.manager.unshareContainer(name)
            del self.shares[name]
        else:
            self.shares[name] = NTContainer(DATA)
            self.manager.shareContainer(name, self.shares[name])

    def watch(self):
        """A wait object, replaced, pressed or stopped; it may see another task than the one it was made for."""
        worker = self.some_worker()
        if worker is None:
            return
        self.waits.append(self.manager.createWaitObject(worker, NTSimpleWait(stream=io.StringIO())))
        wait = self.random.choice(self.waits)
        if self.random.random() < 0.3:
            self.touch_all()
            wait.abort()
        elif self.random.random() < 0.2:
            wait.stop()
        else:
            wait.processEvents()

    def read(self):
        while self.manager.hasMessage():
            message = self.manager.getMessage()
            data = bytes(message.data)
            right = bytes([message.id & 255]) * len(data)
            require(data == right, f"message {message.id} of {len(data)} bytes is wrong")
            self.unread[message.id] = self.unread.get(message.id, 0) - 1

    def box(self):
        worker = self.some_worker()
        if worker is not None:
            self.given[self.manager.testMessageBox(worker)] = ("box", [])

    def abort_worker(self):
        worker = self.random.choice([self.some_worker(), ProWorker_All])
        if worker is not None:
            self.touch_all()
            self.manager.abortOperation(worker, self.some_time())

    def abort_task(self):
        if self.given:
            task = self.random.choice(list(self.given))
            self.touch_all()  # a cancel that comes to signals takes the process
            self.manager.abortTask(task, self.some_time())

    def kill(self):
        worker = self.some_worker()
        pid = 0 if worker is None else self.manager.workerInfo(worker).pid
        if pid > 0:
            self.touch_all()
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def message(self):
        worker = self.some_worker()
        if worker is not None:
            self.manager.sendMessage(worker, ProMPMessage(7, b"go on"))

    def wait_shortly(self):
        self.manager.waitAny(self.random.randrange(20))

    def take(self):
        while self.manager.hasResults():
            task, _, value, error = self.manager.takeEnding()
            require(task in self.given, f"task {task} ended and was never given")
            require(task not in self.ended, f"task {task} ended twice")
            self.ended[task] = (value, error)

    # ---- what they choose ----

    def some_worker(self):
        workers = self.manager.workers()
        return self.random.choice(workers) if workers else None

    def some_time(self):
        return self.random.choice([0, 0, 1, 10, 50])

    def touch_all(self):
        self.killed = True
        self.touched.update(self.given)

    def call(self):
        calls = {self.start: 2, self.stop: 1, self.spares: 1, self.give: 8, self.box: 1, self.abort_worker: 2,
                 self.abort_task: 2, self.kill: 1, self.message: 1, self.wait_shortly: 3, self.take: 2,
                 self.share: 2, self.read: 2, self.watch: 2}
        if self.hosts is not None:
            calls |= {self.place: 2, self.change_hosts: 1}
        chosen = self.random.choices(list(calls), list(calls.values()))[0]
        self.log.append(chosen.__name__)
        try:
            chosen()
        except ValueError as error:  # killed, and not replaced, or killed at each of its starts
            gone = "is gone" in str(error) or "there is no worker" in str(error)
            require(gone and self.killed, f"{chosen.__name__}: {error}")
        self.pids.update(self.manager.workerInfo(worker).pid for worker in self.manager.workers())

    # ---- the end ----

    def finish(self):
        """Cancels whatever is left until nothing is; a task that is given to many workers has one ending."""
        self.touch_all()
        self.take()
        for task in set(self.given) - set(self.ended):
            self.manager.abortTask(task, self.some_time())  # once: a cancel holds wherever the task goes
        deadline = time.monotonic() + WATCHDOG_MS / 1000
        while not self.manager.wait(20) and time.monotonic() < deadline:
            self.read()  # a worker whose messages nobody reads waits
        if self.manager.isBusy():
            self.take()
            states = [self.manager.workerInfo(worker) for worker in self.manager.workers()]
            left = {task: self.given[task] for task in set(self.given) - set(self.ended)}
            raise Wrong(f"wait() hangs; open: {left}; workers: {states}")
        self.take()
        self.read()

    def check(self):
        boxes = {task for task, (name, _) in self.given.items() if name == "box"}  # they keep no result
        open_tasks = set(self.given) - set(self.ended) - boxes
        require(not open_tasks, f"no ending of {open_tasks}")
        for task, (value, error) in self.ended.items():
            name, arguments = self.given[task]
            if error is None:
                require(name not in DEADLY and value_is_right(name, arguments, value),
                        f"task {task}, {name}, returned {str(value)[:100]}")
                if name == "tell":
                    self.check_messages(task, self.unread.get(arguments[0], 0) + value, value)
            elif name == "shared" and "not shared" in str(error):
                continue  # it was taken back before the worker asked
            elif name == "fail" and error.__class__ is ProRemoteError:
                require("as asked" in str(error), f"task {task} failed by {error}")
            else:
                require(task in self.touched or name in DEADLY, f"task {task}, {name}, ended by {error!r} untouched")

    def check_messages(self, task, missing, sent):
        begun_twice = missing < 0 and self.options & ProMPOpt_RetryTasks  # after a death it may
        require(missing == 0 or begun_twice, f"task {task} sent {sent} messages, and {missing} are missing")

    def run(self):
        try:
            for _ in range(self.calls):
                self.call()
            if self.random.random() < 0.8:
                self.finish()
                self.check()
        finally:
            self.manager.close()
        if self.hosts is not None:
            self.hosts.end()
        deadline = time.monotonic() + (WATCHDOG_MS / 1000 if self.hosts else 0)  # an agent's nursery ends after it
        while (alive := [pid for pid in self.pids if pid > 0 and is_alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.001)
        require(not alive, f"processes {alive} outlive their manager")


def value_is_right(name, arguments, value):
    right = {"square": lambda: arguments[0] ** 2, "tell": lambda: arguments[1],
             "report": lambda: arguments[0], "large": lambda: arguments[2],
             "shared": lambda: hashlib.sha256(DATA).digest(), "printing": lambda: 200}
    if name == "container":
        return value.data() == DATA[arguments[1]:]
    return value == right.get(name, lambda: None)()


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def open_files():
    return len(os.listdir("/proc/self/fd"))


def separate_terminal():
    """Boxes read a standard input that never comes and write where nobody looks; the answer is where TAP goes."""
    tap = os.fdopen(os.dup(1), "w", buffering=1)
    reader, _ = os.pipe()
    os.dup2(reader, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return tap


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="of the first round")
    parser.add_argument("--far", action="store_true", help="workers of agents, too")
    arguments = parser.parse_args()
    failures, files, tap = 0, None, separate_terminal()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        print(f"1..{arguments.rounds}", file=tap)
        for number in range(arguments.rounds):
            seed = arguments.seed + number
            round_ = Round(seed, arguments.calls, arguments.far)
            try:
                round_.run()
                files = files or open_files() + FILES_SLACK
                require(open_files() <= files, f"{open_files()} open files, more than {files}")
                print(f"ok {number + 1} - seed {seed}, {len(round_.given)} tasks", file=tap)
            except Wrong as wrong:
                failures += 1
                print(f"not ok {number + 1} - seed {seed}: {wrong}\n# calls: {' '.join(round_.log)}", file=tap)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
