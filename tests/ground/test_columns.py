"""Columns of telemetry: whatever goes in comes out, in value and type, and numbers take little."""

import math
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.columns import Column
from ground.decode import Report
from ground.history import History

NUMBERS = st.one_of(st.floats(), st.integers(-(1 << 70), 1 << 70), st.booleans())
VALUES = st.one_of(
    NUMBERS,
    st.none(),
    st.text(max_size=3),
    st.lists(NUMBERS, max_size=3),
    st.lists(st.floats(), min_size=2, max_size=2),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


def exact(value):
    """The value with its types; not-a-number made comparable."""
    if isinstance(value, (list, tuple)):
        return type(value), [exact(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return float, "nan"
    return type(value), repr(value)


@given(
    st.one_of(
        st.lists(VALUES),
        st.lists(st.floats()),
        st.lists(st.integers(-(1 << 65), 1 << 65)),
        st.lists(st.lists(st.floats(), min_size=3, max_size=3)),
        st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255))),
    )
)
def test_a_column_is_the_list_that_went_in(values):
    column = Column()
    for count, value in enumerate(values):
        assert len(column) == count
        column.append(value)
    assert exact(list(column)) == exact(values)
    assert exact([column[i] for i in range(len(values))]) == exact(values)
    assert exact([column[i] for i in range(-len(values), 0)]) == exact(values)
    assert exact(column[1:]) == exact(values[1:]) and exact(column[::-2]) == exact(values[::-2])
    assert bool(column) == bool(values) and exact(list(reversed(column))) == exact(values[::-1])
    assert exact(list(pickle.loads(pickle.dumps(column)))) == exact(values)
    for index in (len(values), -len(values) - 1):
        with pytest.raises(IndexError):
            column[index]


@pytest.mark.parametrize(
    "values", [[1.5, 2.5], [1, 2], [[1.0, 2.0]], [(1, 2), (3, 4)], ["a"], [1, 2.0], [1, 1 << 64]]
)
def test_it_compares_counts_and_goes_into_numpy_as_a_list_does(values):
    column = Column(values)
    assert column == values and values == column and column == Column(values)
    assert column != values[:-1] and not column == [*values, 0]
    assert column.count(values[0]) == 1 and values[0] in column
    assert np.array_equal(np.asarray(list(column), object), np.asarray(values, object))


def test_numbers_take_eight_octets_each():
    vectors = Column([float(i), 0.5 * i, -1.0] for i in range(10_000))
    assert sys.getsizeof(vectors._numbers) < 10_000 * 3 * 8 * 1.15 and not vectors._rows
    scalars = Column(range(10_000))
    assert sys.getsizeof(scalars._numbers) < 10_000 * 8 * 1.15 and not scalars._rows


def test_what_a_packet_says_stays_what_it_was_when_a_field_changes_its_kind():
    history = History()
    rows = [{"a": 1, "b": [1.0, 2.0]}, {"a": 2, "b": [3.0, 4.0]}, {"a": 2.5, "b": [5.0]}]
    for t_s, values in enumerate(rows):
        report = Report("housekeeping", "x", 1, float(t_s), float(t_s), 0, "host", None)
        report.raw = report.values = values
        history.add(report)
    assert history.column("x", "a") == ([0.0, 1.0, 2.0], [1, 2, 2.5])
    assert history.column("x", "b")[1] == [[1.0, 2.0], [3.0, 4.0], [5.0]]
    assert type(history.column("x", "a")[1][0]) is int
