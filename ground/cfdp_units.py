"""Units of CFDP for the ground's end: read from octets, and those that no handler makes."""

import struct
from typing import Any, Optional

from spacepackets.cfdp import ConditionCode
from spacepackets.cfdp.defs import (
    DeliveryCode,
    FileStatus,
    InvalidCrcError,
    UnsupportedCfdpVersionError,
)
from spacepackets.cfdp.pdu import AckPdu, DirectiveType, EofPdu, FinishedPdu, TransactionStatus
from spacepackets.cfdp.pdu.finished import FinishedParams
from spacepackets.cfdp.pdu.helper import PduFactory

_MALFORMED = (
    InvalidCrcError,
    UnsupportedCfdpVersionError,
    IndexError,
    KeyError,
    ValueError,
    struct.error,
)


def parse(pdu: bytes) -> Any:
    """The unit, None when it is none. Never raises."""
    try:
        packet = PduFactory.from_raw(pdu)
        if directive(packet) == DirectiveType.EOF_PDU:
            # spacepackets leaves the code in the high half of its octet.
            packet.condition_code = ConditionCode(packet.condition_code >> 4)
    except _MALFORMED:
        return None
    return packet


def directive(packet: Any) -> Optional[DirectiveType]:
    """Which directive it is; None: file data."""
    return getattr(packet, "directive_type", None)


def acknowledgement(packet: Any, status: TransactionStatus) -> bytes:
    """The acknowledgement of an EOF or a Finished."""
    conf = packet.pdu_header.pdu_conf
    return bytes(AckPdu(conf, directive(packet), packet.condition_code, status).pack())


def refusal(conf: Any, condition: ConditionCode) -> bytes:
    """Finished: nothing of the file was kept, and nothing more is wanted."""
    params = FinishedParams(
        condition_code=condition,
        delivery_code=DeliveryCode.DATA_INCOMPLETE,
        file_status=FileStatus.DISCARDED_FILESTORE_REJECTION,
    )
    return bytes(FinishedPdu(conf, params).pack())


def cancellation(conf: Any, condition: ConditionCode) -> bytes:
    """EOF: nothing more of the file will come."""
    return bytes(EofPdu(conf, bytes(4), 0, condition_code=condition).pack())
