# SPDX-License-Identifier: Apache-2.0
"""Workers of other machines from Python: `promp agent`, played on this one."""

import os
import pathlib
import select
import signal
import subprocess
import sys

import Pro
import pytest
from Pro.Core import NTContainer, createContainerFromFile
from Pro.MP import ProManager, ProMPOpt_NoReplace, ProMPOpt_Quiet, ProPlace_Hosts, ProRemoteError

PROMP = str(pathlib.Path(Pro.__file__).resolve().parents[2] / "promp")  # beside the package, in a build
WAIT_MS = 120000


def agent(ticket, **options):
    process = subprocess.Popen([PROMP, "agent"], stdin=subprocess.PIPE, text=True, **options)
    process.stdin.write(ticket)
    process.stdin.close()
    return process


@pytest.fixture
def manager():
    with ProManager() as manager:
        yield manager


@pytest.fixture
def far(manager):
    """A manager whose workers are an agent's."""
    process = agent(manager.listen())
    assert manager.waitHosts(1, WAIT_MS)
    manager.setPlacement(ProPlace_Hosts)
    yield manager
    manager.close()
    assert process.wait(WAIT_MS / 1000) == 0


def call(manager, worker, source, *arguments):
    manager.evalPythonFunction(worker, source, "f", list(arguments), True)
    assert manager.wait(WAIT_MS)
    return manager.takeResult(worker)


def is_gone(pidfd):
    return bool(select.select([pidfd], [], [], WAIT_MS / 1000)[0])


def test_a_script_runs_there(far):
    worker = far.startWorker()
    value = {"text": "€", "bytes": bytes(range(256)) * 4096, "list": [1, -2, 2.5, None, (True, False)]}
    assert call(far, worker, "def f(value): return value", value) == value
    (host,) = far.hosts()
    info = far.workerInfo(worker)
    assert info.host == host["id"]
    assert info.pid == call(far, worker, "import os\ndef f(): return os.getpid()")
    assert host["cpus"] >= 1 and host["memory"] > 0 and host["name"]


def test_errors_come_back(far):
    far.setOptions(ProMPOpt_Quiet)
    worker = far.startWorker()
    with pytest.raises(ProRemoteError, match="ZeroDivisionError"):
        call(far, worker, "def f(): return 1 / 0")
    assert call(far, worker, "def f(): return 3") == 3


def test_a_death_there_has_its_cause_and_stack(far):
    far.setOptions(ProMPOpt_Quiet)
    worker = far.startWorker()
    pid = call(far, worker, "import os\ndef f(): return os.getpid()")
    with pytest.raises(ProRemoteError) as raised:
        call(far, worker, "import ctypes\ndef f():\n    print('last words')\n    ctypes.string_at(0)")
    death = raised.value.death
    assert death["signal"] == "SIGSEGV"
    assert death["pid"] == pid
    assert "last words" in death["output"]
    assert "string_at" in death["stack"]


def test_files_and_memory_are_read_from_there(far, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(os.urandom(3 << 20))
    memory = NTContainer()
    memory.setData(os.urandom(3 << 20))
    file = createContainerFromFile(str(path))
    far.shareContainer("memory", memory)
    worker = far.startWorker()
    source = """
from Pro.MP import proWorkerObject
def f(file):
    memory = proWorkerObject().getSharedContainer("memory")
    return memory.hash("sha256"), file.hash("sha256"), memory.slice(1000, 100000)
"""
    of_memory, of_file, part = call(far, worker, source, file)
    assert of_memory == memory.hash("sha256")
    assert of_file == file.hash("sha256")
    assert bytes(part) == bytes(memory.slice(1000, 100000))


def test_a_file_there_comes_back_as_a_copy(far, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(os.urandom(1 << 20))
    worker = far.startWorker()
    source = "from Pro.Core import createContainerFromFile\ndef f(path): return createContainerFromFile(path)"
    container = call(far, worker, source, str(path))
    path.unlink()
    assert container.size() == 1 << 20


def test_two_hosts_share_the_work(manager):
    ticket = manager.listen()
    agents = [agent(ticket), agent(ticket)]
    assert manager.waitHosts(2, WAIT_MS)
    manager.setPlacement(ProPlace_Hosts)
    workers = [manager.startWorker() for _ in range(4)]
    for worker in workers:
        assert call(manager, worker, "def f(): return 1") == 1
    used = [manager.workerInfo(worker).host for worker in workers]
    assert sorted(used) == [1, 1, 2, 2]
    manager.close()
    assert [process.wait(WAIT_MS / 1000) for process in agents] == [0, 0]


MANAGER = """
import sys
from Pro.MP import *
manager = ProManager()
print(manager.listen(), flush=True)
manager.waitHosts()
manager.setPlacement(ProPlace_Hosts)
worker = manager.startWorker()
manager.evalPythonFunction(worker, "import os\\ndef f(): return os.getpid()", "f", None, True)
manager.wait()
print(manager.takeResult(worker), flush=True)
manager.evalPythonCode(worker, "while True: pass")
manager.wait()
"""


def test_a_killed_manager_leaves_nothing_there():
    with subprocess.Popen([sys.executable, "-c", MANAGER], stdout=subprocess.PIPE, text=True) as process:
        helper = agent(process.stdout.readline())
        worker = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
        assert is_gone(worker)
        assert helper.wait(WAIT_MS / 1000) == 0
        os.close(worker)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_agent_leaves_nothing_there(manager, number):
    manager.setOptions(ProMPOpt_Quiet | ProMPOpt_NoReplace)
    helper = agent(manager.listen(), stderr=subprocess.DEVNULL)
    assert manager.waitHosts(1, WAIT_MS)
    manager.setPlacement(ProPlace_Hosts)
    worker = manager.startWorker()
    process = os.pidfd_open(call(manager, worker, "import os\ndef f(): return os.getpid()"))
    manager.evalPythonCode(worker, "while True: pass")
    while not manager.workerInfo(worker).task:
        manager.waitAny(10)
    helper.send_signal(number)
    assert is_gone(process)
    os.close(process)
    assert manager.wait(WAIT_MS)
    assert "connection" in manager.workerInfo(worker).death["detail"]
    helper.wait(WAIT_MS / 1000)


def test_wrong_tickets_are_told(tmp_path):
    path = tmp_path / "ticket"
    path.write_text("promp-ticket-1 tcp://127.0.0.1:1 00 11\n")
    for arguments, text in ((["agent", str(path)], "two keys"), (["agent", str(tmp_path / "none")], "cannot read"),
                            (["agent", "a", "b"], "one ticket")):
        done = subprocess.run([PROMP, *arguments], capture_output=True, text=True, timeout=120)
        assert done.returncode in (1, 2)
        assert text in done.stderr
    done = subprocess.run([PROMP, "agent"], input="hello\n", capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "this is no ticket" in done.stderr


def test_wrong_calls_are_told(manager):
    with pytest.raises(ValueError, match="tcp://"):
        manager.listen("127.0.0.1")
    with pytest.raises(ValueError, match="listen"):
        manager.setPlacement(ProPlace_Hosts)
    with pytest.raises(ValueError, match="listen"):
        manager.waitHosts(1, 0)
    manager.listen()
    with pytest.raises(ValueError, match="already"):
        manager.listen()
    assert not manager.waitHosts(1, 10)
    with pytest.raises(ValueError, match="placement"):
        manager.setPlacement(7)
