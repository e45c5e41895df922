# SPDX-License-Identifier: Apache-2.0
"""The workspace as a person uses it, and as hostile files and broken workers use it."""

import os
import pathlib
import signal
import subprocess

import pytest

from display import PATIENCE_S, Display, Program, wait_until

PROGRAM = os.environ["PROMP_WORKSPACE_WINDOW"]
BAD_TASKS = os.environ["PROMP_BAD_TASKS"]
COMMAND = os.environ["PROMP_COMMAND"]
ELF = "/bin/sh"


@pytest.fixture
def display():
    display = Display(1400, 950)
    yield display
    display.close()


@pytest.fixture
def open_files(display):
    programs = []

    def start(*files, title="promp", **environment):
        program = Program(display, PROGRAM, *files, **environment)
        programs.append(program)
        program.expect("state", "cursor=0")
        display.focus(title)
        program.expect("state", "active=1", "focus=ProHexView")
        return program

    yield start
    for program in programs:
        if program.process.returncode is None:
            assert program.close() == 0


def parents():
    """{pid: its parent} of all processes."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                pass
    return found


def descendants(pid):
    found, tree = [], parents()
    for process in tree:
        above = process
        while above in tree and above != pid:
            above = tree[above]
        if above == pid and process != pid:
            found.append(process)
    return found


def workers_of(pid):
    """The nursery's children."""
    return [process for process in descendants(pid) if parents().get(process) != pid]


def busy_workers(pid):
    """Those that have worked for a while, and so are in the middle of a task."""
    found = []
    for worker in workers_of(pid):
        try:
            fields = pathlib.Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.2:
            found.append(worker)
    return found


def click(display, program, label):
    _, x, y = program.expect("where " + label, "at ").split()
    display.click(int(x), int(y))


def choose_sections(display, program):
    """From the bytes, by keys."""
    display.key("F6")
    program.expect("state", "focus=GtkNotebook")
    display.key("F6")
    program.expect("state", "focus=GtkTreeExpander")
    display.key("Down", "Down")


def sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def test_structure_leads_to_bytes(display, open_files):
    program = open_files(ELF)
    program.expect("texts", "ELF, 64 bits", "Sections  (", "Machine")
    choose_sections(display, program)
    program.expect("texts", "Alignment", ".interp", ".gnu.hash")
    display.key("alt+1")
    program.expect("state", "focus=GtkText")
    display.type(".interp")
    wait_until(lambda: ".gnu.hash" not in program.ask("texts"), "nothing is filtered")
    display.key("Return")
    program.expect("state", "highlight=.interp")


def test_strings_and_their_filter(display, open_files):
    program = open_files(ELF)
    program.expect("texts", "ELF, 64 bits")
    display.key("alt+2")
    program.expect("texts", "ld-linux", " found")


def test_search_lists_matches(display, open_files, tmp_path):
    (tmp_path / "data").write_bytes(b"\0" * 5000 + b"needle" + b"\0" * 5000 + b"NEEDLE")
    program = open_files(tmp_path / "data")
    program.expect("texts", "No known format")
    display.key("alt+3")
    program.expect("state", "focus=GtkText")
    display.type("needle")
    display.key("Return")
    program.expect("texts", "1 found", "00001388")
    display.key("ctrl+a")
    display.type("[[")
    display.key("Return")  # a text like any other
    program.expect("texts", "0 found")


def test_a_long_job_is_cancelled(display, open_files, tmp_path):
    program = open_files(sparse(tmp_path / "huge", 4 << 40))
    display.key("alt+2")
    program.expect("texts", "Cancel")
    click(display, program, "Cancel")
    program.expect("texts", "0 found, cancelled")
    display.key("alt+3")
    program.expect("state", "focus=GtkText")
    display.type("nowhere")
    display.key("Return")
    program.expect("texts", "Cancel")
    click(display, program, "Cancel")
    program.expect("texts", "0 found, cancelled")


def test_a_worker_that_dies_is_told_and_all_goes_on(display, open_files, tmp_path):
    program = open_files(sparse(tmp_path / "huge", 4 << 40))
    program.expect("texts", "No known format")
    display.key("alt+2")
    program.expect("texts", "Cancel")
    wait_until(lambda: busy_workers(program.process.pid), "no worker works")
    for worker in busy_workers(program.process.pid):
        os.kill(worker, signal.SIGKILL)
    program.expect("texts", "SIGKILL")
    click(display, program, "Find Strings")
    program.expect("texts", "Cancel")


def test_a_loader_that_crashes_does_not_take_the_window_along(display, open_files):
    program = open_files(ELF, PROMP_TASKS=BAD_TASKS)
    program.expect("texts", "could not be read", "SIGSEGV", "Try Again")
    display.screenshot("workspace-crash")
    display.key("Page_Down")
    assert "focus=ProHexView" in program.expect_not("state", "cursor=0 ")
    click(display, program, "Try Again")
    program.expect("texts", "could not be read", "SIGSEGV")
    display.key("alt+2")  # its worker sends nonsense
    program.expect("texts", "nonsense")
    display.key("alt+3")  # its worker does not listen
    program.expect("state", "focus=GtkText")
    display.type("x")
    display.key("Return")
    program.expect("texts", "Cancel")
    click(display, program, "Cancel")
    program.expect("texts", "0 found, cancelled")


def test_tabs_open_and_close(display, open_files, tmp_path):
    (tmp_path / "text").write_bytes(b"some text")
    program = open_files(ELF, tmp_path / "text", tmp_path / "missing")
    program.expect("texts", "No such file", "9 bytes")
    display.key("ctrl+Prior")
    program.expect("texts", "ELF, 64 bits")
    program.expect("state", "focus=ProHexView")
    display.key("ctrl+w")
    program.expect("texts", "9 bytes")
    program.expect("state", "focus=ProHexView")
    display.key("ctrl+w")
    program.expect("state", "no hex view")


def test_quitting_leaves_nothing(display, open_files, tmp_path):
    program = open_files(sparse(tmp_path / "huge", 4 << 40))
    display.key("alt+2")
    program.expect("texts", "Cancel")
    wait_until(lambda: workers_of(program.process.pid), "there is no worker")
    started = descendants(program.process.pid)
    display.key("ctrl+q")
    assert program.process.wait(PATIENCE_S) == 0
    wait_until(lambda: not any(process in parents() for process in started), "a process is left")


def test_the_command_opens_a_window(display):
    program = Program(display, COMMAND, "open", ELF)
    display.press("promp", "ctrl+q")
    assert program.process.wait(PATIENCE_S) == 0


def test_without_a_display_the_command_says_what_to_do(display):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([COMMAND, "open", ELF], env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 2 and "DISPLAY" in done.stderr
    done = subprocess.run([COMMAND, "open", "/no/such/file"], env=environment, capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == 1 and "/no/such/file" in done.stderr
    assert subprocess.run([COMMAND, "open"], capture_output=True, timeout=PATIENCE_S).returncode == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1, 2])
def test_screenshots(theme, scale):
    display = Display(1400 * scale, 950 * scale)
    environment = {"GDK_SCALE": str(scale), **({"DARK": "1"} if theme == "dark" else {})}
    program = Program(display, PROGRAM, ELF, "/bin/ls", **environment)
    display.focus("promp")
    program.expect("texts", "ELF, 64 bits", "Machine")
    program.expect("state", "focus=ProHexView")
    choose_sections(display, program)
    program.expect("texts", ".interp")
    program.settle()
    display.screenshot(f"workspace-structure-{theme}-{scale}x")
    display.key("alt+2")
    program.expect("texts", "ld-linux", " found")
    program.settle()
    display.screenshot(f"workspace-strings-{theme}-{scale}x")
    assert program.close() == 0
    display.close()
