"""GNSS receiver on a UART, UBX protocol.

Source: u-blox 8 / M8 Receiver Description, UBX-13003221 R28, chapter 32: frame structure, checksum,
class CFG (acknowledged by class ACK) and the message NAV-PVT. Set up in its flash to
send NAV-PVT once per GPS second and no NMEA. Like every receiver in orbit it is one without the
limits of altitude and speed of a common receiver.

Until it has a fix it sends NAV-PVT with fixType 0. With the fix it knows GPS time; UTC may be off
by `leap_error_s` until the leap seconds have come with the navigation message (`fullyResolved`).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sim.devices.base import Device
from sim.faults import FaultSet

SYNC = b"\xb5\x62"
NAV_PVT, ACK_ACK, ACK_NAK = (0x01, 0x07), (0x05, 0x01), (0x05, 0x00)
CFG, CFG_MSG, CFG_RST = 0x06, (0x06, 0x01), (0x06, 0x04)
BUFFER = 1024
GPS_EPOCH = datetime(1980, 1, 6, tzinfo=timezone.utc)
WEEK_S = 604800
# iTOW year month day hour min sec valid tAcc nano fixType flags flags2 numSV lon lat height hMSL
# hAcc vAcc velN velE velD gSpeed headMot sAcc headAcc pDOP flags3 reserved headVeh magDec magAcc
PVT = struct.Struct("<IHBBBBBBIiBBBBiiiiIIiiiiiIIHH4xihH")
_UNKNOWN = 0xFFFFFFFF
_DEG_1E7 = 1e7 * 180.0 / math.pi
_MESSAGE_MAX = 512


@dataclass(frozen=True)
class Fix:
    """Where the receiver thinks it is: WGS84 geodetic (rad, m), velocity north, east, down."""

    latitude_rad: float
    longitude_rad: float
    height_m: float
    velocity_NED_m_s: Sequence[float]


@dataclass(frozen=True)
class GnssParameters:
    """Facts of the receiver; accuracies are what it says of itself (1 sigma)."""

    acquisition_s: float
    utc_delay_s: float
    leap_error_s: int
    horizontal_m: float
    vertical_m: float
    speed_m_s: float
    satellites: int


def frame(message: tuple[int, int], payload: bytes) -> bytes:
    """A UBX frame: sync characters, class, id, length, payload, checksum (8-bit Fletcher)."""
    body = bytes(message) + len(payload).to_bytes(2, "little") + payload
    return SYNC + body + bytes(checksum(body))


def checksum(body: bytes) -> tuple[int, int]:
    """CK_A and CK_B over class, id, length and payload."""
    a = b = 0
    for byte in body:
        a = (a + byte) & 0xFF
        b = (b + a) & 0xFF
    return a, b


class UbxGnss(Device):
    """`tick(t_s)` must be called once at each grid point, in world time.

    `fix(epoch, t_s)` is the solution at world time `t_s`, with the errors of solution `epoch`;
    `start` is the UTC of world time 0, `gps_utc_s` the leap seconds between GPS and UTC.
    """

    id_registers = frozenset((2,))  # the class of a frame

    def __init__(
        self,
        name: str,
        parameters: GnssParameters,
        fix: Callable[[int, float], Fix],
        start: datetime,
        gps_utc_s: int,
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._parameters = parameters
        self._fix = fix
        self._gps_utc_s = gps_utc_s
        self._start_s = -(start.microsecond * 1e-6)  # world time of a whole second
        whole = start.replace(microsecond=0)
        self._start_gps_s = round((whole - GPS_EPOCH).total_seconds()) + gps_utc_s
        self._t_s = 0.0
        self._epoch = 1 if start.microsecond else 0  # next solution, whole seconds after the start
        self.power_up()

    def power_up(self) -> None:
        self._out = bytearray()
        self._in = bytearray()
        self._rate = 1
        self._started_s = self._t_s

    @property
    def waiting(self) -> int:
        """Bytes sent and not read."""
        return len(self._out)

    def tick(self, t_s: float) -> None:
        """Make the solutions that are due by world time `t_s`."""
        self._t_s = t_s
        while self._start_s + self._epoch <= t_s + 1e-9:
            epoch_s = self._start_s + self._epoch
            if self.working and self._rate and self._epoch % self._rate == 0:
                self._send(frame(NAV_PVT, self._solution(epoch_s)))
            self._epoch += 1

    def _send(self, data: bytes) -> None:
        if self.faults.active:
            data = bytes(self.faulty(index, value) for index, value in enumerate(data))
        self._out += data
        del self._out[:-BUFFER]

    def _solution(self, epoch_s: float) -> bytes:
        facts = self._parameters
        gps_s = self._start_gps_s + self._epoch
        on_s = epoch_s - self._started_s
        fixed = on_s >= facts.acquisition_s
        resolved = on_s >= facts.acquisition_s + facts.utc_delay_s
        leap_s = self._gps_utc_s + (0 if resolved else facts.leap_error_s)
        utc = GPS_EPOCH + timedelta(seconds=gps_s - leap_s)
        itow_ms = gps_s % WEEK_S * 1000
        date = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
        if not fixed:
            nothing = (0,) * 4 + (_UNKNOWN,) * 2 + (0,) * 5 + (_UNKNOWN, 18000000, 9999, 0)
            return PVT.pack(itow_ms, *date, 0, _UNKNOWN, 0, 0, 0, 0, 0, *nothing, 0, 0, 0)
        fix = self._fix(self._epoch, epoch_s)
        north, east, down = fix.velocity_NED_m_s
        ground_m_s = (north * north + east * east) ** 0.5
        return PVT.pack(
            itow_ms,
            *date,
            0x07 if resolved else 0x03,
            30,
            0,
            3,
            0x01,
            0,
            facts.satellites,
            *(round(value * _DEG_1E7) for value in (fix.longitude_rad, fix.latitude_rad)),
            round(fix.height_m * 1e3),
            round(fix.height_m * 1e3),
            round(facts.horizontal_m * 1e3),
            round(facts.vertical_m * 1e3),
            round(north * 1e3),
            round(east * 1e3),
            round(down * 1e3),
            round(ground_m_s * 1e3),
            round(math.atan2(east, north) % (2.0 * math.pi) * _DEG_1E7 / 100.0),
            round(facts.speed_m_s * 1e3),
            round(facts.speed_m_s / max(1.0, ground_m_s) * _DEG_1E7 / 100.0),
            150,
            0,
            0,
            0,
            0,
        )

    def read(self, size: int) -> bytes:
        """Up to `size` of the oldest bytes that the receiver has sent."""
        if self._silent():
            return b""
        data = bytes(self._out[:size])
        del self._out[: len(data)]
        return data

    def write(self, data: bytes) -> int:
        """Bytes for the receiver; all of them are taken."""
        if not self._silent():
            self._in += data
            self._parse()
        return len(data)

    def _silent(self) -> bool:
        faults = self.faults
        if faults.strikes("nack_storm", self.grid) or faults.strikes("slow", self.grid):
            return True
        return not self.working or faults.has("nack") or faults.has("timeout")

    def _parse(self) -> None:
        """Carry out the whole messages that have come in."""
        while True:
            begin = self._in.find(SYNC)
            if begin < 0:
                del self._in[: -1 if self._in[-1:] == SYNC[:1] else len(self._in)]
                return
            del self._in[:begin]
            if len(self._in) < 6:
                return
            length = int.from_bytes(self._in[4:6], "little")
            if length > _MESSAGE_MAX:
                del self._in[:2]
                continue
            if len(self._in) < length + 8:
                return
            body = bytes(self._in[2 : length + 6])
            if checksum(body) != tuple(self._in[length + 6 : length + 8]):
                del self._in[:2]
                continue
            del self._in[: length + 8]
            self._message((body[0], body[1]), body[4:])

    def _message(self, kind: tuple[int, int], payload: bytes) -> None:
        if kind[0] != CFG:
            return
        if kind == CFG_RST and len(payload) == 4:
            # No acknowledgement: the receiver starts at once.
            self.power_up()
            return
        known = kind == CFG_MSG and len(payload) in (3, 8) and tuple(payload[:2]) == NAV_PVT
        if known:
            # Eight bytes: one rate per port, UART 1 is the second.
            self._rate = payload[2] if len(payload) == 3 else payload[3]
        self._send(frame(ACK_ACK if known else ACK_NAK, bytes(kind)))
