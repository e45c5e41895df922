# SPDX-License-Identifier: Apache-2.0
"""What the tests of the user interface share."""

import faulthandler
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from display import PATIENCE_S, Display, wait_until

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # for support
SCRIPTS = pathlib.Path(os.environ.get("PROMP_SEED_SCRIPTS", HERE.parents[2] / "shared" / "seed" / "scripts"))
GTK_NOTE = re.compile(r"\n?\(.*\): Gtk-WARNING \*\*: [0-9:.]+: Broken accounting of active state for widget .*\n")


@pytest.fixture(autouse=True)
def watchdog():
    """A test that hangs shows where, and ends the run."""
    faulthandler.dump_traceback_later(4 * PATIENCE_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def display():
    display = Display()
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

    def complaints(self):
        """What stands on stderr, without the note of GTK 4.8 that it lost count of a press when a menu took over."""
        return GTK_NOTE.sub("", self.text("stderr"))

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
        wait_until(lambda: not self.descendants(), lambda: f"left over: {self.descendants()}")

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
