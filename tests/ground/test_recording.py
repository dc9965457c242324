"""The frames file: what is written is read; damage is one clear line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import recording
from ground.errors import RecordingError


@given(st.lists(st.tuples(st.integers(0, 10**12), st.binary(max_size=300))))
def test_round_trip(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("frames") / "a.mff"
    with recording.Recorder(path, 0x12345678) as recorder:
        for time_us, frame in records:
            recorder(time_us / 1e6, frame)
    assert [(round(t * 1e6), f) for t, f in recording.read(path)] == records


def test_a_cut_file_gives_its_whole_records_and_then_says_so(tmp_path):
    path = tmp_path / "a.mff"
    with recording.Recorder(path, 0) as recorder:
        recorder(1.0, b"abc")
        recorder(2.0, b"defg")
    whole = path.read_bytes()
    for size in range(len(whole) - 14 + 1, len(whole)):
        path.write_bytes(whole[:size])
        reader = recording.read(path)
        assert next(reader) == (1.0, b"abc")
        with pytest.raises(RecordingError, match="cut in mid-record"):
            next(reader)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not a frames file"),
        (b"MFFRAM", "not a frames file"),
        (b"something else entirely", "not a frames file"),
        (b"MFFRAMES\x00\x09\x00\x00\x00\x00", "version 9"),
    ],
)
def test_other_files_are_refused(tmp_path, content, text):
    path = tmp_path / "a.mff"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=text):
        list(recording.read(path))


def test_missing_and_unwritable_files_are_named(tmp_path):
    with pytest.raises(RecordingError, match="cannot be read"):
        list(recording.read(tmp_path / "none.mff"))
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        recording.Recorder(tmp_path / "file" / "a.mff", 0)
