"""Service 20, parameter management (ECSS-E-ST-70-41C, 6.20): 20/1 reports values, 20/3 sets them.

20/3: count u8 (1..8), then (parameter id u16, value) each. All are set, or none.
20/1: count u8 (1..24), then parameter ids u16; answered by 20/2, laid out as 20/3. What the
platform is set to anybody may ask, what a partner is set to he and the host.
"""

from flight.core import failures, telemetry
from hal.compat import const

_COUNT_MAX = const(8)
_REPORT_MAX = const(24)
_VALUE_MAX = const(4)
_CORE = const(0)


class Parameters:
    """Handler of 20/3."""

    def __init__(self, params):
        self._params = params

    def accept(self, packet, at, n, owner):
        """Every id known, its owner entitled, its value whole and in range, nothing left over."""
        params = self._params
        end = at + n
        if n < 1:
            return failures.BAD_LENGTH
        count = packet[at]
        if count < 1 or count > _COUNT_MAX:
            return failures.OUT_OF_RANGE
        at += 1
        for _ in range(count):
            if at + 2 > end:
                return failures.BAD_LENGTH
            row = params.find(packet[at] << 8 | packet[at + 1])
            if row < 0:
                return failures.UNKNOWN_PARAMETER
            if not params.may_set(row, owner):
                return failures.NOT_AUTHORISED
            at += 2
            if at + params.value_size(row) > end:
                return failures.BAD_LENGTH
            if not params.in_range(row, packet, at):
                return failures.OUT_OF_RANGE
            at += params.value_size(row)
        return failures.OK if at == end else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Set all, store the image; when storing fails, nothing is changed."""
        params = self._params
        params.begin()
        first = at + 1
        at = first
        for _ in range(packet[first - 1]):
            row = params.find(packet[at] << 8 | packet[at + 1])
            params.put(row, packet, at + 2)
            at += 2 + params.value_size(row)
        if params.commit() < 0:
            return failures.STORAGE_ERROR
        at = first
        for _ in range(packet[first - 1]):
            row = params.find(packet[at] << 8 | packet[at + 1])
            params.announce(row, owner)
            at += 2 + params.value_size(row)
        return failures.OK


class ParameterReports:
    """Handler of 20/1."""

    def __init__(self, params, reports):
        self._params = params
        self._reports = reports
        self._body = bytearray(1 + _REPORT_MAX * (2 + _VALUE_MAX))

    def accept(self, packet, at, n, owner):
        """Every id known, nothing left over."""
        if n < 1:
            return failures.BAD_LENGTH
        count = packet[at]
        if count < 1 or count > _REPORT_MAX:
            return failures.OUT_OF_RANGE
        if n != 1 + 2 * count:
            return failures.BAD_LENGTH
        at += 1
        for _ in range(count):
            row = self._params.find(packet[at] << 8 | packet[at + 1])
            if row < 0 or not self._params.may_know(row, owner):
                return failures.UNKNOWN_PARAMETER
            at += 2
        return failures.OK

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Send 20/2 to whoever asked."""
        params = self._params
        body = self._body
        body[0] = packet[at]
        end = 1
        for i in range(packet[at]):
            place = at + 1 + 2 * i
            row = params.find(packet[place] << 8 | packet[place + 1])
            body[end] = packet[place]
            body[end + 1] = packet[place + 1]
            params.get_into(row, body, end + 2)
            end += 2 + params.value_size(row)
        destination = packet[9] << 8 | packet[10]
        kind = telemetry.PARAMETERS
        sent = self._reports.send(owner, _CORE, kind, destination, body, end)
        return failures.OK if sent else failures.QUEUE_FULL
