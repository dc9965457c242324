"""Campaigns: the same numbers every time, every run flown again exactly, nothing that hangs."""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.campaigns import adcs_dispersions, adcs_mc, cluster, statistics
from cli.campaigns.runs import Run
from cli.errors import CliError

ROOT = Path(__file__).resolve().parents[2]
PLACE = ("--scenario", "first-light", "--duration", "30")
SHORT = ("campaign", "adcs-mc", "--runs", "4", "--workers", "2", *PLACE)
TIMED = ("wall_s",)


def without_wall_time(document):
    """The document but for what measures wall time."""
    if isinstance(document, dict):
        return {key: without_wall_time(v) for key, v in document.items() if key not in TIMED}
    if isinstance(document, list):
        return [without_wall_time(value) for value in document]
    return document


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """One short campaign as a person starts it: what it wrote and said."""
    folder = tmp_path_factory.mktemp("campaign")
    files = ("--json", str(folder / "c.json"), "--report", str(folder / "c.html"))
    done = subprocess.run(
        [sys.executable, "-m", "cli", *SHORT, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # No spacecraft comes to rest within 30 s: the campaign fails, and says so.
    assert done.returncode == 1, done.stderr
    document = json.loads((folder / "c.json").read_text(encoding="utf-8"))
    return document, (folder / "c.html").read_text(encoding="utf-8"), done


def test_the_result_has_every_run_and_every_figure(campaign):
    document, _, done = campaign
    assert document["verdict"] == "fail" and document["seed"] == 1 and document["git"]
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert all(set(row) >= {"name", "value", "limit", "unit", "pass"} for row in figures.values())
    assert figures["runs without a result"]["pass"] is True
    assert figures["gaps: runs that keep it"]["value"] == 100.0
    assert figures["rate below 0.5 deg/s reached: 99 of 100 runs"]["value"] is None
    highest = [run["checks"][1]["value"] for run in document["runs"]]
    assert figures["highest rate of the last 600 s: 99 of 100 runs"]["value"] == max(highest)
    assert [run["index"] for run in document["runs"]] == [0, 1, 2, 3]
    assert len({run["seed"] for run in document["runs"]}) == 4
    assert all(set(run["drawn"]) == KEYS for run in document["runs"])
    assert all(abs(run["virtual_s"] - 30.0) < 0.5 for run in document["runs"])
    assert "Traceback" not in done.stderr and "campaign adcs-mc: 4/4 flown" in done.stderr


KEYS = {row.key for row in adcs_dispersions.DETUMBLE}


@pytest.fixture(scope="module")
def existing():
    """A cluster with two workers that is there already."""
    with cluster.connect(None, 2) as client:
        yield client


def test_the_same_campaign_twice_gives_the_same_numbers(campaign, existing, microflight, tmp_path):
    target = tmp_path / "again.json"
    # On an existing cluster: who flies what, and when, does not matter.
    address = existing.cluster.scheduler_address
    line = (*SHORT[:4], *SHORT[6:], "--scheduler", address, "--json", str(target))
    assert microflight(*line)[0] == 1
    again = json.loads(target.read_text(encoding="utf-8"))
    first, second = without_wall_time(campaign[0]), without_wall_time(again)
    first.pop("git"), second.pop("git")
    assert first == second


def test_the_line_printed_for_a_run_flies_it_again_exactly(campaign, microflight, tmp_path):
    for case in (campaign[0]["worst"][0], campaign[0]["worst"][-1]):
        words = shlex.split(case["command"])
        assert words[:5] == ["microflight", "fly", "first-light", "--world", "desktop"]
        target = tmp_path / "flight.json"
        microflight(*words[1:], "--no-live", "--json", str(target))
        flight = json.loads(target.read_text(encoding="utf-8"))
        run = campaign[0]["runs"][case["index"]]
        assert flight["seed"] == run["seed"]
        assert flight["checks"] == run["checks"]
        assert flight["virtual_s"] == run["virtual_s"]
        assert case["value"] in [check["value"] for check in flight["checks"]]
        assert case["command"] in campaign[2].stdout or case["index"] > 3


def test_the_report_stands_alone(campaign):
    document, page, _ = campaign
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=", page)
    assert "Worst runs" in page and "highest rate of the last 600 s" in page
    for run in document["runs"]:
        assert f"--seed {run['seed']}" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("--runs",)),
        (("--runs", "0"), ("--runs 0", "1 .. ")),
        (("--runs", "-3"), ("--runs -3",)),
        (("--runs", "many"), ("--runs", "many")),
        (("--runs", "1000000"), ("--runs 1000000",)),
        (("--runs", "1", "--seed", "-1"), ("--seed -1",)),
        (("--runs", "1", "--workers", "0"), ("--workers 0",)),
        (("--runs", "1", "--workers", "2", "--scheduler", "tcp://h:1"), ("--workers",)),
        (("--runs", "1", "--scheduler", "nonsense://h:1"), ("--scheduler nonsense://h:1",)),
        (("--runs", "1", "--scheduler", "tcp://127.0.0.1:1"), ("--scheduler", "no scheduler")),
        (("--runs", "1", "--scheduler", "tcp://127.0.0.1:x"), ("--scheduler",)),
        (("--runs", "1", "--scheduler", ""), ("--scheduler",)),
        (("--runs", "1", "--scenario", "first-lite"), ("did you mean 'first-light'",)),
        (("--runs", "1", "--set", "orbit.tel=x"), ("orbit.tel",)),
        (("--runs", "1", "--set", "initial.rate_deg_s=1e9"), ("initial.rate_deg_s",)),
        (("--runs", "1", "--set", "orbit.name=NOTHING"), ("NOTHING",)),
        (("--runs", "1", "--duration", "-5"), ("duration_s",)),
        (("--runs", "1", "--json", "/dev/null/c.json"), ("/dev/null/c.json",)),
    ],
)
def test_bad_input_is_one_clear_line(microflight, monkeypatch, options, words):
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT_S", 0.5)
    code, out, err = microflight("campaign", "adcs-mc", *options)
    assert code == 2, (out, err)
    assert err.count("\n") == 1 and "Traceback" not in err, err
    assert out == ""
    for word in words:
        assert word in err, err


def test_an_unknown_kind_and_the_help(microflight):
    assert microflight("campaign", "luck")[0] == 2
    for line in (("campaign",), ("campaign", "adcs-mc")):
        code, out, _ = microflight(*line, "--help")
        assert code == 0 and "examples:" in out and "microflight campaign adcs-mc --runs" in out


def test_without_a_scenario_the_whole_closed_loop_is_flown():
    given = argparse.Namespace(
        scenario=adcs_mc.SCENARIO, overrides=["crystal_ppm=0.0"], runs=2, seed=3, duration=None
    )
    planned = adcs_mc.plan(given)
    assert [run.scenario for run in planned] == ["commissioning"] * 2
    keys = {row.key for row in adcs_dispersions.POINTING}
    assert all(set(run.drawn) == keys - {"crystal_ppm"} for run in planned)
    assert planned[0].drawn != planned[1].drawn
    for word in ("--seed", "'spacecraft.magnetometer.bias_T=[", "crystal_ppm=0.0"):
        assert word in planned[0].command()


def runs(count, duration_s=1000.0):
    return [Run(index, "first-light", index, (), duration_s) for index in range(count)]


def test_runs_that_raise_die_or_never_end_are_failed_runs_with_their_reason(existing):
    # Nested, so that it goes to the workers by value: they cannot import this file.
    def misbehave(run):
        if run.index == 1:
            raise ValueError("no\ngood")
        if run.index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        while run.index == 3:
            pass
        return run.row("pass", checks=[])

    planned = [
        Run(run.index, run.scenario, run.seed, (), 0.0 if run.index == 3 else 1000.0)
        for run in runs(7)
    ]
    seen = []
    rows = cluster.Campaign(existing, misbehave, spare_s=5.0).fly_all(planned, seen.append)
    verdicts = ["pass", "broken", "broken", "broken", "pass", "pass", "pass"]
    assert [row["verdict"] for row in rows] == verdicts
    assert rows[1]["reason"] == "ValueError: no good"
    assert rows[2]["reason"] == "its worker died"
    assert rows[3]["reason"].startswith("slower than real time")
    assert sorted(row["index"] for row in seen) == list(range(7))
    figures = {figure.name: figure for figure in statistics.figures(rows)}
    assert figures["runs without a result"].value == 3
    assert not figures["runs without a result"].passed
    cases = statistics.worst(rows)
    assert [case["index"] for case in cases] == [1, 2, 3]
    assert all(case["command"].startswith("microflight fly first-light") for case in cases)


def test_an_existing_cluster_that_loses_its_workers_ends_the_campaign(monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKER_S", 2.0)

    def fly(run):
        return run.row("pass", checks=[])

    with cluster.connect(None, 1) as local:
        address = local.cluster.scheduler_address

        def retire(row):
            if row["index"] == 1:
                local.cluster.scale(0)
                local.retire_workers()

        with cluster.connect(address, 0) as client:
            rows = cluster.Campaign(client, fly).fly_all(runs(50), retire)
        assert [row["index"] for row in rows] == list(range(50))
        assert rows[0]["verdict"] == "pass" and rows[-1]["verdict"] == "broken"
        assert "no worker" in rows[-1]["reason"]
        with pytest.raises(CliError, match="no worker"), cluster.connect(address, 0):
            pass


def living(group):
    """The processes of a process group that have not ended."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in table.stdout.splitlines()]
    return [row for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


@pytest.mark.accept  # a dozen processes of another library's making, and signals
def test_an_interrupt_ends_it_cleanly():
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *SHORT[:2], "--runs", "10", *SHORT[4:-1], "600"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert "1/10 flown" in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert err == "microflight: interrupted\n"
    assert out == ""
    # No worker stays behind; the last ones may be about to end when we look first.
    assert any(not living(process.pid) for _ in range(100))
