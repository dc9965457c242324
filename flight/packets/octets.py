"""Big-endian numbers in packets and records, without allocation: values stay below 2^30, the
largest that the interpreter on board keeps out of the heap."""


def u16(buf, at):
    """Number of two octets."""
    return buf[at] << 8 | buf[at + 1]


def put_u16(buf, at, value):
    """Write a number below 2^16."""
    buf[at] = value >> 8
    buf[at + 1] = value & 0xFF


def u32(buf, at):
    """Number of four octets that is known to lie below 2^30."""
    return buf[at] << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]


def u30(buf, at):
    """Number of four octets; -1 from 2^30 on."""
    return -1 if buf[at] & 0xC0 else u32(buf, at)


def low_u30(buf, at):
    """The lower 30 bits of a number of four octets."""
    return (buf[at] & 0x3F) << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3]


def put_u32(buf, at, value):
    """Write a number below 2^31."""
    buf[at] = value >> 24
    buf[at + 1] = value >> 16 & 0xFF
    buf[at + 2] = value >> 8 & 0xFF
    buf[at + 3] = value & 0xFF
