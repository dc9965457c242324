"""Figures of the executive: what cannot be measured is listed, what is measured is judged."""

from pathlib import Path

import pytest

from cli import device_script, figures_executive
from cli.errors import CliError
from cli.figures import Bench, Figure
from tests.emulated import qemu


def quiet(elf: Path) -> Bench:
    return Bench(1, elf, say=lambda text: None)


def test_a_build_that_is_not_there_is_named_with_how_to_make_it(tmp_path):
    elf = tmp_path / "pyboard-development" / "microflight.elf"
    figures = figures_executive.ticks_at_worst(quiet(elf), 10)
    assert len(figures) == 10 and not any(figure.passed for figure in figures)
    assert all("TICK_MS=10" in figure.note for figure in figures)
    assert {figure.name.split(":")[0] for figure in figures} == {"100 Hz"}


def test_long_groups_count_as_many_ticks_as_the_issue_of_them_wants():
    assert figures_executive.STORM_TICKS == {100: 10**5, 10: 10**6}
    assert set(figures_executive.LONG_GROUPS) == {"tick-10hz", "tick-100hz", "soak", "soak-qemu"}


def test_a_histogram_is_written_with_its_figure():
    row = Figure("a", 1.0, 2.0, "us", histogram=[1, 2, 3]).row()
    assert row["histogram"] == [1, 2, 3]
    assert "histogram" not in Figure("a", 1.0, 2.0, "us").row()


def test_a_script_that_fails_says_how(tmp_path):
    with pytest.raises(CliError, match="the script failed: .*"):
        device_script.run(qemu.firmware(), "raise ValueError(3)")
    assert device_script.run(qemu.firmware(), "print(6 * 7)").strip() == "42"


def test_the_scheduler_takes_little_for_twelve_apps():
    assert 0.5 < device_script.scheduler_overhead(qemu.firmware()) <= 3.0


@pytest.mark.accept
def test_a_short_storm_is_one_and_loses_no_tick(monkeypatch):
    monkeypatch.setitem(figures_executive.STORM_TICKS, 100, 1500)
    figures = figures_executive.ticks_at_worst(quiet(qemu.firmware()), 100)
    assert not [figure.name for figure in figures if not figure.passed]
