"""Parameter images as files: a bad one is refused with the entry named, and nothing changes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.core import failures
from ground import parameter_image
from ground.dictionary import Dictionary
from ground.errors import GroundError
from tests.flight.fakes import Board
from tests.flight.test_file_service import Files

DICTIONARY = Dictionary()
VERSION = parameter_image.layout(DICTIONARY)
REFUSED, LOADED, ALL_OF_IT = 0x0509, 0x050A, 65535
LENGTH, OLD, CRC, UNKNOWN, ORDER, RANGE = 1, 2, 3, 4, 5, 6
GOOD = {"supervisor_retry_s": 77, "health_battery_cold_degC": -7, "attitude_rod_dipole": 0.15}


class Images(Files):
    """Loads images, and says what became of it."""

    def load(self, data: bytes | None, number: int = 0) -> int:
        if data is not None:
            name = f"parameters-{number}"
            assert self.do("file_create", name=name, size=len(data)) == 0
            self.write(f"f0/{name}", data)
        code = self.send("parameters_load", {"number": number})
        assert code == 0
        self.rig.board.radio.sent.clear()
        self.rig.fly(10)
        for packet in self.sent(0):
            if packet[7:9] in (b"\x01\x07", b"\x01\x08"):
                return int.from_bytes(packet[24:26], "big") if packet[8] == 8 else 0
        raise AssertionError("not completed")

    def refused(self) -> list[tuple[int, int]]:
        found = [record[1:] for record in self.rig.event_records() if record[0] == REFUSED]
        return [(entry, reason) for entry, reason in found]

    def value(self, name: str) -> float:
        params = self.rig.context.params
        parameter = DICTIONARY.parameters[name]
        at = params.place(parameter.id)
        return struct.unpack_from(">" + parameter.type.code, params.image, at)[0]


@pytest.fixture
def images() -> Images:
    return Images()


def entries(**values: float) -> list[tuple[int, bytes]]:
    rows = [(DICTIONARY.parameters[name], value) for name, value in values.items()]
    return sorted((p.id, struct.pack(">" + p.type.code, value)) for p, value in rows)


def test_a_good_image_is_in_use_at_once_and_after_a_reset(images):
    assert images.load(parameter_image.image(DICTIONARY, GOOD)) == 0
    board = Board()
    board.fram.memory[:] = images.rig.board.fram.memory
    for found in (images, Images(board)):
        for name, value in GOOD.items():
            assert found.value(name) == pytest.approx(value)
    assert (LOADED, 3, 1) in images.rig.event_records()


def test_an_image_of_every_parameter(images):
    """More than a buffer: entries that lie across the pieces in which it is read."""
    values = {p.name: p.default for p in DICTIONARY.parameters.values()}
    assert images.load(parameter_image.image(DICTIONARY, {**values, **GOOD})) == 0
    assert images.value("supervisor_retry_s") == 77


BAD = {
    "wrong version": (parameter_image.build(VERSION ^ 1, entries(**GOOD)), ALL_OF_IT, OLD),
    "no image": (b"MFP2" + bytes(20), ALL_OF_IT, OLD),
    "empty": (b"", ALL_OF_IT, LENGTH),
    "cut short": (parameter_image.build(VERSION, entries(**GOOD))[:-1], ALL_OF_IT, CRC),
    "unknown id": (
        parameter_image.build(VERSION, [*entries(supervisor_retry_s=5), (0x00FE, b"\0\1")]),
        1,
        UNKNOWN,
    ),
    "duplicate id": (
        parameter_image.build(VERSION, 2 * entries(supervisor_retry_s=5)), 1, ORDER
    ),
    "ids that do not ascend": (
        parameter_image.build(VERSION, list(reversed(entries(**GOOD)))), 1, ORDER
    ),
    "out of range": (
        parameter_image.build(VERSION, entries(**{**GOOD, "health_battery_cold_degC": 101})),
        2,
        RANGE,
    ),
    "not a number": (
        parameter_image.build(VERSION, entries(attitude_rod_dipole=float("nan"))), 0, RANGE
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_is_refused_with_its_entry_and_the_last_good_set_stays(images, case):
    assert images.load(parameter_image.image(DICTIONARY, GOOD), 9) == 0
    image = bytes(images.rig.context.params.image[8:-4])
    data, entry, reason = BAD[case]
    assert images.load(data) == failures.BAD_ENTRY
    assert images.refused() == [(entry, reason)]
    assert bytes(images.rig.context.params.image[8:-4]) == image


@pytest.mark.parametrize("more", [-1, 1])
def test_a_number_of_entries_that_is_not_true_is_refused(images, more):
    body = bytearray(parameter_image.build(VERSION, entries(**GOOD))[:-4])
    body[7] += more
    data = bytes(body) + struct.pack(">I", parameter_image.zlib.crc32(body))
    assert images.load(data) == failures.BAD_ENTRY
    assert images.refused() == [(3 if more > 0 else 2, LENGTH)]


def test_a_file_that_is_not_there_is_told(images):
    assert images.load(None, 3) == failures.UNKNOWN_FILE
    assert images.send("parameters_load", {"number": 1}) == 0
    assert images.send("parameters_load", {"number": 2}) == failures.REFUSED, "one at a time"
    assert images.send("parameters_load", {"number": 0}, "EC") == failures.NOT_AUTHORISED
    assert images.refused() == []


def test_an_image_that_cannot_be_stored_changes_nothing(images):
    before = bytes(images.rig.context.params.image[8:-4])
    data = parameter_image.image(DICTIONARY, GOOD)
    assert images.do("file_create", name="parameters-0", size=len(data)) == 0
    images.write("f0/parameters-0", data)
    images.rig.board.fram.status = -5
    assert images.load(None) == failures.STORAGE_ERROR
    assert bytes(images.rig.context.params.image[8:-4]) == before
    assert images.refused() == [(ALL_OF_IT, 8)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_changed_octet_is_taken_for_good(data):
    """The CRC finds whatever happens to a file; the values stay."""
    images = Images()
    before = bytes(images.rig.context.params.image[8:-4])
    image = bytearray(parameter_image.image(DICTIONARY, GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        image[data.draw(st.integers(0, len(image) - 1))] ^= data.draw(st.integers(1, 255))
    assert bytes(image) == parameter_image.image(DICTIONARY, GOOD) or (
        images.load(bytes(image)) == failures.BAD_ENTRY
        and bytes(images.rig.context.params.image[8:-4]) == before
    )


def test_the_ground_refuses_what_is_no_parameter():
    with pytest.raises(GroundError, match="no such parameter"):
        parameter_image.image(DICTIONARY, {"no_such": 1})
    with pytest.raises(GroundError, match="is no u16"):
        parameter_image.image(DICTIONARY, {"supervisor_retry_s": 70000})
