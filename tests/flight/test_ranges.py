"""Lists of ranges against sets of octets; shares of the pool."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core.ranges import NONE, Ranges

SIZE = 60
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "cut")),
        st.integers(0, 2),
        st.integers(0, SIZE - 1),
        st.integers(1, 12),
    ),
    max_size=60,
)


def listed(ranges: Ranges, slot: int) -> list[tuple[int, int]]:
    found = []
    node = ranges.first[slot]
    while node != NONE:
        found.append((ranges.starts[node], ranges.stops[node]))
        node = ranges.next[node]
    return found


def runs(octets: set[int]) -> list[tuple[int, int]]:
    """A set as ranges."""
    found: list[tuple[int, int]] = []
    for octet in sorted(octets):
        if found and found[-1][1] == octet:
            found[-1] = (found[-1][0], octet + 1)
        else:
            found.append((octet, octet + 1))
    return found


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_lists_are_the_sets_they_stand_for_and_full_ones_stay_as_they_are(steps) -> None:
    ranges = Ranges(3, 2, 3)
    model: list[set[int]] = [set(), set(), set()]
    for what, slot, begin, n in steps:
        octets = set(range(begin, begin + n))
        wanted = model[slot] | octets if what == "add" else model[slot] - octets
        done = getattr(ranges, what)(slot, begin, begin + n)
        beyond = sum(max(0, len(runs(m)) - 2) for i, m in enumerate(model) if i != slot)
        fits = len(runs(wanted)) <= 2 or beyond + len(runs(wanted)) - 2 <= 3
        if done:
            model[slot] = wanted
        else:
            assert not fits or len(runs(wanted)) > len(runs(model[slot]))
        if fits:
            assert done
        for each in range(3):
            assert listed(ranges, each) == runs(model[each])
            assert ranges.count[each] == len(runs(model[each]))


def test_nobody_takes_the_share_of_another() -> None:
    ranges = Ranges(3, 2, 3)
    assert [ranges.add(0, 10 * i, 10 * i + 1) for i in range(6)] == [True] * 5 + [False]
    for slot in (1, 2):
        assert [ranges.add(slot, 10 * i, 10 * i + 1) for i in range(3)] == [True, True, False]
    ranges.clear(0)
    assert listed(ranges, 0) == [] and ranges.add(1, 20, 21)
