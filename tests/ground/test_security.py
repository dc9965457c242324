"""Link security on the ground: layout against an independent sender, counters that only grow."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import dictionary
from ground import cltu, keys
from ground.errors import GroundError
from ground.security import LAST_IV, Counters, TcSecurity, association
from tests.native import link_rig

KEYS = {row[0]: bytes(range(row[1], row[1] + 32)) for row in dictionary.ASSOCIATIONS}


@given(st.integers(0, 3), st.binary(min_size=1, max_size=218), st.integers(0, LAST_IV))
def test_a_frame_is_that_of_an_independent_sender(vc, data, iv):
    ours = TcSecurity(KEYS).frame(vc, data, iv=iv)
    spi = association(vc)[1]
    key = KEYS[association(vc)[0]]
    assert ours == link_rig.secured(data, iv, key=key, spi=spi, vc=vc)
    sequenced = TcSecurity(KEYS).frame(vc, data, sequence=7, iv=iv)
    assert sequenced == link_rig.secured(data, iv, key=key, spi=spi, vc=vc, kind="AD", ns=7)


@given(st.binary(min_size=1, max_size=256))
def test_a_cltu_is_that_of_an_independent_sender(frame):
    assert cltu.encode(frame) == link_rig.cltu(frame)


def test_each_association_counts_for_itself_and_never_twice():
    security = TcSecurity(KEYS)
    frames = [security.frame(vc, b"x") for vc in (0, 1, 0, 0, 1)]
    assert [int.from_bytes(frame[8:20], "big") for frame in frames] == [0, 0, 1, 2, 1]


def test_counters_outlive_the_process(tmp_path):
    path = tmp_path / "state" / "EC.json"
    assert [Counters(path).take("tc-EC") for _ in range(3)] == [0, 1, 2]
    Counters(path).set("tc-EC", 100)
    assert Counters(path).take("tc-EC") == 100
    assert Counters(path).take("tc-IR") == 0


def test_a_counter_file_of_somebody_else_is_named(tmp_path):
    path = tmp_path / "EC.json"
    path.write_text("[1]")
    with pytest.raises(GroundError, match="no counters of ours"):
        Counters(path)


def test_the_end_of_a_counter_is_the_end():
    counters = Counters()
    counters.set("tc-host", LAST_IV - 1)
    assert counters.take("tc-host") == LAST_IV - 1
    with pytest.raises(GroundError, match="a new key is needed"):
        counters.take("tc-host")


def test_without_the_key_nothing_is_sent():
    with pytest.raises(GroundError, match="no key tc-EC here"):
        TcSecurity({"tc-host": KEYS["tc-host"]}).frame(1, b"x")


def test_the_emergency_association_has_a_map_of_its_own():
    assert association(0, 15) == ("tc-emergency", 9)
    assert association(0, 0) == ("tc-host", 1)
    with pytest.raises(GroundError):
        association(1, 15)


def test_key_files_are_for_their_owner_only(tmp_path):
    folder = tmp_path / "keys"
    made = keys.generate(folder, keys.names("EC"))
    assert sorted(path.name for path in made) == ["tc-EC.key", "tm-EC.key", "wrap-EC.key"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    found = keys.load(folder)
    assert len(set(found.values())) == 3 and all(len(key) == 32 for key in found.values())
    with pytest.raises(GroundError, match="File exists"):
        keys.generate(folder, keys.names("EC"))
    made[0].chmod(0o644)
    with pytest.raises(GroundError, match="others may read it"):
        keys.load(folder)


def test_the_host_keeps_the_emergency_key_and_nobody_elses():
    assert keys.names("host") == ["tc-host", "wrap-host", "tc-emergency"]
    with pytest.raises(GroundError):
        keys.names("XY")
