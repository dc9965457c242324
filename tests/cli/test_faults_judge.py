"""The judge of a flight with a fault can say no, and why."""

import struct

import pytest

from cli.campaigns.faults_evidence import Evidence
from cli.campaigns.faults_judge import judge
from cli.campaigns.faults_phases import BY_NAME
from cli.campaigns.faults_storage import stored_parameters
from cli.campaigns.powercut_memory import FRAM_SIZE, Fram, Supply
from cli.campaigns.powercut_subjects import Events
from flight import dictionary as flight_dictionary
from flight.core.definitions import MODE_REASONS
from flight.core.params import Params
from ground.dictionary import Dictionary

STORED = {"attitude_rod_dipole": 0.2}
NAMES = (dict(Dictionary().mode_names), dict(MODE_REASONS))


def evidence(**more):
    """A flight of 100 s that was struck at 20 s and is well, in nominal mode."""
    times = [float(t_s) for t_s in range(2, 100, 10)]
    vitals = {
        "received_s": times,
        "spacecraft_mode": [3] * len(times),
        "mode_reason": [3] * len(times),
    }
    facts = {
        "strike_s": 20.0,
        "end_s": 100.0,
        "vitals": vitals,
        "modes": [(2.0, 3)],
        "boots": [(0.0, 1)],
        "kicks": [(float(t_s), 10 * t_s) for t_s in range(101)],
        "rates_deg_s": [0.2] * 101,
        "parameters": {"attitude_rod_dipole": 0.2},
        "pongs_s": [91.0],
        "ended": True,
    }
    return Evidence(**{**facts, **more})


def judged(found, phase="pointing", device="", lasting=False, reference=None):
    before = reference or evidence()
    return judge(found, before, BY_NAME[phase], device, lasting, NAMES)


def vitals(mode, reason, until_s=100.0):
    times = [float(t_s) for t_s in range(2, int(until_s), 10)]
    return {
        "received_s": times,
        "spacecraft_mode": [mode] * len(times),
        "mode_reason": [reason] * len(times),
    }


def test_a_flight_like_the_one_without_a_fault_is_well_and_felt_nothing():
    verdict = judged(evidence())
    assert verdict.recovered and verdict.defined and verdict.intact and not verdict.effect
    assert verdict.detected_s is None and verdict.state == "nominal, detumbled"


def test_what_is_detected_and_isolated_is_told_by_its_events():
    events = [
        (10.0, 0x0211, 3, "sensor excluded: before"),
        (23.5, 0x020C, 3, "device failed: fss"),
        (24.0, 0x0213, 1, "attitude found"),
    ]
    verdict = judged(evidence(events=events))
    assert verdict.effect and verdict.detected_s == 3.5
    assert verdict.detected_by == "device failed: fss"
    assert verdict.isolated_by == ["device failed: fss"] and verdict.recovered
    # The same events in the flight without a fault: nothing was detected.
    quiet = judged(evidence(events=events), reference=evidence(events=events))
    assert not quiet.effect and quiet.detected_s is None and not quiet.isolated_by


def test_a_silent_spacecraft_has_no_defined_state():
    verdict = judged(evidence(vitals=vitals(3, 3, until_s=60.0), pongs_s=[]))
    assert not verdict.defined and not verdict.recovered and verdict.state == "silent"
    assert verdict.wanting == ["no telemetry of the computer's state", "does not answer"]


def test_a_mode_or_reason_without_a_name_is_no_defined_state():
    assert not judged(evidence(vitals=vitals(99, 3))).defined
    assert not judged(evidence(vitals=vitals(3, 250))).defined


def test_survival_is_a_defined_state_that_has_not_recovered():
    beacons = [(30.0, "survival_beacon", {"survival_reason": 1}),
               (95.0, "survival_beacon", {"survival_reason": 1})]  # fmt: skip
    verdict = judged(evidence(vitals=vitals(3, 3, until_s=25.0), beacons=beacons, pongs_s=[]))
    assert verdict.defined and not verdict.recovered and verdict.state == "survival: silent"
    assert verdict.detected_s == 10.0 and "survival mode" in verdict.isolated_by
    # A beacon of long ago, or for a reason that nobody knows, defines nothing.
    for late in ([(30.0, "survival_beacon", {"survival_reason": 1})],
                 [(95.0, "survival_beacon", {"survival_reason": 77})]):  # fmt: skip
        assert not judged(evidence(vitals=vitals(3, 3, until_s=25.0), beacons=late)).defined


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vitals": vitals(1, 7)}, "mode 1 at the end, 3 wanted"),
        ({"vitals": vitals(6, 18)}, "mode 6 at the end"),
        ({"kicks": [(float(t), 10 * min(t, 80)) for t in range(101)]}, "control ticks at the end"),
        ({"rates_deg_s": [0.2] * 80 + [5.0] * 21}, "turns at 5.00 deg/s"),
        ({"pongs_s": [40.0]}, "does not answer"),
    ],
)
def test_what_is_not_well_is_named(change, words):
    verdict = judged(evidence(**change))
    assert not verdict.recovered and words in "; ".join(verdict.wanting)


def test_a_device_lost_for_good_leaves_less_and_one_lost_for_a_while_does_not():
    safe = evidence(vitals=vitals(1, 7))
    assert judged(safe, device="eps", lasting=True).recovered
    assert not judged(safe, device="eps").recovered
    assert not judged(safe, device="fss", lasting=True).recovered


def test_detumbling_is_on_its_way_as_long_as_it_truly_turns():
    turning = evidence(vitals=vitals(2, 2), rates_deg_s=[0.2] * 30 + [1.2] * 71)
    assert judged(turning).recovered
    at_rest = evidence(vitals=vitals(2, 2))
    assert judged(at_rest).wanting == ["mode 2 at the end, 3 wanted"]
    # Safe mode is not on its way, however fast it turns.
    assert not judged(evidence(vitals=vitals(1, 9), rates_deg_s=[1.2] * 101)).recovered


def test_commanded_safe_mode_must_not_be_left():
    assert judged(evidence(vitals=vitals(1, 1)), phase="safe").recovered
    verdict = judged(evidence(vitals=vitals(3, 3)), phase="safe")
    assert verdict.wanting == ["commanded safe mode was left for 3"]


def test_lost_parameters_are_told():
    told = [(5.0, 0x000F, 1, "parameter 0x0207 set, image generation 1")]
    assert judged(evidence(events=told)).intact
    assert not judged(evidence(events=told, parameters={"attitude_rod_dipole": 0.5})).intact
    assert not judged(evidence(events=told, parameters={})).intact
    assert not judged(
        evidence(events=told, parameters={"attitude_rod_dipole": 0.5}, stored=STORED)
    ).intact
    # The command was never heard: nothing was stored that could be lost.
    assert judged(evidence(parameters={"attitude_rod_dipole": 0.5})).intact


def test_what_is_stored_counts_where_nobody_answers_or_defaults_are_in_use():
    told = [(5.0, 0x000F, 1, "parameter 0x0207 set, image generation 1")]
    assert judged(evidence(events=told, parameters={}, stored=STORED)).intact
    on_defaults = {**vitals(1, 5), "params_source": [3] * 9 + [0]}
    default = {"attitude_rod_dipole": 0.5}
    assert judged(
        evidence(events=told, vitals=on_defaults, parameters=default, stored=STORED)
    ).intact
    assert not judged(evidence(events=told, vitals=on_defaults, parameters=default)).intact
    on_defaults["params_source"].append(1)
    assert not judged(
        evidence(events=told, vitals=on_defaults, parameters=default, stored=STORED)
    ).intact


def test_stored_parameters_are_read_as_a_start_reads_them():
    memory = bytearray(FRAM_SIZE)
    assert stored_parameters(memory) == {}
    params = Params(flight_dictionary, Fram(Supply(), memory), Events())
    params.load()
    params.begin()
    row = params.find(0x0207)
    params.put(row, struct.pack(">f", 0.25), 0)
    assert params.commit() == 0
    before = bytes(memory)
    assert stored_parameters(memory)["attitude_rod_dipole"] == 0.25
    assert memory == before


def test_recovery_takes_until_the_mode_is_back():
    modes = [(2.0, 3), (25.0, 1), (40.0, 2), (61.5, 3)]
    boots = [(0.0, 1), (24.0, 2)]
    verdict = judged(evidence(modes=modes, boots=boots))
    assert verdict.recovered_s == 41.5 and verdict.effect
    assert "1 resets, the last for cause 2" in verdict.isolated_by


def test_after_a_reset_it_has_recovered_when_the_mode_is_reached_again():
    boots = [(0.0, 1), (30.0, 7)]
    # It was in detumble before the reset and is after it, which is no change that is told.
    assert judged(evidence(boots=boots, modes=[(2.0, 2), (70.0, 3)])).recovered_s == 50.0
    assert judged(evidence(boots=boots, modes=[(2.0, 3), (31.0, 2), (65.0, 3)])).recovered_s == 45.0
    there = evidence(boots=boots, modes=[(2.0, 1)], vitals=vitals(1, 1))
    assert judged(there, phase="safe").recovered_s == 10.0
