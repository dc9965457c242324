"""Service 9, time management (ECSS-E-ST-70-41C, 6.9): 9/1 sets the rate, 9/2 is the time report.

9/1: exponent u8 (0..8): a report for every 2^exponent frames of virtual channel 0; host only.
9/2, a packet of APID 0 without secondary header: exponent u8, time P-field 0x2E, seconds u32,
fraction u16, quality u8. Its time is that at which the last frame of virtual channel 0 with a frame
count divisible by 2^exponent was given to the radio; the ground knows when it received that frame.
"""

import struct

import native
from flight.core import authority, failures
from flight.packets import space_packet
from hal.compat import const

_EXPONENT_MAX = const(8)
_EXPONENT = const(4)
_SIZE = const(17)
_FRAME_SIZE = const(223)
_FRAME_COUNT = const(3)  # of the virtual channel
# The same in a coded frame: behind the synchronisation marker, under the randomiser.
_CODED_COUNT = const(7)
_RANDOM = const(0xC0)


class TimeReports:
    """Handler of 9/1, source of 9/2."""

    def __init__(self, dictionary, commands, telemetry, time):
        self._time = time
        self._telemetry = telemetry
        self._owners = authority.mask(dictionary, "platform")
        self._packet = bytearray(_SIZE)
        self._sequence = 0
        self._exponent = _EXPONENT
        commands.serve(9, 1, self)

    def accept(self, packet, at, n, owner):
        """One exponent, of the host."""
        if n != 1:
            return failures.BAD_LENGTH
        if not self._owners >> owner & 1:
            return failures.NOT_AUTHORISED
        return failures.OK if packet[at] <= _EXPONENT_MAX else failures.OUT_OF_RANGE

    def start(self, packet, at, n, owner):
        """Nothing to prepare."""
        return failures.OK

    def run(self, packet, at, n, owner):
        """Use the rate until the next start."""
        self._exponent = packet[at]
        return failures.OK

    def frame_sent(self, frame, n):
        """A frame of virtual channel 0, `frame[0:n]`, was given to the radio in this step."""
        count = frame[_FRAME_COUNT] if n == _FRAME_SIZE else frame[_CODED_COUNT] ^ _RANDOM
        if count & (1 << self._exponent) - 1:
            return
        packet = self._packet
        time = self._time
        struct.pack_into(
            ">HHHBBIHB",
            packet,
            0,
            0,
            space_packet.UNSEGMENTED << 8 | self._sequence,
            _SIZE - space_packet.PRIMARY_SIZE - 1,
            self._exponent,
            space_packet.TIME_P_FIELD,
            time.seconds,
            time.fraction,
            time.quality,
        )
        crc = native.crc16(packet, 0, _SIZE - 2)
        packet[_SIZE - 2] = crc >> 8
        packet[_SIZE - 1] = crc & 0xFF
        telemetry = self._telemetry
        if telemetry.queues[0].push(packet, _SIZE):
            self._sequence = (self._sequence + 1) & 0x3FFF
            telemetry.made = (telemetry.made + 1) & 0xFFFF
        else:
            telemetry.dropped = (telemetry.dropped + 1) & 0xFFFF
