# SPDX-License-Identifier: Apache-2.0
"""A display without a screen, real keys and clicks on it, and programs that answer questions.

A key or a click is made once, when it is certain to be heard, and then its effect is waited for. Never again until
it was heard: the second one would meet what the first has led to.
"""

import os
import pathlib
import re
import select
import shutil
import subprocess
import time

import pytest

from x11 import Windows

PATIENCE_S = float(os.environ.get("PROMP_PATIENCE", 60))  # nothing takes this long unless it hangs


def wait_until(condition, what):
    """Waits for what nobody tells of; `what` (text, or called for one) is then not so."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.01)


class Display:
    """An X server of its own, that ends with it. Windows go by a part of their titles; the topmost counts."""

    def __init__(self, width=1280, height=900):
        for program in ("Xvfb", "xdotool", "import"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        # A server that resets itself when its last client goes turns away who comes meanwhile: -noreset.
        # Where a press and its release lie apart on a busy machine, the key would repeat: -r.
        reader, writer = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset", "-r"],
            pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        self.environment = {**os.environ, "DISPLAY": f":{number}", "GSK_RENDERER": "cairo", "GTK_A11Y": "none",
                            "GSETTINGS_BACKEND": "memory", "LC_ALL": "C.UTF-8"}
        # Trying GL loads a driver, and unloads it: what that leaked has no name that could be left out.
        self.environment["GDK_DEBUG"] = "gl-disable"
        self.environment.pop("WAYLAND_DISPLAY", None)
        self.screen = Windows(f":{number}")

    def close(self):
        if self.screen is not None:
            self.screen.close()  # before the server goes: Xlib ends the process of a lost connection
        self.screen = None
        self.server.terminate()
        self.server.wait(PATIENCE_S)

    def windows(self, title):
        """Those that can be seen, the topmost last."""
        return [window for window in self.screen.children()
                if re.search(title, self.screen.title(window)) and self.screen.is_viewable(window)]

    def has(self, title):
        return bool(self.windows(title))

    def wait_for_windows(self, title, count):
        wait_until(lambda: len(self.windows(title)) == count,
                   lambda: f"{len(self.windows(title))} windows of {title!r}, not {count}")

    def drawn_window(self, title):
        """The number of the topmost one, once it is drawn."""
        wait_until(lambda: self.has(title) and self.screen.is_drawn(self.windows(title)[-1]),
                   lambda: f"no drawn window {title!r}")
        return self.windows(title)[-1]

    def window(self, title):
        """x, y, width, height, once it is drawn."""
        found = self.screen.attributes(self.drawn_window(title))
        return found.x, found.y, found.width, found.height

    def process_of(self, title):
        return self.screen.process(self.drawn_window(title))

    def tool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, timeout=PATIENCE_S,
                       stdout=subprocess.DEVNULL)

    def focus(self, title):
        """Gives it the keys once it is drawn; there is no window manager that would."""
        def has_keyboard():
            window = self.drawn_window(title)
            self.screen.give_keyboard(window)
            return self.screen.has_keyboard(window)

        wait_until(has_keyboard, f"{title!r} does not take the keyboard")

    def press(self, title, *keys):
        self.focus(title)
        self.key(*keys)

    def close_by_key(self, title, key):
        self.press(title, key)
        self.wait_for_windows(title, 0)

    def close_window(self, title):
        """All of that title, as a window manager's close button does."""
        for window in self.windows(title):
            self.screen.ask_to_close(window)
        self.wait_for_windows(title, 0)

    def menus(self):
        """What has popped up, and is drawn: it has no title."""
        return [window for window in self.screen.children()
                if self.screen.is_drawn(window) and not self.screen.title(window)]

    def key(self, *keys):
        self.tool("key", "--clearmodifiers", *keys)

    def type(self, text):
        self.tool("type", "--clearmodifiers", "--delay", 5, text)

    def click(self, x, y, button=1):
        self.tool("mousemove", x, y, "click", button)

    def drag(self, x, y, to_x, to_y):
        self.tool("mousemove", x, y, "mousedown", 1, "mousemove", (x + to_x) // 2, (y + to_y) // 2,
                  "mousemove", to_x, to_y, "mouseup", 1)

    def screenshot(self, name):
        """Kept for people to look at."""
        folder = pathlib.Path(os.environ.get("PROMP_SCREENSHOTS", "screenshots"))
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-window", "root", str(folder / f"{name}.png")], env=self.environment, check=True,
                       timeout=PATIENCE_S)


class Program:
    """One that answers a line with a line."""

    def __init__(self, display, *command, **environment):
        self.process = subprocess.Popen(list(map(str, command)), env={**display.environment, **environment},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        assert ready, f"no answer to {question!r}"
        answer = self.process.stdout.readline()
        assert answer, f"the program ended with {self.process.wait(PATIENCE_S)}"
        return answer.strip()

    def expect(self, question, *parts):
        """Asks until all parts are in the answer: keys take their time through the server."""
        answers = []
        wait_until(lambda: answers.append(self.ask(question)) or all(part in answers[-1] for part in parts),
                   lambda: f"{question}: {answers[-1]}, and not {parts}")
        return answers[-1]

    def expect_not(self, question, part):
        """Asks until the part is gone; returns the answer without it."""
        answers = []
        wait_until(lambda: answers.append(self.ask(question)) or part not in answers[-1],
                   lambda: f"{question}: {answers[-1]}, with {part}")
        return answers[-1]

    def settle(self):
        """Until what has changed is painted."""
        self.ask("where nothing")

    def close(self):
        """Ends it as closing its input does, and returns its status."""
        self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.stdout.close()
