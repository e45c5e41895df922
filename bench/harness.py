# SPDX-License-Identifier: Apache-2.0
"""How the bench measures: every sample in a fresh process, promp and its peers in turn, medians.

A Group is one thing that promp and its peers do; each sample is one number. The peers alternate with
promp inside the run (A B C A B C ...), so that what disturbs the machine disturbs all of them. Rows that are
shorter than such a disturbance are measured together: one process does what promp and its peers do, in turn.
"""
import dataclasses
import functools
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
from typing import Callable, Optional

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("PROMP_BUILD", BENCH.parent / "build"))
PYTHON = "/usr/bin/python3"
SAMPLE_SECONDS_MAX = 60
MISSING_STATUS = 77


class Missing(Exception):
    """A peer cannot run here; the text says why."""


@dataclasses.dataclass
class Target:
    """What a row must reach: a bound on promp's figure, or on the ratio promp / peer."""
    kind: str  # "figure" or "ratio"
    at_most: Optional[float] = None
    at_least: Optional[float] = None

    def met(self, value):
        if self.at_most is not None and value > self.at_most:
            return False
        return self.at_least is None or value >= self.at_least

    def text(self, unit):
        sign, bound = ("<=", self.at_most) if self.at_most is not None else (">=", self.at_least)
        return f"{sign} {bound:g} {unit}" if self.kind == "figure" else f"{sign} {bound:g} x"


def figure(at_most=None, at_least=None):
    return Target("figure", at_most, at_least)


def ratio(at_most=None, at_least=None):
    return Target("ratio", at_most, at_least)


@dataclasses.dataclass
class Peer:
    name: str
    sample: Optional[Callable[[], float]]  # None: measured together with promp
    target: Optional[Target] = None  # None: for information


@dataclasses.dataclass
class Group:
    name: str
    unit: str
    promp: Callable[[], float]  # measured together: its figure and those of the peers, a list
    peers: list = dataclasses.field(default_factory=list)
    target: Optional[Target] = None  # of promp's figure alone
    rounds: int = 5


@dataclasses.dataclass
class Scale:
    """How much work the rows do: full, quick or smoke (only to see that they run)."""
    name: str

    def rounds(self, full):
        return {"full": full, "quick": max(3, full // 2), "smoke": 1}[self.name]

    def count(self, full):
        return {"full": full, "quick": max(1, full // 4), "smoke": max(1, full // 50)}[self.name]


def environment():
    paths = [str(BUILD / "python"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def run_sample(command):
    """In a session of its own: a sample that hangs is ended with everything that it started."""
    process = subprocess.Popen(list(map(str, command)), env=environment(), cwd=BENCH, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        printed, complaints = process.communicate(timeout=SAMPLE_SECONDS_MAX)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RuntimeError(f"no figure within {SAMPLE_SECONDS_MAX} s") from None
        raise
    if process.returncode == MISSING_STATUS:
        raise Missing(printed.strip())
    if process.returncode != 0:
        lines = (complaints.strip() or f"exit status {process.returncode}").splitlines()
        raise RuntimeError(f"{pathlib.Path(command[0]).name}: {lines[-1]}")
    value = json.loads(printed.strip().splitlines()[-1])
    return list(map(float, value)) if isinstance(value, list) else float(value)


def probe(module, function, *arguments):
    """A sample: one call of rows_MODULE.FUNCTION in a fresh interpreter."""
    return functools.partial(
        run_sample, [PYTHON, BENCH / "probe.py", module, function, json.dumps(arguments)])


def native(program, *arguments):
    """A sample: what one of the C programs of this folder prints."""
    return functools.partial(run_sample, [BUILD / "bench" / program, *arguments])


def need(module):
    """Imports a module that may be missing here; the sample then counts as missing."""
    try:
        return __import__(module, fromlist=["_"])
    except ImportError as error:
        print(f"not installed: {error}")
        sys.exit(MISSING_STATUS)


@dataclasses.dataclass
class Line:
    """One line of the table."""
    row: str
    unit: str
    promp: Optional[float] = None
    peer_name: str = ""
    peer: Optional[float] = None
    ratio: Optional[float] = None
    target: str = ""
    met: Optional[bool] = None
    note: str = ""
    spread: Optional[float] = None  # of promp's samples: (max - min) / median


def take_samples(group, scale):
    """{name: samples} and {name: error} of promp ("") and its peers, taken in turn."""
    samplers = {"": group.promp, **{peer.name: peer.sample for peer in group.peers}}
    samples, errors = {name: [] for name in samplers}, {}
    together = [name for name, sample in samplers.items() if name == "" or sample is None]
    for _ in range(scale.rounds(group.rounds)):
        for name, sample in samplers.items():
            if name in errors or sample is None:
                continue
            try:
                value = sample()
                for one, figure_of_one in zip(together, value) if isinstance(value, list) else [(name, value)]:
                    samples[one].append(figure_of_one)
            except Missing as reason:
                errors[name] = f"missing: {reason}"
            except (OSError, RuntimeError, ValueError, IndexError, subprocess.SubprocessError) as error:
                errors[name] = f"error: {error}"
    return samples, errors


def measure(group, scale):
    """The table's lines of one group."""
    samples, errors = take_samples(group, scale)
    own = samples[""]
    promp = statistics.median(own) if own and "" not in errors else None
    spread = (max(own) - min(own)) / promp if promp else None
    lines = []
    if group.target or not group.peers:
        line = Line(group.name, group.unit, promp, spread=spread, note=errors.get("", ""))
        if group.target:
            line.target = group.target.text(group.unit)
            line.met = promp is not None and group.target.met(promp)
        lines.append(line)
    for peer in group.peers:
        lines.append(compare(group, peer, promp, spread, samples, errors))
    return lines


def compare(group, peer, promp, spread, samples, errors):
    note = errors.get("") or errors.get(peer.name, "")
    line = Line(group.name, group.unit, promp, peer.name, spread=spread, note=note)
    if samples[peer.name] and peer.name not in errors:
        line.peer = statistics.median(samples[peer.name])
    if line.promp is not None and line.peer:
        line.ratio = line.promp / line.peer
    if line.ratio is not None and peer.sample is None:  # each round has a ratio of its own
        line.ratio = statistics.median(ours / theirs for ours, theirs in zip(samples[""], samples[peer.name]))
    if peer.target:
        line.target = peer.target.text(group.unit)
        line.met = line.ratio is not None and peer.target.met(line.ratio)
    return line
