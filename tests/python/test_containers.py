# SPDX-License-Identifier: Apache-2.0
"""NTContainer in one process and between processes."""

import hashlib
import os
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import PATIENCE_MS, PATIENCE_S

from Pro.Core import MB_SIZE, NTContainer, NTPattern, NTSimpleWait, createContainerFromFile
from Pro.MP import ProExecutor, ProManager

DATA = bytes((i * 7 + i // 251) % 256 for i in range(3 * MB_SIZE + 123))


def make_memory(data, tmp_path):
    return NTContainer(data)


def make_file(data, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(data)
    return createContainerFromFile(path)


def make_slice(data, tmp_path):
    return NTContainer(b"before" + data + b"after").slice(6, len(data))


def make_callback(data, tmp_path):
    return NTContainer.fromCallback(lambda offset, size: data[offset:offset + size], len(data))


KINDS = [make_memory, make_file, make_slice, make_callback]


@pytest.fixture(params=KINDS, ids=lambda make: make.__name__[5:])
def make(request):
    return request.param


def test_reads(make, tmp_path):
    c = make(DATA, tmp_path)
    assert c.size() == len(c) == len(DATA)
    assert c.data() == DATA
    assert c.read(5, 10) == DATA[5:15]
    assert c.read(len(DATA) - 3) == DATA[-3:]
    assert bytes(memoryview(c)) == DATA
    assert memoryview(c).readonly
    assert b"".join(c.chunks(100_000)) == DATA
    assert c.copy().data() == DATA
    assert c.slice(100, 1000).slice(10).data() == DATA[110:1100]
    assert c.hash() == hashlib.sha256(DATA).digest()
    assert c.hash("md5") == hashlib.md5(DATA).digest()
    c.copyToFile(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == DATA


def test_reads_many(make, tmp_path):
    c = make(DATA, tmp_path)
    ranges = [(len(DATA) - 5, 5), (0, 10), (5, 0), (len(DATA), 0), *((i * 7919 % 200_000, i) for i in range(300))]
    assert c.readMany(ranges) == [DATA[offset:offset + size] for offset, size in ranges]
    assert c.readMany(iter(ranges[:2])) == [DATA[-5:], DATA[:10]] and c.readMany(()) == []
    for bad in ((0, len(DATA) + 1), (len(DATA) + 1, 0), (-1, 1), (1, -1), (1 << 62, 1 << 62)):
        with pytest.raises(ValueError, match=f"range 1: cannot read .*{len(DATA)} bytes"):
            c.readMany([(0, 1), bad])
    for bad in (5, [(0,)], [(0, "1")], [[0, 1]], [(0, 1, 2)], [(1.5, 2)], [(1 << 70, 1)]):
        with pytest.raises((TypeError, OverflowError)):
            c.readMany(bad)


def test_ranges_are_checked(make, tmp_path):
    c = make(b"0123456789", tmp_path)
    for offset, size in [(-1, 1), (0, -1), (11, 0), (0, 11), (10, 1), (1 << 62, 1 << 62)]:
        with pytest.raises(ValueError, match=str(size if size < 0 else offset)):
            c.read(offset, size)
        with pytest.raises(ValueError):
            c.slice(offset, size)
    with pytest.raises(OverflowError):
        c.read(1 << 70, 1)


def test_finds_what_python_finds(make, tmp_path):
    c = make(DATA, tmp_path)
    needle = DATA[1000:1005]
    expected = [m.start() for m in re.finditer(re.escape(needle), DATA)]
    assert [m.offset for m in c.findAll(needle)] == expected
    hex_text = needle[:1].hex() + " ?? " + needle[2:].hex(" ")
    wild = [m.start() for m in re.finditer(re.escape(needle[:1]) + b"(?s:.)" + re.escape(needle[2:]), DATA)]
    assert [m.offset for m in c.findAll(hex_text)] == wild
    pattern = NTPattern.regex("\\x%02x+." % needle[0], dotAll=True)
    regex = re.compile(re.escape(needle[:1]) + b"+.", re.DOTALL)
    assert [(m.offset, m.size) for m in c.findAll(pattern)] == [
        (m.start(), len(m.group())) for m in regex.finditer(DATA)]
    match = c.findFirst(needle)
    assert match.offset == expected[0] and match.size == 5
    assert c.findNext(needle, match).offset == expected[1]
    assert c.findFirst(b"no such bytes anywhere") is None


def test_bad_patterns(make, tmp_path):
    c = make(b"abc", tmp_path)
    for pattern in [b"", "", "4", "XX", "?? ??"]:
        with pytest.raises(ValueError):
            c.findFirst(pattern)
    with pytest.raises(ValueError, match="character"):
        NTPattern.regex("a(b")
    with pytest.raises(TypeError):
        c.findFirst(5)


def test_null_containers_say_why(tmp_path):
    c = createContainerFromFile(tmp_path / "missing")
    assert c.isNull() and not c and "missing" in c.errorString()
    with pytest.raises(ValueError, match="missing"):
        c.read(0, 1)
    with pytest.raises(FileNotFoundError):
        NTContainer.fromFile(tmp_path / "missing")
    assert createContainerFromFile(tmp_path).isNull()
    empty = NTContainer()
    assert empty.isNull() and empty.size() == 0
    assert empty.setData(b"x") and not empty.isNull()


def test_wait_objects(tmp_path):
    class Impatient(NTSimpleWait):
        def progress(self, value):
            super().progress(value)
            if value >= 50:
                self.abort()

    c = NTContainer.fromCallback(lambda offset, size: bytes(size), 64 * MB_SIZE)
    for operation in (c.hash, c.copy, lambda wait: c.findFirst(b"x", wait=wait),
                      lambda wait: c.copyToFile(tmp_path / "x", wait=wait)):
        wait = Impatient()
        with pytest.raises(InterruptedError):
            operation(wait=wait)
        assert 50 <= wait.value() < 100
    assert not (tmp_path / "x").exists()

    class Broken(NTSimpleWait):
        def wasAborted(self):
            raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        c.hash(wait=Broken())


def test_callback_failures_are_told():
    def broken(offset, size):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        NTContainer.fromCallback(broken, 100).data()
    with pytest.raises(OSError, match="returned 2 bytes"):
        NTContainer.fromCallback(lambda offset, size: b"ab", 100).data()


def test_truncated_file(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA)
    c = createContainerFromFile(path)
    os.truncate(path, 1000)
    with pytest.raises(OSError, match="2000"):
        c.read(2000, 10)
    with pytest.raises(OSError):
        c.findFirst(b"x")


def test_views_outlive_the_container():
    c = NTContainer(DATA)
    view = memoryview(c)
    c.setData(b"other")
    assert bytes(view) == DATA
    del c
    assert bytes(view[:10]) == DATA[:10]


REMOTE = r"""
def check(name):
    from Pro.MP import proWorkerObject
    c = proWorkerObject().getSharedContainer(name)
    return [c.size(), c.hash(), c.read(3, 5), c.findFirst(b"needle at the end")[0], c.kind()]
def names():
    from Pro.MP import proWorkerObject
    return proWorkerObject().sharedContainers()
"""


def run(m, worker, function, *arguments):
    m.evalPythonFunction(worker, REMOTE, function, list(arguments), True)
    m.wait()
    return m.takeResult(worker)


def test_shared_containers_are_the_same(make, tmp_path):
    data = DATA + b"needle at the end"
    c = make(data, tmp_path)
    with ProManager() as m:
        m.shareContainer("data", c)
        worker = m.startWorker()
        size, digest, piece, offset, kind = run(m, worker, "check", "data")
        assert size == len(data) and digest == hashlib.sha256(data).digest()
        assert piece == data[3:8] and offset == len(DATA)
        assert run(m, worker, "names") == ["data"]
        with pytest.raises(ValueError, match="already shared"):
            m.shareContainer("data", c)
        m.unshareContainer("data")
        with pytest.raises(LookupError):
            m.unshareContainer("data")
        with pytest.raises(Exception, match="no container is shared as"):
            run(m, worker, "check", "data")


def test_a_share_is_a_snapshot():
    source = bytearray(DATA)
    c = NTContainer(source)
    source[3:8] = b"xxxxx"
    with ProManager() as m:
        m.shareContainer("data", c)
        c.setData(b"other bytes")
        worker = m.startWorker()
        m.evalPythonFunction(worker, REMOTE.replace('c.findFirst(b"needle at the end")[0]', "0"), "check",
                             ["data"], True)
        m.wait()
        assert m.takeResult(worker)[2] == DATA[3:8]


TRAVELS = r"""
from Pro.Core import NTContainer, createContainerFromFile

def look(container, inside):
    assert isinstance(container, NTContainer)
    return [container.size(), container.hash(), inside["deep"][0].read(0, 3)]

def parts(container):
    return {"whole": container, "part": (container.slice(3, 5), NTContainer(b"made here"))}

def only_here(size):
    return NTContainer.fromCallback(lambda offset, size: bytes(range(256))[offset % 256:][:1] * size, size)

def file_of(path):
    return createContainerFromFile(path)

def null():
    return NTContainer()
"""


def test_containers_are_arguments_and_results(make, tmp_path):
    c = make(DATA, tmp_path)
    with ProManager() as m:
        worker = m.startWorker()

        def call(function, *arguments):
            m.evalPythonFunction(worker, TRAVELS, function, list(arguments), True)
            m.wait()
            return m.takeResult(worker)

        inner = {"deep": [NTContainer(b"abcdef")]}
        assert call("look", c, inner) == [len(DATA), hashlib.sha256(DATA).digest(), b"abc"]
        back = call("parts", c)
        assert isinstance(back["whole"], NTContainer) and back["whole"].data() == DATA
        assert [part.data() for part in back["part"]] == [DATA[3:8], b"made here"]
        # What came back goes out again.
        assert call("look", back["part"][0], inner)[:2] == [5, hashlib.sha256(DATA[3:8]).digest()]


def test_results_outlive_worker_and_manager(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA)
    with ProManager() as m:
        worker = m.startWorker()
        for function, argument in (("only_here", 100_000), ("file_of", os.fspath(path))):
            m.evalPythonFunction(worker, TRAVELS, function, [argument], True)
        m.wait()
        copied, opened = m.takeResult(worker), m.takeResult(worker)
    assert copied.size() == 100_000 and copied.kind() == "memory"
    assert opened.data() == DATA and opened.kind() == "file"


def test_null_containers_do_not_travel(manager):
    worker = manager.startWorker()
    with pytest.raises(TypeError, match=r"args\[0\]: a null container"):
        manager.evalPythonFunction(worker, TRAVELS, "look", [NTContainer()], True)
    manager.evalPythonFunction(worker, TRAVELS, "null", None, True)
    manager.wait()
    with pytest.raises(Exception, match="result: a null container"):
        manager.takeResult(worker)


def hash_of(container):
    return container.hash()


def test_executor_takes_and_gives_containers():
    with ProExecutor(max_workers=2) as executor:
        c = NTContainer(DATA)
        assert executor.submit(hash_of, c).result() == c.hash()
        assert executor.submit(lambda data: data.slice(1, 4), c).result().data() == DATA[1:5]


# ---- what a worker with full control of its process can do to what it reads: nothing ----

ATTACK = r"""
import ctypes, fcntl, mmap, os
from Pro.MP import proWorkerObject

libc = ctypes.CDLL(None, use_errno=True)

def descriptors():
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if "promp-container" in target or target.endswith("shared.bin"):
            yield int(name)

def attempts(fd):
    yield "write", lambda: os.pwrite(fd, b"XXXX", 0)
    yield "truncate", lambda: os.ftruncate(fd, 10)
    yield "grow", lambda: os.ftruncate(fd, 1 << 30)
    yield "allocate", lambda: os.posix_fallocate(fd, 0, 1 << 22)
    yield "punch", lambda: libc.fallocate(fd, 3, 0, 4096) and 1 / 0
    yield "map", lambda: mmap.mmap(fd, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE).write(b"XXXX")
    yield "unseal", lambda: fcntl.fcntl(fd, 1033, 0) and None

def attack(container):
    "What succeeded, by name; how many descriptors were tried."
    won, tried = [], 0
    for fd in list(descriptors()):
        tried += 1
        for name, attempt in attempts(fd):
            try:
                attempt()
                won.append(name)
            except (OSError, ValueError, ZeroDivisionError):
                pass
    return won, tried

def reopen():
    "Opens every descriptor anew for writing, as the file's owner may."
    won = []
    for fd in list(descriptors()):
        try:
            again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
        except OSError:
            continue
        for name, attempt in attempts(again):
            try:
                attempt()
                won.append(name)
            except (OSError, ValueError, ZeroDivisionError):
                pass
        os.close(again)
    return won

def keep(container):
    global kept
    kept = container
    return attack(container), reopen()

def hide_a_change(path):
    "Writes to the shared file and sets its time back."
    before = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"XXXX")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
"""


def test_a_worker_cannot_change_shared_memory(manager, call):
    c = NTContainer(DATA)
    (won, tried), reopened = call(ATTACK, "keep", c)
    assert tried >= 1 and "unseal" not in won  # else the attack proves nothing
    assert won == [] and reopened == []
    assert c.data() == DATA


def test_a_worker_cannot_change_what_others_see_of_a_file(manager, call, tmp_path):
    """It runs with our rights, so it may write to the file; nobody is shown what it wrote."""
    path = tmp_path / "shared.bin"
    path.write_bytes(DATA)
    c = createContainerFromFile(path)
    (won, tried), reopened = call(ATTACK, "keep", c)
    assert tried >= 1 and won == []  # by the descriptor that it was given
    if reopened:  # by its own rights
        with pytest.raises(OSError):
            c.read(0, 4)
    path.write_bytes(DATA)
    c = createContainerFromFile(path)
    manager.shareContainer("file", c)
    assert c.read(0, 4) == DATA[:4]
    call(ATTACK, "hide_a_change", os.fspath(path))
    with pytest.raises(OSError, match="since it was shared|was written to"):
        c.read(0, 4)


def test_a_file_that_is_not_ours_cannot_be_opened_for_writing(manager, call):
    """As root every file is ours."""
    if os.geteuid() == 0:
        pytest.skip("root may write to every file")
    c = createContainerFromFile("/usr/bin/python3")
    assert call(ATTACK, "keep", c)[1] == []


# ---- files that are none, or strange ----

ENDS = r"""
def ends(container, size):
    return [container.size(), container.read(container.size() - size), container.findFirst(b"end", container.size() - 100)]
"""


def test_strange_files(manager, call, tmp_path):
    sparse = tmp_path / "sparse"
    try:
        with open(sparse, "wb") as file:
            os.truncate(file.fileno(), 100 << 30)
            os.pwrite(file.fileno(), b"end", (100 << 30) - 3)
    except OSError as error:
        pytest.skip(f"no sparse file of 100 GiB here: {error}")
    c = createContainerFromFile(sparse)
    assert c.size() == 100 << 30 and c.read(50 << 30, 3) == b"\0\0\0"
    assert call(ENDS, "ends", c, 3) == [100 << 30, b"end", ((100 << 30) - 3, 3)]
    part = c.slice((100 << 30) - 1000)
    assert part.copy().data() == bytes(997) + b"end"

    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    c = createContainerFromFile(empty)
    assert not c.isNull() and c.size() == 0 and c.data() == b"" and c.findFirst(b"x") is None
    assert list(c.chunks()) == [] and bytes(memoryview(c)) == b"" and c.hash() == hashlib.sha256(b"").digest()
    assert call("def size(c):\n    return c.size()\n", "size", c) == 0

    c = createContainerFromFile("/proc/self/maps")
    assert c.size() > 100 and b"python" in c.data()

    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, reason in ((tmp_path, "folder"), (fifo, "FIFO"), ("/dev/zero", "character device"),
                         (tmp_path / "none", "No such file"), (tmp_path / ("x" * 300), "too long")):
        c = createContainerFromFile(path)
        assert c.isNull() and reason in c.errorString() and os.path.basename(path)[:40] in c.errorString()
        with pytest.raises(OSError, match=reason):
            NTContainer.fromFile(path)


def test_sharing_bad_names(manager):
    c = NTContainer(b"x")
    for name in ("", "n" * 1025):
        with pytest.raises(ValueError, match=str(len(name))):
            manager.shareContainer(name, c)
    with pytest.raises(ValueError, match="null"):
        manager.shareContainer("null", NTContainer())
    with pytest.raises(TypeError):
        manager.shareContainer("bytes", b"no container")
    manager.shareContainer("naïve \u2603", c)
    with pytest.raises(ValueError, match="already shared"):
        manager.shareContainer("naïve \u2603", c)
    with pytest.raises(LookupError, match="none such"):
        manager.unshareContainer("none such")


# ---- blocks ----

THREADS = r"""
import hashlib, threading

def read_all(container, count):
    "Every thread reads all of it, each from another place; the hashes."
    size, step, results = container.size(), 70_001, [None] * count
    def run(index):
        pieces = {}
        for k in range(0, size, step):
            offset = (k + index * step * 5) % (size // step * step + step) // step * step
            pieces[offset] = container.read(offset, min(step, size - offset))
        results[index] = hashlib.sha256(b"".join(pieces[offset] for offset in sorted(pieces))).digest()
    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return results
"""


def test_many_threads_of_a_worker_read_blocks_at_once(manager, call):
    """More than the desk has places: the others ask by frames."""
    c = NTContainer.fromCallback(lambda offset, size: DATA[offset:offset + size], len(DATA))
    assert call(THREADS, "read_all", c, 25) == [hashlib.sha256(DATA).digest()] * 25


def test_blocks_come_by_frames_where_no_desk_can_be_made(manager, worker, call):
    c = NTContainer.fromCallback(lambda offset, size: DATA[offset:offset + size], len(DATA))
    manager.shareContainer("c", c)
    assert call("def ready():\n    return True\n", "ready")
    code = """
import hashlib
from Pro.MP import proWorkerObject

def all_of_it():
    c = proWorkerObject().getSharedContainer("c")
    return hashlib.sha256(c.data()).digest(), c.readMany([(i * 9973, i) for i in range(100)])
"""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))  # none left
    try:
        digest, parts = call(code, "all_of_it")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert digest == hashlib.sha256(DATA).digest()
    assert parts == [DATA[i * 9973:i * 9973 + i] for i in range(100)]


def test_a_worker_without_descriptors_reads_blocks(manager, call):
    """It cannot take the desk."""
    code = """
import hashlib, os, resource
from Pro.MP import proWorkerObject

def all_of_it():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    return hashlib.sha256(proWorkerObject().getSharedContainer("c").data()).digest()
"""
    manager.shareContainer("c", NTContainer.fromCallback(lambda offset, size: DATA[offset:offset + size], len(DATA)))
    assert call(code, "all_of_it") == hashlib.sha256(DATA).digest()


def test_a_slow_source_holds_up_nobody_else(manager):
    """It waits until another one was read, for another worker."""
    other_was_read = threading.Event()

    def slow(offset, size):
        assert other_was_read.wait(PATIENCE_S)
        return DATA[offset:offset + size]

    def other(offset, size):
        other_was_read.set()
        return DATA[offset:offset + size]

    code = "def first(c):\n    return c.read(0, 100)\n"
    for read in (slow, other):
        c = NTContainer.fromCallback(read, len(DATA))
        manager.evalPythonFunction(manager.startWorker(), code, "first", [c], True)
    assert manager.wait(PATIENCE_MS)
    assert [manager.takeResult(), manager.takeResult()] == [DATA[:100]] * 2


def test_one_large_read_has_several_blocks_under_way(call):
    """The first one waits for the second."""
    data, second = DATA * 10, threading.Event()

    def read(offset, size):
        if offset > 0:
            second.set()
        assert second.wait(PATIENCE_S)
        return data[offset:offset + size]

    code = "def large(c):\n    return c.read(0, 1_000_000)\n"
    c = NTContainer.fromCallback(read, len(data), concurrent=True)
    assert call(code, "large", c) == data[:1_000_000]


def test_a_callback_is_called_by_one_at_a_time(manager):
    """Unless it says that it can more: most of them seek and read."""
    inside = []

    def read(offset, size):
        inside.append(offset)
        assert len(inside) == 1
        time.sleep(0.001)
        inside.pop()
        return DATA[offset:offset + size]

    c = NTContainer.fromCallback(read, len(DATA))
    for _ in range(3):
        manager.evalPythonFunction(manager.startWorker(), THREADS, "read_all", [c, 4], True)
    assert manager.wait(PATIENCE_MS)
    assert [manager.takeResult() for _ in range(3)] == [[hashlib.sha256(DATA).digest()] * 4] * 3


def test_a_callback_may_read_its_own_container():
    def read(offset, size):
        return bytes(size) if offset > 0 else b"\1" + c.read(len(DATA) - size, size - 1)

    c = NTContainer.fromCallback(read, len(DATA))
    assert c.read(0, 300_000) == b"\1" + bytes(299_999)


def test_a_read_that_hangs_can_be_cancelled(manager, worker):
    """By the interrupt; the source comes to itself later, and the worker reads on."""
    begun, go_on = threading.Event(), threading.Event()

    def hanging(offset, size):
        begun.set()
        assert go_on.wait(PATIENCE_S)
        return DATA[offset:offset + size]

    c = NTContainer.fromCallback(hanging, len(DATA))
    code = "def first(c):\n    return c.read(0, 100)\n"
    hangs = manager.evalPythonFunction(worker, code, "first", [c], True)
    assert begun.wait(PATIENCE_S)
    manager.abortTask(hangs, 8000)  # the interrupt comes after half of it
    assert manager.wait(PATIENCE_MS)
    task, _, _, error = manager.takeEnding()
    assert (task, error.rung) == (hangs, "interrupt")
    go_on.set()
    for _ in range(20):  # more than there are places
        manager.evalPythonFunction(worker, code, "first", [c], True)
    assert manager.wait(PATIENCE_MS)
    assert [manager.takeResult() for _ in range(20)] == [DATA[:100]] * 20


def test_a_callback_of_the_manager_may_fail_now_and_then(manager, call):
    calls = []

    def read(offset, size):
        calls.append(offset)
        if len(calls) % 2:
            raise OSError("now and then")
        return DATA[offset:offset + size]

    c = NTContainer.fromCallback(read, len(DATA))
    code = "def piece(c):\n    return c.read(5000, 10)\n"
    assert call(code, "piece", c) == DATA[5000:5010]  # asked once more for just what is needed


# ---- kill -9 leaves nothing behind ----

HOLD = r"""
import os
from Pro.MP import proWorkerObject

kept = []

def hold(*containers):
    "Reads all of them and keeps them; this process' id."
    kept.extend(containers)
    kept.extend(proWorkerObject().getSharedContainer(name) for name in proWorkerObject().sharedContainers())
    for container in kept:
        container.hash()
    import builtins
    builtins.kept_by_the_test = kept
    return os.getpid()
"""


def own_traces():
    """Descriptors of this process, and its mappings of shared memory."""
    with open("/proc/self/maps") as maps:
        return len(os.listdir("/proc/self/fd")), sum("memfd:promp" in line for line in maps)


def test_a_killed_worker_leaves_no_descriptor_and_no_mapping(manager, worker, call, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA)
    manager.shareContainer("memory", NTContainer(DATA))
    manager.shareContainer("file", createContainerFromFile(path))
    manager.shareContainer("blocks", NTContainer.fromCallback(lambda offset, size: DATA[offset:offset + size], len(DATA)))
    traces = []
    for _ in range(6):
        pid = call(HOLD, "hold", NTContainer(DATA), createContainerFromFile(path))
        traces.append(own_traces())
        os.kill(pid, signal.SIGKILL)
    assert traces[1:] == traces[1:2] * 5  # the first one also opened what stays


DIES = r"""
import sys
from Pro.Core import NTContainer, createContainerFromFile
from Pro.MP import ProManager, ProWorker_All

DATA = bytes(3_000_000)
manager = ProManager()
workers = [manager.startWorker() for _ in range(2)]
manager.shareContainer("memory", NTContainer(DATA))
manager.shareContainer("file", createContainerFromFile(sys.argv[1]))
manager.shareContainer("blocks", NTContainer.fromCallback(lambda offset, size: DATA[offset:offset + size], len(DATA)))
for worker in workers:
    manager.evalPythonFunction(worker, sys.argv[2], "hold", [NTContainer(DATA)], True)
manager.wait()
print(*[manager.takeResult() for _ in workers], flush=True)
sys.stdin.read()
"""


def test_a_killed_manager_leaves_no_process_that_holds_anything(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA)
    before = set(os.listdir("/dev/shm"))
    manager = subprocess.Popen([sys.executable, "-c", DIES, path, HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    try:
        pidfds = [os.pidfd_open(int(pid)) for pid in manager.stdout.readline().split()]
        assert len(pidfds) == 2
    finally:
        manager.kill()
        manager.wait()
    for pidfd in pidfds:  # memory without a name lives as long as a process that has it
        assert select.select([pidfd], [], [], PATIENCE_S)[0], "a worker outlives its manager"
        os.close(pidfd)
    assert set(os.listdir("/dev/shm")) <= before
    assert sorted(tmp_path.iterdir()) == [path]
