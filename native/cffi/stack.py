"""One onboard computer's C part on the host: kernel, link and drivers over one device bus.

The objects have the methods of their twins on the target (docs/architecture.md, "Python API of
native"). Time is virtual: it is what `timer` and `set_time` last said.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from native.cffi.buffers import view
from native.cffi.link import Link
from native.cffi.loader import ffi, lib
from native.cffi.parts import I2C, SPI, Fram, Radio
from native.cffi.survival import Survival

Exchange = Callable[[bytes], bytes]

REPORT_SIZE: int = ffi.sizeof("mf_report_t")
STATS_SIZE: int = ffi.sizeof("mf_tick_stats_t")
EVENT_SIZE: int = ffi.sizeof("mf_kernel_event_t")
ESTIMATE_SIZE: int = lib.MF_ADCS_ESTIMATE_SIZE
CONTROL_SIZE: int = lib.MF_ADCS_CONTROL_SIZE
DEVICES_SIZE: int = ffi.sizeof("mf_kernel_devices_t")
TIME_SIZE: int = ffi.sizeof("mf_kernel_time_t")
SCAN_SIZE: int = ffi.sizeof("mf_contact_scan_t")
_TICK_MS_MASK = (1 << 30) - 1
_SINGLE = struct.Struct(">f")


def _failed(kind: Any, error: BaseException, trace: Any) -> None:
    """An exchange raised: keep it; the call that led there raises it again when C is left."""
    handle = trace.tb_frame.f_locals["handle"]
    ffi.from_handle(handle)._pending = error


@ffi.def_extern(name="mf_python_exchange", error=lib.MF_E_IO, onerror=_failed)
def _exchange(handle: Any, request: Any, request_len: int, reply: Any, reply_len: int) -> int:
    stack = ffi.from_handle(handle)
    if stack._pending is not None:
        return int(lib.MF_E_IO)
    answer = stack._exchange(ffi.buffer(request, request_len)[:])
    if len(answer) != reply_len:
        raise ValueError(f"device bus: reply of {len(answer)} bytes instead of {reply_len}")
    ffi.memmove(reply, answer, reply_len)
    return 0


class Kernel:
    """The control loop, see native/include/mf_kernel.h."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._kernel = lib.mf_host_kernel(stack._host)
        self._report = ffi.new("mf_report_t *")
        self._stats = ffi.new("mf_tick_stats_t *")
        self._event = ffi.new("mf_kernel_event_t *")
        self._attitude = ffi.new("mf_adcs_report_t *")
        self._devices = ffi.new("mf_kernel_devices_t *")
        self._time = ffi.new("mf_kernel_time_t *")
        self._scan = ffi.new("mf_contact_scan_t *")

    def report_into(self, buf: Any) -> int:
        """Copy the 72-byte report; returns its grid time modulo 2^30 ms."""
        target = view(buf, 0, REPORT_SIZE, True)
        lib.mf_kernel_report(self._kernel, self._report)
        ffi.memmove(target, self._report, REPORT_SIZE)
        return int(self._report.time_ms) & _TICK_MS_MASK

    def stats_into(self, buf: Any) -> None:
        """Copy the timing statistics (`mf_tick_stats_t`)."""
        target = view(buf, 0, STATS_SIZE, True)
        lib.mf_kernel_stats(self._kernel, self._stats)
        ffi.memmove(target, self._stats, STATS_SIZE)

    def attitude_into(self, which: int, buf: Any) -> None:
        """Copy one part of the loop's own report: 0 estimate (184 bytes), 1 control (124 bytes)."""
        if which not in (0, 1):
            raise ValueError("no such part")
        offset, size = ((0, ESTIMATE_SIZE), (ESTIMATE_SIZE, CONTROL_SIZE))[which]
        target = view(buf, 0, size, True)
        lib.mf_kernel_attitude(self._kernel, self._attitude)
        ffi.memmove(target, ffi.buffer(self._attitude)[offset : offset + size], size)

    def devices_into(self, buf: Any) -> None:
        """Copy states and errors of the devices (`mf_kernel_devices_t`, 60 bytes)."""
        target = view(buf, 0, DEVICES_SIZE, True)
        lib.mf_kernel_devices(self._kernel, self._devices)
        ffi.memmove(target, self._devices, DEVICES_SIZE)

    def upload(self, kind: int, buf: Any, off: int, n: int) -> int:
        """Hand `buf[off:off+n]` to the loop: 1 TLE, 2 target. Sequence 1..255 or -errno."""
        source = view(buf, off, n)
        if not 0 <= kind <= 255:
            return int(lib.MF_E_INVAL)
        return int(lib.mf_kernel_upload(self._kernel, kind, source, n))

    def set_time(self, tick_ms: int, seconds: int, fraction: int, trusted: bool = True) -> int:
        """Mission time at a tick of the clock; 0 or -errno. The loop uses it when `trusted`."""
        if not (0 <= tick_ms <= _TICK_MS_MASK and 0 <= seconds < 1 << 32 and 0 <= fraction < 65536):
            return int(lib.MF_E_INVAL)
        now_us = lib.mf_host_time(self._stack._host)
        return int(
            lib.mf_kernel_set_time(self._kernel, now_us, tick_ms, seconds, fraction, trusted)
        )

    def time_into(self, buf: Any) -> None:
        """Copy mission time of the last control tick (`mf_kernel_time_t`, 12 bytes)."""
        target = view(buf, 0, TIME_SIZE, True)
        lib.mf_kernel_time(self._kernel, self._time)
        ffi.memmove(target, self._time, TIME_SIZE)

    def gnss_time_into(self, buf: Any) -> None:
        """Copy mission time of the last GNSS solution with resolved UTC (`mf_kernel_time_t`)."""
        target = view(buf, 0, TIME_SIZE, True)
        lib.mf_kernel_gnss_time(self._kernel, self._time)
        ffi.memmove(target, self._time, TIME_SIZE)

    def command(self, code: int, index: int, buf: Any = None, off: int = 0) -> int:
        """Queue a command; value = big-endian f32 at `buf[off]`. Sequence 1..255 or -errno."""
        value = 0.0
        if buf is not None:
            view(buf, off, 4)
            value = _SINGLE.unpack_from(buf, off)[0]
        if not (0 <= code <= 255 and 0 <= index <= 255):
            return int(lib.MF_E_INVAL)
        return int(lib.mf_kernel_command(self._kernel, code, index, value))

    def beat(self) -> None:
        """Heartbeat of the supervisor, stamped with the present time."""
        lib.mf_host_beat(self._stack._host)
        self._stack._ended(0)

    def direct(self, code: int, value: int = 0) -> int:
        """A direct command (`enum mf_survival_direct`); 0 or -errno."""
        if not (0 <= code <= 255 and 0 <= value < 1 << 30):
            return int(lib.MF_E_INVAL)
        return self._stack._ended(lib.mf_host_direct(self._stack._host, code, value))

    def setting(self, code: int, value: int) -> int:
        """A setting of survival (`enum mf_survival_setting`); 0 or -errno."""
        if not (0 <= code <= 255 and 0 <= value < 1 << 30):
            return int(lib.MF_E_INVAL)
        return int(lib.mf_survival_setting(self._stack.survival.state, code, value))

    def step_begin(self, limit_ms: int) -> None:
        """A step of an app begins; beyond its hard limit the ticks ask for its end."""
        lib.mf_host_step_begin(self._stack._host, limit_ms)

    def step_end(self) -> None:
        """It has ended."""
        lib.mf_host_step_end(self._stack._host)

    def ceased(self) -> bool:
        """Emission has been ceased by command."""
        return bool(lib.mf_survival_ceased(self._stack.survival.state))

    def defaults(self) -> bool:
        """So many starts have failed in a row that this one takes default parameters."""
        return bool(lib.mf_survival_defaults(self._stack.survival.state))

    def contact_known(self) -> bool:
        """Mission time and orbit are known to the loop."""
        return bool(lib.mf_contact_known(self._kernel))

    def contact_begin(self, buf: Any) -> int:
        """Begin a scan for contacts in `buf` (`mf_contact_scan_t`, 192 bytes); 0 or -errno."""
        target = view(buf, 0, SCAN_SIZE, True)
        status = int(lib.mf_contact_begin(self._kernel, self._scan))
        if status == 0:
            ffi.memmove(target, self._scan, SCAN_SIZE)
        return status

    def contact_step(self, buf: Any, stations: Any, off: int, count: int, steps: int) -> int:
        """Carry a scan on for `count` stations at `stations[off:]`; seconds scanned or -errno."""
        target = view(buf, 0, SCAN_SIZE, True)
        if not (0 <= count <= lib.MF_CONTACT_STATIONS and 0 <= steps <= lib.MF_CONTACT_STEPS_MAX):
            return int(lib.MF_E_INVAL)
        rows = view(stations, off, count * lib.MF_CONTACT_STATION_SIZE)
        ffi.memmove(self._scan, target, SCAN_SIZE)
        seconds = int(lib.mf_contact_step(self._scan, rows, count, steps))
        ffi.memmove(target, self._scan, SCAN_SIZE)
        return seconds

    def event_into(self, buf: Any) -> bool:
        """Take the oldest kernel event (12 bytes little-endian) out; False when there is none."""
        target = view(buf, 0, EVENT_SIZE, True)
        if not lib.mf_kernel_event(self._kernel, self._event):
            return False
        ffi.memmove(target, self._event, EVENT_SIZE)
        return True


class Stack:
    """Kernel, link, radio, FRAM and buses around one `exchange(request) -> reply`.

    `exchange` gets one whole device-bus request and returns exactly 4 + rx_len bytes
    (docs/icd/device-bus.md); what it raises comes out of the call that led to it. `config` is a
    dict of fields of `mf_kernel_config_t` that differ from the reference spacecraft; those of its
    members are called "adcs.css.dark_V". `secrets` are the link's keys, 32 bytes each, in the order
    of `KEYS` of flight/dictionary.py; without them no association is operational. `kept` is
    that of the stack before a reset.
    """

    def __init__(
        self,
        exchange: Exchange,
        config: dict[str, Any] | None = None,
        now_us: int = 0,
        secrets: bytes | None = None,
        kept: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._exchange = exchange
        self._pending: BaseException | None = None
        self._handle = ffi.new_handle(self)
        self._memory = ffi.new("uint64_t[]", lib.mf_host_size() // 8 + 1)
        self._host = ffi.cast("mf_host_t *", self._memory)
        self._secrets = ffi.NULL
        if secrets is not None:
            if len(secrets) != 32 * lib.MF_LINK_SECRETS:
                raise ValueError(f"{len(secrets)} bytes of keys; {32 * lib.MF_LINK_SECRETS} wanted")
            self._secrets = ffi.new("uint8_t[][32]", lib.MF_LINK_SECRETS)
            ffi.memmove(self._secrets, secrets, len(secrets))
        kernel_config = ffi.new("mf_kernel_config_t *")
        lib.mf_kernel_config_reference(kernel_config)
        for name, value in (config or {}).items():
            *path, last = name.split(".")
            place: Any = kernel_config
            for member in path:
                place = getattr(place, member)
            setattr(place, last, value)
        if kept is not None:
            counters, record = kept
            ffi.memmove(lib.mf_host_kept(self._host), counters, len(counters))
            ffi.memmove(lib.mf_host_boot_kept(self._host), record, len(record))
        lib.mf_host_reset(
            self._host,
            lib.mf_python_exchange,
            self._handle,
            kernel_config,
            self._secrets,
            now_us,
        )
        self.survival = Survival(self)
        self.kernel = Kernel(self)
        self.link = Link(self)
        self.radio = Radio(self)
        self.fram = Fram(self)

    @property
    def kept(self) -> tuple[bytes, bytes]:
        """What outlives a reset in RAM, for the stack of the next start: counters of the link, and
        the boot record."""
        counters, record = lib.mf_host_kept(self._host), lib.mf_host_boot_kept(self._host)
        return bytes(ffi.buffer(counters)), bytes(ffi.buffer(record))

    def _ended(self, status: int) -> int:
        """Pass a result on, or raise what the exchange raised on the way to it."""
        if self._pending is not None:
            error, self._pending = self._pending, None
            raise error
        return status

    def i2c(self, bus: int) -> I2C:
        """I2C bus 2 (platform); ValueError for any other: the attitude bus is C's alone."""
        return I2C(self, bus)

    def spi(self, bus: int, cs: Any) -> SPI:
        """`machine.SPI(bus, cs)` of the target: bus 1, `cs` "A4" or a number; ValueError."""
        return SPI(self, bus, cs)

    def next_ms(self) -> int:
        """Onboard time [ms] at which `timer` must be called next."""
        return int(lib.mf_kernel_next_ms(self.kernel._kernel))

    def timer(self, now_us: int) -> bool:
        """Set the time and do what is due: queue samples, run a tick (True)."""
        return bool(self._ended(lib.mf_host_timer(self._host, now_us)))

    def set_time(self, now_us: int) -> None:
        """Set onboard time [us]; it stamps requests and heartbeats."""
        lib.mf_host_set_time(self._host, now_us)

    @property
    def now_us(self) -> int:
        """Onboard time [us]."""
        return int(lib.mf_host_time(self._host))

    def hello(self, reset_cause: int = 0, flags: int = 0) -> int:
        """First exchange after a boot; 0 or -errno."""
        return self._ended(lib.mf_host_hello(self._host, reset_cause, flags))

    @property
    def reset_cause(self) -> int | None:
        """Set once the C code asked for a processor reset (104: pulled by the world)."""
        cause = int(lib.mf_host_reset_cause(self._host))
        return cause if cause >= 0 else None
