"""What a flight with a fault leaves to be judged by: truth, telemetry, what the watchdog heard."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

from cli import flights, worlds
from cli.campaigns.faults_storage import stored_parameters
from ground.decode import Report
from ground.history import History

SAMPLE_S = 1.0
BEACONS = ("survival", "beacon")  # in the name of a packet that the C survival mode sends
VITAL = "core_hk"


class Watch:
    """A world that notes once a second how the watchdog is kicked, whatever drives it."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._next_s = 0.0
        self.samples: List[Tuple[float, int]] = []  # world time, kicks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def exchange(self, request: bytes) -> bytes:
        """Pass on, then look."""
        reply: bytes = self._world.exchange(request)
        t_s = self._world.t_s
        if t_s >= self._next_s:
            self.samples.append((t_s, self._world.watchdog.kicks))
            self._next_s = t_s + SAMPLE_S
        return reply


class Ear(History):
    """The ground's view, with beacons and answers to a ping."""

    def __init__(self) -> None:
        super().__init__()
        self.pongs_s: List[float] = []
        self.beacons: List[Tuple[float, str, Dict[str, Any]]] = []

    def add(self, report: Report) -> None:
        """Keep one decoded packet."""
        super().add(report)
        if report.kind == "pong":
            self.pongs_s.append(report.received_s)
        elif any(word in report.name for word in BEACONS):
            self.beacons.append((report.received_s, report.name, dict(report.raw)))


@dataclass
class Evidence:
    """One flight. Times are world time [s]; events as (time, id, severity, text). Parameters by
    name: `parameters` as the ground was told, `stored` as FRAM holds them at the end."""

    strike_s: float
    end_s: float
    events: List[Tuple[float, int, int, str]] = field(default_factory=list)
    modes: List[Tuple[float, int]] = field(default_factory=list)
    vitals: Dict[str, List[Any]] = field(default_factory=dict)
    beacons: List[Tuple[float, str, Dict[str, Any]]] = field(default_factory=list)
    boots: List[Tuple[float, int]] = field(default_factory=list)
    kicks: List[Tuple[float, int]] = field(default_factory=list)
    rates_deg_s: List[float] = field(default_factory=list)
    parameters: Dict[str, Any] = field(default_factory=dict)
    stored: Dict[str, Any] = field(default_factory=dict)
    counters: Dict[str, float] = field(default_factory=dict)
    pongs_s: List[float] = field(default_factory=list)
    ended: bool = False

    def after(self) -> List[Tuple[float, int, int, str]]:
        """Events received after the strike."""
        return [event for event in self.events if event[0] > self.strike_s]

    def kicks_between(self, start_s: float, end_s: float) -> int:
        """Control ticks that the watchdog heard in between."""
        counts = [kicks for t_s, kicks in self.kicks if start_s <= t_s <= end_s]
        return counts[-1] - counts[0] if counts else 0


Vehicle = Callable[[Any], worlds.Outcome]


def fly(flight: flights.Flight, vehicle: Optional[Vehicle], strike_s: float) -> Evidence:
    """Fly `flight` to its end and gather what it leaves. Raises what the flight raises."""
    watch = Watch(flight.world)
    flight.history = history = Ear()
    drive: Vehicle = vehicle or (lambda world: worlds.fly(flight.world_name, world, flight.elf))
    flight.vehicle = lambda _: drive(watch)
    flight.fly()
    world = flight.world
    severity = {"info": 1, "low": 2, "medium": 3, "high": 4}
    return Evidence(
        strike_s=strike_s,
        end_s=float(world.t_s),
        events=[
            (event.received_s, event.id, severity.get(event.severity, 0), event.text)
            for event in history.events
            if event.kind == "event"
        ],
        modes=list(history.modes),
        vitals={name: list(col) for name, col in history.columns.get(VITAL, {}).items()},
        beacons=history.beacons,
        boots=list(world.boots),
        kicks=watch.samples,
        rates_deg_s=[float(rate) for rate in world.truth["rate_deg_s"]],
        parameters=dict(history.parameters),
        stored=stored_parameters(world.spacecraft.fram.memory),
        counters=dict(world.counters),
        pongs_s=history.pongs_s,
        ended=bool(world.finished),
    )
