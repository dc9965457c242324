"""The I2C driver and the bus queue, compiled for the host, on one peripheral model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from tests.stm32.build import ROOT, library
from tests.stm32.i2c_renode import RenodeI2C
from tests.stm32.i2c_silicon import SiliconI2C

SOURCES = [ROOT / "native/src/drivers/stm32_i2c.c", ROOT / "native/src/kernel/bus.c"]
HEADERS = [ROOT / "native/include/mf_bus.h", ROOT / "native/include/mf_stm32_i2c.h"]
NODEV, IO, TIMEOUT, BUSY, INVAL = -19, -5, -110, -16, -22
Model = Union[SiliconI2C, RenodeI2C]


class Rig:
    """One bus: submit transfers, let model and interrupts run, look at the wire."""

    def __init__(
        self,
        model: Model,
        replace: Sequence[tuple[str, str]] = (),
        pclk_hz: int = 42_000_000,
        bus_hz: int = 400_000,
    ) -> None:
        self.model = model
        self.latency_ns = 0  # from an interrupt line to its handler
        self.handler_calls = 0
        self.ffi, self.lib = library(SOURCES, HEADERS, replace)
        ffi = self.ffi
        self._keep = [
            ffi.callback("uint32_t(uintptr_t)", model.read),
            ffi.callback("void(uintptr_t, uint32_t)", model.write),
            ffi.callback("uint64_t(void)", lambda: model.now_ns // 1000),
            ffi.callback("void(void)", self._wait),
            ffi.callback("bool(void *)", lambda _ctx: model.wire.clear()),
        ]
        self.lib.shim_read, self.lib.shim_write = self._keep[:2]
        self.lib.shim_now_us, self.lib.shim_wait = self._keep[2:4]
        self.i2c = ffi.new("mf_stm32_i2c_t *")
        self.bus = ffi.new("mf_bus_t *")
        self.reset_status = self.lib.mf_stm32_i2c_reset(
            self.i2c, 0, pclk_hz, bus_hz, self._keep[4], ffi.NULL
        )
        self.lib.mf_bus_reset(self.bus, 1, ffi.addressof(self.lib, "mf_stm32_i2c_ops"), self.i2c)

    def transfer(self, address: int, tx: bytes = b"", rx_len: int = 0) -> Any:
        """A transfer struct with its buffers; not yet queued."""
        xfer = self.ffi.new("mf_xfer_t *")
        tx_buffer = self.ffi.new("uint8_t[]", tx) if tx else self.ffi.NULL
        rx_buffer = self.ffi.new("uint8_t[]", rx_len) if rx_len else self.ffi.NULL
        xfer.op, xfer.address = 2, address
        xfer.tx, xfer.tx_len, xfer.rx, xfer.rx_len = tx_buffer, len(tx), rx_buffer, rx_len
        self._keep.append((xfer, tx_buffer, rx_buffer))
        return xfer

    def submit(self, xfer: Any) -> int:
        """Queue a transfer, as the control tick does."""
        return int(self.lib.mf_bus_submit(self.bus, xfer))

    def step(self) -> bool:
        """Serve one interrupt or let the next thing happen on the wire; False: all is quiet."""
        line = self.model.interrupt()
        if not line:
            return self.model.advance()
        if self.latency_ns:
            self.model.wait(self.latency_ns)
        self.model.entered()
        self.handler_calls += 1
        before = self.model.accesses
        if line == "error":
            self.lib.mf_stm32_i2c_error(self.i2c)
        else:
            self.lib.mf_stm32_i2c_event(self.i2c)
        assert self.model.accesses > before, "a handler that touches nothing cannot end its cause"
        return True

    def settle(self, limit: int = 20_000) -> None:
        """Run until nothing happens any more."""
        for _ in range(limit):
            if not self.step():
                return
        raise AssertionError("interrupt storm: no end of handler calls")

    def _wait(self) -> None:
        """WFI: an interrupt, or 100 us pass while the bus is dead; the caller has a clock."""
        if not self.step():
            self.model.wait(100_000)

    def run(self, address: int, tx: bytes = b"", rx_len: int = 0) -> tuple[int, bytes]:
        """One blocking transfer: (status, bytes read)."""
        xfer = self.transfer(address, tx, rx_len)
        status = self.lib.mf_bus_transfer(self.bus, xfer, 20_000)
        self.settle()
        return status, bytes(self.ffi.buffer(xfer.rx, rx_len)) if rx_len else b""


def clean(rig: Rig) -> None:
    """Nothing forbidden was done, nothing is left over, and the handlers did not spin."""
    assert rig.model.violations == []
    assert not rig.i2c.state and rig.lib.shim_locked == 0
    assert rig.i2c.stop_waits <= rig.i2c.nacks
    if isinstance(rig.model, SiliconI2C):
        assert rig.i2c.spurious == 0
    bytes_on_wire = sum(len(t.data) + 1 for t in rig.model.wire.log)
    assert rig.handler_calls <= 40 * len(rig.model.wire.log) + 3 * bytes_on_wire
