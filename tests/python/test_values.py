# SPDX-License-Identifier: Apache-2.0
"""Values go to a worker and come back equal, with their types."""

import math

import pytest

from Pro.Core import NTVariantList

ECHO = "def echo(*values): return list(values)"

VALUES = [
    None, True, False,
    0, 1, -1, 127, 128, -32, -33, 255, 256, 65535, 65536, 2**31, -(2**31), 2**32, 2**63 - 1, -(2**63),
    2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**100, -(10**100), 2**4000 + 1,
    0.0, -0.0, 1.5, 1e308, 5e-324, math.inf, -math.inf,
    "", "a", "\0", "Gr\u00fc\u00dfe", "\u4e16\u754c", "\U0001f600", "x" * 70_000,
    b"", b"\0\xff", bytes(range(256)), b"y" * 32_767, b"y" * 32_768, b"y" * 70_000, b"z" * 3_000_000,
    [], [1, [2, [3]]], (), (1,), ((), ((1, "a"), [None])), list(range(70_000)),
    {}, {"a": 1}, {1: "a", (2, 3): [4], None: None, b"k": {"deep": (True,)}},
    NTVariantList(), NTVariantList([1, "a", NTVariantList([b"x"])]),
]


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(x, y) and same(a[x], b[y]) for x, y in zip(a, b)
        )
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b


def test_all_values_return_with_their_types(call):
    returned = call(ECHO, "echo", *VALUES)
    assert len(returned) == len(VALUES)
    for value, back in zip(VALUES, returned):
        assert same(value, back), (repr(value)[:80], repr(back)[:80])


def test_nan_returns(call):
    (nan,) = call(ECHO, "echo", math.nan)
    assert math.isnan(nan)


def test_bytes_likes_return_as_bytes(call):
    assert call(ECHO, "echo", bytearray(b"ab"), memoryview(b"cd")) == [b"ab", b"cd"]


def test_bytes_of_64_mib_return(call):
    data = bytes(range(256)) * (1 << 18)
    assert call(ECHO, "echo", data)[0] == data


def test_arguments_may_be_a_tuple_or_a_variant_list(manager, worker):
    for args in ((1, 2), [1, 2], NTVariantList([1, 2])):
        manager.evalPythonFunction(worker, ECHO, "echo", args, True)
        manager.wait()
        assert manager.takeResult(worker) == [1, 2]


def test_deepest_value(call):
    value = []
    for _ in range(100):
        value = [value]
    assert call("def same(value): return value", "same", value) == value


class Strange:
    pass


CYCLE = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "args, path",
    [
        ([1, Strange()], "args[1]"),
        ([0, 0, {"x": Strange()}], "args[2]['x']"),
        ([[(1, {2: {3}})]], "args[0][0][1][2]"),
        ([NTVariantList([1j])], "args[0][0]"),
        ([memoryview(b"abcd")[::2]], "args[0]"),
        ([CYCLE], "args[0][0][0]"),
    ],
)
def test_what_cannot_be_sent_is_named_and_nothing_is_sent(manager, worker, args, path):
    with pytest.raises(TypeError) as caught:
        manager.evalPythonFunction(worker, ECHO, "echo", args, True)
    assert path in str(caught.value)
    assert not manager.isBusy()
    manager.evalPythonFunction(worker, ECHO, "echo", [7], True)
    manager.wait()
    assert manager.takeResult(worker) == [7]


@pytest.mark.parametrize("args", ["ab", 5, {"a": 1}, {1}])
def test_arguments_that_are_no_sequence(manager, worker, args):
    with pytest.raises(TypeError, match="args"):
        manager.evalPythonFunction(worker, ECHO, "echo", args)
