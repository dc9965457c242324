"""Values of packet fields in four bytes, and their order, without floats and large integers.

A value of any type is widened to four big-endian bytes: unsigned, two's complement or IEEE 754. Its
key, two u16, has the order of the values.
"""

from hal.compat import const

TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32")
_SIZES = b"\x01\x01\x02\x02\x04\x04\x04"
F32 = const(6)
_INFINITY = const(0x7F80)


def type_of(name):
    """Row of TYPES of a field's type, arrays by their elements; -1 for text."""
    for row in range(len(TYPES)):
        if name.startswith(TYPES[row]):
            return row
    return -1


def size_of(kind):
    """Bytes of a value of a row of TYPES."""
    return _SIZES[kind]


def is_signed(kind):
    """Two's complement."""
    return kind == 1 or kind == 3 or kind == 5


def widen(out, data, at, kind, little):
    """The value at `data[at]` as four big-endian bytes in `out`."""
    size = _SIZES[kind]
    for i in range(size):
        out[3 - i] = data[at + i] if little else data[at + size - 1 - i]
    fill = 0xFF if is_signed(kind) and out[4 - size] & 0x80 else 0
    for i in range(4 - size):
        out[i] = fill


class Key:
    """`upper`, `lower`: the order of a value; `valid` False for NaN."""

    def __init__(self):
        self.upper = 0
        self.lower = 0
        self.valid = True

    def take(self, buf, at, kind):
        """The key of the four bytes at `buf[at]`."""
        high = buf[at] << 8 | buf[at + 1]
        low = buf[at + 2] << 8 | buf[at + 3]
        self.valid = True
        if kind == F32:
            magnitude = high & 0x7FFF
            self.valid = magnitude < _INFINITY or magnitude == _INFINITY and low == 0
            if magnitude == 0 and low == 0:
                high = 0x8000  # zero has no sign
            elif high & 0x8000:
                high ^= 0xFFFF
                low ^= 0xFFFF
            else:
                high |= 0x8000
        elif is_signed(kind):
            high ^= 0x8000
        self.upper = high
        self.lower = low

    def below(self, other):
        """Less than the other one."""
        return self.upper < other.upper or self.upper == other.upper and self.lower < other.lower

    def minus(self, other):
        """Difference of two integers, clipped to +-2^29."""
        high = max(-0x1FFF, min(0x1FFF, self.upper - other.upper))
        return high * 65536 + self.lower - other.lower
