# SPDX-License-Identifier: Apache-2.0
"""The scripts that promp's names come from, unchanged, in windows: real clicks and keys."""

import os
import signal
import time

import pytest

from conftest import HERE, SCRIPTS
from display import PATIENCE_S

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason=f"{SCRIPTS} is not there")


@pytest.fixture
def run(display, python):
    def run(name, **environment):
        return python(HERE / "script.py", SCRIPTS / f"{name}.py", environment={**display.environment, **environment})

    return run


def press_until(display, title, key, session, text):
    """A key may come before the window has taken the keyboard: again until it was heard."""
    deadline = time.monotonic() + PATIENCE_S
    while text not in session.text():
        assert time.monotonic() < deadline, session.printed
        if display.has(title):
            display.try_key(title, key)
        session.pump(0.2)


def click_until(display, x, y, session, text):
    """A click may come before the window is drawn: again until it was heard."""
    deadline = time.monotonic() + PATIENCE_S
    while text not in session.text():
        assert time.monotonic() < deadline, session.printed
        display.click(x, y)
        session.pump(0.2)


def expect_good_end(session):
    assert session.end() == 0, session.printed
    assert session.text("stderr") == ""
    session.expect_nothing_left()


def test_02_a_box(display, run):
    session = run("02_message_box")
    display.focus("promp")
    display.screenshot("02_message_box")
    press_until(display, "promp", "Return", session, "finished!")
    expect_good_end(session)


def test_03_three_boxes(display, run):
    session = run("03_message_box_all")
    display.wait_for_windows("promp", 3)
    display.screenshot("03_message_box_all")
    press_until(display, "promp", "Escape", session, "finished!")
    expect_good_end(session)


@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_13_14_progress_ends_by_itself(display, run, name):
    session = run(name)
    display.focus("Doing something...")
    display.screenshot(name)
    expect_good_end(session)


@pytest.mark.parametrize("name", ["13_wait_local", "14_wait_remote"])
def test_13_14_cancel_is_clicked(display, run, name):
    session = run(name)
    display.focus("Doing something...")
    x, y, width, height = display.window("Doing something...")
    click_until(display, x + width - 57, y + height - 35, session, "@ through")
    expect_good_end(session)


def test_15_text_of_a_worker(display, run):
    session = run("15_ui_view")
    session.wait_for("@ through")  # the program lives on with its view
    display.focus("MP View")
    display.screenshot("15_ui_view")
    display.close_window("MP View")
    expect_good_end(session)


def test_16_a_worker_is_stopped_by_a_click(display, run):
    session = run("16_ui_progress")
    display.focus("MP View")
    x, y, width, height = display.window("MP View")
    click_until(display, x + width - 50, y + 36, session, "@ abort 1\n")
    click_until(display, x + width - 50, y + height - 36, session, "@ abort 10\n")
    display.screenshot("16_ui_progress")
    display.close_window("MP View")
    expect_good_end(session)


def test_16_by_keyboard(display, run):
    session = run("16_ui_progress")
    session.wait_for("@ through")
    press_until(display, "MP View", "space", session, "@ abort 1\n")
    display.close_by_key("MP View", "ctrl+w")
    expect_good_end(session)


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
    session = run("16_ui_progress")
    session.wait_for("@ through")
    display.focus("MP View")
    workers = [pid for pid in session.descendants() if pid != session.process.pid]
    os.kill(max(workers), signal.SIGKILL)  # one that works, or is about to
    session.wait_for("promp: worker", "stderr")
    display.close_window("MP View")
    assert session.end() == 0
    session.expect_nothing_left()


def test_the_display_goes(display, run):
    session = run("15_ui_view")
    session.wait_for("@ through")
    display.focus("MP View")
    display.server.terminate()
    session.end()
    session.expect_nothing_left()
