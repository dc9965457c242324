"""The quota of files holds whatever one owner has going on at the same time: copies and uploads
count from their beginning, and what is left of them until it is gone."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cli.security.file_units import EOF, METADATA, data, unit
from flight import dictionary, partners
from flight.core import cfdp_table as table
from flight.core import failures
from flight.packets.file_units import APID_OFFSET, GROUND_ENTITY
from tests.flight.fakes import Board
from tests.flight.stores_rig import Stores

EC = 1
QUOTA_B, QUOTA_FILES = 20_000, 6
UNACKNOWLEDGED = 4
NAMES = ("a", "b", "c", "d/a", "d/b")
SIZES = (0, 1, 4_096, 5_000, 9_000, 12_000, 20_000)


class Quota(Stores):
    """A mission in which EC may have little, so that his limits are soon met."""

    def __init__(self, board: Board | None = None) -> None:
        super().__init__(board)
        self.rules = self.app.requests
        quotas = [list(row) for row in partners.QUOTAS]
        quotas[EC][5:7] = QUOTA_B, QUOTA_FILES
        self.rules._quotas = quotas
        self.files = self.rig.board.files
        self.table = self.rig.mission.apps["files"]._table
        self.number = 0
        self.units: list[bytes] = []

    def request(self, command: str, **values: Any) -> int:
        return self.send(command, {"path": "", **values}, "EC")

    def copy(self, name: str, to_name: str) -> int:
        (path, name), (to_path, to_name) = split(name), split(to_name)
        values = {"operation": 1, "path": path, "name": name}
        return self.request("file_copy", to_path=to_path, to_name=to_name, **values)

    def upload(self, name: str, size: int) -> None:
        """Begin an upload of class 1, in which nothing of the one before is waited for."""
        self.number += 1
        content = bytes(i * self.number & 0xFF for i in range(size))
        announced = bytes((3,)) + struct.pack(">I", size) + b"\1x" + bytes((len(name),))
        parts = [(announced + name.encode(), METADATA)]
        parts += [(data(at, content[at : at + 200]), None) for at in range(0, size, 200)]
        parts += [(struct.pack(">BII", 0, zlib.crc32(content), size), EOF)]
        self.units = [self._unit(body, directive) for body, directive in parts]

    def cancel(self) -> None:
        """The sender ends it."""
        self.units = [self._unit(struct.pack(">BII", 0xF0, 0, 0), EOF)]

    def _unit(self, body: bytes, directive: int | None) -> bytes:
        made = unit(
            body, directive, flags=UNACKNOWLEDGED, number=self.number, source=GROUND_ENTITY + EC
        )
        apid = dictionary.PARTNERS[EC][2] + APID_OFFSET
        return struct.pack(">HHH", 0x1000 | apid, 0xC000, len(made) - 1) + made

    def second(self) -> None:
        """A second of flight, some units up; then nothing is beyond its limit."""
        for packet in self.units[:10]:
            self.rig.context.commands.receive(packet, len(packet), EC)
        del self.units[:10]
        self.rig.fly(1)
        self.rig.board.radio.sent.clear()
        held, entries = self.held()
        assert held <= QUOTA_B and len(entries) <= QUOTA_FILES, entries

    def seconds(self, count: int) -> "Quota":
        for _ in range(count):
            self.second()
        return self

    def until(self, condition: Callable[[], bool]) -> "Quota":
        for _ in range(120):
            if condition():
                return self
            self.second()
        raise AssertionError("not over")

    def checked(self) -> bool:
        """The upload has been let begin."""
        return bool(self.table.rows[EC * table.FIELDS + table.FLAGS] & table.CHECKED)

    def quiet(self) -> "Quota":
        """Until nothing goes on."""
        row = EC * table.FIELDS
        return self.until(
            lambda: not (self.units or self.rules.doing() or self.table.rows[row] == table.OPEN)
        )

    def held(self) -> tuple[int, dict[str, int]]:
        """Octets in flash under the owner's root, and everything there by its path."""
        found: dict[str, int] = {}
        for folder in ("", *(name for name, size in self._listed("").items() if size < 0)):
            for name, size in self._listed(folder).items():
                found[f"{folder}/{name}" if folder else name] = size
        return sum(max(size, 0) for size in found.values()), found

    def _listed(self, folder: str) -> dict[str, int]:
        entry = bytearray(36)
        found = {}
        if self.files.list(b"f1/" + folder.encode() + b"\0" if folder else b"f1\0") >= 0:
            while (n := self.files.next(entry)) > 0:
                (size,) = struct.unpack_from("<i", entry, 32)
                found[entry[:n].decode()] = size
        return found

    def write(self, path: str, size: int) -> None:
        self.files.folder(b"f1\0")
        assert self.files.open(1, path, 2 | 4 | 8) == 0
        assert self.files.write(1, bytes(size), 0, size) == size and self.files.close(1) == 0


def split(name: str) -> tuple[str, str]:
    path, _, last = name.rpartition("/")
    return path, last


@pytest.fixture
def quota() -> Quota:
    return Quota()


def condition(quota: Quota) -> int:
    return quota.table.rows[EC * table.FIELDS + table.CONDITION]


def test_an_upload_counts_what_a_copy_under_way_will_hold(quota: Quota) -> None:
    quota.write("f1/a", 9_000)
    assert quota.copy("a", "b") == 0
    quota.until(lambda: quota.rules._progress[EC] >= 0)
    quota.upload("c", 9_000)
    quota.quiet()
    assert condition(quota) == table.FILESTORE_REJECTION
    assert quota.held() == (18_000, {"a": 9_000, "b": 9_000})


def test_a_copy_counts_what_an_upload_under_way_will_hold(quota: Quota) -> None:
    quota.write("f1/a", 9_000)
    quota.upload("c", 9_000)
    quota.until(quota.checked)
    assert quota.units, "still under way"
    assert quota.copy("a", "b") == 0
    quota.quiet()
    assert quota.rig.context.accounts.last[EC] == failures.QUOTA_FULL
    assert condition(quota) == table.NO_ERROR
    assert quota.held() == (18_000, {"a": 9_000, "c": 9_000})


def test_the_number_of_files_counts_both(quota: Quota) -> None:
    """Five of six, and the upload is the sixth from its beginning."""
    for number in range(QUOTA_FILES - 1):
        quota.write(f"f1/n{number}", 0)
    quota.upload("c", 9_000)
    quota.until(quota.checked)
    assert quota.request("file_create", name="e", size=0) == 0
    quota.until(lambda: not quota.rules.doing())
    assert quota.request("folder_create", name="e") == 0
    quota.until(lambda: not quota.rules.doing())
    assert quota.copy("n0", "e") == 0
    quota.quiet()
    assert quota.rig.context.accounts.over_quota[EC] == 3
    assert set(quota.held()[1]) == {"n0", "n1", "n2", "n3", "n4", "c"}


def test_a_copy_writes_nothing_over_that_came_meanwhile(quota: Quota) -> None:
    quota.write("f1/a", 9_000)
    assert quota.copy("a", "b") == 0
    quota.until(lambda: quota.rules._progress[EC] >= 0)
    quota.write("f1/b", 77)
    quota.quiet()
    assert quota.held() == (9_077, {"a": 9_000, "b": 77})
    assert quota.rig.context.accounts.last[EC] == failures.REFUSED


def test_an_upload_that_follows_a_cancelled_one_at_once_begins_with_its_own_octets(
    quota: Quota,
) -> None:
    quota.upload("a", 12_000)
    quota.until(lambda: quota.table.rows[EC * table.FIELDS + table.COPIED] > 0)
    quota.cancel()
    cancel = quota.units
    quota.upload("b", 5_000)
    content = quota.units[1:]
    quota.units = cancel + quota.units[:1]
    quota.second()
    quota.until(quota.checked)
    quota.units = content
    quota.quiet()
    assert quota.held() == (5_000, {"b": 5_000})
    out = bytearray(5_000)
    assert quota.files.open(1, "f1/b", 1) == 0 and quota.files.read(1, out, 0, 5_000) == 5_000
    quota.files.close(1)
    assert out == bytes(i * quota.number & 0xFF for i in range(5_000))


@pytest.mark.parametrize("what", ["copy", "upload"])
def test_what_a_reset_leaves_is_no_loss_of_quota(quota: Quota, what: str) -> None:
    """A power cut in the middle, and all of the quota can be had once more."""
    quota.write("f1/a", 9_000)
    if what == "copy":
        assert quota.copy("a", "b") == 0
        quota.until(lambda: quota.rules._progress[EC] > 0)
    else:
        quota.upload("b", 9_000)
        quota.until(lambda: quota.table.rows[EC * table.FIELDS + table.COPIED] > 0)
        quota.cancel()
        packet = quota.units[0]
        quota.rig.context.commands.receive(packet, len(packet), EC)
        quota.table.touch(EC)
        quota.rig.mission.apps["files"]._kept.save(EC)
    assert set(quota.held()[1]) > {"a"}
    board = Board()
    board.fram.memory[:] = quota.rig.board.fram.memory
    board.flash.memory.restore(quota.rig.board.flash.memory.image())
    after = Quota(board)
    after.number = 10
    after.upload("c", 11_000)
    after.quiet()
    assert condition(after) == table.NO_ERROR
    assert after.request("file_create", name="d", size=0) == 0
    after.quiet()
    assert after.held() == (20_000, {"a": 9_000, "c": 11_000, "d": 0})


operations = st.lists(
    st.one_of(
        st.tuples(st.just("file_create"), st.sampled_from(NAMES), st.sampled_from(SIZES)),
        st.tuples(st.just("folder_create"), st.sampled_from(("d", "e"))),
        st.tuples(st.just("file_delete"), st.sampled_from(NAMES)),
        st.tuples(st.just("copy"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("upload"), st.sampled_from(NAMES), st.sampled_from(SIZES)),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("wait"), st.integers(1, 8)),
    ),
    min_size=4,
    max_size=14,
)


def carry_out(quota: Quota, operation: tuple[Any, ...]) -> None:
    kind, *values = operation
    if kind == "wait":
        quota.seconds(values[0])
    elif kind == "copy":
        quota.copy(*values)
    elif kind == "upload":
        quota.upload(*values)
    elif kind == "cancel":
        quota.cancel()
    else:
        path, name = split(values[0])
        size = {"size": values[1]} if kind == "file_create" else {}
        quota.request(kind, path=path, name=name, **size)
    quota.second()


def hold(script: list[tuple[Any, ...]]) -> None:
    """`second` looks after every second; nothing is left over in the end."""
    quota = Quota()
    quota.write("f1/a", 5_000)
    for operation in script:
        carry_out(quota, operation)
    quota.cancel()
    quota.quiet().seconds(6)
    assert not any(name.startswith(".") for name in quota.held()[1])
    assert quota.rules.used(EC) == quota.held()[0]


@settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(script=operations)
@example([("upload", "b", 9_000), ("wait", 2), ("copy", "a", "c"), ("wait", 8)])
@example([("copy", "a", "c"), ("upload", "b", 12_000), ("wait", 8)])
@example([("upload", "b", 12_000), ("wait", 2), ("cancel",), ("copy", "a", "c"), ("wait", 5)])
def test_no_sequence_of_operations_goes_beyond_the_quota(script: list[tuple[Any, ...]]) -> None:
    hold(script)


@pytest.mark.accept
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=operations)
def test_no_sequence_at_length_goes_beyond_the_quota(script: list[tuple[Any, ...]]) -> None:
    hold(script)
