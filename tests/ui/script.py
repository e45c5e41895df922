# SPDX-License-Identifier: Apache-2.0
"""script.py FILE: runs a script unchanged, and says on stdout what tests wait for.

Lines begin with "@": what was aborted, that a message was read, which worker has reported
progress.

script.py FILE --endless: the work in it, which counts to 100, goes on until it is stopped, so that whoever stops it
does not come too late.
"""

import os
import sys

import Pro.Core
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


def tell_of_messages():
    get = Pro.MP.ProManager.getMessage

    def told(self, *arguments):
        say("message")
        return get(self, *arguments)

    Pro.MP.ProManager.getMessage = told


def tell_of_progress():
    """For wait objects in Python: the first report of each worker."""
    create = Pro.MP.ProManager.createWaitObject

    def told(self, worker, wait):
        if isinstance(wait, Pro.Core.NTSimpleWait):
            progress = wait.progress

            def first_progress(value):
                say("progress", worker)
                wait.progress = progress
                progress(value)

            wait.progress = first_progress
        return create(self, worker, wait)

    Pro.MP.ProManager.createWaitObject = told


def answer_file_choosers():
    path = os.environ.get("PROMP_TEST_FILE")
    if path is not None:
        Pro.UI.ProContext.getOpenFileName = lambda self, *arguments: path


def main():
    tell_of_aborts()
    tell_of_messages()
    tell_of_progress()
    answer_file_choosers()
    path = sys.argv[1]
    with open(path) as file:
        text = file.read()
    if "--endless" in sys.argv[2:]:
        assert "i < 101" in text
        text = text.replace("i < 101", "True")
    code = compile(text, path, "exec")
    exec(code, {"__name__": "__main__", "__file__": path})
    say("through")


main()
