# SPDX-License-Identifier: Apache-2.0
"""The scripts that promp's names come from, unchanged, in windows: real clicks and keys."""

import os
import signal

import pytest

from conftest import HERE, SCRIPTS
from display import PATIENCE_S
from support.make_pe import make_pe

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason=f"{SCRIPTS} is not there")


@pytest.fixture
def run(display, python):
    def run(name, *options, **environment):
        return python(HERE / "script.py", SCRIPTS / f"{name}.py", *options,
                      environment={**display.environment, **environment})

    return run


def expect_good_end(session):
    assert session.end() == 0, session.printed
    assert session.complaints() == ""
    session.expect_nothing_left()


def test_02_a_box(display, run):
    session = run("02_message_box")
    display.focus("promp")
    display.screenshot("02_message_box")
    display.press("promp", "Return")
    session.wait_for("finished!")
    expect_good_end(session)


def test_03_three_boxes(display, run):
    session = run("03_message_box_all")
    display.wait_for_windows("promp", 3)
    display.focus("promp")
    display.screenshot("03_message_box_all")
    for left in (2, 1, 0):
        display.press("promp", "Escape")
        display.wait_for_windows("promp", left)
    session.wait_for("finished!")
    expect_good_end(session)


@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_13_14_progress_ends_by_itself(display, run, name):
    session = run(name)
    display.focus("Doing something...")  # it is there for five seconds
    session.wait_for("@ through")
    expect_good_end(session)


@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_13_14_cancel_is_clicked(display, run, name):
    session = run(name, "--endless")
    x, y, width, height = display.window("Doing something...")
    display.screenshot(name)
    display.click(x + width - 57, y + height - 35)
    session.wait_for("@ through")
    expect_good_end(session)


def test_15_text_of_a_worker(display, run):
    session = run("15_ui_view")
    session.wait_for("@ through")  # the program lives on with its view
    display.focus("MP View")
    session.wait_for("@ message\n@ message\n")
    display.screenshot("15_ui_view")
    display.close_window("MP View")
    expect_good_end(session)


def test_16_a_worker_is_stopped_by_a_click(display, run):
    session = run("16_ui_progress")
    x, y, width, height = display.window("MP View")
    display.click(x + width - 50, y + 36)
    session.wait_for("@ abort 1\n")
    display.click(x + width - 50, y + height - 36)
    session.wait_for("@ abort 10\n")
    display.screenshot("16_ui_progress")
    display.close_window("MP View")
    expect_good_end(session)


def test_16_by_keyboard(display, run):
    session = run("16_ui_progress")
    session.wait_for("@ through")
    display.press("MP View", "space")
    session.wait_for("@ abort 1\n")
    display.close_by_key("MP View", "ctrl+w")
    expect_good_end(session)


def test_18_the_imports_of_a_chosen_file(display, run, tmp_path):
    file = tmp_path / "made.exe"
    file.write_bytes(make_pe())
    session = run("18_container_pe", PROMP_TEST_FILE=str(file))
    expect_good_end(session)
    assert session.text().startswith("imported module: KERNEL32.dll\nimported module: WS2_32.dll\n")


def test_19_a_shared_container_in_a_worker(display, run, tmp_path):
    file = tmp_path / "data"
    file.write_bytes(bytes(range(256)) * 1000)
    session = run("19_container_hex_view", PROMP_TEST_FILE=str(file))
    display.focus("Remote Container Data")
    display.screenshot("19_container_hex_view")
    display.close_by_key("Remote Container Data", "Escape")
    expect_good_end(session)


# ---- ends, in any order ----


@pytest.mark.parametrize("name", ["15_ui_view", "16_ui_progress"])
def test_the_program_is_killed(display, run, name):
    session = run(name)
    display.focus("MP View")
    session.process.kill()
    session.process.wait(PATIENCE_S)
    session.expect_nothing_left()


def test_the_worker_that_shows_is_killed(display, run, tmp_path):
    file = tmp_path / "data"
    file.write_bytes(bytes(5000))
    session = run("19_container_hex_view", PROMP_TEST_FILE=str(file))
    display.focus("Remote Container Data")
    os.kill(display.process_of("Remote Container Data"), signal.SIGKILL)
    assert session.end() == 0
    assert "SIGKILL" in session.text("stderr")
    session.expect_nothing_left()


def test_a_worker_that_is_shown_is_killed(display, run):
    session = run("16_ui_progress", "--endless")
    for worker in range(1, 11):
        session.wait_for(f"@ progress {worker}\n")
    workers = [pid for pid in session.descendants() if pid != session.process.pid]
    os.kill(max(workers), signal.SIGKILL)
    session.wait_for("promp: worker", "stderr")
    display.close_window("MP View")
    assert session.end() == 0
    session.expect_nothing_left()


def test_the_display_goes(display, run):
    session = run("15_ui_view")
    session.wait_for("@ through")
    display.focus("MP View")
    display.close()
    session.end()
    session.expect_nothing_left()
