"""Reports that answer a telecommand, beyond housekeeping and events: packet stores (15/13), files
(23/4, 23/13), memory (6/6, 6/10). Layouts: flight/services/{stores,file_work,memory}.py.

ANSWERS: (service, subtype): what fills in a report, or names the counter of what is wrong with it.
"""

import struct
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple

from ground import crc
from ground.dictionary import Dictionary
from ground.monitoring import MONITORING

if TYPE_CHECKING:
    from ground.decode import Report

Describe = Callable[["Report", Dictionary], Optional[str]]
_STORE = struct.Struct(">BIHIHIHBB")
_DUMP = struct.Struct(">BBIB")
_CHECK = struct.Struct(">BBIHI")
KINDS = {1: "file", 2: "directory"}


class _Short(Exception):
    """A report ends before its content."""


def _text(data: bytes, at: int) -> Tuple[str, int]:
    """A text behind its length, and where the next thing begins."""
    if at >= len(data) or at + 1 + data[at] > len(data):
        raise _Short
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("ascii", "replace"), end


def _fill(report: "Report", name: str, values: Dict[str, Any], text: str) -> None:
    report.kind, report.name = "answer", name
    report.raw = report.values = values
    report.text = text


def describe_stores(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """15/13."""
    data = report.packet.data
    if not data or len(data) != 1 + data[0] * _STORE.size:
        return "size"
    rows: List[Dict[str, Any]] = []
    for at in range(1, len(data), _STORE.size):
        store, oldest, _, newest, _, begins, _, fill, left = _STORE.unpack_from(data, at)
        if store >= len(dictionary.partners):
            return "store"
        rows.append(
            {
                "store": dictionary.partners[store].name,
                "oldest_s": oldest,
                "newest_s": newest,
                "begins_s": begins,
                "filled_percent": fill,
                "left_percent": left,
            }
        )
    text = "; ".join(
        f"store {r['store']}: {r['filled_percent']} % full, {r['oldest_s']} s to {r['newest_s']} s"
        for r in rows
    )
    _fill(report, "store_status", {"stores": rows}, text)
    return None


def describe_attributes(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """23/4."""
    data = report.packet.data
    try:
        path, at = _text(data, 0)
        name, at = _text(data, at)
    except _Short:
        return "size"
    if len(data) != at + 5:
        return "size"
    size = int.from_bytes(data[at : at + 4], "big")
    values = {"path": path, "name": name, "size_B": size, "locked": bool(data[at + 4])}
    _fill(report, "file_attributes", values, f"{_join(path, name)}: {size} B")
    return None


def describe_list(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """23/13."""
    data = report.packet.data
    entries: List[Dict[str, str]] = []
    try:
        path, at = _text(data, 0)
        if at >= len(data):
            return "size"
        count, at = data[at], at + 1
        for _ in range(count):
            kind = data[at] if at < len(data) else 0
            name, at = _text(data, at + 1)
            entries.append({"name": name, "kind": KINDS.get(kind, "unknown")})
    except _Short:
        return "size"
    if at != len(data):
        return "size"
    names = [entry["name"] + ("/" if entry["kind"] == "directory" else "") for entry in entries]
    _fill(
        report,
        "file_list",
        {"path": path, "entries": entries},
        f"{path or 'root'}: {', '.join(names) or 'empty'}",
    )
    return None


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def describe_dump(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """6/6."""
    data = report.packet.data
    if len(data) < _DUMP.size or len(data) != _DUMP.size + data[6] + crc.SIZE:
        return "size"
    memory, _, address, length = _DUMP.unpack_from(data)
    content = data[_DUMP.size : -crc.SIZE]
    if crc.crc16(content) != int.from_bytes(data[-crc.SIZE :], "big"):
        return "content"
    values = {"memory": memory, "address": address, "data": content.hex()}
    _fill(report, "memory_dump", values, f"memory {memory} at {address:#010x}: {content.hex()}")
    return None


def describe_check(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """6/10."""
    data = report.packet.data
    if len(data) != _CHECK.size:
        return "size"
    memory, _, address, length, value = _CHECK.unpack(data)
    values = {"memory": memory, "address": address, "length_B": length, "crc32": value}
    text = f"memory {memory} at {address:#010x}, {length} B: CRC-32 {value:08x}"
    _fill(report, "memory_check", values, text)
    return None


ANSWERS: Mapping[Tuple[int, int], Describe] = {
    **MONITORING,
    (6, 6): describe_dump,
    (6, 10): describe_check,
    (15, 13): describe_stores,
    (23, 4): describe_attributes,
    (23, 13): describe_list,
}
