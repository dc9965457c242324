"""Direct commands while Python runs: what C says of them is what the ground is told."""

import pytest

from ground import encode
from ground.dictionary import Dictionary
from tests.flight.rig import Rig, packets

REFUSED, STORAGE_ERROR = 11, 13


@pytest.mark.parametrize(
    ("status", "code"), [(0, None), (-5, STORAGE_ERROR), (-22, REFUSED), (-19, REFUSED)]
)
def test_what_is_not_stored_is_told_apart_from_what_is_refused(status, code):
    rig = Rig()
    rig.fly(5)
    rig.kernel.direct_status = status
    frame = encode.Encoder(Dictionary()).frame("cease_emission", {"on": 1})
    rig.board.radio.received.append(frame)
    rig.fly(15)
    assert (0x24, 1) in rig.kernel.direct_calls
    failed = [p for _, p in packets(rig.board.radio.sent) if p[7] == 1 and p[8] == 8]
    assert [int.from_bytes(p[24:26], "big") for p in failed] == ([] if code is None else [code])
