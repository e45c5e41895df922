# SPDX-License-Identifier: Apache-2.0
"""promp info: a page for people, JSON for programs, and files that lie."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # for the package support
from support.make_pe import GUID, make_pe  # noqa: E402

PROMP = os.environ.get("PROMP", str(ROOT / "build/promp"))
sys.path.insert(0, str(pathlib.Path(PROMP).parent / "python"))


def info(*arguments, **options):
    done = subprocess.run([PROMP, "info", *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "made.dll"
    path.write_bytes(make_pe())
    return path


def test_a_page_for_people(made):
    status, text, errors = info(made)
    assert status == 0 and errors == ""
    for part in ("PE32+ library, x86-64", "made.dll", "c:\\x5cmade.pdb", "v4.0.30319", "WS2_32.dll, 2 functions",
                 "USER32.dll, 1 functions, delayed", "13 bytes at offset 0x1400", "7 bytes from offset 0x1420"):
        assert part in text
    assert "malformed" not in text
    status, text, errors = info("/usr/bin/true")
    assert status == 0 and "ELF file" in text and "libc.so.6" in text and ".eh_frame" in text


def test_json_has_all_of_it(made):
    status, text, errors = info(made, "--json")
    assert status == 0 and text.count("\n") == 1
    told = json.loads(text)
    assert told["kind"] == "PE" and told["size"] == made.stat().st_size and told["path"] == str(made)
    pe = told["pe"]
    assert pe["debug"][0]["guid"] == GUID.hex() and pe["debug"][0]["pdb"] == "c:\\made.pdb"
    assert pe["relocations"][0] == {"rva": 0x1008, "type": 10}
    assert pe["exceptions"][0]["begin_rva"] == 0x1000
    assert pe["resources"][0]["type_name"] == "MYTYPE\u00e9"
    assert pe["clr"]["metadata"]["size"] == 32 and pe["tls"]["zero_size"] == 12
    assert pe["warnings"] == []
    elf = json.loads(info("--json", "/usr/bin/true")[1])["elf"]
    assert {"name": ".text"}.items() <= next(s for s in elf["sections"] if s["name"] == ".text").items()
    assert elf["dynamic"][0]["text"] == "libc.so.6" and len(elf["build_id"]) == 40
    assert set(elf["frames"][0]) == {"begin", "size", "offset"}


def test_json_is_what_python_sees(made, tmp_path):
    """The same loader through the other door."""
    pytest.importorskip("Pro")
    from Pro.Core import createContainerFromFile
    from Pro.PE import PEObject
    pe = PEObject()
    assert pe.Load(createContainerFromFile(made))
    told = json.loads(info(made, "--json")[1])["pe"]
    assert told["headers"] == pe.Headers()
    assert [s["name"].encode() for s in told["sections"]] == [s["name"] for s in pe.Sections()]
    assert [[f["name"] and f["name"].encode() for f in i["functions"]] for i in told["imports"]] == [
        [f["name"] for f in i["functions"]] for i in pe.Imports()]


def test_hostile_names_do_not_reach_the_terminal(tmp_path):
    data = make_pe().replace(b"KERNEL32.dll", b"\x1b[2J\n\xff\x07\"\\abc")
    path = tmp_path / "evil\n.dll"
    path.write_bytes(data)
    status, text, _ = info(path)
    assert status == 0 and "\\x1b[2J\\x0a" in text and "\x1b" not in text and "evil\\x0a.dll" in text
    told = json.loads(info("--json", path)[1])
    assert os.fsencode(told["pe"]["imports"][0]["module"]) == b"\x1b[2J\n\xff\x07\"\\abc"
    assert told["path"] == str(path)


def test_malformed_files_are_told(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(make_pe()[:3000])
    status, text, _ = info(path)
    assert status == 0 and "malformed" in text and "beyond the file's end" in text
    assert json.loads(info("--json", path)[1])["pe"]["warnings"]


@pytest.mark.parametrize("path, reason", [
    ("/etc/passwd", "no PE file"), ("/no/such/file", "No such file"), ("/tmp", "a folder"),
    ("/dev/null", "a character device"), ("/proc/version", "no PE file"), ("", "needs a path"),
])
def test_what_is_neither(path, reason):
    status, text, errors = info(path)
    assert status == 1 and text == "" and reason in errors and errors.startswith("promp info: ")


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--text", "/usr/bin/true"], ["/usr/bin/true", "/usr/bin/false"]])
def test_wrong_arguments(arguments):
    status, text, errors = info(*arguments)
    assert status == 2 and text == "" and "usage: promp" in errors


def test_a_file_named_like_an_option(tmp_path):
    (tmp_path / "--json").write_bytes(make_pe())
    assert info("--", "--json", cwd=tmp_path)[0] == 0


def test_full_disk_is_a_failure(made):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROMP, "info", made], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1 and b"cannot write" in done.stderr
