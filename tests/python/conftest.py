# SPDX-License-Identifier: Apache-2.0
"""What the Python tests share. Nothing sleeps: everything waits, with a time after which it is a failure."""

import faulthandler
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # for the package support

if "PYTHONPATH" in os.environ:  # also for processes in other folders
    os.environ["PYTHONPATH"] = os.path.abspath(os.environ["PYTHONPATH"])
PATIENCE_MS = 60_000  # nothing takes this long unless it hangs
PATIENCE_S = PATIENCE_MS / 1000


@pytest.fixture(autouse=True)
def watchdog():
    """A test that hangs shows where, and ends the run."""
    faulthandler.dump_traceback_later(2 * PATIENCE_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def manager():
    from Pro.MP import ProManager, ProMPOpt_Quiet  # not all tests here need Pro

    with ProManager() as manager:
        manager.setOptions(ProMPOpt_Quiet)
        yield manager


@pytest.fixture
def worker(manager):
    return manager.startWorker()


@pytest.fixture
def call(manager, worker):
    """call(code, name, *args): what a function returns in a worker."""

    def call(code, name, *args):
        manager.evalPythonFunction(worker, code, name, list(args), True)
        assert manager.wait(PATIENCE_MS)
        return manager.takeResult(worker)

    return call


def run_python(*arguments, **options):
    """A process of its own: (status, output, errors)."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("timeout", PATIENCE_S)
    done = subprocess.run(
        [sys.executable, *map(os.fspath, arguments)], capture_output=True, text=True, **options
    )
    return done.returncode, done.stdout, done.stderr
