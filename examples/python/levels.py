# SPDX-License-Identifier: Apache-2.0
"""A worker may have workers: this script runs itself three processes deep. What the last one prints goes up."""

from Pro.MP import *

if proWorkerProcessLevel() < 3:
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_AtomicOutput)
        manager.startWorker()
        manager.executePythonScript(ProWorker_Any, __file__)
        manager.wait()
else:
    print("level", proWorkerProcessLevel())
