# SPDX-License-Identifier: Apache-2.0
"""What a managing process does in one round of a fault: fault_scenarios.py NAME SEED SECONDS

Run by faults.py, which watches it, kills it where that is the fault, and looks for what it left. A
scenario exits with 0 if everything it can see itself was right; it prints what was not.
"""
import os
import random
import signal
import sys
import time

from Pro.Core import MB_SIZE, NTVariantList
from Pro.MP import *

WORKERS = 4
TASKS = 60  # per worker
MOMENT_SECONDS = 0.03  # faults happen within this time after the tasks were given
LEVELS = 5
MEMORY_LIMIT = 512 * MB_SIZE

SQUARE = """
def square(value):
    print("squared", value)
    return value * value
"""

# What the victim is told to do to itself; "after" tells that it must answer again afterwards.
SELF_INFLICTED = {
    "closes_fds": "import os\nos.closerange(0, 1024)\nwhile True: pass",
    "exits": "import os\nos._exit(3)",
    "aborts": "import os\nos.abort()",
    "overflows_stack": "import sys\nsys.setrecursionlimit(1 << 30)\ncode = compile('f()', 'f', 'eval')\n"
                       "f = lambda: eval(code)\nf()",
    "frees_twice": "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.malloc.restype = ctypes.c_void_p\n"
                   "block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(100)))\n"
                   "libc.free(block)\nlibc.free(block)",
    "eats_memory": "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
    "forks_children": "import os, time\nfor i in range(3):\n    if os.fork() == 0:\n"
                      "        if i == 2: os.setsid()\n"
                      "        while True: time.sleep(1)\n"
                      "os._exit(0) if os.getpid() % 2 else None",
}


def variants(*values):
    given = NTVariantList()
    for value in values:
        given.append(value)
    return given


def require(condition, text):
    if not condition:
        print(f"WRONG: {text}", flush=True)
        sys.exit(1)


class Round:
    """A manager whose workers square numbers; each number's ending is kept, in the order it came."""

    def __init__(self, options=0):
        self.manager = ProManager()
        self.manager.setOptions(ProMPOpt_AtomicOutput | ProMPOpt_Quiet | options)
        self.workers = []
        self.endings = {}

    def start(self, count=WORKERS):
        for _ in range(count):
            worker = self.manager.startWorker()
            self.workers.append(worker)
            self.endings[worker] = []

    def give(self, worker, value):
        self.manager.evalPythonFunction(worker, SQUARE, "square", variants(value), True)

    def give_all(self):
        for worker in self.workers:
            for value in range(TASKS):
                self.give(worker, value)

    def take(self):
        for worker in self.workers:
            while self.manager.hasResults(worker):
                try:
                    self.endings[worker].append(self.manager.takeResult(worker))
                except ProRemoteError as error:
                    self.endings[worker].append(error)

    def finish(self):
        self.manager.wait()
        self.take()

    def until(self, moment):
        """Delivers until that time."""
        while time.monotonic() < moment:
            self.manager.processMessages()

    def check(self, worker, lost=0):
        """Every task ended once and in order; at most `lost` of them otherwise than right."""
        endings = self.endings[worker]
        require(len(endings) == TASKS, f"worker {worker}: {len(endings)} endings of {TASKS} tasks")
        right = [value for value, ending in enumerate(endings) if ending == value * value]
        wrong = [ending for value, ending in enumerate(endings) if ending != value * value]
        require(len(right) >= TASKS - lost, f"worker {worker}: {TASKS - len(right)} wrong endings: {wrong[:3]}")
        require(all(isinstance(ending, ProRemoteError) for ending in wrong),
                f"worker {worker}: a wrong result: {wrong[:3]}")

    def answers(self, worker):
        """The worker, or what replaced it, does a new task."""
        self.endings[worker] = []
        self.give(worker, 7)
        self.finish()
        require(self.endings[worker] == [49], f"worker {worker} answered {self.endings[worker]}")


def random_moment():
    return time.monotonic() + random.random() * MOMENT_SECONDS


def pid_of(round_, worker):
    """The pid of a worker; waits until it has one."""
    while not (pid := round_.manager.workerInfo(worker).pid):
        round_.manager.processMessages()
    return pid


def nursery_pid():
    """Our child that was started as the nursery. In the middle of its exec it has no command line yet: looks again."""
    while True:
        with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as file:
            children = file.read().split()
        for pid in children:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"--promp-nursery" in file.read():
                    return int(pid)


# ---- faults ----


def worker_killed(seconds):
    round_ = Round()
    round_.start()
    round_.give_all()
    victim = random.choice(round_.workers)
    pid = pid_of(round_, victim)
    round_.until(random_moment())
    os.kill(pid, signal.SIGKILL)
    round_.finish()
    for worker in round_.workers:
        round_.check(worker, lost=1 if worker == victim else 0)
    round_.answers(victim)
    round_.manager.close()


def nursery_killed(seconds):
    round_ = Round()
    round_.start()
    round_.give_all()
    round_.until(random_moment())
    os.kill(nursery_pid(), signal.SIGKILL)
    round_.finish()
    for worker in round_.workers:
        round_.check(worker)
    newcomer = round_.manager.startWorker()
    round_.workers.append(newcomer)
    for worker in round_.workers:
        round_.answers(worker)
    round_.manager.close()


def worker_stopped(seconds):
    """Not dead: nothing of it is lost."""
    round_ = Round()
    round_.start()
    round_.give_all()
    victim = random.choice(round_.workers)
    pid = pid_of(round_, victim)
    round_.until(random_moment())
    os.kill(pid, signal.SIGSTOP)
    round_.until(time.monotonic() + seconds)
    info = round_.manager.workerInfo(victim)
    require(info.pid == pid and info.state != "dead", f"the stopped worker is {info.state}, pid {info.pid}")
    os.kill(pid, signal.SIGCONT)
    round_.finish()
    for worker in round_.workers:
        round_.check(worker)
    round_.manager.close()


def self_inflicted(name):
    round_ = Round()
    if name == "eats_memory":
        round_.manager.setMemoryLimit(MEMORY_LIMIT)
    round_.start()
    victim = random.choice(round_.workers)
    before = random.randrange(TASKS)
    for worker in round_.workers:
        for value in range(TASKS):
            if worker == victim and value == before:
                round_.manager.evalPythonCode(victim, SELF_INFLICTED[name])
            round_.give(worker, value)
    if name == "closes_fds":  # a worker that can say nothing is seen busy; cancelling it must help
        round_.until(random_moment() + 1)
        if round_.manager.isBusy():
            round_.manager.abortOperation(victim, 200)
    round_.finish()
    for worker in round_.workers:
        round_.check(worker)
    round_.answers(victim)
    round_.manager.close()


class Interrupted(Exception):
    pass


def raises_in_send(seconds):
    """A signal handler raises somewhere inside giving and sending; what was given is still done."""
    def interrupt(number, frame):
        raise Interrupted

    round_ = Round()
    round_.start()
    given = {worker: 0 for worker in round_.workers}
    signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + random.random() * MOMENT_SECONDS)
        for value in range(1 << 30):
            for worker in round_.workers:
                if value < TASKS:
                    round_.give(worker, value)
                    given[worker] += 1
                round_.manager.sendMessage(worker, ProMPMessage(1, b"x" * random.randrange(1, 100_000)))
    except (Interrupted, BlockingIOError):
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    round_.finish()
    for worker in round_.workers:
        endings = round_.endings[worker]
        # The task whose call was interrupted may have been given or not.
        require(len(endings) in (given[worker], given[worker] + 1), f"{len(endings)} of {given[worker]} endings")
        require(endings == [value * value for value in range(len(endings))], f"worker {worker}: {endings[-3:]}")
    round_.answers(round_.workers[0])
    round_.manager.close()


def endless():
    """Works until it is killed or interrupted; says when it is under way: starting, or at work."""
    round_ = Round()
    round_.start()
    round_.give_all()
    at_work = random.random() < 0.5
    while at_work and not round_.manager.hasResults(ProWorker_Any):
        round_.manager.waitAny()
    round_.manager.evalPythonCode(round_.workers[0], "while True: pass")
    round_.manager.evalPythonCode(round_.workers[1], SELF_INFLICTED["forks_children"].rsplit("\n", 1)[0])
    print("ready", flush=True)
    while True:
        round_.finish()
        round_.give_all()


def ctrl_c(seconds):
    try:
        endless()
    except KeyboardInterrupt:
        sys.exit(130)


def middle_killed(seconds):
    """Five levels; faults.py kills one in the middle. This level's other workers stay right."""
    level = proWorkerProcessLevel()
    print("level", level, os.getpid(), flush=True)
    if level == LEVELS:
        while True:
            time.sleep(1)
    round_ = Round()
    round_.start(2)
    next_level, other = round_.workers
    round_.manager.executePythonScript(next_level, __file__)
    for value in range(TASKS):
        round_.give(other, value)
    round_.finish()
    round_.check(other)
    round_.manager.close()


SCENARIOS = {"worker_killed": worker_killed, "nursery_killed": nursery_killed, "manager_killed":
             lambda seconds: endless(), "middle_killed": middle_killed, "worker_stopped": worker_stopped,
             "raises_in_send": raises_in_send, "ctrl_c": ctrl_c, "ctrl_c_twice": ctrl_c}


def main():
    if proWorkerProcessLevel() > 0:  # a lower level of the tree
        middle_killed(0)
        return
    name, seed, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    random.seed(seed)
    if name in SELF_INFLICTED:
        self_inflicted(name)
    else:
        SCENARIOS[name](seconds)
    print("done", flush=True)


if __name__ == "__main__":
    main()
