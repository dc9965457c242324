"""The C part of `--world renode` in closed loop, without Renode: control kernel, I2C driver, a
model of Renode's I2C controller, bridge, TCP, simulator."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest

from native.cffi.sources import cipher_include, kernel
from tests.renode.bridge_twin import PythonBridge
from tests.renode.bridged_wire import STATUS, BridgedWire
from tests.renode.server import Server
from tests.renode.text import RENODE, platform
from tests.sim.onboard import SUITE
from tests.stm32.build import ROOT, library
from tests.stm32.i2c_renode import RenodeI2C
from tests.stm32.usart_models import RenodeUsart

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = [
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]

SOURCES = [
    ROOT / "native/src/drivers/stm32_i2c.c",
    ROOT / "native/src/drivers/stm32_usart.c",
    *(p for p in kernel() if p.name != "devbus.c"),
]
HEADERS = [
    ROOT / "native/include/mf_bus.h",
    ROOT / "native/include/mf_stm32_i2c.h",
    ROOT / "native/include/mf_stm32_usart.h",
]
KERNEL_CDEF = """
void mf_kernel_config_reference(void *config);
void mf_kernel_reset(void *kernel, const void *config, mf_bus_t *adcs_bus, mf_bus_t *gnss_bus,
                     void (*kick)(void *ctx, uint32_t tick), void *kick_ctx, uint64_t now_us);
uint64_t mf_kernel_next_ms(const void *kernel);
bool mf_kernel_timer(void *kernel, uint64_t now_us);
void mf_kernel_tick(void *kernel, uint64_t now_us, uint32_t lateness_ns);
void mf_kernel_tick_done(void *kernel, uint32_t duration_ns);
void mf_kernel_report(const void *kernel, void *out);
void mf_kernel_devices(const void *kernel, void *out);
int mf_kernel_command(void *kernel, uint8_t command, uint8_t index, float value);
void mf_kernel_beat(void *kernel, uint64_t now_us);
"""
REPORT = struct.Struct("<IIBBBB13f4H")  # mf_report_t, 72 bytes
DEVICES = struct.Struct("<I16B15H5H")  # mf_kernel_devices_t, 60 bytes
MAG_VALID, GYRO_VALID, COILS_ON = 1, 2, 4
SET_MODE, DETUMBLE = 1, 1
ABSENT, WORKING, FAILED = 0, 2, 3
GNSS, TRACKER = 7, 6  # places in the devices' image
PARTS = tuple(
    int(entry.place.split()[1], 16)
    for entry in platform(RENODE / "spacecraft.repl").values()
    if entry.place.startswith("i2c1")
)
BOOT_US = 700  # from the reset of the machine to the start of the kernel's clock
USART = 0x1000  # base address of the USART beside the I2C peripheral at 0
LOOK_NS = 10_000_000  # period of the UART bridge


class Flight:
    """The kernel in virtual time; the clock of the I2C model is the machine's, that of the USART
    model follows it."""

    def __init__(self, server: Server) -> None:
        self.bridge = PythonBridge(server.port)
        wire = BridgedWire(bridge=self.bridge, bus=1, present=frozenset(PARTS))
        self.model, self.uart = RenodeI2C(wire), RenodeUsart()
        wire.now_us = lambda: self.model.now_ns // 1000
        self.model.now_ns = BOOT_US * 1000
        ffi, self.lib = library(SOURCES, HEADERS, cdef=KERNEL_CDEF, include=cipher_include())
        self._keep: list[Any] = [
            ffi.callback("uint32_t(uintptr_t)", self._read),
            ffi.callback("void(uintptr_t, uint32_t)", self._write),
            ffi.callback("uint64_t(void)", self.now_us),
            ffi.callback("void(void *, uint32_t)", self._kick),
            ffi.new("mf_stm32_i2c_t *"),
            ffi.new("mf_stm32_usart_t *"),
            ffi.new("mf_bus_t *"),
            ffi.new("mf_bus_t *"),
            ffi.new("uint64_t[]", 1024),
        ]
        lib, (read, write, clock, kick) = self.lib, self._keep[:4]
        i2c, self.usart, self.bus, self.gnss_bus, config = self._keep[4:]
        lib.shim_read, lib.shim_write, lib.shim_now_us = read, write, clock
        assert lib.mf_stm32_i2c_reset(i2c, 0, 42_000_000, 400_000, ffi.NULL, ffi.NULL) == 0
        i2c.status_address = STATUS
        self.i2c = i2c
        lib.mf_bus_reset(self.bus, 1, ffi.addressof(lib, "mf_stm32_i2c_ops"), i2c)
        assert lib.mf_stm32_usart_reset(self.usart, USART, 84_000_000, 115_200) == 0
        ops = ffi.addressof(lib, "mf_stm32_usart_ops")
        lib.mf_bus_reset(self.gnss_bus, 1, ops, self.usart)
        lib.mf_kernel_config_reference(config)
        self.kernel = ffi.new("uint64_t[]", 2048)
        self._image = ffi.new("uint8_t[]", 128)
        lib.mf_kernel_reset(self.kernel, config, self.bus, self.gnss_bus, kick, ffi.NULL, 0)
        self._ffi = ffi
        self._looked_ns = 0

    def now_us(self) -> int:
        """Onboard time: since the kernel's clock started."""
        return self.model.now_ns // 1000 - BOOT_US

    def _read(self, address: int) -> int:
        if address >= USART:
            return self.uart.read(address - USART)
        return self.model.read(address)

    def _write(self, address: int, value: int) -> None:
        if address >= USART:
            self.uart.write(address - USART, value)
        else:
            self.model.write(address, value)

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

    def _wait(self, until_ns: int) -> None:
        """Both clocks to `until_ns`; the UART bridge looks every 10 ms, bytes come in between."""
        while self._looked_ns + LOOK_NS <= until_ns:
            self._looked_ns += LOOK_NS
            self.model.wait(max(0, self._looked_ns - self.model.now_ns))
            self.bridge.time(self.model.now_ns // 1000)
            self.bridge.look()
            self.uart.wait(max(0, self._looked_ns - self.uart.now_ns))
            self._hear(self._looked_ns)
            self.uart.feed(self.bridge.received())
        self.model.wait(max(0, until_ns - self.model.now_ns))
        self._hear(until_ns)

    def _hear(self, until_ns: int) -> None:
        while self.uart.interrupt() or self.uart.line and self.uart.line[0][0] <= until_ns:
            if self.uart.interrupt():
                self.lib.mf_stm32_usart_isr(self.usart)
            else:
                self.uart.advance()

    def run_to(self, end_s: float) -> None:
        """Serve the kernel's deadlines up to `end_s`."""
        while True:
            at_ms = self.lib.mf_kernel_next_ms(self.kernel)
            if at_ms > end_s * 1000:
                return
            self._wait((at_ms * 1000 + BOOT_US) * 1000)
            if self.lib.mf_kernel_timer(self.kernel, self.now_us()):
                self.lib.mf_kernel_tick(self.kernel, self.now_us(), 0)
                self.lib.mf_kernel_tick_done(self.kernel, 0)
            self.lib.mf_kernel_beat(self.kernel, self.now_us())
            self._settle()

    def report(self) -> tuple[Any, ...]:
        """Fields of mf_report_t."""
        self.lib.mf_kernel_report(self.kernel, self._image)
        return REPORT.unpack(bytes(self._ffi.buffer(self._image, REPORT.size)))

    def devices(self) -> tuple[tuple[int, ...], tuple[int, ...], int, int]:
        """States and errors of all devices; GNSS messages, good and broken."""
        self.lib.mf_kernel_devices(self.kernel, self._image)
        fields = DEVICES.unpack(bytes(self._ffi.buffer(self._image, DEVICES.size)))
        return fields[1:16], fields[17:32], fields[-2], fields[-1]


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
    assert flight.bus.aborts == 0
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


def test_every_part_of_the_attitude_missions() -> None:
    """All of them on their buses, the GNSS receiver over its UART; then the tracker dies."""
    with Server("crystal_ppm=0.0", *SUITE) as server:
        flight = Flight(server)
        flight.run_to(12.0)
        states, errors, messages, broken = flight.devices()
        assert states == (WORKING,) * 15 and errors == (0,) * 15
        assert messages >= 10 and broken == 0
        assert flight.bus.errors == 0
        server.world.device("star_tracker").powered = False
        flight.run_to(20.0)
        states, errors, messages, broken = flight.devices()
        assert states[TRACKER] == FAILED and errors[TRACKER] > 0
        assert set(states[:TRACKER] + states[GNSS:]) == {WORKING}
        assert messages >= 18 and broken == 0
        assert server.world.counters["refused_time"] == 0
    assert flight.bus.aborts == 0 == flight.gnss_bus.aborts == flight.gnss_bus.errors
    assert flight.model.violations == [] == flight.uart.violations


def test_parts_that_are_not_there_are_absent() -> None:
    with Server("crystal_ppm=0.0") as server:
        flight = Flight(server)
        flight.run_to(12.0)
        states, _, messages, broken = flight.devices()
    present = {0, 2, 12, 13, 14}  # magnetometer, gyro, rods
    assert {place for place, state in enumerate(states) if state == WORKING} == present
    assert {place for place, state in enumerate(states) if state == ABSENT} == {
        place for place in range(15) if place not in present
    }
    assert (messages, broken) == (0, 0)
