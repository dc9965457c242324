"""Operating a spacecraft: flight, station and partners over real sockets, on the desktop."""

import pytest

from cli.main import main
from ground import crc, keys
from ground.cfdp import FileTransfers
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.frames import Clcw
from ground.keyring import Keyring
from ground.security import TcSecurity
from ground.session import ACCEPTED, COMPLETED, DELIVERED, SENT, STARTED, Session
from ground.station_link import TIME
from tests.cli.ground_rig import Operations, close, command

VERIFIED = [ACCEPTED, STARTED, COMPLETED]


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    with Operations(tmp_path_factory.mktemp("operations")) as made:
        yield made


def assert_whole(request):
    """Every stage, in its order; delivery is told on another way and may come later."""
    names = [name for name, _, _ in request.stages]
    assert names[0] == SENT
    assert [name for name in names if name in VERIFIED] == VERIFIED


def test_two_partners_command_at_once_and_see_stages_and_telemetry(operations):
    heard = {"EC": [], "BY": []}
    sessions = {owner: operations.session(owner, heard[owner].append) for owner in heard}
    requests = {owner: session.submit("ping") for owner, session in sessions.items()}
    both = list(sessions.values())
    assert operations.run(both, lambda: all(r.ended for r in requests.values()))
    assert operations.run(both, lambda: all(r.reached(DELIVERED) for r in requests.values()))
    assert operations.run(both, lambda: all(_has(reports, "core_hk") for reports in heard.values()))
    for owner, request in requests.items():
        assert_whole(request)
        names = {report.name for report in heard[owner]}
        assert {"pong", "completion_success"} <= names
        others = {r.owner for r in heard[owner]} - {owner, "host"}
        assert not others
    close(*both)


def _has(reports, name):
    return any(report.name == name for report in reports)


def test_send_shows_every_stage(operations, capsys):
    code, text = command(operations, capsys, "send", "ping", "--owner", "IR")
    assert code == 0
    for word in ("sent, AD", "accepted", "started", "completed"):
        assert f"ping                 {word}" in text


def test_send_without_sequence_control(operations, capsys):
    code, text = command(operations, capsys, "send", "ping", "--bypass")
    assert code == 0
    assert "sent, BD" in text and "delivered" not in text and "completed" in text


def test_the_emergency_association(operations, capsys):
    code, text = command(operations, capsys, "send", "ping", "--emergency")
    assert code == 0 and "sent, BD" in text and "completed" in text
    code, text = command(operations, capsys, "send", "ping", "--emergency", "--owner", "EC")
    assert code == 2 and "the emergency association is the host's" in text


def test_what_is_refused_on_board_is_said_with_its_reason(operations, capsys):
    code, text = command(operations, capsys, "send", "set_mode", "mode=5")
    assert code == 1
    assert "set_mode: failed, " in text


def test_a_hazardous_telecommand_is_armed_first(operations, capsys):
    code, text = command(operations, capsys, "send", "log_clear", "log=2", "--arm")
    assert "arm                  completed" in text
    assert "log_clear            accepted" in text


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["send", "nothing"], "command 'nothing' is unknown"),
        (["send", "ping", "x"], "give arguments as name=value"),
        (["send", "ping", "x=1"], "unknown argument 'x'"),
        (["send", "power_switch", "load=1"], "argument 'on' is missing"),
        (["send", "power_switch", "load=1", "load=2"], "load is given twice"),
        (["send", "power_switch", "load=7", "on=1"], "7 is outside 0 .. 3"),
        (["send", "power_switch", "load=1", "on=1", "--owner", "EC"], "EC may not"),
        (["send", "reset"], "give --arm"),
        (["send", "schedule_insert", "activities=[{"], "activities: "),
        (["send", "ping", "--owner", "XX"], "owner 'XX' is unknown"),
        (["upload", "/nowhere/plan.bin"], "there is no such file"),
        (["upload", "/etc/hostname", "../x"], "not a name on board"),
        (["download", "../x"], "not a name on board"),
        (["watch", "nothing"], "packet 'nothing' is unknown"),
        (["keys", "rotate", "tc-EC"], "'tc-EC' is no key of an association of host"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(operations, capsys, words, line):
    code, text = command(operations, capsys, *words)
    assert code == 2
    assert line in text
    assert text.count("\n") == 1


def test_no_station_is_one_line(operations, capsys):
    words = ["ground", "send", "ping", "--keys", str(operations.keys), "--station", ":1"]
    assert main(words) == 2
    assert "no ground station at 127.0.0.1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--radio", "70000"], "radio: cannot listen on port 70000"),
        (["--radio", "0", "--pace", "-1"], "--pace -1.0: 0 or a positive number"),
    ],
)
def test_a_radio_that_cannot_be_is_one_line(capsys, words, line):
    assert main(["fly", "first-light", "--world", "desktop", "--no-live", *words]) == 2
    assert line in capsys.readouterr().err


def test_watch_shows_telemetry_in_lines_and_as_json(operations, capsys):
    code, text = command(operations, capsys, "watch", "power_hk", "--duration", "0.8")
    assert code == 0
    assert "battery_voltage=" in text and "adcs_report" not in text
    code, text = command(operations, capsys, "watch", "power_hk", "--json", "--duration", "0.8")
    assert code == 0
    assert '"packet": "power_hk"' in text.splitlines()[0]


def test_the_answer_to_a_question_is_shown(operations, capsys):
    words = ["send", "report_parameters", "power_battery_low_mV"]
    code, text = command(operations, capsys, *words)
    assert code == 0 and "{'power_battery_low_mV': 6600}" in text
    code, text = command(operations, capsys, "send", "file_list", "path=")
    assert code == 0 and "file_list            root: " in text


def test_nothing_is_commanded_by_another_dictionary(operations, capsys, monkeypatch):
    """A function of the same number could be another one on board."""
    monkeypatch.setattr("flight.packets.signature.signature", lambda source: 0x12345678)
    sent = operations.station.sent["EC"]
    code, text = command(operations, capsys, "send", "ping", "--owner", "EC")
    assert code == 2 and "this ground has 12345678" in text
    assert operations.station.sent["EC"] == sent


def test_a_file_goes_up_and_comes_down_again(operations, capsys, tmp_path):
    data = bytes(range(256)) * 8
    (tmp_path / "plan.bin").write_bytes(data)
    words = ["upload", str(tmp_path / "plan.bin"), "trip.bin", "--owner", "IR"]
    code, text = command(operations, capsys, *words, "--rate", "200000")
    assert code == 0 and "trip.bin: complete" in text.splitlines()
    (tmp_path / "received").mkdir()
    words = ["download", "trip.bin", "--owner", "IR", "--into", str(tmp_path / "received")]
    code, text = command(operations, capsys, *words, "--rate", "200000")
    assert code == 0, text
    assert (tmp_path / "received" / "trip.bin").read_bytes() == data
    code, text = command(operations, capsys, *words)
    assert code == 2 and "is there already" in text
    words = ["download", "none.bin", "--owner", "IR", "--into", str(tmp_path)]
    code, text = command(operations, capsys, *words)
    assert code == 1 and "none.bin: " in text and "unknown_file" in text


def test_the_spacecraft_is_not_told_where_a_file_lies_on_the_ground(tmp_path):
    path = tmp_path / "plan.bin"
    path.write_bytes(b"12345")
    files = FileTransfers("EC", tmp_path, lambda: 0.0)
    files.upload(path, "plan.bin")
    units = b"".join(iter(files.next_pdu, None))
    assert b"12345" in units and b"plan.bin" in units
    assert str(tmp_path).encode() not in units and tmp_path.name.encode() not in units


def test_a_channel_in_lockout_is_unlocked(operations):
    session = operations.session("IR")
    forged = TcSecurity(keys.load(operations.keys), session.ring.counters)
    session.poll(0.1)
    assert operations.run([session], lambda: session.clcw is not None)
    outside = session.clcw.report_value + 128 & 0xFF
    session._link.send(forged.frame(2, session.encoder.packet("ping", (), "IR"), outside))
    assert operations.run([session], lambda: session.clcw.lockout)
    request = session.submit("ping")
    assert operations.run([session], lambda: request.ended)
    assert_whole(request)
    close(session)


def test_one_process_sends_for_an_owner(operations, capsys):
    with Keyring(operations.keys, "IR", sending=True):
        code, text = command(operations, capsys, "send", "ping", "--owner", "IR")
        assert code == 2 and "another process sends for IR" in text
        with pytest.raises(GroundError, match="another process"):
            Keyring(operations.keys, "IR", sending=True)
        Keyring(operations.keys, "IR")
    Keyring(operations.keys, "IR", sending=True).close()


def test_a_frame_is_protected_anew_each_time_it_goes(tmp_path):
    """Never the same IV twice, whatever COP-1 repeats."""

    class Station:
        def __init__(self):
            self.frames = []

        def send(self, frame):
            self.frames.append(frame)

        def receive(self, timeout_s):
            return [(TIME, now[0], b"")]

    folder = tmp_path / "keys"
    keys.generate(folder, keys.names("EC"))
    now = [0.0]
    with Keyring(folder, "EC", sending=True) as ring:
        station = Station()
        session = Session(Dictionary(), ring, station, t1_s=5.0)
        request = session.submit("ping")
        session._take_clcw(Clcw(1, False, False, False, False, False, 0, 17))
        for now[0] in (1.0, 7.0, 14.0):
            session.poll(0.0)
    assert len(station.frames) == 3
    assert len({frame[8:20] for frame in station.frames}) == 3
    assert {frame[4] for frame in station.frames} == {17}
    assert all(crc.is_intact(frame) for frame in station.frames)
    assert not request.ended
