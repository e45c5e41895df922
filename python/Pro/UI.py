# SPDX-License-Identifier: Apache-2.0
"""Progress, questions and views: in windows where there is a display, else on the terminal.

proContext() is where everything begins. Windows are used if DISPLAY or WAYLAND_DISPLAY is set; the environment
variable PROMP_UI ("terminal" or "window") decides otherwise. Everything here belongs to the main thread, of a
manager's process or of a worker: RuntimeError from others.

A program whose script has ended goes on until its views are closed; so does a worker's task.
"""

import atexit
import sys

import Pro.MP  # before this module's exit function is registered: views close before managers do
from Pro import _ui
from Pro._ui import (
    ProBox_Cancel,
    ProBox_No,
    ProBox_OK,
    ProBox_Yes,
    ProBoxIcon_Error,
    ProBoxIcon_Information,
    ProBoxIcon_None,
    ProBoxIcon_Question,
    ProBoxIcon_Warning,
    ProUIWait,
    ProView,
    ProViewEvent,
    pvnAction,
    pvnButtonClicked,
    pvnClose,
    pvnContextMenu,
    pvnGetTableRow,
    pvnIdle,
    pvnInit,
    pvnPageChanged,
    pvnRowActivated,
    pvnRowSelected,
    pvnTextChanged,
    pvnValueChanged,
)

__all__ = [
    "ProBoxIcon_Error", "ProBoxIcon_Information", "ProBoxIcon_None", "ProBoxIcon_Question", "ProBoxIcon_Warning",
    "ProBox_Cancel", "ProBox_No", "ProBox_OK", "ProBox_Yes", "ProContext", "ProDialog", "ProUIWait", "ProView",
    "ProViewEvent", "proContext", "pvnAction", "pvnButtonClicked", "pvnClose", "pvnContextMenu", "pvnGetTableRow",
    "pvnIdle", "pvnInit", "pvnPageChanged", "pvnRowActivated", "pvnRowSelected", "pvnTextChanged",
    "pvnValueChanged",
]


class ProDialog:
    """A view in front of the others; see ProContext.createDialog()."""

    def __init__(self, view):
        self._view = view

    def show(self):
        """Opens it and handles events until it is closed; returns what close() was given, 0 if the person closed it."""
        return _ui.showDialog(self._view)

    def close(self, result=0):
        """Closes it: show() returns `result`."""
        self._view.close(result)

    def view(self):
        """The view that it shows."""
        return self._view


class ProContext:
    """The user interface; see proContext()."""

    def startWait(self, text="", delay=300):
        """A ProUIWait: a dialog with a text, a progress bar and Cancel, or a line on a terminal.

        It is shown once `delay` milliseconds went by without its stop(). On a terminal Ctrl-C is its Cancel.
        """
        return _ui.startWait(text, delay)

    def createView(self, type, title=""):
        """A ProView of one of the types ProView.Type_Custom, _Hex, _Text, _Table, _Tree, _Plot."""
        return ProView(type, title)

    def addView(self, view):
        """Opens a view in a window of its own, or prints it; returns at once."""
        _ui.addView(view)

    def createDialog(self, view):
        """A ProDialog that shows the view."""
        if not isinstance(view, ProView):
            raise TypeError(f"a ProView is wanted, not {type(view).__name__}")
        return ProDialog(view)

    def currentView(self):
        """The view whose window was used last; None: no view is open."""
        return _ui.currentView()

    def getOpenFileName(self, title="", start="", filters=""):
        """The path of a file that the person chose; "" if they cancelled.

        start: where to begin, a folder or file. filters: "Executables (*.exe *.dll);;All files (*)".
        """
        return _ui.chooseFile(False, title, start, filters)

    def getSaveFileName(self, title="", start="", filters=""):
        """The path to write to; "" if the person cancelled. The file may exist: they were asked."""
        return _ui.chooseFile(True, title, start, filters)

    def msgBox(self, text, title="promp", buttons=ProBox_OK, icon=ProBoxIcon_None):
        """Shows a text and waits for an answer: the button that was pressed.

        buttons: ProBox_OK, _Cancel, _Yes, _No, or'ed. A box that is closed otherwise answers with the first of
        Cancel, No, OK that it has; so does one that nobody can answer, and a line on stderr says so.

        In a worker that has no window the box goes up to the manager's process, which shows it in a window or on its
        terminal while it waits (wait(), processMessages() and their like).
        """
        return _ui.msgBox(text, title, buttons, icon)

    def hasWindows(self):
        """Whether there is a display; else everything is on the terminal."""
        return _ui.hasWindows()

    def processEvents(self):
        """Handles what has come: drawing, clicks, keys. Does not wait."""
        _ui.processEvents()

    def run(self):
        """Handles events until no view is open."""
        _ui.run()


_context = ProContext()


def proContext():
    """The ProContext of this process."""
    return _context


def _run_at_exit():
    """A program whose main code is through lives on as long as its views; not if it failed."""
    if hasattr(sys, "last_value"):
        _ui.closeAll()
        return
    try:
        _ui.run()
    except KeyboardInterrupt:
        pass  # the way to end a view on a terminal
    finally:
        _ui.closeAll()


def _run_at_task_end(succeeded):
    """Called in a worker: its task lives on as long as its views."""
    try:
        if succeeded:
            _ui.run()
    finally:
        _ui.closeAll()


def _show_box(text):
    """Called in a worker, for a task that is only a box; False: there are no windows."""
    if not _ui.hasWindows():
        return False
    _ui.msgBox(text, "promp", ProBox_OK, ProBoxIcon_None)
    return True


atexit.register(_run_at_exit)
