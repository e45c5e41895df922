# SPDX-License-Identifier: Apache-2.0
"""A task reports how far it is, and is asked to stop half-way."""

from Pro.Core import NTSimpleWait
from Pro.MP import *

CODE = """
from Pro.MP import proWorkerObject

def work():
    wait = proWorkerObject().waitObject()
    wait.msg("working")
    percent = 0
    while not wait.wasAborted():
        percent = min(percent + 1, 50)
        wait.progress(percent)
"""


class Watch(NTSimpleWait):
    def progress(self, value):
        super().progress(value)
        if value == 50:
            self.abort()


with ProManager() as manager:
    worker = manager.startWorker()
    watch = Watch()
    remote = manager.createWaitObject(worker, watch)
    manager.evalPythonFunction(worker, CODE, "work", None, True)
    manager.wait()
    try:
        manager.takeResult(worker)
    except ProAbortedError:
        print(watch.text(), "stopped at", watch.value())
    remote.stop()
