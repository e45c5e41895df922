# SPDX-License-Identifier: Apache-2.0
"""The command promp, doctor aside. PROMP is the built program.

Wherever promp -r promises what Python does, Python itself runs the same script and says what is right.
"""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

PROMP = os.environ["PROMP"]
PYTHON = "/usr/bin/python3"
TIMEOUT_S = 60


def run(*arguments, **options):
    return subprocess.run([PROMP, *map(str, arguments)], capture_output=True, text=True,
                          stdin=options.pop("stdin", subprocess.DEVNULL), timeout=TIMEOUT_S, **options)


def run_python(*arguments, **options):
    return subprocess.run([PYTHON, *map(str, arguments)], capture_output=True, text=True,
                          stdin=options.pop("stdin", subprocess.DEVNULL), timeout=TIMEOUT_S, **options)


def assert_same(ours, theirs):
    assert (ours.stdout, ours.stderr, ours.returncode) == (theirs.stdout, theirs.stderr, theirs.returncode)


@pytest.fixture
def script(tmp_path):
    def write(text, name="script.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


# ---- arguments ----

def test_version():
    done = run("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"promp \d+\.\d+\.\d+\n", done.stdout)


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("-r SCRIPT", "info", "disasm", "sleigh", "doctor", "--version", "--help"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments, named", [
    (["--frobnicate"], "'--frobnicate'"),
    (["script.py"], "'script.py'"),
    (["doctor", "now"], "'now'"),
    (["--version", "-x"], "'-x'"),
    (["-r"], "'-r'"),
    ([""], "''"),
    ([], "nothing to do"),
])
def test_wrong_arguments_are_named(arguments, named):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("promp: ") and named in first
    assert rest[0].startswith("usage: promp")


def test_full_disk_is_a_failure():
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROMP, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 1 and "No space left" in done.stderr


# ---- promp -r ----

DESCRIBE = """
import json, sys
print(json.dumps({
    "argv": sys.argv, "orig_argv": sys.orig_argv, "name": __name__, "file": __file__, "path": sys.path,
    "executable": sys.executable, "prefix": sys.prefix, "flags": list(sys.flags), "site": "site" in sys.modules,
    "main": sys.modules["__main__"].__dict__ is globals(), "hook": sys.excepthook is sys.__excepthook__,
    "globals": sorted(globals()), "encoding": sys.stdout.encoding,
}))
"""


def describe(runner, *arguments, **options):
    done = runner(*arguments, **options)
    assert (done.stderr, done.returncode) == ("", 0)
    return json.loads(done.stdout)


def test_script_sees_what_it_sees_under_python(script):
    path = script(DESCRIBE)
    ours = describe(run, "-r", path, "one", "--two", "-r", "")
    theirs = describe(run_python, path, "one", "--two", "-r", "")
    package = ours["path"].pop(1)
    assert ours == theirs
    assert ours["argv"] == [str(path), "one", "--two", "-r", ""]
    assert ours["executable"] == PYTHON and ours["site"]
    assert os.path.isdir(os.path.join(package, "Pro"))


def test_script_by_relative_path(script):
    path = script(DESCRIBE, "folder/script.py")
    ours = describe(run, "-r", "folder/script.py", cwd=path.parent.parent)
    theirs = describe(run_python, "folder/script.py", cwd=path.parent.parent)
    del ours["path"][1]
    assert ours == theirs and ours["path"][0] == str(path.parent)


def test_package_folder_is_found_through_a_link(script, tmp_path):
    link = tmp_path / "elsewhere"
    link.symlink_to(PROMP)
    done = subprocess.run([link, "-r", script("import sys; print(sys.path[1])")], capture_output=True, text=True,
                          timeout=TIMEOUT_S)
    assert done.stdout.strip() == str(pathlib.Path(PROMP).resolve().parent / "python")


def test_package_folder_is_not_added_twice(script):
    package = str(pathlib.Path(PROMP).resolve().parent / "python")
    path = script("import sys; print(*sys.path, sep='\\n')")
    environment = dict(os.environ, PYTHONPATH="/nowhere:" + package)
    ours = run("-r", path, env=environment)
    assert_same(ours, run_python(path, env=environment))
    assert ours.stdout.splitlines().count(package) == 1


def test_pro_can_be_imported(script):
    done = run("-r", script("import Pro; print(Pro.__file__)"))
    assert done.stderr == "" and done.returncode == 0
    assert pathlib.Path(done.stdout.strip()).parent.name == "Pro"


@pytest.mark.skipif(not pathlib.Path(PROMP).with_name("promp-worker").exists(), reason="built without promp-worker")
def test_example_of_the_man_page(script):
    page = (pathlib.Path(__file__).parents[2] / "docs" / "promp.1").read_text()
    example = re.search(r"^\.Bd -literal[^\n]*\n(from Pro.*?)^\.Ed", page, re.DOTALL | re.MULTILINE)[1]
    environment = {name: value for name, value in os.environ.items() if name != "PROMP_WORKER"}
    done = run("-r", script(example), env=environment)
    assert (done.stdout, done.stderr, done.returncode) == ("Hello\n" * 4, "", 0)


def test_modules_beside_the_script_come_first(script):
    script("value = 'mine'", "Pro.py")
    assert run("-r", script("import Pro; print(Pro.value)")).stdout == "mine\n"


def test_script_named_like_an_option(script):
    path = script("import sys; print(sys.argv)", "-c")
    assert run("-r", "-c", "x", cwd=path.parent).stdout == "['-c', 'x']\n"


def test_script_from_standard_input(script):
    with open(script("import sys; print(sys.argv, __name__)")) as text:
        ours = run("-r", "-", "x", stdin=text)
    assert (ours.stdout, ours.returncode) == ("['-', 'x'] __main__\n", 0)


def test_folder_with_main(script):
    folder = script("import helper, sys; print(helper.text, sys.argv[1:]); sys.exit(4)", "app/__main__.py").parent
    script("text = 'helped'", "app/helper.py")
    assert_same(run("-r", folder, "x"), run_python(folder, "x"))


def test_output_is_flushed_at_the_end(script):
    path = script("import atexit, sys; atexit.register(print, 'last'); sys.stdout.write('no newline, ')")
    ours = run("-r", path)
    assert (ours.stdout, ours.returncode) == ("no newline, last\n", 0)


def test_bytes_that_are_not_utf8_in_arguments(script):
    path = script("import os, sys; sys.stdout.buffer.write(os.fsencode(sys.argv[1]))")
    done = subprocess.run([PROMP, "-r", path, b"\xff\xfe"], capture_output=True, timeout=TIMEOUT_S)
    assert done.stdout == b"\xff\xfe"


# ---- how scripts end ----

def test_missing_script(tmp_path):
    ours = run("-r", "missing.py", cwd=tmp_path)
    assert_same(ours, run_python("missing.py", cwd=tmp_path))
    assert ours.returncode == 2 and "missing.py" in ours.stderr and "No such file" in ours.stderr


@pytest.mark.parametrize("text", [
    "print('before')\ndef (:\n",
    "print('before')\n  x = 1\n",
    "print('before')\nreturn 5\n",
    "print('before')\nif x:\n\ty\n        z\n",
    b"print('before')\nx = '\xff'\n",
], ids=["syntax", "indentation", "compiler", "tabs", "encoding"])
def test_syntax_error(script, text):
    path = script(text)
    ours, theirs = run("-r", path), run_python(path)
    assert (ours.stdout, ours.stderr) == ("", theirs.stderr)
    assert "Error" in ours.stderr
    assert (ours.returncode, theirs.returncode) == (2, 1)


@pytest.mark.parametrize("text", [
    "import broken",
    "raise SyntaxError('my own')",
    "exec('def (')",
    "try:\n    import broken\nexcept SyntaxError:\n    raise KeyError('late')",
])
def test_syntax_error_while_running_is_an_exception(script, text):
    script("def (:\n", "broken.py")
    path = script(text)
    ours = run("-r", path)
    assert_same(ours, run_python(path))
    assert ours.returncode == 1


def test_uncaught_exception(script):
    path = script("def inner():\n    raise ValueError('deep')\ninner()\n")
    ours = run("-r", path)
    assert_same(ours, run_python(path))
    assert ours.returncode == 1 and ours.stderr.endswith("ValueError: deep\n")


@pytest.mark.parametrize("code", ["", "0", "None", "7", "300", "-1", "True", "'a reason'", "2.5", "(1, 2)"])
def test_system_exit(script, code):
    path = script(f"raise SystemExit({code})")
    assert_same(run("-r", path), run_python(path))


def test_own_excepthook_is_used(script):
    path = script("import sys\nsys.excepthook = lambda *what: print('hook', what[0].__name__)\n1/0\n")
    ours = run("-r", path)
    assert_same(ours, run_python(path))
    assert ours.stdout == "hook ZeroDivisionError\n"


# Whether the signal comes before the wait or during it, the byte that it writes ends the wait.
INTERRUPTIBLE = """
import os, signal
end, start = os.pipe()
os.set_blocking(start, False)
signal.set_wakeup_fd(start)
def wait():
    print("runs", flush=True)
    while True:
        os.read(end, 1)
"""


def interrupted(program, path):
    """Interrupts the script as soon as it says that it runs."""
    child = subprocess.Popen([*program, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        assert child.stdout.readline() == "runs\n"
        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=TIMEOUT_S)
    finally:
        child.kill()
    return child.returncode, stderr.splitlines()[-1:]


def test_interrupt_kills_by_sigint(script):
    path = script(INTERRUPTIBLE + "wait()\n")
    ours = interrupted([PROMP, "-r"], path)
    assert ours == interrupted([PYTHON], path) == (-signal.SIGINT, ["KeyboardInterrupt"])


def test_caught_interrupt_is_no_death(script):
    path = script(INTERRUPTIBLE + "try:\n    wait()\nexcept KeyboardInterrupt:\n    raise SystemExit(5)\n")
    assert interrupted([PROMP, "-r"], path) == (5, [])
