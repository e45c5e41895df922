# SPDX-License-Identifier: Apache-2.0
"""promp's value encoding against python3-msgpack, as a second implementation of MessagePack.

The program named by $PROMP_VALUE_RECODE reads values, and encodes what it understood again.
"""

import math
import os
import random
import struct
import subprocess

import msgpack
import pytest

BIG_INT, TUPLE, VARIANT_LIST = 1, 2, 3


def recode(encoded):
    return subprocess.run(
        [os.environ["PROMP_VALUE_RECODE"]], input=encoded, capture_output=True, timeout=60
    )


def recoded(encoded):
    done = recode(encoded)
    assert done.returncode == 0, done.stderr
    return done.stdout


def encode_big_int(number):
    magnitude = abs(number)
    payload = bytes([number < 0]) + magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big")
    return msgpack.ExtType(BIG_INT, payload)


def decode_ext(code, payload):
    if code == BIG_INT:
        assert payload[0] in (0, 1) and payload[1] != 0
        return int.from_bytes(payload[1:], "big") * (-1 if payload[0] else 1)
    return (code, unpack(payload))


def unpack(encoded):
    return msgpack.unpackb(encoded, ext_hook=decode_ext, strict_map_key=False, raw=False)


def random_integer(chance):
    number = chance.getrandbits(chance.randrange(1, 64))
    return -number if chance.random() < 0.5 else number


def random_plain(chance):
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice([None, True, False])
    if kind == 1:
        return random_integer(chance)
    if kind == 2:
        return chance.choice([0.0, -0.0, math.inf, -math.inf, chance.uniform(-1e9, 1e9)])
    size = chance.choice([0, 1, 15, 16, 31, 32, 33, 255, 256, 300])
    if kind == 3:
        return "".join(chance.choice("aä€𝄞") for _ in range(size))
    if kind == 4:
        return chance.randbytes(size)
    return chance.choice([2**63, 2**64 - 1, -(2**63)])


def random_value(chance, depth, with_ext):
    kind = chance.randrange(8)
    if depth == 0 or kind < 3:
        if with_ext and kind == 0:
            sign = chance.choice([1, -1])
            return encode_big_int(sign * (2**64 + chance.getrandbits(chance.randrange(1, 3000))))
        return random_plain(chance)
    count = chance.choice([0, 1, 2, 3, 15, 16, 17])
    if kind < 5:
        return [random_value(chance, depth - 1, with_ext) for _ in range(count)]
    if with_ext and kind < 7:
        items = [random_value(chance, depth - 1, with_ext) for _ in range(count)]
        return msgpack.ExtType(chance.choice([TUPLE, VARIANT_LIST]), msgpack.packb(items))
    return {
        random_integer(chance): random_value(chance, depth - 1, with_ext) for _ in range(count)
    }


@pytest.mark.parametrize("seed", range(8))
def test_plain_values_give_the_same_bytes(seed):
    chance = random.Random(seed)
    encoded = b"".join(msgpack.packb(random_value(chance, 3, False)) for _ in range(100))
    assert recoded(encoded) == encoded


@pytest.mark.parametrize("seed", range(8))
def test_ext_values_mean_the_same(seed):
    chance = random.Random(1000 + seed)
    items = [random_value(chance, 3, True) for _ in range(60)]
    encoded = msgpack.packb(items)
    assert unpack(recoded(encoded)) == unpack(encoded)


@pytest.mark.parametrize("exponent", range(64))
def test_integers_around_powers_of_two_give_the_same_bytes(exponent):
    near = [sign * 2**exponent + step for sign in (1, -1) for step in (-1, 0, 1)]
    encoded = b"".join(msgpack.packb(number) for number in near if -(2**63) <= number)
    assert recoded(encoded) == encoded


@pytest.mark.parametrize("number", [2**64, 2**64 + 1, -(2**63) - 1, -(2**64), 10**400, -(10**700)])
def test_integers_beyond_64_bits_give_the_same_value(number):
    encoded = msgpack.packb([encode_big_int(number)])
    assert unpack(recoded(encoded)) == [number]


@pytest.mark.parametrize("size", [0, 31, 32, 255, 256, 32767, 32768, 65535, 65536, 200000])
def test_sizes_give_the_same_bytes(size):
    encoded = msgpack.packb(["x" * size, b"y" * size, [1] * size, {i: None for i in range(size)}])
    assert recoded(encoded) == encoded


@pytest.mark.parametrize("size", [40000, 70000])
def test_large_bytes_in_tuples_count_in_the_size(size):
    inner = msgpack.ExtType(VARIANT_LIST, msgpack.packb([b"z" * size, 7]))
    encoded = msgpack.packb([msgpack.ExtType(TUPLE, msgpack.packb([b"y" * size, inner])), 1])
    assert unpack(recoded(encoded)) == unpack(encoded)


def test_narrow_floats_are_widened():
    encoded = msgpack.packb([0.1, -2.5], use_single_float=True)
    assert recoded(encoded) == msgpack.packb([struct.unpack("f", struct.pack("f", 0.1))[0], -2.5])


@pytest.mark.parametrize(
    "value", [msgpack.ExtType(4, b"\x90"), msgpack.Timestamp(1), [msgpack.ExtType(TUPLE, b"\x01")]]
)
def test_foreign_ext_values_are_refused(value):
    done = recode(msgpack.packb(value))
    assert done.returncode == 1
    assert b"offset" in done.stderr
