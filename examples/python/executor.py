# SPDX-License-Identifier: Apache-2.0
"""concurrent.futures on promp's workers: a task that kills its worker fails alone."""

import os

from Pro.MP import ProExecutor, ProWorkerDiedError


def work(number):
    if number == 3:
        os._exit(1)
    return number * 10


if __name__ == "__main__":
    with ProExecutor(2) as executor:
        futures = [executor.submit(work, number) for number in range(6)]
        for future in futures:
            try:
                print(future.result())
            except ProWorkerDiedError as error:
                print("died:", error.death["cause"])
