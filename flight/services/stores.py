"""Service 15, on-board storage and retrieval (ECSS-E-ST-70-41C, 6.15 and 8.15): one packet store
for each partner, whose number is that of its owner.

15/1, 15/2, 15/12, 15/17: count u8, then packet store ids u8 (count 0: all that the owner may use).
15/9: count u8, then (id u8, from, to) each, times of 6 octets (CUC 4+2 without P-field).
15/11: time, count u8, ids. 15/13 answers 15/12: count u8, then (id u8, time of the oldest packet,
of the newest, from which the open retrieval begins, percentage filled u8, percentage from there on
u8). A store belongs to its owner: the host may look at it, stop it, start it and end a retrieval of
it; he can neither have it sent nor delete it.
"""

from flight.core import failures, telemetry
from flight.packets.octets import u30
from hal.compat import const

_ENABLE = const(1)
_DISABLE = const(2)
_RETRIEVE = const(9)
_DELETE = const(11)
_REPORT = const(12)
_ABORT = const(17)
_SUBTYPES = bytes((_ENABLE, _DISABLE, _RETRIEVE, _DELETE, _REPORT, _ABORT))
_SUBTYPE_AT = const(8)  # in a telecommand
_STORES = const(4)
_TIME = const(6)
_ROW = const(21)  # of 15/13
_APP = const(5)
_HOST = const(0)


class StoreService:
    """Handler of all its telecommands. `stores` is apps/storage/stores.py: Stores; `buffer` may be
    used within a call."""

    def __init__(self, stores, reports, commands, buffer):
        self._stores = stores
        self._reports = reports
        self._body = buffer  # 85 bytes of it, within a call
        for subtype in _SUBTYPES:
            commands.serve(15, subtype, self)

    def accept(self, packet, at, n, owner):
        """Length, known stores, entitled owner."""
        subtype = packet[_SUBTYPE_AT]
        row = 1 + 2 * _TIME if subtype == _RETRIEVE else 1
        if subtype == _DELETE:
            at += _TIME
            n -= _TIME
        if n < 1:
            return failures.BAD_LENGTH
        count = packet[at]
        if n != 1 + count * row:
            return failures.BAD_LENGTH
        if count > _STORES or (count == 0 and subtype == _RETRIEVE):
            return failures.OUT_OF_RANGE
        for i in range(count):
            place = at + 1 + i * row
            store = packet[place]
            if store >= _STORES:
                return failures.OUT_OF_RANGE
            if not _may(subtype, store, owner):
                return failures.NOT_AUTHORISED
            if subtype == _RETRIEVE and u30(packet, place + 1) < 0:
                return failures.OUT_OF_RANGE
            if subtype == _RETRIEVE and u30(packet, place + 1 + _TIME) < 0:
                return failures.OUT_OF_RANGE
        if subtype == _DELETE and u30(packet, at - _TIME) < 0:
            return failures.OUT_OF_RANGE
        return failures.OK

    def start(self, packet, at, n, owner):
        """A store that is being read or deleted is not read again."""
        if packet[_SUBTYPE_AT] == _RETRIEVE:
            for i in range(packet[at]):
                archive = self._stores.archives[packet[at + 1 + i * (1 + 2 * _TIME)]]
                if archive.reading() or archive.deleting():
                    return failures.REFUSED
        return failures.OK

    def run(self, packet, at, n, owner):
        """Each store in turn."""
        subtype = packet[_SUBTYPE_AT]
        row = 1 + 2 * _TIME if subtype == _RETRIEVE else 1
        first = at
        if subtype == _DELETE:
            first += _TIME
        count = packet[first]
        if subtype == _REPORT:
            return self._answer(packet, first, count, owner)
        for store in range(_STORES):
            place = _place_of(packet, first, count, row, store)
            if place < 0 and (count or not _may(subtype, store, owner)):
                continue
            archive = self._stores.archives[store]
            if subtype == _RETRIEVE:
                # Whole seconds are what a store knows.
                to_s = u30(packet, place + 1 + _TIME)
                archive.select(u30(packet, place + 1), to_s, 0)
            elif subtype == _DELETE:
                archive.delete(u30(packet, at))
            elif subtype == _ABORT:
                archive.abort()
            else:
                archive.enabled(subtype == _ENABLE)
        if subtype in (_ENABLE, _DISABLE) and self._stores.save() < 0:
            return failures.STORAGE_ERROR
        return failures.OK

    def _answer(self, packet, first, count, owner):
        """15/13 to whoever asked."""
        body = self._body
        body[0] = 0
        at = 1
        for store in range(_STORES):
            place = _place_of(packet, first, count, 1, store)
            if place < 0 and (count or not _may(_REPORT, store, owner)):
                continue
            archive = self._stores.archives[store]
            body[0] += 1
            body[at] = store
            _put_time(body, at + 1, archive.oldest())
            _put_time(body, at + 7, archive.newest())
            _put_time(body, at + 13, archive.begins())
            body[at + 19] = archive.fill()
            body[at + 20] = archive.left()
            at += _ROW
        destination = packet[9] << 8 | packet[10]
        kind = telemetry.STORES
        sent = self._reports.send(owner, _APP, kind, destination, body, at)
        return failures.OK if sent else failures.QUEUE_FULL


def _may(subtype, store, owner):
    """Whether `owner` may do that to `store`."""
    return store == owner or (owner == _HOST and subtype not in (_RETRIEVE, _DELETE))


def _place_of(packet, first, count, row, store):
    """Where a telecommand names `store`, -1 when it does not."""
    for i in range(count):
        if packet[first + 1 + i * row] == store:
            return first + 1 + i * row
    return -1


def _put_time(body, at, seconds):
    for i in range(4):
        body[at + i] = seconds >> (24 - 8 * i) & 0xFF
    body[at + 4] = 0
    body[at + 5] = 0
