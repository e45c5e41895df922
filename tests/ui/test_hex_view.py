# SPDX-License-Identifier: Apache-2.0
"""The hex view as a person uses it: keys, clicks, and what can be seen."""

import os

import pytest

from display import Display, Program

PROGRAM = os.environ["PROMP_HEX_WINDOW"]
BIG = 100 << 30


@pytest.fixture
def display():
    display = Display()
    yield display
    display.close()


@pytest.fixture
def window(display):
    """window(kind, what): the program, with the keys."""
    programs = []

    def start(kind, what, **environment):
        program = Program(display, PROGRAM, kind, what, **environment)
        programs.append(program)
        program.expect("state", "cursor=0")
        display.focus("hex window")
        program.expect("state", "active=1", "focus=ProHexView")
        return program

    yield start
    for program in programs:
        assert program.close() == 0


def test_the_keys_of_hex_editors(display, window):
    program = window("pattern", BIG)
    steps = [("Right", "cursor=1 "), ("Down", "cursor=11 "), ("End", "cursor=1f "), ("Home", "cursor=10 "),
             ("Up", "cursor=0 "), ("ctrl+Right", "cursor=8 "), ("ctrl+Left", "cursor=0 "),
             ("ctrl+End", "cursor=18ffffffff "), ("ctrl+Home", "cursor=0 "), ("Left", "cursor=0 "),
             ("Up", "cursor=0 "), ("Tab", "side=text"), ("Tab", "side=hex")]
    for key, expected in steps:
        display.key(key)
        program.expect("state", expected)


def test_a_page_is_what_can_be_seen(display, window):
    program = window("pattern", BIG)
    rows = int(program.ask("state").split("rows=")[1].split()[0])
    display.key("Page_Down")
    program.expect("state", f"top={rows:x} ", f"cursor={16 * rows:x} ")
    display.key("Page_Up")
    program.expect("state", "top=0 ", "cursor=0 ")
    display.key("ctrl+Down")
    program.expect("state", "top=1 ", "cursor=0 ")


def test_shift_selects_and_escape_does_not(display, window):
    program = window("pattern", BIG)
    display.key("shift+Right", "shift+Right", "shift+Down")
    program.expect("state", "selected=0+13")
    display.key("Escape")
    program.expect("state", "selected=12+0")
    display.key("ctrl+a")
    program.expect("state", "selected=0+1900000000", "top=0 ")


def test_the_pointer_selects(display, window):
    program = window("pattern", BIG)
    display.click(110, 60)
    program.expect_not("state", "cursor=0 ")
    display.drag(110, 60, 300, 120)
    program.expect("state", "+3")  # three rows and a bit
    display.click(600, 60)
    program.expect("state", "side=text", "+0 ")
    display.click(300, 200, button=5)
    program.expect("state", "top=3 ")


def test_going_somewhere_and_back(display, window):
    program = window("pattern", BIG)
    display.key("ctrl+g")
    program.expect("state", "focus=GtkText")
    display.type("0x1234567890")
    program.expect("texts", "= 1234567890, byte 78187493520")
    display.key("Return")
    program.expect("state", "cursor=1234567890", "focus=ProHexView")
    display.key("ctrl+g")
    program.expect("state", "focus=GtkText")
    display.type("+10")
    display.key("Return")
    program.expect("state", "cursor=12345678a0")
    display.key("alt+Left")
    program.expect("state", "cursor=1234567890")
    display.key("alt+Left")
    program.expect("state", "cursor=0 ")
    display.key("alt+Right")
    program.expect("state", "cursor=1234567890")
    display.key("ctrl+g")
    program.expect("state", "focus=GtkText")
    display.type("12zz")
    program.expect("texts", "'z' is not a hexadecimal digit")
    display.key("Escape")
    program.expect("state", "cursor=1234567890", "focus=ProHexView")


def test_finding_both_ways(display, window, tmp_path):
    data = bytearray(3 << 20)
    data[0x1000:0x1006] = b"needle"
    data[0x200000:0x200006] = b"NEEDLE"
    (tmp_path / "data").write_bytes(data)
    program = window("file", tmp_path / "data")
    display.key("ctrl+f")
    program.expect("state", "focus=GtkText")
    display.type("needle")
    display.key("Return")
    program.expect("state", "selected=1000+6")
    display.key("F3")
    program.expect("texts", "from the beginning on")
    program.expect("state", "selected=1000+6")
    display.key("ctrl+a")
    display.type("zzz")
    display.key("Return")
    program.expect("texts", "not found")
    display.key("Escape")
    program.expect("state", "focus=ProHexView")


def test_a_search_is_cancelled(display, window):
    program = window("pattern", 1 << 50)
    display.key("ctrl+f")
    program.expect("state", "focus=GtkText")
    display.type("needle that is nowhere")
    display.key("Return")
    program.expect("texts", "searching", "Cancel")
    display.key("Escape")
    program.expect("texts", "cancelled")
    display.key("Escape")
    program.expect("state", "focus=ProHexView")


def test_copies_reach_the_clipboard(display, window):
    program = window("pattern", BIG)
    display.key("Right", "shift+Right", "shift+Right", "ctrl+c")
    program.expect("clipboard", "01 02 03")
    program.expect("texts", "copied 3 bytes")
    display.key("ctrl+a", "ctrl+c")
    program.expect("texts", "too much for the clipboard")


def test_what_is_slow_comes_later(display, window):
    program = window("gated", BIG)
    program.expect("state", "known=0")
    display.key("Page_Down", "Right")  # the window is alive
    assert "known=0" in program.expect_not("state", "cursor=0 ")
    display.screenshot("hex-waiting")
    program.ask("open")
    program.expect("state", "known=1")
    display.screenshot("hex-arrived")


def test_what_cannot_be_read_is_shown_as_such(display, window):
    program = window("broken", BIG)
    program.expect("state", "known=1")
    display.key("ctrl+g")
    program.expect("state", "focus=GtkText")
    display.type("4000")
    display.key("Return")
    program.expect("state", "cursor=4000", "known=0")
    program.expect("texts", "the disk is scratched")
    display.screenshot("hex-broken")
    program.ask("mend")
    display.key("F5")
    program.expect("state", "known=1")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scale", [1, 2])
def test_screenshots(theme, scale):
    display = Display(1280 * scale, 900 * scale)
    environment = {"GDK_SCALE": str(scale), "LARGE": "1", **({"DARK": "1"} if theme == "dark" else {})}
    program = Program(display, PROGRAM, "file", "/bin/sh", **environment)
    program.expect("state", "cursor=0")
    program.ask("mark 0 0x40 ELF header")
    program.ask("mark 0x40 0x38 program header 0")
    program.ask("inspector")
    display.press("hex window", "ctrl+f")
    program.expect("state", "focus=GtkText", "known=1")
    display.type("ELF")
    display.key("Return")
    program.expect("state", "+3 ")
    program.settle()
    display.screenshot(f"hex-{theme}-{scale}x")
    assert program.close() == 0
    display.close()
