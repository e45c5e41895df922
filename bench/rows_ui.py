# SPDX-License-Identifier: Apache-2.0
"""A window while ten workers report 10,000 times a second each: how long its loop is away, how soon Stop acts, what
it costs. On an X server of its own, without a screen."""
import os
import shutil
import subprocess
import sys
import time

from harness import MISSING_STATUS, Group, figure, probe

WORKERS = 10
REPORTS_PER_S = 10_000
SETTLE_S = 1.5  # the first frames, which load fonts and styles

REMOTE = f"""
import time
from Pro.MP import proWorkerObject
wait = proWorkerObject().waitObject()
begun = time.monotonic()
count = 0
while not wait.wasAborted():
    wait.progress(count // 100 % 101)
    wait.msg("report %d" % count)
    count += 1
    ahead = count / {REPORTS_PER_S} - (time.monotonic() - begun)
    if ahead > 0.001:
        time.sleep(ahead)
"""


def need_programs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            print(f"not installed: {program}")
            sys.exit(MISSING_STATUS)


def start_display():
    need_programs("Xvfb", "xdotool")
    reader, writer = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x900x24",
                               "-nolisten", "tcp", "-noreset"],
                              pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    os.environ.update(DISPLAY=f":{number}", GSK_RENDERER="cairo", GTK_A11Y="none", GSETTINGS_BACKEND="memory",
                      PROMP_UI="window")
    return server


class Window:
    """Ten bars and ten buttons; `sample(window)` is called until it answers with a figure."""

    def __init__(self, sample):
        from promp_side import ProManager
        from Pro.UI import ProView, proContext
        self.sample, self.figure = sample, None
        self.begun = time.monotonic()
        self.manager = ProManager()
        self.view = proContext().createView(ProView.Type_Custom, "bench")
        rows = "".join(f"<progbar id='{n}'/><btn id='{n + 1000}' text='Stop'/><nl/>" for n in range(WORKERS))
        self.view.setup(f"<ui><gl margin='20' spacing='20' align='top'>{rows}</gl></ui>", Window.callback, self)
        proContext().addView(self.view)
        proContext().run()

    @staticmethod
    def callback(view, self, code, control, event):
        from Pro.UI import pvnButtonClicked, pvnIdle, pvnInit
        if code == pvnInit:
            self.start(view)
        elif code == pvnIdle:
            self.manager.processMessages()
            if self.figure is None and time.monotonic() > self.begun + SETTLE_S:
                self.figure = self.sample(self)
                if self.figure is not None:
                    view.close()
        elif code == pvnButtonClicked:
            self.manager.abortOperation(self.workers[control.id() - 1000], 1000)

    def start(self, view):
        from Pro.Core import NTSimpleWait

        class Bar(NTSimpleWait):
            def __init__(self, control):
                super().__init__()
                self.control = control

            def progress(self, value):
                self.control.setValue(value)

        self.workers = [self.manager.startWorker() for _ in range(WORKERS)]
        self.bars = [Bar(view.getView(n)) for n in range(WORKERS)]
        self.waits = [self.manager.createWaitObject(*pair) for pair in zip(self.workers, self.bars)]
        for worker in self.workers:
            self.manager.evalPythonCode(worker, REMOTE)
        view.startIdleNotifications()


def measure(sample):
    server = start_display()
    try:
        window = Window(sample)
        window.manager.close()
        return window.figure
    finally:
        server.terminate()
        server.wait()


def longest_away(seconds, which):
    """Milliseconds; which: 0 by the clock, 1 by the thread's use of the processor, which load does not change."""
    from Pro import _ui
    state = {}

    def sample(window):
        now = time.monotonic()
        if "since" not in state:
            state["since"] = now
            _ui.takeLongestMs()
        return _ui.takeLongestMs()[which] if now > state["since"] + seconds else None

    return measure(sample)


def stop_acts():
    """Milliseconds from when the click is given to X until the task's end is known."""
    state = {}

    def sample(window):
        x, y, width, height = window.view.getView(1004).place()
        if "clicked" not in state:
            subprocess.run(["xdotool", "mousemove", str(x + width // 2), str(y + height // 2)], check=True)
            state["clicked"] = time.monotonic()
            state["tool"] = subprocess.Popen(["xdotool", "click", "1"])
            return None
        if window.manager.workerInfo(window.workers[4]).state == "busy":
            return None
        elapsed = (time.monotonic() - state["clicked"]) * 1000
        state["tool"].wait()
        return elapsed

    return measure(sample)


def resident_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def memory_growth(seconds):
    """Megabytes."""
    state = {}

    def sample(window):
        now = time.monotonic()
        state.setdefault("since", now)
        state.setdefault("before", resident_kb())
        return max(0, resident_kb() - state["before"]) / 1024 if now > state["since"] + seconds else None

    return measure(sample)


def longest_row(scale):
    return Group("ten workers report 10,000/s each: longest the window's loop was away", "ms",
                 probe("rows_ui", "longest_away", scale.count(8), 0), target=figure(at_most=16))


def longest_processor_row(scale):
    return Group("ten workers report 10,000/s each: most processor time between two looks at events", "ms",
                 probe("rows_ui", "longest_away", scale.count(8), 1), target=figure(at_most=16))


def stop_row(scale):
    return Group("ten workers report 10,000/s each: a click on Stop until the task ended", "ms",
                 probe("rows_ui", "stop_acts"), target=figure(at_most=100))


def memory_row(scale):
    return Group("ten workers report 10,000/s each: growth of the window's process in 10 s", "MB",
                 probe("rows_ui", "memory_growth", scale.count(10)), target=figure(at_most=1), rounds=3)


GROUPS = [longest_row, longest_processor_row, stop_row, memory_row]
