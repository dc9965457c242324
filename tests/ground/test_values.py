"""Whatever is given as an argument of a telecommand: a packet, or one line that says why not."""

import pytest

from ground import schedule
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import GroundError

PING = {"command": "ping"}
NASTY = [
    None, True, -1, 1.5, float("nan"), float("-inf"), 10**400, int("f" * 5000, 16),
    "0x" + "f" * 5000, "9" * 5000, "nan", "1e400", "", "²", "a\0b", "\udcff", b"\xff", [], [5],
    [[[]]], [None] * 300, {}, {"a": float("nan")}, object(), [{**PING, "delay_s": float("nan")}],
    [{**PING, "seconds": float("inf")}], [{**PING, "seconds": 1, "args": 5}], [{"command": []}],
    [{**PING, "seconds": 5, "ms": float("inf")}], [{**PING, "seconds": 5, "label": 10**5000}],
]  # fmt: skip
EXTRA = {
    "action_add": {"event": 1, "argument": 5, "hold_s": 5, "command": "ping", "args": {}},
    "mail": {"to": "EC", "reference": 1, "text": "x"},
    "set_parameters": {"power_battery_low_mV": 6600, "attitude_rod_dipole": 0.1},
}
LISTS = ("activities", "entries", "requests", "subs")


@pytest.fixture(scope="module")
def encoder():
    return Encoder(Dictionary())


def good(encoder, name):
    """Arguments that are possible, by name."""
    if name in EXTRA:
        return EXTRA[name]
    if name in schedule.ARGUMENTS:
        return {key: [] if key in LISTS else 1 for key in schedule.ARGUMENTS[name]}
    values = {}
    for row in encoder.command(name).arguments:
        if row.type.name == "text":
            values[row.name] = "a"
        elif row.type.is_text:
            values[row.name] = chr(row.lowest) * row.type.count
        else:
            values[row.name] = [row.lowest] * row.type.count if row.type.is_array else row.lowest
    return values


def test_every_argument_of_every_telecommand(encoder):
    refusals = packets = 0
    for name in (*Dictionary().commands, *schedule.COMMANDS, *EXTRA):
        possible = good(encoder, name)
        tries = [{**possible, key: value} for key in possible for value in NASTY]
        for values in (*tries, *NASTY):
            try:
                encoder.burst(encoder.packet(name, values))
                packets += 1
            except GroundError as error:
                assert str(error).isprintable() and len(str(error)) < 8000, name
                refusals += 1
    assert refusals > 10 * packets > 0
