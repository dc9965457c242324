"""What both worlds do with the flash; on the target it comes before `exercise(...)` in a script."""

from hal.drivers.w25q128 import W25q128
from hal.errors import HalError


def exercise(spi, copy, lock, unlock, show):
    """Probe, erase, program over a page in two parts, read back; `lock` forbids allocation."""
    identity = bytearray(3)
    command = bytearray(b"\x9f")
    spi.write_readinto(command, identity)
    show(identity[0], identity[1], identity[2])
    flash = W25q128(spi, copy)
    data = bytearray(200)
    for i in range(200):
        data[i] = i * 7 & 0xFF
    back = bytearray(256)
    flash.probe()
    early = False
    lock()
    flash.erase_sector(0x7F3000)
    looks = 0
    while flash.busy():
        looks += 1
        if looks == 1:
            try:
                flash.read_into(0x7F3000, back)
            except HalError as error:
                early = error.code == 16
    flash.program(0x7F3037, data)
    while flash.busy():
        looks += 1
    flash.verify(0x7F3037, data)
    flash.read_into(0x7F3000, back)
    unlock()
    show(early, looks > 1, back[0x36], back[0x37], back[0x38], back[0xFE], back[0xFF])
    try:
        flash.program(0x7F30FF, data)
    except HalError as error:
        show(error.device, error.code)
    return back
