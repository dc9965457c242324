"""A stack on the simulator's register-level parts, with every request written down."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass

import native
from sim.devices.ak09916 import Ak09916
from sim.devices.base import BusError, Device
from sim.devices.drv8830 import Drv8830
from sim.devices.lsm6dso import Lsm6dso
from sim.devices.mb85rc1mt import Mb85rc1mt
from sim.devices.mf_radio import MfRadio
from sim.faults import Fault, FaultSet

OP_HELLO, OP_I2C, OP_WATCHDOG = 1, 2, 8
MAG, IMU, RODS = 0x0C, 0x6A, (0x60, 0x61, 0x63)
IDLE, DETUMBLE, SUNSAFE, POINTING = 0, 1, 2, 3
SET_MODE, SET_PARAM, RESET_STATS, INHIBIT, CALIBRATE, SELFTEST = 1, 2, 3, 4, 5, 6
EVENT_ABSENT = 0x020E
TICK_US = 100_000
REPORT = struct.Struct("<IIBBBB13f4H")
FIELDS = ("tick", "time_ms", "mode", "reason", "flags", "ack")
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Request:
    """One device-bus request and its status."""

    t_us: int
    op: int
    address: int
    tx: bytes
    rx_len: int
    status: int


class Report:
    """A decoded report."""

    def __init__(self, image: bytes) -> None:
        values = REPORT.unpack(image)
        self.tick, self.time_ms, self.mode, self.reason, self.flags, self.ack = values[:6]
        self.mag_B_T, self.mag_dot_B_T_s = values[6:9], values[9:12]
        self.omega_BN_B_rad_s, self.dipole_B_A_m2 = values[12:15], values[15:18]
        self.rate_rad_s = values[18]
        self.mag_errors, self.imu_errors, self.rod_errors, self.late_samples = values[19:]


class Rig:
    """Parts, stack and clock. `field_S_T` and `omega_S_rad_s` may be replaced at any time."""

    def __init__(self, faults: dict[str, list[Fault]] | None = None, **stack: object) -> None:
        self.field_S_T: Callable[[int], Vector] = lambda grid: (2e-5, -1e-5, 3e-5)
        self.omega_S_rad_s: Callable[[int], Vector] = lambda grid: (0.0, 0.0, 0.0)
        made = {name: FaultSet(items) for name, items in (faults or {}).items()}
        self.mag = Ak09916("mag", self._field_with_noise, made.get("mag"))
        self.imu = Lsm6dso(
            "imu",
            self._with_noise,
            lambda grid: (0.0, 0.0, 0.0),
            lambda: 20.0,
            made.get("imu"),
        )
        self.rods = [Drv8830(f"rod{i}", 0.5, 25.0, 1.0, made.get(f"rod{i}")) for i in range(3)]
        self.fram = Mb85rc1mt("fram", made.get("fram"))
        self.radio = MfRadio("radio", made.get("radio"))
        self.devices: dict[int, Device] = {
            MAG: self.mag,
            IMU: self.imu,
            0x50: self.fram,
            0x51: self.fram,
            0x34: self.radio,
        }
        self.devices.update(zip(RODS, self.rods, strict=True))
        self.requests: list[Request] = []
        self.stack = native.Stack(self.exchange, **stack)  # type: ignore[arg-type]
        self.beating = True

    def _with_noise(self, grid: int) -> Vector:
        """One LSB (250 dps range) on every other sample: no axis repeats itself for long."""
        x, y, z = self.omega_S_rad_s(grid)
        least = 1.6e-4 * ((grid + 1) % 2)
        return (x + least, y + least, z + least)

    def _field_with_noise(self, grid: int) -> Vector:
        """One LSB of the magnetometer, in every other five seconds."""
        x, y, z = self.field_S_T(grid)
        least = 1.5e-7 * (grid // 50 % 2)
        return (x + least, y + least, z + least)

    def exchange(self, request: bytes) -> bytes:
        op, _bus, address, tx_len, rx_len, t_us = struct.unpack_from("<BBHHHQ", request)
        tx = request[16:]
        assert len(tx) == tx_len
        data, status = b"", 0
        if op == OP_HELLO:
            data = b"\x01"
        elif op == OP_I2C:
            try:
                data = self._transfer(address, tx, rx_len, t_us)
            except BusError as error:
                status = error.status
        self.requests.append(Request(t_us, op, address, tx, rx_len, status))
        return struct.pack("<hH", status, len(data)) + data.ljust(rx_len, b"\0")

    def _transfer(self, address: int, tx: bytes, rx_len: int, t_us: int) -> bytes:
        device = self.devices.get(address)
        if device is None:
            raise BusError(-19)
        for part in self.devices.values():
            part.grid = t_us // TICK_US
            part.faults.advance(t_us / 1e6)
        return device.transfer(tx, rx_len, address)

    def run(self, until_s: float) -> None:
        """Advance to onboard time `until_s`, beating every half second."""
        until_ms = round(until_s * 1000)
        while self.stack.next_ms() <= until_ms:
            now_us = self.stack.next_ms() * 1000
            ran = self.stack.timer(now_us)
            if ran and self.beating and (now_us // TICK_US) % 5 == 0:
                self.stack.kernel.beat()

    def report(self) -> Report:
        image = bytearray(REPORT.size)
        self.stack.kernel.report_into(image)
        return Report(bytes(image))

    def stats(self) -> dict[str, object]:
        image = bytearray(164)
        self.stack.kernel.stats_into(image)
        words = struct.unpack("<41I", image)
        return {
            "ticks": words[0],
            "overruns": words[1],
            "skipped": words[2],
            "jitter_hist": words[9:25],
            "duration_hist": words[25:41],
        }

    def events(self) -> list[tuple[int, int, int, int]]:
        """Drained kernel events: time_ms, id, arg0, arg1; but for that about absent devices."""
        return [event for event in self.all_events() if event[1] != EVENT_ABSENT]

    def all_events(self) -> list[tuple[int, int, int, int]]:
        """Drained kernel events: time_ms, id, arg0, arg1."""
        found, image = [], bytearray(12)
        while self.stack.kernel.event_into(image):
            found.append(struct.unpack("<IHHI", image))
        return found

    def kicks(self) -> list[int]:
        """Tick numbers of the watchdog kicks so far."""
        return [
            int.from_bytes(request.tx, "little")
            for request in self.requests
            if request.op == OP_WATCHDOG
        ]

    def set_param(self, index: int, value: float) -> int:
        return self.stack.kernel.command(SET_PARAM, index, struct.pack(">f", value))


def turning_field(rate_rad_s: float, field_T: float = 3e-5) -> Callable[[int], Vector]:
    """Field seen by a body that turns about z at `rate_rad_s`, as a function of the grid index."""

    def field(grid: int) -> Vector:
        angle = -rate_rad_s * grid * 0.1
        return (field_T * math.cos(angle), field_T * math.sin(angle), 0.0)

    return field


def tumbling_rig(rate_rad_s: float = 0.02) -> Rig:
    """A rig in a turning field, commanded to detumble."""
    rig = Rig()
    rig.field_S_T = turning_field(rate_rad_s)
    rig.stack.kernel.command(SET_MODE, DETUMBLE)
    return rig
