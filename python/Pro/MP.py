# SPDX-License-Identifier: Apache-2.0
"""Managers and workers.

A ProManager starts worker processes and gives them tasks; what they print, return and send comes back while
the manager's thread calls one of the methods that deliver: processMessages(), wait(), waitAny(),
waitForMessage(). All times are milliseconds; -1 waits without end.

A manager belongs to the thread that made it: RuntimeError from others.
"""

import atexit
import os
import sys

from Pro import _promp
from Pro._promp import (
    ProAbortedError,
    ProMPMessage,
    ProMPOpt_AtomicOutput,
    ProMPOpt_ExecWorkers,
    ProMPOpt_NoReplace,
    ProMPOpt_Quiet,
    ProMPOpt_RedirectOutput,
    ProMPOpt_RetryTasks,
    ProQuarantinedError,
    ProRemoteError,
    ProRemoteWait,
    ProWorker,
    ProWorker_All,
    ProPlace_Hosts,
    ProPlace_Local,
    ProWorker_Any,
    ProWorker_Invalid,
    ProWorkerDiedError,
    proWorkerObject,
    proWorkerProcessLevel,
)

__all__ = [
    "ProAbortedError", "ProExecutor", "ProMPMessage", "ProMPOpt_AtomicOutput", "ProMPOpt_ExecWorkers",
    "ProMPOpt_NoReplace", "ProMPOpt_Quiet", "ProMPOpt_RedirectOutput", "ProMPOpt_RetryTasks", "ProManager",
    "ProQuarantinedError", "ProRemoteError", "ProRemoteWait", "ProWorker", "ProWorkerDiedError",
    "ProPlace_Hosts", "ProPlace_Local", "ProWorkerInfo", "ProWorker_All", "ProWorker_Any", "ProWorker_Invalid", "proWorkerObject",
    "proWorkerProcessLevel",
]

atexit.register(_promp._closeAll)


class ProWorkerInfo:
    """What is known of a worker; see ProManager.workerInfo().

    id            the worker
    state         "starting", "idle", "busy" or "dead"
    pid           on its machine; 0 while it starts, and when it is dead
    host          where it runs: the id of one of ProManager.hosts(), or 0: this machine
    level         1 for workers of the first process
    task          the running one, or 0
    queued_tasks  given and not ended, the running one included
    cpu_seconds   of the process, user and system; 0 on another machine
    rss_bytes     of the process; 0 on another machine
    restarts      how often its process was replaced
    death         how its last process died: a dict, or None
    """

    # A dataclass would cost every worker the import of a dozen modules.
    __slots__ = ("id", "state", "pid", "host", "level", "task", "queued_tasks", "cpu_seconds", "rss_bytes", "restarts",
                 "death")

    def __init__(self, **values):
        for name in self.__slots__:
            setattr(self, name, values[name])

    def __repr__(self):
        return f"ProWorkerInfo({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


def _worker_path():
    """The search path for workers: this process' own without the script's folder, unless PYTHONPATH asks for it."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    own = {"", os.getcwd()}
    if script:
        own.add(os.path.dirname(os.path.abspath(script)))
    asked = {os.path.abspath(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place}
    return [place for place in sys.path if isinstance(place, str) and (place not in own or place in asked)]


class ProManager(_promp.Manager):
    """Starts worker processes, gives them tasks and collects what comes back.

    >>> with ProManager() as manager:
    ...     worker = manager.startWorker()
    ...     task = manager.evalPythonFunction(worker, "def f(a): return a * 2", "f", [21], True)
    ...     manager.wait()
    ...     manager.takeResult(worker)
    True
    42
    """

    def __init__(self):
        self._path = _worker_path()
        self._setSetup({"path": self._path})

    def setPythonPath(self, places):
        """The folders that workers started from now on search for modules, beside the standard library."""
        self._path = [os.path.abspath(place) for place in places]
        self._setSetup({"path": self._path})

    def pythonPath(self):
        """What setPythonPath() set; at first this process' sys.path without the script's own folder."""
        return list(self._path)

    def workerInfo(self, worker):
        """A ProWorkerInfo. ValueError if the worker never was, or is gone."""
        info = self._workerInfo(worker)
        if info["death"] is not None:
            import json

            info["death"] = json.loads(info["death"])
        return ProWorkerInfo(**info)


def __getattr__(name):
    # The executor brings concurrent.futures and logging with it: loaded by who asks for it.
    if name == "ProExecutor":
        from Pro._executor import ProExecutor

        globals()[name] = ProExecutor
        return ProExecutor
    raise AttributeError(f"module 'Pro.MP' has no attribute {name!r}")
