# SPDX-License-Identifier: Apache-2.0
"""What the rows do with promp, in few words."""
import contextlib
import subprocess

from harness import BUILD
from Pro.Core import NTVariantList
from Pro.MP import *

NOTHING = "def nothing():\n    pass\n"


def arguments(*values):
    given = NTVariantList()
    for value in values:
        given.append(value)
    return given


def call(manager, worker, code, name, *values):
    """Runs one function in a worker and returns its result."""
    manager.evalPythonFunction(worker, code, name, arguments(*values), True)
    manager.wait()
    return manager.takeResult(worker)


@contextlib.contextmanager
def agent(manager):
    """An agent of this machine, by TCP and CURVE; workers that start now are its."""
    helper = subprocess.Popen([BUILD / "promp", "agent"], stdin=subprocess.PIPE, text=True)
    helper.stdin.write(manager.listen())
    helper.stdin.close()
    manager.waitHosts(1)
    manager.setPlacement(ProPlace_Hosts)
    yield
    manager.close()
    helper.wait()


def ready_worker(manager):
    worker = manager.startWorker()
    call(manager, worker, NOTHING, "nothing")
    return worker
