"""Files up and down over CFDP: the ground's end, by cfdp-py (CCSDS 727.0-B-5, classes 1 and 2).

    files = FileTransfers("host", folder, now_s)
    files.upload(path, "plan.bin")
    ... files.receive(pdu) for what came down, files.next_pdu() whenever one can go up

One of these per owner. It moves nothing by itself: PDUs are handed in and asked for, at the rate of
the link, and time is that of the caller. What comes down is kept in `folder` under the last part of
its name, never longer than announced.
"""

import re
import struct
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Optional

import spacepackets.countdown
from cfdppy import CfdpState, CfdpUserBase, LocalEntityConfig, PutRequest, RemoteEntityConfig
from cfdppy import exceptions as refusals
from cfdppy.filestore import NativeFilestore
from cfdppy.handler.common import PacketDestination, get_packet_destination
from cfdppy.handler.dest import DestHandler
from cfdppy.handler.source import SourceHandler
from cfdppy.mib import (
    CheckTimerProvider,
    DefaultFaultHandlerBase,
    EntityType,
    IndicationConfig,
    RemoteEntityConfigTable,
)
from spacepackets.cfdp import ChecksumType, ConditionCode, TransmissionMode
from spacepackets.cfdp.defs import DeliveryCode, InvalidCrcError, UnsupportedCfdpVersionError
from spacepackets.cfdp.pdu import AckPdu, DirectiveType, TransactionStatus
from spacepackets.cfdp.pdu.helper import PduFactory
from spacepackets.countdown import Countdown
from spacepackets.seqcount import SeqCountProvider
from spacepackets.util import ByteFieldU8

from flight import dictionary
from ground import packets
from ground.errors import GroundError

SPACECRAFT = 1  # entity id; flight/core/cfdp_table.py, a test compares
GROUND = 10  # of the host; the partners follow
APID_OFFSET = 16
PACKET_HEADER = 6
PDU_MAX = 218 - PACKET_HEADER  # what a telecommand frame holds
FILE_MAX_B = 1 << 24
CHECKSUMS = {
    "modular": ChecksumType.MODULAR,
    "crc32": ChecksumType.CRC_32,
    "none": ChecksumType.NULL_CHECKSUM,
}
_NAME = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,29}[A-Za-z0-9_-])?$")
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
)
_MALFORMED = (
    InvalidCrcError,
    UnsupportedCfdpVersionError,
    IndexError,
    KeyError,
    ValueError,
    struct.error,
)


@dataclass
class Outcome:
    """How a transfer ended. `name`: on board of an upload, in the folder of a download."""

    way: str
    name: str
    condition: str
    complete: bool


class _Folder(NativeFilestore):
    """Files of one folder: nothing outside it can be named, nothing grows without bound."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.reading: Optional[Path] = None  # what goes up; it may lie anywhere

    def _inside(self, path: Path) -> Path:
        if path == self.reading:
            return path
        if not _NAME.match(path.name):
            raise PermissionError(f"{path.name!r} is no name of a file")
        return self.folder / path.name

    def read_data(self, file: Path, offset: Optional[int], read_len: Optional[int] = None) -> bytes:
        return super().read_data(self._inside(file), offset, read_len)

    def file_size(self, file: Path) -> int:
        return super().file_size(self._inside(file))

    def file_exists(self, path: Path) -> bool:
        return super().file_exists(self._inside(path))

    def is_directory(self, path: Path) -> bool:
        return False

    def truncate_file(self, file: Path) -> None:
        super().truncate_file(self._inside(file))

    def create_file(self, file: Path) -> Any:
        return super().create_file(self._inside(file))

    def delete_file(self, file: Path) -> Any:
        return super().delete_file(self._inside(file))

    def write_data(self, file: Path, data: bytes, offset: Optional[int]) -> None:
        if (offset or 0) + len(data) > FILE_MAX_B:
            raise PermissionError("the file grows beyond all that the spacecraft holds")
        super().write_data(self._inside(file), data, offset)

    def calculate_checksum(
        self, checksum_type: Any, file_path: Path, size_to_verify: int, segment_len: int = 4096
    ) -> bytes:
        return super().calculate_checksum(
            checksum_type, self._inside(file_path), size_to_verify, segment_len
        )


class _Faults(DefaultFaultHandlerBase):
    """What the handlers do about faults is enough; how it ended is told by Finished."""

    def notice_of_suspension_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def notice_of_cancellation_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def abandoned_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def ignore_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass


class _User(CfdpUserBase):
    """Takes down how transfers end."""

    def __init__(self, folder: Path) -> None:
        self.store = _Folder(folder)
        super().__init__(self.store)
        self.sizes: Dict[Any, int] = {}
        self.names: Dict[Any, str] = {}
        self.ended: List[Outcome] = []
        self.uploading = ""

    def transaction_indication(self, transaction_indication_params: Any) -> None:
        pass

    def eof_sent_indication(self, transaction_id: Any) -> None:
        pass

    def transaction_finished_indication(self, params: Any) -> None:
        own = params.transaction_id.source_id.value != SPACECRAFT
        finished = params.finished_params
        good = finished.condition_code == ConditionCode.NO_ERROR
        whole = good and finished.delivery_code == DeliveryCode.DATA_COMPLETE
        name = self.uploading if own else self.names.get(params.transaction_id.seq_num.value, "")
        condition = ConditionCode(finished.condition_code).name.lower()
        self.ended.append(Outcome("up" if own else "down", name, condition, whole))

    def metadata_recv_indication(self, params: Any) -> None:
        number = params.transaction_id.seq_num.value
        self.names[number] = Path(params.dest_file_name or "").name
        self.sizes[number] = params.file_size or 0

    def file_segment_recv_indication(self, params: Any) -> None:
        pass

    def report_indication(self, transaction_id: Any, status_report: Any) -> None:
        pass

    def suspended_indication(self, transaction_id: Any, cond_code: Any) -> None:
        pass

    def resumed_indication(self, transaction_id: Any, progress: int) -> None:
        pass

    def fault_indication(self, transaction_id: Any, cond_code: Any, progress: int) -> None:
        pass

    def abandoned_indication(self, transaction_id: Any, cond_code: Any, progress: int) -> None:
        pass

    def eof_recv_indication(self, transaction_id: Any) -> None:
        pass


class _CheckTimers(CheckTimerProvider):
    def provide_check_timer(
        self, local_entity_id: Any, remote_entity_id: Any, entity_type: EntityType
    ) -> Countdown:
        return Countdown.from_seconds(20.0)


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
    ) -> None:
        """`now_s`: time of the link [s]; of several of these it has to be the same one."""
        names = [partner[0] for partner in dictionary.PARTNERS]
        if owner not in names:
            raise GroundError(f"owner {owner!r} is unknown; known: {', '.join(names)}")
        self.owner = owner
        index = names.index(owner)
        self.apid = dictionary.PARTNERS[index][2] + APID_OFFSET
        self._now_s = now_s
        self._user = _User(folder)
        local = LocalEntityConfig(ByteFieldU8(GROUND + index), IndicationConfig(), _Faults())
        self._remote = RemoteEntityConfig(
            entity_id=ByteFieldU8(SPACECRAFT),
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
        self._source = SourceHandler(
            local, self._user, table, _CheckTimers(), SeqCountProvider(16)
        )
        self._dest = DestHandler(local, self._user, table, _CheckTimers())
        self._inbox: Deque[Any] = deque()
        self._outbox: Deque[bytes] = deque()
        self._sequence = 0
        self.ignored = self.refused = 0

    @property
    def ended(self) -> List[Outcome]:
        """Transfers that are over, oldest first."""
        return self._user.ended

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
        if len(name.split("/")) > 2 or not all(_NAME.match(part) for part in name.split("/")):
            raise GroundError(f"{name!r}: not a name on board: up to 31 of letters, digits, _ - .")
        if not path.is_file():
            raise GroundError(f"{path}: there is no such file")
        self._remote.crc_type = CHECKSUMS[checksum]
        self._user.store.reading = path
        mode = TransmissionMode.ACKNOWLEDGED if acknowledged else TransmissionMode.UNACKNOWLEDGED
        put = PutRequest(ByteFieldU8(SPACECRAFT), path, Path(name), mode, closure_requested=True)
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
                    handler.state_machine()
                    self._gather(handler)
        return self._outbox.popleft() if self._outbox else None

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
        try:
            handler.state_machine(packet)
        except _NOT_NOW:
            self.ignored += 1
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
            self._outbox.append(bytes(holder.pack()))

    def _clock(self) -> "_LinkTime":
        return _LinkTime(self._now_s)


class _LinkTime:
    """While the handlers run, their timers go by the time of the link."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._before: Callable[[], int] = spacepackets.countdown.time_ms

    def __enter__(self) -> None:
        spacepackets.countdown.time_ms = lambda: round(self._now_s() * 1000)

    def __exit__(self, *error: object) -> None:
        spacepackets.countdown.time_ms = self._before


def _is_nak(packet: Any) -> bool:
    return getattr(packet, "directive_type", None) == DirectiveType.NAK_PDU
