"""Everything the ground may ask of the attitude loop, on the desktop's real stack."""

from boards.desktop import run
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.frontend import FrontEnd
from ground.history import History
from sim.scenario import load
from sim.world import World
from tests.boards import attitude_requests


def test_every_request_ends_as_it_must():
    world = World(load("first-light", [f"duration_s={attitude_requests.END_S}"]))
    history, reports = History(), []
    decoder = Decoder(Dictionary(), history.add)
    world.on_frame.append(FrontEnd(lambda t_s, f: reports.extend(decoder.frame(t_s, f))))
    identifiers = attitude_requests.uplink(world.uplink)
    run.fly(world)
    attitude_requests.check(history, reports, identifiers)
    assert decoder.summary()["bad_frames"] == 0 and len(world.boots) == 1
