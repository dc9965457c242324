"""Files up and down over CFDP: the ground's end, by cfdp-py (CCSDS 727.0-B-5, classes 1 and 2).

    files = FileTransfers("host", folder, now_s)
    files.upload(path, "plan.bin")
    ... files.receive(pdu) for what came down, files.next_pdu() whenever one can go up

One of these per owner. It moves nothing by itself: PDUs are handed in and asked for, at the rate of
the link, and time is that of the caller. What comes down is kept in `folder` under the last part of
its name, never longer than announced.
"""

import struct
from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, List, Optional

import spacepackets.countdown
from cfdppy import CfdpState, LocalEntityConfig, PutRequest, RemoteEntityConfig
from cfdppy import exceptions as refusals
from cfdppy.handler.common import PacketDestination, get_packet_destination
from cfdppy.handler.dest import DestHandler
from cfdppy.handler.source import SourceHandler
from cfdppy.mib import (
    IndicationConfig,
    RemoteEntityConfigTable,
)
from spacepackets.cfdp import ChecksumType, ConditionCode, TransmissionMode
from spacepackets.cfdp.defs import InvalidCrcError, UnsupportedCfdpVersionError
from spacepackets.cfdp.pdu import AckPdu, DirectiveType, KeepAlivePdu, TransactionStatus
from spacepackets.cfdp.pdu.helper import PduFactory
from spacepackets.seqcount import SeqCountProvider
from spacepackets.util import ByteFieldU8

from flight import dictionary
from flight.packets.file_units import APID_OFFSET, ENTITY, GROUND_ENTITY
from ground import packets
from ground.cfdp_user import FILE_MAX_B, NAME, CheckTimers, Faults, Outcome, User
from ground.errors import GroundError

PACKET_HEADER = 6
KEEP_ALIVE_S = 15.0
PDU_MAX = 218 - PACKET_HEADER  # what a telecommand frame holds
CHECKSUMS = {
    "modular": ChecksumType.MODULAR,
    "crc32": ChecksumType.CRC_32,
    "none": ChecksumType.NULL_CHECKSUM,
}
_NOT_NOW = (
    refusals.InvalidDestinationId,
    refusals.InvalidNakPdu,
    refusals.InvalidPduDirection,
    refusals.InvalidPduForDestHandler,
    refusals.InvalidPduForSourceHandler,
    refusals.InvalidSourceId,
    refusals.InvalidTransactionSeqNum,
    refusals.NoRemoteEntityConfigFound,
    refusals.PduIgnoredForDest,
    refusals.PduIgnoredForSource,
    ValueError,  # a segment over the edge of a gap: the gap is asked for once more
)
_MALFORMED = (
    InvalidCrcError,
    UnsupportedCfdpVersionError,
    IndexError,
    KeyError,
    ValueError,
    struct.error,
)


class FileTransfers:
    """One upload and one download of an owner at a time. `ended`: what is over. `ignored` counts
    PDUs that came at a time at which nothing could be done with them, `refused` bad ones."""

    def __init__(
        self,
        owner: str,
        folder: Path,
        now_s: Callable[[], float],
        ack_s: float = 15.0,
        nak_s: float = 15.0,
        crc: bool = False,
        transaction: int = 0,
    ) -> None:
        """`now_s`: time of the link [s]; of several of these it has to be the same one.
        `transaction`: number of the first upload; those of one owner must not come again."""
        names = [partner[0] for partner in dictionary.PARTNERS]
        if owner not in names:
            raise GroundError(f"owner {owner!r} is unknown; known: {', '.join(names)}")
        self.owner = owner
        index = names.index(owner)
        self.apid = dictionary.PARTNERS[index][2] + APID_OFFSET
        self._now_s = now_s
        self._user = User(folder)
        local = LocalEntityConfig(ByteFieldU8(GROUND_ENTITY + index), IndicationConfig(), Faults())
        self._remote = RemoteEntityConfig(
            entity_id=ByteFieldU8(ENTITY),
            max_file_segment_len=None,
            max_packet_len=PDU_MAX,
            closure_requested=True,
            crc_on_transmission=crc,
            default_transmission_mode=TransmissionMode.ACKNOWLEDGED,
            crc_type=ChecksumType.CRC_32,
            positive_ack_timer_interval_seconds=ack_s,
            # Passes end and begin again: only the owner of a transfer gives it up.
            positive_ack_timer_expiration_limit=1 << 20,
            disposition_on_cancellation=True,
            immediate_nak_mode=True,
            nak_timer_interval_seconds=nak_s,
            nak_timer_expiration_limit=1 << 20,
        )
        table = RemoteEntityConfigTable([self._remote])
        numbers = SeqCountProvider(16)
        numbers.count = transaction & 0xFFFF
        self._source = SourceHandler(local, self._user, table, CheckTimers(), numbers)
        self._dest = DestHandler(local, self._user, table, CheckTimers())
        self._lost: List[Any] = []  # segments of the download, see _LinkTime
        self._inbox: Deque[Any] = deque()
        self._outbox: Deque[bytes] = deque()
        self._sequence = 0
        self._spoke_s = 0.0
        self.ignored = self.refused = 0

    @property
    def ended(self) -> List[Outcome]:
        """Transfers that are over, oldest first."""
        return self._user.ended

    @property
    def announced(self) -> Optional[int]:
        """Size [B] of the file that comes down, None while it is not known."""
        return next(reversed(self._user.sizes.values()), None)

    @property
    def busy(self) -> bool:
        """A transfer goes on, or something waits to go up."""
        handlers = (self._source, self._dest)
        active = any(handler.state != CfdpState.IDLE for handler in handlers)
        return active or bool(self._outbox or self._inbox)

    def upload(
        self, path: Path, name: str, acknowledged: bool = True, checksum: str = "crc32"
    ) -> None:
        """Begin to send the file `path`, to be called `name` (or folder/name) on board.

        Raises `GroundError` when an upload goes on, or for a name that is refused on board.
        """
        if len(name.split("/")) > 2 or not all(NAME.match(part) for part in name.split("/")):
            raise GroundError(f"{name!r}: not a name on board: up to 31 of letters, digits, _ - .")
        if not path.is_file():
            raise GroundError(f"{path}: there is no such file")
        self._remote.crc_type = CHECKSUMS[checksum]
        source = self._user.store.send(path)
        mode = TransmissionMode.ACKNOWLEDGED if acknowledged else TransmissionMode.UNACKNOWLEDGED
        put = PutRequest(ByteFieldU8(ENTITY), source, Path(name), mode, closure_requested=True)
        with self._clock():
            if not self._source.put_request(put):
                raise GroundError("an upload is going on already")
        self._user.uploading = name

    def cancel_upload(self) -> None:
        """Give the upload up; the spacecraft is told."""
        if self._source.transaction_id is not None:
            self._outbox.clear()
            with self._clock():
                self._gather(self._source)
                self._source.cancel_request(self._source.transaction_id)
                self._gather(self._source)

    def receive(self, pdu: bytes) -> None:
        """A PDU from the spacecraft. Never raises on what it holds."""
        try:
            packet = PduFactory.from_raw(pdu)
        except _MALFORMED:
            packet = None
        if packet is None:
            self.refused += 1
            return
        if getattr(packet, "directive_type", None) == DirectiveType.EOF_PDU:
            # spacepackets leaves the code in the high half of its octet.
            packet.condition_code = ConditionCode(packet.condition_code >> 4)
        if getattr(packet, "directive_type", None) == DirectiveType.NAK_PDU:
            # A new sequence of these makes older ones that wait void.
            if packet.start_of_scope == 0:
                self._inbox = deque(p for p in self._inbox if not _is_nak(p))
        if len(self._inbox) < 64:
            self._inbox.append(packet)

    def next_pdu(self) -> Optional[bytes]:
        """The next PDU for the spacecraft, None when there is none now."""
        with self._clock():
            while not self._outbox and self._inbox:
                self._take(self._inbox.popleft())
            if not self._outbox:
                for handler in (self._dest, self._source):
                    self._step(handler)
        now_s = self._now_s()
        if not self._outbox and self._dest.state != CfdpState.IDLE:
            if now_s - self._spoke_s >= KEEP_ALIVE_S:
                self._outbox.append(self._keep_alive())
        if not self._outbox:
            return None
        self._spoke_s = now_s
        return self._outbox.popleft()

    def _keep_alive(self) -> bytes:
        """How far the download is: the spacecraft sends only while it hears of its receiver."""
        assert self._dest.transaction_id is not None
        conf = self._dest._params.pdu_conf
        return bytes(KeepAlivePdu(conf, self._dest.progress).pack())

    def packet(self, pdu: bytes) -> bytes:
        """The telecommand packet that carries a PDU; it goes up on MAP 1."""
        header = packets.PRIMARY.pack(
            packets.TELECOMMAND | self.apid,
            packets.UNSEGMENTED | self._sequence,
            len(pdu) - 1,
        )
        self._sequence = (self._sequence + 1) & 0x3FFF
        return header + pdu

    def _take(self, packet: Any) -> None:
        to_source = get_packet_destination(packet) == PacketDestination.SOURCE_HANDLER
        finished = getattr(packet, "directive_type", None) == DirectiveType.FINISHED_PDU
        if finished and self._source.state == CfdpState.IDLE:
            self._acknowledge(packet)
            return
        handler = self._source if to_source else self._dest
        if not to_source and not self._fits(packet):
            self.refused += 1
            return
        self._step(handler, packet)

    def _step(self, handler: Any, packet: Any = None) -> None:
        """Let a handler act; what it cannot do now, or with such files, is counted."""
        try:
            handler.state_machine(packet)
        except _NOT_NOW:
            self.ignored += 1
        except OSError:
            # No name, or a file that is gone: nothing can come of this transfer.
            self.refused += 1
            handler.reset()
        self._gather(handler)

    def _acknowledge(self, finished: Any) -> None:
        """The end of an upload that is over here, but not on board: its last word was lost."""
        ack = AckPdu(
            finished.pdu_header.pdu_conf,
            DirectiveType.FINISHED_PDU,
            finished.condition_code,
            TransactionStatus.TERMINATED,
        )
        self._outbox.append(bytes(ack.pack()))

    def _fits(self, packet: Any) -> bool:
        """File data lie in the file that was announced."""
        if hasattr(packet, "directive_type"):
            return True
        size = self._user.sizes.get(packet.transaction_seq_num.value, FILE_MAX_B)
        return int(packet.offset) + len(packet.file_data) <= size

    def _gather(self, handler: Any) -> None:
        while (holder := handler.get_next_packet()) is not None:
            self._outbox.append(bytes(holder.pdu.pack()))

    def _clock(self) -> "_LinkTime":
        return _LinkTime(self)


class _LinkTime:
    """While the handlers run, their timers go by the time of the link, and the list of lost
    segments, of which all receiving handlers of the library share one, is this owner's."""

    def __init__(self, transfers: FileTransfers) -> None:
        self._transfers = transfers
        self._before: Callable[[], int] = spacepackets.countdown.time_ms

    def __enter__(self) -> None:
        now_s = self._transfers._now_s
        spacepackets.countdown.time_ms = lambda: round(now_s() * 1000)
        if self._transfers._dest.state == CfdpState.IDLE:
            self._transfers._lost = []
        self._tracker().lost_segments = self._transfers._lost

    def __exit__(self, *error: object) -> None:
        spacepackets.countdown.time_ms = self._before
        self._transfers._lost = self._tracker().lost_segments
        self._tracker().lost_segments = []

    def _tracker(self) -> Any:
        return self._transfers._dest._params.acked_params.lost_seg_tracker


def _is_nak(packet: Any) -> bool:
    return getattr(packet, "directive_type", None) == DirectiveType.NAK_PDU
