"""Answers to telecommands in the XTCE document's telemetry: lists, files, memory, transitions."""

from typing import List

from ground.answers import KINDS
from ground.dictionary import Dictionary, parse_type
from ground.monitoring import STATES as MONITOR_STATES
from ground.monitoring import TYPES as MONITOR_TYPES
from ground.schedule import STATES as SEQUENCE_STATES
from ground.xtce_containers import CRC, Containers

# Longest lists: flight/services/{schedule_report,sequences,stores}.py.
SUMMARY_ROWS, STATUS_ROWS, STORE_ROWS = 14, 16, 4


class Answers:
    """Fills in the containers; `time` is the name of the type of onboard time."""

    def __init__(self, containers: Containers, dictionary: Dictionary, time: str) -> None:
        self._set, self._dictionary, self._time = containers, dictionary, time
        self._types = containers.types
        self._u8, self._u16 = self._scalar("u8"), self._scalar("u16")

    def _scalar(self, text: str) -> str:
        return self._types.number(parse_type(text))

    def build(self) -> None:
        """Everything."""
        parameter, number, u8, u16 = self._set.parameter, self._scalar, self._u8, self._u16
        indices = {partner.index: partner.name for partner in self._dictionary.partners}
        owners = self._types.enumeration("owner", 8, indices)
        self._set.message("pong", 17, 2, [], "answer to a ping")
        count = parameter("schedule_summary_count", u8)
        self._set.message("schedule_summary", 11, 13, [count], "stored telecommands", ends=False)
        row = [("sub", u8), ("time", self._time), ("source", u16), ("apid", u16), ("sequence", u16)]
        self._set.rows("schedule_summary", count, row, SUMMARY_ROWS)
        count = parameter("sequence_status_count", u8)
        self._set.message("sequence_status", 21, 7, [count], "states of sequences", ends=False)
        states = self._types.enumeration("sequence_state", 8, SEQUENCE_STATES)
        self._set.rows("sequence_status", count, [("number", u8), ("state", states)], STATUS_ROWS)
        count = parameter("store_status_count", u8)
        self._set.message("store_status", 15, 13, [count], "packet stores", ends=False)
        times = [(name, self._time) for name in ("oldest", "newest", "begins")]
        row = [("store", owners), *times, ("filled_percent", u8), ("left_percent", u8)]
        self._set.rows("store_status", count, row, STORE_ROWS)
        self._files(u8)
        self._memory()
        state = self._types.enumeration("monitor_state", 8, dict(enumerate(MONITOR_STATES)))
        entries = [
            parameter("transition_count", u8, "always 1"),
            parameter("transition_monitor", u16),
            parameter("transition_packet", u16),
            parameter("transition_offset", u8),
            parameter(
                "transition_type",
                self._types.enumeration("monitor_type", 8, dict(enumerate(MONITOR_TYPES))),
            ),
            parameter("transition_value", number("u32"), "in four octets, as its type says"),
            parameter("transition_before", state),
            parameter("transition_after", state),
        ]
        self._set.message("monitor_transition", 12, 12, entries, "a monitor has changed its state")

    def _files(self, u8: str) -> None:
        def path(report: str, part: str) -> List[str]:
            counter = self._set.parameter(f"{report}_{part}_length", u8)
            text = self._types.counted_text(31, counter)
            return [counter, self._set.parameter(f"{report}_{part}", text)]

        entries = [
            *path("file_attributes", "path"),
            *path("file_attributes", "name"),
            self._set.parameter("file_attributes_size", self._types.number(parse_type("u32"), "B")),
            self._set.parameter("file_attributes_locked", u8),
        ]
        self._set.message("file_attributes", 23, 4, entries, "attributes of a file")
        count = self._set.parameter("file_list_count", u8)
        head = [*path("file_list", "path"), count]
        self._set.message("file_list", 23, 13, head, "content of a directory", ends=False)
        self._set.container("file_list_0_end", "file_list", [(count, "==", 0)], [CRC])
        before = "file_list"
        kinds = self._types.enumeration("file_kind", 8, KINDS)
        # A row has 3 octets at least: 63 rows are more than a report holds.
        for length in range(1, 64):
            here = f"file_list_{length}"
            kind = self._set.parameter(f"file_list_{length - 1}_kind", kinds)
            entries = [kind, *path("file_list", str(length - 1))]
            self._set.container(here, before, [(count, ">=", length)], entries)
            self._set.container(f"{here}_end", here, [(count, "==", length)], [CRC])
            before = here

    def _memory(self) -> None:
        parameter = self._set.parameter
        address = [
            parameter("memory_id", self._u8, "0 flash of the processor, 1 FRAM"),
            parameter("memory_count", self._u8, "always 1"),
            parameter("memory_address", self._scalar("u32")),
        ]
        length = parameter("memory_dump_length", self._u8)
        dump = [
            *address,
            length,
            parameter("memory_dump_data", self._types.rest(length, 0)),
            parameter("memory_dump_crc", self._u16, "CRC-16 of the data"),
        ]
        self._set.message("memory_dump", 6, 6, dump, "what is in memory")
        check = [
            *address,
            parameter("memory_check_length", self._u16),
            parameter("memory_check_crc", self._scalar("u32"), "CRC-32"),
        ]
        self._set.message("memory_check", 6, 10, check, "checksum of memory")
