"""The kernel with every part of an attitude mission, in the simulated world; no Python on board."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import native
import sim.orbit
from native.cffi.loader import ffi
from sim.orbit import read_tle
from sim.scenario import load
from sim.world import World

IDLE, DETUMBLE, SUNSAFE, POINTING = range(4)
SET_MODE, SET_PARAM = 1, 2
TLE, TARGET = 1, 2
ABSENT, INITIALISING, WORKING, FAILED = range(4)
MAG_1, MAG_2, GYRO, FSS, ADC_1, ADC_2, TRACKER, GNSS, WHEEL_0, ROD_0 = (*range(9), 12)
OP_I2C, OP_UART_READ = 2, 5
_TLE = read_tle(Path(sim.orbit.__file__).with_name("scenarios") / "orbits.tle", "ASRTU-1")
LINES = (_TLE.line1 + _TLE.line2).encode()


@dataclass(frozen=True)
class Request:
    """One device-bus request."""

    t_us: int
    op: int
    address: int
    tx: bytes
    rx_len: int
    status: int


class Suite:
    """World, stack and clock; settings are `key=value` of the scenario commissioning."""

    def __init__(self, *settings: str, rate_deg_s: float = 0.3, seed: int = 1) -> None:
        self.scenario = load(
            "commissioning", ["duration_s=9000.0", f"initial.rate_deg_s={rate_deg_s}", *settings]
        )
        self.world = World(self.scenario, seed)
        self.requests: list[Request] = []
        self.stack = native.Stack(self.exchange)
        assert self.stack.hello() == 0
        self.kernel = self.stack.kernel
        self.beating = True
        for index in (2, 7):  # dipole limit and full drive of this spacecraft's rods
            assert self.set_param(index, 0.2) > 0

    def exchange(self, request: bytes) -> bytes:
        reply = self.world.exchange(request)
        op, _bus, address, _tx_len, rx_len, t_us = struct.unpack_from("<BBHHHQ", request)
        status = struct.unpack_from("<h", reply)[0]
        self.requests.append(Request(t_us, op, address, request[16:], rx_len, status))
        return reply

    def run(self, until_s: float) -> None:
        while self.stack.next_ms() <= round(until_s * 1000):
            if self.stack.timer(self.stack.next_ms() * 1000) and self.beating:
                self.kernel.beat()

    def set_param(self, index: int, value: float) -> int:
        return int(self.kernel.command(SET_PARAM, index, struct.pack(">f", value)))

    def mode(self, mode: int) -> None:
        assert self.kernel.command(SET_MODE, mode) > 0

    def set_time(self) -> None:
        """Mission time of the last tick, as the world has it."""
        image = bytearray(12)
        self.kernel.time_into(image)
        (tick_ms,) = struct.unpack_from("<I", image)
        epoch_s = self.mission_s(tick_ms / 1000)
        whole = int(epoch_s)
        assert self.kernel.set_time(tick_ms, whole, int((epoch_s - whole) * 65536)) == 0

    def mission_s(self, t_s: float) -> float:
        """Seconds since 2020-01-01T00:00:00 TAI at `t_s` of the flight; TAI is 37 s ahead."""
        return self.scenario.epoch.timestamp() - 1577836800 + 37 + t_s

    def upload_tle(self) -> int:
        return int(self.kernel.upload(TLE, LINES, 0, len(LINES)))

    def report(self) -> Any:
        """The loop's own report."""
        out = ffi.new("mf_adcs_report_t *")
        estimate, control = bytearray(184), bytearray(124)
        self.kernel.attitude_into(0, estimate)
        self.kernel.attitude_into(1, control)
        ffi.memmove(out, bytes(estimate + control), 308)
        return out

    def devices(self) -> Any:
        image = bytearray(60)
        self.kernel.devices_into(image)
        out = ffi.new("mf_kernel_devices_t *")
        ffi.memmove(out, bytes(image), 60)
        return out

    def states(self) -> list[int]:
        return list(self.devices().state)

    def events(self) -> list[tuple[int, int, int, int]]:
        """Drained kernel events: time_ms, id, arg0, arg1."""
        found, image = [], bytearray(12)
        while self.kernel.event_into(image):
            found.append(struct.unpack("<IHHI", image))
        return found

    def count(self, address: int, since_s: float = 0.0, op: int = OP_I2C) -> Counter[bytes]:
        """Requests to one address by their first byte written."""
        return Counter(
            request.tx[:1]
            for request in self.requests
            if request.op == op and request.address == address and request.t_us >= since_s * 1e6
        )
