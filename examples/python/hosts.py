# SPDX-License-Identifier: Apache-2.0
"""Work on other machines: hosts.py [HOST...]

An agent is started on each HOST by ssh, which must find `promp` there; without any, one on this machine plays the
part. Under Slurm the same is one line: `srun --ntasks-per-node=1 promp agent`, with the ticket as its input.
"""
import os
import pathlib
import subprocess
import sys

import Pro
from Pro.MP import *

code = """
def square(number):
    return number * number
"""


def start_agent(host, ticket):
    build = pathlib.Path(Pro.__file__).resolve().parents[2]
    here = build / "promp" if (build / "promp").exists() else "promp"
    command = [here, "agent"] if host is None else ["ssh", host, "promp", "agent"]
    agent = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    agent.stdin.write(ticket)  # a secret: not among the arguments, which everybody sees
    agent.stdin.close()
    return agent


hosts = sys.argv[1:] or [None]
with ProManager() as manager:
    ticket = manager.listen(os.environ.get("LISTEN", "tcp://*:*" if sys.argv[1:] else "tcp://127.0.0.1:*"))
    agents = [start_agent(host, ticket) for host in hosts]
    manager.waitHosts(len(hosts), 30000)
    manager.setPlacement(ProPlace_Hosts)
    for _ in range(2 * len(hosts)):
        manager.startWorker()
    for number in range(10):
        manager.evalPythonFunction(ProWorker_Any, code, "square", [number], True)
    manager.wait()
    print(sorted(manager.takeResult() for _ in range(10)))
for agent in agents:
    agent.wait()
