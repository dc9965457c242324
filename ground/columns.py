"""Columns of telemetry: what a field said over a long flight, kept as plain numbers.

A list costs 8 octets an entry and some 30 to 60 for every number in it, and a column of vectors
three times that again. An array of machine numbers costs 8 octets for each number.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Dict, List, Optional

_CODES: Dict[type, str] = {float: "d", int: "q"}
_SHAPES = (tuple, list)


class Column(Sequence[Any]):
    """A list to read and to append to: what comes out equals what went in, in value and type.

    Held as an array while all entries are floats, all are integers of 64 bits, or all are tuples
    (lists) of as many of one of them; from the first that is not, as a list.
    """

    __slots__ = ("_numbers", "_rows", "_shape", "_type", "_width")

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._numbers: Optional[Any] = None  # array; None: `_rows` has the entries
        self._rows: List[Any] = []
        self._shape: Any = None  # type of an entry that is no single number
        self._type: Any = None  # of the numbers
        self._width = 1
        for value in values:
            self.append(value)

    def append(self, value: Any) -> None:
        """Add an entry."""
        if self._numbers is None and (self._rows or not self._begin(value)):
            self._rows.append(value)
            return
        numbers: Any = self._numbers
        try:
            if self._shape is None:
                if type(value) is self._type:
                    numbers.append(value)
                    return
            elif type(value) is self._shape and len(value) == self._width:
                if [*map(type, value)].count(self._type) == self._width:
                    numbers.extend(array(str(numbers.typecode), value))
                    return
        except OverflowError:
            pass  # more than 64 bits: a list takes it
        self._rows = [*self, value]
        self._numbers = None

    def _begin(self, value: Any) -> bool:
        """Be an array of what the first entry is, when it is plain numbers."""
        first = value
        if type(value) in _SHAPES and value:
            self._shape = type(value)
            self._width = len(value)
            first = value[0]
        code = _CODES.get(type(first))
        if code is None:
            return False
        self._type = type(first)
        self._numbers = array(code)
        return True

    def __len__(self) -> int:
        return len(self._rows) if self._numbers is None else len(self._numbers) // self._width

    def __iter__(self) -> Iterator[Any]:
        numbers, width, shape = self._numbers, self._width, self._shape
        if numbers is None:
            return iter(self._rows)
        if shape is None:
            return iter(numbers)
        return (shape(numbers[at : at + width]) for at in range(0, len(numbers), width))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if self._numbers is None:
            return self._rows[index]
        if self._shape is None:
            return self._numbers[index]
        count = len(self)
        if not -count <= index < count:
            raise IndexError("no such entry")
        at = index % count * self._width
        return self._shape(self._numbers[at : at + self._width])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Column):
            return list(self) == list(other)
        return list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Column({list(self)!r})"
