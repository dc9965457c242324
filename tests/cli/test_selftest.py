"""The polarity self-test through the whole system: a telecommand, the kernel and its drivers, parts
at register level, the plant; and the verdicts as the ground reads them."""

import pytest

from cli import flights
from sim.scenario import FOLDER

RIGHT, REVERSED, WRONG_SIZE, ENDED = 1, 2, 5, 2
RODS = ("1.0, 0.0, 0.0", "0.0, 1.0, 0.0", "0.0, 0.0, 1.0")

SCENARIO = """
base = "{base}"
duration_s = 160.0

[initial]
rate_deg_s = 1.0

[orbit]
tle = "{orbit}"

[spacecraft.rods]
axes_B = [{axes}]

[[timeline]]
t_s = 20.0
command = "set_parameters"
args = {{ attitude_rod_dipole = {dipole}, attitude_dipole_max = 0.2 }}

[[timeline]]
t_s = 60.0
command = "attitude_selftest"
args = {{ what = 1 }}
"""


def verdicts(folder, reversed_rod=None, dipole=0.2):
    """State of the test and the verdict of each rod and wheel, at the end of a flight."""
    axes = [f"[{row}]" for row in RODS]
    if reversed_rod is not None:
        axes[reversed_rod] = axes[reversed_rod].replace("1.0", "-1.0")
    path = folder / "selftest.toml"
    text = SCENARIO.format(
        base=(FOLDER / "commissioning.toml").as_posix(),
        orbit=(FOLDER / "orbits.tle").as_posix(),
        axes=", ".join(axes),
        dipole=dipole,
    )
    path.write_text(text, encoding="utf-8")
    flight = flights.prepare(str(path), "desktop")
    flight.fly()
    columns = flight.history.columns["attitude_control"]
    return columns["selftest"][-1], list(columns["polarity"][-1])


@pytest.mark.parametrize("rod", [None, 0, 1, 2])
def test_a_rod_wired_the_wrong_way_round_is_named_on_the_ground(rod, tmp_path):
    wanted = [REVERSED if which == rod else RIGHT for which in range(7)]
    assert verdicts(tmp_path, rod) == (ENDED, wanted)


def test_rods_weaker_than_their_parameter_says_are_told_too(tmp_path):
    """The driver takes full drive for 0.5 A m2, the rods of this spacecraft give 0.2."""
    state, found = verdicts(tmp_path, dipole=0.5)
    assert state == ENDED and found == [WRONG_SIZE] * 3 + [RIGHT] * 4
