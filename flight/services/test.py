"""Service 17, test (ECSS-E-ST-70-41C, 6.17): 17/1 is answered by 17/2."""

from flight.core import failures, telemetry

_CORE = 0


class Test:
    """Handler of 17/1."""

    def __init__(self, reports):
        self._reports = reports

    def accept(self, packet, at, n, owner):
        """No arguments."""
        return failures.OK if n == 0 else failures.BAD_LENGTH

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Send 17/2."""
        destination = packet[9] << 8 | packet[10]
        sent = self._reports.send(owner, _CORE, telemetry.PING_REPLY, destination, packet, 0)
        return failures.OK if sent else failures.QUEUE_FULL
