# SPDX-License-Identifier: Apache-2.0
"""The hex view: of a sparse file of 100 GiB, and, in a worker, of a container of 4 GiB in its manager.

The display is an Xvfb of the bench's own, drawn to by cairo: the figures hold without a graphics card.
"""
import atexit
import functools
import os
import shutil
import subprocess

from harness import BUILD, Group, Missing, figure, run_sample


@functools.cache
def start_display():
    if shutil.which("Xvfb") is None:
        return "Xvfb is not installed"
    reader, writer = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24", "-nolisten", "tcp",
                               "-noreset"],
                              pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(server.kill)
    os.close(writer)
    with os.fdopen(reader) as told:
        os.environ["DISPLAY"] = ":" + told.readline().strip()
    os.environ.update(GSK_RENDERER="cairo", GTK_A11Y="none", GSETTINGS_BACKEND="memory")
    return None


def hex_sample(kind, what):
    program = BUILD / "bench" / "hex_bench"
    if not program.exists():
        raise Missing("this build has no user interface")
    problem = start_display()
    if problem:
        raise Missing(problem)
    plugin = [BUILD / "bench" / "hex_plugin.so"] if kind == "remote" else []
    return run_sample([program, kind, what, *plugin])


def hex_group(kind, what, name, unit, at_most):
    def make(scale):
        return Group(name, unit, functools.partial(hex_sample, kind, what), target=figure(at_most=at_most))
    return make


FILE, REMOTE = "hex view, file of 100 GiB: ", "hex view, remote container of 4 GiB: "
GROUPS = [
    hex_group("file", "first", FILE + "first frame in a window that is up", "ms", 150),
    hex_group("file", "page", FILE + "page down, median", "ms", 16),
    hex_group("file", "slowest", FILE + "page down, the slowest of 61", "ms", 16),
    hex_group("file", "processor", FILE + "page down, most processor time of 61", "ms", 16),
    hex_group("file", "memory", FILE + "memory over the empty window", "MiB", 64),
    hex_group("remote", "first", REMOTE + "first frame in a window that is up", "ms", 150),
    hex_group("remote", "page", REMOTE + "page down, median", "ms", 16),
    hex_group("remote", "slowest", REMOTE + "page down, the slowest of 61", "ms", 16),
    hex_group("remote", "processor", REMOTE + "page down, most processor time of 61", "ms", 16),
    hex_group("remote", "memory", REMOTE + "memory over the empty window", "MiB", 64),
]
