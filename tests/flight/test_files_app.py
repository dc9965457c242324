"""Uploads and downloads in a whole mission on the simulated flash: stage, file system, FRAM."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from flight.apps.files import definitions
from flight.core import cfdp_table as table
from flight.core import failures
from ground.cfdp import FileTransfers
from tests.flight.cfdp_rig import content, write
from tests.flight.fakes import Board
from tests.flight.stores_rig import OWNERS, Stores


class Transfers(Stores):
    """A mission, and the ground's end of an owner on a lossy link."""

    def __init__(self, folder: Path, owner: str = "host", board: Board | None = None) -> None:
        super().__init__(board)
        self.owner = owner
        self.folder = folder
        self.vc = OWNERS[owner]
        self.now_s = 0.0
        self.ground = FileTransfers(owner, folder, lambda: self.now_s)
        self.loss = 0.0
        self.noise = random.Random(1)
        self.files = self.rig.board.files
        self.table = self.rig.mission.apps["files"]._table

    def second(self, units: int = 4) -> None:
        """A second of flight, so many units up, what comes down."""
        self.rig.mission.apps["files"].present(self.vc)
        for _ in range(units):
            pdu = self.ground.next_pdu()
            if pdu is None:
                break
            if self.noise.random() >= self.loss:
                packet = self.ground.packet(pdu)
                self.rig.context.commands.receive(packet, len(packet), self.vc)
        self.rig.board.radio.sent.clear()
        self.rig.fly(1)
        self.now_s += 1
        for packet in self.sent(self.vc):
            if not packet[0] & 8 and self.noise.random() >= self.loss:
                self.ground.receive(packet[6:])

    def run(self, seconds: int = 600) -> None:
        for _ in range(seconds):
            self.second()
            if not self.ground.busy and not any(map(self.table.is_busy, range(table.SLOTS))):
                return
        raise AssertionError("not over")

    def upload(self, data: bytes, name: str, **how: Any) -> str:
        """Condition with which it ends."""
        self.ground.upload(write(self.folder, "source", data), name, **how)
        self.run()
        return self.ground.ended[-1].condition

    def download(self, name: str) -> None:
        """Ask for a file of the root, or of a folder there."""
        self.ground.download(name)
        path, _, last = name.rpartition("/")
        assert self.send("file_send", {"path": path, "name": last}, self.owner) == 0

    def content(self, path: str) -> bytes | None:
        size = self.files.stat(path)
        if size < 0:
            return None
        out = bytearray(size)
        assert self.files.open(0, path, 1) == 0 and self.files.read(0, out, 0, size) == size
        self.files.close(0)
        return bytes(out)

    def write(self, path: str, data: bytes) -> None:
        self.files.folder(path[:2])
        assert self.files.open(0, path, 2 | 4 | 8) == 0
        assert self.files.write(0, data, 0, len(data)) == len(data) and self.files.close(0) == 0

    def conditions(self) -> list[int]:
        return [self.table.rows[slot * table.FIELDS + table.CONDITION] for slot in range(8)]


@pytest.fixture
def link(tmp_path: Path) -> Transfers:
    return Transfers(tmp_path)


@pytest.mark.parametrize("owner", ["host", "BY"])
def test_up_and_down_with_loss(tmp_path: Path, owner: str) -> None:
    link = Transfers(tmp_path, owner)
    link.loss = 0.2
    data = content(30_000)
    assert link.upload(data, "a.bin") == "no_error"
    path = f"f{OWNERS[owner]}/a.bin"
    assert link.content(path) == data
    link.download("a.bin")
    link.run()
    assert (tmp_path / "a.bin").read_bytes() == data
    link.rig.board.radio.sent.clear()
    link.rig.fly(11)
    fields = link.rig.fields(0x0A01)
    assert (fields["uploads"], fields["downloads"]) == (1, 1)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 4095, 4096, 4097, 8192])
def test_sizes_around_pages_and_blocks(link: Transfers, size: int) -> None:
    data = content(size)
    assert link.upload(data, "a") == "no_error"
    assert link.content("f0/a") == data


def test_into_a_directory_that_is_there(link: Transfers) -> None:
    assert link.upload(b"x", "d/a") == "filestore_rejection"
    assert link.send("folder_create", {"path": "", "name": "d"}) == 0
    link.rig.fly(3)
    assert link.upload(b"xyz", "d/a") == "no_error"
    assert link.content("f0/d/a") == b"xyz"
    link.download("d/a")
    link.run()
    assert (link.folder / "a").read_bytes() == b"xyz"


def test_nothing_is_written_over(link: Transfers) -> None:
    assert link.upload(b"one", "a") == "no_error"
    assert link.upload(b"two", "a") == "filestore_rejection"
    assert link.content("f0/a") == b"one"


def test_quotas_are_those_of_service_23(tmp_path: Path) -> None:
    link = Transfers(tmp_path, "EC")
    link.write("f1/big", bytes(524288 - 1000))
    assert link.upload(content(1001), "a") == "filestore_rejection"
    assert link.upload(content(1000), "a") == "no_error"
    for number in range(30):
        link.write(f"f1/n{number}", b"")
    assert link.upload(b"", "b") == "filestore_rejection"
    assert link.content("f1/b") is None and link.files.stat("f1/.up") == -2


def test_what_is_given_up_leaves_nothing(link: Transfers) -> None:
    link.ground.upload(write(link.folder, "source", content(60_000)), "a")
    for _ in range(40):
        link.second()
    assert link.files.stat("f0/.up") >= 0
    assert link.send("transfer_cancel", {"owner": 0, "way": 0}) == 0
    link.run()
    link.rig.fly(5)
    assert link.files.stat("f0/.up") == -2 and link.content("f0/a") is None
    assert link.conditions()[0] == table.CANCELLED
    assert link.upload(b"again", "a") == "no_error"


def test_a_transfer_goes_on_after_a_reset(tmp_path: Path) -> None:
    """Power cut in the middle of both ways: FRAM and flash are all that is left."""
    first = Transfers(tmp_path)
    data, other = content(24_000), content(40_000, 2)
    first.write("f0/b", other)
    first.ground.upload(write(tmp_path, "source", data), "a")
    first.download("b")
    for _ in range(12):
        first.second()
    board = Board()
    board.fram.memory[:] = first.rig.board.fram.memory
    board.flash.memory.restore(first.rig.board.flash.memory.image())
    link = Transfers(tmp_path, board=board)
    progress = link.table.rows[table.HIGH]
    assert progress > 4000 and link.table.is_busy(0) and link.table.is_busy(4)
    assert link.rig.events().count(0x0A05) == 1
    link.ground = first.ground
    link.ground._now_s = lambda: link.now_s
    link.now_s = first.now_s
    received = link.rig.fields(0x0A01)["pdus_received"]
    link.run()
    assert link.content("f0/a") == data
    assert (tmp_path / "b").read_bytes() == other
    assert link.rig.fields(0x0A01)["pdus_received"] - received < 24_000 / 196, "began anew"


def test_power_cuts_at_every_octet_of_a_record(link: Transfers) -> None:
    """The record that is being written or the one before, never none, never a mixture."""
    link.ground.upload(write(link.folder, "source", content(9_000)), "a")
    for _ in range(4):
        link.second()
    store = link.rig.mission.apps["files"]._kept
    fram = link.rig.board.fram
    store.save(0)
    before = bytes(fram.memory)
    high = link.table.rows[table.HIGH]
    link.table.rows[table.HIGH] = high + 100
    for cut in range(0, 257, 8):
        fram.memory[:] = before
        fram.cut_after = cut
        store.save(0)
        fram.cut_after = None
        board = Board()
        board.fram.memory[:] = fram.memory
        rows = Stores(board).rig.mission.apps["files"]._table.rows
        assert rows[table.HIGH] == (high + 100 if cut >= 256 else high)
        assert rows[table.STATE] == table.OPEN


def test_requests_for_downloads(tmp_path: Path) -> None:
    link = Transfers(tmp_path, "EC")
    link.write("f1/a", bytes(50_000))
    link.write("f2/theirs", b"secret")

    def ask(owner: str = "EC", **values: Any) -> int:
        return link.send("file_send", {"path": "", "name": "a", **values}, owner)

    assert ask(name="b") == failures.UNKNOWN_FILE
    assert ask(name="theirs") == failures.UNKNOWN_FILE
    assert ask(checksum=1) == failures.OUT_OF_RANGE
    for name in ("..", "../f2/theirs", "/a", "a\0", ".up", ""):
        assert ask(name=name) == failures.BAD_PATH, name
    assert ask(path="..", name="theirs") == failures.BAD_PATH
    link.rig.mission.apps["files"].present(1)
    assert ask() == 0
    assert ask() == failures.TRANSFER_BUSY
    assert link.send("transfer_cancel", {"owner": 1, "way": 1}, "IR") == failures.NOT_AUTHORISED
    assert link.send("transfer_cancel", {"owner": 2, "way": 1}, "IR") == failures.TRANSFER_UNKNOWN
    assert link.send("transfer_suspend", {"owner": 1, "way": 1}, "EC") == 0
    sent = link.rig.mission.apps["files"]._cfdp.composed
    link.rig.fly(5)
    assert link.rig.mission.apps["files"]._cfdp.composed == sent
    assert link.send("transfer_resume", {"owner": 1, "way": 1}, "EC") == 0
    link.rig.fly(5)
    assert link.rig.mission.apps["files"]._cfdp.composed > sent
    assert link.send("transfer_cancel", {"owner": 1, "way": 1}, "host") == 0
    link.run()
    assert link.conditions()[5] == table.CANCELLED


def test_a_file_that_is_deleted_meanwhile(link: Transfers) -> None:
    link.write("f0/a", content(50_000))
    link.download("a")
    for _ in range(5):
        link.second()
    assert link.send("file_delete", {"path": "", "name": "a"}) == 0
    link.run()
    assert link.ground.ended[-1].condition == "filestore_rejection"
    assert not link.ground.ended[-1].complete


def test_nobody_there_nothing_sent(link: Transfers) -> None:
    link.write("f0/a", content(60_000))
    assert link.send("set_parameters", {"files_contact_s": 5}) == 0
    assert link.send("file_send", {"path": "", "name": "a"}) == 0
    link.rig.mission.apps["files"]._cfdp.hear(0, 5)
    link.rig.fly(20)
    sent = link.rig.mission.apps["files"]._cfdp.composed
    assert 0 < sent < 250
    link.rig.fly(600)
    assert link.rig.mission.apps["files"]._cfdp.composed == sent


def test_stages_and_records_do_not_overlap() -> None:
    board = Board()
    for (first, count), (following, _) in zip(
        definitions.STAGES, definitions.STAGES[1:], strict=False
    ):
        assert first + count == following
    assert sum(definitions.STAGES[-1]) == board.stage.BLOCKS
