"""How figures are judged: limits, missing values, percentiles."""

import pytest

from cli.figure_groups import GROUPS
from cli.figures import Figure, percentile, refused_frame
from ground.dictionary import Dictionary


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (Figure("a", 1.0, 1.0, ""), True),
        (Figure("a", 1.1, 1.0, ""), False),
        (Figure("a", 1.0, 1.0, "", ">="), True),
        (Figure("a", 0.9, 1.0, "", ">="), False),
        (Figure("a", None, 1.0, ""), False),
        (Figure("a", None, None, ""), False),
        (Figure("a", 5.0, None, ""), True),
        (Figure("a", 0.5, 1.0, "", failed=True), False),
    ],
)
def test_verdicts(figure, passed):
    assert figure.passed is passed
    assert figure.row()["pass"] is passed


def test_percentile_is_the_upper_edge_of_its_bin():
    assert percentile([999, 1, 0, 0], 1.0, 0.999, 1.4) == 1.0
    assert percentile([998, 2, 0, 0], 1.0, 0.999, 1.4) == 1.4
    assert percentile([998, 2, 0, 0], 1.0, 0.999, 9.0) == 2.0
    assert percentile([0, 0, 0, 10], 1.0, 0.999, 77.0) == 77.0


def test_the_refused_telecommand_is_sound_but_out_of_range():
    frame = refused_frame(Dictionary())
    assert len(frame) == (frame[2] & 3) << 8 | frame[3] + 1
    command = Dictionary().commands["power_switch"]
    assert frame[6 + 11 + 2] > command.arguments[0].highest


def test_every_group_has_a_description():
    for group in GROUPS.values():
        assert group.__doc__
