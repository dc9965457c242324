"""Telemetry that was heard before is refused, by whatever process heard it."""

import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flight import dictionary
from ground import crc, keys
from ground.errors import GroundError
from ground.keyring import NOTE_EVERY, Keyring
from ground.security import Counters, TmSecurity

NAME = "tm-EC"
SPI, VC = next((row[1], row[3]) for row in dictionary.ASSOCIATIONS if row[0] == NAME)


@pytest.fixture
def folder(tmp_path):
    keys.generate(tmp_path / "EC", keys.names("EC"))
    return tmp_path / "EC"


def frame(key, iv, data=bytes(181)):
    """A protected telemetry frame as docs/link.md, section 6, has it."""
    head = struct.pack(">HBBH", dictionary.SCID << 4 | VC << 1 | 1, 0, 0, 0x1800)
    spi, nonce = struct.pack(">H", SPI), iv.to_bytes(12, "big")
    aad = bytes((0, head[1] & 0x0E, 0, 0, 0, 0)) + spi + bytes(12)
    body = AESGCM(key).encrypt(nonce, data, aad)
    return crc.append_crc(head + spi + nonce + body + bytes(4))


def listening(ring):
    security = TmSecurity(ring.keys)
    ring.follow(security)
    return security


def test_a_frame_of_before_is_refused_by_the_next_process(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        old, key = listening(ring), ring.keys[NAME]
        assert old.open(VC, frame(key, 5)) and old.open(VC, frame(key, 9))
    with Keyring(folder, "EC", sending=True) as ring:
        security = listening(ring)
        assert security.open(VC, frame(key, 9)) is None and security.open(VC, frame(key, 3)) is None
        assert security.refused["replayed"] == 2
        assert security.open(VC, frame(key, 10))


def test_whoever_only_listens_refuses_it_too_and_leaves_the_folder_alone(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        key = ring.keys[NAME]
        listening(ring).open(VC, frame(key, 5))
        ring.note_telemetry(at_once=True)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with Keyring(folder, "EC") as other:
            security = listening(other)
            assert security.open(VC, frame(key, 5)) is None
            assert security.open(VC, frame(key, 500))
            other.note_telemetry(at_once=True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_killed_process_leaves_few_frames_that_may_come_again(folder):
    ring = Keyring(folder, "EC", sending=True)
    security, key = listening(ring), ring.keys[NAME]
    stored, last = set(), 10 * NOTE_EVERY + 3
    for iv in range(last + 1):
        assert security.open(VC, frame(key, iv))
        ring.note_telemetry()
        stored.add(Counters(folder / "EC.counters").value("telemetry of tm-EC"))
    assert len(stored) == 11, "a write to the disk now and then, not for each frame"
    ring._let_go()  # nothing is stored on the way out
    with Keyring(folder, "EC", sending=True) as again:
        security = listening(again)
        assert security.open(VC, frame(key, last - NOTE_EVERY)) is None
        assert security.open(VC, frame(key, last + 1))


def test_a_new_key_of_telemetry_has_a_mark_of_its_own(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        old = ring.keys[NAME]
        assert listening(ring).open(VC, frame(old, 700))
        new = ring.begin_change(NAME).key
    with Keyring(folder, "EC", sending=True) as ring:
        # Not concluded: either key can be the spacecraft's.
        security = listening(ring)
        assert security.open(VC, frame(old, 700)) is None and security.open(VC, frame(old, 701))
        assert security.open(VC, frame(new, 4))
        ring.note_telemetry()
        ring._let_go()  # killed
    with Keyring(folder, "EC", sending=True) as ring:
        security = listening(ring)
        assert security.open(VC, frame(old, 9000)) is None, "the spacecraft has the new one"
        assert security.open(VC, frame(new, 4)) is None and security.open(VC, frame(new, 5))
        ring.take_into_use(NAME, 2)
    with Keyring(folder, "EC", sending=True) as ring:
        security = listening(ring)
        assert security.open(VC, frame(new, 5)) is None and security.open(VC, frame(new, 6))
        assert security.open(VC, frame(old, 9000)) is None


def test_telemetry_under_a_key_that_was_set_aside_is_heard(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        new = ring.begin_change(NAME).key
        ring.set_aside(NAME)
    with Keyring(folder, "EC", sending=True) as ring:
        assert listening(ring).open(VC, frame(new, 0))


def test_the_telemetry_of_a_new_memory_is_taken_when_told(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        key = ring.keys[NAME]
        listening(ring).open(VC, frame(key, 77))
    with Keyring(folder, "EC", sending=True) as ring:
        ring.forget_telemetry()
    with Keyring(folder, "EC", sending=True) as ring:
        assert listening(ring).open(VC, frame(key, 0))


def test_the_host_has_no_counter_of_telemetry(tmp_path):
    keys.generate(tmp_path / "host", keys.names("host"))
    with Keyring(tmp_path / "host", "host", sending=True) as ring:
        listening(ring)
        ring.note_telemetry(at_once=True)
        with pytest.raises(GroundError, match="no key tm-host"):
            ring.forget_telemetry()


def test_keys_are_read_when_nobody_else_can_change_them_any_more(folder, monkeypatch):
    """A process that waits for the folder must not send by the key of before."""
    first = Keyring(folder, "EC", sending=True)
    new = first.begin_change("tc-EC").key
    taken = Keyring._take_lock

    def last_moment(ring):
        first.take_into_use("tc-EC", 2)
        first.close()
        taken(ring)

    monkeypatch.setattr(Keyring, "_take_lock", last_moment)
    with Keyring(folder, "EC", sending=True) as ring:
        assert (ring.keys["tc-EC"], ring.counters.value("tc-EC")) == (new, 0)


def test_what_cannot_be_stored_is_not_counted(folder, monkeypatch):
    with Keyring(folder, "EC", sending=True) as ring:
        ring.counters.set("tc-EC", 9)
        with monkeypatch.context() as full, pytest.raises(GroundError):
            full.setattr("os.replace", _full)
            ring.counters.set("tc-EC", 0)
        assert ring.counters.take("tc-EC") == 9


def _full(path, target):
    raise OSError(28, "No space left on device")
