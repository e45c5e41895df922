# SPDX-License-Identifier: Apache-2.0
"""Boxes of workers, answered on the manager's terminal; those of workers that die while they are open."""

import os
import pty
import subprocess
import sys

import pytest

# More than the 64 boxes that one worker may have open: those of dead processes do not count.
DEAD = """
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
    with subprocess.Popen([sys.executable, "-c", DEAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        output = process.stdout.read()  # stdin stays open: nobody presses Enter
    assert process.returncode == 0
    assert output.endswith("all cancelled\n")


# ---- answers ----

ASK = '''
from Pro.MP import *
code = """
from Pro.UI import *
names = {ProBox_OK: "ok", ProBox_Cancel: "cancel", ProBox_Yes: "yes", ProBox_No: "no"}
def ask(text="Go on?", buttons=ProBox_Yes | ProBox_No, icon=ProBoxIcon_None):
    return names[proContext().msgBox(text, "Title", buttons, icon)]
"""
def ask(manager, worker, *arguments):
    manager.evalPythonFunction(worker, code, "ask", list(arguments), True)
def results(manager):
    assert manager.wait(60000)
    found = []
    while manager.hasResults():
        found.append(manager.takeResult())
    return found
'''


def run(script, **options):
    return subprocess.run([sys.executable, "-c", ASK + script], capture_output=True, text=True, timeout=120, **options)


ONE = """
with ProManager() as manager:
    worker = manager.startWorker()
    for _ in range(4):
        ask(manager, worker)
    print(results(manager))
"""


def test_what_is_typed_is_the_answer():
    done = run(ONE, input="y\nwhat\nNO\n\nno\n")
    assert done.stdout == "Go on?\n[yes/no]\n" * 5 + "['yes', 'no', 'yes', 'no']\n"
    assert done.stderr == ""


def test_nobody_is_there():
    done = run(ONE, stdin=subprocess.DEVNULL)
    assert done.stdout.endswith("['no', 'no', 'no', 'no']\n")
    assert done.stderr == "promp: nobody is there to answer worker 1's box \"Go on?\": no\n" * 4


def test_standard_input_is_closed():
    done = run(ONE, preexec_fn=lambda: os.close(0))
    assert done.stdout.endswith("['no', 'no', 'no', 'no']\n"), done.stderr


def test_a_flood_that_nobody_answers_is_told_a_few_times():
    done = run("""
many = '''
from Pro.UI import *
def ask():
    return [proContext().msgBox("Go on?", buttons=ProBox_OK | ProBox_Cancel) for _ in range(2000)]
'''
with ProManager() as manager:
    worker = manager.startWorker()
    manager.evalPythonFunction(worker, many, "ask", [], True)
    print(len(results(manager)[0]))
""", stdin=subprocess.DEVNULL)
    assert done.stdout.endswith("2000\n")
    assert len(done.stderr.splitlines()) == 8
    assert done.stderr.endswith("cancel (more are not told)\n")


def test_without_a_choice_nothing_is_told():
    done = run("""
with ProManager() as manager:
    ask(manager, manager.startWorker(), "Read this.", 1)
    print(results(manager))
""", stdin=subprocess.DEVNULL)
    assert done.stdout == "Read this.\n[Enter]\n['ok']\n"
    assert done.stderr == ""


def test_icon_and_hostile_texts():
    done = run("""
with ProManager() as manager:
    ask(manager, manager.startWorker(), "\\x1b]0;title\\x07\\u202etxt.exe\\u0085", 15, 4)
    print(results(manager))
""", input="ok\n")
    assert done.stdout == "[error] \ufffd]0;title\ufffd\ufffdtxt.exe\ufffd\n[yes/no/ok/cancel]\n['ok']\n"


def test_long_texts_are_cut():
    done = run("""
with ProManager() as manager:
    ask(manager, manager.startWorker(), "\\u20ac" * 1000000)
    print(results(manager))
""", input="n\n")
    assert done.stdout == "\u20ac" * (16384 // 3) + "\n[yes/no]\n['no']\n"


def test_what_is_no_box_is_refused():
    done = run("""
for arguments in [("a", 16), ("a", 3, 9), ("a", 3, -1)]:
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_Quiet)
        ask(manager, manager.startWorker(), *arguments)
        manager.wait()
        try:
            manager.takeResult()
        except ProRemoteError as error:
            print(error.type, error.message)
""", stdin=subprocess.DEVNULL)
    assert done.stdout == (
        "ValueError unknown buttons 0x10\nValueError there is no icon 9\nValueError there is no icon -1\n"), done.stderr


def test_the_answer_goes_down_all_levels(tmp_path):
    module = tmp_path / "levels.py"
    module.write_text(ASK + """
def descend(levels, text):
    with ProManager() as manager:
        workers = [manager.startWorker() for _ in range(2)]
        for number, worker in enumerate(workers):
            if levels > 1:
                manager.executePythonFunction(worker, __file__, "descend", [levels - 1, f"{text}{number}"], True)
            else:
                ask(manager, worker, f"{text}{number}?")
        manager.wait()
        return [manager.takeResult(worker) for worker in workers]
""")
    script = f"""
with ProManager() as manager:
    manager.executePythonFunction(manager.startWorker(), {str(module)!r}, "descend", [3, "box "], True)
    print(results(manager))
"""
    with subprocess.Popen([sys.executable, "-c", ASK + script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        texts = {}
        for _ in range(8):  # answered by what is asked: "box 010?" by no, "box 011?" by yes
            text = process.stdout.readline().rstrip("\n")
            assert process.stdout.readline() == "[yes/no]\n"
            texts[text] = "yes" if text.endswith("1?") else "no"
            process.stdin.write(texts[text][0] + "\n")
            process.stdin.flush()
        answers = eval(process.stdout.readline())
        assert process.wait(120) == 0
    assert sorted(texts) == [f"box {number:03b}?" for number in range(8)]
    assert answers == [[[["no", "yes"]] * 2] * 2]


# ---- ends ----

# The box is on the screen once its first line was printed by this very process: a pipe in between tells.
SHOWN = """
import os, signal, sys
printed, copy = os.pipe()
screen = os.dup(1)
os.dup2(copy, 1)
out = os.fdopen(screen, "w", buffering=1)
seen = b""
with ProManager() as manager:
    manager.setOptions(ProMPOpt_Quiet)
    worker = manager.startWorker()
    ask(manager, worker)
    ask(manager, worker, "Next?")
    os.set_blocking(printed, False)
    def pump():
        global seen
        manager.waitAny(10)
        try:
            data = os.read(printed, 65536)
        except BlockingIOError:
            return
        seen += data
        out.write(data.decode())
        out.flush()
    while b"[yes/no]" not in seen:
        pump()
    end = sys.argv[1]
    if end == "cancel":
        manager.abortOperation(worker, 3000)
    elif end == "kill":
        os.kill(manager.workerInfo(worker).pid, signal.SIGKILL)
    else:
        manager.close()
        out.write(os.read(printed, 65536).decode() + "@ closed\\n")
        sys.exit()
    while manager.isBusy():
        pump()
    try:
        manager.takeResult()
    except ProRemoteError as error:
        out.write(f"@ {error.kind}\\n")
    out.write(f"@ {manager.takeResult()}\\n")
"""


@pytest.mark.parametrize("end", ["cancel", "kill", "close"])
def test_a_box_that_nobody_waits_for_is_taken_off(end):
    with subprocess.Popen([sys.executable, "-c", ASK + SHOWN, end], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        lines = []

        def read_to(wanted):
            while not lines or lines[-1] != wanted:
                line = process.stdout.readline()
                assert line, lines
                lines.append(line.rstrip("\n"))

        read_to("[yes/no]")
        assert lines == ["Go on?", "[yes/no]"]
        read_to("[closed]")
        if end == "close":
            read_to("@ closed")
        else:
            read_to("[yes/no]")
            assert lines[-2] == "Next?"
            process.stdin.write("yes\n")
            process.stdin.flush()
            read_to("@ yes")
            assert ("@ aborted" if end == "cancel" else "@ worker died") in lines
        process.stdin.close()
        assert process.wait(120) == 0


# An interrupt ends the call, not the worker; the box is given up, so it does not count as open.
INTERRUPTED = """
loop = '''
import os, signal, threading
from Pro.UI import *
def interrupted():
    count = 0
    for _ in range(100):
        try:
            threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
            proContext().msgBox("Go on?", buttons=ProBox_Yes | ProBox_No)
        except KeyboardInterrupt:
            count += 1
    return count
'''
with ProManager() as manager:
    worker = manager.startWorker()
    manager.evalPythonFunction(worker, loop, "interrupted", [], True)
    print("@", results(manager), flush=True)
"""


def test_an_interrupt_ends_the_call_and_the_box():
    with subprocess.Popen([sys.executable, "-c", ASK + INTERRUPTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        output = process.stdout.read()
    assert process.returncode == 0
    assert output.endswith("@ [100]\n")


def test_a_signal_that_means_nothing_leaves_it_open():
    done = run("""
loop = '''
import os, signal, threading
from Pro.UI import *
def ask():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGUSR1) for _ in range(1000)]).start()
    return proContext().msgBox("Go on?", buttons=ProBox_Yes | ProBox_No) == ProBox_Yes
'''
with ProManager() as manager:
    worker = manager.startWorker()
    manager.evalPythonFunction(worker, loop, "ask", [], True)
    print(results(manager))
""", input="y\n")
    assert done.stdout == "Go on?\n[yes/no]\n[True]\n", done.stderr


def test_on_a_real_terminal():
    master, slave = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", ASK + ONE], stdin=slave, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        os.close(slave)
        for answer in ("y\n", "\n", "no\n", "\x04"):  # Ctrl-D: the end of the input
            assert process.stdout.readline() == "Go on?\n"
            assert process.stdout.readline() == "[yes/no]\n"
            os.write(master, answer.encode())
        assert process.stdout.read() == "['yes', 'yes', 'no', 'no']\n"
        os.close(master)
    assert process.returncode == 0
