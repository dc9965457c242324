"""Power cuts at every write: the campaign finds what does not survive them."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from cli.campaigns import powercut, powercut_qemu
from cli.campaigns.powercut import Cut, fly_run, operations
from cli.campaigns.powercut_memory import Blocks, Fram, Memories, PowerCut, Supply
from cli.campaigns.powercut_subjects import SUBJECTS, Facts, Subject
from cli.errors import CliError
from cli.main import main


class InPlace(Subject):
    """One copy, written over: what a power cut must not be survived by."""

    STEPS = 6

    def __init__(self, fram: Fram, blocks: Blocks) -> None:
        self._fram = fram

    def step(self, number: int) -> None:
        self._fram.write(0, bytes([number + 1]) * 8)

    def facts(self) -> Facts:
        out = bytearray(8)
        self._fram.read(0, out)
        return frozenset([bytes(out)])


class Forgetful(InPlace):
    """Deletes before it writes."""

    def step(self, number: int) -> None:
        self._fram.write(0, bytes(8))
        super().step(number)


def options(**changes: Any) -> argparse.Namespace:
    given = {"runs": powercut.RUNS_DEFAULT, "seed": 1, "case": None, "qemu": 0, **changes}
    return argparse.Namespace(**given)


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_every_subject_survives_some_of_its_cuts(name: str) -> None:
    count = operations(name)
    assert count >= 40
    for operation in range(1, count + 1, count // 6):
        row = fly_run(Cut(0, name, operation, 1))
        assert (row["verdict"], row["cuts"]) == ("pass", 4), row


@pytest.mark.accept
@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_every_subject_survives_every_cut(name: str) -> None:
    rows = [fly_run(Cut(0, name, number, 1)) for number in range(1, operations(name) + 1)]
    assert [row for row in rows if row["verdict"] != "pass"] == []


@pytest.mark.parametrize("broken", [InPlace, Forgetful])
def test_what_does_not_survive_is_found(
    broken: type[Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUBJECTS, "broken", broken)
    rows = [fly_run(Cut(0, "broken", number, 1)) for number in range(1, operations("broken") + 1)]
    assert any(row["verdict"] == "fail" for row in rows)
    figures = {figure.name: figure for figure in powercut.figures(rows)}
    assert not figures["corruptions"].passed and not figures["cases failed"].passed
    (first, *_) = [row for row in rows if row["verdict"] == "fail"]
    assert first["command"] == f"microflight campaign powercut --case {first['case']}"
    worst = powercut.document(options(), rows)["worst"]
    assert worst[0]["command"] == first["command"] and "cut at" in worst[0]["reason"]


def test_all_writes_are_cases_and_runs_draws_of_them() -> None:
    every = powercut.plan(options())
    assert len(every) == sum(operations(name) for name in SUBJECTS) > 500
    assert len({cut.name for cut in every}) == len(every)
    drawn = powercut.plan(options(runs=30))
    assert len(drawn) == 30 and {cut.name for cut in drawn} <= {cut.name for cut in every}
    assert drawn != powercut.plan(options(runs=30, seed=2))
    assert [cut.name for cut in powercut.plan(options(case="log/12"))] == ["log/12"]


@pytest.mark.parametrize("case", ["", "log", "log/0", "log/x", "nobody/3", "log/99999"])
def test_a_case_that_there_is_not_is_refused(case: str) -> None:
    with pytest.raises(CliError):
        powercut.plan(options(case=case))


def test_nothing_works_after_the_cut() -> None:
    memories = Memories()
    fram, blocks = memories.start(Supply(2, 0.5))
    fram.write(0, b"abcd")
    with pytest.raises(PowerCut):
        fram.write(0, b"efgh")
    assert memories.fram[:4] == b"efcd"
    for call in (
        lambda: fram.read(0, bytearray(1)),
        lambda: fram.write(0, b"x"),
        lambda: blocks.erase(0),
        lambda: blocks.program(0, 0, b"x"),
        lambda: blocks.read(0, 0, bytearray(1)),
        blocks.probe,
    ):
        with pytest.raises(PowerCut):
            call()


def test_a_packet_twice_within_a_start_is_noticed() -> None:
    boot = bytes((0x08, 0, 0xC0, 0, 0, 29, 0x20, 5, 1, 0, 0, 0, 0, 0x2E)) + bytes(6)
    body = bytes(6) + b"\x00\x01" + bytes(8)
    one = powercut_qemu.native.crc16(boot + body, 0, 36)
    packet = boot + body + one.to_bytes(2, "big")
    packet = packet[:4] + (len(packet) - 7).to_bytes(2, "big") + packet[6:-2]
    packet += powercut_qemu.native.crc16(packet, 0, len(packet)).to_bytes(2, "big")
    other = b"no packet at all"
    assert powercut_qemu._twice([packet, other, packet, other]) == 0
    assert powercut_qemu._twice([packet, other, other]) == 1


def test_the_command_writes_its_figures_and_a_page(tmp_path: Any) -> None:
    out, page = tmp_path / "cuts.json", tmp_path / "cuts.html"
    wanted = ["--runs", "6", "--qemu", "0", "--workers", "1", "--json", str(out)]
    assert main(["campaign", "powercut", *wanted, "--report", str(page)]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["verdict"] == "pass" and sum(document["cuts_by_subject"].values()) == 24
    assert all(row["case"] in row["command"] for row in document["runs"])
    assert "Power cuts" in page.read_text(encoding="utf-8")


def test_one_case_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "powercut", "--case", "parameters/3", "--workers", "1"]) == 0
    assert "parameters/3: pass, 4 cuts" in capsys.readouterr().out
