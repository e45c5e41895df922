# SPDX-License-Identifier: Apache-2.0
"""The scripts of examples/python print what they are said to print."""

import pytest
from conftest import ROOT, run_python

EXAMPLES = {
    "square.py": "0 1 4 9 16 25 36 49 64 81\n",
    "output.py": "a line of a worker\n" * 3 + "done\n",
    "conversation.py": "ONE\nTWO\n",
    "levels.py": "level 3\n",
    "progress.py": "working stopped at 50\n",
    "hosts.py": "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]\n",
    "executor.py": "0\n10\n20\ndied: exit\n40\n50\n",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name):
    assert run_python(ROOT / "examples" / "python" / name) == (0, EXAMPLES[name], "")
