"""Traps in closed loop, and the list of all of them: every one has a test that is there.

docs/adcs.md names, for each trap and for each kind of bad input, the tests that pin it.
"""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from cli.adcs.loop import FSS, FSS_BS, GYRO, MAG_1, MAG_2
from native.adcs import lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import Flight, pointing

ROOT = Path(__file__).resolve().parents[2]
TRAPS = 12
BAD_INPUTS = (
    "NaN and infinity",
    "zero vectors",
    "repeated samples",
    "late samples",
    "steps of time of 0 or backwards",
    "jumps of an hour",
    "leap seconds",
    "stale TLE",
    "corrupt TLE",
    "wrong inertia",
    "unreachable target",
    "Sun parallel to the field",
    "loop gives no NaN",
    "actuators off",
)


def rows(heading):
    """{first cell: tests named in the second one} of the table under a heading of docs/adcs.md."""
    text = (ROOT / "docs" / "adcs.md").read_text(encoding="utf-8")
    table = text[text.index(heading) :].split("\n\n", 2)[1]
    found = {}
    for line in table.splitlines()[2:]:
        first, second = line.strip("|").split(" | ", 1)
        found[first.strip()] = re.findall(r"`(\w+)::(\w+)`", second)
    return found


def defined(module):
    """The tests that a file of this folder defines."""
    tree = ast.parse((ROOT / "tests" / "native" / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_trap_has_its_tests():
    found = rows("### Traps")
    assert [int(name.split()[0]) for name in found] == list(range(1, TRAPS + 1))
    for name, tests in found.items():
        assert tests, name
        for module, test in tests:
            assert test in defined(module), (name, module, test)


def test_every_kind_of_bad_input_has_its_tests():
    found = rows("### Bad input")
    assert tuple(found) == BAD_INPUTS
    for name, tests in found.items():
        assert tests, name
        for module, test in tests:
            assert test in defined(module), (name, module, test)


def test_every_algorithm_states_its_assumptions_and_limits():
    text = (ROOT / "docs" / "adcs.md").read_text(encoding="utf-8")
    table = text[text.index("## Assumptions and limits") :].split("\n\n", 2)[1]
    algebra = {"quat", "vec3"}
    for path in sorted((ROOT / "native" / "src" / "adcs").glob("*.c")):
        if not path.stem.startswith("adcs") and path.stem not in algebra:
            assert f"`mf_{path.stem}`" in table, path.stem


def test_trap_5_a_large_residual_dipole_and_rods_that_the_magnetometer_reads():
    """2 uN m of it, against the 0.4 of a usual one; rods add the Earth's field once more."""
    flight = Flight(momentum__start_N_m_s=1e-5, momentum__stop_N_m_s=1e-6)
    flight.residual = np.array([0.05, -0.05, 0.05])
    flight.coupling = 2.5e-4
    flight.mode(rig.POINTING).fly(400)
    errors = flight.fly(120, Flight.off_nadir_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 1.0
    assert list(flight.report.fault)[:2] == [0, 0]


def test_trap_6_rods_as_strong_as_the_field_at_the_magnetometer():
    """Braking goes on as without: what is measured is measured with the rods off."""
    energies = []
    for coupling in (0.0, 2.5e-4):
        flight = Flight(1500, omega_deg_s=(6.0, -5.0, 6.0))
        flight.coupling = coupling
        flight.mode(rig.DETUMBLE).fly(900)
        energies.append(flight.body.energy)
    start = Flight(60, omega_deg_s=(6.0, -5.0, 6.0)).body.energy
    assert energies[1] < 0.5 * start
    assert energies[1] < 1.2 * energies[0]


def test_trap_8_light_predicted_but_not_seen():
    """Without a Sun the filter grows unsure and keeps the attitude; then the Sun is taken back."""
    flight = pointing()
    sigma = max(flight.report.sigma_B_rad)

    def dark(each, in_):
        in_.fss.dark, in_.css_V = True, [0.0] * 6

    flight.spoil = dark
    flight.fly(120)
    assert flight.flag("SUNLIT") and not flight.flag("SUN_SEEN")
    assert max(flight.report.sigma_B_rad) > sigma and flight.knowledge_deg() < 2.0
    flight.spoil = lambda each, in_: None
    flight.fly(60)
    assert flight.flag("SUN_SEEN") and flight.report.attitude_losses == 0
    assert flight.off_nadir_deg() < 1.5


@pytest.mark.parametrize("jump_s", [-1, 1])
def test_trap_10_a_leap_second_of_mission_time_changes_nothing_but_the_orbit(jump_s):
    flight = pointing()

    def spoil(each, in_):
        in_.mission.seconds += jump_s

    flight.spoil = spoil  # from now on for good: 7.6 km along the track, 0.06 deg at the most
    errors = flight.fly(60, Flight.off_nadir_deg)
    assert flight.report.attitude_losses == 0 and flight.flag("ATTITUDE_VALID")
    assert flight.report.time_jumps == 1 and max(errors) < 1.5


@pytest.mark.parametrize("name", ["mag", "fss", "gyro"])
def test_late_samples_are_as_none(name):
    flight = pointing()
    sensors = {"mag": (MAG_1, MAG_2), "fss": (FSS,), "gyro": (GYRO,)}[name]
    before = flight.report.bad_inputs

    def late(each, in_):
        for sample in in_.mag if name == "mag" else [getattr(in_, name)]:
            sample.age_ms = 60_000

    flight.spoil = late
    flight.fly(10)
    faults = [flight.report.fault[sensor] for sensor in sensors]
    assert faults == [lib.MF_ADCS_FAULT_SILENT] * len(sensors)
    assert flight.report.bad_inputs > before
    if flight.flag("ATTITUDE_VALID"):
        assert flight.knowledge_deg() < 2.0


def test_sun_along_the_field_gives_no_certainty_about_their_line():
    """Where both are seen along one line, the turn about it is not known, and is not claimed."""
    flight = Flight(900)

    def along(each, in_):
        field = each.body.dcm_BN @ each.env["field"](each.t)
        in_.fss.value_S = (FSS_BS.T @ field / np.linalg.norm(field)).tolist()
        in_.fss.dark, in_.css_fresh = False, False

    flight.spoil = along
    flight.mode(rig.POINTING).fly(200)
    # The true Sun is elsewhere: what is seen contradicts the model, or leaves the line open.
    assert not flight.flag("ATTITUDE_VALID") or max(flight.report.sigma_B_rad) > 2 * rig.DEG
    assert not flight.flag("ON_TARGET")
