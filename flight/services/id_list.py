"""A request that is a list: count u8, then ids u16. Every one is checked before any is acted on."""

from flight.core import failures
from hal.compat import const

_COUNT_MAX = const(24)


def check_ids(handler, packet, at, n, owner):
    """Failure code: length, then `handler.check_id(id, subtype, owner)` of every id."""
    if n < 1:
        return failures.BAD_LENGTH
    count = packet[at]
    if count < 1 or count > _COUNT_MAX:
        return failures.OUT_OF_RANGE
    if n != 1 + 2 * count:
        return failures.BAD_LENGTH
    for i in range(count):
        place = at + 1 + 2 * i
        code = handler.check_id(packet[place] << 8 | packet[place + 1], packet[8], owner)
        if code:
            return code
    return failures.OK


def act_on_ids(handler, packet, at, owner):
    """Failure code of the first `handler.act_on(id, subtype, owner)` that fails."""
    for i in range(packet[at]):
        place = at + 1 + 2 * i
        code = handler.act_on(packet[place] << 8 | packet[place + 1], packet[8], owner)
        if code:
            return code
    return failures.OK
