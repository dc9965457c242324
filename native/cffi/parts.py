"""Parts on the device bus as Python sees them on the host: radio, FRAM, plain I2C and SPI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from native.cffi.buffers import view
from native.cffi.loader import ffi, lib

if TYPE_CHECKING:
    from native.cffi.stack import Stack

_PIN = re.compile(r"P?([A-I])([0-9]|1[0-5])")
_PINS = 0x90  # port << 4 | pin


class Radio:
    """Radio modem (docs/icd/radio.md). Every result is >= 0 or -errno."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def probe(self) -> int:
        """0 when the modem answers with its identity."""
        return self._stack._ended(lib.mf_host_radio_probe(self._stack._host))

    def send(self, buf: Any, n: int) -> int:
        """Queue the frame `buf[:n]` (1..256 bytes) in the modem; -ENOSPC when it is full."""
        return self._stack._ended(lib.mf_host_radio_send(self._stack._host, view(buf, 0, n), n))

    def tx_free(self) -> int:
        """Free transmit slots, 0..8."""
        return self._stack._ended(lib.mf_host_radio_tx_free(self._stack._host))

    def receive(self, buf: Any) -> int:
        """Oldest received frame into `buf`; its length, 0 none, -ENOSPC when `buf` is short."""
        target = ffi.from_buffer("uint8_t[]", buf, require_writable=True)
        return self._stack._ended(lib.mf_host_radio_receive(self._stack._host, target, len(target)))

    def control(self, carrier: int, rate_code: int) -> int:
        """Set rate and carrier; the receiver stays on."""
        if not 0 <= rate_code <= 255:
            return int(lib.MF_E_INVAL)
        return self._stack._ended(
            lib.mf_host_radio_control(self._stack._host, bool(carrier), rate_code)
        )


class Fram:
    """FRAM of 128 KiB; 0 or -errno."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def read(self, addr: int, buf: Any, off: int = 0, n: int | None = None) -> int:
        """Fill `buf`, or `n` bytes of it from `off` on, from `addr` on."""
        n = len(buf) - off if n is None else n
        target = view(buf, off, n, True)
        if not 0 <= addr <= lib.MF_FRAM_SIZE:
            return int(lib.MF_E_INVAL)
        return self._stack._ended(lib.mf_host_fram_read(self._stack._host, addr, target, n))

    def write(self, addr: int, buf: Any, off: int = 0, n: int | None = None) -> int:
        """Write `buf`, or `n` bytes of it from `off` on, from `addr` on."""
        n = len(buf) - off if n is None else n
        source = view(buf, off, n)
        if not 0 <= addr <= lib.MF_FRAM_SIZE:
            return int(lib.MF_E_INVAL)
        return self._stack._ended(lib.mf_host_fram_write(self._stack._host, addr, source, n))


class I2C:
    """Bus for Python drivers, a subset of `machine.I2C`; OSError(errno) on failure."""

    def __init__(self, stack: Stack, bus: int) -> None:
        if bus != lib.MF_BUS_PLATFORM:
            raise ValueError(f"no I2C bus {bus} for Python")
        self._stack = stack
        self._bus = bus

    def _transfer(self, addr: int, tx: Any, tx_len: int, rx: Any, rx_len: int) -> None:
        if not 0 <= addr <= 0x7F:
            raise ValueError("7-bit address expected")
        if tx_len > lib.MF_DEVBUS_DATA_MAX or rx_len > lib.MF_DEVBUS_DATA_MAX:
            raise OSError(-lib.MF_E_INVAL, "transfer too long")
        status = self._stack._ended(
            lib.mf_host_i2c(self._stack._host, self._bus, addr, tx, tx_len, rx, rx_len)
        )
        if status < 0:
            raise OSError(-status, "I2C")

    def readfrom_mem_into(self, addr: int, reg: int, buf: Any) -> None:
        """Write register number `reg`, then fill `buf` after a repeated start."""
        target = ffi.from_buffer("uint8_t[]", buf, require_writable=True)
        self._transfer(addr, bytes((reg,)), 1, target, len(target))

    def writeto_mem(self, addr: int, reg: int, buf: Any) -> None:
        """Write register number `reg` and then `buf`."""
        data = bytes((reg,)) + bytes(buf)
        self._transfer(addr, data, len(data), ffi.NULL, 0)

    def readfrom_into(self, addr: int, buf: Any) -> None:
        """Fill `buf`."""
        target = ffi.from_buffer("uint8_t[]", buf, require_writable=True)
        self._transfer(addr, ffi.NULL, 0, target, len(target))

    def writeto(self, addr: int, buf: Any) -> None:
        """Write `buf`."""
        data = bytes(buf)
        self._transfer(addr, data, len(data), ffi.NULL, 0)


def _pin_number(pin: Any) -> int:
    """ "A4", "PA4", or the number port << 4 | pin, as `machine.Pin` takes them."""
    if isinstance(pin, int) and 0 <= pin < _PINS:
        return pin
    if isinstance(pin, str) and (found := _PIN.fullmatch(pin)):
        return ord(found[1]) - ord("A") << 4 | int(found[2])
    raise ValueError("no such pin")


class SPI:
    """One chip select of SPI bus 1, a subset of `machine.SPI`; OSError(errno) on failure."""

    def __init__(self, stack: Stack, bus: int, cs: Any) -> None:
        if bus != 1:
            raise ValueError("no such bus")
        self._stack = stack
        self._select = _pin_number(cs)

    def write_readinto(self, tx: Any, rx: Any) -> None:
        """One selection: write `tx`, then fill `rx`; either may be None. 300 bytes at most."""
        source = ffi.NULL if tx is None else ffi.from_buffer("uint8_t[]", tx)
        target = ffi.NULL if rx is None else ffi.from_buffer("uint8_t[]", rx, require_writable=True)
        tx_len = 0 if tx is None else len(source)
        rx_len = 0 if rx is None else len(target)
        if tx_len > lib.MF_DEVBUS_DATA_MAX or rx_len > lib.MF_DEVBUS_DATA_MAX:
            raise ValueError("too long")
        status = self._stack._ended(
            lib.mf_host_spi(self._stack._host, self._select, source, tx_len, target, rx_len)
        )
        if status < 0:
            raise OSError(-status, "SPI")
