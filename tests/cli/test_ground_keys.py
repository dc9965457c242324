"""Keys changed over the link: flight, station and partners over real sockets, on the desktop."""

import pytest

from cli.main import main
from ground import keys
from ground.keyring import Keyring
from tests.cli.ground_rig import Operations, close, command


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    with Operations(tmp_path_factory.mktemp("operations")) as made:
        yield made


def test_a_key_is_changed_over_the_link(operations, capsys):
    old = (operations.keys / "tc-BY.key").read_bytes()
    for name in ("tc-BY", "tm-BY"):
        code, text = command(operations, capsys, "keys", "rotate", name, "--owner", "BY")
        assert (code, text.splitlines()[-1]) == (0, f"{name}: generation 2 in use")
    new = (operations.keys / "tc-BY.key").read_bytes()
    assert new != old and (operations.keys / "tc-BY.1.kept").read_bytes() == old
    assert (operations.keys / "tc-BY.key").stat().st_mode & 0o777 == 0o600
    code, text = command(operations, capsys, "send", "ping", "--owner", "BY")
    assert code == 0
    code, text = command(operations, capsys, "keys", "resume", "--owner", "BY")
    assert code == 0
    assert "tc-BY: generation 2, next counter" in text and "tm-BY: generation 2" in text
    for key in (old, new):
        assert key.hex() not in text and repr(key) not in text


def test_a_change_of_key_that_was_not_concluded_is_settled_by_telemetry(operations, capsys):
    """The completion never came down: the new key lies there, and the spacecraft has it."""
    session = operations.session("EC")
    ring = session.ring
    key, generation, wrapped = ring.begin_change("tc-EC")
    values = {"spi": 2, "generation": generation, "wrapped_key": list(wrapped)}
    request = session.submit("rekey", values)
    assert operations.run([session], lambda: request.completed)
    close(session)
    code, text = command(operations, capsys, "keys", "rotate", "tc-EC", "--owner", "EC")
    assert code == 2 and "a change is not concluded" in text
    assert main(["ground", "keys", "resume", "--owner", "EC", *operations.option()]) == 0
    assert (operations.keys / "tc-EC.key").read_bytes() == key
    assert not (operations.keys / "tc-EC.new").exists()
    assert command(operations, capsys, "send", "ping", "--owner", "EC")[0] == 0


def test_a_change_of_the_emergency_key_is_settled_by_telemetry(operations, capsys):
    """Of the host's two keys this one is seldom used: telemetry of the host tells its state."""
    session = operations.session("host")
    key, generation, wrapped = session.ring.begin_change("tc-emergency")
    values = {"spi": 9, "generation": generation, "wrapped_key": list(wrapped)}
    request = session.submit("rekey", values)
    assert operations.run([session], lambda: request.completed)
    close(session)
    assert main(["ground", "keys", "list", "--keys", str(operations.keys)]) == 0
    assert "a change to 2 not concluded" in capsys.readouterr().out
    code, text = command(operations, capsys, "keys", "resume")
    assert code == 0 and "tc-emergency: generation 2, next counter 0 (on board 0)" in text, text
    assert (operations.keys / "tc-emergency.key").read_bytes() == key
    assert command(operations, capsys, "send", "ping", "--emergency")[0] == 0
    code, text = command(operations, capsys, "keys", "resume")
    assert code == 0 and "tc-emergency: generation 2, next counter 1 (on board" in text
    code, text = command(operations, capsys, "keys", "rotate", "tc-emergency")
    assert (code, text.splitlines()[-1]) == (0, "tc-emergency: generation 3 in use")


def test_telemetry_that_counts_from_0_again_is_refused_and_said(operations, capsys):
    """Heard before, as far as this folder knows: a spacecraft of a new memory needs `fresh`."""
    with Keyring(operations.keys, "IR", sending=True) as ring:
        ring.counters.set("telemetry of tm-IR", 1 << 40)
    words = ["keys", "resume", "--owner", "IR"]
    code, text = command(operations, capsys, *words, "--timeout", "3")
    assert code == 1 and "keys fresh" in text and "no packet tc_IR" in text
    code = main(["ground", "keys", "fresh", "--owner", "IR", "--keys", str(operations.keys)])
    assert code == 0 and "any counter is taken" in capsys.readouterr().out
    assert command(operations, capsys, *words)[0] == 0


def test_the_emergency_counter_is_raised_to_its_floor(tmp_path, capsys):
    keys.generate(tmp_path / "keys", keys.names("host"))
    for _ in range(2):
        assert main(["ground", "keys", "floor", "--keys", str(tmp_path / "keys")]) == 0
        assert capsys.readouterr().out == f"tc-emergency: next counter {1 << 64}\n"
