"""Service 1, request verification (ECSS-E-ST-70-41C, 6.1): reports on every telecommand."""

from flight.core import failures, telemetry
from flight.packets import space_packet

_CORE = 0


class Verification:
    """Reports go to the requester: same owner, destination = source id of the telecommand."""

    def __init__(self, reports):
        self._reports = reports
        self._body = bytearray(6)

    def accepted(self, packet, owner):
        """1/1 when the telecommand asks for it."""
        self._success(packet, owner, space_packet.ACK_ACCEPTANCE, telemetry.ACCEPTED)

    def refused(self, packet, owner, code, nowhere):
        """1/2, or 1/10 when its own APID leads `nowhere`, not one inside it; always sent."""
        kind = telemetry.ACCEPTANCE_FAILED
        if nowhere and code == failures.WRONG_APID:
            kind = telemetry.ROUTING_FAILED
        self._failure(packet, owner, kind, code)

    def started(self, packet, owner):
        """1/3 when the telecommand asks for it."""
        self._success(packet, owner, space_packet.ACK_START, telemetry.STARTED)

    def start_failed(self, packet, owner, code):
        """1/4, always sent."""
        self._failure(packet, owner, telemetry.START_FAILED, code)

    def completed(self, packet, owner):
        """1/7 when the telecommand asks for it."""
        self._success(packet, owner, space_packet.ACK_COMPLETION, telemetry.COMPLETED)

    def failed(self, packet, owner, code):
        """1/8, always sent."""
        self._failure(packet, owner, telemetry.COMPLETION_FAILED, code)

    def _success(self, packet, owner, flag, kind):
        if packet[6] & flag:
            self._request(packet)
            self._reports.send(owner, _CORE, kind, self._source(packet), self._body, 4)

    def _failure(self, packet, owner, kind, code):
        self._request(packet)
        body = self._body
        body[4] = code >> 8
        body[5] = code & 0xFF
        self._reports.send(owner, _CORE, kind, self._source(packet), body, 6)

    def _request(self, packet):
        body = self._body
        for i in range(4):
            body[i] = packet[i]

    def _source(self, packet):
        return packet[9] << 8 | packet[10]
