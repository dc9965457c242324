"""A short flight on the desktop, whose octets are given to the programs of others."""

from __future__ import annotations

from dataclasses import dataclass, field

from boards.desktop import run
from ground import keys
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.frames import FrameReader
from ground.frontend import FrontEnd
from ground.security import TmSecurity
from sim.scenario import load
from sim.world import World

DURATION_S = 130.0


@dataclass
class Recorded:
    """What went down: bursts as the radio sent them, frames, packets of all owners with their
    virtual channel, and our own reading of them. What went up: packets and whole bursts."""

    bursts: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    commands: list[tuple[int, bytes]] = field(default_factory=list)
    radiated: list[bytes] = field(default_factory=list)


def record() -> Recorded:
    """Fly; every owner pings, asks for parameters and is refused something."""
    flight = Recorded()
    dictionary = Dictionary()
    world = World(load("first-light", [f"duration_s={DURATION_S}"]))
    reader = FrameReader(dictionary.scid, len(dictionary.partners), TmSecurity(keys.development()))
    decoder = Decoder(dictionary)
    encoder = Encoder(dictionary)

    def take(t_s: float, frame: bytes) -> None:
        flight.frames.append(frame)
        delivery = reader.read(frame)
        assert delivery is not None
        flight.packets += [(delivery.vc, packet) for packet in delivery.packets]
        flight.reports += decoder.frame(t_s, frame)

    front_end = FrontEnd(take)

    def receive(t_s: float, burst: bytes) -> None:
        flight.bursts.append(burst)
        front_end(t_s, burst)

    world.on_frame.append(receive)
    for number, partner in enumerate(dictionary.partners):
        for second, (name, values) in enumerate(COMMANDS):
            packet = encoder.packet(name, values, partner.name)
            flight.commands.append((partner.vc, packet))
            burst = encoder.burst(packet, partner.name)

            def radiate(burst=burst) -> bytes:
                flight.radiated.append(burst())
                return burst()

            world.uplink(70.0 + 10.0 * number + 2.0 * second, radiate)
    run.fly(world)
    return flight


COMMANDS = (
    ("ping", ()),
    ("report_parameters", ["comms_idle_s"]),
    ("set_parameters", {"comms_idle_s": 20}),
)
