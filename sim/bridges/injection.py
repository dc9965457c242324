"""Changes memory of the emulated processor while it waits in an exchange of the device bus.

The instant is the end of the read that exchange number `exchange` of the flight waits in, and the
same in every flight. QEMU counts instructions, but it lets virtual time run to the next timer
whenever a breakpoint stops the processor. So the processor is stopped at a breakpoint once only;
and `TIMER` gives the emulator a timer of its own, in step with virtual time from its start, that
makes the leap 10 ms at most and always the same. The stop before that, which sets the breakpoint,
comes by connecting and costs nothing; so that it surely comes between two exchanges, the processor
must sleep between exchange `exchange` and the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sim.bridges.debug_port import DebugPort
from sim.errors import BridgeError
from sim.world import World

SOCKET = "debug.sock"
_BREAKPOINT_CALL = b"\xab\xbe"  # BKPT 0xAB, little-endian: a semihosting call
# Between two requests that are so far apart the processor sleeps.
GAP_US = 4000
_LITTLES = 1000

PORT = ("-gdb", f"unix:{SOCKET},server=on,wait=off")
TIMER = (
    *("-netdev", "hubport,id=beat,hubid=0"),
    *("-object", "filter-buffer,id=beat-timer,netdev=beat,interval=10000"),
)


@dataclass(frozen=True)
class Poke:
    """What happens to memory: the bits of `flip` are inverted, or `data` is written."""

    address: int
    flip: int = 0
    data: bytes = b""

    def apply(self, port: DebugPort) -> None:
        """Do it to a stopped processor."""
        if self.data:
            port.write(self.address, self.data)
        else:
            port.write(self.address, bytes((port.read(self.address, 1)[0] ^ self.flip,)))


def read_end(elf: Path) -> int:
    """Address of the instruction behind the semihosting read. BridgeError when there is none."""
    with elf.open("rb") as file:
        image = ELFFile(file)
        table = image.get_section_by_name(".symtab")
        found = None
        if isinstance(table, SymbolTableSection):
            found = table.get_symbol_by_name("semihost_read")
        if not found:
            raise BridgeError(f"{elf}: no semihosting read in this image")
        start, size = found[0]["st_value"] & ~1, found[0]["st_size"]
        for section in image.iter_sections():
            offset = start - section["sh_addr"]
            if section["sh_flags"] & 2 and 0 <= offset < section["sh_size"]:
                code = section.data()[offset : offset + size]
                return int(start + code.index(_BREAKPOINT_CALL) + len(_BREAKPOINT_CALL))
    raise BridgeError(f"{elf}: the semihosting read is in no section")


class Injection:
    """One injection into one flight of `world`: call `before` and `after` around each exchange.

    `done` says that it took place, `failure` why it did not; `at_s` is its world time.
    """

    def __init__(
        self, world: World, exchange: int, pokes: Sequence[Poke], stop_address: int, folder: Path
    ) -> None:
        self._world = world
        self._exchange = exchange
        self._pokes = tuple(pokes)
        self._stop_address = stop_address
        self._socket = folder / SOCKET
        self._thread: threading.Thread | None = None
        self._answered = threading.Event()
        self.unread: Callable[[], int] = lambda: 0  # bytes of the answer not read yet
        self.done = False
        self.failure = ""
        self.at_s = 0.0

    def before(self, requests: int) -> None:
        """`requests` have been answered, the next one is in: in time, ask for the stop."""
        # The processor waits for the answer and holds the emulator; it comes to the stop once it
        # has it, on its way to sleep.
        if requests == self._exchange - 2:
            try:
                port = DebugPort(self._socket)
            except BridgeError as error:
                self.failure = str(error)
                return
            self._thread = threading.Thread(target=self._run, args=(port,), daemon=True)
            self._thread.start()

    def after(self, requests: int) -> None:
        """The answer to request number `requests` is on its way."""
        if requests == self._exchange - 1:
            self._answered.set()

    def _run(self, port: DebugPort) -> None:
        try:
            with port:
                port.wait_stopped()
                self._answered.wait()
                for _ in range(_LITTLES):
                    if not self.unread():
                        break
                    port.run_a_little()  # it had not come to reading the answer yet
                if port.at(self._stop_address):
                    port.step()
                port.stop_at(self._stop_address)
                port.run()
                if self._world.requests != self._exchange:
                    self.failure = f"stopped in exchange {self._world.requests}"
                else:
                    self.at_s = self._world.t_s
                    for poke in self._pokes:
                        poke.apply(port)
                    self.done = True
                port.release(self._stop_address)
        except BridgeError as error:
            self.failure = str(error)

    def finish(self) -> None:
        """The emulator has ended: wait for the thread."""
        if self._thread is not None:
            self._thread.join()
