# SPDX-License-Identifier: Apache-2.0
"""The same calls without a display: lines, questions on stdin, views as text; and what is refused."""

import os
import pty
import re
import signal
import subprocess

import pytest

from conftest import HERE, SCRIPTS
from support.make_pe import make_pe

needs_scripts = pytest.mark.skipif(not SCRIPTS.is_dir(), reason=f"{SCRIPTS} is not there")


@pytest.fixture
def environment():
    without = ("DISPLAY", "WAYLAND_DISPLAY", "PROMP_UI", "NO_COLOR")
    return {name: value for name, value in os.environ.items() if name not in without}


@pytest.fixture
def run(python, environment):
    def run(*arguments, **more):
        options = {key: more.pop(key) for key in ("stdin",) if key in more}
        return python(*arguments, environment={**environment, **more}, **options)

    return run


class Terminal:
    """A program on a pseudo terminal."""

    def __init__(self, start, command, environment):
        self.master, slave = pty.openpty()
        self.session = start(*command, environment={**environment, "TERM": "xterm"}, stdin=slave, preexec_fn=take_over)
        os.close(slave)

    def type(self, text):
        os.write(self.master, text.encode())


def take_over():
    """The child's controlling terminal is its standard input."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.dup2(0, 2)


@needs_scripts
@pytest.mark.parametrize("name", ["02_message_box", "03_message_box_all"])
def test_boxes(run, name):
    session = run(HERE / "script.py", SCRIPTS / f"{name}.py")
    count = 3 if "all" in name else 1
    for shown in range(count):
        while session.text().count("This is a test message box.\n[Enter]\n") <= shown:
            session.pump()
        session.write("\n")
    assert session.end() == 0
    assert "finished!" in session.text()


@needs_scripts
@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_progress_lines(run, name):
    session = run(HERE / "script.py", SCRIPTS / f"{name}.py")
    assert session.end() == 0
    lines = session.text("stderr").splitlines()
    done = re.fullmatch(r"Completed: 100%  \[#{24}\] 100 %  done after ([0-9.]+) s", lines[-1])
    assert done
    assert 2 <= len(lines) <= float(done[1]) + 2  # one a second at most, the first and the last
    # A worker may begin late, and its first value come after its first text: then there is only the text.
    has_value = False
    for line in lines[:-1]:
        has_value = has_value or "[" in line
        bar = r"  \[#*-*\] +\d+ %.*" if has_value else ""
        assert re.fullmatch(rf"(Doing something\.\.\.|Completed: \d+%){bar}", line), lines
    session.expect_nothing_left()


@needs_scripts
@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_an_interrupt_aborts(run, name):
    session = run(HERE / "script.py", SCRIPTS / f"{name}.py", "--endless")
    session.wait_for("Completed", "stderr")
    session.process.send_signal(signal.SIGINT)
    session.wait_for("@ through")
    assert session.end() == 0
    assert re.search(r"stopped after [0-9.]+ s\n$", session.text("stderr"))
    assert "KeyboardInterrupt" not in session.text("stderr")


def live_output(start, environment, code):
    """What a program writes to a terminal as its standard error."""
    master, slave = pty.openpty()
    import sys

    process = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stderr=slave, stdout=subprocess.DEVNULL,
                               env={**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    os.close(slave)
    output = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        output += data
    os.close(master)
    assert process.wait(60) == 0
    return output.decode()


WAITS = """
import time
from Pro.UI import *
waits = [proContext().startWait("worker %d" % n, 0) for n in range(3)]
for percent in range(0, 101, 5):
    for wait in waits:
        wait.progress(percent)
    time.sleep(0.06)
for wait in waits:
    wait.stop()
"""


def test_one_live_line_a_wait_object(start, environment):
    output = live_output(start, environment, WAITS)
    assert "\x1b[3A\r\x1b[J" in output  # three lines are drawn anew
    assert "\x1b[32m" in output
    assert re.search(r"\d+\.\d %/s, \d+ s left", output)
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output)
    for number in range(3):
        assert re.search(rf"worker {number}  \S+ 100 %  done after", plain)


def test_no_color(start, environment):
    output = live_output(start, {**environment, "NO_COLOR": "1"}, WAITS)
    assert "\x1b[3A" in output
    assert not re.search(r"\x1b\[[0-9;]*m", output)


def test_hostile_texts_do_not_steer_the_terminal(start, environment):
    output = live_output(start, environment, """
from Pro.UI import *
wait = proContext().startWait("bad \\x1b]0;title\\x07 \\u009b31m text", 0)
wait.progress(1)
wait.stop()
""")
    assert "bad ?]0;title? ?31m text" in output


@needs_scripts
def test_15_as_text(run):
    session = run(HERE / "script.py", SCRIPTS / "15_ui_view.py")
    session.wait_for("== MP View ==\n")
    session.wait_for("remote message 1\n")
    session.write("q\n")
    assert session.end() == 0
    assert session.text("stderr") == ""
    session.expect_nothing_left()


@needs_scripts
def test_16_as_text(run):
    session = run(HERE / "script.py", SCRIPTS / "16_ui_progress.py")
    session.wait_for("[Stop] (1003)")
    session.write("1003\n")
    session.wait_for("@ abort 4\n")
    session.write("9999\n")
    session.wait_for("no control with id 9999")
    session.write("q\n")
    assert session.end() == 0
    session.expect_nothing_left()


@needs_scripts
def test_16_nobody_to_ask(run):
    session = run(HERE / "script.py", SCRIPTS / "16_ui_progress.py", stdin=subprocess.DEVNULL)
    assert session.end() == 0  # once the workers are through
    assert session.text("stderr").count("100 %") == 10


IMPORTED = "imported module: KERNEL32.dll\nimported module: WS2_32.dll\n"


@needs_scripts
def test_18_as_text(run, tmp_path):
    file = tmp_path / "made.exe"
    file.write_bytes(make_pe())
    session = run(SCRIPTS / "18_container_pe.py")
    session.wait_for("Select Windows executable...")
    session.write(f"{file}\n")
    assert session.end() == 0
    assert session.text().endswith(IMPORTED)
    assert session.text("stderr") == ""
    session.expect_nothing_left()


@needs_scripts
def test_18_of_no_executable(run, tmp_path):
    file = tmp_path / "text.exe"
    file.write_text("MZ and no more")
    session = run(SCRIPTS / "18_container_pe.py")
    session.write(f"{file}\n")
    assert session.end() == 0
    assert session.text().endswith("error: couldn't load file\n")


@needs_scripts
def test_19_as_text(run, tmp_path):
    file = tmp_path / "data"
    file.write_bytes(b"hello, bytes" * 100)
    session = run(HERE / "script.py", SCRIPTS / "19_container_hex_view.py")
    session.wait_for("Select a file...")
    session.write("/does/not/exist\n")
    session.wait_for("/does/not/exist: No such file or directory")
    session.write(f"{file}\n")
    assert session.end() == 0
    assert "== Remote Container Data ==" in session.text()
    assert "00000000  68 65 6c 6c 6f 2c 20 62  79 74 65 73 68 65 6c 6c  hello, byteshell" in session.text()


@needs_scripts
@pytest.mark.parametrize("name", ["18_container_pe", "19_container_hex_view"])
def test_no_file_is_chosen(run, name):
    session = run(SCRIPTS / f"{name}.py")
    session.write("\n")
    assert session.end() == 0


def test_questions(run):
    session = run("-c", """
from Pro.UI import *
ask = lambda: proContext().msgBox("Go on?", buttons=ProBox_Yes | ProBox_No)
print(ask() == ProBox_Yes, ask() == ProBox_No, ask() == ProBox_Yes, ask() == ProBox_No, flush=True)
""")
    session.write("y\nwhat\nno\n\n")
    session.process.stdin.close()
    assert session.end() == 0
    assert session.text().endswith("True True True True\n")


# ---- what is refused ----

BAD = """
from Pro.UI import *
from Pro.Core import NTContainer
import threading

def refused(kind, text, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        assert text in str(error), (text, str(error))
    else:
        raise AssertionError(f"nothing refused {arguments}")

context = proContext()
new = lambda type=ProView.Type_Custom: context.createView(type, "View")
view = new()
for xml, text in [
        ("<ui><buton/></ui>", "line 1, column 5: <buton>: unknown element; did you mean <btn>?"),
        ("<ui><btn txet='a'/></ui>", "unknown attribute 'txet'; did you mean 'text'?"),
        ("<ui><btn id='1'/><btn id='1'/></ui>", "id 1 is that of <btn> in line 1, column 5 already"),
        ("<ui><btn id='one'/></ui>", "id='one' is not a number"),
        ("<ui><btn></ui>", "line 1, column 10: in <btn>: malformed XML"),
        ("", "line 1, column 1")]:
    refused(ValueError, text, view.setup, xml, None, None)
refused(TypeError, "callable", view.setup, "<ui/>", 5)
refused(ValueError, "set the custom view up before it is opened", context.addView, view)
view.setup("<ui><btn id='3' text='a'/><edit id='4'/><combo id='5' items='a|b'/><table id='6'/></ui>", None, None)
refused(ValueError, "set up already", view.setup, "<ui/>", None, None)
refused(ValueError, "no control with id 7; there are 3, 4, 5, 6", view.getView, 7)
refused(TypeError, "int", view.getView, "3")
refused(RuntimeError, "a button with id 3 has no value", view.getView(3).setValue, 1)
refused(RuntimeError, "a edit with id 4 has no rows", view.getView(4).setRowCount, 1)
refused(ValueError, "2 is not one of 2 items", view.getView(5).setValue, 2)
refused(TypeError, "", view.getView(4).setText, b"bytes")
refused(ValueError, "a table has 0 to", view.getView(6).setRowCount, -1)
refused(ValueError, "there is no row 0", view.getView(6).setSelected, 0)
refused(TypeError, "NTContainer", new(ProView.Type_Hex).setData, b"bytes")
refused(ValueError, "the container is null", new(ProView.Type_Hex).setData, NTContainer())
refused(ValueError, "there is no view of type 99", context.createView, 99, "")
refused(TypeError, "ProView", context.createDialog, "view")
refused(TypeError, "ProView", context.addView, None)
refused(ValueError, "the tree has no node 5", new(ProView.Type_Tree).addNode, 5, "text")
refused(ValueError, "3 values of x do not fit 2 of y", new(ProView.Type_Plot).setSeries, "a", [1, 2], [1, 2, 3])
wait = context.startWait("text")
failures = []

def in_a_thread():
    for call in (new, lambda: view.getView(3).setText("b"), lambda: context.addView(view), context.processEvents,
                 lambda: wait.progress(1), wait.stop, lambda: context.msgBox("text"), context.getOpenFileName,
                 context.currentView, lambda: context.startWait("")):
        try:
            call()
            failures.append(call)
        except RuntimeError as error:
            assert "main thread" in str(error)

thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
assert not failures, failures
wait.stop()
print("all refused")
"""


def test_what_is_wrong_is_refused_by_name(run):
    session = run("-c", BAD, stdin=subprocess.DEVNULL)
    assert session.end() == 0, session.text("stderr")
    assert session.text() == "all refused\n"


def test_views_as_text(run):
    session = run("-c", """
from Pro.UI import *
from Pro.Core import NTContainer
view = proContext().createView(ProView.Type_Custom, "All")
def callback(cv, data, code, view, event):
    if code == pvnGetTableRow:
        event.setText(0, "row %d" % event.row)
        event.setText(1, "x" * event.row)
view.setup('''<ui><hl><label text='Name'/><edit id='1' text='a'/><check id='2' text='c' checked='1'/></hl>
<group text='Group'><combo id='3' items='one|two' value='1'/></group>
<table id='4' columns='First|Second'/><tree id='5'/><progbar id='6' value='50'/><img src='a.png'/></ui>''', callback)
view.getView(4).setRowCount(3)
node = view.getView(5).addNode(0, "top")
view.getView(5).addNode(node, "below")
print(view.toText(), end="")
""", stdin=subprocess.DEVNULL)
    assert session.end() == 0, session.text("stderr")
    assert session.text() == """\
Name  "a" (1)  [x] c (2)
-- Group --
<two> (3)
First  Second
row 0  
row 1  x
row 2  xx
top
  below
  6  [############------------]  50 %
[image a.png]
"""
