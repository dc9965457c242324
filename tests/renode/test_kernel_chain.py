"""The C part of `--world renode` in closed loop, without Renode: control kernel, I2C driver, a
model of Renode's I2C controller, bridge, TCP, simulator."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest

from tests.renode.bridge_twin import PythonBridge
from tests.renode.bridged_wire import STATUS, BridgedWire
from tests.renode.server import Server
from tests.stm32.build import ROOT, library
from tests.stm32.i2c_renode import RenodeI2C

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = [
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]

NATIVE = ROOT / "native/src"
SOURCES = [
    NATIVE / "drivers/stm32_i2c.c",
    *(path for path in sorted((NATIVE / "kernel").glob("*.c")) if path.name != "devbus.c"),
    NATIVE / "adcs/bdot.c",
    *(NATIVE / f"drivers/{name}.c" for name in ("ak09916", "drv8830", "lsm6dso", "sensor_io")),
]
HEADERS = [ROOT / "native/include/mf_bus.h", ROOT / "native/include/mf_stm32_i2c.h"]
KERNEL_CDEF = """
void mf_kernel_config_reference(void *config);
void mf_kernel_reset(void *kernel, const void *config, mf_bus_t *adcs_bus,
                     void (*kick)(void *ctx, uint32_t tick), void *kick_ctx, uint64_t now_us);
uint64_t mf_kernel_next_ms(const void *kernel);
bool mf_kernel_timer(void *kernel, uint64_t now_us);
void mf_kernel_tick(void *kernel, uint64_t now_us, uint32_t lateness_ns);
void mf_kernel_tick_done(void *kernel, uint32_t duration_ns);
void mf_kernel_report(const void *kernel, void *out);
int mf_kernel_command(void *kernel, uint8_t command, uint8_t index, float value);
void mf_kernel_beat(void *kernel, uint64_t now_us);
"""
REPORT = struct.Struct("<IIBBBB13f4H")  # mf_report_t, 72 bytes
MAG_VALID, GYRO_VALID, COILS_ON = 1, 2, 4
SET_MODE, DETUMBLE = 1, 1
PARTS = (0x0C, 0x6A, 0x60, 0x61, 0x63, STATUS)
BOOT_US = 700  # from the reset of the machine to the start of the kernel's clock


class Flight:
    """The kernel in virtual time; the model's clock is the machine's."""

    def __init__(self, server: Server) -> None:
        self.bridge = PythonBridge(server.port)
        wire = BridgedWire(bridge=self.bridge, bus=1, present=frozenset(PARTS))
        self.model = RenodeI2C(wire)
        wire.now_us = lambda: self.model.now_ns // 1000
        self.model.now_ns = BOOT_US * 1000
        ffi, self.lib = library(SOURCES, HEADERS, cdef=KERNEL_CDEF)
        self._keep: list[Any] = [
            ffi.callback("uint32_t(uintptr_t)", self.model.read),
            ffi.callback("void(uintptr_t, uint32_t)", self.model.write),
            ffi.callback("uint64_t(void)", self.now_us),
            ffi.callback("void(void *, uint32_t)", self._kick),
            ffi.new("mf_stm32_i2c_t *"),
            ffi.new("mf_bus_t *"),
            ffi.new("uint8_t[]", 1024),
        ]
        lib, (read, write, clock, kick, i2c, self.bus, config) = self.lib, self._keep
        lib.shim_read, lib.shim_write, lib.shim_now_us = read, write, clock
        assert lib.mf_stm32_i2c_reset(i2c, 0, 42_000_000, 400_000, ffi.NULL, ffi.NULL) == 0
        i2c.status_address = STATUS
        self.i2c = i2c
        lib.mf_bus_reset(self.bus, 1, ffi.addressof(lib, "mf_stm32_i2c_ops"), i2c)
        lib.mf_kernel_config_reference(config)
        self.kernel = ffi.new("uint64_t[]", 1024)
        self._report = ffi.new("uint8_t[]", REPORT.size)
        lib.mf_kernel_reset(self.kernel, config, self.bus, kick, ffi.NULL, 0)
        self._ffi = ffi

    def now_us(self) -> int:
        """Onboard time: since the kernel's clock started."""
        return self.model.now_ns // 1000 - BOOT_US

    def _kick(self, _ctx: Any, _tick: int) -> None:
        self.bridge.time(self.model.now_ns // 1000)
        self.bridge.gpio(True)
        self.bridge.gpio(False)

    def _settle(self) -> None:
        for _ in range(20_000):
            line = self.model.interrupt()
            if line:
                self.model.entered()
                self.lib.mf_stm32_i2c_event(self.i2c)
            elif not self.model.advance():
                return
        raise AssertionError("no end of interrupts")

    def run_to(self, end_s: float) -> None:
        """Serve the kernel's deadlines up to `end_s`."""
        while True:
            at_ms = self.lib.mf_kernel_next_ms(self.kernel)
            if at_ms > end_s * 1000:
                return
            self.model.wait(max(0, (at_ms * 1000 + BOOT_US) * 1000 - self.model.now_ns))
            if self.lib.mf_kernel_timer(self.kernel, self.now_us()):
                self.lib.mf_kernel_tick(self.kernel, self.now_us(), 0)
                self.lib.mf_kernel_tick_done(self.kernel, 0)
            self.lib.mf_kernel_beat(self.kernel, self.now_us())
            self._settle()

    def report(self) -> tuple[Any, ...]:
        """Fields of mf_report_t."""
        self.lib.mf_kernel_report(self.kernel, self._report)
        return REPORT.unpack(bytes(self._ffi.buffer(self._report)))


def test_sensors_coils_and_watchdog() -> None:
    with Server("crystal_ppm=0.0") as server:
        flight = Flight(server)
        flight.run_to(5.0)
        assert flight.lib.mf_kernel_command(flight.kernel, SET_MODE, DETUMBLE, 0.0) > 0
        coils_on = 0
        for tenth in range(50, 300):
            flight.run_to(tenth / 10)
            coils_on += bool(flight.report()[4] & COILS_ON)
        report = flight.report()
        world = server.world
        assert world.boots and world.counters["refused_time"] == 0
        assert world.watchdog.missed_ticks == 0 == world.watchdog.number_errors
    flags, mag_B_T, omega_rad_s = report[4], report[6:9], report[12:15]
    assert flags & MAG_VALID and flags & GYRO_VALID
    assert 15e-6 < math.dist(mag_B_T, (0, 0, 0)) < 70e-6
    assert 5.0 < math.degrees(math.dist(omega_rad_s, (0, 0, 0))) < 15.0  # 10 deg/s at first
    assert 100 < coils_on < 240  # on for most of each cycle, off while the field is measured
    assert report[19:] == (0, 0, 0, 0)  # no errors, no late samples
    assert report[0] >= 290
    assert flight.bus.errors == 0 == flight.bus.aborts
    assert flight.model.violations == []


def test_dead_magnetometer_is_noticed_through_the_status_byte() -> None:
    with Server("crystal_ppm=0.0") as server:
        flight = Flight(server)
        flight.run_to(5.0)
        assert flight.report()[4] & MAG_VALID
        server.world.device("ak09916").powered = False
        flight.run_to(15.0)
    report = flight.report()
    assert not report[4] & MAG_VALID and report[4] & GYRO_VALID
    assert report[19] > 0 and report[20] == 0
