"""Files up and down over the coded link with loss: the firmware in QEMU, cfdp-py on the ground."""

import pytest

from cli.file_link import FileLink
from tests.emulated.flight import Flight
from tests.flight.cfdp_rig import content, write

SIZE = 12_000
OWNER = "EC"


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    """EC sends a file up and asks for it again."""
    folder = tmp_path_factory.mktemp("files")
    made = Flight(folder, 150)
    link = FileLink(made, OWNER, folder, 0.1, seed=3)
    link.upload(12.0, write(folder, "source", content(SIZE)), "a.bin")
    link.download(70.0, "a.bin")
    made.fly()
    return made, link


def test_a_file_goes_up_and_comes_down_the_same(flown):
    made, link = flown
    assert [(o.way, o.complete) for o in link.files.ended] == [("up", True), ("down", True)]
    assert (made.folder / "a.bin").read_bytes() == content(SIZE)
    raw = made.history.latest["files_hk"].raw
    assert (raw["uploads"], raw["downloads"]) == (1, 1)
    events = [event for event, *_ in made.events()]
    assert 0x0A01 in events and 0x0A02 in events and 0x0A03 not in events


def test_nothing_is_allocated_meanwhile(flown):
    made, _ = flown
    columns = made.history.columns["core_hk"]
    during = [
        allocated
        for t_s, allocated in zip(columns["time_s"], columns["heap_allocated"], strict=True)
        if 20 < t_s < 110
    ]
    assert len(during) >= 5 and len(set(during)) == 1
