# SPDX-License-Identifier: Apache-2.0
"""What the rows do with promp, in few words."""
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


def ready_worker(manager):
    worker = manager.startWorker()
    call(manager, worker, NOTHING, "nothing")
    return worker
