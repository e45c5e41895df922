# SPDX-License-Identifier: Apache-2.0
"""promp doctor. PROMP is the built program, PROMP_WORKER a worker program."""
import os
import pathlib
import re
import resource
import subprocess

import pytest

PROMP = os.environ["PROMP"]
WORKER = os.environ["PROMP_WORKER"]
TIMEOUT_S = 60
NAMES = ["version", "kernel", "cores", "memory", "open files", "processes", "/dev/shm", "sealed memory", "pidfd_open",
         "socket folder", "room for sockets", "socket paths", "worker program", "Python", "self-test"]


class Report:
    """What doctor printed: the state and the text of each check, by name."""

    def __init__(self, *, prepare=None, **variables):
        environment = {**os.environ, **variables}
        environment = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run([PROMP, "doctor"], capture_output=True, text=True, timeout=TIMEOUT_S, env=environment,
                              preexec_fn=prepare)
        self.status, self.errors = done.returncode, done.stderr
        found = re.findall(r"^(ok|problem) +(.+?): (.*)$", done.stdout, re.MULTILINE)
        self.names = [name for _, name, _ in found]
        self.state = {name: state for state, name, _ in found}
        self.text = {name: text for _, name, text in found}

    def problems(self):
        return [name for name in self.names if self.state[name] == "problem"]


def assert_all_ok(report):
    assert (report.problems(), report.names, report.errors, report.status) == ([], NAMES, "", 0)
    assert re.fullmatch(r"a worker printed the test message, \d+\.\d ms", report.text["self-test"])


def test_all_is_well():
    report = Report()
    assert_all_ok(report)
    assert report.text["worker program"] == str(pathlib.Path(WORKER).resolve())


@pytest.mark.skipif(not pathlib.Path(PROMP).with_name("promp-worker").exists(), reason="built without promp-worker")
def test_own_worker_program():
    report = Report(PROMP_WORKER=None)
    assert_all_ok(report)
    assert report.text["worker program"] == str(pathlib.Path(PROMP).resolve().with_name("promp-worker"))


def test_figures_are_the_machine_s():
    report = Report()
    names = os.uname()
    assert report.text["kernel"] == f"{names.sysname} {names.release}, {names.machine}"
    assert report.text["cores"].startswith(f"{len(os.sched_getaffinity(0))} of ")
    version = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True).stdout
    assert report.text["Python"] == f"{version.split()[1]}, /usr/bin/python3"


def test_missing_worker_program():
    report = Report(PROMP_WORKER="/nonexistent/worker")
    assert report.status == 1
    assert report.problems() == ["worker program", "self-test"]
    assert "/nonexistent/worker" in report.text["worker program"] and "PROMP_WORKER" in report.text["worker program"]


@pytest.mark.parametrize("program", ["/bin/true", "/bin/false"])
def test_worker_program_that_is_none(program):
    report = Report(PROMP_WORKER=program)
    assert (report.problems(), report.status) == (["self-test"], 1)


def test_few_open_files():
    def lower():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    report = Report(prepare=lower)
    assert report.status == 1 and "open files" in report.problems()
    assert report.text["open files"] == "at most 128: raise it with `ulimit -n 256`"


def test_few_open_files_for_good():
    report = Report(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
    assert report.status == 1 and "open files" in report.problems()
    assert "administrator" in report.text["open files"]


def test_socket_folder_is_the_first_usable(tmp_path):
    report = Report(XDG_RUNTIME_DIR="/nonexistent", TMPDIR=str(tmp_path))
    assert_all_ok(report)
    assert report.text["socket folder"].startswith(f"{tmp_path} (TMPDIR); XDG_RUNTIME_DIR /nonexistent is not usable")
    assert list(tmp_path.iterdir()) == []


def test_long_socket_folder(tmp_path):
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    report = Report(XDG_RUNTIME_DIR=str(folder))
    assert (report.problems(), report.status) == (["socket paths", "self-test"], 1)
    assert "XDG_RUNTIME_DIR" in report.text["socket paths"]
