"""Changes of keys on the ground, with the power gone at every step of them, and under reports that
are late, missing or forged."""

import shutil

import pytest

from cli.ground.keys import _settle
from ground import keys
from ground.errors import GroundError
from ground.keyring import Keyring
from tests.cli.disk import Disk, PowerCut

NAME = "tc-EC"
USED = 1000  # counters of the old key that are used up


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "EC"
    keys.generate(made, keys.names("EC"))
    with Keyring(made, "EC", sending=True) as ring:
        ring.counters.set(NAME, USED)
    return made


def report(generation, next_=0, way="tc"):
    """What telemetry says of one association."""
    return {f"{way}_generation": generation, f"{way}_next": [0, 0, next_]}


def settle(folder, generation, next_=0, back=False):
    with Keyring(folder, "EC", sending=True) as ring:
        return _settle(ring, NAME, report(generation, next_), "tc", back)


def begin(folder):
    with Keyring(folder, "EC", sending=True) as ring:
        return ring.begin_change(NAME)


def state(folder):
    """Key in use, its counter, its generation."""
    with Keyring(folder, "EC", sending=True) as ring:
        return ring.keys[NAME], ring.counters.value(NAME), ring.generation(NAME)


def somewhere(folder, key):
    return any(path.read_bytes() == key for path in folder.iterdir())


def powered(folder, monkeypatch, act, cut_at, forgetful):
    """Do `act` on a keyring until the power goes; the number of steps, or None when it went."""
    disk = Disk(folder)
    disk.cut_at = cut_at
    ring = None
    with monkeypatch.context() as patched:
        disk.watch(patched)
        try:
            ring = Keyring(folder, "EC", sending=True)
            act(ring)
            return disk.steps
        except PowerCut:
            return None
        finally:
            if ring is not None:
                ring._let_go()  # as the system does when the process is gone
            if forgetful:
                disk.lose()


def every_cut(folder, monkeypatch, act):
    """What is left in a copy of the folder by a loss of power at every step, either way."""
    count = powered(_copy(folder, "whole"), monkeypatch, act, None, False)
    for cut_at in range(1, count + 1):
        for forgetful in (False, True):
            copy = _copy(folder, "cut")
            assert powered(copy, monkeypatch, act, cut_at, forgetful) is None
            yield copy


def distinct(cuts):
    """Of what is left, each once."""
    seen = set()
    for cut in cuts:
        left = frozenset((path.name, path.read_bytes()) for path in cut.iterdir())
        if left not in seen:
            seen.add(left)
            yield cut


def _copy(folder, name):
    copy = folder.with_name(name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    return copy


def test_a_power_cut_at_every_step_of_taking_a_key_into_use(folder, monkeypatch):
    old = state(folder)[0]
    new, generation, _ = begin(folder)
    seen = set()
    cuts = every_cut(folder, monkeypatch, lambda ring: ring.take_into_use(NAME, generation))
    for cut in distinct(cuts):
        found = state(cut)
        assert found in ((old, USED, 1), (new, 0, 2))
        seen.add(found[2])
        assert somewhere(cut, old) and somewhere(cut, new)
        assert settle(cut, 2) and state(cut) == (new, 0, 2)
        assert somewhere(cut, old)
        with Keyring(cut, "EC", sending=True) as ring:
            assert ring.security.frame(1, b"x")[8:20] == bytes(12)
    assert seen == {1, 2}


def test_a_power_cut_at_every_step_of_finishing_after_one(folder, monkeypatch):
    """The second one comes while the first is made good."""
    old = state(folder)[0]
    new, generation, _ = begin(folder)
    firsts = every_cut(folder, monkeypatch, lambda ring: ring.take_into_use(NAME, generation))
    for first in list_of_copies(firsts, folder):
        for second in distinct(every_cut(first, monkeypatch, lambda ring: None)):
            assert state(second) in ((old, USED, 1), (new, 0, 2))
            assert settle(second, 2) and state(second) == (new, 0, 2)
            assert somewhere(second, old)


def list_of_copies(cuts, folder):
    found = []
    for number, cut in enumerate(distinct(cuts)):
        found.append(folder.with_name(f"first-{number}"))
        shutil.copytree(cut, found[-1])
    return found


def test_a_power_cut_at_every_step_of_beginning_a_change(folder, monkeypatch):
    old = state(folder)[0]
    for cut in every_cut(folder, monkeypatch, lambda ring: ring.begin_change(NAME)):
        assert state(cut) == (old, USED, 1)
        assert settle(cut, 1) and state(cut) == (old, USED, 1)
        assert begin(cut).generation in (2, 3)


def test_a_power_cut_at_every_step_of_setting_a_key_aside(folder, monkeypatch):
    new = begin(folder).key
    old = state(folder)[0]
    for cut in every_cut(folder, monkeypatch, lambda ring: ring.set_aside(NAME)):
        assert state(cut) == (old, USED, 1) and somewhere(cut, new)
        assert settle(cut, 2) and state(cut) == (new, 0, 2)


def test_a_power_cut_at_every_step_of_a_frame_never_lets_a_counter_come_again(folder, monkeypatch):
    taken, most = [], 0

    def act(ring):
        taken.clear()
        for _ in range(2):
            value = ring.counters.take(NAME)
            if ring.folder.name == "cut":
                taken.append(value)

    for cut in every_cut(folder, monkeypatch, act):
        assert state(cut)[1] >= USED + len(taken)
        assert taken == [USED, USED + 1][: len(taken)]
        most = max(most, len(taken))
    assert most == 1


def test_no_generation_is_tried_twice_for_it_is_the_nonce(folder):
    """Refused on board, or never heard of: telemetry goes on saying 1."""
    changes = []
    for _ in range(3):
        changes.append(begin(folder))
        assert settle(folder, 1)
    assert [change.generation for change in changes] == [2, 3, 4]
    one, two = changes[:2]
    wrapped = bytes(a ^ b for a, b in zip(one.wrapped, two.wrapped, strict=True))
    assert wrapped[:32] != bytes(a ^ b for a, b in zip(one.key, two.key, strict=True))


def test_a_change_that_arrives_late_finds_its_key(folder):
    """Telemetry was asked, and then the frame that had been held back came to the spacecraft."""
    old = state(folder)[0]
    late = begin(folder)
    assert settle(folder, 1)
    later = begin(folder)
    assert settle(folder, 2, 7)
    assert state(folder) == (late.key, 7, 2)
    assert somewhere(folder, old) and somewhere(folder, later.key)
    assert settle(folder, 3) and state(folder) == (later.key, 0, 3)


def test_back_to_an_older_key_only_when_told_and_with_its_own_counter(folder, capsys):
    """A forged completion: this ground has gone ahead of the spacecraft."""
    old = state(folder)[0]
    change = begin(folder)
    assert settle(folder, 2) and settle(folder, 2, 40)
    assert not settle(folder, 1) and "resume --back" in capsys.readouterr().out
    assert state(folder) == (change.key, 40, 2)
    assert settle(folder, 1, back=True) and state(folder) == (old, USED, 1)
    assert settle(folder, 2) and state(folder) == (change.key, 40, 2)


def test_a_generation_nobody_has_the_key_of_changes_nothing(folder, capsys):
    before = state(folder)
    new = begin(folder).key
    for generation in (0, 3, 0xFFFFFFFF):
        assert not settle(folder, generation, 5, back=True)
        assert f"generation 1 here, {generation} on board" in capsys.readouterr().out
    assert state(folder) == before and somewhere(folder, new)
    with pytest.raises(GroundError, match="a change is not concluded"):
        begin(folder)


def test_without_the_wrapping_key_no_change_begins(folder):
    (folder / "wrap-EC.key").unlink()
    with pytest.raises(GroundError, match="no key wrap-EC"):
        begin(folder)
    assert not (folder / f"{NAME}.new").exists()


def test_a_folder_of_before_counts_its_open_change(folder):
    """One without a record of what was tried: the change that lies there is the next generation."""
    (folder / f"{NAME}.new").write_bytes(bytes(range(32)))
    (folder / f"{NAME}.new").chmod(0o600)
    assert settle(folder, 2) and state(folder) == (bytes(range(32)), 0, 2)
