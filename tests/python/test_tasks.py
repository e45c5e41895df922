# SPDX-License-Identifier: Apache-2.0
"""Tasks of every kind, and how they end."""

import gc
import json
import os
import textwrap
import threading

import pytest
from conftest import PATIENCE_MS, run_python

from Pro.MP import (
    ProAbortedError,
    ProManager,
    ProMPOpt_Quiet,
    ProRemoteError,
    ProWorker_All,
    ProWorker_Any,
    ProWorkerDiedError,
)


def failure(manager, worker):
    assert manager.wait(PATIENCE_MS)
    with pytest.raises(ProRemoteError) as caught:
        manager.takeResult(worker)
    return caught.value


# ---- kinds ----


def test_code_runs_as_main(manager, worker, tmp_path):
    place = tmp_path / "said"
    manager.evalPythonCode(worker, f"open({str(place)!r}, 'w').write(__name__)")
    assert manager.isBusy()
    assert manager.wait(PATIENCE_MS)
    assert not manager.isBusy()
    assert place.read_text() == "__main__"


def test_script_sees_what_python_shows_a_script(manager, worker, tmp_path):
    (tmp_path / "beside.py").write_text("value = 'beside'\n")
    place = tmp_path / "said"
    script = tmp_path / "gr\u00fc\u00df.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, json, beside
            json.dump([__name__, __file__, sys.argv, sys.path[0], beside.value,
                       sys.modules['__main__'].__file__], open({str(place)!r}, 'w'))
            """
        )
    )
    manager.executePythonScript(worker, script)
    assert manager.wait(PATIENCE_MS)
    path = str(script)
    assert json.loads(place.read_text()) == [
        "__main__", path, [path], str(tmp_path), "beside", path,
    ]
    manager.evalPythonFunction(worker, "import sys\ndef path(): return sys.path", "path", [], True)
    manager.wait()
    assert str(tmp_path) not in manager.takeResult(worker)


def test_function_of_a_script(manager, worker, tmp_path):
    script = tmp_path / "lib.py"
    script.write_text("if __name__ == '__main__': raise SystemExit('ran as main')\ndef twice(x): return 2 * x\n")
    manager.executePythonFunction(worker, str(script), "twice", ["ab"], True)
    manager.wait()
    assert manager.takeResult(worker) == "abab"
    script.write_text("def twice(x): return [x, x, 'changed']\n")
    manager.executePythonFunction(worker, str(script), "twice", [1], True)
    manager.wait()
    assert manager.takeResult(worker) == [1, 1, "changed"]


def test_function_of_a_module(manager, worker):
    manager.callFunction(worker, "os.path", "join", ["a", "b"], True)
    manager.wait()
    assert manager.takeResult(worker) == "a/b"


def test_namespaces_are_fresh_and_are_dropped(call):
    code = "try:\n    seen\nexcept NameError:\n    seen = None\n    big = bytearray(64 << 20)\ndef f(): return seen is None"
    assert call(code, "f")
    assert call(code, "f")
    rss = "def rss():\n    return int(open('/proc/self/statm').read().split()[1]) * 4096"
    assert call(rss, "rss") < 60 << 20


def test_worker_is_isolated_from_the_folder_of_the_script(tmp_path):
    (tmp_path / "beside.py").write_text("")
    script = tmp_path / "script.py"
    script.write_text(
        "import beside\n"
        "from Pro.MP import *\n"
        "with ProManager() as m:\n"
        "    for path in (None, ['.']):\n"
        "        if path: m.setPythonPath(path)\n"
        "        w = m.startWorker()\n"
        "        code = 'def f():\\n    try: import beside\\n    except ImportError: return False\\n    return True'\n"
        "        m.evalPythonFunction(w, code, 'f', [], True)\n"
        "        m.wait()\n"
        "        print(m.takeResult(w))\n"
    )
    status, output, errors = run_python(script, cwd=tmp_path)
    assert (status, output, errors) == (0, "False\nTrue\n", "")


# ---- to whom ----


def test_all_addresses_the_workers_that_exist(manager):
    for _ in range(3):
        manager.startWorker()
    manager.evalPythonFunction(ProWorker_All, "import os\ndef f(): return os.getpid()", "f", [], True)
    manager.startWorker()
    manager.wait()
    pids = set()
    while manager.hasResults():
        pids.add(manager.takeResult(ProWorker_Any))
    assert len(pids) == 3


def test_order_of_one_worker_is_kept(manager, worker):
    for i in range(1000):
        manager.evalPythonFunction(worker, "def f(i): return i", "f", [i], True)
    manager.wait()
    assert [manager.takeResult(worker) for _ in range(1000)] == list(range(1000))
    assert not manager.hasResults(worker)
    with pytest.raises(LookupError):
        manager.takeResult(worker)


def test_info(manager, worker):
    manager.evalPythonCode(worker, "pass")
    manager.wait()
    info = manager.workerInfo(worker)
    assert (info.id, info.state, info.level, info.task) == (worker, "idle", 1, 0)
    assert os.path.exists(f"/proc/{info.pid}")
    assert info.death is None
    assert manager.workers() == [worker]


# ---- failures ----


def test_exception(manager, worker):
    code = "def inner():\n    raise ValueError('bad\\nthing')\ndef f():\n    inner()"
    manager.evalPythonFunction(worker, code, "f", [], True)
    error = failure(manager, worker)
    assert (error.type, error.message, error.kind, error.worker) == (
        "ValueError", "bad thing", "error", worker,
    )
    lines = error.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith('  File "') and lines[1].endswith("line 4, in f")
    assert lines[2] == "    inner()"
    assert lines[-2:] == ["ValueError: bad", "thing"]
    assert error.death is None


def test_traceback_goes_to_stderr_with_the_worker():
    script = (
        "from Pro.MP import *\n"
        "m = ProManager(); w = m.startWorker()\n"
        "m.evalPythonCode(w, '1 / 0'); m.wait()\n"
    )
    status, output, errors = run_python("-c", script)
    assert (status, output) == (0, "")
    assert "worker 1" in errors
    assert "Traceback (most recent call last):" in errors
    assert "ZeroDivisionError: division by zero" in errors


def test_missing_function(manager, worker):
    manager.evalPythonFunction(worker, "x = 1", "nowhere", [], True)
    error = failure(manager, worker)
    assert (error.type, "nowhere" in error.message) == ("NameError", True)


def test_syntax_error(manager, worker):
    manager.evalPythonFunction(worker, "def f(:", "f", [], True)
    assert failure(manager, worker).type == "SyntaxError"


def test_missing_script(manager, worker, tmp_path):
    manager.executePythonFunction(worker, tmp_path / "none.py", "f", [], True)
    error = failure(manager, worker)
    assert error.type == "FileNotFoundError" and "none.py" in error.message


def test_result_that_cannot_be_sent(manager, worker):
    manager.evalPythonFunction(worker, "def f(): return {'x': object()}", "f", [], True)
    error = failure(manager, worker)
    assert error.type == "TypeError" and "result['x']" in error.message


@pytest.mark.parametrize("code", ["", "0", "None"])
def test_exit_ends_the_task_only(manager, worker, call, code):
    pid = call("import os\ndef f(): return os.getpid()", "f")
    manager.evalPythonFunction(worker, f"import sys\ndef f(): sys.exit({code})", "f", [], True)
    manager.wait()
    assert manager.takeResult(worker) is None
    assert call("import os\ndef f(): return os.getpid()", "f") == pid


def test_exit_with_a_status_is_a_failure(manager, worker):
    manager.evalPythonFunction(worker, "import sys\ndef f(): sys.exit(3)", "f", [], True)
    error = failure(manager, worker)
    assert (error.type, error.message) == ("SystemExit", "3")


def test_keyboard_interrupt_of_its_own_is_an_error(manager, worker):
    manager.evalPythonFunction(worker, "def f(): raise KeyboardInterrupt", "f", [], True)
    assert failure(manager, worker).kind == "error"


def test_death_fails_only_the_running_task(manager, worker):
    manager.evalPythonFunction(worker, "import os\ndef f(): os.kill(os.getpid(), 9)", "f", [], True)
    manager.evalPythonFunction(worker, "def f(): return 'after'", "f", [], True)
    assert manager.wait(PATIENCE_MS)
    with pytest.raises(ProWorkerDiedError) as caught:
        manager.takeResult(worker)
    assert caught.value.death["signal"] == "SIGKILL"
    assert manager.takeResult(worker) == "after"
    assert manager.workerInfo(worker).restarts == 1


def test_output_before_a_crash_is_delivered(manager, worker):
    said = []
    manager.setOutputHandler(lambda worker, stream, data: said.append(data))
    manager.setOptions(ProMPOpt_Quiet | 1)
    manager.evalPythonCode(worker, "import os\nprint('last words')\nos.abort()")
    manager.wait()
    assert b"".join(said) == b"last words\n"


# ---- cancel ----

LOOP = """
import os
def f(fifo):
    os.close(os.open(fifo, os.O_WRONLY))
    while True:
        pass
"""


@pytest.fixture
def started(tmp_path):
    """(path, wait): a task that opens the path for writing lets wait() return."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return str(path), lambda: open(path, "rb").close()


def test_interrupt_ends_a_python_loop(manager, worker, started):
    fifo, wait = started
    manager.evalPythonFunction(worker, LOOP, "f", [fifo], True)
    wait()
    pid = manager.workerInfo(worker).pid
    manager.abortOperation(worker, 2000)
    assert manager.wait(PATIENCE_MS)
    with pytest.raises(ProAbortedError) as caught:
        manager.takeResult(worker)
    assert caught.value.rung == "interrupt"
    assert manager.workerInfo(worker).pid == pid


def test_flag_ends_a_task_that_looks(manager, worker, started):
    code = LOOP.replace("while True", "from Pro.MP import proWorkerObject\n    wo = proWorkerObject().waitObject()\n    while not wo.wasAborted()")
    fifo, wait = started
    manager.evalPythonFunction(worker, code, "f", [fifo], True)
    wait()
    manager.abortOperation(worker, PATIENCE_MS)
    assert manager.wait(PATIENCE_MS)
    with pytest.raises(ProAbortedError) as caught:
        manager.takeResult(worker)
    assert caught.value.rung == "abort flag"


def test_kill_at_once(manager, worker, started):
    fifo, wait = started
    manager.evalPythonFunction(worker, LOOP, "f", [fifo], True)
    manager.evalPythonFunction(worker, "def f(): return 'next'", "f", [], True)
    wait()
    manager.abortOperation(worker, 0)
    assert manager.wait(PATIENCE_MS)
    with pytest.raises(ProAbortedError):
        manager.takeResult(worker)
    assert manager.takeResult(worker) == "next"


def test_queued_task_is_aborted_without_running(manager, worker, started, tmp_path):
    fifo, wait = started
    place = tmp_path / "ran"
    manager.evalPythonFunction(worker, LOOP, "f", [fifo])
    wait()
    task = manager.evalPythonFunction(worker, f"open({str(place)!r}, 'w')\ndef f(): pass", "f", [], True)
    assert manager.abortTask(task)
    manager.abortOperation(worker, 0)
    manager.wait()
    with pytest.raises(ProAbortedError):
        manager.takeResult(worker)
    assert not place.exists()
    assert not manager.abortTask(task)


# ---- bad input ----


@pytest.mark.parametrize("worker", [0, 7, -1, 1 << 40])
def test_worker_that_never_was(manager, worker):
    for call in (
        lambda: manager.evalPythonCode(worker, "pass"),
        lambda: manager.workerInfo(worker),
        lambda: manager.stopWorker(worker),
        lambda: manager.abortOperation(worker),
        lambda: manager.waitForMessage(worker, 0),
    ):
        with pytest.raises(ValueError, match=str(worker)):
            call()


def test_worker_that_is_gone(manager, worker):
    manager.stopWorker(worker)
    with pytest.raises(ValueError, match=str(worker)):
        manager.evalPythonCode(worker, "pass")


def test_no_worker_at_all(manager):
    with pytest.raises(ValueError):
        manager.evalPythonCode(ProWorker_Any, "pass")


def test_other_thread(manager, worker):
    errors = []

    def use():
        for call in (
            manager.isBusy, manager.hasResults, manager.hasMessage, manager.workers,
            manager.startWorker, manager.processMessages, manager.wait, manager.takeResult,
            lambda: manager.evalPythonCode(worker, "pass"),
            lambda: manager.evalPythonFunction(worker, "", "f", [1]),
            lambda: manager.setOptions(0),
        ):
            try:
                call()
            except RuntimeError as error:
                errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(errors) == 11


def test_closed_manager():
    manager = ProManager()
    manager.startWorker()
    manager.close()
    manager.close()
    for call in (manager.startWorker, manager.processMessages, manager.isBusy):
        with pytest.raises(RuntimeError, match="closed"):
            call()


def test_close_inside_of_a_call_is_refused(manager, worker):
    seen = []

    def handler(worker, stream, data):
        try:
            manager.close()
        except RuntimeError as error:
            seen.append(error)

    manager.setOptions(1 | ProMPOpt_Quiet)
    manager.setOutputHandler(handler)
    manager.evalPythonCode(worker, "print(1)")
    manager.wait()
    assert seen and not manager.isBusy()


def test_exception_of_a_callback_comes_out_of_the_call(manager, worker):
    def handler(worker, stream, data):
        raise ArithmeticError("in the handler")

    manager.setOptions(1 | ProMPOpt_Quiet)
    manager.setOutputHandler(handler)
    manager.evalPythonCode(worker, "print(1)")
    with pytest.raises(ArithmeticError, match="in the handler"):
        while manager.isBusy():
            manager.wait(PATIENCE_MS)


def test_task_of_any_ends_with_the_last_worker(manager, worker):
    task = manager.evalPythonFunction(ProWorker_Any, "def f(): return 5", "f", None, True)
    manager.stopWorker(worker)
    assert manager.wait(PATIENCE_MS)
    assert not manager.isBusy()  # asking takes nothing away
    ended, _, value, error = manager.takeEnding()
    assert ended == task
    assert value == 5 or isinstance(error, ProAbortedError)


def test_worker_program_that_is_missing():
    script = "from Pro.MP import *\nProManager().startWorker()"
    environment = dict(os.environ, PROMP_WORKER="/nowhere/worker")
    status, _, errors = run_python("-c", script, env=environment)
    assert status == 1
    assert "FileNotFoundError" in errors and "/nowhere/worker" in errors


def test_keywords(manager, worker):
    manager.evalPythonFunction(worker=worker, code="def f(x): return x", function="f", args=[1], want_result=True)
    assert manager.wait(timeout=PATIENCE_MS)
    assert manager.hasResults(worker=worker)
    assert manager.takeResult(worker=worker) == 1
    assert not manager.waitForMessage(worker=worker, timeout=0)
    assert not manager.waitAny(timeout=0)
    with pytest.raises(TypeError, match="colour"):
        manager.evalPythonCode(worker, code="pass", colour=1)
    with pytest.raises(TypeError, match="code"):
        manager.evalPythonCode(worker)


def test_managers_in_threads_at_once():
    results = []

    def work(n):
        with ProManager() as manager:
            worker = manager.startWorker()
            manager.evalPythonFunction(worker, "def f(n): return n * n", "f", [n], True)
            assert manager.wait(PATIENCE_MS)
            results.append(manager.takeResult(worker))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 4, 9]


def test_tasks_leak_nothing(manager, worker):
    def run(count):
        for i in range(count):
            manager.evalPythonFunction(worker, "def f(x, y): return [x, {y: (x,)}]", "f", [i, "y"], True)
            manager.evalPythonFunction(worker, "def g(): 1 / 0", "g", [], True)
        manager.wait()
        for i in range(count):
            assert manager.takeResult() == [i, {"y": (i,)}]
            with pytest.raises(ProRemoteError):
                manager.takeResult()

    run(200)
    gc.collect()
    before, worker_before = allocated(), manager.workerInfo(worker).rss_bytes
    run(2000)
    gc.collect()
    assert allocated() - before < 500
    assert manager.workerInfo(worker).rss_bytes - worker_before < 4 << 20


def allocated():
    import sys

    return sys.getallocatedblocks()


