"""cfdp-py in either role, over the coded and secured link of a whole flight, with loss each way."""

import hashlib

import pytest

from cli.figures_files import Transfer

ALWAYS = ((0.0, 1e9),)
SIZE = 20_000


@pytest.mark.parametrize("loss", [0.0, 0.3])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_file_is_the_same_at_the_other_end(way, loss):
    made = Transfer(way, SIZE, loss, 300.0, ALWAYS)
    assert made.same
    assert hashlib.sha256(made.received).hexdigest() == hashlib.sha256(made.data).hexdigest()
    assert len(made.received) == SIZE and made.octets > SIZE
    assert made.link.files.refused == 0
    raw = made.flight.history.latest["files_hk"].raw
    assert raw["uploads" if way == "up" else "downloads"] == 1
    refused = {name: raw[name] for name in raw if name.startswith("pdu_") and raw[name]}
    assert not set(refused) - {"pdu_no_room"}, "of what a good peer sends nothing is refused"
