"""The campaign of faults: a whole catalogue, a fair sample of it, figures that can fail."""

import dataclasses
import json
import shlex
import shutil
import struct
from collections import Counter

import pytest

import native
from cli.campaigns import faults, faults_runs
from cli.campaigns.faults_catalogue import (
    ABSENT,
    APP_KINDS,
    APPS,
    SINGLE,
    catalogue,
    find,
    sample,
)
from cli.campaigns.faults_phases import BY_NAME, PHASES
from cli.campaigns.faults_qemu import SLOTS, Computer, check_slots
from cli.campaigns.faults_runs import FaultRun, fly_run
from cli.campaigns.faults_storage import AllBlocks, full_memory
from cli.campaigns.powercut_memory import Supply
from cli.errors import CliError
from ground import faults_report
from hal.flash_blocks import FILES_BLOCKS
from sim.devices.nor_memory import NorMemory
from sim.devices.w25q128 import SIZE
from sim.faults import BUSES, kinds_of
from sim.scenario import load
from sim.schema import DEVICES
from sim.world import World


def test_the_catalogue_is_the_whole_product():
    cases = catalogue(1)
    assert len({case.id for case in cases}) == len(cases) > 2000
    there = {(case.device, case.kind, case.phase, case.lasting) for case in cases}
    for device in (*DEVICES, *BUSES):
        for kind in kinds_of(device):
            if device in ABSENT or kind == "scramble":
                continue
            for phase in PHASES:
                assert (device, kind, phase.name, False) in there
                assert ((device, kind, phase.name, True) in there) is (device not in SINGLE)
    for phase in PHASES:
        kinds = {case.kind for case in cases if case.phase == phase.name}
        assert {"reset", "brown_out", "scramble-all", "day-forward", "none"} <= kinds
        if phase.name != "boot":
            assert {*APP_KINDS, "stack-wiped", "heap-wiped", "vm_hang"} <= kinds
    assert {case.device for case in cases if case.group == "app"} == set(APPS)


def test_every_case_can_be_loaded_and_strikes_before_its_end():
    for case in sample(1, 150):
        scenario = load("faults", (*case.setting.overrides, *case.overrides))
        assert case.strike_s < case.end_s + 1e-9 < case.duration_s
        made = case.group in ("device", "memory", "reset") or case.device == "python"
        assert len(scenario.faults) == made


def test_a_sample_has_every_fault_of_every_device_and_every_phase():
    cases = sample(3, 400)
    assert len({case.id for case in cases}) == len(cases) == 400
    pairs = {(case.device, case.kind) for case in catalogue(3)}
    assert {(case.device, case.kind) for case in cases} == pairs
    phases = Counter(case.phase for case in cases)
    assert set(phases) == set(BY_NAME) and min(phases.values()) >= 40
    assert 100 < sum(case.lasting for case in cases) < 300
    assert sample(3, 50) == cases[:50] and sample(4, 400) != cases


def test_resets_come_at_instants_that_the_seed_draws():
    def instants(seed):
        cases = [case for case in catalogue(seed) if case.device == "computer"]
        return [override for case in cases for override in case.overrides if ".t_s=" in override]

    assert len(set(instants(1))) == len(instants(1)) == 56
    assert instants(1) == instants(1) and not set(instants(1)) & set(instants(2))


def row(name, verdict="pass", **more):
    run = FaultRun(0, name, 1, 100.0)
    facts = {
        "group": name.partition("/")[0] if "flip" in name else "device",
        "device": "eps",
        "kind": "dead",
        "phase": "safe",
        "keeps": True,
        "lock_ups": 0,
    }
    good = verdict == "pass"
    state = {"effect": True, "detected_s": 1.0, "detected_by": "it", "isolated_by": ["so"],
             "recovered": good, "recovered_s": 2.0 if good else None, "defined": True,
             "intact": True, "state": "safe, command", "wanting": []}  # fmt: skip
    return run.row(verdict, **{**facts, **more}, judged=state)


def test_figures_hold_the_limits_of_the_campaign():
    rows = [row(f"case/{index}") for index in range(200)]
    rows += [row(f"flip/{index}") for index in range(1000)]
    assert all(figure.passed for figure in faults.figures(rows))
    limits = {figure.name: (figure.limit, figure.sense) for figure in faults.figures(rows)}
    assert limits["fault x phase cases"] == (200, ">=") and limits["bit flips"] == (1000, ">=")
    assert limits["flips: end in a defined state"] == (100.0, ">=")
    assert limits["cases: recovered by itself"] == (95.0, ">=")

    def failing(changed):
        return [figure.name for figure in faults.figures(changed) if not figure.passed]

    assert failing(rows[1:]) == ["fault x phase cases"]
    assert failing([*rows[:200], *rows[201:]]) == ["bit flips"]
    bad = [row(f"flip/{index}", "fail") for index in range(51)]
    assert failing([*rows[:200], *rows[251:], *bad]) == ["flips: recovered by itself"]
    undefined = row("case/0", "fail")
    undefined["judged"]["defined"] = False
    assert failing([*rows[1:], undefined]) == ["cases: end in a defined state"]
    lost = row("case/0")
    lost["judged"]["intact"] = False
    assert failing([*rows[1:], lost]) == ["runs that lost what was stored"]
    assert failing([*rows, FaultRun(0, "case/9", 1, 1.0).broken("why")]) == [
        "runs without a result"
    ]
    alarm = row("none/x", group="none")
    assert failing([*rows, alarm]) == ["alarms without a fault"]
    # The boot block is reported, and not held to a limit.
    boot = [row(f"boot-flip/{index}", "fail") for index in range(50)]
    assert not failing([*rows, *boot])


def test_the_page_has_every_run_and_the_way_to_fly_it_again():
    rows = [row("case/<1>"), row("flip/7", "fail"), FaultRun(2, "case/9", 1, 1.0).broken("worker")]
    text = faults_report.page(
        {"verdict": "fail", "campaign": "faults", "seed": 1, "git": "", "wall_s": 1.0,
         "scenario": "faults", "figures": [], "runs": rows}
    )  # fmt: skip
    assert "case/&lt;1&gt;" in text and "<1>" not in text
    assert "microflight campaign faults --case flip/7 --seed 1" in text and "worker" in text
    assert "http" not in text and "<script" not in text
    assert '<td class="bad">0/1</td>' in text and '<td class="good">1/1</td>' in text


SAMPLE = ("--runs", "12", "--flips", "0", "--world", "desktop", "--workers", "1")


def test_a_short_campaign_on_the_desktop(microflight, tmp_path):
    target, page = tmp_path / "c.json", tmp_path / "c.html"
    # Too few cases and no flips at all: the figures say so.
    line = ("campaign", "faults", *SAMPLE, "--json", str(target), "--report", str(page))
    code, out, _ = microflight(*line)
    assert code == 1
    document = json.loads(target.read_text(encoding="utf-8"))
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert figures["fault x phase cases"]["pass"] is False
    assert figures["runs without a result"]["value"] == 0
    assert figures["alarms without a fault"]["value"] == 0
    assert figures["cases: end in a defined state"]["value"] == 100.0
    assert {run["phase"] for run in document["runs"]} == set(BY_NAME)
    assert [run["id"] for run in document["runs"] if run["group"] == "none"]
    assert all(run["command"] in page.read_text(encoding="utf-8") for run in document["runs"])
    # The line that the campaign gives for a run flies it again, exactly.
    run = next(run for run in document["runs"] if run["group"] == "device")
    words = shlex.split(run["command"])
    again = fly_run(FaultRun(run["index"], words[4], int(words[6]), 1.0))
    assert {**again, "wall_s": 0} == {**run, "wall_s": 0}
    code, out, _ = microflight(*words[1:])
    assert run["id"] in out and code == (run["verdict"] != "pass")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--case", "ak09916/on-fire/pointing/once"), "no such case"),
        (("--case", "flip/x"), "which flip"),
        (("--flips", "-1"), "--flips -1"),
        (("--runs", "0"), "--runs 0"),
    ],
)
def test_what_cannot_be_flown_is_refused_in_one_line(microflight, words, said):
    code, _, err = microflight("campaign", "faults", *words)
    assert code == 2 and said in err and "Traceback" not in err


def test_the_list_has_a_line_for_every_case(microflight):
    code, out, _ = microflight("campaign", "faults", "--list")
    assert code == 0 and out.splitlines() == [case.id for case in catalogue(1)]


def test_a_name_says_all_that_is_needed_to_fly_it_again():
    case = find(1, "eps/nack/safe/passing")
    assert (case.device, case.kind, case.phase, case.lasting) == ("eps", "nack", "safe", False)
    with pytest.raises(CliError, match="no such case"):
        find(1, "eps/nack/safe")
    run = FaultRun(5, case.id, 7, case.duration_s)
    assert run.command() == "microflight campaign faults --case eps/nack/safe/passing --seed 7"
    assert not run.is_flip and dataclasses.replace(run, id="boot-flip/1").in_boot_block
    assert faults_runs.FaultRun(0, "flip/3", 1, 1.0).is_flip


def write_elf(path, images):
    """An ELF file of nothing but loaded segments, `images` by their addresses."""
    offset = 52 + 32 * len(images)
    ident = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    head = struct.pack(
        "<16sHHIIIIIHHHHHH", ident, 2, 40, 1, 0, 52, 0, 0, 52, 32, len(images), 0, 0, 0
    )
    for address, image in images.items():
        size = len(image)
        head += struct.pack("<8I", 1, offset, address, address, size, size, 5, 4)
        offset += size
    path.write_bytes(head + b"".join(images.values()))


def test_both_images_must_be_of_one_build(tmp_path):
    elf = tmp_path / "microflight.elf"
    with pytest.raises(CliError, match="is not there"):
        check_slots(elf)
    first, second = SLOTS
    write_elf(elf, {first: bytes(64)})
    with pytest.raises(CliError, match="both slots"):
        check_slots(elf)
    write_elf(elf, {first: bytes(64), second: bytes(20) + b"\1" + bytes(43)})
    with pytest.raises(CliError, match="another dictionary"):
        check_slots(elf)
    write_elf(elf, {first: bytes(64), second: bytes(24) + b"\1" + bytes(39)})
    check_slots(elf)


def test_an_emulator_that_does_not_start_is_no_lock_up(tmp_path):
    """What it said of the image is what went wrong."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed: make setup")
    elf = tmp_path / "microflight.elf"
    first, _ = SLOTS
    write_elf(elf, {first: bytes(64), first + 32: bytes(64)})
    with pytest.raises(CliError, match="does not start: .*overlap"):
        Computer(elf=elf).fly(World(load("first-light")))


def test_a_full_memory_is_mounted_as_ever_and_takes_not_one_file_more():
    cells = NorMemory(SIZE)
    cells.restore(full_memory())
    files = native.Files(AllBlocks(Supply(), cells))
    assert AllBlocks.BLOCKS == FILES_BLOCKS
    assert files.mount() == 0 and files.used() >= FILES_BLOCKS - 2
    assert files.open(0, "f0/filled", files.READ) == 0
    assert files.open(1, "more", files.WRITE | files.CREATE) == 0
    data = bytes(8192)
    assert files.write(1, data, 0, len(data)) == -28 or files.close(1) == -28


@pytest.mark.accept
def test_a_full_memory_is_told_and_costs_nothing_else():
    case = find(1, "w25q128/full/boot/lasting")
    row = fly_run(FaultRun(0, case.id, 1, case.duration_s))
    assert row["verdict"] == "pass" and "flash memory full" in row["judged"]["detected_by"]
