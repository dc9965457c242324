"""What the block protect bits of a W25Q128JV protect: data sheet revision F, section 7.1."""

SIZE = 1 << 24
SECTOR = 4096
SEC, TB, CMP = 0x40, 0x20, 0x40  # status register 1, 1 and 2


def protected(status_1: int, status_2: int) -> tuple[int, int]:
    """First address and end of what the block protect bits protect (tables of section 7.1)."""
    bits = status_1 >> 2 & 7
    if bits == 0:
        size = 0
    elif bits == 7:
        size = SIZE
    elif status_1 & SEC:
        size = SECTOR << min(bits - 1, 3)
    else:
        size = SIZE // 64 << bits - 1
    at_bottom = bool(status_1 & TB)
    if status_2 & CMP:
        size, at_bottom = SIZE - size, not at_bottom
    return (0, size) if at_bottom else (SIZE - size, SIZE)
