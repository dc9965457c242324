"""Values as somebody gave them, on a command line or in JSON: taken as numbers, texts or lists, or
refused by a `CommandError` that names the place.
"""

import math
from typing import Any, List, Mapping, Sequence, Union

from ground.errors import CommandError

SHOWN = 60  # characters of a value in a message


def shown(value: Any) -> str:
    """The value for a message, in one line that is not too long."""
    try:
        text = repr(value)
    except ValueError:  # more digits than Python writes
        return "a number without an end"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def word(value: Any) -> str:
    """A name or a label; what is no text is shown as one."""
    return value if isinstance(value, str) else shown(value)


def whole(where: str, value: Any, lowest: int, highest: int) -> int:
    """A whole number within limits; as text also hexadecimal and so on, as Python writes them."""
    number = value
    if isinstance(value, str):
        try:
            number = int(value, 0)
        except ValueError:
            number = None
    elif isinstance(value, float):
        number = int(value) if math.isfinite(value) and value == int(value) else None
    if not isinstance(number, int):
        raise CommandError(f"{where}: {shown(value)} is not a whole number")
    if not lowest <= number <= highest:
        raise CommandError(f"{where}: {shown(value)} is outside {lowest} .. {highest}")
    return int(number)


def finite(where: str, value: Any, of: str = "") -> float:
    """A number that is one: neither infinite nor NaN. `of`: what it counts."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, (bytes, bytearray)) or not math.isfinite(number):
        raise CommandError(f"{where}: {shown(value)} is not a finite number{of}")
    return number


def octets(where: str, value: Union[str, bytes]) -> bytes:
    """A text in UTF-8; octets as they are."""
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise CommandError(f"{where}: {shown(value)} is not a text in UTF-8") from None


def given(where: str, values: Any) -> Union[Mapping[str, Any], Sequence[Any]]:
    """Arguments: a table by name, or a list in order."""
    if isinstance(values, (Mapping, list, tuple)):
        return values
    raise CommandError(f"{where}: arguments are a table by name, not {shown(values)}")


def listed(where: str, value: Any) -> List[Any]:
    """A list of 255 at most."""
    if not isinstance(value, (list, tuple)) or len(value) > 255:
        raise CommandError(f"{where}: a list is wanted, of 255 at most")
    return list(value)
