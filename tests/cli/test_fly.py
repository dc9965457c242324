"""Flights on the desktop: results, recordings, verdicts that can fail."""

import json
import math
import re

from cli import flights
from cli.commands.fly import passes
from ground import explanations, recording
from ground.decode import Decoder
from ground.dictionary import Dictionary
from sim.schema import CHECKS

FLY = ("fly", "first-light", "--world", "desktop")
WALL = ("wall_s", "real_time_factor")


def fly(microflight, tmp_path, *options, scenario="first-light"):
    """Fly without a live view; gives exit code and the JSON result."""
    target = tmp_path / "result.json"
    line = ("fly", scenario, "--world", "desktop", "--no-live", "--json", str(target), *options)
    code, out, err = microflight(*line)
    assert code in (0, 1), (out, err)
    return code, json.loads(target.read_text(encoding="utf-8"))


def test_the_reference_mission_passes(microflight, tmp_path):
    report = tmp_path / "report.html"
    code, result = fly(microflight, tmp_path, "--report", str(report))
    assert code == 0 and result["verdict"] == "pass"
    assert all(check["pass"] for check in result["checks"])
    rate = [check for check in result["checks"] if check["unit"] == "deg/s"]
    assert rate and rate[0]["value"] < 0.5
    assert result["timeline"][0]["rate_deg_s"] == 10.0
    assert result["timeline"][-1]["rate_deg_s"] < 0.5
    assert {row["mode"] for row in result["timeline"]} >= {"detumble", "nominal"}
    assert result["telemetry"]["bad_frames"] == result["telemetry"]["gaps"] == 0
    assert list(result)[:9] == [
        "scenario",
        "world",
        "seed",
        "virtual_s",
        "wall_s",
        "real_time_factor",
        "verdict",
        "checks",
        "telemetry",
    ]
    page = report.read_text(encoding="utf-8")
    for words in ("Angular rate", "Battery", "Events", "mode changed", "pass"):
        assert words in page
    assert not re.search(r"<(script|link|img)[^>]*(src|href)\s*=\s*[\"']https?:", page)


def test_without_the_controller_the_verdict_is_fail(microflight, tmp_path, scenario_file):
    scenario = scenario_file(
        '\n[[timeline]]\nt_s = 5.0\ncommand = "set_parameters"\n'
        "args = {attitude_control_enabled = 0}\n"
    )
    code, result = fly(microflight, tmp_path, scenario=scenario)
    assert code == 1 and result["verdict"] == "fail"
    failed = {check["name"] for check in result["checks"] if not check["pass"]}
    assert any(name.startswith("rate below") for name in failed)
    assert result["timeline"][-1]["rate_deg_s"] > 5.0
    assert result["telemetry"]["bad_frames"] == 0


def test_a_dead_magnetometer_ends_in_a_named_event_and_a_defined_mode(microflight, tmp_path):
    frames = tmp_path / "flight.mff"
    _, result = fly(
        microflight,
        tmp_path,
        *("--set", "fault.ak09916.kind=dead", "--set", "fault.ak09916.t_s=60"),
        *("--duration", "200", "--frames", str(frames)),
    )
    assert result["timeline"][-1]["mode"] == "safe"
    code, out, _ = microflight("decode", str(frames))
    assert code == 0
    assert "magnetometer" in out.lower()


def test_one_seed_gives_one_result(microflight, tmp_path):
    results, recordings = [], []
    for run in ("a", "b"):
        frames = tmp_path / f"{run}.mff"
        _, result = fly(microflight, tmp_path, "--duration", "120", "--frames", str(frames))
        results.append({k: v for k, v in result.items() if k not in WALL})
        recordings.append(frames.read_bytes())
    assert results[0] == results[1]
    assert recordings[0] == recordings[1]
    _, other = fly(microflight, tmp_path, "--duration", "120", "--seed", "2")
    assert other["seed"] == 2
    assert other["timeline"] != results[0]["timeline"]


def test_overrides_reach_the_flight(microflight, tmp_path):
    _, result = fly(microflight, tmp_path, "--duration", "20", "--set", "initial.rate_deg_s=3")
    assert math.isclose(result["timeline"][0]["rate_deg_s"], 3.0, rel_tol=1e-6)
    assert abs(result["virtual_s"] - 20) < 0.2


def test_a_recording_decodes_to_what_the_flight_saw(microflight, tmp_path):
    frames = tmp_path / "flight.mff"
    _, result = fly(microflight, tmp_path, "--duration", "60", "--frames", str(frames))
    decoder = Decoder(Dictionary())
    for t_s, frame in recording.read(frames):
        decoder.frame(t_s, frame)
    assert decoder.summary() == result["telemetry"]
    assert result["telemetry"]["packets"] > 100
    code, out, _ = microflight("decode", str(frames), "--csv")
    assert code == 0
    rows = out.splitlines()
    assert rows[0] == "t_s,onboard_s,owner,packet,field,value"
    assert any(",power_hk,battery_voltage," in row for row in rows)
    assert any(",adcs_report,mag_B_T[2]," in row for row in rows)


def test_a_damaged_recording_is_counted_and_fails(microflight, tmp_path):
    frames = tmp_path / "flight.mff"
    fly(microflight, tmp_path, "--duration", "30", "--frames", str(frames))
    data = bytearray(frames.read_bytes())
    data[-50] ^= 0x01
    frames.write_bytes(bytes(data))
    code, _, err = microflight("decode", str(frames))
    assert code == 1
    assert "1 bad frames" in err


def test_a_noisy_channel_is_counted_and_fails_the_checks(microflight, tmp_path):
    code, result = fly(
        microflight, tmp_path, "--duration", "120", "--set", "radio.bit_error_rate=9e-3"
    )
    assert code == 1
    assert result["telemetry"]["bad_frames"] > 0
    failed = {check["name"] for check in result["checks"] if not check["pass"]}
    assert {"bad frames", "gaps"} <= failed


def test_live_lines_when_there_is_no_terminal(microflight):
    code, out, _ = microflight(*FLY, "--duration", "700")
    assert code in (0, 1)
    assert "boot: reset cause" in out
    assert "mode changed" in out
    assert "0:10:00  mode" in out
    assert "\x1b[" not in out


def test_the_report_explains_every_check_and_knows_the_passes(scenario_file):
    more = {
        "mode": 'mode = "safe"',
        "event": 'event = "boot"',
        "event_count": 'event = "boot"',
        "actuators_off": 'part = "rods"',
        "account": 'owner = "EC"\nfield = "payload_used"',
        "station_frames": 'station = "Minsk"',
        "pointing_below": 'target = "nadir"',
    }
    rows = "".join(
        f'\n[[check]]\nkind = "{kind}"\nheld_s = 1.0\n{more.get(kind, "")}\n' for kind in CHECKS
    )
    flight = flights.prepare(scenario_file(rows), "desktop", 1, ["duration_s=1300"])
    flight.fly()
    assert len(flight.checks) > len(CHECKS)
    for check in flight.checks:
        assert explanations.check(check["name"]), check["name"]
    found = passes(flight)
    assert list(found) == ["Svalbard", "Quito", "Tehran", "Minsk"]
    ((rise_s, set_s),) = found["Tehran"]
    assert 0 < rise_s < set_s < 1300
    ((rise_s, set_s),) = found["Minsk"]  # still up at the end
    assert 0 < rise_s < set_s and set_s > 1299
    assert found["Quito"] == []
