"""One attack on a flying spacecraft: what goes up when, and what telemetry says of it afterwards.

Every case ends with a good telecommand of each owner. Counters come from link_counters and
tc_host .. tc_BY; what an attack must not change is V(R), FARM's flags, the replay window and the
number of packets handed on.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Tuple, Union

from cli import flights, worlds
from cli.comparison import Record
from flight import dictionary
from ground import cltu, crc, keys, packets
from ground.decode import Report
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.security import TcSecurity

SCENARIO = "first-light"
START_S = 4.0
SPACING_S = 0.25
OWNERS = ("host", "EC", "IR", "BY")
REPORT_PERIOD_S = 30.0  # of the channels' packets, the first a second after boot
MARGIN_S = 6.0
# What a refusal is counted as; all others of the two packets must stay at 0.
REFUSALS = (
    "cltu_oversize", "bad_length", "bad_fecf", "bad_version", "bad_scid", "bad_reserved",
    "bad_type", "bad_vc", "bad_control", "control_rate", "bad_segment", "busy", "farm_lockout",
    "farm_wait", "farm_ahead", "farm_duplicate", "sdls_short", "sdls_unknown_spi",
    "sdls_not_operational", "sdls_wrong_channel", "sdls_expired", "sdls_replayed",
    "sdls_beyond_window", "sdls_bad_tag", "sdls_not_saved", "bad_packet", "packet_apid",
)  # fmt: skip

Octets = Union[bytes, Callable[[], bytes]]


def ping(vc: int, sequence: int = 0) -> bytes:
    """A good packet of the owner of a channel: 17/1."""
    return packets.build_tc(dictionary.PARTNERS[vc][2], sequence, 17, 1, b"", vc)


def resealed(frame: bytes, changes: Mapping[int, int]) -> bytes:
    """A frame with other octets and a right FECF."""
    data = bytearray(frame[: -crc.SIZE])
    for at, value in changes.items():
        data[at] = value
    return crc.append_crc(bytes(data))


def control(vc: int, data: bytes) -> bytes:
    """A control frame, type BC."""
    size = 5 + len(data) + crc.SIZE
    return crc.append_crc(bytes((0x32, 0xA5, vc << 2, size - 1, 0)) + data)


@dataclass
class Attack:
    """A flight being prepared. `security` is the ground's end of all owners, with every key: what
    an attacker knows of it is up to the case."""

    name: str
    world: str = "desktop"
    elf: Path = worlds.ELF
    expected: Dict[str, int] = field(default_factory=dict)
    good: Dict[str, int] = field(default_factory=lambda: dict.fromkeys(OWNERS, 0))
    dispatched: Dict[str, int] = field(default_factory=lambda: dict.fromkeys(OWNERS, 0))
    control_storm: bool = False
    overrides: Tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.security = TcSecurity(keys.development())
        self.bursts: List[Tuple[float, Octets]] = []
        self.at_s = START_S
        self.before: List[Callable[[Any], None]] = []

    @property
    def keys(self) -> Dict[str, bytes]:
        """Every key of the spacecraft."""
        return keys.development()

    def packet(self, vc: int, name: str, values: Any) -> bytes:
        """A telecommand packet of the dictionary."""
        return Encoder(Dictionary()).packet(name, values, OWNERS[vc])

    def inside(self, vc: int, packet: bytes, counter: str) -> None:
        """A packet in a good frame, which is to be refused and counted."""
        self.send(lambda: self.security.frame(vc, packet), counter)

    def later(self, seconds: float) -> None:
        """Wait."""
        self.at_s += seconds

    def send(self, frame: Octets, counter: str = "", count: int = 1) -> None:
        """A transfer frame, which is to be refused and counted in `counter`."""
        made = frame
        self.raw((lambda: cltu.burst(made())) if callable(made) else cltu.burst(made))
        if counter:
            self.expected[counter] = self.expected.get(counter, 0) + count

    def raw(self, octets: Octets) -> None:
        """Octets as they are."""
        self.bursts.append((self.at_s, octets))
        size = 100 if callable(octets) else len(octets)
        self.at_s += SPACING_S + size * 8 / 9600

    def command(self, vc: int, **how: Any) -> None:
        """A good telecommand of the owner of a channel, which has to be carried out."""
        self.raw(lambda: cltu.burst(self.security.frame(vc, ping(vc), **how)))
        self.good[OWNERS[vc]] += 1

    def fly(self) -> "Result":
        """Fly, with a good telecommand of each owner at the end. Raises `CliError`."""
        self.later(1.0)
        for vc in range(len(OWNERS)):
            self.command(vc)
        reports = int((self.at_s + MARGIN_S - 1.0) // REPORT_PERIOD_S) + 1
        end_s = 1.0 + reports * REPORT_PERIOD_S + MARGIN_S
        overrides = [f"duration_s={end_s}", *self.overrides]
        flight = flights.prepare(SCENARIO, self.world, 1, overrides, self.elf, timeline=False)
        for action in self.before:
            action(flight)
        for t_s, octets in self.bursts:
            flight.world.uplink(t_s, octets)
        record = Record(flight.dictionary)
        flight.listeners.append(record.frame)
        flight.fly()
        return Result(self, flight, record.reports)


@dataclass
class Result:
    """What telemetry says after an attack."""

    attack: Attack
    flight: Any
    reports: List[Report]

    def counters(self) -> Dict[str, int]:
        """Refusals by name, added up over the channels."""
        latest = self.flight.history.latest
        found = dict.fromkeys(REFUSALS, 0)
        for packet in ("link_counters", *(f"tc_{owner}" for owner in OWNERS)):
            for name, value in latest[packet].raw.items():
                if name in found:
                    found[name] += value
        return {name: value for name, value in found.items() if value}

    def problems(self) -> List[str]:
        """Everything that is not as it has to be, one line each."""
        attack, found = self.attack, []
        missing = [f"tc_{o}" for o in OWNERS if f"tc_{o}" not in self.flight.history.latest]
        if missing or "link_counters" not in self.flight.history.latest:
            return [f"packet {missing or 'link_counters'} never came down"]
        if self.counters() != attack.expected:
            found.append(f"counted {self.counters()}, expected {attack.expected}")
        for owner in OWNERS:
            raw = self.flight.history.latest[f"tc_{owner}"].raw
            wanted = attack.good[owner] + attack.dispatched[owner]
            if raw["packets"] != wanted:
                found.append(f"{owner}: {raw['packets']} packets handed on, {wanted} expected")
            if raw["report_value"] or raw["farm_flags"]:
                found.append(f"{owner}: V(R) {raw['report_value']}, flags {raw['farm_flags']}")
            if raw["frames_bc"] and not attack.control_storm:
                found.append(f"{owner}: {raw['frames_bc']} control commands carried out")
        wanted = sum(attack.good.values())
        carried = self.flight.history.verified.get("completion_success", 0)
        if carried != wanted:
            found.append(f"{carried} telecommands carried out, {wanted} sent")
        core = self.flight.history.latest["core_hk"].raw
        if core["commands_refused"] != sum(attack.dispatched.values()):
            found.append(f"{core['commands_refused']} packets refused by the dispatcher")
        if len(self.flight.world.boots) != 1:
            found.append(f"{len(self.flight.world.boots)} starts")
        return found
