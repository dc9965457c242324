"""What cfdp-py asks of its user: how transfers end, and what about faults (ground/cfdp.py)."""

import re
from dataclasses import dataclass
from typing import Any, Callable, List

from cfdppy import CfdpUserBase
from cfdppy.mib import CheckTimerProvider, DefaultFaultHandlerBase, EntityType
from spacepackets.cfdp import ConditionCode
from spacepackets.cfdp.defs import DeliveryCode
from spacepackets.countdown import Countdown

from flight.packets.file_units import ENTITY
from ground.cfdp_files import Files

NAME = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,29}[A-Za-z0-9_-])?$")  # of files on board


@dataclass
class Outcome:
    """How a transfer ended. `name`: on board of an upload, in the folder of a download."""

    way: str
    name: str
    condition: str
    complete: bool


class Faults(DefaultFaultHandlerBase):
    """What the handlers do about faults is enough; how it ended is told by Finished."""

    def notice_of_suspension_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def notice_of_cancellation_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def abandoned_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass

    def ignore_cb(self, transaction_id: Any, cond: Any, progress: int) -> None:
        pass


class User(CfdpUserBase):
    """Takes down how transfers end. `received(finished)` is told of the end of a download before
    the spacecraft is, and may change what that is told."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self.ended: List[Outcome] = []
        self.uploading = ""
        self.received: Callable[[Any], str] = lambda finished: ""

    def transaction_indication(self, transaction_indication_params: Any) -> None:
        pass

    def eof_sent_indication(self, transaction_id: Any) -> None:
        pass

    def transaction_finished_indication(self, params: Any) -> None:
        own = params.transaction_id.source_id.value != ENTITY
        finished = params.finished_params
        name = self.uploading if own else self.received(finished)
        if name:
            good = finished.condition_code == ConditionCode.NO_ERROR
            whole = good and finished.delivery_code == DeliveryCode.DATA_COMPLETE
            condition = ConditionCode(finished.condition_code).name.lower()
            self.ended.append(Outcome("up" if own else "down", name, condition, whole))

    def metadata_recv_indication(self, params: Any) -> None:
        pass

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


class CheckTimers(CheckTimerProvider):
    def provide_check_timer(
        self, local_entity_id: Any, remote_entity_id: Any, entity_type: EntityType
    ) -> Countdown:
        return Countdown.from_seconds(20.0)
