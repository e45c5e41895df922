#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shares, reads, damages, cancels and kills in random order: what is read is right, or there is a reason.

random_containers.py SOURCE.so [--rounds 20] [--calls 60] [--seed N]

A round is a manager and containers of every kind: memory, live memory, files, slices, callbacks in C and in Python that
are slow, fail or hang. Workers read them by name and as arguments, in threads, in workers of their own, with wait
objects, while names are taken back and given to others, files are cut, written to and replaced, workers are killed and
tasks cancelled. The same functions run here on plain bytes; a result is what they give for one of the containers that
the task could mean. At the end no process, descriptor, mapping or thread is left. Prints TAP; a failure names its seed.
"""
import argparse
import ctypes
import gc
import hashlib
import io
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "build/python"))  # unless PYTHONPATH has it

from Pro import _promp  # noqa: E402
from Pro.Core import NTContainer, NTSimpleWait  # noqa: E402
from Pro.MP import *  # noqa: E402,F403

WATCHDOG_MS = 60_000
OPTIONS = [0, 0, ProMPOpt_RedirectOutput, ProMPOpt_NoReplace, ProMPOpt_RetryTasks, ProMPOpt_ExecWorkers]
WORKERS_MAX = 5
FILES_SLACK = 14  # ZeroMQ closes in a thread of its own, a nursery ends when it likes; a leak grows with the rounds
NAMES = "abcd"
NEEDLE = b"\0NEEDLE\1"
CODE = """
import hashlib, os, random, signal, threading, time
from Pro.MP import ProManager, proWorkerObject

SIZES = [1, 8, 100, 4096, 5000, 70_000, 300_000]

def whole(c):
    return c.hash()

def some_range(chance, c):
    offset = chance.randrange(c.size() + 1)
    return offset, min(chance.choice(SIZES), c.size() - offset)

def reads(c, seed, count):
    chance, digest = random.Random(seed), hashlib.sha256()
    for _ in range(count):
        if chance.random() < 0.3:
            for data in c.readMany([some_range(chance, c) for _ in range(chance.randrange(20))]):
                digest.update(data)
        else:
            digest.update(c.read(*some_range(chance, c)))
    return digest.digest()

def find(c, needle):
    return [match[0] for match in c.findAll(needle)]

def part(c, offset):
    return c.slice(min(offset, c.size()))

def copy(c, offset):
    return c.slice(min(offset, c.size())).copy()

def in_thread(results, index, *arguments):
    try:
        results[index] = reads(*arguments)
    except BaseException as error:
        results[index] = error

def crowd(c, seed, count):
    results = [None] * count
    threads = [threading.Thread(target=in_thread, args=(results, i, c, seed + i, 5)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results

def below(c, code, depth, by_name, seed):
    if depth == 0:
        return reads(c, seed, 10)
    with ProManager() as manager:
        worker = manager.startWorker()
        if by_name:
            manager.shareContainer("below", c)
            manager.evalPythonFunction(worker, code, "named", ["below", "below", code, depth - 1, by_name, seed], True)
        else:
            manager.evalPythonFunction(worker, code, "below", [c, code, depth - 1, by_name, seed], True)
        manager.wait()
        return manager.takeResult()

def waited(c, seed):
    wait = proWorkerObject().waitObject()
    chance = random.Random(seed)
    hashes = [c.hash("sha256", wait) for _ in range(chance.randrange(1, 4))]
    return hashes[0] if all(one == hashes[0] for one in hashes) else hashes

kept = []

def keep(c, seed):
    "What a task opened is read by later ones, whether it is still shared or not."
    kept.append(c)
    import builtins
    builtins.kept_by_the_test = kept[-20:]
    return reads(c, seed, 3)

def reread(c, seed):
    import builtins
    for one in getattr(builtins, "kept_by_the_test", []):
        try:
            reads(one, seed, 3)
        except (OSError, LookupError):
            pass
    return reads(c, seed, 3)

def to_file(c, seed):
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        c.copyToFile(file.name)
        with open(file.name, "rb") as copy:
            return hashlib.sha256(copy.read()).digest()

def held(c, seed):
    while True:
        reads(c, seed, 3)

def die(c, seed):
    threading.Timer(random.Random(seed).random() / 50, os.kill, (os.getpid(), signal.SIGKILL)).start()
    try:
        held(c, seed)
    finally:
        signal.pause()  # whatever ends it, the process dies in this task and not in the next

def named(name, function, *arguments):
    return globals()[function](proWorkerObject().getSharedContainer(name), *arguments)

def names():
    return proWorkerObject().sharedContainers()
"""
FUNCTIONS = {"whole": 3, "reads": 8, "find": 2, "part": 3, "copy": 2, "crowd": 2, "below": 2, "waited": 2, "held": 1,
             "die": 1, "keep": 3, "reread": 2, "to_file": 1}  # and how often
ENDLESS = ("held", "die")
MADE = {}  # what CODE defines, run here on a Model
exec(CODE, MADE)


class Wrong(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Wrong(text)


class Model:
    """A container's bytes, with the calls that CODE makes of a container."""

    def __init__(self, data):
        self.data = data

    def size(self):
        return len(self.data)

    def hash(self, algorithm="sha256", wait=None):
        return hashlib.sha256(self.data).digest()

    def read(self, offset, size):
        return self.data[offset:offset + size]

    def readMany(self, ranges):
        return [self.read(*one) for one in ranges]

    def findAll(self, needle):
        place = self.data.find(needle)
        while place >= 0:
            yield place, len(needle)
            place = self.data.find(needle, place + len(needle))


def right_result(function, arguments, data):
    if function in ("part", "copy"):
        return data[min(arguments[0], len(data)):]
    if function == "crowd":
        return [MADE["reads"](Model(data), arguments[0] + i, 5) for i in range(arguments[1])]
    if function == "below":
        return MADE["reads"](Model(data), arguments[-1], 10)
    if function in ("keep", "reread"):
        return MADE["reads"](Model(data), arguments[-1], 3)
    if function in ("waited", "to_file"):
        return Model(data).hash()
    return MADE[function](Model(data), *arguments)


class Library:
    """container_source.so, and what makes NTContainers of its containers."""

    def __init__(self, path):
        self.source = ctypes.CDLL(path)
        self.source.source_new.restype = ctypes.c_void_p
        self.source.source_new.argtypes = [ctypes.c_uint32, ctypes.c_uint64, ctypes.c_long]
        self.source.source_live.restype = ctypes.c_void_p
        self.source.source_live.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_void_p)]
        self.source.source_fill.argtypes = [ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t]
        self.promp = ctypes.CDLL("libpromp.so.0")
        self.promp.pro_memory_free.argtypes = [ctypes.c_void_p]
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        name = ctypes.pythonapi.PyCapsule_GetName
        name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
        table = ctypes.cast(pointer(_promp._containers, name(_promp._containers)), ctypes.POINTER(ctypes.c_void_p))
        self.wrap = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)(table[2])

    def callback(self, seed, size, delay_ns):
        data = ctypes.create_string_buffer(size)
        self.source.source_fill(seed, 0, data, size)
        return self.wrap(self.source.source_new(seed, size, delay_ns)), data.raw

    def live(self, data):
        memory = ctypes.c_void_p()
        return self.wrap(self.source.source_live(data, len(data), ctypes.byref(memory))), memory


class Source:
    """A container and what it holds."""

    def __init__(self, kind, container, data):
        self.kind, self.container, self.data = kind, container, data
        self.fails = self.hangs = False
        self.path, self.damage, self.damaged, self.born = None, None, False, time.monotonic()

    def like(self, kind, container, data):
        """Another view of the same origin."""
        other = Source(kind, container, data)
        other.fails, other.hangs, other.path = self.fails, self.hangs, self.path
        other.damaged, other.damage, other.born = self.damaged, self.damage, self.born
        return other

    def __repr__(self):
        marks = (("fails", self.fails), ("hangs", self.hangs), (self.damage, self.damaged))
        return f"<{self.kind} of {len(self.data)} bytes {' '.join(word for word, is_so in marks if is_so)}>"


class Task:
    def __init__(self, function, arguments, name, sources, missing):
        self.function, self.arguments, self.name = function, arguments, name
        self.sources = sources  # those that it may have read
        self.missing = missing  # the name was not there, or was taken back
        self.touched = False    # a cancel, a kill or a stop may have hit it
        self.damaged_before = bool(sources) and sources[0].damaged
        self.ending = None

    def __repr__(self):
        return f"{self.function}({self.name or 'argument'}: {self.sources})"


class Round:
    def __init__(self, seed, calls, library, folder):
        self.random, self.calls, self.library = random.Random(seed), calls, library
        self.folder = tempfile.mkdtemp(dir=folder)
        self.manager = ProManager()
        self.options = self.random.choice(OPTIONS)
        self.manager.setOptions(ProMPOpt_Quiet | self.options)
        self.manager.setOutputHandler(lambda worker, stream, data: None)
        self.sources, self.shared, self.tasks, self.log = [], {}, {}, []
        self.pids, self.waits, self.memories = set(), [], []
        self.release = threading.Event()  # of what hangs
        self.killed = False

    # ---- containers ----

    def bytes_of_some_size(self):
        data = bytearray(self.random.randbytes(self.random.choice([1, 100, 4095, 4096, 70_000, 300_001, 2_000_003])))
        for _ in range(self.random.randrange(4)):
            place = self.random.randrange(len(data))
            data[place:place + len(NEEDLE)] = NEEDLE[:len(data) - place]
        return bytes(data)

    def python_callback(self, data):
        seed = self.random.random()
        fails, hangs, slow = seed < 0.15, 0.15 <= seed < 0.25, seed > 0.7
        chance, release = random.Random(seed), self.release

        def read(offset, size):
            if hangs:
                release.wait()
            if slow:
                time.sleep(chance.random() / 500)
            if fails and chance.random() < 0.3:
                raise OSError("as planned")
            return data[offset:offset + size]

        source = Source("Python callback", None, data)
        source.container = NTContainer.fromCallback(read, len(data), concurrent=self.random.random() < 0.5)
        source.fails, source.hangs = fails, hangs
        return source

    def file(self, data):
        path = os.path.join(self.folder, f"file {len(self.sources)}")
        pathlib.Path(path).write_bytes(data)
        source = Source("file", NTContainer.fromFile(path), data)
        source.path = path
        return source

    def live(self, data):
        container, memory = self.library.live(data)
        self.memories.append(memory)
        return Source("live memory", container, data)

    def c_callback(self, data):
        delay_ns = self.random.choice([0, 0, 100_000, 2_000_000])
        container, data = self.library.callback(self.random.randrange(1 << 32), len(data), delay_ns)
        return Source("C callback", container, data)

    def slice(self, data):
        whole = self.random.choice(self.sources) if self.sources else Source("memory", NTContainer(data), data)
        offset = self.random.randrange(len(whole.data) + 1)
        size = self.random.randrange(len(whole.data) - offset + 1)
        data = whole.data[offset:offset + size]
        return whole.like(f"slice of {whole.kind}", whole.container.slice(offset, size), data)

    def make(self):
        data = self.bytes_of_some_size()
        kinds = [lambda data: Source("memory", NTContainer(data), data), self.file, self.live, self.slice,
                 self.python_callback, self.python_callback, self.c_callback, self.c_callback]
        self.sources.append(self.random.choice(kinds)(data))

    def read_here(self):
        """The same calls without a worker."""
        source = self.random.choice(self.sources)
        function = self.random.choice(["whole", "reads", "find", "part", "copy", "crowd"])
        task = Task(function, self.arguments_of(function), None, [source], False)
        if source.hangs:
            self.release.set()
        try:
            value, error = MADE[function](source.container, *task.arguments), None
        except Exception as failure:
            value, error = None, failure
        task.ending = (value, error)
        self.check(task)

    def back(self, task, value):
        """What a worker gave back is a container like any other."""
        origin = task.sources[0]
        data = right_result(task.function, task.arguments, origin.data)
        self.sources.append(origin.like(f"result of {origin.kind}", value, data))

    def damage(self):
        """A file is cut, written to, replaced or removed; its readers get what was there, or an error."""
        files = [source for source in self.sources if source.path is not None and not source.damaged]
        if not files:
            return
        victim = self.random.choice(files)
        how = self.random.choice(["cut", "written to", "replaced", "removed"])
        if time.monotonic() - victim.born < 0.05:
            return  # within one tick of the file system's clock nobody can tell
        for source in self.sources:
            if source.path == victim.path:
                source.damaged, source.damage = True, how
        if how == "cut":
            os.truncate(victim.path, self.random.randrange(os.path.getsize(victim.path) or 1))
        elif how == "written to":
            with open(victim.path, "r+b") as file:
                file.write(bytes(byte ^ 255 for byte in file.read(5000)))
                file.seek(0)
                file.write(b"other")
        elif how == "replaced":
            pathlib.Path(victim.path + ".new").write_bytes(b"something else")
            os.replace(victim.path + ".new", victim.path)
        else:
            os.remove(victim.path)

    # ---- shares ----

    def share(self):
        name = self.random.choice(NAMES)
        if name in self.shared:
            self.unshare(name)
        if not self.sources or self.random.random() < 0.2:
            return
        source = self.random.choice(self.sources)
        try:
            self.manager.shareContainer(name, source.container)
        except OSError:
            require(source.damaged, f"{source} cannot be shared")
            return
        self.shared[name] = source
        for task in self.open_tasks():
            if task.name == name:
                task.sources.append(source)

    def unshare(self, name):
        self.manager.unshareContainer(name)
        del self.shared[name]
        for task in self.open_tasks():
            task.missing = task.missing or task.name == name

    # ---- tasks ----

    def open_tasks(self):
        return [task for task in self.tasks.values() if task.ending is None]

    def arguments_of(self, function):
        seed = self.random.randrange(1 << 30)
        return {"whole": [], "find": [NEEDLE], "reads": [seed, self.random.randrange(40)],
                "part": [self.random.randrange(100_000)], "copy": [self.random.randrange(100_000)],
                "crowd": [seed, self.random.randrange(1, 9)],
                "below": [CODE, self.random.randrange(3), self.random.random() < 0.5, seed]}.get(function, [seed])

    def give(self):
        worker = self.random.choice([ProWorker_Any, self.some_worker()])
        if worker is None or not self.manager.workers() or not self.sources:
            return
        function = self.random.choices(list(FUNCTIONS), list(FUNCTIONS.values()))[0]
        arguments = self.arguments_of(function)
        if self.random.random() < 0.6:
            name = self.random.choice(NAMES)
            source = self.shared.get(name)
            task = Task(function, arguments, name, [] if source is None else [source], source is None)
            number = self.manager.evalPythonFunction(worker, CODE, "named", [name, function, *arguments], True)
        else:
            source = self.random.choice(self.sources)
            task = Task(function, arguments, None, [source], False)
            try:
                number = self.manager.evalPythonFunction(worker, CODE, function, [source.container, *arguments], True)
            except OSError:
                require(source.damaged, f"{source} cannot be given")
                return
        require(number not in self.tasks, f"task {number} was given twice")
        self.tasks[number] = task
        if function == "die":
            self.touch_all()

    def give_names(self):
        worker = self.some_worker()
        if worker is not None:
            number = self.manager.evalPythonFunction(worker, CODE, "names", None, True)
            self.tasks[number] = Task("names", [], None, [], False)

    def cancel(self):
        if self.tasks:
            self.touch_all()
            self.manager.abortTask(self.random.choice(list(self.tasks)), self.some_time())

    def kill(self):
        worker = self.some_worker()
        pid = 0 if worker is None else self.manager.workerInfo(worker).pid
        if pid > 0:
            self.touch_all()
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self):
        worker = self.some_worker()
        if worker is not None:
            self.touch_all()
            self.manager.stopWorker(worker, self.some_time())

    def start(self):
        if len(self.manager.workers()) < WORKERS_MAX:
            self.manager.startWorker()

    def watch(self):
        worker = self.some_worker()
        if worker is None:
            return
        self.waits.append(self.manager.createWaitObject(worker, NTSimpleWait(stream=io.StringIO())))
        if self.random.random() < 0.5:
            self.touch_all()
            self.random.choice(self.waits).abort()

    def let_go(self):
        self.release.set()

    def wait_shortly(self):
        self.manager.waitAny(self.random.randrange(20))

    def take(self):
        while self.manager.hasResults():
            number, _, value, error = self.manager.takeEnding()
            require(number in self.tasks, f"task {number} ended and was never given")
            require(self.tasks[number].ending is None, f"task {number} ended twice")
            self.tasks[number].ending = (value, error)
            self.check(self.tasks[number])
            task = self.tasks[number]
            if task.function in ("part", "copy") and value is not None and len(task.sources) == 1:
                self.back(task, value)

    def some_worker(self):
        workers = self.manager.workers()
        return self.random.choice(workers) if workers else None

    def some_time(self):
        return self.random.choice([0, 0, 1, 10, 50, 500])

    def touch_all(self):
        self.killed = True
        for task in self.open_tasks():
            task.touched = True

    # ---- what came of it ----

    def check(self, task):
        value, error = task.ending
        if error is None:
            require(self.is_right(task, value), f"{task} returned {str(value)[:80]}")
        else:
            require(self.has_reason(task, error), f"{task} ended by {error!r}")

    def is_right(self, task, value):
        if task.function == "names":
            return set(value) <= set(NAMES) and value == sorted(value)
        if task.function in ENDLESS:
            return False
        if task.function in ("part", "copy") and value is not None:
            if any(source.hangs for source in task.sources):
                self.release.set()  # what came back may be read here
            try:
                value = value.data()
            except Exception as error:
                return self.has_reason(task, error)
        return any(value == right_result(task.function, task.arguments, source.data) for source in task.sources)

    def has_reason(self, task, error):
        text = str(error)
        if task.touched:
            return True
        if self.killed and self.options & ProMPOpt_NoReplace and isinstance(error, ProWorkerDiedError):
            return True  # it was given before the death was seen
        if task.missing and ("not shared" in text or "no container is shared" in text):
            return True
        if any(source.fails for source in task.sources) and "as planned" in text:
            return True
        return any(source.damaged for source in task.sources) and ("file" in text or "OSError" in text)

    # ---- a round ----

    def call(self):
        calls = {self.start: 2, self.make: 4, self.share: 5, self.give: 12, self.give_names: 1, self.cancel: 2,
                 self.kill: 1, self.stop: 1, self.damage: 2, self.watch: 1,
                 self.read_here: 2, self.let_go: 1, self.wait_shortly: 4, self.take: 3}
        chosen = self.random.choices(list(calls), list(calls.values()))[0]
        self.log.append(chosen.__name__)
        try:
            chosen()
        except ValueError as error:  # killed, and not replaced, or killed at each of its starts
            gone = "is gone" in str(error) or "there is no worker" in str(error)
            require(gone and self.killed, f"{chosen.__name__}: {error}")
        self.pids.update(self.manager.workerInfo(worker).pid for worker in self.manager.workers())

    def finish(self):
        """What never ends is cancelled; all else comes to its end by itself."""
        self.release.set()
        self.touch_all_endless()
        if not self.manager.wait(WATCHDOG_MS):
            self.take()
            states = [self.manager.workerInfo(worker) for worker in self.manager.workers()]
            raise Wrong(f"wait() hangs; open: {self.open_tasks()}; workers: {states}")
        self.take()
        require(not self.open_tasks(), f"no ending of {self.open_tasks()}")

    def touch_all_endless(self):
        endless = [number for number, task in self.tasks.items() if task.ending is None and task.function in ENDLESS]
        if endless:
            self.touch_all()  # a cancel that comes to signals takes the process
        for number in endless:
            self.manager.abortTask(number, self.some_time())

    def run(self):
        try:
            for first in (self.start, self.start, self.make, self.make, self.make, self.share):
                first()
            for _ in range(self.calls):
                self.call()
            if self.random.random() < 0.8:
                self.finish()
        finally:
            self.release.set()
            self.manager.close()  # with reads under way, if it did not finish
            for memory in self.memories:
                self.library.promp.pro_memory_free(memory)
        alive = [pid for pid in self.pids if pid > 0 and is_alive(pid)]
        require(not alive, f"processes {alive} outlive their manager")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def traces():
    """Descriptors, mappings of shared memory, and threads that read for workers."""
    with open("/proc/self/maps") as maps:
        mappings = sum("memfd:promp" in line for line in maps)
    threads = [pathlib.Path(f"/proc/self/task/{thread}/comm").read_text() for thread in os.listdir("/proc/self/task")]
    return len(os.listdir("/proc/self/fd")), mappings, threads.count("promp-blocks\n")


def play(number, seed, calls, library, folder):
    round_ = Round(seed, calls, library, folder)
    try:
        round_.run()
        reasons = sum(task.ending is not None and task.ending[1] is not None for task in round_.tasks.values())
        return f"ok {number} - seed {seed}, {len(round_.tasks)} tasks, {reasons} of them without a result"
    except Wrong as wrong:
        return f"not ok {number} - seed {seed}: {wrong}\n# calls: {' '.join(round_.log)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", help="container_source.so of the build")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="of the first round")
    arguments = parser.parse_args()
    library, failures, files = Library(arguments.source), 0, None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        print(f"1..{arguments.rounds}", flush=True)
        for number in range(1, arguments.rounds + 1):
            line = play(number, arguments.seed + number - 1, arguments.calls, library, folder)
            gc.collect()
            open_files, mappings, servers = traces()
            files = files or open_files + FILES_SLACK
            if line.startswith("ok") and (open_files > files or mappings or servers):
                line = (f"not {line}: {open_files} open files (at most {files}), {mappings} mappings and {servers} "
                        "servers are left")
            failures += line.startswith("not")
            print(line, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
