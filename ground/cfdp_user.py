"""What cfdp-py asks of its user: files of one folder, and how transfers end (ground/cfdp.py)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from cfdppy import CfdpUserBase
from cfdppy.filestore import NativeFilestore
from cfdppy.mib import CheckTimerProvider, DefaultFaultHandlerBase, EntityType
from spacepackets.cfdp import ConditionCode
from spacepackets.cfdp.defs import DeliveryCode
from spacepackets.countdown import Countdown

from flight.packets.file_units import ENTITY

FILE_MAX_B = 1 << 24
NAME = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,29}[A-Za-z0-9_-])?$")  # of files on board


@dataclass
class Outcome:
    """How a transfer ended. `name`: on board of an upload, in the folder of a download."""

    way: str
    name: str
    condition: str
    complete: bool


class Folder(NativeFilestore):
    """Files of one folder: nothing outside it can be named, nothing grows without bound."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.reading: Optional[Path] = None  # what goes up; it may lie anywhere
        self.sent_as = Path()  # its name to the spacecraft: nothing of where it lies

    def send(self, path: Path) -> Path:
        """Give the file `path` to the sender, under a name that no file of the folder can have."""
        self.reading, self.sent_as = path, Path(f"~{path.name}")
        return self.sent_as

    def _inside(self, path: Path) -> Path:
        if self.reading is not None and path == self.sent_as:
            return self.reading
        if not NAME.match(path.name):
            raise PermissionError(f"{path.name!r} is no name of a file")
        return self.folder / path.name

    def read_data(self, file: Path, offset: Optional[int], read_len: Optional[int] = None) -> bytes:
        with self._inside(file).open("rb") as opened:
            opened.seek(offset or 0)
            return opened.read(-1 if read_len is None else read_len)

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
    """Takes down how transfers end."""

    def __init__(self, folder: Path) -> None:
        self.store = Folder(folder)
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
        own = params.transaction_id.source_id.value != ENTITY
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


class CheckTimers(CheckTimerProvider):
    def provide_check_timer(
        self, local_entity_id: Any, remote_entity_id: Any, entity_type: EntityType
    ) -> Countdown:
        return Countdown.from_seconds(20.0)
