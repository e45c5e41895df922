#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Workers on a cluster: Slurm with nodes of their own network, name and processes, all on this machine.

tests/prove/cluster.py [--nodes 3]

Needs root and the packages slurm-wlm munge iproute2; ends with all it started. On the nodes `srun` starts agents, which
get the manager's ticket by its standard input. Then: the same work as here, split over the nodes; a node whose cable is
pulled; a cancelled job; a manager that is killed. Prints what was seen and how long it took; exit status 1: something
was not as it must be.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [os.environ.get("PROMP_PYTHON", str(ROOT / "build/python"))]
PROMP = ROOT / "build/promp"
ADDRESS = "10.77.0."
HEAD = ADDRESS + "254"
WAIT = 60
INSIDE = "PROMP_CLUSTER_FOLDER"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def start(*command, **options):
    return subprocess.Popen([str(part) for part in command], **options)


def until(condition, what):
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > WAIT:
            sys.exit(f"not within {WAIT} s: {what}")
        time.sleep(0.02)
    return time.monotonic() - begun


# ---- the cluster ----


def configuration(folder, nodes):
    """Slurm's: no accounting, no cgroups, its own munge, more processors than there may be."""
    lines = {
        "ClusterName": "promp", "SlurmctldHost": f"head({HEAD})", "SlurmUser": "root", "SlurmdUser": "root",
        "AuthType": "auth/munge", "AuthInfo": f"socket={folder}/munge.sock", "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none", "JobAcctGatherType": "jobacct_gather/none", "MpiDefault": "none",
        "SelectType": "select/cons_tres", "SelectTypeParameters": "CR_Core", "SchedulerType": "sched/builtin",
        "ReturnToService": "2", "StateSaveLocation": f"{folder}/state", "SlurmdSpoolDir": f"{folder}/spool-%n",
        "SlurmctldPidFile": f"{folder}/slurmctld.pid", "SlurmdPidFile": f"{folder}/slurmd-%n.pid",
        "SlurmctldLogFile": f"{folder}/slurmctld.log", "SlurmdLogFile": f"{folder}/slurmd-%n.log",
        "SlurmdParameters": "config_overrides", "SlurmdTimeout": "300", "KillWait": "3",
    }
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    text += "".join(f"NodeName=n{i} NodeAddr={ADDRESS}{i} CPUs=4 RealMemory=1000\n" for i in range(1, nodes + 1))
    return text + "PartitionName=all Nodes=ALL Default=YES State=UP\n"


def within(node, *command):
    """In the node's network. Not by `ip netns exec`: that hides a mount without which slurmd does not start."""
    return ["nsenter", f"--net=/run/netns/{node}", "unshare", "--uts", "sh", "-c", f'hostname {node}; exec "$@"', "sh",
            *[str(part) for part in command]]


def plug_in(node, address):
    run("ip", "netns", "add", node)
    run("ip", "-n", "head", "link", "add", f"v{node}", "type", "veth", "peer", "name", "eth0", "netns", node)
    run("ip", "-n", "head", "link", "set", f"v{node}", "master", "br0", "up")
    run("ip", "-n", node, "addr", "add", f"{address}/24", "dev", "eth0")
    run("ip", "-n", node, "link", "set", "eth0", "up")
    run("ip", "-n", node, "link", "set", "lo", "up")


def build_network(nodes):
    run("mount", "-t", "tmpfs", "none", "/run")
    os.makedirs("/run/netns")
    run("ip", "netns", "add", "head")
    run("ip", "-n", "head", "link", "add", "br0", "type", "bridge")
    run("ip", "-n", "head", "addr", "add", f"{HEAD}/24", "dev", "br0")
    run("ip", "-n", "head", "link", "set", "br0", "up")
    run("ip", "-n", "head", "link", "set", "lo", "up")
    for i in range(1, nodes + 1):
        plug_in(f"n{i}", f"{ADDRESS}{i}")


def start_slurm(folder, nodes):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    config = folder / "slurm.conf"
    config.write_text(configuration(folder, nodes))
    os.environ["SLURM_CONF"] = str(config)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    run("munged", "--force", f"--key-file={key}", f"--socket={folder}/munge.sock", f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed", **quiet)
    (folder / "state").mkdir()
    run(*within("head", "slurmctld", "-f", config), **quiet)
    for i in range(1, nodes + 1):
        (folder / f"spool-n{i}").mkdir()
        private = ["unshare", "--pid", "--mount", "--fork", "--kill-child=KILL", "--mount-proc"]
        start(*within(f"n{i}", *private, "slurmd", "-D", "-f", config), **quiet)

    def idle():
        states = subprocess.run(within("head", "sinfo", "-h", "-N", "-o", "%t"), capture_output=True, text=True)
        return states.stdout.split().count("idle") == nodes

    return until(idle, "the nodes are idle")


# ---- what is looked at ----


def processes_of(node):
    """pids in the node's network, but for Slurm's own."""
    network = os.stat(f"/run/netns/{node}").st_ino
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino == network:
                name = pathlib.Path(f"/proc/{entry}/comm").read_text().strip()
                if name.startswith("promp"):
                    found.append(int(entry))
    return found


@contextlib.contextmanager
def cluster_manager(nodes):
    """A manager whose workers are on the nodes, and its srun."""
    from Pro.MP import ProManager, ProMPOpt_Quiet, ProPlace_Hosts
    with ProManager() as manager:
        manager.setOptions(ProMPOpt_Quiet)
        ticket = manager.listen(f"tcp://{HEAD}:*")
        begun = time.monotonic()
        job = start("srun", "--no-kill", f"-N{nodes}", "--ntasks-per-node=1", PROMP, "agent", stdin=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, text=True)
        job.stdin.write(ticket)
        job.stdin.close()
        if not manager.waitHosts(nodes, WAIT * 1000):
            sys.exit(f"{len(manager.hosts())} of {nodes} agents came")
        manager.setPlacement(ProPlace_Hosts)
        yield manager, job, time.monotonic() - begun
    job.wait()


SQUARES = "import os\ndef f(n): return n * n, os.uname().nodename\n"
SPIN = "def f():\n    while True: pass\n"


def squares(manager, count):
    from Pro.MP import ProWorker_Any
    for number in range(count):
        manager.evalPythonFunction(ProWorker_Any, SQUARES, "f", [number], True)
    if not manager.wait(WAIT * 1000):
        sys.exit("the tasks do not end")
    results = [manager.takeResult() for _ in range(count)]
    return sorted(value for value, _ in results), sorted({node for _, node in results})


def the_same_work(nodes):
    from Pro.MP import ProManager
    with ProManager() as local:
        local.startWorker()
        here, _ = squares(local, 1000)
    with cluster_manager(nodes) as (manager, _, took):
        begun = time.monotonic()
        for _ in range(4 * nodes):
            manager.startWorker()
        there, used = squares(manager, 1000)
        up = time.monotonic() - begun
    if here != there or used != [f"n{i}" for i in range(1, nodes + 1)]:
        sys.exit(f"the nodes {used} found something else")
    gone = until(lambda: not any(processes_of(f"n{i}") for i in range(1, nodes + 1)), "the nodes are empty")
    print(f"from srun to {nodes} connected agents: {took:.2f} s; {4 * nodes} workers and 1,000 tasks: {up:.2f} s; "
          f"all nodes empty {gone:.2f} s after the close")


def a_pulled_cable(nodes):
    with cluster_manager(nodes) as (manager, _, _):
        workers = [manager.startWorker() for _ in range(nodes)]
        squares(manager, 10 * nodes)
        victim = {manager.workerInfo(worker).host: worker for worker in workers}
        name = manager.hosts()[0]["name"]
        worker = victim[manager.hosts()[0]["id"]]
        manager.evalPythonFunction(worker, SPIN, "f", None, True)
        while not manager.workerInfo(worker).task:
            manager.waitAny(10)
        run("ip", "-n", "head", "link", "set", f"v{name}", "down")
        told = until(lambda: manager.waitAny(10) is not None and len(manager.hosts()) == nodes - 1, "the host is gone")
        manager.wait(WAIT * 1000)
        _, _, _, error = manager.takeEnding(worker)
        detail = error.death["detail"]
        _, used = squares(manager, 100)
        gone = until(lambda: not processes_of(name), "the node without a cable is empty")
        run("ip", "-n", "head", "link", "set", f"v{name}", "up")
    if "connection" not in detail or name in used:
        sys.exit(f"after the loss of {name}: {detail}; work went to {used}")
    print(f"a pulled cable is told after {told:.1f} s; the node without it is empty {gone:.1f} s later; others work on")


def a_cancelled_job(nodes):
    with cluster_manager(nodes) as (manager, job, _):
        worker = manager.startWorker()
        manager.evalPythonFunction(worker, SPIN, "f", None, True)
        while not manager.workerInfo(worker).task:
            manager.waitAny(10)
        run("scancel", "--me")
        told = until(lambda: manager.waitAny(10) is not None and not manager.hosts(), "the hosts are gone")
        gone = until(lambda: not any(processes_of(f"n{i}") for i in range(1, nodes + 1)), "the nodes are empty")
        job.wait()
    print(f"a cancelled job is told after {told:.2f} s; all nodes are empty {gone:.2f} s later")


def a_killed_manager(nodes):
    child = os.fork()
    if child == 0:
        with cluster_manager(nodes) as (manager, _, _):
            for _ in range(nodes):
                manager.evalPythonFunction(manager.startWorker(), SPIN, "f", None, True)
            manager.wait()
        os._exit(0)
    until(lambda: all(len(processes_of(f"n{i}")) >= 3 for i in range(1, nodes + 1)), "workers are on all nodes")
    os.kill(child, signal.SIGKILL)
    gone = until(lambda: not any(processes_of(f"n{i}") for i in range(1, nodes + 1)), "the nodes are empty")
    os.waitpid(child, 0)
    print(f"all nodes are empty {gone:.2f} s after kill -9 of the manager")


def on_the_head(nodes):
    for case in (the_same_work, a_killed_manager, a_cancelled_job, a_pulled_cable):
        case(nodes)


# ---- the three levels: outside, in namespaces of its own, on the head ----


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--level", choices=["namespaces", "head"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    again = [sys.executable, __file__, "--nodes", str(arguments.nodes), "--level"]
    if arguments.level == "head":
        on_the_head(arguments.nodes)
    elif arguments.level == "namespaces":
        build_network(arguments.nodes)
        took = start_slurm(pathlib.Path(os.environ[INSIDE]), arguments.nodes)
        print(f"Slurm with {arguments.nodes} nodes is up after {took:.2f} s")
        return subprocess.run(within("head", *again, "head")).returncode
    else:
        missing = [tool for tool in ("srun", "slurmctld", "slurmd", "munged", "ip") if shutil.which(tool) is None]
        if missing or os.geteuid() != 0:
            print(f"cannot run: {'not installed: ' + ' '.join(missing) if missing else 'not root'}")
            return 77
        with tempfile.TemporaryDirectory(prefix="promp-cluster-") as folder:
            os.environ[INSIDE] = folder
            return subprocess.run(["unshare", "-mnpf", "--kill-child=KILL", "--mount-proc", *again,
                                   "namespaces"]).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
