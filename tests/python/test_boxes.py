# SPDX-License-Identifier: Apache-2.0
"""Boxes of workers that die while they are open."""

import subprocess
import sys

# More than the 64 boxes that one worker may have open: those of dead processes do not count.
CODE = """
from Pro.MP import *
with ProManager() as manager:
    manager.setOptions(ProMPOpt_Quiet)
    worker = manager.startWorker()
    for _ in range(70):
        manager.testMessageBox(worker)
        while not manager.workerInfo(worker).task:
            manager.waitAny(10)
        manager.abortOperation(worker, 0)
        assert manager.wait(60000)
        death = manager.workerInfo(worker).death
        assert death["cause"] == "aborted", death
print("all cancelled")
"""


def test_boxes_of_dead_processes_do_not_count():
    with subprocess.Popen([sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        output = process.stdout.read()  # stdin stays open: nobody presses Enter
    assert process.returncode == 0
    assert output.endswith("all cancelled\n")
