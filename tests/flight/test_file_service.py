"""Service 23: files in a root of each owner's own, and no way out of it (abuse case A16)."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from flight import partners
from flight.core import failures
from tests.flight.stores_rig import Stores

OK, LATER_FAILED = 7, 8


class Files(Stores):
    """With answers to requests."""

    def do(self, command: str, owner: str = "host", seconds: float = 3.0, **values: Any) -> int:
        """Send a request and fly on: 0 when it was completed, else the failure code."""
        self.rig.board.radio.sent.clear()
        values = {"path": "", **values}
        code = self.send(command, values, owner)
        if code:
            return code
        self.rig.fly(seconds)
        for packet in self.sent(("host", "EC", "IR", "BY").index(owner)):
            if packet[7:9] == b"\x01\x07":
                return 0
            if packet[7:9] == b"\x01\x08":
                return int.from_bytes(packet[24:26], "big")
        raise AssertionError("not completed")

    def listed(self, owner: str = "host", path: str = "") -> set[tuple[int, str]]:
        assert self.do("file_list", owner, path=path) == 0
        found = set()
        for packet in self.sent(("host", "EC", "IR", "BY").index(owner)):
            if packet[7:9] == b"\x17\x0d":
                body = packet[20:-2]
                assert body[: 1 + len(path)] == bytes([len(path)]) + path.encode()
                at = 2 + len(path)
                for _ in range(body[1 + len(path)]):
                    n = body[at + 1]
                    found.add((body[at], body[at + 2 : at + 2 + n].decode()))
                    at += 2 + n
                assert at == len(body)
        return found

    def size(self, name: str, owner: str = "host", path: str = "") -> int:
        assert self.do("file_attributes", owner, path=path, name=name) == 0
        (body,) = [p[20:-2] for p in self.sent(OWN[owner]) if p[7:9] == b"\x17\x04"]
        return int.from_bytes(body[-5:-1], "big")

    def write(self, path: str, data: bytes) -> None:
        """Content from elsewhere: what an upload would have left."""
        files = self.rig.board.files
        assert files.open(1, path, files.WRITE | files.APPEND) == 0
        assert files.write(1, data, 0, len(data)) == len(data) and files.close(1) == 0

    def raw23(self, subtype: int, data: bytes, owner: str = "host") -> int:
        packet = self.encoder.packet("ping", (), owner)
        packet = packet[:7] + bytes((23, subtype)) + packet[9:11] + data
        packet = packet[:4] + struct.pack(">H", len(packet) - 5) + packet[6:]
        import native

        packet += struct.pack(">H", native.crc16(packet, 0, len(packet)))
        return self.rig.context.commands.execute(packet, len(packet), OWN[owner])


OWN = {"host": 0, "EC": 1, "IR": 2, "BY": 3}


@pytest.fixture
def files() -> Files:
    return Files()


def test_create_list_attributes_delete(files: Files) -> None:
    assert files.listed() == set()
    assert files.do("file_create", name="a.bin", size=100) == 0
    assert files.do("file_create", name="a.bin", size=100) == failures.REFUSED
    assert files.do("folder_create", name="d") == 0
    assert files.do("file_create", path="d", name="b", size=0) == 0
    assert files.listed() == {(1, "a.bin"), (2, "d")}
    assert files.listed(path="d") == {(1, "b")}
    files.write("f0/d/b", b"0123456789")
    assert files.size("b", path="d") == 10
    assert files.do("folder_delete", name="d") == failures.REFUSED
    assert files.do("file_delete", path="d", name="b") == 0
    assert files.do("file_delete", name="d") == failures.REFUSED
    assert files.do("folder_delete", name="a.bin") == failures.REFUSED
    assert files.do("folder_delete", name="d") == 0
    assert files.do("file_attributes", name="nothing") == failures.UNKNOWN_FILE
    assert files.do("file_attributes", path="d", name="b") == failures.UNKNOWN_FILE
    assert files.listed() == {(1, "a.bin")}


def test_a_long_copy_goes_on_in_slack_and_is_whole(files: Files) -> None:
    content = bytes(i * 7 & 0xFF for i in range(9000))
    assert files.do("file_create", name="a", size=9000) == 0
    files.write("f0/a", content)
    copy = {"operation": 7, "name": "a", "to_path": "", "to_name": "b"}
    assert files.do("file_copy", seconds=20, **copy) == 0
    out = bytearray(9000)
    board = files.rig.board.files
    assert board.open(1, "f0/b", 1) == 0 and board.read(1, out, 0, 9000) == 9000
    board.close(1)
    assert out == content
    assert files.do("file_copy", **copy) == failures.REFUSED, "b is there"
    assert files.do("file_copy", **{**copy, "name": "c", "to_name": "e"}) == failures.UNKNOWN_FILE
    assert files.listed() == {(1, "a"), (1, "b")}


def test_one_request_at_a_time_of_each_owner(files: Files) -> None:
    values = {"path": "", "name": "a", "size": 1}
    for owner in OWN:
        assert files.send("file_create", values, owner) == 0
        assert files.send("file_create", {**values, "name": "b"}, owner) == failures.REFUSED
    files.rig.fly(6)
    for owner in OWN:
        assert files.listed(owner) == {(1, "a")}


def test_a_long_copy_keeps_nobody_waiting(files: Files) -> None:
    board = files.rig.board
    assert files.do("file_create", "EC", name="long", size=1) == 0
    path = b"f1/long\0"
    assert board.files.open(1, path, 2) == 0
    assert board.files.write(1, bytes(60000), 0, 60000) == 60000 and board.files.close(1) == 0
    values = {"operation": 1, "path": "", "name": "long", "to_path": "", "to_name": "other"}
    assert files.send("file_copy", values, "EC") == 0
    files.rig.fly(5)
    for owner in ("IR", "BY", "host"):
        assert files.do("file_create", owner, seconds=4.0, name="mine", size=1) == 0
    assert (1, "other") not in files.listed("IR")
    files.rig.fly(50)
    assert files.listed("EC") == {(1, "long"), (1, "other")}
    assert board.files.stat(b"f1/other\0") == 60000


def test_every_owner_has_a_root_of_his_own(files: Files) -> None:
    for owner in OWN:
        assert files.do("file_create", owner, name="mine-" + owner, size=1) == 0
    for owner in OWN:
        assert files.listed(owner) == {(1, "mine-" + owner)}
        for other in OWN:
            if other != owner:
                code = files.do("file_delete", owner, name="mine-" + other)
                assert code == failures.UNKNOWN_FILE
    for owner in OWN:
        assert files.listed(owner) == {(1, "mine-" + owner)}


NAMES = (
    "..",
    ".",
    "../f1",
    "/a",
    "a/b",
    "a\\b",
    "a\0b",
    "\0",
    "a.",
    ".a",
    ".copy",
    ".a0",
    "a b",
    "a:b",
    "\u00e4",
    "%2e%2e",
    "~",
    "*",
    "a\n",
    "\x7f",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_outside_the_rules_is_refused(files: Files, name: str) -> None:
    refused = files.app.requests.refused
    wear = dict(files.rig.board.flash.memory.wear)
    for command, values in (
        ("file_create", {"path": "", "name": name, "size": 1}),
        ("file_create", {"path": name, "name": "a", "size": 1}),
        ("file_delete", {"path": "", "name": name}),
        ("file_attributes", {"path": name, "name": "a"}),
        ("folder_create", {"path": "", "name": name}),
        ("folder_delete", {"path": "", "name": name}),
        ("file_list", {"path": name}),
        ("file_copy", {"operation": 1, "path": "", "name": name, "to_path": "", "to_name": "b"}),
        ("file_copy", {"operation": 1, "path": "", "name": "b", "to_path": name, "to_name": "b"}),
    ):
        assert files.send(command, values) == failures.BAD_PATH, command
    assert files.app.requests.refused == refused + 9
    assert files.rig.board.flash.memory.wear == wear, "nothing was written"
    assert files.do("file_create", name="good", size=1) == 0


def test_overlong_names_and_torn_requests_are_refused(files: Files) -> None:
    for n in (32, 64, 200, 230):
        assert files.raw23(2, b"\0" + bytes([n]) + b"a" * n) == failures.BAD_PATH
    assert files.raw23(2, b"\0\xff" + b"a" * 230) == failures.BAD_LENGTH
    overlong = b"\xc0\xae\xc0\xae"
    assert files.raw23(2, b"\0\x04" + overlong) == failures.BAD_PATH
    for data in (b"", b"\0", b"\0\x01", b"\0\x01ab", b"\x02a", b"\0\0"):
        assert files.raw23(2, data) in (failures.BAD_LENGTH, failures.BAD_PATH)
    assert files.raw23(1, b"\0\x01a\0\0") == failures.BAD_LENGTH
    assert files.raw23(14, b"\0\x01\0\x01a\0") == failures.BAD_LENGTH
    assert files.raw23(4, b"") == failures.UNKNOWN_SERVICE


def test_quotas_in_bytes_and_files(files: Files) -> None:
    quota = partners.QUOTAS[1][5]
    assert files.do("file_create", "EC", name="a", size=quota + 1) == failures.QUOTA_FULL
    assert files.do("file_create", "EC", name="a", size=0xFFFFFF) == failures.QUOTA_FULL
    assert files.do("file_create", "EC", name="a", size=10) == 0
    files.write("f1/a", bytes(quota // 2 + 10))
    copy = {"operation": 1, "name": "a", "to_path": "", "to_name": "b"}
    assert files.do("file_copy", "EC", **copy) == failures.QUOTA_FULL
    assert files.do("file_create", "IR", name="a", size=quota) == 0, "others have theirs"
    for number in range(partners.QUOTAS[1][6] - 1):
        assert files.do("file_create", "EC", name=f"n{number}", size=0) == 0
    assert files.do("file_create", "EC", name="more", size=0) == failures.QUOTA_FULL
    assert files.do("folder_create", "EC", name="more") == failures.QUOTA_FULL
    assert len(files.listed("EC")) == partners.QUOTAS[1][6]


def test_without_memory_a_request_fails_in_the_end(files: Files) -> None:
    files.app.storage.wipe()
    files.app.storage._wait = 1000
    assert files.do("file_create", seconds=40, name="a", size=1) == failures.STORAGE_ERROR
    files.app.storage._wait = 0
    files.rig.fly(15)
    assert files.do("file_create", name="a", size=1) == 0
