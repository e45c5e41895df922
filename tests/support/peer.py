# SPDX-License-Identifier: Apache-2.0
"""Comparing what promp read of a file with what a peer did, field by field."""


def count(value):
    """Fields of a description: its leaves."""
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(count, value))
    return 1


def difference(ours, theirs, place=""):
    """The first place where two descriptions differ, a text; None if they agree."""
    if type(ours) is not type(theirs) or not isinstance(ours, (dict, list, tuple)):
        return None if ours == theirs else f"{place}: promp {ours!r:.200}, peer {theirs!r:.200}"
    if len(ours) != len(theirs):
        return f"{place}: promp has {len(ours)}, the peer {len(theirs)}"
    keys = ours if isinstance(ours, dict) else range(len(ours))
    for key in keys:
        if isinstance(ours, dict) and key not in theirs:
            return f"{place}: the peer has no {key!r}"
        found = difference(ours[key], theirs[key], f"{place}[{key!r}]")
        if found:
            return found
    return None
