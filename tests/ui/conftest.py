# SPDX-License-Identifier: Apache-2.0
"""What the tests of the user interface share."""

import faulthandler
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

import pytest

from display import PATIENCE_S, Display

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = pathlib.Path(os.environ.get("PROMP_SEED_SCRIPTS", HERE.parents[2] / "shared" / "seed" / "scripts"))


@pytest.fixture(autouse=True)
def watchdog():
    """A test that hangs shows where, and ends the run."""
    faulthandler.dump_traceback_later(4 * PATIENCE_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


class Person(Display):
    """The display, and what a person sees and does there."""

    def ask(self, *arguments):
        """What xdotool prints; "" if it finds nothing."""
        done = subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, timeout=PATIENCE_S,
                              capture_output=True, text=True)
        assert "open display" not in done.stderr, done.stderr
        return done.stdout

    def windows(self, title):
        return self.ask("search", "--onlyvisible", "--name", title).split()

    def has(self, title):
        return bool(self.windows(title))

    def focus(self, title):
        """Waits for the window and gives it the keys."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.windows(title):
            assert time.monotonic() < deadline, f"no window {title!r}"
            time.sleep(0.05)
        self.ask("windowfocus", "--sync", self.windows(title)[-1])

    def wait_for_windows(self, title, count):
        deadline = time.monotonic() + PATIENCE_S
        while len(self.windows(title)) != count:
            assert time.monotonic() < deadline, f"{len(self.windows(title))} windows of {title!r}"
            time.sleep(0.05)

    def window(self, title):
        """x, y, width, height of the window."""
        lines = self.ask("search", "--onlyvisible", "--name", title, "getwindowgeometry", "--shell")
        values = dict(line.split("=") for line in lines.split())
        return tuple(int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def process_of(self, title):
        return int(self.ask("search", "--onlyvisible", "--name", title, "getwindowpid").split()[0])

    def try_key(self, title, key):
        """To the window of that title which lies on top; it may be gone by then."""
        windows = self.windows(title)
        if windows:
            self.ask("windowfocus", "--sync", windows[-1])
            self.ask("key", "--clearmodifiers", key)

    def close_by_key(self, title, key):
        deadline = time.monotonic() + PATIENCE_S
        while self.has(title):
            assert time.monotonic() < deadline, f"{title!r} does not close by {key}"
            self.try_key(title, key)
            time.sleep(0.1)

    def close_window(self, title):
        """As the window manager's close button does."""
        deadline = time.monotonic() + PATIENCE_S
        while self.has(title):
            assert time.monotonic() < deadline, f"{title!r} does not close"
            for window in self.windows(title):
                subprocess.run([sys.executable, HERE / "delete_window.py", window], env=self.environment, check=False,
                               timeout=PATIENCE_S)
            time.sleep(0.1)


@pytest.fixture
def display():
    display = Person()
    yield display
    display.close()


class Session:
    """A program in a process group of its own: what it prints, and whether anything of it is left."""

    def __init__(self, *command, environment=None, **options):
        self.process = subprocess.Popen(
            list(map(str, command)), env=environment or dict(os.environ), text=False, start_new_session=True,
            stdin=options.pop("stdin", subprocess.PIPE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.printed = {"stdout": b"", "stderr": b""}
        self.streams = {self.process.stdout: "stdout", self.process.stderr: "stderr"}

    def pump(self, seconds=0.05):
        ready, _, _ = select.select(list(self.streams), [], [], seconds) if self.streams else ([], [], [])
        for stream in ready:
            data = os.read(stream.fileno(), 65536)
            if data:
                self.printed[self.streams[stream]] += data
            else:
                del self.streams[stream]

    def text(self, name="stdout"):
        return self.printed[name].decode(errors="replace")

    def wait_for(self, text, name="stdout"):
        """Reads on until the text was printed; returns all of it."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.text(name):
            assert time.monotonic() < deadline, f"{text!r} was not printed: {self.printed}"
            assert self.streams, f"the program ended without {text!r}: {self.printed}"
            self.pump()
        return self.text(name)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self):
        """Its exit status, once it and its output are at their end."""
        deadline = time.monotonic() + PATIENCE_S
        while self.streams and time.monotonic() < deadline:
            self.pump()
        return self.process.wait(max(1, deadline - time.monotonic()))

    def descendants(self):
        """Process ids of the session that are alive."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] not in "ZX":
                found.append(int(entry.name))
        return found

    def expect_nothing_left(self):
        deadline = time.monotonic() + PATIENCE_S
        while self.descendants():
            assert time.monotonic() < deadline, f"left over: {self.descendants()}"
            time.sleep(0.02)

    def kill(self):
        for pid in self.descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start():
    """start(command...): a Session that does not outlive the test."""
    sessions = []

    def start(*command, **options):
        session = Session(*command, **options)
        sessions.append(session)
        return session

    yield start
    for session in sessions:
        session.kill()


@pytest.fixture
def python(start):
    """python(arguments..., environment=...): the same for this interpreter; files are of this folder."""
    return lambda *arguments, **options: start(sys.executable, *arguments, **options)
