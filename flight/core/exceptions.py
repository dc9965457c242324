"""Numbers of contained exceptions in events: errno of a HalError (below 256), else by type."""

from hal.compat import const
from hal.errors import HalError

OTHER = const(256)
OUT_OF_MEMORY = const(257)
_CODES = (
    (MemoryError, OUT_OF_MEMORY),
    (ValueError, 258),
    (IndexError, 259),
    (KeyError, 260),
    (TypeError, 261),
    (AttributeError, 262),
    (OverflowError, 263),
    (ZeroDivisionError, 264),
    (OSError, 265),
)


def exception_code(error):
    """The number of an exception."""
    if isinstance(error, HalError):
        return error.code
    for entry in _CODES:
        if isinstance(error, entry[0]):
            return entry[1]
    return OTHER
