"""The simulated world behind the device bus: one `exchange` per request, time driven by requests.

Onboard time moves the world. It is divided by the 100 ms grid; at every grid point that a request
has reached or passed, plant, power, radio channel, faults and watchdog advance by one step. Inside
a grid interval nothing changes but registers, so an answer depends on (seed, device, grid index,
registers) alone. A hello starts a boot: the grid index goes on from where it was, onboard time
starts anew. With a crystal error of p ppm one onboard grid step is 100 ms (1 + p 1e-6) of world
time, in whole nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.channel import Channel, Fades, Receiver
from sim.counts import counters
from sim.devices.base import BusError, Device
from sim.devices.watchdog import Watchdog
from sim.protocol import (
    BUS_ADCS,
    BUS_PLATFORM,
    DATA_MAX,
    E_INVAL,
    E_NODEV,
    E_RESET,
    OP_GPIO_READ,
    OP_GPIO_WRITE,
    OP_HELLO,
    OP_I2C,
    OP_I2C_PEEK,
    OP_SPI,
    OP_SPI_PEEK,
    OP_UART_READ,
    OP_UART_WRITE,
    OP_WATCHDOG,
    REPLY_HEADER,
    REQUEST_HEADER,
    SELECT_FLASH,
    VERSION,
)
from sim.scenario import Scenario
from sim.spacecraft import Spacecraft
from sim.spi import SpiBus
from sim.stations import Stations
from sim.traffic import BusTraffic
from sim.truth import Truth, record

GRID_US = 100_000
TRUTH_EVERY = 10  # grid points
_UART_KEEP = 65536
_GPIO_LINES = 256

Answer = tuple[int, bytes]


class World:
    """One flight. `seed` None takes the scenario's own.

    `exchange(request)` answers one device-bus message; `on_frame` lists what receives downlink
    frames; `uplink(t_s, frame)` queues one of the ground; `truth` holds the recorded columns;
    `finished` is set by the first request at or after the scenario's duration.
    """

    def __init__(self, scenario: Scenario, seed: int | None = None) -> None:
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        self.step_ns = round(GRID_US * 1000 * (1.0 + scenario.data["crystal_ppm"] * 1e-6))
        self.spacecraft = Spacecraft(scenario, self.seed, self.step_ns)
        radio = scenario.data["radio"]
        self.channel = Channel(
            self.spacecraft.radio,
            self.seed,
            radio["visibility"] == "always",
            radio["delay_s"],
            radio["bit_error_rate"],
            Fades(self.seed, radio["fade_every_s"], radio["fade_s"]),
            radio["duplex"] == "half",
            Stations(scenario.stations, self.spacecraft.environment, self.step_ns * 1e-9),
        )
        self.on_step: list[Callable[[float], None]] = []  # called with the time after each step
        self.watchdog = Watchdog(scenario.data["watchdog"], GRID_US)
        self.truth = Truth()
        self.traffic = {BUS_ADCS: BusTraffic(), BUS_PLATFORM: BusTraffic()}
        self.spi = SpiBus({SELECT_FLASH: self.spacecraft.flash})
        self.console = bytearray()  # what the processor wrote to its UARTs, the newest 64 KiB
        self.console_input = bytearray()
        self.finished = self.reset_pulled = self.flight_build = False
        self.boots: list[tuple[float, int]] = []  # (world time, reset cause)
        self.requests = self.lock_ups = 0
        self.refused_malformed = self.refused_time = self.refused_before_hello = 0
        self._gpio = bytearray(_GPIO_LINES)
        self._booted = False
        self._boot_grid = 0  # grid index of onboard zero
        self._boot_tick = 0  # grid points passed since onboard zero
        self._next_us = GRID_US  # onboard time of the next grid point
        self._last_us = 0
        self._end_grid = math.ceil(scenario.duration_s / (self.step_ns * 1e-9) - 1e-9)
        self._parts = self.spacecraft.parts
        self._operations: dict[int, Callable[[int, int, bytes, int], Answer]] = {
            OP_I2C: self._i2c,
            OP_SPI: self._spi,
            OP_UART_WRITE: self._uart_write,
            OP_UART_READ: self._uart_read,
            OP_GPIO_WRITE: self._gpio_write,
            OP_GPIO_READ: self._gpio_read,
            OP_WATCHDOG: self._watchdog_kick,
            OP_I2C_PEEK: self._i2c_peek,
            OP_SPI_PEEK: lambda bus, at, tx, n: self.spi.peek(bus, at, tx, n, self._last_us),
        }
        record(self.truth, self.spacecraft)

    @property
    def t_s(self) -> float:
        """World time of the present grid point, seconds since the scenario's epoch."""
        return self.spacecraft.t_s

    @property
    def on_frame(self) -> list[Receiver]:
        """Callables that receive each downlink frame as (t_s, frame)."""
        return self.channel.on_frame

    def uplink(self, t_s: float, burst: bytes | Callable[[], bytes]) -> None:
        """Radiate octets from the ground at world time `t_s`, or what the callable gives then."""
        self.channel.uplink(t_s, burst)

    def exchange(self, request: bytes, reply_len: int = 0) -> bytes:
        """Answer one request message; `reply_len`, what the asking side reads, follows from it."""
        self.requests += 1
        if len(request) < REQUEST_HEADER.size:
            self.refused_malformed += 1
            return REPLY_HEADER.pack(E_INVAL, 0)
        op, bus, address, tx_len, rx_len, time_us = REQUEST_HEADER.unpack_from(request)
        if rx_len > DATA_MAX:
            self.refused_malformed += 1
            return REPLY_HEADER.pack(E_INVAL, 0)
        if tx_len > DATA_MAX or len(request) != REQUEST_HEADER.size + tx_len:
            self.refused_malformed += 1
            return REPLY_HEADER.pack(E_INVAL, 0) + bytes(rx_len)
        tx = bytes(request[REQUEST_HEADER.size :])
        operation = self._operations.get(op)
        if operation is None:
            status, data = self._hello(op, tx, rx_len, time_us)
        elif self.reset_pulled:
            status, data = E_RESET, b""
        elif not self._booted:
            self.refused_before_hello += 1
            status, data = E_INVAL, b""
        elif time_us < self._last_us:
            self.refused_time += 1
            status, data = E_INVAL, b""
        else:
            self._last_us = time_us
            if time_us >= self._next_us:
                self._advance(time_us)
            if self.spacecraft.lines.waiting:
                self._pull_reset(time_us)
            if self.reset_pulled:
                status, data = E_RESET, b""
            else:
                status, data = operation(bus, address, tx, rx_len)
        return REPLY_HEADER.pack(status, len(data)) + data + bytes(rx_len - len(data))

    def _hello(self, op: int, tx: bytes, rx_len: int, time_us: int) -> Answer:
        if op != OP_HELLO or len(tx) != 3 or tx[0] != VERSION:
            self.refused_malformed += 1
            return E_INVAL, b""
        self.boots.append((self.t_s, tx[1]))
        self.flight_build = bool(tx[2] & 1)
        self._booted = True
        self.spi.boot(self._last_us)
        self._start()
        self._last_us = time_us
        if time_us >= self._next_us:
            self._advance(time_us)
        return (E_RESET, b"") if self.reset_pulled else (0, bytes((VERSION,))[:rx_len])

    def _start(self) -> None:
        """The processor starts: its time begins, and the watchdog's for a start."""
        self.watchdog.hello(self._boot_tick)
        self.reset_pulled = False
        self._boot_grid, self._boot_tick = self.spacecraft.grid, 0
        self._next_us = GRID_US

    def _advance(self, time_us: int) -> None:
        """Pass every grid point up to onboard time `time_us`; stops where the reset is pulled."""
        spacecraft, step_s = self.spacecraft, self.spacecraft.step_s
        while time_us >= self._next_us and not self.reset_pulled:
            start_s = spacecraft.t_s
            brown_out = spacecraft.advance()
            self.channel.antenna_out = spacecraft.power.deployables.antenna_out
            self.channel.advance(start_s, step_s, spacecraft.in_view, spacecraft.grid)
            self._boot_tick += 1
            self._next_us += GRID_US
            if spacecraft.grid % TRUTH_EVERY == 0:
                record(self.truth, self.spacecraft)
            if spacecraft.grid >= self._end_grid:
                self.finished = True
            for observer in self.on_step:
                observer(spacecraft.t_s)
            if brown_out:
                self.spi.supply_lost(self._next_us - GRID_US)
            if self.watchdog.expired(self._boot_tick) or brown_out:
                self.reset_pulled = True

    def _pull_reset(self, time_us: int) -> None:
        """The reset or the brown-out that is due by onboard time `time_us`, exactly."""
        now_s = (self._boot_grid + time_us / GRID_US) * self.step_ns * 1e-9
        fault = self.spacecraft.lines.reset_due(now_s)
        if fault is not None:
            self.reset_pulled = True
            if fault.kind == "brown_out":
                self.spi.supply_lost(time_us)

    def lock_up(self) -> None:
        """The processor has stopped for good: world time goes on until the watchdog pulls the
        reset line, or the flight is over. One that had been reset stopped before it said hello."""
        self.lock_ups += 1
        if self.reset_pulled:
            self._start()
        while not self.reset_pulled and not self.finished:
            self._advance(self._next_us)

    def _i2c(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        traffic = self.traffic.get(bus)
        if traffic is None:
            return E_NODEV, b""
        traffic.count(self._boot_grid + self._boot_tick, len(tx), rx_len)
        status, data = self._transfer(bus, address, tx, rx_len, peek=False)
        if status:
            traffic.errors += 1
        return status, data

    def _i2c_peek(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        return self._transfer(bus, address, tx, rx_len, peek=True)

    def _transfer(self, bus: int, address: int, tx: bytes, rx_len: int, peek: bool) -> Answer:
        part = self._parts.get((bus, address))
        lines, grid = self.spacecraft.lines, self.spacecraft.grid
        status = lines.hindrance(bus, grid)
        if status or part is None:
            return status or E_NODEV, b""
        try:
            if peek:
                data = part.peek(tx, rx_len, address)
            else:
                data = part.transfer(tx, rx_len, address)
            return 0, lines.garbled(bus, address, grid, data)
        except BusError as error:
            return error.status, b""

    def _spi(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        status, data = self.spi.transfer(bus, address, tx, rx_len, self._last_us)
        if status == E_RESET:
            self.reset_pulled = True  # the supply of memory and processor failed
        return status, data

    def _uart_write(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        part = self.spacecraft.suite.uarts.get(bus)
        if part is not None:
            return part.write(tx), b""
        self.console += tx
        del self.console[:-_UART_KEEP]
        return len(tx), b""

    def _uart_read(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        part = self.spacecraft.suite.uarts.get(bus)
        if part is not None:
            data = part.read(rx_len)
            return len(data), data
        data = bytes(self.console_input[:rx_len])
        del self.console_input[: len(data)]
        return len(data), data

    def _gpio_write(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        if len(tx) != 1 or address >= _GPIO_LINES:
            return E_INVAL, b""
        self._gpio[address] = tx[0] != 0
        return 0, b""

    def _gpio_read(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        if rx_len != 1 or address >= _GPIO_LINES:
            return E_INVAL, b""
        return 0, bytes((self._gpio[address],))

    def _watchdog_kick(self, bus: int, address: int, tx: bytes, rx_len: int) -> Answer:
        if len(tx) != 4:
            return E_INVAL, b""
        number = int.from_bytes(tx, "little")
        self.watchdog.kick(self._boot_tick, number, self._last_us)
        return 0, b""

    def device(self, name: str) -> Device:
        """The part called `name` in the scenario's faults. KeyError when there is none."""
        return self.spacecraft.devices[name]

    @property
    def counters(self) -> dict[str, float]:
        """Everything counted so far, by name."""
        return counters(self)
