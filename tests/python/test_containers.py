# SPDX-License-Identifier: Apache-2.0
"""NTContainer in one process and between processes."""

import hashlib
import mmap
import os
import re

import pytest

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
