"""What the ground may ask of the attitude loop, good and bad, and how each must end: flown on every
world by a test of its own.

`REQUESTS` are played with `SPACING_S` between them; `check` judges the flight.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from flight.core.definitions import FAILURES
from ground import packets
from ground.dictionary import Dictionary
from ground.encode import Burst, Encoder
from ground.history import History
from sim.orbit import read_tle
from sim.scenario import FOLDER

SPACING_S = 3.0  # four events of one kind pass in ten seconds
START_S = 5.0
EPOCH = datetime(2026, 10, 4, 6, 0, 0, tzinfo=timezone.utc)
# TAI is 37 s ahead of UTC; mission time counts it from 2020-01-01T00:00 TAI.
EPOCH_S = int((EPOCH - datetime(2020, 1, 1, tzinfo=timezone.utc)).total_seconds()) + 37

TLE, TARGET = 0x0204, 0x0203
ORBIT_VALID = 2
INHIBITED = 6
GOOD = "completion_success"


def with_checksum(line: str) -> str:
    """A TLE line with the checksum its other characters want."""
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
    return line[:68] + str(total % 10)


def elements() -> tuple[str, str]:
    """Those of the scenario's orbit."""
    tle = read_tle(Path(FOLDER) / "orbits.tle", "ASRTU-1")
    return tle.line1, tle.line2


LINE1, LINE2 = elements()
DAMAGED = LINE2[:22] + str((int(LINE2[22]) + 1) % 10) + LINE2[23:]
OLD = with_checksum(LINE1[:18] + "20" + LINE1[20:])
DEEP = with_checksum(LINE2[:52] + " 2.00000000" + LINE2[63:])


def tle(line1: str, line2: str) -> tuple[int, bytes]:
    return TLE, line1.encode("latin-1") + line2.encode("latin-1")


def target(kind: int = 2, at: int = 0, **changed: Any) -> tuple[int, bytes]:
    values = {"lat": 0.0, "lon": 0.0, "height": 0.0, "q": (0.0, 0.0, 0.0, 1.0), "columns": 0,
              "rows": 0, "step": 0.0, "dwell": 0.0, **changed}  # fmt: skip
    return TARGET, struct.pack(
        ">IHB3f4f2B2f", at, 0, kind, values["lat"], values["lon"], values["height"], *values["q"],
        values["columns"], values["rows"], values["step"], values["dwell"],
    )  # fmt: skip


LATER_S = EPOCH_S + 100_000

# Function and its arguments; how it ends: `GOOD`, or (stage that fails, failure).
REQUESTS: list[tuple[tuple[int, bytes], Any]] = [
    ((0x0205, b"\x02"), ("completion", "refused")),  # nothing has been collected
    ((0x0002, struct.pack(">IH", EPOCH_S + 8, 0)), GOOD),
    (tle(LINE1, DAMAGED), ("completion", "bad_data")),
    (tle(LINE1, LINE2), GOOD),
    (tle(LINE1, DAMAGED), ("completion", "bad_data")),
    (tle(LINE2, LINE1), ("completion", "bad_data")),
    (tle(OLD, LINE2), ("completion", "stale")),
    (tle(LINE1, DEEP), ("completion", "out_of_range")),
    (tle(LINE1[:-1] + "\0", LINE2), ("acceptance", "out_of_range")),
    (tle(LINE1[:-1], LINE2), ("acceptance", "bad_length")),
    (tle(LINE1, LINE2), GOOD),
    (target(), GOOD),
    (target(7), ("acceptance", "out_of_range")),
    (target(0, q=(0.0, 0.0, 0.0, 0.0)), ("completion", "out_of_range")),
    (target(4, lat=math.nan), ("acceptance", "out_of_range")),
    (target(4, lat=math.inf), ("acceptance", "out_of_range")),
    (target(4, lat=1.9), ("completion", "out_of_range")),
    (target(2, columns=3), ("completion", "out_of_range")),  # a raster without rows
    (target(2, at=LATER_S), GOOD),
    (target(1, at=LATER_S + 1), GOOD),
    (target(2, at=LATER_S + 2), GOOD),
    (target(1, at=LATER_S + 3), GOOD),
    (target(2, at=LATER_S + 4), ("completion", "queue_full")),
    (target(1), ("completion", "queue_full")),
    ((0x0206, b"\x07\x01"), ("acceptance", "out_of_range")),
    ((0x0206, b"\x02\x02"), ("acceptance", "out_of_range")),
    ((0x0206, b"\x01\x01"), GOOD),
    ((0x0205, b"\x00"), ("acceptance", "out_of_range")),
    ((0x0205, b"\x01"), GOOD),
    ((0x0205, b"\x02"), ("completion", "refused")),  # by far not enough
    ((0x0207, b"\x02"), ("acceptance", "out_of_range")),
    ((0x0207, b"\x01"), ("completion", "refused")),  # the spacecraft turns too fast for it
    ((0x0207, b"\x00"), GOOD),
    ((0x0201, b"\x04"), ("acceptance", "out_of_range")),
    ((0x0201, b"\x02"), GOOD),
    ((0x0206, b"\x01"), ("acceptance", "bad_length")),
    (tle(LINE1, LINE2), GOOD),
]  # fmt: skip
END_S = START_S + SPACING_S * len(REQUESTS) + 12.0


def uplink(send: Callable[[float, Burst], None]) -> list[int]:
    """Send everything by `send(t_s, burst)`; the request identifiers."""
    dictionary = Dictionary()
    encoder = Encoder(dictionary)
    identifiers = []
    for number, ((function, arguments), _) in enumerate(REQUESTS):
        host = dictionary.partners[0]
        data = struct.pack(">H", function) + arguments
        octets = packets.build_tc(host.apid_base + (function >> 8), number, 8, 1, data)
        identifiers.append(packets.request_id(octets))
        send(START_S + SPACING_S * number, encoder.burst(octets))
    send(END_S - 9.0, encoder.frame("attitude_target", {"target": 2}, owner="EC"))
    return identifiers


def check(history: History, reports: list[Any], identifiers: list[int]) -> None:
    """Every request has ended as it must, with its counters and events, and changed nothing."""
    codes = dict(FAILURES)
    outcome = {}
    for report in reports:
        if report.kind == "verification":
            success = report.raw["success"]
            stage = report.name.split("_")[0]
            ended = GOOD if success else (stage, codes[report.raw["code"]])
            if report.name == GOOD or not success:
                outcome[report.raw["request"]] = ended
    for identifier, (request, wanted) in zip(identifiers, REQUESTS, strict=True):
        assert outcome.get(identifier) == wanted, request
    partner = [o for identifier, o in outcome.items() if identifier not in identifiers]
    assert partner == [("acceptance", "not_authorised")]

    wanted = [ended for _, ended in REQUESTS]
    devices = history.latest["attitude_devices"].raw
    kinds = [request[0] for request, ended in REQUESTS if ended == GOOD]
    late = [request[0] for request, ended in REQUESTS if ended != GOOD and ended[0] == "completion"]
    assert devices["uploads_taken"] == sum(kind in (TLE, TARGET) for kind in kinds)
    assert devices["uploads_refused"] == sum(kind in (TLE, TARGET) for kind in late)
    assert devices["commands_refused"] == sum(kind not in (TLE, TARGET) for kind in late)
    core = history.latest["core_hk"].raw
    assert core["commands_refused"] == sum(ended != GOOD for ended in wanted) + 1
    assert core["events_dropped"] == 0 and core["packets_dropped"] == 0

    told = [event.id for event in history.events if event.kind == "event"]
    assert told.count(0x0210) == devices["uploads_refused"]
    assert told.count(0x020F) == devices["commands_refused"]
    estimates = [report for report in reports if report.name == "attitude_estimate"]
    assert estimates[-1].raw["flags"] & ORBIT_VALID
    assert estimates[-1].raw["fault"][1] == INHIBITED
    # Bad elements have not moved the orbit: between neighbours it goes on by its own speed.
    known = [e.raw for e in estimates if e.raw["flags"] & ORBIT_VALID]
    for before, after in zip(known, known[1:], strict=False):
        moved_m = math.dist(before["r_N_m"], after["r_N_m"])
        assert moved_m < 9000.0 * (after["tick"] - before["tick"]) / 10, "8 km/s at most"
    assert len(known) > 60
