"""One partner's own process: FOP-1, security and decoder behind a connection to the ground station.

    with Keyring(folder, "EC", sending=True) as ring:
        session = Session(Dictionary(), ring, StationLink(host, port))
        request = session.submit("ping")
        while not request.ended: session.poll(0.5)

Telecommands go in sequence (type AD) once the spacecraft's CLCW has told where it is, or at once
and unacknowledged (BD). A request follows its stages: sent, delivered (by COP-1), accepted,
started, completed (by service 1). A delivery is no execution. Timers go by the station's time.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from ground import crc, packets
from ground import fop_table as table
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.encode import Encoder, Values
from ground.errors import GroundError
from ground.fop import Fop
from ground.frames import Clcw, parse_clcw
from ground.keyring import Keyring
from ground.station_link import FRAME, REFUSAL, TIME, StationLink

QUEUE_MAX = 64
OPEN_MAX = 1024  # telecommands whose verification is not complete
SENT, DELIVERED, ACCEPTED, STARTED, COMPLETED, FAILED = (
    "sent",
    "delivered",
    "accepted",
    "started",
    "completed",
    "failed",
)
STAGES = {"acceptance": ACCEPTED, "start": STARTED, "completion": COMPLETED}
CONTROL_TYPE = 0x3000  # BC
EMERGENCY_MAP = 15  # of the host's emergency association
BEGIN_AGAIN_S = 5.0
Follower = Callable[["Request", str, str], None]


@dataclass(eq=False)
class Request:
    """One telecommand on its way. `stages`: (name, time of the station [s], detail)."""

    name: str
    packet: bytes
    map_id: int = 0
    bypass: bool = False
    stages: List[Tuple[str, float, str]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Completed or failed. Only its delivery may still be told: the way of the CLCW is another
        than that of the reports."""
        return self.reached(COMPLETED) or self.reached(FAILED)

    @property
    def completed(self) -> bool:
        """It was carried out."""
        return self.reached(COMPLETED)

    @property
    def failure(self) -> str:
        """Why it failed; empty when it did not."""
        return "" if self.completed else self.detail(FAILED)

    def reached(self, stage: str) -> bool:
        """The stage is behind it."""
        return any(name == stage for name, _, _ in self.stages)

    def detail(self, stage: str) -> str:
        """What was said at a stage, last."""
        return next((text for name, _, text in reversed(self.stages) if name == stage), "")


class Session:
    """One owner's channel. `follow(request, stage, detail)` is called at each stage,
    `listen(report)` for each decoded packet."""

    def __init__(
        self,
        dictionary: Dictionary,
        ring: Keyring,
        link: StationLink,
        follow: Optional[Follower] = None,
        listen: Optional[Callable[[Report], None]] = None,
        t1_s: float = 8.0,
        limit: int = 5,
    ) -> None:
        self.dictionary = dictionary
        self.owner = dictionary.partner(ring.owner)
        self.ring = ring
        self.encoder = Encoder(dictionary, ring.security)
        self.decoder = Decoder(dictionary, listen, ring.keys)
        if self.decoder.frames.security is not None:
            ring.follow(self.decoder.frames.security)
        self.fop = Fop(self, self._told, t1_s, limit)
        self.time_s = 0.0  # of the station
        self.clcw: Optional[Clcw] = None
        self.warnings: Deque[str] = deque(maxlen=QUEUE_MAX)
        self._link = link
        self._follow: Follower = follow or (lambda request, stage, detail: None)
        self._queue: Deque[Request] = deque()
        self._open: Dict[Tuple[int, int], Request] = {}
        self._begin_after_s = 0.0
        self._replays = False

    def expect_key(self, key: bytes) -> None:
        """Telemetry of the owner's channel may be under a new key from now on."""
        security = self.decoder.frames.security
        if security is not None and security.secures(self.owner.vc):
            security.add_key(self.owner.vc, key)

    def submit(
        self,
        name: str,
        values: Values = (),
        bypass: bool = False,
        acknowledge: int = packets.ACK_ALL,
        map_id: int = 0,
    ) -> Request:
        """Send a telecommand of the dictionary. Raises `GroundError` when it is none, or too many
        wait already."""
        packet = self.encoder.packet(name, values, self.owner.name, acknowledge)
        request = Request(name, packet, map_id, bypass)
        self.put(request)
        self._open[_key(packet)] = request
        if len(self._open) > OPEN_MAX:
            del self._open[next(iter(self._open))]
        return request

    def put(self, request: Request) -> None:
        """Send a request. Raises `GroundError` when too many wait already."""
        if len(self._queue) >= QUEUE_MAX:
            raise GroundError(f"{len(self._queue)} telecommands wait already")
        if request.bypass:
            self._stage(request, SENT, "BD")
            self.fop.bypass(request)
        else:
            self._queue.append(request)

    @property
    def waiting(self) -> int:
        """Requests that the FOP has not taken yet."""
        return len(self._queue)

    def poll(self, timeout_s: float) -> None:
        """Take what has come, waiting so long at most, and send what can be sent. Raises
        `GroundError` when the station has gone."""
        for kind, time_s, body in self._link.receive(timeout_s):
            self.time_s = max(self.time_s, time_s)
            if kind == TIME:
                continue
            if kind == REFUSAL:
                self._warn(f"the station refused a telecommand: {body.decode('ascii', 'replace')}")
                continue
            ocf = body
            if kind == FRAME:
                ocf = body[-6:-2]
                for report in self.decoder.frame(time_s, body):
                    self._verified(report)
            self._take_clcw(parse_clcw(int.from_bytes(ocf, "big")))
        self._note_telemetry()
        self.fop.tick(self.time_s)
        while self._queue and self.fop.ready:
            self.fop.transfer(self._queue.popleft(), self.time_s)

    def _note_telemetry(self) -> None:
        self.ring.note_telemetry()
        security = self.decoder.frames.security
        if security is not None and security.refused["replayed"] and not self._replays:
            self._replays = True
            self._warn(
                "telemetry whose counter was heard before is refused: recorded and sent again, or"
                " of a spacecraft whose memory is new (keys fresh)"
            )

    def _take_clcw(self, clcw: Optional[Clcw]) -> None:
        if clcw is None or clcw.vc != self.owner.vc:
            return
        self.clcw = clcw
        now_s = self.time_s
        self.fop.clcw(clcw, now_s)
        if self.fop.state == table.S6_INITIAL and self._queue and now_s >= self._begin_after_s:
            # Where the spacecraft is: that is where to begin.
            self._begin_after_s = now_s + BEGIN_AGAIN_S
            if clcw.lockout:
                self.fop.set_vs(clcw.report_value)
                self.fop.initiate_unlock(now_s)
            elif not clcw.wait:
                self.fop.set_vs(clcw.report_value)
                if clcw.retransmit:
                    self.fop.initiate_set_vr(clcw.report_value, now_s)
                else:
                    self.fop.initiate()

    def _verified(self, report: Report) -> None:
        if report.kind != "verification":
            return
        request = self._open.get((report.raw["apid"], report.raw["sequence"]))
        if request is None:
            return
        stage, _, outcome = report.name.rpartition("_")
        if outcome == "success":
            self._stage(request, STAGES[stage], "", report.received_s)
        else:
            reason = self.dictionary.failures.get(report.raw["code"], "unknown reason")
            detail = f"{stage}: {reason} ({report.raw['code']})"
            self._stage(request, FAILED, detail, report.received_s)
        if request.ended:
            self._open.pop((report.raw["apid"], report.raw["sequence"]), None)

    def _stage(
        self, request: Request, stage: str, detail: str, time_s: Optional[float] = None
    ) -> None:
        request.stages.append((stage, self.time_s if time_s is None else time_s, detail))
        self._follow(request, stage, detail)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)

    # --- what the FOP says, and what it sends through ---

    def _told(self, kind: str, detail: Any) -> None:
        if isinstance(detail, Request):
            if kind == table.ACCEPTED and not detail.bypass:
                self._stage(detail, SENT, "AD")
            elif kind == table.CONFIRMED:
                self._stage(detail, DELIVERED, "")
            elif kind == table.REJECTED and not detail.bypass:
                self._queue.appendleft(detail)  # it never went: it waits for a new beginning
            elif kind in (table.FAILED, table.REJECTED) and not detail.ended:
                self._stage(detail, FAILED, "not delivered for certain")
        elif kind == table.ALERT and detail != table.TERM:
            self._warn(f"FOP: {table.REASONS[detail]}")

    def send_ad(self, sequence: int, fdu: Request) -> bool:
        """A protected frame of type AD, with an IV of its own each time."""
        security = self.ring.security
        self._link.send(security.frame(self.owner.vc, fdu.packet, sequence, fdu.map_id))
        return True

    def send_bd(self, fdu: Request) -> bool:
        """A protected frame of type BD."""
        security = self.ring.security
        self._link.send(security.frame(self.owner.vc, fdu.packet, None, fdu.map_id))
        return True

    def send_bc(self, control: bytes) -> bool:
        """A control command, in clear."""
        head = CONTROL_TYPE | self.dictionary.scid
        size = 5 + len(control) + crc.SIZE
        frame = head.to_bytes(2, "big") + (self.owner.vc << 10 | size - 1).to_bytes(2, "big")
        self._link.send(crc.append_crc(frame + b"\x00" + control))
        return True


def _key(packet: bytes) -> Tuple[int, int]:
    """APID and sequence count: what verification reports carry."""
    identification, sequence, _ = packets.PRIMARY.unpack_from(packet)
    return identification & 0x7FF, sequence & 0x3FFF
