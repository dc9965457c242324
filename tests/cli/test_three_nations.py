"""Scenario three-nations: a day of three partners, in both worlds, with any seed."""

import json

import pytest

from sim.scenario import load


@pytest.mark.accept
@pytest.mark.parametrize("world,seed", [("desktop", "1"), ("desktop", "2"), ("qemu", "3")])
def test_a_day_of_three_partners(microflight, tmp_path, world, seed):
    target, page = tmp_path / "day.json", tmp_path / "day.html"
    code, out, _ = microflight(
        *("fly", "three-nations", "--world", world, "--no-live", "--seed", seed),
        *("--json", str(target), "--report", str(page)),
    )
    assert code == 0, out
    result = json.loads(target.read_text())
    assert set(result["accounts"]) == {"host", "EC", "IR", "BY"}
    assert all(row["whole"] for row in result["transfers"]) and len(result["transfers"]) == 6
    assert "Accounts" in page.read_text(encoding="utf-8")


def test_the_flood_is_a_flood_and_every_partner_has_work():
    scenario = load("three-nations")
    owners = [command.owner for command in scenario.commands]
    assert owners.count("IR") > 1500
    assert {row["owner"] for row in scenario.transfers} == {"EC", "IR", "BY"}
    assert {check["owner"] for check in scenario.checks} >= {"host", "EC", "IR", "BY"}
