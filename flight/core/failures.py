"""Verification failure codes; names in flight/core/definitions.py FAILURES, checked by a test."""

from hal.compat import const

OK = const(0)
BAD_PACKET = const(1)
BAD_LENGTH = const(2)
BAD_CRC = const(3)
WRONG_APID = const(4)
UNKNOWN_SERVICE = const(5)
UNKNOWN_FUNCTION = const(6)
NOT_AUTHORISED = const(7)
OUT_OF_RANGE = const(8)
UNKNOWN_PARAMETER = const(9)
NOT_ARMED = const(10)
REFUSED = const(11)
DEVICE_ERROR = const(12)
STORAGE_ERROR = const(13)
QUEUE_FULL = const(14)
BAD_DATA = const(15)
STALE = const(16)
NO_ANSWER = const(17)
QUOTA_FULL = const(18)
RATE_LIMIT = const(19)
NESTED_COMMAND = const(20)
TIME_PAST = const(21)
TIME_OVERFLOW = const(22)
TIME_BACKWARD = const(23)
UNKNOWN_REQUEST = const(24)
UNKNOWN_SEQUENCE = const(25)

# No failure: the completion of this telecommand is reported later (core/commands.py).
LATER = const(255)
