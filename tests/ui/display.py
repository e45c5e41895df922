# SPDX-License-Identifier: Apache-2.0
"""A display without a screen, real keys and clicks on it, and programs that answer questions."""

import os
import pathlib
import select
import shutil
import subprocess
import time

import pytest

PATIENCE_S = float(os.environ.get("PROMP_PATIENCE", 60))  # nothing takes this long unless it hangs


class Display:
    """An X server of its own, that ends with it."""

    def __init__(self, width=1280, height=900):
        for program in ("Xvfb", "xdotool", "import"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        # A server that resets itself when its last client goes turns away who comes meanwhile: -noreset.
        reader, writer = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
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

    def close(self):
        self.server.terminate()
        self.server.wait(PATIENCE_S)

    def tool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, timeout=PATIENCE_S,
                       stdout=subprocess.DEVNULL)

    def focus(self, title):
        """Waits for the window; there is no window manager that would give it the keys."""
        self.tool("search", "--sync", "--onlyvisible", "--name", title, "windowfocus", "--sync")

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
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.ask(question)
            if all(part in answer for part in parts):
                return answer
            assert time.monotonic() < deadline, f"{question}: {answer}, and not {parts}"
            time.sleep(0.02)

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
