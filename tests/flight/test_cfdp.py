"""The CFDP entity of the spacecraft against cfdp-py, and against PDUs made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.core import cfdp_table as table
from ground.cfdp import FileTransfers
from tests.flight.cfdp_rig import Line, content, write

LOSSES = (0.0, 0.1, 0.3)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("checksum", ["crc32", "modular", "none"])
@pytest.mark.parametrize("size", [0, 1, 195, 196, 197, 40_003])
def test_upload(tmp_path: Path, loss: float, checksum: str, size: int) -> None:
    line = Line(tmp_path, loss, seed=size)
    data = content(size)
    line.ground.upload(write(tmp_path, "src", data), "dir/a.bin", checksum=checksum)
    line.run()
    assert [(o.way, o.condition, o.complete) for o in line.ground.ended] == [
        ("up", "no_error", True)
    ]
    assert line.onboard.memory.files == {b"f0/dir/a.bin": data}
    assert line.onboard.cfdp.receiver.uploads == 1


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", [0, 3, 15])
@pytest.mark.parametrize("size", [0, 1, 238, 239, 40_003])
def test_download(tmp_path: Path, loss: float, kind: int, size: int) -> None:
    line = Line(tmp_path, loss, seed=size, owner="IR")
    data = content(size)
    line.onboard.memory.files[b"f2/b.bin"] = data
    line.onboard.cfdp.hear(2, 60000)
    line.download("b.bin", kind=kind)
    line.run()
    assert (tmp_path / "b.bin").read_bytes() == data
    assert [(o.way, o.condition, o.complete) for o in line.ground.ended] == [
        ("down", "no_error", True)
    ]
    assert line.onboard.cfdp.sender.downloads == 1


@pytest.mark.parametrize("acknowledged", [True, False])
def test_units_with_a_crc(tmp_path: Path, acknowledged: bool) -> None:
    line = Line(tmp_path)
    line.ground = FileTransfers("host", tmp_path, lambda: line.now_s, crc=True)
    data = content(3000)
    line.ground.upload(write(tmp_path, "src", data), "a", acknowledged=acknowledged)
    line.run()
    assert line.onboard.memory.files == {b"f0/a": data} and line.ground.ended[0].complete


def test_class_1_both_ways(tmp_path: Path) -> None:
    line = Line(tmp_path)
    data = content(5000)
    line.ground.upload(write(tmp_path, "src", data), "a", acknowledged=False)
    line.run()
    assert line.onboard.memory.files == {b"f0/a": data}
    line.download("a", unacknowledged=True)
    line.run()
    assert (tmp_path / "a").read_bytes() == data
    assert [outcome.complete for outcome in line.ground.ended] == [True, True]


def test_class_1_gives_up_what_does_not_come(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.ground.upload(write(tmp_path, "src", content(8000)), "a", acknowledged=False)
    line.second(5)
    line.loss = 1.0
    line.second(5)
    line.loss = 0.0
    line.run()
    assert line.onboard.memory.files == {}
    assert line.onboard.field(0, table.CONDITION) == table.CHECK_LIMIT


def test_class_1_without_an_end_is_given_up_soon(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.ground.upload(write(tmp_path, "src", content(8000)), "a", acknowledged=False)
    line.second(5)
    for _ in range(58):
        line.onboard.second()
    assert line.onboard.table.is_busy(0)
    line.onboard.second()
    assert not line.onboard.table.is_busy(0)
    assert line.onboard.field(0, table.CONDITION) == table.INACTIVITY


@pytest.mark.parametrize("both", [0.0, 0.2])
def test_up_and_down_at_once(tmp_path: Path, both: float) -> None:
    line = Line(tmp_path, both, seed=9)
    data, other = content(20_000), content(15_000, 2)
    line.onboard.memory.files[b"f0/b"] = other
    line.ground.upload(write(tmp_path, "src", data), "a")
    line.onboard.cfdp.hear(0, 60000)
    line.download("b")
    line.run()
    assert line.onboard.memory.files[b"f0/a"] == data
    assert (tmp_path / "b").read_bytes() == other


def test_owners_go_on_beside_one_another(tmp_path: Path) -> None:
    """Four owners, one spacecraft; every number is the same, nobody gets another's octets."""
    lines = []
    for number, owner in enumerate(("host", "EC", "IR", "BY")):
        folder = tmp_path / owner
        folder.mkdir()
        line = Line(folder, 0.2, seed=number, owner=owner)
        if lines:
            line.onboard = lines[0].onboard
        line.ground.upload(write(folder, "src", content(12_000, number)), "a")
        lines.append(line)
    for _ in range(3000):
        for line in lines:
            line.second()
        if all(line.ground.ended for line in lines):
            break
    for number, line in enumerate(lines):
        assert line.ground.ended[0].complete
        assert line.onboard.memory.files[b"f%d/a" % number] == content(12_000, number)


def test_passes_end_and_begin_again(tmp_path: Path) -> None:
    """Without contact nothing runs out; with the next one both sides go on."""
    line = Line(tmp_path, 0.1, seed=3)
    data = content(30_000)
    line.ground.upload(write(tmp_path, "src", data), "a")
    for _ in range(8):
        line.second()
    for _ in range(7200):
        line.onboard.second()
        assert line.onboard.table.contact[0] or line.onboard.next() is None
    assert line.onboard.table.is_busy(0)
    line.now_s += 7200
    line.run()
    assert line.onboard.memory.files == {b"f0/a": data}


def test_what_makes_no_progress_for_days_is_cancelled(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.onboard.table.keep_s = 3600
    line.ground.upload(write(tmp_path, "src", content(30_000)), "a")
    line.second()
    for _ in range(3700):
        line.onboard.second()
    assert not line.onboard.table.is_busy(0) or line.onboard.field(0, table.STATE) == 2
    assert line.onboard.field(0, table.CONDITION) == table.INACTIVITY


def test_a_sender_that_cancels(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.ground.upload(write(tmp_path, "src", content(30_000)), "a")
    for _ in range(3):
        line.second()
    line.ground.cancel_upload()
    line.run()
    assert line.onboard.memory.files == {}
    assert line.onboard.field(0, table.CONDITION) == table.CANCELLED
    assert line.ground.ended[0].complete is False


def test_a_spacecraft_that_cancels_both(tmp_path: Path) -> None:
    line = Line(tmp_path, 0.2, seed=5)
    line.onboard.memory.files[b"f0/b"] = content(30_000)
    line.ground.upload(write(tmp_path, "src", content(30_000)), "a")
    line.onboard.cfdp.hear(0, 60000)
    line.download("b")
    for _ in range(5):
        line.second()
    line.onboard.cfdp.end(0)
    line.onboard.cfdp.end(table.OWNERS)
    line.run()
    assert b"f0/a" not in line.onboard.memory.files
    conditions = {outcome.way: outcome.condition for outcome in line.ground.ended}
    assert conditions == {"up": "cancel_request_received", "down": "cancel_request_received"}
    assert not any(outcome.complete for outcome in line.ground.ended)


def test_a_wrong_checksum_makes_no_file(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.ground.upload(write(tmp_path, "src", content(3000)), "a")
    for _ in range(2):
        line.second(6)
    line.onboard.memory.staged[0][5] ^= 1
    line.run()
    assert line.onboard.memory.files == {}
    assert line.ground.ended[0].condition == "file_checksum_failure"


def test_a_file_that_vanishes_is_cancelled_with_eof(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.onboard.memory.files[b"f0/b"] = content(30_000)
    line.onboard.cfdp.hear(0, 60000)
    line.download("b")
    line.second()
    line.onboard.memory.unreadable = 1
    line.second()  # not now: nothing happens
    assert line.onboard.field(table.OWNERS, table.CONDITION) == 0
    line.onboard.memory.unreadable = -2
    line.run()
    assert line.ground.ended[0].condition == "filestore_rejection"
