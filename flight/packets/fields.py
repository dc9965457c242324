"""Field types of the definitions: sizes, struct codes, layouts. Pure, no input or output.

A type is a scalar ("u8" "i8" "u16" "i16" "u32" "i32" "f32" "char") or an array of one ("f32[3]").
Text is an array of "char": printable ASCII, always the whole length. In telecommands of other
services than 8 there is "text[n]" too: a count u8, then so many characters, n at most.
"""

# Type, struct code, size in bytes.
_SCALARS = (
    ("u8", "B", 1),
    ("i8", "b", 1),
    ("u16", "H", 2),
    ("i16", "h", 2),
    ("u32", "I", 4),
    ("i32", "i", 4),
    ("f32", "f", 4),
    ("char", "B", 1),
    ("text", "B", 1),
)


def _scalar(base):
    for row in _SCALARS:
        if row[0] == base:
            return row
    raise ValueError("unknown field type: " + base)


def split(kind):
    """("f32", 3) for "f32[3]"; ("u8", 0) for "u8", 0 meaning a scalar. ValueError otherwise."""
    base = kind
    count = 0
    if kind.endswith("]"):
        bracket = kind.find("[")
        base = kind[:bracket]
        count = int(kind[bracket + 1 : len(kind) - 1])
        if count < 1:
            raise ValueError("array of no elements: " + kind)
    _scalar(base)
    return base, count


def size(kind):
    """Bytes of one field of type `kind`."""
    base, count = split(kind)
    return _scalar(base)[2] * (count or 1)


def code(kind):
    """struct code of one field, without byte order: "f32[3]" gives "3f"."""
    base, count = split(kind)
    return (str(count) if count else "") + _scalar(base)[1]


def checked_as(kind):
    """Type under which native.in_range checks one element of `kind`: a character is a u8."""
    base = split(kind)[0]
    return "u8" if base in ("char", "text") else base


def struct_format(fields, byte_order):
    """Whole struct format of a packet's field table; `byte_order` "big" or "little"."""
    text = ">" if byte_order == "big" else "<"
    for field in fields:
        text += code(field[1])
    return text


def packet_format(packet):
    """struct format of a packet that flight packs, None for the image of a C struct. In the
    target's definitions it stands in the place of "big" (boards/obc_f405/tables.py)."""
    order = packet[3]
    if order == "little":
        return None
    return order if order[0] == ">" else struct_format(packet[5], order)


def packed_size(fields):
    """Bytes of a packet body with this field table."""
    total = 0
    for field in fields:
        total += size(field[1])
    return total


def offset(fields, name):
    """Offset of the field `name` in the packet body. ValueError when there is none."""
    at = 0
    for field in fields:
        if field[0] == name:
            return at
        at += size(field[1])
    raise ValueError("no such field: " + name)
