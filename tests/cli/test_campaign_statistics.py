"""Campaigns without flying: what is drawn, and what is made of the runs."""

import pytest

from cli import flights
from cli.campaigns import statistics
from cli.campaigns.adcs_dispersions import DETUMBLE, POINTING, table
from cli.campaigns.dispersion import Dispersion, free, run_seed
from cli.campaigns.runs import Run
from ground.campaign_report import histogram

KEYS = {row.key for row in DETUMBLE}


def test_another_seed_draws_everything_anew():
    first, second = run_seed(1, "adcs-mc", 0), run_seed(2, "adcs-mc", 0)
    for row in (*DETUMBLE, *POINTING):
        assert row.draw(first) != row.draw(second)
    assert len({run_seed(1, "adcs-mc", index) for index in range(10_000)}) == 10_000


def test_what_is_set_by_hand_is_not_drawn():
    keys = {row.key for row in free(DETUMBLE, ["orbit.altitude_km = 500"])}
    assert KEYS - keys == {"orbit.altitude_km"}
    keys = {row.key for row in free(DETUMBLE, ["orbit.name=METEOR-M2 3"])}
    assert KEYS - keys == {key for key in KEYS if key.startswith("orbit.")}


@pytest.mark.parametrize("row", sorted({*DETUMBLE, *POINTING}, key=str), ids=lambda row: row.key)
def test_draws_fill_their_range(row):
    drawn = [row.draw(run_seed(3, "test", index)) for index in range(400)]
    values = [value for draw in drawn for value in (draw if row.axes else [draw])]
    assert all(row.low <= value <= row.high for value in values)
    middle = (row.low * row.high) ** 0.5 if row.log else (row.low + row.high) / 2
    below = sum(value < middle for value in values) / len(values)
    assert 0.4 < below < 0.6
    assert min(values) < row.low + 0.05 * (row.high - row.low)
    assert max(values) > row.high - 0.05 * (row.high - row.low)
    if row.axes:
        assert all(len(set(draw)) == row.axes for draw in drawn)


@pytest.mark.parametrize(("name", "rows"), [("first-light", DETUMBLE), ("commissioning", POINTING)])
def test_every_row_of_a_scenario_can_be_set(name, rows):
    scenario = flights.load_scenario(name)
    assert table(scenario) is rows
    for row in rows:
        for seed in (1, 2):
            flights.load_scenario(name, [f"{row.key}={row.draw(seed)!r}"])


def test_a_row_added_to_the_table_changes_no_other_draw():
    row = Dispersion("a", 0.0, 1.0, "", "")
    assert row.draw(5) == Dispersion("a", 0.0, 1.0, "", "other words").draw(5)
    assert row.draw(5) != Dispersion("b", 0.0, 1.0, "", "").draw(5)


def judged(index, value, passed, name="rest"):
    check = {"name": name, "value": value, "limit": 10.0, "unit": "s", "pass": passed}
    run = Run(index, "first-light", index, (), 1.0)
    return run.row("pass" if passed else "fail", checks=[check])


@pytest.mark.parametrize(
    ("failed", "passed", "value"), [(0, True, 9.0), (1, True, 9.0), (2, False, None)]
)
def test_one_in_a_hundred_may_fail(failed, passed, value):
    rows = [judged(i, None if i < failed else 9.0, i >= failed) for i in range(100)]
    figures = {figure.name: figure for figure in statistics.figures(rows)}
    for name in ("runs that pass", "rest: runs that keep it", "rest: 99 of 100 runs"):
        assert figures[name].passed is passed, name
    assert figures["rest: 99 of 100 runs"].value == value


def test_distributions_and_the_worst():
    rows = [judged(i, float(i % 10), i % 10 < 9) for i in range(1000)] + [judged(1000, None, False)]
    (spread,) = statistics.distributions(rows)
    assert (spread["min"], spread["median"], spread["max"]) == (0.0, 5.0, None)
    assert (spread["not_reached"], spread["p95"]) == (1, 9.0)
    cases = statistics.worst(rows)
    assert [case["index"] for case in cases] == [1000, 9, 19, 29, 39]
    assert statistics.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert statistics.quantile(list(range(1, 101)), 0.99) == 99


def test_a_campaign_of_which_nothing_flew_fails():
    rows = [Run(0, "first-light", 0, (), 1.0).broken("lost")]
    assert [figure.passed for figure in statistics.figures(rows)] == [False, False]


def test_histograms_count_everything_once():
    counts, edges = histogram([1.0, 2.0, 2.5, 4.0])
    assert sum(counts) == 4 and len(edges) == len(counts) + 1
    assert edges[0] == 1.0 and edges[-1] == pytest.approx(4.0)
    assert histogram([2.0, 2.0])[0] == [2]
