"""A mission whose time, orbit and ground stations are as the test says."""

import math
import struct

from tests.flight.partners_rig import Partners

EPOCH_S = 200_000_000
RADIUS_M = 6_878_137.0
SPEED_M_S = math.sqrt(3.986004418e14 / RADIUS_M)
HK = 0x0B01
LOW, DEFAULT = 1, 3


class Contacts(Partners):
    """A mission with time, orbit and stations as the test says."""

    def __init__(self, board=None):
        super().__init__(board)
        self.radio_part = self.rig.board.radio

    def set_time(self):
        self.send("set_time", {"seconds": EPOCH_S + self.context.time.uptime_s, "fraction": 0})

    def set_orbit(self):
        """Over 0 N 0 E now, going east over the equator of an Earth whose axes are N's."""
        image = bytearray(192)
        start_s = self.context.time.seconds
        identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        state = (RADIUS_M, 0.0, 0.0, 0.0, SPEED_M_S, 0.0)
        struct.pack_into("<IIf15f", image, 88, start_s, 0, 0.0, *state, *identity)
        self.rig.kernel.orbit = bytes(image)

    def station(self, number, longitude_deg, rate_code=DEFAULT, latitude_deg=0.0):
        values = {
            "number": number,
            "latitude_rad": math.radians(latitude_deg),
            "longitude_rad": math.radians(longitude_deg),
            "height_m": 0.0,
            "rate_code": rate_code,
        }
        assert self.send("contact_station", values) == 0

    def plan(self, *rows):
        """(start after now, duration, station) of up to eight windows."""
        rows = [*rows, *[(0, 0, 0)] * (8 - len(rows))]
        now_s = self.context.time.seconds
        values = {
            "part": 0,
            "start_s": [now_s + row[0] if row[1] else 0 for row in rows],
            "duration_s": [row[1] for row in rows],
            "station": [row[2] for row in rows],
        }
        assert self.send("contact_plan", values) == 0
        assert self.send("contact_source", {"plan": 1}) == 0

    @property
    def reason(self):
        return self.context.gate.reason

    @property
    def carrier(self):
        return self.radio_part.settings[-1][0]

    @property
    def rate(self):
        return self.radio_part.settings[-1][1]

    def by_radio(self, name="ping", owner="EC"):
        self.radio_part.received.append(self.encoder.frame(name, (), owner))


def flying() -> Contacts:
    """Time and orbit known, one station on the other side of the Earth."""
    one = Contacts()
    one.rig.fly(3)
    one.set_time()
    one.set_orbit()
    one.station(0, 180.0)
    one.rig.fly(40)
    return one
