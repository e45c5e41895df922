# SPDX-License-Identifier: Apache-2.0
"""Boxes of workers that have no window, in windows of their manager's process."""

import pytest

HEAD = '''
import os, signal, sys
from Pro.MP import *

code = """
import os
os.environ["PROMP_UI"] = "terminal"
from Pro.UI import *
names = {ProBox_OK: "ok", ProBox_Cancel: "cancel", ProBox_Yes: "yes", ProBox_No: "no"}
def ask(title, text="Shall it be done?", buttons=ProBox_Yes | ProBox_No, icon=ProBoxIcon_Question):
    return names[proContext().msgBox(text, title, buttons, icon)]
"""

def say(*words):
    print("@", *words, flush=True)

def ask(manager, worker, *arguments):
    manager.evalPythonFunction(worker, code, "ask", list(arguments), True)

def say_results(manager):
    manager.wait()
    while manager.hasResults():
        task, worker, value, error = manager.takeEnding()
        say(value if error is None else type(error).__name__)

manager = ProManager()
manager.setOptions(ProMPOpt_Quiet)
worker = manager.startWorker()
'''


@pytest.fixture
def run(display, python):
    def run(code, **environment):
        return python("-c", HEAD + code, environment={**display.environment, **environment})

    return run


def expect_good_end(session):
    assert session.end() == 0, session.printed
    assert session.complaints() == ""
    session.expect_nothing_left()


# Neither program loads the user interface before there is a box, but one has.
@pytest.mark.parametrize("before", ["", "import Pro.UI\n"])
def test_it_is_the_managers_window(display, run, before):
    session = run(before + """
for title in ("Question 1", "Question 2", "Question 3"):
    ask(manager, worker, title)
say_results(manager)
""")
    assert display.process_of("Question 1") == session.process.pid
    display.screenshot("worker_box")
    display.press("Question 1", "Return")
    display.press("Question 2", "Escape")
    display.focus("Question 3")
    display.close_window("Question 3")
    session.wait_for("@ yes\n@ no\n@ no\n")
    expect_good_end(session)
    assert session.text() == "@ yes\n@ no\n@ no\n"  # the terminal was not asked


def test_one_at_a_time_from_all_levels(display, run):
    session = run("""
down = '''
from Pro.MP import *
def descend(code, title):
    with ProManager() as manager:
        worker = manager.startWorker()
        manager.evalPythonFunction(worker, code, "ask", [title], True)
        manager.wait()
        return manager.takeResult()
'''
for title in ("Question 1", "Question 2"):
    manager.evalPythonFunction(manager.startWorker(), down, "descend", [code, title], True)
say_results(manager)
""")
    for _ in range(2):
        display.wait_for_windows("Question", 1)
        assert display.process_of("Question") == session.process.pid
        first = "Question 1" if display.has("Question 1") else "Question 2"
        display.press(first, "Return")
        display.wait_for_windows(first, 0)
    session.wait_for("@ yes\n@ yes\n")
    expect_good_end(session)


@pytest.mark.parametrize("end, kind", [
    ("manager.abortOperation(worker, 4000)", "ProAbortedError"),
    ("os.kill(manager.workerInfo(worker).pid, signal.SIGKILL)", "ProWorkerDiedError")])
def test_it_goes_with_who_asked(display, run, end, kind):
    session = run(f"""
ask(manager, worker, "Question 1")
import select, threading
while not select.select([sys.stdin], [], [], 0)[0]:
    manager.waitAny(10)
{end}
say_results(manager)
ask(manager, worker, "Question 2")
say_results(manager)
""")
    display.focus("Question 1")
    session.write("now\n")
    session.wait_for(f"@ {kind}\n")
    display.wait_for_windows("Question 1", 0)
    display.press("Question 2", "Return")
    session.wait_for("@ yes\n")
    expect_good_end(session)


def test_it_goes_with_the_manager(display, run):
    session = run("""
ask(manager, worker, "Question")
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    manager.waitAny(10)
manager.close()
say("closed")
sys.stdin.readline()
sys.stdin.readline()
""")
    display.focus("Question")
    session.write("now\n")
    session.wait_for("@ closed\n")
    display.wait_for_windows("Question", 0)
    session.write("through\n")
    expect_good_end(session)


# A worker must not hold the program up: its views are used on while the box waits.
VIEW = """
from Pro.UI import *

def callback(view, data, code, control, event):
    if code == pvnButtonClicked:
        say("clicked")
    elif code == pvnIdle:
        manager.processMessages()
        while manager.hasResults():
            say(manager.takeResult())
    return 1

view = proContext().createView(ProView.Type_Custom, "Program")
view.setup("<ui><btn id='1' text='Press'/></ui>", callback)
view.startIdleNotifications()
proContext().addView(view)
say("shown")
ask(manager, worker, "Question")
"""


def test_views_live_on_beside_it(display, run):
    session = run(VIEW)
    session.wait_for("@ shown\n")
    display.focus("Question")
    display.screenshot("worker_box_beside_a_view")
    display.press("Program", "space")
    session.wait_for("@ clicked\n")
    display.press("Question", "Return")
    session.wait_for("@ yes\n")
    display.wait_for_windows("Question", 0)
    display.close_window("Program")
    expect_good_end(session)


def test_buttons_of_a_long_text_stay_on_the_screen(display, run):
    session = run("""
ask(manager, worker, "Question", "a line that is long enough to be wrapped, and more than once, " * 200, 15, 4)
ask(manager, worker, "Letter", "x" * 1000000)
say_results(manager)
""")
    _, _, width, height = display.window("Question")
    display.screenshot("worker_box_long")
    assert width < 900 and height < 600
    display.press("Question", "Escape")
    _, _, width, height = display.window("Letter")
    display.screenshot("worker_box_letter")
    assert width < 900 and height < 600
    display.press("Letter", "Return")
    session.wait_for("@ cancel\n@ yes\n")
    expect_good_end(session)


def test_in_another_thread_the_terminal_is_asked(display, run):
    session = run("""
import threading
def work():
    with ProManager() as other:
        ask(other, other.startWorker(), "Question")
        say_results(other)
thread = threading.Thread(target=work)
thread.start()
thread.join()
""")
    session.wait_for("Shall it be done?\n[yes/no]\n")
    session.write("y\n")
    session.wait_for("@ yes\n")
    expect_good_end(session)
