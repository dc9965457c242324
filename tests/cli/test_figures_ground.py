"""The figures of the ground compare readers that read the same."""

import pytest

from cli import figures_ground
from cli.errors import CliError
from tests.ground import build

PACKETS = [build.tm_packet(17, 2, b"", sequence=n) for n in range(40)]
LONG = [build.tm_packet(3, 25, bytes(range(n, n + 150)), sequence=n) for n in range(30)]


def test_both_ways_to_the_headers_find_every_packet():
    frames = build.frames([*PACKETS, *LONG, *PACKETS])
    assert figures_ground.headers_ours(frames) == 110
    assert figures_ground.headers_theirs(frames) == 110


def test_readers_that_disagree_have_no_figure():
    assert figures_ground.best_of(2, lambda: 3, lambda: 3)[0] > 0
    for ways in ((lambda: 3, lambda: 4), (lambda: 0, lambda: 0)):
        with pytest.raises(CliError, match="do not agree"):
            figures_ground.best_of(1, *ways)
