"""Telemetry frames to named values: frame, packet, dictionary; every refusal is a counter.

    decoder = Decoder(Dictionary())
    for report in decoder.frame(t_s, frame): print(report.name, report.values)

A packet is interpreted only after the spacecraft has said, in its boot event or its housekeeping,
that it flies the dictionary the ground holds. Until then packets wait (but for time reports and
verification, which need none); on another signature the decoder refuses, and says so in `mismatch`.
"""

import struct
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Callable, Deque, Dict, List, Mapping, Optional

from ground import crash, keys, schedule
from ground import dictionary as definitions
from ground.answers import ANSWERS
from ground.dictionary import Dictionary
from ground.frames import FrameReader
from ground.packets import PRIMARY, TmPacket, is_file_unit, parse_tm
from ground.security import TmSecurity
from ground.time_report import Correlator, is_time_packet
from ground.verification import describe_verification

WAITING_MAX = 512
HOUSEKEEPING = (3, 25)
EVENT_SERVICE = 5
VERIFICATION_SERVICE = 1
PONG = (17, 2)
PARAMETERS = (20, 2)
VC_COUNT = 3  # octet of a frame with the frame count of its virtual channel


@dataclass
class Report:
    """One decoded packet.

    `kind` is `housekeeping`, `event`, `verification`, `parameters`, `pong` or `other`. `raw` holds
    the values as they came, `values` in engineering units (`raw` times the field's scale).
    `time_s` is onboard time since the mission epoch, `received_s` the time on the ground [s].
    """

    kind: str
    name: str
    id: int
    received_s: float
    time_s: float
    vc: int
    owner: str
    packet: TmPacket
    raw: Dict[str, Any] = field(default_factory=dict)
    values: Dict[str, Any] = field(default_factory=dict)
    severity: str = ""
    text: str = ""


def _scaled(value: Any, scale: float) -> Any:
    if scale == 1:
        return value
    if isinstance(value, list):
        return [v * scale for v in value]
    return value * scale


class Decoder:
    """Decodes the telemetry of one spacecraft. `refused` counts, by reason, the packets that were
    not interpreted; `frames` is the frame reader with its own counters. Never raises on what comes
    from the air."""

    def __init__(
        self,
        dictionary: Dictionary,
        listener: Optional[Callable[[Report], None]] = None,
        link_keys: Optional[Mapping[str, bytes]] = None,
    ) -> None:
        """`link_keys` are those of this ground, by name; the development keys when left out."""
        self.dictionary = dictionary
        security = TmSecurity(keys.development() if link_keys is None else link_keys)
        self.frames = FrameReader(dictionary.scid, len(dictionary.partners), security)
        self.packets = 0
        self.refused: Counter[str] = Counter()
        self.mismatch: Optional[str] = None
        self.confirmed = False
        self.clock = Correlator()
        self._listener = listener
        self.on_file_unit: List[Callable[[int, bytes], None]] = []  # (vc, CFDP unit)
        self._waiting: Deque["tuple[float, int, TmPacket]"] = deque()

    @property
    def bad_frames(self) -> int:
        """Frames dropped for their length, CRC, header or spacecraft."""
        return self.frames.counters.bad_frames

    @property
    def gaps(self) -> int:
        """Breaks of the master channel frame count: one or more frames lost at each."""
        return self.frames.counters.gaps

    def summary(self) -> Dict[str, int]:
        """The telemetry block of `fly --json`."""
        return {
            "frames": self.frames.counters.frames,
            "packets": self.packets,
            "bad_frames": self.bad_frames,
            "gaps": self.gaps,
        }

    def frame(self, received_s: float, frame: bytes) -> List[Report]:
        """Take one frame received at `received_s`; the packets it completed, decoded."""
        delivery = self.frames.read(frame)
        if delivery is None:
            return []
        reports: List[Report] = []
        for octets in delivery.packets:
            if is_time_packet(octets):
                reports += self._time_report(received_s, delivery.vc, octets)
                continue
            if is_file_unit(octets):
                for receiver in self.on_file_unit:
                    receiver(delivery.vc, octets[PRIMARY.size :])
                continue
            packet = parse_tm(octets)
            if isinstance(packet, str):
                self.refused[packet] += 1
                continue
            if self._is_boot(packet) and delivery.counters_began_anew:
                self.frames.confirm_restart()
                delivery.counters_began_anew = False
            self._check_signature(packet)
            if packet.service == VERIFICATION_SERVICE and not (self.confirmed or self.mismatch):
                reports += self._decode(received_s, delivery.vc, packet)  # needs no dictionary
                continue
            self._waiting.append((received_s, delivery.vc, packet))
            if self.confirmed:
                while self._waiting:
                    reports += self._decode(*self._waiting.popleft())
            elif len(self._waiting) > WAITING_MAX or self.mismatch:
                self._waiting.popleft()
                self.refused["unconfirmed"] += 1
        if delivery.vc == 0:
            self.clock.frame(received_s, frame[VC_COUNT])
        if self._listener is not None:
            for report in reports:
                self._listener(report)
        return reports

    def _time_report(self, received_s: float, vc: int, octets: bytes) -> List[Report]:
        """A time report 9/2: it needs no dictionary."""
        clock = self.clock.report(octets)
        if isinstance(clock, str):
            self.refused[clock] += 1
            return []
        self.packets += 1
        quality, exponent = clock.quality, clock.exponent
        packet = TmPacket(0, 0, 9, 2, 0, 0, quality, int(clock.onboard_s), 0, octets[6:-2])
        values = {
            "onboard_s": clock.onboard_s,
            "ground_s": clock.ground_s,
            "offset_s": clock.offset_s,
            "drift_ppm": clock.drift_ppm,
            "quality": quality,
            "exponent": exponent,
            "stepped": clock.stepped,
        }
        owner = self.dictionary.partners[vc].name
        report = Report(
            "time", "time_report", 0x0902, received_s, clock.onboard_s, vc, owner, packet
        )
        report.raw = report.values = values
        report.text, report.severity = clock.text, "info"
        return [report]

    def _is_boot(self, packet: TmPacket) -> bool:
        return packet.service == EVENT_SERVICE and self._event_id(packet) == definitions.BOOT_EVENT

    @staticmethod
    def _event_id(packet: TmPacket) -> int:
        return int.from_bytes(packet.data[6:8], "big") if len(packet.data) >= 8 else -1

    def _check_signature(self, packet: TmPacket) -> None:
        """Compare the signature, when this packet carries one."""
        signature = self.dictionary.signature_in(packet.service, packet.subtype, packet.data)
        if signature is None:
            return
        self.confirmed = signature == self.dictionary.signature
        self.mismatch = None
        if not self.confirmed:
            self.mismatch = (
                f"the spacecraft flies dictionary {signature:08x}, this ground has"
                f" {self.dictionary.signature:08x}: telemetry is not decoded;"
                " use the ground software of the same build"
            )
            self.refused["unconfirmed"] += len(self._waiting)
            self._waiting.clear()

    def _decode(self, received_s: float, vc: int, packet: TmPacket) -> List[Report]:
        partner = self.dictionary.partner_of_apid(packet.apid)
        if partner is None:
            self.refused["apid"] += 1
            return []
        report = Report(
            kind="other",
            name=f"{packet.service}/{packet.subtype}",
            id=packet.service << 8 | packet.subtype,
            received_s=received_s,
            time_s=packet.time_s,
            vc=vc,
            owner=partner.name,
            packet=packet,
        )
        fault: Optional[str] = None
        if (packet.service, packet.subtype) == HOUSEKEEPING:
            fault = self._housekeeping(report)
        elif (packet.service, packet.subtype) in ANSWERS:
            fault = ANSWERS[packet.service, packet.subtype](report, self.dictionary)
        elif packet.service == EVENT_SERVICE:
            fault = self._event(report)
        elif packet.service == VERIFICATION_SERVICE:
            fault = describe_verification(report, self.dictionary)
        elif (packet.service, packet.subtype) == PARAMETERS:
            fault = self._parameters(report)
        elif (packet.service, packet.subtype) in (schedule.SUMMARY, schedule.STATUS):
            fault = schedule.describe(report)
        elif (packet.service, packet.subtype) == PONG:
            report.kind, report.name = "pong", "pong"
            fault = "size" if packet.data else None
        if fault is not None:
            self.refused[fault] += 1
            return []
        self.packets += 1
        return [report]

    def _housekeeping(self, report: Report) -> Optional[str]:
        """Fill in a housekeeping report; the name of the counter when it does not fit."""
        data = report.packet.data
        definition = self.dictionary.packets.get(int.from_bytes(data[:2], "big"))
        if len(data) < 2 or definition is None:
            return "unknown_packet"
        if len(data) - 2 != definition.layout.size:
            return "size"
        report.kind, report.name, report.id = "housekeeping", definition.name, definition.id
        numbers = definition.layout.unpack_from(data, 2)
        at = 0
        for row in definition.fields:
            after = at + row.type.count
            value: Any = list(numbers[at:after]) if row.type.is_array else numbers[at]
            at = after
            report.raw[row.name] = value
            report.values[row.name] = _scaled(value, row.scale)
        report.text = crash.text(report.raw) if report.name == crash.PACKET else ""
        return None

    def _parameters(self, report: Report) -> Optional[str]:
        """Fill in a report of parameter values; the name of the counter when it does not fit."""
        data = report.packet.data
        known = {parameter.id: parameter for parameter in self.dictionary.parameters.values()}
        at = 1
        for _ in range(data[0] if data else 0):
            parameter = known.get(int.from_bytes(data[at : at + 2], "big"))
            if parameter is None:
                return "unknown_parameter"
            layout = struct.Struct(">" + parameter.type.code)
            if at + 2 + layout.size > len(data):
                return "size"
            report.raw[parameter.name] = layout.unpack_from(data, at + 2)[0]
            at += 2 + layout.size
        if not data or at != len(data):
            return "size"
        report.kind, report.name = "parameters", "parameters"
        report.values = dict(report.raw)
        return None

    def _event(self, report: Report) -> Optional[str]:
        """Fill in an event; the name of the counter when it does not fit."""
        data = report.packet.data
        if len(data) != definitions.EVENT_RECORD.size:
            return "size"
        record = definitions.EVENT_RECORD.unpack(data)
        seconds, fraction, number, owner, severity, arg0, arg1 = record
        event = self.dictionary.events.get(number)
        if event is None:
            return "unknown_event"
        if severity != report.packet.subtype or owner >= len(self.dictionary.partners):
            return "event"
        report.kind, report.id, report.name = "event", number, f"event_{number:04x}"
        report.raw = {
            "seconds": seconds,
            "fraction": fraction,
            "id": number,
            "owner": owner,
            "severity": severity,
            "arg0": arg0,
            "arg1": arg1,
        }
        report.values = dict(report.raw)
        report.time_s = seconds + fraction / 65536
        report.severity = definitions.SEVERITIES.get(severity, str(severity))
        report.text = self.dictionary.event_text(event, arg0, arg1)
        return None
