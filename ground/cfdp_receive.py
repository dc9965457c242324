"""The receiving end of CFDP: one download at a time, of those that were asked for, and no other.

What the spacecraft sends unasked is refused by Finished (condition 4), so that it ends there too,
and counted. What was asked for comes into `NAME.part` and is `NAME` when its checksum is good.
"""

import math
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

from cfdppy import CfdpState
from cfdppy.handler.dest import DestHandler, TransactionStep
from spacepackets.cfdp import ChecksumType, ConditionCode, TransmissionMode
from spacepackets.cfdp.defs import DeliveryCode, FileStatus
from spacepackets.cfdp.pdu import DirectiveType, TransactionStatus

from flight.packets.file_units import ENTITY
from ground import cfdp_units as units
from ground.cfdp_files import FILE_MAX_B, Files, Part, checksum
from ground.cfdp_user import NAME, Outcome, User
from ground.errors import GroundError

CHECKSUMS = {
    "modular": ChecksumType.MODULAR,
    "crc32": ChecksumType.CRC_32,
    "none": ChecksumType.NULL_CHECKSUM,
}
NO_NAME = "not a name on board: up to 31 of letters, digits, _ - ., and one folder before it"
_OVER = (
    TransactionStep.TRANSFER_COMPLETION,
    TransactionStep.SENDING_FINISHED_PDU,
    TransactionStep.WAITING_FOR_FINISHED_ACK,
)


def is_name(name: str) -> bool:
    """A name on board, or the name of a directory, `/`, and a name (docs/icd/files.md)."""
    parts = name.split("/")
    return len(parts) <= 2 and all(NAME.match(part) for part in parts)


def file_send(name: str, acknowledged: bool) -> Dict[str, Any]:
    """Arguments of the telecommand `file_send`, which asks for the file `name`."""
    path, _, last = name.rpartition("/")
    return {"path": path, "name": last, "class": 2 if acknowledged else 1}


class Receiver:
    """`handler` of cfdp-py with what it may take. `say(pdu)`: to the spacecraft; a refusal is said
    again after `again_s`. `unasked` counts transfers that nobody asked for."""

    def __init__(
        self,
        handler: DestHandler,
        user: User,
        folder: Path,
        say: Callable[[bytes], None],
        now_s: Callable[[], float],
        again_s: float,
    ) -> None:
        self.handler = handler
        self.unasked = 0
        self._user = user
        self._files: Files = user.vfs
        self._folder = folder
        self._say, self._now_s, self._again_s = say, now_s, again_s
        self._asked: Dict[str, Part] = {}
        self._over: Optional[int] = None  # number of the transfer before
        self._refused: Optional[Tuple[int, float]] = None  # the last: number, when it was said
        self._size: Optional[int] = None  # as announced
        self._kind = ChecksumType.NULL_CHECKSUM
        self._sum = b""
        user.received = self._received

    @property
    def busy(self) -> bool:
        """A download goes on."""
        return bool(self.handler.state != CfdpState.IDLE)

    @property
    def announced(self) -> Optional[int]:
        """Size [B] of the file that comes down, None while it is not known."""
        return self._size

    @property
    def progress(self) -> int:
        """Octets of the file that comes down, up to the last one that is there."""
        return self._files.part.size if self._files.part is not None else 0

    def ask(self, name: str) -> None:
        """Take the file `name` when it comes, once. Raises `GroundError` for what is no name, and
        when its place is taken."""
        if not is_name(name):
            raise GroundError(f"{name!r}: {NO_NAME}")
        if name in self._asked:
            raise GroundError(f"{name}: is asked for already")
        self._asked[name] = Part(self._folder, name)
        self._over = self._refused = None

    def cancel(self) -> None:
        """Nothing that was asked for is wanted any longer; of what goes on the spacecraft is told.
        What the handler has to say has to be fetched before and after."""
        for name, part in list(self._asked.items()):
            if part is not self._files.part:
                part.discard()
                del self._asked[name]
                self._ended(name, ConditionCode.CANCEL_REQUEST_RECEIVED)
        if self.busy and self.handler.step not in _OVER:
            assert self.handler.transaction_id is not None
            self.handler.cancel_request(self.handler.transaction_id)

    def close(self) -> None:
        """Delete whatever is not whole. Nothing is said."""
        for part in self._asked.values():
            part.discard()
        self._asked.clear()
        self._files.part = None

    def fail(self) -> None:
        """The file cannot be kept here: end the download on both sides."""
        conf = self.handler._params.pdu_conf
        part = self._files.part
        self._reset()
        if part is not None:
            part.discard()
            self._asked.pop(part.name, None)
            self._ended(part.name, ConditionCode.FILESTORE_REJECTION)
            self._say(units.refusal(conf, ConditionCode.FILESTORE_REJECTION))

    def fits(self, packet: Any) -> bool:
        """File data lie in the file that was announced."""
        if hasattr(packet, "directive_type"):
            return True
        size = FILE_MAX_B if self._size is None else self._size
        return int(packet.offset) + len(packet.file_data) <= size

    def admits(self, packet: Any) -> bool:
        """The handler may have this PDU from the sender of a file."""
        if not self._is_for_us(packet):
            return True  # the handler says why it is not
        number = packet.transaction_seq_num.value
        if self.busy and number != self.handler.transaction_id.seq_num.value:
            if self.handler.step != TransactionStep.WAITING_FOR_FINISHED_ACK:
                return self._refuse(packet)
            self._reset()  # the spacecraft is at another one already
        directive = units.directive(packet)
        if not self.busy and number == self._over:
            return False
        if directive == DirectiveType.METADATA_PDU:
            return self._opens(packet)
        if directive not in (None, DirectiveType.EOF_PDU):
            return True
        if not self.busy:
            gone = directive is not None and packet.condition_code != ConditionCode.NO_ERROR
            if gone or not self._asked or self._refused is not None and number == self._refused[0]:
                return self._refuse(packet)
            self._size = None
        if directive is not None:
            self._sum = bytes(packet.file_checksum)
        return True

    def after(self) -> None:
        """The handler has acted: take down which transfer is over."""
        if not self.busy and self.handler.states.transaction_id is not None:
            self._over = self.handler.states.transaction_id.seq_num.value
            self.handler.states.transaction_id = None

    def _is_for_us(self, packet: Any) -> bool:
        receiver = self.handler.entity_id.value
        return (packet.source_entity_id.value, packet.dest_entity_id.value) == (ENTITY, receiver)

    def _opens(self, packet: Any) -> bool:
        """Metadata: whether the file is one that was asked for."""
        if self.busy and self.handler.step != TransactionStep.WAITING_FOR_METADATA:
            return True  # once more: the handler does nothing about it
        part = self._asked.get(packet.dest_file_name or "")
        condition = ConditionCode.NO_ERROR
        if part is None:
            condition = ConditionCode.FILESTORE_REJECTION
        elif packet.checksum_type not in CHECKSUMS.values():
            condition = ConditionCode.UNSUPPORTED_CHECKSUM_TYPE
        elif packet.file_size > FILE_MAX_B:
            condition = ConditionCode.FILE_SIZE_ERROR
        if condition != ConditionCode.NO_ERROR:
            self._reset()
            return self._refuse(packet, condition)
        self._files.part = part
        self._size = packet.file_size
        self._kind = packet.checksum_type
        return True

    def _refuse(
        self, packet: Any, condition: ConditionCode = ConditionCode.FILESTORE_REJECTION
    ) -> bool:
        """Have the spacecraft end a transfer; False. Not for every unit of it that comes."""
        number = packet.transaction_seq_num.value
        last, said_s = self._refused or (-1, -math.inf)
        if last != number:
            self.unasked += 1
        elif self._now_s() - said_s < self._again_s:
            return False
        self._refused = number, self._now_s()
        if packet.pdu_header.pdu_conf.trans_mode != TransmissionMode.ACKNOWLEDGED:
            return False  # nobody waits for an answer
        if units.directive(packet) == DirectiveType.EOF_PDU:
            if packet.condition_code != ConditionCode.NO_ERROR:
                condition = packet.condition_code
            self._say(units.acknowledgement(packet, TransactionStatus.UNRECOGNIZED))
        self._say(units.refusal(packet.pdu_header.pdu_conf, condition))
        return False

    def _received(self, finished: Any) -> str:
        """A download has ended: give the file its name, or delete it; the name, "" of a transfer
        that was ended before it said which file it was."""
        part = self._files.part
        if part is None:
            return ""
        self._files.part = None
        self._asked.pop(part.name, None)
        if finished.condition_code == ConditionCode.NO_ERROR:
            try:
                if self._is_whole(part):
                    part.keep()
                    return part.target.name
                condition = ConditionCode.FILE_CHECKSUM_FAILURE
            except OSError:
                condition = ConditionCode.FILESTORE_REJECTION
            finished.condition_code = condition
        part.discard()
        finished.delivery_code = DeliveryCode.DATA_INCOMPLETE
        finished.file_status = FileStatus.DISCARDED_DELIBERATELY
        return part.target.name

    def _is_whole(self, part: Part) -> bool:
        """As long as announced, with the checksum of EOF: the library does not look at it when
        nothing was lost."""
        if part.size != self._size:
            return False
        if self._kind == ChecksumType.NULL_CHECKSUM:
            return True
        return checksum(self._kind, part.file, part.size) == self._sum

    def _ended(self, name: str, condition: ConditionCode) -> None:
        last = name.rpartition("/")[2]
        self._user.ended.append(Outcome("down", last, condition.name.lower(), False))

    def _reset(self) -> None:
        self.handler.reset()
        self.handler.states.transaction_id = None
        # One list for all handlers of the library: this one's is over.
        self.handler._params.acked_params.lost_seg_tracker.reset()
        self._files.part = None
        self._size = None
