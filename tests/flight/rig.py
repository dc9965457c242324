"""A whole mission on the test board, driven release by release."""

from __future__ import annotations

import struct
from typing import Any

from boards import compose
from flight import dictionary
from flight.packets import fields
from ground import keys
from ground.frames import IDLE_VC
from ground.security import TmSecurity
from hal.drivers.mf_eps import ADDRESS as EPS
from hal.drivers.tmp108 import ADDRESS as TMP108
from sim.deployables import Deployables
from sim.devices.base import Device
from sim.devices.mf_eps import MfEps as SimEps
from sim.devices.tmp108 import Tmp108 as SimTmp108
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Board
from tests.hal.parts import make_power

WELL = 0x03  # magnetometer and gyro valid
DETUMBLED = 0x08
MAG_FAILED = 0x20
IMU_FAILED = 0x40


class Rig:
    """The mission with simulated EPS and thermometer; `flags` is what a running loop reports."""

    def __init__(self, board: Board | None = None, deployables: Deployables | None = None) -> None:
        self.power = make_power()
        if deployables is not None:
            self.power.deployables = deployables
        self.celsius = 20.0
        parts: dict[int, Device] = {
            EPS: SimEps("eps", self.power),
            TMP108: SimTmp108("tmp108", lambda grid: self.celsius),
        }
        self.board = board or Board()
        self.board.bus.parts = parts
        self.kernel = self.board.kernel
        self.mission = compose.build(self.board)
        self.context = self.mission.context
        self.modes = self.context.modes
        self.scheduler = self.mission.scheduler
        self.flags = WELL
        self.mission.prepare()

    def fly(self, seconds: float) -> None:
        """Run every release of the next `seconds`; the loop in C obeys its last mode command."""
        clock = self.board.clock
        end_ms = clock.ticks_add(clock.ticks_ms(), round(seconds * 1000))
        while clock.ticks_diff(self.scheduler.next_entry().release_ms, end_ms) <= 0:
            self.obey()
            for part in self.board.bus.parts.values():
                part.grid = self.board.clock.ticks_ms() // 100
            self.scheduler.run_next()
        clock.sleep_until(end_ms)

    def obey(self) -> None:
        """Show the report of a loop that does as it was told."""
        mode = self.commanded()
        self.kernel.set_report(mode, 1, self.flags)

    def commanded(self) -> int:
        """Control mode of the last mode command."""
        return [index for code, index, _ in self.kernel.commands if code == 1][-1]

    def set_faults(self, address: int, *kinds: str) -> None:
        """Replace the faults of one part."""
        faults = FaultSet([Fault("part", kind) for kind in kinds])
        faults.advance(0.0)
        self.board.bus.parts[address].faults = faults

    def fields(self, packet_id: int) -> dict[str, Any]:
        """Decode the latest record of a packet."""
        return decode(self.context.store.record(packet_id))

    def events(self) -> list[int]:
        """Ids of the events in the frames sent so far, in order."""
        return [event for event, _, _ in self.event_records()]

    def event_records(self) -> list[tuple[int, int, int]]:
        """(id, arg0, arg1) of the events in the frames sent so far, in order."""
        found = []
        for _, packet in packets(self.board.radio.sent):
            if packet[7] == 5:
                body = packet[20:-2]
                arguments = int.from_bytes(body[10:12], "big"), int.from_bytes(body[12:16], "big")
                found.append((int.from_bytes(body[6:8], "big"), *arguments))
        return found


def decode(record: Any) -> dict[str, Any]:
    """Values of a record's fields by name."""
    (packet,) = [
        p for s in dictionary.SUBSYSTEMS for p in s.PACKETS if p[0] == record.definition[0]
    ]
    table = packet[5]
    values = iter(struct.unpack(fields.struct_format(table, packet[3]), record.data))
    found: dict[str, Any] = {}
    for field in table:
        count = fields.split(field[1])[1]
        found[field[0]] = [next(values) for _ in range(count)] if count else next(values)
    return found


def packets(frames: list[bytes]) -> list[tuple[int, bytes]]:
    """(virtual channel, space packet) of all frames, packets that span frames put together."""
    security = TmSecurity(keys.development())
    streams: dict[int, bytearray] = {}
    found = []
    for frame in frames:
        assert len(frame) == 223
        vc = frame[1] >> 1 & 7
        if vc == IDLE_VC:
            continue
        data = security.open(vc, frame) if security.secures(vc) else frame[6:-6]
        assert data is not None
        if vc not in streams:
            # What began before these frames is left out, by the first header pointer.
            first = int.from_bytes(frame[4:6], "big") & 0x7FF
            if first >= len(data):
                continue
            data = data[first:]
        stream = streams.setdefault(vc, bytearray())
        stream += data
        while len(stream) >= 6:
            size = int.from_bytes(stream[4:6], "big") + 7
            if len(stream) < size:
                break
            packet = bytes(stream[:size])
            del stream[:size]
            if packet[0] & 7 != 7 or packet[1] != 0xFF:
                found.append((vc, packet))
    return found
