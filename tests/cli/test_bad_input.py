"""Wrong use and bad input: exit code 2, one clear line, no traceback, nothing left behind."""

import pytest

from cli import worlds

FLY = ("fly", "first-light", "--world", "desktop", "--no-live")


def refused(result, *words):
    """Assert exit code 2 and one line on stderr that holds `words`."""
    code, out, err = result
    assert code == 2, (out, err)
    assert err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err
    for word in words:
        assert word in err, err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ((), ("COMMAND",)),
        (("launch",), ("launch",)),
        (("fly", "first-light"), ("--world",)),
        (("fly", "first-lite", "--world", "desktop"), ("first-lite", "did you mean 'first-light'")),
        (("fly", "first-light", "--world", "moon"), ("moon", "desktop, qemu, renode")),
        (("fly", "none.toml", "--world", "desktop"), ("none.toml",)),
        ((*FLY, "--seed", "one"), ("--seed", "one")),
        ((*FLY, "--seed", "-1"), ("seed = -1",)),
        ((*FLY, "--set", "orbit.tel=x"), ("orbit.tel", "did you mean")),
        ((*FLY, "--set", "initial.rate_deg_s"), ("key=value",)),
        ((*FLY, "--set", "initial.rate_deg_s=fast"), ("initial.rate_deg_s",)),
        ((*FLY, "--set", "initial.rate_deg_s=1e9"), ("initial.rate_deg_s",)),
        ((*FLY, "--set", "orbit.name=NOTHING"), ("NOTHING",)),
        ((*FLY, "--set", "orbit.tle=/nowhere.tle"), ("/nowhere.tle",)),
        ((*FLY, "--set", "fault.ak09916.kind=tired"), ("tired",)),
        ((*FLY, "--duration", "-5"), ("duration_s",)),
        ((*FLY, "--duration", "nan"), ("duration_s",)),
        (("diff", "first-light", "--worlds", "desktop"), ("at least two",)),
        (("diff", "first-light", "--worlds", "desktop,moon"), ("moon",)),
        (("diff", "first-lite"), ("first-lite",)),
        (("bench", "--only", "luck"), ("luck", "speed")),
        (("decode", "/nowhere/frames.mff"), ("/nowhere/frames.mff",)),
        (("decode",), ("FILE",)),
        (("dictionary", "--output", "/nowhere/telemetry.md"), ("/nowhere",)),
        (("new", "spacecraft", "x"), ("spacecraft",)),
        (("new", "app", "Bad-Name"), ("Bad-Name",)),
        (("new", "app", "class"), ("class",)),
        (("new", "app", "power"), ("power",)),
        (("new", "app", "supervisor"), ("supervisor",)),
    ],
)
def test_one_clear_line(microflight, line, words):
    refused(microflight(*line), *words)


@pytest.mark.parametrize("content", ["", "name = ", "name = 1\n", "[orbit", "\xff\xfe"])
def test_malformed_scenarios(microflight, tmp_path, content):
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="latin-1")
    refused(microflight("fly", str(path), "--world", "desktop"), "bad.toml")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense\n",
        "NAME\n1 61781U 24199AY\n2 61781\n",
        "NAME\n1 61781U 24199AY  26276.60665302  .00005378  00000+0  15024-3 0  9990\n"
        "2 61781  97.2809 144.3027 0011472 281.0042  78.9912 15.37064577150572\n",
    ],
)
def test_malformed_orbits(microflight, tmp_path, content):
    path = tmp_path / "bad.tle"
    path.write_text(content, encoding="ascii")
    refused(microflight(*FLY, "--set", f"orbit.tle={path}"), "bad.tle")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('command = "warp"', ("warp", "unknown")),
        ('command = "power_switch"\nargs = {load = 1}', ("'on' is missing",)),
        ('command = "power_switch"\nargs = {load = 9, on = 1}', ("outside 0 .. 3",)),
        ('command = "power_switch"\nargs = {load = 1, on = 1, off = 0}', ("'off'",)),
        ('command = "set_parameters"\nargs = {nothing = 1}', ("nothing",)),
    ],
)
def test_telecommands_of_a_scenario_are_checked_before_the_flight(
    microflight, scenario_file, row, words
):
    path = scenario_file(f"\n[[timeline]]\nt_s = 5.0\n{row}\n")
    refused(microflight("fly", path, "--world", "desktop", "--no-live"), "own.toml", *words)


def test_a_missing_emulator_is_named(microflight, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    refused(microflight("fly", "first-light", "--world", "qemu"), "qemu-system-arm", "PATH")
    refused(microflight("fly", "first-light", "--world", "renode"), "renode", "--world qemu")


@pytest.mark.parametrize(("world", "program"), [("qemu", "qemu-system-arm"), ("renode", "renode")])
def test_an_emulator_that_dies_is_named_with_its_last_words(
    microflight, firmware, monkeypatch, tmp_path, world, program
):
    fake = tmp_path / program
    fake.write_text("#!/bin/sh\necho out of luck >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = microflight("fly", "first-light", "--world", world, "--no-live")
    refused(result, world, "ended with code 3", "out of luck")


def test_missing_and_foreign_firmware_is_named(microflight, monkeypatch, tmp_path):
    monkeypatch.setattr(worlds.shutil, "which", lambda name: f"/bin/{name}")
    line = ("fly", "first-light", "--world", "qemu", "--elf")
    refused(microflight(*line, str(tmp_path / "none.elf")), "none.elf", "make firmware")
    foreign = tmp_path / "foreign.elf"
    for content in (b"", b"no ELF at all" * 10):
        foreign.write_bytes(content)
        refused(microflight(*line, str(foreign)), "foreign.elf", "make firmware")


@pytest.mark.parametrize("option", ["--json", "--report", "--frames"])
def test_outputs_that_cannot_be_written(microflight, tmp_path, option):
    (tmp_path / "file").write_text("")
    for target in (str(tmp_path / "file" / "out"), str(tmp_path)):
        result = microflight(*FLY, "--duration", "3", option, target)
        refused(result, target)
        assert result[1] == ""  # said before the flight


def test_figures_that_cannot_be_written_are_not_measured(microflight, tmp_path):
    refused(microflight("bench", "--json", str(tmp_path)), str(tmp_path))


def test_a_file_that_is_no_recording(microflight, tmp_path):
    path = tmp_path / "a.mff"
    path.write_bytes(b"something else")
    refused(microflight("decode", str(path)), "not a frames file")


@pytest.mark.parametrize(
    "command", ["fly", "diff", "bench", "verify", "dictionary", "decode", "new"]
)
def test_help_teaches_by_example(microflight, command):
    code, out, _ = microflight(command, "--help")
    assert code == 0
    assert "examples:" in out
    assert f"microflight {command}" in out
