"""FRAM and flash memory under the storage of the flight software, with a power cut at any write.

Operations are counted over both: every write of FRAM, every program and erase of flash. The one
with number `cut` gets as far as `fraction` says, and the power is gone: nothing works any more.
"""

from typing import Any

from sim.devices.nor_memory import NorMemory

FRAM_SIZE = 131072
BLOCK_SIZE = 4096
BLOCKS = 96


class PowerCut(BaseException):
    """The supply failed. Not an error, and nothing contains it."""


class Supply:
    """`operations` so far; `cut`: number of the one (from 1) in which the power fails, 0 none."""

    def __init__(self, cut: int = 0, fraction: float = 0.0) -> None:
        self.operations = 0
        self.cut = cut
        self.fraction = fraction
        self.failed = False

    def check(self) -> None:
        """Nothing works without power."""
        if self.failed:
            raise PowerCut

    def begin(self) -> float:
        """An operation begins; which share of it gets done."""
        self.check()
        self.operations += 1
        if self.operations != self.cut:
            return 1.0
        self.failed = True
        return self.fraction


class Fram:
    """As native's; a byte is stored when it has been sent."""

    def __init__(self, supply: Supply, memory: bytearray) -> None:
        self.supply = supply
        self.memory = memory

    def read(self, addr: int, buf: Any, off: int = 0, n: "int | None" = None) -> int:
        """Fill `buf`, or a part of it."""
        self.supply.check()
        n = len(buf) - off if n is None else n
        buf[off : off + n] = self.memory[addr : addr + n]
        return 0

    def write(self, addr: int, buf: Any, off: int = 0, n: "int | None" = None) -> int:
        """Write `buf`, or a part of it."""
        n = len(buf) - off if n is None else n
        done = int(n * self.supply.begin())
        self.memory[addr : addr + done] = bytes(buf[off : off + done])
        self.supply.check()
        return 0


class Blocks:
    """As hal/flash_blocks.py, over the cells alone."""

    BLOCK_SIZE = BLOCK_SIZE
    BLOCKS = BLOCKS

    def __init__(self, supply: Supply, cells: NorMemory) -> None:
        self.supply = supply
        self.cells = cells
        self.erases = 0

    def probe(self) -> int:
        """It answers."""
        self.supply.check()
        return 0

    def read(self, block: int, offset: int, buf: Any) -> int:
        """Fill `buf`."""
        self.supply.check()
        buf[:] = self.cells.read(block * BLOCK_SIZE + offset, len(buf))
        return 0

    def program(self, block: int, offset: int, buf: Any) -> int:
        """Clear bits."""
        fraction = self.supply.begin()
        address, data = block * BLOCK_SIZE + offset, bytes(buf)
        if fraction < 1.0:
            self.cells.program_partly(address, data, fraction)
        else:
            self.cells.program(address, data)
        self.supply.check()
        return 0

    def erase(self, block: int) -> int:
        """Set all bits."""
        fraction = self.supply.begin()
        if fraction < 1.0:
            self.cells.erase_partly(block * BLOCK_SIZE, BLOCK_SIZE, fraction)
        else:
            self.cells.erase(block * BLOCK_SIZE, BLOCK_SIZE)
        self.erases += 1
        self.supply.check()
        return 0


class Memories:
    """What outlives the power. `start()` gives it to a computer that starts anew."""

    def __init__(self) -> None:
        self.fram = bytearray(FRAM_SIZE)
        self.cells = NorMemory(BLOCKS * BLOCK_SIZE)

    def start(self, supply: "Supply | None" = None) -> "tuple[Fram, Blocks]":
        """FRAM and flash under `supply`."""
        supply = supply or Supply()
        return Fram(supply, self.fram), Blocks(supply, self.cells)

    def copy(self) -> "Memories":
        """The same content."""
        other = Memories()
        other.fram[:] = self.fram
        other.cells.restore(self.cells.image())
        return other
