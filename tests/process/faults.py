#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks workers, nurseries, managers and whole trees at random moments, and looks at what is left.

faults.py [--rounds 5] [--only NAME] [--seed N] [--stop-seconds 0.5]

Without PYTHONPATH it uses the package of build/.

After each round: the managing process ended (a watchdog decides), what it could see was right, no
process of it lives, nothing lies in its runtime folder or in /dev/shm. Prints TAP. A failure names its
seed; the same seed gives the same round, as far as the machine allows.
"""
import argparse
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

SCENARIOS = pathlib.Path(__file__).with_name("fault_scenarios.py")
BUILT_PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "build/python"
FAULTS = ["worker_killed", "nursery_killed", "manager_killed", "middle_killed", "worker_stopped",
          "closes_fds", "exits", "aborts", "overflows_stack", "frees_twice", "eats_memory",
          "forks_children", "raises_in_send", "ctrl_c", "ctrl_c_twice"]
WATCHDOG_SECONDS = 60
GONE_SECONDS = 5  # until a process counts as an orphan; they are to be gone at once
MARK = "PROMP_FAULT_ROUND"
MIDDLE_LEVEL = 3
LEVELS = 5
# How a scenario may end where the fault ends it: its exit status, or minus the signal.
ENDS = {"manager_killed": {-signal.SIGKILL}, "ctrl_c": {130},
        "ctrl_c_twice": {130, 1, -signal.SIGINT}}


class Wrong(Exception):
    pass


def marked_processes(mark):
    """(pid, command line) of every living process that was started inside the round."""
    wanted = f"{MARK}={mark}".encode()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = pathlib.Path(entry.path, "environ").read_bytes()
            if wanted not in environment.split(b"\0"):
                continue
            state = pathlib.Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()[0]
            if state not in "ZX":
                command = pathlib.Path(entry.path, "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(entry.name), f"{state} {command}"
        except (OSError, IndexError):
            continue


def shared_memory():
    return {name for name in os.listdir("/dev/shm") if "promp" in name}


class Round:
    def __init__(self, name, seed, stop_seconds, folder):
        self.name, self.random, self.folder = name, random.Random(seed), folder
        self.mark = f"{os.getpid()}-{name}-{seed}"
        self.shared_before = shared_memory()
        self.deadline = time.monotonic() + WATCHDOG_SECONDS
        self.output = b""
        environment = {"PYTHONPATH": str(BUILT_PACKAGE), **os.environ, MARK: self.mark, "XDG_RUNTIME_DIR": folder}
        self.process = subprocess.Popen(
            [sys.executable, SCENARIOS, name, str(seed), str(stop_seconds)], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self.pidfd = os.pidfd_open(self.process.pid)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self, until):
        """Reads output until `until(output)`, its end, or the watchdog's turn; False at its end."""
        stream = self.process.stdout
        while not until(self.output):
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise Wrong(f"hangs: no end within {WATCHDOG_SECONDS} s")
            data = os.read(stream.fileno(), 65536)
            if not data:
                return False
            self.output += data
        return True

    def inflict(self):
        """The faults that only somebody outside can bring about."""
        if self.name in ("manager_killed", "ctrl_c", "ctrl_c_twice"):
            self.read(lambda output: b"ready\n" in output)
            time.sleep(self.random.random() * 0.03)  # the random moment
            self.process.send_signal(signal.SIGKILL if self.name == "manager_killed" else signal.SIGINT)
            if self.name == "ctrl_c_twice":
                time.sleep(self.random.random() * 0.01)
                self.process.send_signal(signal.SIGINT)
        elif self.name == "middle_killed":
            self.read(lambda output: f"level {LEVELS} ".encode() in output and output.endswith(b"\n"))
            pids = {int(level): int(pid) for line in self.output.decode().splitlines()
                    if line.startswith("level ") for _, level, pid in [line.split()]}
            if MIDDLE_LEVEL not in pids:
                raise Wrong(f"no process of level {MIDDLE_LEVEL} told its pid")
            time.sleep(self.random.random() * 0.03)
            os.kill(pids[MIDDLE_LEVEL], signal.SIGKILL)

    def wait_for_end(self):
        """The process itself, not the end of its output: an orphan may hold that."""
        left = self.deadline - time.monotonic()
        if self.name not in ENDS:
            self.read(lambda output: output.endswith(b"done\n"))
        if not select.select([self.pidfd], [], [], max(0, left))[0]:
            raise Wrong(f"hangs: no end within {WATCHDOG_SECONDS} s")
        status = self.process.wait()
        if status not in ENDS.get(self.name, {0}):
            raise Wrong(f"ended with {status}")

    def check_nothing_left(self):
        deadline = time.monotonic() + GONE_SECONDS
        while left := list(marked_processes(self.mark)):
            if time.monotonic() > deadline:
                raise Wrong("orphans: " + "; ".join(f"{pid} {text}" for pid, text in left))
            time.sleep(0.002)  # a poll of /proc, which tells nobody when it changes
        files = sorted(str(path.relative_to(self.folder)) for path in pathlib.Path(self.folder).rglob("*"))
        if files:
            raise Wrong(f"left in the runtime folder: {', '.join(files)}")
        if shared := shared_memory() - self.shared_before:
            raise Wrong(f"left in /dev/shm: {', '.join(sorted(shared))}")

    def clean_up(self):
        for pid, _ in marked_processes(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        os.close(self.pidfd)

    def run(self):
        try:
            self.inflict()
            self.wait_for_end()
            self.check_nothing_left()
        finally:
            self.clean_up()


def play(name, seed, stop_seconds):
    """One round; None or the text of what was wrong."""
    with tempfile.TemporaryDirectory(prefix="faults-of-promp.", ignore_cleanup_errors=True) as folder:
        round_ = Round(name, seed, stop_seconds, folder)
        try:
            round_.run()
        except Wrong as wrong:
            tail = round_.output.decode(errors="replace").splitlines()[-15:]
            return "\n".join([f"seed {seed}: {wrong}", *("  " + line for line in tail)])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=FAULTS)
    parser.add_argument("--seed", type=int, default=None, help="of the first round; default: by the clock")
    parser.add_argument("--stop-seconds", type=float, default=None, help="how long SIGSTOP lasts")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would ours
    faults = arguments.only or FAULTS
    stop_seconds = arguments.stop_seconds
    if stop_seconds is None:
        stop_seconds = 10 if arguments.rounds > 20 else 0.5
    print(f"1..{len(faults)}")
    if "worker_stopped" in faults and stop_seconds < 10:
        print(f"# worker_stopped: for {stop_seconds} s instead of 10 s, to be quick (--stop-seconds 10)")
    first_seed = time.time_ns() % 1_000_000 if arguments.seed is None else arguments.seed
    failed_faults = 0
    for number, name in enumerate(faults, 1):
        begun = time.monotonic()
        failures = [text for i in range(arguments.rounds)
                    if (text := play(name, first_seed + i, stop_seconds))]
        failed_faults += bool(failures)
        for line in "\n".join(failures[:3]).splitlines():
            print(f"# {line}")
        print(f"{'not ok' if failures else 'ok'} {number} - {name}: {arguments.rounds - len(failures)} of "
              f"{arguments.rounds} rounds right, {time.monotonic() - begun:.1f} s", flush=True)
    return 1 if failed_faults else 0


if __name__ == "__main__":
    sys.exit(main())
