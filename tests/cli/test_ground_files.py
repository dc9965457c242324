"""Files by the command line, given up and asked for again, over real sockets on the desktop."""

import pytest

from cli.ending import EXIT_INTERRUPTED, EXIT_TERMINATED
from cli.ground import files
from cli.main import main
from tests.cli.ground_rig import Operations

DATA = bytes(range(256)) * 32
OWNER = 3  # BY


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with Operations(folder) as made:
        for name in ("long.bin", "other.bin"):
            (folder / name).write_bytes(DATA)
            words = ["upload", str(folder / name), "--owner", "BY", "--rate", "200000"]
            assert main(["ground", *words, *made.option()]) == 0
        yield made


def download(operations, capsys, folder, name="long.bin"):
    words = ["download", name, "--owner", "BY", "--into", str(folder), "--rate", "200000"]
    code = main(["ground", *words, *operations.option()])
    out, err = capsys.readouterr()
    return code, out + err


def interrupt(monkeypatch, error, progress):
    """Have `error` come when so much of a download is there."""
    work = files.Transfer.work
    come = []

    def until(transfer):
        work(transfer)
        if not come and transfer.files.progress >= progress:
            come.append(error)
            raise error

    monkeypatch.setattr(files.Transfer, "work", until)


@pytest.mark.parametrize(
    ("error", "code", "progress"),
    [
        (KeyboardInterrupt(), EXIT_INTERRUPTED, 0),
        (KeyboardInterrupt(), EXIT_INTERRUPTED, 2000),
        (SystemExit(EXIT_TERMINATED), EXIT_TERMINATED, 2000),
    ],
)
def test_a_download_that_is_interrupted_is_cancelled_and_can_be_asked_for_again(
    operations, capsys, tmp_path, monkeypatch, error, code, progress
):
    words = ["--owner", "BY", "--into", str(tmp_path)]
    with monkeypatch.context() as patch:
        interrupt(patch, error, progress)
        try:
            found = main(["ground", "download", "long.bin", *words, *operations.option()])
        except SystemExit as end:
            found = end.code
    text = "".join(capsys.readouterr())
    assert found == code and "long.bin: given up" in text and "no answer" not in text
    words = ["transfer_cancel", f"owner={OWNER}", "way=1", "--owner", "BY"]
    assert main(["ground", "send", *words, *operations.option()]) == 1
    assert "transfer_unknown" in "".join(capsys.readouterr()), "it goes on on board"
    assert list(tmp_path.iterdir()) == []
    found, text = download(operations, capsys, tmp_path)
    assert found == 0 and "long.bin: complete" in text.splitlines(), text
    assert (tmp_path / "long.bin").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["long.bin"]


def test_a_download_that_is_not_over_in_time_is_cancelled(
    operations, capsys, tmp_path, monkeypatch
):
    run = files.Transfer.run
    with monkeypatch.context() as patch:
        patch.setattr(files.Transfer, "run", lambda self, show, _, up: run(self, show, 0.0, up))
        code, text = download(operations, capsys, tmp_path)
    assert code == 1 and "long.bin: given up" in text and "not whole in" in text
    assert list(tmp_path.iterdir()) == []
    assert download(operations, capsys, tmp_path)[0] == 0
    assert (tmp_path / "long.bin").read_bytes() == DATA


@pytest.mark.parametrize("left", ["long.bin", "other.bin"])
def test_what_a_killed_command_left_on_board_is_not_in_the_way(operations, capsys, tmp_path, left):
    """It is this file: that goes on; it is another one: that is refused, and this asked for."""
    session = operations.session("BY")
    request = session.submit("file_send", {"path": "", "name": left})
    assert operations.run([session], lambda: request.ended) and request.completed
    session._link.close()
    session.ring.close()
    code, text = download(operations, capsys, tmp_path)
    assert code == 0, text
    assert ("nobody asked for, refused: 1" in text) == (left == "other.bin")
    assert {path.name for path in tmp_path.iterdir()} == {"long.bin"}
    assert (tmp_path / "long.bin").read_bytes() == DATA


def test_places_that_are_taken_are_refused_before_anything_is_asked(operations, capsys, tmp_path):
    sent = operations.station.sent["BY"]
    for name in ("long.bin", "long.bin.part"):
        (tmp_path / name).write_bytes(b"mine")
        code, text = download(operations, capsys, tmp_path)
        assert code == 2 and f"{name}: is there already" in text and text.count("\n") == 1
        assert (tmp_path / name).read_bytes() == b"mine"
        (tmp_path / name).unlink()
    assert operations.station.sent["BY"] == sent


def test_an_upload_touches_nothing_beside_its_file(operations, capsys, tmp_path):
    """While an old download comes down, of the same name as a file that lies beside."""
    session = operations.session("BY")
    request = session.submit("file_send", {"path": "", "name": "long.bin"})
    assert operations.run([session], lambda: request.ended) and request.completed
    session._link.close()
    session.ring.close()
    (tmp_path / "long.bin").write_bytes(b"mine")
    (tmp_path / "new.bin").write_bytes(DATA)
    words = ["upload", str(tmp_path / "new.bin"), "--owner", "BY", "--rate", "200000"]
    assert main(["ground", *words, *operations.option()]) == 0
    assert "nobody asked for" in "".join(capsys.readouterr())
    assert (tmp_path / "long.bin").read_bytes() == b"mine"
    assert (tmp_path / "new.bin").read_bytes() == DATA
    assert {path.name for path in tmp_path.iterdir()} == {"long.bin", "new.bin"}
