# SPDX-License-Identifier: Apache-2.0
"""What workers print, through one level and through five; signals that a person sends."""

import os
import signal
import subprocess
import sys

from conftest import PATIENCE_S, run_python

PREFIX = "from Pro.MP import *\nm = ProManager()\nm.setOptions(ProMPOpt_{})\n"


def run(options, script):
    status, output, errors = run_python("-c", PREFIX.format(options) + script)
    assert status == 0, errors
    return output, errors


def test_everything_that_is_written_arrives():
    code = (
        "import os, sys; print('python'); sys.stdout.write('no newline'); os.write(1, b' raw '); "
        "os.system('echo child'); print('error', file=sys.stderr)"
    )
    output, errors = run("RedirectOutput", f"w = m.startWorker(); m.evalPythonCode(w, {code!r}); m.wait()")
    assert output == "python\nno newline raw child\n"
    assert errors == "error\n"


def test_atomic_output_has_whole_lines():
    code = "print('a', 'b', sep='', end=''); print(); print(); print('c', end='')"
    output, _ = run("AtomicOutput", f"w = m.startWorker(); m.evalPythonCode(w, {code!r}); m.wait()")
    assert output == "ab\nc\n"


def test_lines_of_many_workers_are_neither_lost_nor_torn():
    script = (
        "for i in range(8): m.startWorker()\n"
        "code = 'from Pro.MP import *\\nid = proWorkerObject().id\\nfor i in range(2000): print(id, i, \"x\" * (i % 50))'\n"
        "m.evalPythonCode(ProWorker_All, code); m.wait()\n"
    )
    output, _ = run("AtomicOutput", script)
    seen = {}
    for line in output.splitlines():
        worker, i, *rest = line.split(" ")
        assert rest == ["x" * (int(i) % 50)]
        assert seen.get(worker, -1) + 1 == int(i)
        seen[worker] = int(i)
    assert list(seen.values()) == [1999] * 8


def test_manager_and_workers_keep_their_order():
    script = "w = m.startWorker()\nprint('before')\nm.evalPythonCode(w, 'print(\"worker\")'); m.wait()\nprint('after')"
    assert run("RedirectOutput", script)[0] == "before\nworker\nafter\n"


def test_what_replaces_stdout_gets_the_output():
    script = (
        "import io, sys; own = sys.stdout; sys.stdout = io.StringIO()\n"
        "w = m.startWorker(); m.evalPythonCode(w, 'print(\"gr\u00fc\u00df\")'); m.wait()\n"
        "own.write(repr(sys.stdout.getvalue()))"
    )
    assert run("RedirectOutput", script)[0] == repr("gr\u00fc\u00df\n")


def test_five_levels(tmp_path):
    script = tmp_path / "levels.py"
    script.write_text(
        "from Pro.MP import *\n"
        "if proWorkerProcessLevel() < 5:\n"
        "    with ProManager() as m:\n"
        "        m.setOptions(ProMPOpt_AtomicOutput)\n"
        "        m.startWorker()\n"
        "        m.executePythonScript(ProWorker_Any, __file__)\n"
        "        m.wait()\n"
        "else:\n"
        "    for i in range(1000): print('level', proWorkerProcessLevel(), i)\n"
    )
    status, output, errors = run_python(script)
    assert (status, errors) == (0, "")
    assert output.splitlines() == [f"level 5 {i}" for i in range(1000)]


WAITS = {
    "wait": "m.evalPythonCode(w, 'while True: pass'); ready(); m.wait()",
    "waitAny": "m.evalPythonCode(w, 'while True: pass'); ready(); [m.waitAny() for i in range(100)]",
    "waitForMessage": "ready(); m.waitForMessage(w)",
}


def test_interrupt_ends_every_wait():
    for name, script in WAITS.items():
        ready = "def ready(): print('ready', flush=True)\nw = m.startWorker()\n"
        process = subprocess.Popen(
            [sys.executable, "-c", PREFIX.format("Quiet") + ready + script],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGINT, name
        assert "KeyboardInterrupt" in errors, name
