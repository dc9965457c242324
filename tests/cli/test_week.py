"""Scenario week: seven days of work with a fault a day, on the desktop."""

import json

import pytest

from sim.scenario import load

DAY_S = 86_400.0


@pytest.mark.accept
def test_a_week_of_work(microflight, tmp_path):
    """More than half an hour of one core."""
    target = tmp_path / "week.json"
    code, out, _ = microflight(
        *("fly", "week", "--world", "desktop", "--no-live", "--json", str(target))
    )
    assert code == 0, out
    result = json.loads(target.read_text(encoding="utf-8"))
    assert result["verdict"] == "pass" and result["virtual_s"] == pytest.approx(7 * DAY_S)
    checks = load("week").checks
    held = [
        check for check in checks if check.get("held_s", 0.0) > 0.0
    ]  # each has a row of its own
    assert len(result["checks"]) == len(checks) + len(held)
    assert all(check["pass"] for check in result["checks"])
    assert result["telemetry"]["bad_frames"] == 0 and len(result["timeline"]) > 60_000


def test_every_day_but_the_first_has_its_fault_and_its_check():
    """What the long flight is judged by: each fault is looked for soon after it strikes, and so is
    the way back."""
    scenario = load("week")
    assert scenario.duration_s == 7 * DAY_S
    strikes = [100_000.0, 190_000.0, 280_000.0, 370_000.0, 434_910.0, 550_000.0]
    assert sorted({t_s // DAY_S for t_s in strikes}) == [1, 2, 3, 4, 5, 6]
    for fault in scenario.faults:
        assert fault.t_s in strikes
    assert len(scenario.faults) == 5 and "reset" in {row.name for row in scenario.commands}
    for strike_s in strikes:
        since = [check.get("from_s", 0.0) for check in scenario.checks]
        assert any(strike_s <= from_s <= strike_s + 2_000 for from_s in since)
