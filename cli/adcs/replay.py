"""A flight of the attitude loop on record, replayed on the Cortex-M4F: every output, bit for bit.

What is recorded is what the loop is given, here: samples and commands of a flight that meets every
mode, calibration, self-test, eclipse, targets and faults.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from cli.adcs.loop import (
    DETUMBLE,
    FSS,
    IDLE,
    INERTIAL,
    MAG_1,
    NADIR,
    POINTING,
    SUN,
    SUNSAFE,
    TARGET,
    TLE,
    VELOCITY,
    Flight,
    guidance,
)
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.errors import CliError
from native import bare
from native.adcs import ffi, lib
from native.bare import replay

DIFFERENT = "ticks of a recorded flight with other bits on the Cortex-M4F"
TICKS = "ticks of that flight"
TICKS_MIN = 20_000


class Recorded(Flight):
    """A flight that keeps what the loop was given, and a CRC of what it answered."""

    def __init__(self, **changed: Any) -> None:
        super().__init__(tle=False, **changed)
        self.log = [bytes(ffi.buffer(self.params))]
        self.crcs: "list[int]" = []
        self.trouble = ""
        self.modes: "set[int]" = set()
        self._crc = 0

    def _said(self, status: int) -> int:
        self._crc = zlib.crc32(struct.pack("<i", status), self._crc)
        return status

    def command(self, kind: int, data: bytes) -> int:
        """A command of native/bare/replay.py, given and recorded; its status."""
        self.log.append(replay.record(kind, data))
        state, params = self.state, self.params
        if kind == replay.MODE:
            return self._said(lib.mf_adcs_command_mode(state, data[0]))
        if kind == replay.TARGET:
            target = ffi.from_buffer("mf_adcs_target_t *", data)
            return self._said(lib.mf_adcs_command_target(state, target))
        if kind == replay.TLE:
            return self._said(lib.mf_adcs_command_tle(state, data[:69], data[69:]))
        if kind == replay.INHIBIT:
            return self._said(lib.mf_adcs_command_inhibit(state, data[0], bool(data[1])))
        if kind == replay.CALIBRATE:
            return self._said(lib.mf_adcs_command_calibrate(state, params, data[0]))
        return self._said(lib.mf_adcs_command_selftest(state, params, data[0]))

    def follow(self, kind: int, **changed: Any) -> int:
        """A target, from now on."""
        target = ffi.new("mf_adcs_target_t *", {"guidance": guidance(kind), **changed})
        return self.command(replay.TARGET, bytes(ffi.buffer(target)))

    def step(self) -> Flight:
        self.sense()
        self._spoil()
        self.log.append(replay.record(replay.TICK, bytes(ffi.buffer(self.in_))))
        self._said(lib.mf_adcs_step(self.state, self.params, self.in_, self.out))
        for name in replay.OUTPUTS:
            field = ffi.addressof(self.out, name)
            self._crc = zlib.crc32(ffi.buffer(field), self._crc)
        self.crcs.append(self._crc)
        self._crc = 0
        self.modes.add(self.out.mode)
        self.act()
        return self

    def _spoil(self) -> None:
        i = self.in_
        if self.report.selftest == lib.MF_ADCS_SELFTEST_RUNNING:
            for mag in i.mag:
                mag.fresh = True
        if self.trouble == "stuck" and i.mag[0].fresh:
            i.mag[0].value_S = [2e-5, 1e-5, -3e-5]
        elif self.trouble == "nan":
            i.gyro.value_S = [float("nan"), float("inf"), 0.0]
            i.css_V = [float("nan")] * 6
        elif self.trouble == "blind":
            i.fss.fresh = i.css_fresh = False
        elif self.trouble == "bias":
            i.gyro.value_S = (np.array(list(i.gyro.value_S)) + 0.3).tolist()
        elif self.trouble == "jump":
            i.mission.seconds += 3600


def fly(ticks: int, seed: int = 1) -> Recorded:
    """A flight of about so many ticks, at least 2000: each act has its share."""
    share_s = ticks / 200.0
    flight = Recorded(
        duration_s=round(ticks / 10 + 200), start_s=0.0, omega_deg_s=(3.0, -2.5, 2.0), seed=seed
    )

    def trouble(name: str, seconds: float) -> None:
        flight.trouble = name
        flight.fly(seconds)
        flight.trouble = ""

    flight.command(replay.MODE, bytes([DETUMBLE]))
    flight.fly(share_s)
    lines = (TLE.line1 + TLE.line2).encode()
    flight.command(replay.TLE, lines[:30] + b"x" + lines[31:])
    flight.command(replay.TLE, lines)
    flight.command(replay.CALIBRATE, bytes([lib.MF_ADCS_CALIBRATE_START]))
    flight.fly(2 * share_s)
    flight.command(replay.CALIBRATE, bytes([lib.MF_ADCS_CALIBRATE_APPLY]))
    flight.command(replay.MODE, bytes([SUNSAFE]))
    flight.fly(2 * share_s)
    trouble("bias", 1.0)
    flight.body.omega *= 0.2  # nobody waits here until the rods have done it
    flight.fly(share_s)
    flight.command(replay.SELFTEST, bytes([lib.MF_ADCS_SELFTEST_POLARITY]))
    flight.fly(2 * share_s)
    flight.command(replay.SELFTEST, bytes([lib.MF_ADCS_SELFTEST_STOP]))
    flight.command(replay.MODE, bytes([POINTING]))
    flight.fly(3 * share_s)
    raster = {"columns": 3, "rows": 2, "step_rad": 0.02, "dwell_ms": 5000}
    flight.follow(NADIR, raster=raster)
    flight.fly(share_s)
    flight.follow(TARGET, latitude_rad=0.8, longitude_rad=0.4, height_m=100.0)
    flight.fly(share_s)
    flight.follow(INERTIAL)
    trouble("jump", 0.3)
    flight.fly(share_s)
    flight.follow(VELOCITY)
    flight.command(replay.INHIBIT, bytes([FSS, 1]))
    trouble("stuck", share_s)
    flight.command(replay.INHIBIT, bytes([FSS, 0]))
    flight.command(replay.INHIBIT, bytes([MAG_1, 1]))
    flight.follow(SUN)
    trouble("blind", share_s)
    flight.wheels_working = 0b1011
    flight.fly(share_s)
    flight.wheels_working = 0b0001
    flight.fly(share_s)
    trouble("nan", share_s / 2)
    flight.fly(share_s / 2)
    flight.command(replay.MODE, bytes([IDLE]))
    flight.fly(1.0)
    return flight


def different(flight: Recorded, folder: Path) -> "list[int]":
    """Numbers of the ticks whose output is another one on the target. bare.BareError."""
    here = [ffi.sizeof(f"mf_adcs_{name}_t") for name in ("params", "in", "target", "report")]
    sizes, crcs = replay.replay(b"".join(flight.log), folder)
    if list(sizes) != here or len(crcs) != len(flight.crcs):
        raise bare.BareError(f"{len(crcs)} ticks with structures of {sizes} bytes, not {here}")
    return [k for k, (a, b) in enumerate(zip(flight.crcs, crcs, strict=True)) if a != b]


def measure(verify: Verify) -> Values:
    """Fly, replay, compare."""
    with verify.progress("replaying a flight on the Cortex-M4F", 2) as tell:
        flight = fly(TICKS_MIN + 2000, verify.seed)
        tell(1)
        try:
            with tempfile.TemporaryDirectory(prefix="microflight-verify-") as name:
                ticks = different(flight, Path(name))
        except (bare.BareError, RuntimeError) as error:
            raise CliError(str(error)) from error
        tell(2)
    note = f"the first is tick {ticks[0]}" if ticks else "status, outputs and report of each tick"
    # With the self-test, which needs a while, to its end.
    broken = set(flight.report.polarity) != {1}
    return {DIFFERENT: Measured(len(ticks), note, failed=broken), TICKS: len(flight.crcs)}


PARTS = (
    Part((Row(DIFFERENT, 0, "ticks"), Row(TICKS, TICKS_MIN, "ticks", ">=")), measure, cost_s=40.0),
)
