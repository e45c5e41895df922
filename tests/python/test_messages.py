# SPDX-License-Identifier: Apache-2.0
"""Messages both ways, wait objects."""

import select

import pytest
from conftest import PATIENCE_MS

from Pro.Core import NTSimpleWait
from Pro.MP import ProMPMessage, ProWorker_All, ProWorker_Any, proWorkerObject, proWorkerProcessLevel

ECHO = """
from Pro.MP import *
w = proWorkerObject()
while True:
    w.waitForMessage()
    message = w.getMessage()
    if message.id == 0:
        break
    w.sendMessage(message)
"""


@pytest.fixture
def echo(manager, worker):
    manager.evalPythonCode(worker, ECHO)
    yield manager, worker
    manager.sendMessage(worker, ProMPMessage(0))
    assert manager.wait(PATIENCE_MS)


@pytest.mark.parametrize("size", [0, 1, 64, 4096, 65_535, 65_536, 70_000, 1 << 20, 64 << 20])
def test_sizes(echo, size):
    manager, worker = echo
    data = bytes([size % 251]) * size
    manager.sendMessage(worker, ProMPMessage(5, data))
    assert manager.waitForMessage(worker, PATIENCE_MS)
    message = manager.getMessage(worker)
    assert (message.id, message.worker) == (5, worker)
    assert message.data == data


def test_many_keep_their_order(echo):
    manager, worker = echo
    for i in range(2000):
        manager.sendMessage(worker, ProMPMessage(1 + i, str(i).encode()))
    for i in range(2000):
        assert manager.waitForMessage(worker, PATIENCE_MS)
        message = manager.getMessage(ProWorker_Any)
        assert (message.id, message.data) == (1 + i, str(i).encode())
    assert not manager.hasMessage(worker)
    assert manager.getMessage(worker) is None


def test_data_may_be_any_bytes(echo):
    manager, worker = echo
    for data in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        message = ProMPMessage(3)
        message.data = data
        manager.sendMessage(worker, message)
        assert manager.waitForMessage(worker, PATIENCE_MS)
        assert manager.getMessage(worker).data == b"abc"


def test_all_workers(manager):
    workers = [manager.startWorker() for _ in range(3)]
    manager.evalPythonCode(ProWorker_All, ECHO)
    for id in (4, 0):
        manager.sendMessage(ProWorker_All, ProMPMessage(id))
    assert manager.wait(PATIENCE_MS)
    senders = set()
    while manager.hasMessage():
        senders.add(manager.getMessage().worker)
    assert senders == set(workers)


def test_fd_tells_of_a_message(echo):
    manager, worker = echo
    manager.sendMessage(worker, ProMPMessage(9))
    while not manager.hasMessage(worker):
        assert select.select([manager.fileno()], [], [], PATIENCE_MS / 1000)[0]
        manager.processMessages()


def test_from_a_thread_of_the_worker(manager, worker):
    code = """
import threading
from Pro.MP import *
w = proWorkerObject()
def send():
    w.waitForMessage()
    w.sendMessage(ProMPMessage(w.getMessage().id + 1))
threading.Thread(target=send).start()
"""
    manager.evalPythonCode(worker, code)
    assert manager.wait(PATIENCE_MS)  # the task is over, its thread is not
    manager.sendMessage(worker, ProMPMessage(6))
    assert manager.waitForMessage(worker, PATIENCE_MS)
    assert manager.getMessage(worker).id == 7


def test_worker_that_stops_talking(manager, worker):
    with pytest.raises(ValueError):
        manager.stopWorker(worker)
        manager.waitForMessage(worker, PATIENCE_MS)


def test_time_goes_by(manager, worker):
    assert manager.waitForMessage(worker, 0) is False
    assert manager.waitForMessage(worker, 10) is False


@pytest.mark.parametrize("id", [-1, 0x80000000, 1 << 70])
def test_ids_out_of_range(id):
    with pytest.raises(ValueError, match=str(id)):
        ProMPMessage(id)
    message = ProMPMessage(0x7FFFFFFF)
    with pytest.raises(ValueError):
        message.id = id
    assert message.id == 0x7FFFFFFF


def test_what_is_no_message(manager, worker):
    with pytest.raises(TypeError):
        ProMPMessage(1, "text")
    with pytest.raises(TypeError):
        ProMPMessage("1")
    with pytest.raises(TypeError):
        manager.sendMessage(worker, b"bytes")


def test_level_0():
    assert proWorkerProcessLevel() == 0
    assert proWorkerObject() is None


# ---- wait objects ----


class Shown(NTSimpleWait):
    def __init__(self, abort_at=None):
        super().__init__()
        self.seen = []
        self.abort_at = abort_at
        self.stopped = 0

    def msg(self, text):
        self.seen.append(text)

    def progress(self, value):
        self.seen.append(value)
        if value == self.abort_at:
            self.abort()

    def stop(self):
        self.stopped += 1


def test_wait_object_shows_the_latest(manager, worker):
    shown = Shown()
    wait = manager.createWaitObject(worker, shown)
    code = "from Pro.MP import *\nwo = proWorkerObject().waitObject()\nfor i in range(10000): wo.progress(i)\nwo.msg('done \u00fc')"
    manager.evalPythonCode(worker, code)
    assert manager.wait(PATIENCE_MS)
    numbers = [entry for entry in shown.seen if isinstance(entry, int)]
    assert numbers == sorted(numbers) and numbers[-1] == 9999
    assert [entry for entry in shown.seen if isinstance(entry, str)] == ["done \u00fc"]
    wait.stop()
    wait.stop()
    assert shown.stopped == 1


def test_person_aborts(manager, worker):
    code = """
from Pro.MP import *
def f():
    wo = proWorkerObject().waitObject()
    wo.progress(7)
    while not wo.wasAborted():
        pass
"""
    wait = manager.createWaitObject(worker, Shown(abort_at=7))
    manager.evalPythonFunction(worker, code, "f", [], True)
    assert manager.wait(PATIENCE_MS)
    assert manager.takeEnding(worker)[3].kind == "aborted"
    del wait


def test_exception_of_a_wait_object(manager, worker):
    class Bad:
        def progress(self, value):
            raise LookupError("cannot show")

    wait = manager.createWaitObject(worker, Bad())
    manager.evalPythonCode(worker, "from Pro.MP import *\nproWorkerObject().waitObject().progress(1)")
    with pytest.raises(LookupError, match="cannot show"):
        while manager.isBusy():
            manager.wait(PATIENCE_MS)
        manager.processMessages()
    del wait


UNTIL_ABORTED = """
from Pro.MP import *
def f():
    wo = proWorkerObject().waitObject()
    wo.progress(1)
    while not wo.wasAborted():
        pass
"""


def test_cancel_that_is_pressed_while_events_are_handled(manager, worker):
    """The task hears of it from processEvents() itself, without a delivery."""

    class Dialog(NTSimpleWait):
        def processEvents(self):
            self.abort()

    dialog = Dialog()
    wait = manager.createWaitObject(worker, dialog)
    manager.evalPythonFunction(worker, UNTIL_ABORTED, "f", [], True)
    while dialog.value() == 0:
        manager.waitAny(PATIENCE_MS)
    wait.processEvents()
    assert wait.wasAborted()
    assert manager.wait(PATIENCE_MS)
    assert manager.takeEnding(worker)[3].kind == "aborted"


def test_a_task_is_stopped_by_what_was_cancelled_before_it_began(manager, worker):
    dialog = NTSimpleWait()
    wait = manager.createWaitObject(worker, dialog)
    wait.abort()  # nothing runs yet
    manager.evalPythonFunction(worker, UNTIL_ABORTED, "f", [], True)
    assert manager.wait(PATIENCE_MS)
    assert manager.takeEnding(worker)[3].kind == "aborted"


def test_a_million_reports_and_the_last_one_counts(manager, worker):
    dialog = NTSimpleWait()
    wait = manager.createWaitObject(worker, dialog)
    manager.evalPythonCode(worker, """
from Pro.MP import proWorkerObject
wo = proWorkerObject().waitObject()
for value in range(1_000_000):
    wo.progress(value)
""")
    assert manager.wait(2 * PATIENCE_MS)
    assert dialog.value() == 999_999
    wait.stop()


def test_one_descriptor_for_all_managers_of_a_thread():
    import ctypes
    import select

    from Pro.MP import ProManager

    import Pro._promp

    library = ctypes.CDLL(Pro._promp.__file__)  # libpromp comes with it
    descriptor = library.pro_managers_fd()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    with ProManager() as first, ProManager() as second:
        assert not library.pro_managers_are_busy()
        for manager in (second, first):
            worker = manager.startWorker()
            manager.testMessage(worker)
            assert library.pro_managers_are_busy()
            manager.setOutputHandler(lambda *output: None)
            while manager.isBusy():
                assert poll.poll(PATIENCE_MS)
                manager.processMessages()
    assert not poll.poll(0)
