# SPDX-License-Identifier: Apache-2.0
"""Views in windows: controls that are used, callbacks, dialogs, what is refused."""

import pytest

from display import wait_until

HEAD = """
import sys, threading
from Pro.UI import *
from Pro.Core import *

def say(*words):
    print("@", *words, flush=True)

def is_laid_out(view):
    try:
        return bool(view.place())
    except Exception:
        return False

def centre(view):
    x, y, width, height = view.place()
    return x + width // 2, y + height // 2
"""


@pytest.fixture
def run(display, python):
    """run(code): a program that says what it does, in windows."""

    def run(code, **environment):
        return python("-c", HEAD + code, environment={**display.environment, **environment})

    return run


def number(session, label):
    """Numbers that the program said after a label."""
    session.wait_for(f"@ {label} ")
    while "\n" not in session.text().split(f"@ {label} ")[1]:  # the rest of the line
        session.pump()
    line = session.text().split(f"@ {label} ")[1].split("\n")[0]
    return [int(word) for word in line.split()]


CONTROLS = """
XML = '''<ui><vl margin='16' spacing='10'>
<label id='1' text='Name' bold='1'/><edit id='2' hint='name' name='Name'/>
<hl spacing='8'><check id='3' text='Check'/><combo id='4' items='one|two|three'/><space/><btn id='5' text='Go' default='1'/></hl>
<group text='Group'><progbar id='6'/></group>
<hs><text id='7' wrap='1' name='Log'/><tab><table id='8' title='Table' columns='Number|Square'/><tree id='9' title='Tree' columns='Name|Size'/>
<plot id='10' title='Plot'/></tab></hs></vl></ui>'''

def callback(cv, data, code, view, event):
    if code == pvnInit:
        cv.getView(6).setValue(40)
        cv.getView(7).setText("text\\n")
        table = cv.getView(8)
        table.setColumnWidth(0, 12)
        table.setRowCount(1000000)
        tree = cv.getView(9)
        root = tree.addNode(0, ["root", "1"])
        tree.addNode(root, ["child", "2"])
        tree.setExpanded(root)
        cv.getView(10).setSeries("squares", [n * n for n in range(30)])
        cv.getView(10).setSeries("cubes", [n * n * n / 20 for n in range(30)])
        cv.startIdleNotifications()
    elif code == pvnIdle and not data and is_laid_out(cv.getView(5)):
        data.append(1)
        for id in (2, 3, 5):
            say("place%d" % id, *centre(cv.getView(id)))
    elif code == pvnButtonClicked:
        cv.getView(7).setSelectedText("clicked %d\\n" % view.id())
        say("clicked", view.id(), cv.getView(2).getText(), cv.getView(3).getValue())
    elif code == pvnTextChanged:
        say("text", view.getText())
    elif code == pvnValueChanged:
        say("value", view.id(), view.getValue())
    elif code == pvnGetTableRow:
        event.setText(0, str(event.row))
        event.setText(1, str(event.row ** 2))
    elif code == pvnClose:
        say("close", cv.getView(2).getText())

view = proContext().createView(ProView.Type_Custom, "Controls")
view.setup(XML, callback, [])
proContext().addView(view)
assert proContext().currentView() is view
"""


@pytest.mark.parametrize("theme, scale", [("Adwaita", 1), ("Adwaita:dark", 1), ("Adwaita", 2)])
def test_controls_are_used(display, run, theme, scale):
    session = run(CONTROLS, GTK_THEME=theme, GDK_SCALE=str(scale))
    display.focus("Controls")
    edit, check, button = (number(session, f"place{id}") for id in (2, 3, 5))
    edit, check, button = ([scale * n for n in place] for place in (edit, check, button))
    display.click(*edit)
    display.type("abc")
    session.wait_for("@ text abc\n")
    display.click(*check)
    session.wait_for("@ value 3 1\n")
    display.click(*button)
    session.wait_for("@ clicked 5 abc 1\n")
    display.screenshot(f"controls-{theme.replace(':', '-')}-{scale}x")
    display.close_window("Controls")
    session.wait_for("@ close abc\n")
    assert session.end() == 0
    assert session.complaints() == ""


def test_a_callback_that_raises_shows_its_traceback_and_the_view_lives_on(display, run):
    session = run("""
def callback(cv, data, code, view, event):
    if code == pvnButtonClicked:
        if view.id() == 1:
            raise ValueError("from the callback")
        say("alive")
view = proContext().createView(ProView.Type_Custom, "Raises")
view.setup("<ui><vl><btn id='1' text='Raise'/><btn id='2' text='Two'/></vl></ui>", callback, None)
proContext().addView(view)
""")
    display.press("Raises", "space")  # the first button has the focus
    assert "Traceback" in session.wait_for("from the callback", "stderr")
    display.press("Raises", "Tab", "space")
    session.wait_for("@ alive")
    display.close_window("Raises")
    assert session.end() == 0


def test_dialogs_are_nested(display, run):
    session = run("""
def callback(cv, depth, code, view, event):
    if code == pvnButtonClicked and view.id() == 1 and depth < 3:
        say("result", depth, show(depth + 1))
    elif code == pvnButtonClicked and view.id() == 2:
        cv.close(depth)

def show(depth):
    view = proContext().createView(ProView.Type_Custom, "Dialog %d" % depth)
    view.setup("<ui><vl margin='20' spacing='8'><btn id='1' text='Deeper'/><btn id='2' text='Done'/></vl></ui>",
               callback, depth)
    return proContext().createDialog(view).show()

say("outer", show(1))
""")
    display.press("Dialog 1", "space")
    display.press("Dialog 2", "space")
    display.press("Dialog 3", "Tab", "space")
    session.wait_for("@ result 2 3\n")
    display.close_by_key("Dialog 2", "Escape")
    session.wait_for("@ result 1 0\n")
    display.close_by_key("Dialog 1", "Escape")
    session.wait_for("@ outer 0\n")
    assert session.end() == 0
    assert session.complaints() == ""


def test_interrupts_end_a_dialog(display, run):
    import signal

    session = run("""
view = proContext().createView(ProView.Type_Text, "Text")
try:
    proContext().createDialog(view).show()
except KeyboardInterrupt:
    say("interrupted", view.isOpen())
""")
    display.focus("Text")
    session.process.send_signal(signal.SIGINT)
    session.wait_for("@ interrupted False\n")
    assert session.end() == 0


def test_a_box_asks(display, run):
    session = run("""
say("first", proContext().msgBox("Shall it be done?", "Question 1", ProBox_Yes | ProBox_No) == ProBox_Yes)
say("second", proContext().msgBox("Shall it be done?", "Question 2", ProBox_Yes | ProBox_No) == ProBox_No)
""")
    display.focus("Question 1")
    display.screenshot("question")
    display.press("Question 1", "Return")
    session.wait_for("@ first True\n")
    display.press("Question 2", "Escape")
    session.wait_for("@ second True\n")
    assert session.end() == 0


PLUGIN_ASKS = """
import os
from Pro.MP import *
manager = ProManager()
manager.setOptions(ProMPOpt_Quiet)
worker = manager.startWorker()
manager.evalPythonCode(worker, PREPARATION)
manager.callPlugin(worker, os.environ["PROMP_BOX_PLUGIN"], "ask", None, True)
manager.wait()
while manager.hasResults():
    ending = manager.takeEnding(worker)
    if ending[2] is not None:
        say("answer", ending[2])
"""


@pytest.mark.parametrize("preparation", ["", "import Pro.UI"])
@pytest.mark.parametrize("key, button", [("Return", "ProBox_Yes"), ("Escape", "ProBox_Cancel")])
def test_a_plugin_in_a_worker_asks(display, run, preparation, key, button):
    session = run(f"PREPARATION = {preparation!r}\n" + PLUGIN_ASKS + f"say('expected', {button})")
    display.press("Plug-in", key)
    assert number(session, "answer") == number(session, "expected")
    assert session.end() == 0, session.text("stderr")


def test_a_plugin_that_asks_is_aborted(display, run):
    session = run("""
import os
from Pro.MP import *
manager = ProManager()
manager.setOptions(ProMPOpt_Quiet)
worker = manager.startWorker()
manager.callPlugin(worker, os.environ["PROMP_BOX_PLUGIN"], "ask", None, True)
say(sys.stdin.readline().strip())
manager.abortOperation(worker, 600000)
manager.wait()
error = manager.takeEnding(worker)[3]
say("ended", type(error).__name__)
""")
    display.focus("Plug-in")
    session.write("now\n")
    session.wait_for("@ ended ProAbortedError\n")
    display.wait_for_windows("Plug-in", 0)
    assert session.end() == 0


def test_files_are_chosen(display, run, tmp_path):
    (tmp_path / "program.exe").write_bytes(b"MZ")
    session = run(f"""
say("cancelled", repr(proContext().getOpenFileName("Open none", {str(tmp_path)!r}, "Programs (*.exe)")))
say("chosen", proContext().getOpenFileName("Open it", {str(tmp_path / "program.exe")!r}, "Programs (*.exe)"))
""")
    display.focus("Open none")
    display.screenshot("open_file")
    display.press("Open none", "Escape")
    session.wait_for("@ cancelled ''")
    display.focus("Open it")
    while "@ chosen" not in session.text():  # it tells nobody when it has read the folder
        display.key("Return")
        session.pump()
    session.wait_for(f"@ chosen {tmp_path / 'program.exe'}\n")
    assert session.end() == 0


def test_the_widest_shape_of_a_script_that_ends_badly(display, run):
    session = run("""
view = proContext().createView(ProView.Type_Text, "Text")
proContext().addView(view)
raise RuntimeError("the script fails")
""")
    assert session.end() == 1
    assert "the script fails" in session.text("stderr")


def test_views_are_collected(display, run):
    session = run("""
import gc, weakref

class Holder:
    pass

def callback(cv, holder, code, view, event):
    if code == pvnIdle:
        cv.close()

def make(opened):
    holder = Holder()
    holder.view = proContext().createView(ProView.Type_Custom, "Leaks")
    holder.view.setup("<ui><progbar id='1'/></ui>", callback, holder)
    holder.bar = holder.view.getView(1)
    if opened:
        holder.view.startIdleNotifications()
        proContext().addView(holder.view)
        proContext().run()
    return weakref.ref(holder)

for opened in (False, True):
    reference = make(opened)
    gc.collect()
    say("gone", reference() is None)
""")
    assert session.end() == 0
    assert session.text() == "@ gone True\n@ gone True\n"


def test_rows_by_keyboard_and_mouse(display, run):
    session = run("""
def callback(cv, data, code, view, event):
    if code == pvnInit:
        view.getView(1).setRowCount(100)
        tree = view.getView(2)
        top = tree.addNode(0, "top")
        tree.addNode(top, "below")
    elif code == pvnGetTableRow:
        event.setText(0, "row %d" % event.row)
    elif code == pvnRowSelected:
        say("selected", view.id(), event.row, event.node)
    elif code == pvnRowActivated:
        say("activated", view.id(), event.row, event.node)
    elif code == pvnContextMenu:
        event.addAction(7, "Seven")
        event.addAction(8, "Eight")
        say("menu", view.id())
    elif code == pvnAction:
        say("action", event.action, view.id())
view = proContext().createView(ProView.Type_Custom, "Rows")
view.setup("<ui><hs><table id='1' columns='Row'/><tree id='2'/></hs></ui>", callback, None)
proContext().addView(view)
""")
    display.focus("Rows")
    display.click(60, 40)
    _, row, _ = number(session, "selected")
    while row < 3:
        row += 1
        display.press("Rows", "Down")
        session.wait_for(f"@ selected 1 {row} 0\n")
    display.key("Return")
    session.wait_for("@ activated 1 ")
    display.click(60, 40, 3)
    session.wait_for("@ menu 1\n")
    wait_until(display.menus, "no menu is shown")
    display.key("Return")
    session.wait_for("@ action 7 1\n")
    wait_until(lambda: not display.menus(), "the menu stays")
    display.click(600, 40)
    session.wait_for("@ selected 2 -1 1\n")
    display.screenshot("rows")
    display.close_by_key("Rows", "ctrl+w")
    assert session.end() == 0
    assert session.complaints() == ""


WORKER_DIALOG = """
from Pro.MP import *
code = '''
from Pro.UI import *
view = proContext().createView(ProView.Type_Text, "In a worker")
if DIALOG:
    proContext().createDialog(view).show()
else:
    proContext().addView(view)
'''.replace("DIALOG", DIALOG)
manager = ProManager()
manager.setOptions(ProMPOpt_Quiet)
worker = manager.startWorker()
manager.evalPythonFunction(worker, code + "\\ndef nothing():\\n    pass\\n", "nothing", [], True)
say("given")
while manager.isBusy():
    manager.waitAny(100)
    if HOW == "abort" and sys.stdin in __import__("select").select([sys.stdin], [], [], 0)[0]:
        HOW = sys.stdin.readline().strip()
        manager.abortOperation(worker, 60000)
ending = manager.takeEnding(worker)
say("ended", type(ending[3]).__name__)
"""


@pytest.mark.parametrize("dialog", ["True", "False"])
def test_a_workers_task_lasts_as_long_as_its_view(display, run, dialog):
    session = run(f"DIALOG, HOW = {dialog!r}, 'wait'\n" + WORKER_DIALOG)
    display.focus("In a worker")
    assert "@ ended" not in session.text()
    display.close_window("In a worker")
    session.wait_for("@ ended NoneType\n")
    assert session.end() == 0


@pytest.mark.parametrize("dialog", ["True", "False"])
def test_a_worker_that_shows_is_aborted(display, run, dialog):
    session = run(f"DIALOG, HOW = {dialog!r}, 'abort'\n" + WORKER_DIALOG)
    display.focus("In a worker")
    session.write("now\n")
    session.wait_for("@ ended ProAbortedError\n")
    display.wait_for_windows("In a worker", 0)
    assert session.end() == 0
    session.expect_nothing_left()


def test_opening_and_closing_costs_no_memory(display, run):
    session = run("""
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def callback(cv, data, code, view, event):
    if code == pvnIdle:
        cv.close()

def round():
    view = proContext().createView(ProView.Type_Custom, "Again")
    view.setup("<ui><tab><table id='1' columns='a|b'/><tree/><text/><hex/></tab><progbar/></ui>", callback)
    view.getView(1).setRowCount(10)
    view.startIdleNotifications()
    proContext().addView(view)
    view.startIdleNotifications()
    proContext().run()

for _ in range(30):
    round()
before = resident()
for _ in range(100):
    round()
grown = (resident() - before) / 1024
say("grown" if grown > 8 else "flat", "%.1f MB" % grown)
""")
    assert session.end() == 0
    assert session.text().startswith("@ flat"), session.text()
