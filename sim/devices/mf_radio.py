"""Radio modem of the reference spacecraft, I2C 0x34: register map in docs/icd/radio.md."""

from __future__ import annotations

from collections import deque

from sim.devices.base import RegisterDevice
from sim.faults import FaultSet

ID, VERSION, CTRL, STATUS, RATE, TX_FREE = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
RX_LEN_H, RX_LEN_L, TX_FIFO, RX_FIFO, RX_COUNT, TX_COUNT = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B
DEVICE_ID = 0x52
RATES_BIT_S = (1200, 2400, 4800, 9600, 19200, 38400)
SLOTS = 8
FRAME_MAX = 260  # of one transmit slot
FIFO_SIZE = 2048  # octets received and not read yet
READ_MAX = 256
_CARRIER, _RECEIVER, _RESET = 0x01, 0x02, 0x80


class MfRadio(RegisterDevice):
    """The modem; `advance` moves the bits, on the grid only.

    `transmitter_on` is the supply of the transmitter: without it the carrier cannot be switched on.
    """

    id_registers = frozenset((ID,))

    def __init__(self, name: str, faults: FaultSet | None = None) -> None:
        super().__init__(name, faults)
        self._transmitter_on = True
        self.power_up()

    def power_up(self) -> None:
        self._control = _RECEIVER
        self._rate = 3
        self._tx: deque[bytes] = deque()
        self._tx_sent_s = 0.0  # time already spent on the frame in the first slot
        self._rx = bytearray()
        self._rx_overflow = self._tx_overflow = False
        self._rx_count = self._tx_count = 0

    @property
    def transmitter_on(self) -> bool:
        """Supply of the transmitter, an EPS switch."""
        return self._transmitter_on

    @transmitter_on.setter
    def transmitter_on(self, on: bool) -> None:
        self._transmitter_on = on
        if not on:
            self._set_control(self._control & ~_CARRIER)

    @property
    def carrier(self) -> bool:
        """The transmitter radiates."""
        return bool(self._control & _CARRIER) and self.working

    @property
    def receiving(self) -> bool:
        """The receiver listens."""
        return bool(self._control & _RECEIVER) and self.working

    @property
    def rate_bit_s(self) -> int:
        """Bit rate of both directions."""
        return RATES_BIT_S[self._rate]

    @property
    def sending_s(self) -> "float | None":
        """For how long it has been sending the frame in the first slot; None when it does not."""
        return self._tx_sent_s if self._tx and self.carrier else None

    def advance(self, start_s: float, step_s: float) -> list[tuple[float, bytes]]:
        """(time, frame) of all whose last bit left in the grid step beginning at `start_s`."""
        if not self._tx or not self.carrier:
            return []
        done: list[tuple[float, bytes]] = []
        at_s = 0.0
        while self._tx:
            rest_s = len(self._tx[0]) * 8.0 / self.rate_bit_s - self._tx_sent_s
            if at_s + rest_s > step_s:
                self._tx_sent_s += step_s - at_s
                return done
            at_s += rest_s
            self._tx_sent_s = 0.0
            self._tx_count = (self._tx_count + 1) & 0xFF
            done.append((start_s + at_s, self._tx.popleft()))
        return done

    def receive(self, octets: bytes) -> bool:
        """A burst from the air; False when it was lost (receiver off, or no room for all of it)."""
        if not self.receiving:
            return False
        if len(self._rx) + len(octets) > FIFO_SIZE:
            self._rx_overflow = True
            return False
        self._rx += octets
        self._rx_count = (self._rx_count + 1) & 0xFF
        return True

    def next_register(self, register: int) -> int:
        return register if register in (TX_FIFO, RX_FIFO) else (register + 1) & 0xFF

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx and tx[0] == TX_FIFO:
            self._pointer = TX_FIFO
            if len(tx) > 1:
                self._load(tx[1:])
            return bytes(rx_len)
        if tx:
            super().access(tx, 0, address)
        if rx_len and self._pointer == RX_FIFO:
            return self._fetch(rx_len)
        return super().access(b"", rx_len, address)

    def _load(self, frame: bytes) -> None:
        if len(self._tx) == SLOTS or not self.carrier or len(frame) > FRAME_MAX:
            self._tx_overflow = True
        else:
            self._tx.append(frame)

    def _fetch(self, rx_len: int) -> bytes:
        out = bytes(self._rx[:rx_len]).ljust(rx_len, b"\0")
        del self._rx[:rx_len]
        if self.faults.active:
            out = bytes(self.faulty(RX_FIFO, value) for value in out)
        return out

    def read_register(self, register: int) -> int:
        if register == STATUS:
            transmitting = bool(self._tx) and self.carrier
            status = transmitting | bool(self._rx) << 1 | self._rx_overflow << 2
            status |= self._tx_overflow << 3 | self.carrier << 4
            self._rx_overflow = self._tx_overflow = False
            return status
        length = min(len(self._rx), READ_MAX)
        values = {
            ID: DEVICE_ID,
            VERSION: 0x01,
            CTRL: self._control,
            RATE: self._rate,
            TX_FREE: SLOTS - len(self._tx),
            RX_LEN_H: length >> 8,
            RX_LEN_L: length & 0xFF,
            RX_COUNT: self._rx_count,
            TX_COUNT: self._tx_count,
        }
        return values.get(register, 0)

    def write_register(self, register: int, value: int) -> None:
        if register == CTRL:
            if value & _RESET:
                self.power_up()
            else:
                self._set_control(value & (_CARRIER | _RECEIVER))
        elif register == RATE and value < len(RATES_BIT_S):
            self._rate = value

    def _set_control(self, control: int) -> None:
        if not self._transmitter_on:
            control &= ~_CARRIER
        if not control & _CARRIER:
            # What was on its way is lost with the carrier.
            self._tx.clear()
            self._tx_sent_s = 0.0
        self._control = control
