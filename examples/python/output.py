# SPDX-License-Identifier: Apache-2.0
"""Every worker prints; lines arrive whole, whoever wrote them."""

from Pro.MP import *

with ProManager() as manager:
    manager.setOptions(ProMPOpt_AtomicOutput)
    for _ in range(3):
        manager.startWorker()
    manager.evalPythonCode(ProWorker_All, "print('a line', 'of a worker')")
    manager.wait()
print("done")
