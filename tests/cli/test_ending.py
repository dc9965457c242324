"""A signal ends a flight, even when what it raises first is lost."""

import os
import signal

import pytest

from cli import ending, flights


@pytest.mark.parametrize(
    "number, raised", [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_that_is_lost_ends_the_flight_at_its_next_step(number, raised):
    before = signal.getsignal(number)
    flight = flights.prepare("first-light", "desktop", 1, ["duration_s=100"])
    with ending.heard():
        with pytest.raises(raised):  # as somebody's destructor would swallow it
            os.kill(os.getpid(), number)
        with pytest.raises(raised):
            flight.fly()
    assert flight.world.t_s < 1.0
    assert signal.getsignal(number) == before
    ending.look()
