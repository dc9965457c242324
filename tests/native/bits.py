"""Numbers to try and their bits, here and in the bare-metal image of the target."""

import math
import random
import struct

import pytest

from native import bare

SPECIAL = (0.0, 1.0, 0.5, math.pi / 4, math.pi / 2, math.pi, 2 * math.pi, 1e-30, 1e-7, 1e30, 200.0)


def run(text, folder):
    try:
        return bare.run(text, folder)
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def words(values, code):
    """Bit patterns as C initialisers, least significant word first."""
    raw = b"".join(struct.pack("<" + code, value) for value in values)
    return ", ".join(f"0x{word:08x}u" for (word,) in struct.iter_unpack("<I", raw))


def inputs(code, count, seed):
    """Numbers of every size, both signs, special values, subnormals, infinities, NaN."""
    rng = random.Random(seed)
    out = [sign * value for value in SPECIAL for sign in (1.0, -1.0)]
    out += [math.inf, -math.inf, math.nan, 1e-40 if code == "f" else 1e-310]
    out += [rng.uniform(-1.0, 1.0) for _ in range(count // 3)]
    out += [rng.uniform(-7.0, 7.0) for _ in range(count // 3)]
    top = 38 if code == "f" else 300
    out += [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-top, top) for _ in range(count // 3)]
    return [struct.unpack("<" + code, struct.pack("<" + code, value))[0] for value in out]


def results(text, code):
    raw = b"".join(struct.pack("<I", int(line, 16)) for line in text.split())
    return [value for (value,) in struct.iter_unpack("<" + code, raw)]


def same(a, b, code):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return struct.pack("<" + code, a) == struct.pack("<" + code, b)
