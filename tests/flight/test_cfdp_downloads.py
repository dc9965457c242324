"""What the ground takes from the spacecraft: downloads that were asked for, whole, and no more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from spacepackets.cfdp import ChecksumType, ConditionCode, Direction, PduConfig, TransmissionMode
from spacepackets.cfdp.pdu import EofPdu, FileDataPdu, MetadataParams, MetadataPdu
from spacepackets.cfdp.pdu.file_data import FileDataParams
from spacepackets.util import ByteFieldU8, ByteFieldU16

from flight.core import cfdp_table as table
from ground.cfdp import FileTransfers
from ground.errors import GroundError
from tests.flight.cfdp_rig import Line, content, write

DOWN = table.OWNERS  # slot of the host's download


class Sender:
    """Units of a download to the host, by hand."""

    def __init__(self, ground: FileTransfers, number: int, class1: bool = False) -> None:
        mode = TransmissionMode.UNACKNOWLEDGED if class1 else TransmissionMode.ACKNOWLEDGED
        self.ground = ground
        self.conf = PduConfig(
            trans_mode=mode,
            source_entity_id=ByteFieldU8(1),
            dest_entity_id=ByteFieldU8(10),
            transaction_seq_num=ByteFieldU16(number),
            direction=Direction.TOWARDS_RECEIVER,
        )

    def answers(self, *units: object) -> list[bytes]:
        """What the ground says to these."""
        for unit in units:
            self.ground.receive(bytes(unit.pack()))  # type: ignore[attr-defined]
        return list(iter(self.ground.next_pdu, None))

    def metadata(
        self, name: str | None, size: int = 5, kind: int = ChecksumType.CRC_32
    ) -> list[bytes]:
        params = MetadataParams(False, ChecksumType(kind), size, name, name)
        return self.answers(MetadataPdu(self.conf, params))

    def data(self, octets: bytes, offset: int = 0) -> list[bytes]:
        return self.answers(FileDataPdu(self.conf, FileDataParams(octets, offset)))

    def eof(self, checksum: bytes, size: int, code: int = 0) -> list[bytes]:
        unit = EofPdu(self.conf, checksum, size, condition_code=ConditionCode(code))
        return self.answers(unit)


def finished(pdus: list[bytes]) -> list[int]:
    """Conditions of the Finished among them."""
    return [pdu[9] >> 4 for pdu in pdus if not pdu[0] & 0x10 and pdu[8] == 5]


def names(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def ground(tmp_path: Path) -> FileTransfers:
    return FileTransfers("host", tmp_path, lambda: 0.0)


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("class1", [False, True])
@pytest.mark.parametrize(
    "name",
    ["thesis.txt", "plan.bin", "picture.bin.part", "../thesis.txt", "d/thesis.txt", "", "~x"],
)
def test_what_was_not_asked_for_touches_nothing(
    tmp_path: Path, ground: FileTransfers, asked: bool, class1: bool, name: str
) -> None:
    """During an upload, and during the download of another file."""
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "plan.bin").write_bytes(b"precious" * 100)
    ground.upload(tmp_path / "plan.bin", "plan.bin")
    if asked:
        ground.download("picture.bin")
    list(iter(ground.next_pdu, None))
    before = names(tmp_path)
    sender = Sender(ground, 3, class1)
    answers = sender.metadata(name) + sender.data(b"12345") + sender.eof(bytes(4), 5)
    assert finished(answers) == ([] if class1 else [4])
    assert ground.unasked == 1 and ground.ended == []
    assert names(tmp_path) == before
    if asked:
        good = Sender(ground, 4)
        good.metadata("picture.bin")
        good.data(b"12345")
        assert (tmp_path / "picture.bin.part").read_bytes() == b"12345"


def test_a_refusal_that_is_not_heard_is_said_again(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.onboard.memory.files[b"f0/old"] = content(30_000)
    line.onboard.cfdp.hear(0, 60000)
    line.onboard.download("old")
    line.second()
    line.onboard.next()  # the answer is lost
    assert line.ground.next_pdu() is not None
    line.run()
    assert names(tmp_path) == {} and line.ground.unasked == 1
    assert line.onboard.field(DOWN, table.CONDITION) == 4
    assert line.up < 12, "not one answer for each unit"


def test_units_without_their_metadata_are_judged_by_the_name_that_comes(tmp_path: Path) -> None:
    """What goes on from before is refused when it is another file, and goes on when it is this."""
    for old, ended in (("old", []), ("new", [True])):
        folder = tmp_path / old
        folder.mkdir()
        line = Line(folder)
        line.onboard.memory.files[b"f0/old"] = content(30_000)
        line.onboard.memory.files[b"f0/new"] = content(20_000, 2)
        line.onboard.cfdp.hear(0, 60000)
        line.onboard.download(old)
        while line.onboard.field(DOWN, table.HIGH) < 10_000:
            assert line.onboard.next() is not None  # nobody was there
        line.ground.download("new")
        line.run()
        assert [outcome.complete for outcome in line.ground.ended] == ended
        if not ended:
            assert line.ground.unasked == 1 and names(folder) == {"new.part": 0}
            line.onboard.download("new")
            line.run()
        assert (folder / "new").read_bytes() == content(20_000, 2)
        assert names(folder) == {"new": 20_000}


def downloading(folder: Path, seconds: int, loss: float = 0.0, seed: int = 1) -> Line:
    """A line that file `a` of 30 000 octets has been coming down for so long."""
    line = Line(folder, loss, seed)
    line.onboard.memory.files[b"f0/a"] = content(30_000)
    line.onboard.cfdp.hear(0, 60000)
    line.download("a")
    for _ in range(seconds):
        line.second()
    return line


def test_a_file_has_its_name_when_it_is_whole_only(tmp_path: Path) -> None:
    line = downloading(tmp_path, 0, 0.2, seed=4)
    while not line.ground.ended:
        assert set(names(tmp_path)) == {"a.part"}
        assert line.ground.progress == names(tmp_path)["a.part"] <= 30_000
        line.second()
    assert (tmp_path / "a").read_bytes() == content(30_000) and set(names(tmp_path)) == {"a"}
    assert line.onboard.field(DOWN, table.CONDITION) == 0


@pytest.mark.parametrize("kind", [ChecksumType.CRC_32, ChecksumType.MODULAR])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_wrong_checksum_gives_no_file(
    tmp_path: Path, ground: FileTransfers, kind: int, order: tuple[int, int]
) -> None:
    """Nothing lost, and a gap that was filled later."""
    ground.download("a")
    sender = Sender(ground, 1)
    sender.metadata("a", 8, kind)
    for index in order:
        sender.data(b"abcd", 4 * index)
    said = sender.eof(b"\1\2\3\4", 8) + sender.answers()
    assert finished(said) == [5]
    assert names(tmp_path) == {}
    assert [(o.condition, o.complete) for o in ground.ended] == [("file_checksum_failure", False)]


@pytest.mark.parametrize(
    ("kind", "size", "condition"), [(1, 5, 11), (2, 5, 11), (3, (1 << 24) + 1, 6)]
)
def test_what_cannot_be_checked_or_kept_is_refused(
    tmp_path: Path, ground: FileTransfers, kind: int, size: int, condition: int
) -> None:
    ground.download("a")
    assert finished(Sender(ground, 1).metadata("a", size, kind)) == [condition]
    assert names(tmp_path) == {"a.part": 0}


def test_units_of_another_transfer_do_not_mix(tmp_path: Path, ground: FileTransfers) -> None:
    ground.download("a")
    one, other = Sender(ground, 1), Sender(ground, 2)
    one.metadata("a")
    assert finished(other.data(b"XXXXX")) == [4]
    assert finished(other.metadata("a")) == []
    one.data(b"12345")
    assert (tmp_path / "a.part").read_bytes() == b"12345" and ground.unasked == 1


def test_a_next_transfer_is_not_kept_waiting_by_a_lost_last_word(
    tmp_path: Path, ground: FileTransfers
) -> None:
    for number, name in ((1, "a"), (2, "b")):
        ground.download(name)
        sender = Sender(ground, number)
        sender.metadata(name, 0)
        assert finished(sender.eof(bytes(4), 0)) == [0]  # and no acknowledgement
    assert names(tmp_path) == {"a": 0, "b": 0}


def test_places_that_are_taken_are_named(tmp_path: Path, ground: FileTransfers) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "b.part").write_bytes(b"mine too")
    os.symlink("nowhere", tmp_path / "c")
    os.symlink(tmp_path / "a", tmp_path / "d.part")
    for name, text in (("a", "a: is there"), ("x/b", "b.part: is there"), ("c", "c: is there")):
        with pytest.raises(GroundError, match=text):
            ground.download(name)
    with pytest.raises(GroundError, match="d.part: is there"):
        ground.download("d")
    for name in ("", "..", "../x", "a/b/c", "/a", "a\0"):
        with pytest.raises(GroundError, match="not a name"):
            ground.download(name)
    ground.download("e")
    with pytest.raises(GroundError, match="asked for already"):
        ground.download("e")
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert (tmp_path / "b.part").read_bytes() == b"mine too"
    with pytest.raises(GroundError, match="nowhere"):
        FileTransfers("host", tmp_path / "nowhere", lambda: 0.0).download("a")


@pytest.mark.parametrize("how", ["taken", "removed", "replaced"])
def test_a_place_that_is_lost_meanwhile(tmp_path: Path, ground: FileTransfers, how: str) -> None:
    """The spacecraft learns that nothing was kept; nobody's file is written over or deleted."""
    ground.download("a")
    sender = Sender(ground, 1)
    sender.metadata("a")
    sender.data(b"12345")
    part = tmp_path / "a.part"
    if how == "taken":
        (tmp_path / "a").write_bytes(b"mine")
    else:
        part.unlink()
    if how == "replaced":
        part.write_bytes(b"mine")
    assert finished(sender.eof(bytes.fromhex("cbf53a1c"), 5)) == [4]
    assert ground.ended[0].condition == "filestore_rejection" and not ground.ended[0].complete
    kept = {"taken": {"a": 4}, "removed": {}, "replaced": {"a.part": 4}}
    assert names(tmp_path) == kept[how]


def test_a_full_disk_ends_the_download_on_both_sides(tmp_path: Path) -> None:
    line = downloading(tmp_path, 3)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, line.ground._user.vfs.part.file.fileno())
    os.close(full)
    line.run()
    assert [(o.name, o.condition) for o in line.ground.ended] == [("a", "filestore_rejection")]
    assert line.onboard.field(DOWN, table.CONDITION) == 4


@pytest.mark.parametrize("loss", [0.0, 0.3])
@pytest.mark.parametrize("seconds", [0, 1, 4])
def test_a_receiver_that_cancels_can_ask_again(tmp_path: Path, loss: float, seconds: int) -> None:
    line = downloading(tmp_path, seconds, loss, seed=seconds + 1)
    line.ground.cancel_downloads()
    line.run()
    assert names(tmp_path) == {}
    assert [(o.way, o.condition) for o in line.ground.ended] == [
        ("down", "cancel_request_received")
    ]
    assert line.onboard.field(DOWN, table.CONDITION) in (table.CANCELLED, 4)
    line.download("a")
    line.run()
    assert (tmp_path / "a").read_bytes() == content(30_000) and line.ground.ended[-1].complete


def test_what_is_left_behind_is_deleted(tmp_path: Path) -> None:
    line = downloading(tmp_path, 2)
    assert names(tmp_path)["a.part"] > 0
    line.ground.close()
    assert names(tmp_path) == {}


def test_a_file_that_vanishes_while_it_goes_up(tmp_path: Path) -> None:
    line = Line(tmp_path)
    path = write(tmp_path, "src", content(30_000))
    line.ground.upload(path, "a")
    line.second()
    path.unlink()
    line.run()
    assert [(o.name, o.condition) for o in line.ground.ended] == [("a", "filestore_rejection")]
    assert line.onboard.field(0, table.CONDITION) == 4 and line.onboard.memory.files == {}
