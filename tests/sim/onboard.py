"""A minimal onboard side for the tests: raw device-bus requests, no flight software."""

from sim.protocol import Request, decode_reply, encode_request
from sim.scenario import load
from sim.world import World

# Every optional part of the attitude missions, with its defaults.
SUITE = tuple(
    f"spacecraft.{part}={{}}"
    for part in ("magnetometer_2", "css", "fss", "wheels", "gnss", "star_tracker")
)


class Onboard:
    """Asks `world`; `time_us` is the onboard clock."""

    def __init__(self, world):
        self.world = world
        self.time_us = 0

    def ask(self, op, bus=0, address=0, tx=b"", rx_len=0):
        request = encode_request(Request(op, bus, address, rx_len, self.time_us, tx))
        return decode_reply(self.world.exchange(request), rx_len)

    def hello(self, cause=0, flags=0):
        return self.ask(1, tx=bytes((1, cause, flags)), rx_len=1)

    def kick(self, number):
        return self.ask(8, tx=number.to_bytes(4, "little"))

    def i2c(self, bus, address, tx=b"", rx_len=0):
        return self.ask(2, bus, address, tx, rx_len)


def make(*overrides, seed=None, hello=True):
    """An `Onboard` on a fresh first-light world."""
    onboard = Onboard(World(load("first-light", overrides), seed))
    if hello:
        assert onboard.hello() == (0, b"\x01")
    return onboard
