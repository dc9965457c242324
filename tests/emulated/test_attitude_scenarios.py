"""A spacecraft that points with its wheels and loses one of them: the emulator against the desktop,
telemetry compared bit by bit, and the estimate against the plant's truth."""

import numpy as np

from cli import flights
from cli.commands.diff import fly_recorded
from cli.comparison import compare
from sim.checks_attitude import attitude_error_deg
from tests.emulated import qemu

DURATION_S = 240.0
# Slow from the start, so that pointing begins at once; then a wheel falls silent.
OVERRIDES = (
    f"duration_s={DURATION_S}",
    "initial.rate_deg_s=0.1",
    "timeline.4.t_s=50.5",
    "timeline.4.args={mode=3}",
    "fault.wheel_2.kind=dead",
    "fault.wheel_2.t_s=150",
)


def test_pointing_is_the_same_in_both_worlds():
    elf = qemu.firmware()
    flown = [flights.prepare("degraded", world, 3, OVERRIDES, elf) for world in ("desktop", "qemu")]
    desktop, emulator = (fly_recorded(flight) for flight in flown)
    result = compare(desktop, emulator, flown[0].dictionary)
    assert result.packets > 500
    assert not result.differences, result.differences[:5]
    for flight in flown:
        truth = flight.world.truth
        motors = np.abs(truth["wheel_motor_N_m"])
        assert motors[60:150].max() > 1e-6, "the wheels are driven"
        assert motors[155:, 2].max() == 0.0 < motors[155:].max(), "three of them go on"
        assert flight.world.counters["missed_ticks"] == 0
        estimates = flight.telemetry()["estimates"]
        t_s, q_BN = np.asarray(estimates["t_s"]), np.asarray(estimates["q_BN"])
        assert len(t_s) > 100
        late = (t_s > 120.0) & (t_s <= truth["t_s"][-1])
        # Nothing is calibrated yet, and the Sun may be in the coarse sensors alone.
        assert np.max(attitude_error_deg(flight.world, t_s[late], q_BN[late])) < 15.0
