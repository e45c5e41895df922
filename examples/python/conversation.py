# SPDX-License-Identifier: Apache-2.0
"""Manager and worker talk while a task runs."""

from Pro.MP import *

ASK, ANSWER, GOODBYE = 1, 2, 3

CODE = f"""
from Pro.MP import *

me = proWorkerObject()
while me.waitForMessage(10000):
    message = me.getMessage()
    if message.id == {GOODBYE}:
        break
    me.sendMessage(ProMPMessage({ANSWER}, message.data.upper()))
"""

with ProManager() as manager:
    worker = manager.startWorker()
    manager.evalPythonCode(worker, CODE)
    for word in (b"one", b"two"):
        manager.sendMessage(worker, ProMPMessage(ASK, word))
        if manager.waitForMessage(worker, 10000):
            print(manager.getMessage(worker).data.decode())
    manager.sendMessage(worker, ProMPMessage(GOODBYE))
    manager.wait()
