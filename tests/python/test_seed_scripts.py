# SPDX-License-Identifier: Apache-2.0
"""The scripts that promp's names come from run unchanged, where they are at hand (beside the repository)."""

import os
import pathlib
import re

import pytest
from conftest import ROOT, run_python

SCRIPTS = pathlib.Path(os.environ.get("PROMP_SEED_SCRIPTS", ROOT.parent / "shared" / "seed" / "scripts"))

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason=f"{SCRIPTS} is not there")

BOX = "This is a test message box.\n[Enter]\n"
TEN_RESULTS = re.compile(r"(result: ([0-9]|[1-9][0-9]{1,2}|1000)\n){10}finished!\n")


def expect(output):
    return re.compile(re.escape(output))


CASES = {
    "01_keep_alive": expect("finished!\n"),
    "02_message_box": expect(BOX + "finished!\n"),
    "03_message_box_all": expect(BOX * 3 + "finished!\n"),
    "04_test_message": expect("Test message.\nfinished!\n"),
    "05_eval_redirect": None,
    "06_eval_atomic": expect("remote script\n" * 5 + "finished!\n"),
    "07_execute_script": expect("remote file\n" * 5 + "finished!\n"),
    "08_eval_function": expect("9\nfinished!\n"),
    "09_function_result": expect("result: 9\nfinished!\n"),
    "10_function_results_all": TEN_RESULTS,
    "11_custom_message": expect("remote message\nfinished!\n"),
    "12_multi_level": expect("Hello, world!\n"),
    "17_container_search": re.compile(r"local search \(ms\): \d+\nremote search \(ms\): \d+\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_script(name, tmp_path):
    (tmp_path / "path" / "to").mkdir(parents=True)
    (tmp_path / "path" / "to" / "remote.py").write_text("print('remote file')\n")
    status, output, errors = run_python(SCRIPTS / f"{name}.py", cwd=tmp_path)
    assert (status, errors) == (0, "")
    if name == "05_eval_redirect":  # as the writes came: any mixture of texts and line ends
        assert output.endswith("finished!\n")
        body = output.removesuffix("finished!\n")
        assert (body.count("remote script"), body.count("\n")) == (5, 5)
        assert not body.replace("remote script", "").strip("\n")
    else:
        assert CASES[name].fullmatch(output), output
