"""The under-voltage ladder: each step gives up what it says, and is left with hysteresis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import dictionary, mission
from flight.apps.power.ladder import Ladder
from flight.core import failures, modes
from flight.core.params import Params
from tests.flight.fakes import Fram
from tests.flight.rig import DETUMBLED, WELL, Rig
from tests.flight.test_supervisor import NoEvents

THRESHOLDS = (6700, 6600, 6400, 6200)
HYSTERESIS = 400


@pytest.fixture
def nominal():
    rig = Rig()
    rig.flags = WELL | DETUMBLED
    rig.fly(5)
    assert rig.modes.current == mission.NOMINAL
    return rig


def volts(rig, value, seconds=2):
    rig.power._open_V = value
    rig.fly(seconds)


def test_each_step_gives_up_what_it_says(nominal):
    rig = nominal
    volts(rig, 6.65)
    assert rig.modes.current == mission.NOMINAL and not rig.power.is_on(1)
    assert rig.mission.apps["power"].switch(b"\x01\x01", 0, 0) == failures.REFUSED
    volts(rig, 6.5)
    assert rig.modes.current == mission.SAFE and rig.commanded() == 0  # wheels and rods off
    volts(rig, 6.3, 3)
    before = len(rig.board.radio.settings)
    rig.fly(60)
    carriers = [carrier for carrier, _ in rig.board.radio.settings[before:]]
    assert 0 in carriers and 1 in carriers
    volts(rig, 6.1)
    assert rig.modes.current == mission.SURVIVAL and rig.power.switches == 0b0001
    assert rig.modes.reason == modes.REASON_BATTERY_CRITICAL
    downs = [r[1] for r in rig.event_records() if r[0] == 0x0106]
    rig.fly(60)
    downs = [r[1] for r in rig.event_records() if r[0] == 0x0106]
    assert downs == [1, 2, 3, 4]


def test_the_way_back_is_a_step_at_a_time_and_ends_where_it_began(nominal):
    rig = nominal
    volts(rig, 6.0)
    assert rig.modes.current == mission.SURVIVAL
    volts(rig, 6.58, 30)
    assert rig.modes.current == mission.SURVIVAL, "above the threshold, below the hysteresis"
    volts(rig, 6.75, 10)
    assert rig.modes.current == mission.SAFE
    volts(rig, 7.9, 150)
    assert rig.modes.current == mission.NOMINAL and rig.power.is_on(1)
    ups = [r[1] for r in rig.event_records() if r[0] == 0x0107]
    assert ups == [3, 2, 1, 0]


def test_a_shed_payload_is_not_asked_for_samples(nominal):
    rig = nominal
    rig.fly(10)
    volts(rig, 6.65, 30)
    assert 0x0401 not in rig.events(), "no failure of an instrument that was switched off"
    volts(rig, 7.9, 60)
    assert rig.fields(0x0401)["payload_state"] == 1


def test_duty_leaves_the_transmitter_a_share_of_each_minute(nominal):
    rig = nominal
    volts(rig, 6.3, 65)
    on = 0
    for _ in range(120):
        rig.fly(1)
        on += rig.board.radio.settings[-1][0]
    assert 15 <= on <= 25


def make():
    params = Params(dictionary, Fram(), NoEvents())
    params.load()
    return Ladder(params)


@given(st.lists(st.integers(5000, 8400), min_size=1, max_size=60))
def test_any_voltages(readings):
    """Never above what the voltage allows, never up while within the hysteresis."""
    ladder = make()
    for reading in readings:
        before = ladder.level
        ladder.update(reading)
        wanted = sum(reading < threshold for threshold in THRESHOLDS)
        assert ladder.level >= wanted
        assert ladder.level >= before - 1
        if ladder.level < before:
            assert reading > THRESHOLDS[before - 1] + HYSTERESIS
        if ladder.level > before:
            assert ladder.level == wanted
