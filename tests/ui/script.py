# SPDX-License-Identifier: Apache-2.0
"""script.py FILE: runs a script unchanged, and says on stdout what tests wait for.

Lines begin with "@": what was opened, which places its controls have, what was aborted.
"""

import os
import sys

import Pro.MP
import Pro.UI


def say(*words):
    print("@", *words, flush=True)


def tell_of_aborts():
    abort = Pro.MP.ProManager.abortOperation

    def told(self, worker, *arguments):
        say("abort", worker)
        return abort(self, worker, *arguments)

    Pro.MP.ProManager.abortOperation = told


def answer_file_choosers():
    path = os.environ.get("PROMP_TEST_FILE")
    if path is not None:
        Pro.UI.ProContext.getOpenFileName = lambda self, *arguments: path


def main():
    tell_of_aborts()
    answer_file_choosers()
    path = sys.argv[1]
    with open(path) as file:
        code = compile(file.read(), path, "exec")
    exec(code, {"__name__": "__main__", "__file__": path})
    say("through")


main()
