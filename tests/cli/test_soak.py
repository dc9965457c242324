"""The soak goes on where it was stopped, carries the memories on, and sees what moves."""

import json

import pytest

from cli import soak
from cli.figures import Bench
from tests.emulated import qemu


@pytest.fixture
def short(monkeypatch, tmp_path):
    monkeypatch.setattr(soak, "DAY_S", 60.0)
    monkeypatch.setattr(soak, "SETTLED_S", 20.0)
    monkeypatch.setattr(soak, "HOUR_S", 10.0)
    monkeypatch.setattr(soak, "DAYS", {"desktop": 2, "qemu": 2})
    monkeypatch.setattr(soak, "EVIDENCE", tmp_path)
    said = []
    return Bench(1, qemu.firmware(), say=said.append), said, tmp_path


def test_days_follow_one_another_and_are_flown_once(short):
    bench, said, folder = short
    figures = soak.soak(bench, "desktop")
    assert [figure.name for figure in figures if not figure.passed] == []
    assert len(said) == 2
    (place,) = folder.iterdir()
    first, second = (
        json.loads((place / f"day-0{n}.json").read_text(encoding="utf-8")) for n in (1, 2)
    )
    assert len(first["footprint_B"]) >= 3 and min(first["footprint_B"]) > 10_000
    # The second day went on with the memories of the first.
    boots = [(place / f"day-0{n}.fram").read_bytes()[8:10] for n in (1, 2)]
    assert boots[0] != boots[1] or (place / "day-02.fram").read_bytes()[0x88:0x8A] != boots[0]
    assert second["erases"] >= first["erases"] > 0
    soak.soak(bench, "desktop")
    assert len(said) == 2, "nothing flown again"
    (place / "day-02.json").unlink()
    soak.soak(bench, "desktop")
    assert len(said) == 3 and "day 2" in said[2]


def test_what_moves_fails_and_is_named(short):
    bench, _, folder = short
    soak.soak(bench, "desktop")
    (place,) = folder.iterdir()
    row = json.loads((place / "day-01.json").read_text(encoding="utf-8"))
    row["anomalies"] = {"schedule.app_missed": [0, 1]}
    row["footprint_B"].append(row["footprint_B"][0] + 1)
    row["severe_events"] = ["something"]
    row["worst_block_erases"] = 3
    (place / "day-01.json").write_text(json.dumps(row), encoding="utf-8")
    failed = {figure.name: figure for figure in soak.soak(bench, "desktop") if not figure.passed}
    assert len(failed) == 3
    assert any(figure.note == "schedule.app_missed" for figure in failed.values())


def test_telecommands_that_are_not_answered_are_seen(short):
    bench, _, folder = short
    soak.soak(bench, "desktop")
    (place,) = folder.iterdir()
    row = json.loads((place / "day-01.json").read_text(encoding="utf-8"))
    assert (row["counters"]["tc-host"], row["counters"]["tc-BY"]) == (2, 1)
    row["counters"] = {}  # a ground that has forgotten them replays, and is not heard
    (place / "day-01.json").write_text(json.dumps(row), encoding="utf-8")
    (place / "day-02.json").unlink()
    failed = [figure for figure in soak.soak(bench, "desktop") if not figure.passed]
    assert [figure.note for figure in failed] == ["unanswered"]


def test_memory_that_grows_is_seen():
    class Context:
        board = clock = None

    class Mission:
        context = Context()

    mission = Mission()
    before = soak.footprint(mission)
    mission.kept = [bytearray(1000)]
    assert soak.footprint(mission) >= before + 1000


def test_another_software_begins_anew(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    digests = {soak.software_digest(tmp_path / name, "qemu") for name in ("a", "b")}
    assert len(digests) == 2
    assert soak.software_digest(tmp_path / "a", "desktop") not in digests
