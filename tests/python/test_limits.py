# SPDX-License-Identifier: Apache-2.0
"""What the machine does not give: descriptors, room in the folder for sockets, a short enough path. And the largest
cases of messages and output, which take minutes and run if PROMP_LONG is set."""

import os
import resource
import shutil
import subprocess
import sys

import pytest
from conftest import PATIENCE_MS, PATIENCE_S, run_python

from Pro.MP import ProManager, ProMPMessage

long_only = pytest.mark.skipif("PROMP_LONG" not in os.environ, reason="takes minutes; set PROMP_LONG=1 to run it")

START_UNTIL_REFUSED = """
import os
from Pro.MP import *
with ProManager() as manager:
    manager.setOptions(ProMPOpt_Quiet)
    workers = []
    try:
        while len(workers) < 200:
            workers.append(manager.startWorker())
    except OSError as error:
        print(error)
    for worker in workers:
        manager.evalPythonFunction(worker, "def one(): return 1", "one", [], True)
    manager.wait()
    print(sum(manager.takeResult(worker) for worker in workers) == len(workers) > 0)
"""


def test_too_few_descriptors_are_named_and_the_other_workers_work():
    status, output, errors = run_python(
        "-c", START_UNTIL_REFUSED, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
    assert status == 0, errors
    reason, all_worked = output.splitlines()
    assert "file descriptors" in reason and "ulimit -n" in reason
    assert all_worked == "True"


def environment_with(folder):
    return {**os.environ, "XDG_RUNTIME_DIR": os.fspath(folder), "TMPDIR": os.fspath(folder)}


def test_socket_path_that_is_too_long(tmp_path):
    folder = tmp_path / ("f" * 100)
    folder.mkdir(mode=0o700)
    status, _, errors = run_python("-c", "from Pro.MP import *\nProManager().startWorker()",
                                   env=environment_with(folder))
    assert status == 1
    assert "socket path" in errors and str(folder) in errors and "XDG_RUNTIME_DIR" in errors
    assert list(folder.iterdir()) == []


def test_full_folder_for_sockets(tmp_path):
    inside = f"mount -t tmpfs -o nr_inodes=1 promp-test {tmp_path} && exec {sys.executable} -c '{START_ONE}'"
    own_mounts = ["unshare", "-rm", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*own_mounts, f"mount -t tmpfs t {tmp_path}"],
                                                         capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let us mount a file system of our own")
    done = subprocess.run([*own_mounts, inside], env=environment_with(tmp_path), capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout and str(tmp_path) in done.stdout
    assert done.stdout.endswith("closed\n")


START_ONE = """
from Pro.MP import *
manager = None
try:
    manager = ProManager()
    manager.startWorker()
except OSError as error:
    print(error)
if manager:
    manager.close()
print("closed")
"""

ECHO_ONE = """
from Pro.MP import *
worker = proWorkerObject()
worker.waitForMessage()
worker.sendMessage(worker.getMessage())
"""


@long_only
def test_message_of_two_gib():
    data = bytes(2 << 30)
    with ProManager() as manager:
        worker = manager.startWorker()
        manager.evalPythonCode(worker, ECHO_ONE)
        manager.sendMessage(worker, ProMPMessage(1, data))
        assert manager.waitForMessage(worker, PATIENCE_MS)
        assert manager.getMessage(worker).data == data
        with pytest.raises(ValueError, match="2 GiB"):
            manager.sendMessage(worker, ProMPMessage(1, data + b"x"))
        assert manager.wait(PATIENCE_MS)


MANY_LINES = """
from Pro.MP import *
worker = proWorkerObject().id
for i in range(100000):
    print(worker, i)
"""

THROUGH_LEVELS = """
from Pro.MP import *
import sys
manager = ProManager()
manager.setOptions(ProMPOpt_AtomicOutput)
if proWorkerProcessLevel() < 4:
    manager.startWorker()
    manager.executePythonScript(ProWorker_Any, __file__)
else:
    for _ in range(8):
        manager.startWorker()
    manager.evalPythonCode(ProWorker_All, {code!r})
manager.wait()
manager.close()
"""


def check_lines(output):
    seen = {}
    for line in output.splitlines():
        worker, i = line.split(" ")
        assert seen.get(worker, -1) + 1 == int(i)
        seen[worker] = int(i)
    assert list(seen.values()) == [99_999] * 8


@long_only
@pytest.mark.parametrize("levels", [1, 5])
def test_eight_workers_write_a_hundred_thousand_lines_each(tmp_path, levels):
    script = tmp_path / "lines.py"
    text = THROUGH_LEVELS.format(code=MANY_LINES)
    script.write_text(text if levels == 5 else text.replace("proWorkerProcessLevel() < 4", "False"))
    status, output, errors = run_python(script)
    assert status == 0, errors
    check_lines(output)
