"""The USART driver and the bus queue, compiled for the host, on one peripheral model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.stm32.build import ROOT, library
from tests.stm32.usart_models import SiliconUsart

SOURCES = [ROOT / "native/src/drivers/stm32_usart.c", ROOT / "native/src/kernel/bus.c"]
HEADERS = [ROOT / "native/include/mf_bus.h", ROOT / "native/include/mf_stm32_usart.h"]
UART_WRITE, UART_READ = 4, 5
BUSY, INVAL, TIMEOUT = -16, -22, -110
RING = 256


class Rig:
    """One UART: submit transfers, let bytes come and interrupts run."""

    def __init__(
        self,
        model: SiliconUsart,
        replace: Sequence[tuple[str, str]] = (),
        pclk_hz: int = 84_000_000,
        baud: int = 115_200,
    ) -> None:
        self.model = model
        self.latency_ns = 0  # from the interrupt line to its handler
        self.handler_calls = 0
        self.ffi, self.lib = library(SOURCES, HEADERS, replace)
        ffi = self.ffi
        self._keep: list[Any] = [
            ffi.callback("uint32_t(uintptr_t)", model.read),
            ffi.callback("void(uintptr_t, uint32_t)", self._write),
            ffi.callback("uint64_t(void)", lambda: model.now_ns // 1000),
            ffi.callback("void(void)", self._wait),
        ]
        self.lib.shim_read, self.lib.shim_write = self._keep[:2]
        self.lib.shim_now_us, self.lib.shim_wait = self._keep[2:4]
        self.usart = ffi.new("mf_stm32_usart_t *")
        self.bus = ffi.new("mf_bus_t *")
        self.unlocked_starts = 0
        self.reset_status = self.lib.mf_stm32_usart_reset(self.usart, 0, pclk_hz, baud)
        ops = ffi.addressof(self.lib, "mf_stm32_usart_ops")
        self.lib.mf_bus_reset(self.bus, 1, ops, self.usart)

    def _write(self, address: int, value: int) -> None:
        self.model.write(address, value)
        # An interrupt that came up is taken at once when nothing masks it.
        if self.lib.shim_locked == 0 and value & 1 << 7 and address == 0x0C:
            self.unlocked_starts += 1

    def transfer(self, op: int, tx: bytes = b"", rx_len: int = 0) -> Any:
        """A transfer struct with its buffers; not yet queued."""
        xfer = self.ffi.new("mf_xfer_t *")
        tx_buffer = self.ffi.new("uint8_t[]", tx) if tx else self.ffi.NULL
        rx_buffer = self.ffi.new("uint8_t[]", rx_len) if rx_len else self.ffi.NULL
        xfer.op = op
        xfer.tx, xfer.tx_len, xfer.rx, xfer.rx_len = tx_buffer, len(tx), rx_buffer, rx_len
        self._keep.append((xfer, tx_buffer, rx_buffer))
        return xfer

    def submit(self, xfer: Any) -> int:
        """Queue a transfer, as the control tick does."""
        return int(self.lib.mf_bus_submit(self.bus, xfer))

    def read(self, size: int = RING) -> bytes:
        """What the receiver took in so far, at most `size` bytes; the transfer ends at once."""
        xfer = self.transfer(UART_READ, rx_len=size)
        assert self.submit(xfer) == 0
        assert xfer.status >= 0, xfer.status
        return bytes(self.ffi.buffer(xfer.rx, size))[: xfer.status]

    def handle(self) -> None:
        """One call of the handler."""
        self.model.wait(self.latency_ns)
        self.handler_calls += 1
        before = self.model.accesses
        self.lib.mf_stm32_usart_isr(self.usart)
        assert 0 < self.model.accesses - before <= 64, "a handler is short"

    def step(self) -> bool:
        """Serve the interrupt or let the next thing happen on the line; False: all is quiet."""
        if not self.model.interrupt():
            return self.model.advance()
        self.handle()
        return True

    def settle(self, limit: int = 20_000) -> None:
        """Run until nothing happens any more."""
        for _ in range(limit):
            if not self.step():
                return
        raise AssertionError("interrupt storm: no end of handler calls")

    def _wait(self) -> None:
        """WFI: an interrupt, or 100 us pass."""
        if not self.step():
            self.model.wait(100_000)

    def write(self, data: bytes, timeout_us: int = 100_000) -> int:
        """One blocking write: its status."""
        status = self.lib.mf_bus_transfer(self.bus, self.transfer(UART_WRITE, data), timeout_us)
        self.settle()
        return int(status)


def clean(rig: Rig) -> None:
    """Nothing forbidden was done, nothing is left over, and the handlers did not spin."""
    assert rig.model.violations == []
    assert rig.usart.bus == rig.ffi.NULL and rig.lib.shim_locked == 0
    assert rig.usart.spurious == 0 and rig.unlocked_starts == 0
    assert not rig.model.interrupt()
    assert rig.handler_calls <= rig.usart.received + rig.usart.sent + rig.usart.framing + 2
