"""Files up and down over CFDP: the ground's end, by cfdp-py (CCSDS 727.0-B-5, classes 1 and 2).

    files = FileTransfers("host", folder, now_s)
    files.upload(path, "plan.bin")
    files.download("picture.bin")    # and the telecommand `file_send`
    ... files.receive(pdu) for what came down, files.next_pdu() whenever one can go up

One of these per owner. It moves nothing by itself: PDUs are handed in and asked for, at the rate of
the link, and time is that of the caller. What was asked for, and nothing else, comes into `folder`:
`NAME.part`, and under the last part of its name when it is whole (ground/cfdp_receive.py).
"""

from collections import deque
from pathlib import Path
from typing import Any, Callable, Deque, List, Optional

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
from spacepackets.cfdp.pdu import DirectiveType, KeepAlivePdu, TransactionStatus
from spacepackets.seqcount import SeqCountProvider
from spacepackets.util import ByteFieldU8

from flight import dictionary
from flight.packets.file_units import APID_OFFSET, ENTITY, GROUND_ENTITY
from ground import cfdp_units as units
from ground import packets
from ground.cfdp_files import Files
from ground.cfdp_receive import CHECKSUMS, NO_NAME, Receiver, is_name
from ground.cfdp_time import LinkTime
from ground.cfdp_user import CheckTimers, Faults, Outcome, User
from ground.errors import GroundError

PACKET_HEADER = 6
KEEP_ALIVE_S = 15.0
PDU_MAX = 218 - PACKET_HEADER  # what a telecommand frame holds
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
        self._user = User(Files())
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
        self._inbox: Deque[Any] = deque()
        self._outbox: Deque[bytes] = deque()
        say = self._outbox.append
        self._receiver = Receiver(self._dest, self._user, folder, say, self._time_s, ack_s)
        self._clock = LinkTime(self._dest, self._time_s)
        self._sequence = 0
        self._spoke_s = 0.0
        self.ignored = self.refused = 0

    def _time_s(self) -> float:
        return self._now_s()

    @property
    def ended(self) -> List[Outcome]:
        """Transfers that are over, oldest first."""
        return self._user.ended

    @property
    def announced(self) -> Optional[int]:
        """Size [B] of the file that comes down, None while it is not known."""
        return self._receiver.announced

    @property
    def progress(self) -> int:
        """Octets that have come of it, up to the last one that is there."""
        return self._receiver.progress

    @property
    def unasked(self) -> int:
        """Transfers of the spacecraft that nobody asked for; they were refused."""
        return self._receiver.unasked

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
        if not is_name(name):
            raise GroundError(f"{name!r}: {NO_NAME}")
        if not path.is_file():
            raise GroundError(f"{path}: there is no such file")
        self._remote.crc_type = CHECKSUMS[checksum]
        source = self._user.vfs.send(path)
        mode = TransmissionMode.ACKNOWLEDGED if acknowledged else TransmissionMode.UNACKNOWLEDGED
        put = PutRequest(ByteFieldU8(ENTITY), source, Path(name), mode, closure_requested=True)
        with self._clock:
            if not self._source.put_request(put):
                raise GroundError("an upload is going on already")
        self._user.uploading = name

    def cancel_upload(self) -> None:
        """Give the upload up; the spacecraft is told."""
        if self._source.transaction_id is not None:
            self._outbox.clear()
            with self._clock:
                self._gather(self._source)
                self._source.cancel_request(self._source.transaction_id)
                self._gather(self._source)

    def download(self, name: str) -> None:
        """Take the file `name` (or folder/name) when the spacecraft sends it, once; it is asked for
        by the telecommand `file_send`.

        Raises `GroundError` for what is no name, and when NAME or NAME.part is in the folder.
        """
        self._receiver.ask(name)

    def cancel_downloads(self) -> None:
        """Nothing is wanted any longer; of what goes on the spacecraft is told."""
        with self._clock:
            self._gather(self._dest)
            self._receiver.cancel()
            self._step(self._dest)

    def close(self) -> None:
        """Delete what came and is not whole. The spacecraft is told nothing."""
        self._receiver.close()

    def receive(self, pdu: bytes) -> None:
        """A PDU from the spacecraft. Never raises on what it holds."""
        packet = units.parse(pdu)
        if packet is None:
            self.refused += 1
            return
        if units.directive(packet) == DirectiveType.NAK_PDU:
            # A new sequence of these makes older ones that wait void.
            if packet.start_of_scope == 0:
                kept = (p for p in self._inbox if units.directive(p) != DirectiveType.NAK_PDU)
                self._inbox = deque(kept)
        if len(self._inbox) < 64:
            self._inbox.append(packet)

    def next_pdu(self) -> Optional[bytes]:
        """The next PDU for the spacecraft, None when there is none now."""
        with self._clock:
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
        finished = units.directive(packet) == DirectiveType.FINISHED_PDU
        if finished and self._source.state == CfdpState.IDLE:
            # Of an upload that is over here, but not on board: the last word was lost.
            self._outbox.append(units.acknowledgement(packet, TransactionStatus.TERMINATED))
            return
        if not to_source:
            if not self._receiver.admits(packet):
                self.ignored += 1
                return
            if not self._receiver.fits(packet):
                self.refused += 1
                return
        self._step(self._source if to_source else self._dest, packet)

    def _step(self, handler: Any, packet: Any = None) -> None:
        """Let a handler act; what it cannot do now, or with such files, is counted."""
        try:
            handler.state_machine(packet)
        except _NOT_NOW:
            self.ignored += 1
        except (OSError, refusals.SourceFileDoesNotExist):
            # A disk that is full, a file that is gone: nothing can come of this transfer.
            self.refused += 1
            if handler is self._dest:
                self._receiver.fail()
            else:
                self._source_failed()
        self._gather(handler)
        self._receiver.after()

    def _source_failed(self) -> None:
        """What goes up cannot be read any longer: the spacecraft is told by EOF."""
        conf = self._source._params.pdu_conf
        self._source.reset()
        self._gather(self._source)
        if self._user.uploading:
            condition = ConditionCode.FILESTORE_REJECTION
            self._outbox.append(units.cancellation(conf, condition))
            name = self._user.uploading
            self._user.ended.append(Outcome("up", name, condition.name.lower(), False))

    def _gather(self, handler: Any) -> None:
        while (holder := handler.get_next_packet()) is not None:
            self._outbox.append(bytes(holder.pdu.pack()))
