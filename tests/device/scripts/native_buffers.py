# native: buffer functions, their bounds and their errors.
import struct

import native

text = b"123456789"
print(hex(native.crc16(text, 0, 9)), native.crc16(text, 3, 0), hex(native.crc16(text, 2, 4)))
out = bytearray(12)
native.crc32_into(text, 0, 9, out, 4)
print(list(out))
native.copy(out, 1, out, 4, 4)
print(list(out))
native.swap_copy(out, 0, b"\x01\x02\x03\x04\x05\x06", 0, "u16", 3)
print(list(out))
native.swap_copy(out, 4, b"\x00\x00\x80\x3f", 0, "f32", 1)
print(struct.unpack_from(">f", out, 4))
values = bytearray(8)
for code, form, value, low, high in (
    ("u8", ">B", 200, 0, 199),
    ("u8", ">B", 200, 0, 200),
    ("i16", ">h", -300, -300, 300),
    ("i16", ">h", -301, -300, 300),
    ("u32", ">I", 0xFFFFFFFF, 0, 0xFFFFFFFF),
    ("u32", ">I", 0xFFFFFFFF, 0, 0xFFFFFFFE),
    ("i32", ">i", -(2**31), -(2**31), 0),
    ("f32", ">f", 0.5, 0.25, 0.75),
    ("f32", ">f", 1.0, 0.25, 0.75),
    ("f32", ">f", float("nan"), -1.0, 1.0),
    ("f32", ">f", float("inf"), -1.0, 1.0),
):
    struct.pack_into(form, values, 2, value)
    print(code, low, high, native.in_range(values, 2, code, low, high))


def refused(function, *args):
    try:
        function(*args)
    except ValueError:
        print("ValueError")
    else:
        print("accepted")


refused(native.copy, out, 9, text, 0, 4)
refused(native.copy, out, 0, text, 7, 3)
refused(native.copy, out, -1, text, 0, 1)
refused(native.crc16, text, 8, 2)
refused(native.crc32_into, text, 0, 9, out, 9)
refused(native.in_range, values, 5, "u32", 0, 1)
refused(native.in_range, values, 0, "u24", 0, 1)
refused(native.swap_copy, out, 0, text, 8, "u16", 1)
