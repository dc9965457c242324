"""The firmware in the emulator against the desktop, and the emulator against itself."""

import json

from cli import worlds


def test_desktop_and_emulator_are_bit_equal(microflight, firmware):
    code, out, err = microflight("diff", "first-light", "--duration", "300")
    assert code == 0, out + err
    assert "bit-equal" in out and ", 0 differences" in out


def test_the_emulator_is_deterministic(microflight, firmware, tmp_path):
    recordings = []
    for run in ("a", "b"):
        path = tmp_path / run
        microflight(
            *("fly", "first-light", "--world", "qemu", "--no-live"),
            *("--duration", "60", "--frames", str(path)),
        )
        recordings.append(path.read_bytes())
    assert len(recordings[0]) > 10000
    assert recordings[0] == recordings[1]


def test_an_emulated_flight_names_its_firmware(microflight, firmware, tmp_path):
    target = tmp_path / "result.json"
    microflight(
        *("fly", "first-light", "--world", "qemu", "--no-live"),
        *("--duration", "5", "--json", str(target)),
    )
    result = json.loads(target.read_text(encoding="utf-8"))
    assert result["firmware"] == worlds.firmware(firmware)
    assert len(result["firmware"]["elf_sha256"]) == 64
    assert 0 < result["firmware"]["flash_B"] <= 512 * 1024
    assert 0 < result["firmware"]["ram_B"] <= 128 * 1024


def test_worlds_of_different_seeds_are_told_apart(microflight, firmware):
    """The comparison itself can fail: the same scenario, another noise."""
    from cli.comparison import Record, compare
    from cli.flights import prepare

    records = []
    for seed in (1, 2):
        flight = prepare("first-light", "desktop", seed, ["duration_s=30"])
        record = Record(flight.dictionary)
        flight.listeners.append(record.frame)
        flight.fly()
        records.append(record)
    result = compare(*records, flight.dictionary)
    assert result.differences
    assert any("mag_B_T" in line for line in result.differences)
