"""Scenario vm-death: what its checks promise, in both worlds; and that they can fail."""

import json

import pytest

from sim import checks_survival
from sim.scenario import load
from sim.world import World


@pytest.mark.accept
@pytest.mark.parametrize("seed", ["2", "3", "4"])
def test_python_dies_six_times_on_the_target_and_c_flies_on(microflight, firmware, seed):
    code, out, _ = microflight("fly", "vm-death", "--world", "qemu", "--no-live", "--seed", seed)
    assert code == 0, out


def test_python_dies_six_times_on_the_desktop(microflight, tmp_path):
    target = tmp_path / "result.json"
    code, out, _ = microflight(
        *("fly", "vm-death", "--world", "desktop", "--no-live", "--json", str(target))
    )
    assert code == 0, out
    rows = json.loads(target.read_text(encoding="utf-8"))["checks"]
    names = [row["name"] for row in rows]
    for kind in ("vm_fault", "vm_hang", "vm_memory"):
        for light in ("sunlit", "eclipse"):
            assert any(name.startswith(kind) and light in name for name in names)


def judge(beacons, housekeeping):
    world = World(load("vm-death"))
    world.truth = {"t_s": world.truth["t_s"], "illumination": world.truth["illumination"]}
    telemetry = {"beacons": beacons, "housekeeping": housekeeping}
    return [row["pass"] for row in checks_survival.python_deaths({}, world, telemetry)[:3]]


def test_a_late_beacon_a_loop_that_drifts_and_a_late_python_fail():
    assert judge([(61.0, 0.5, 1)], [62.0]) == [True, True, True]
    assert judge([(65.1, 0.5, 1)], [67.0]) == [False, True, True]
    assert judge([(61.0, 0.5, 0)], [62.0]) == [True, False, True]
    assert judge([(61.0, 0.5, 1)], [64.0]) == [True, True, False]
    assert judge([], [62.0])[0] is False
