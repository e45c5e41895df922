# SPDX-License-Identifier: Apache-2.0
"""Two workers call a function; the manager collects what it returns."""

from Pro.MP import *

CODE = """
def square(number):
    return number * number
"""

with ProManager() as manager:
    for _ in range(2):
        manager.startWorker()
    for number in range(10):
        manager.evalPythonFunction(ProWorker_Any, CODE, "square", [number], True)
    manager.wait()
    results = []
    while manager.hasResults():
        results.append(manager.takeResult())
    print(*sorted(results))
