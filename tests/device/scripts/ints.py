# Integers around the borders of small ints, and what struct makes of them.
import struct

for value in (0, 1, -1, 2**29, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**32 - 1, -(2**31)):
    print(value, value + 1, value * 3, value >> 3, value & 0xFFFF, value // 7, value % 7)
buf = bytearray(16)
struct.pack_into(">IiHb", buf, 0, 0xFFFFFFFF, -2, 0xABCD, -5)
print(list(buf))
print(struct.unpack_from(">IiHb", buf, 0))
struct.pack_into("<Qf", buf, 0, 2**63 + 5, 0.5)
print(list(buf), struct.unpack_from("<Qf", buf, 0))
print(struct.calcsize(">BBHIIIIII"), int.from_bytes(b"\x01\x02\x03\x04", "big"))
try:
    buf[16]
except IndexError:
    print("IndexError")
