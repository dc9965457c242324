"""Operating a spacecraft through a channel that fades: COP-1 brings every telecommand over, once.

In a module of its own: one process flies one spacecraft at a time."""

from ground.session import DELIVERED, FAILED
from tests.cli.ground_rig import Operations

LEAST, MOST = 12, 200


def test_frames_lost_on_the_way_are_sent_again_and_each_is_carried_out_once(tmp_path):
    with Operations(tmp_path, ["radio.fade_every_s=6", "radio.fade_s=3"]) as operations:
        reports = []
        session = operations.session("host", reports.append, limit=100)
        channel = operations.world.channel
        requests = []

        def enough():
            return len(requests) >= LEAST and channel.lost_up >= 3

        def feed():
            if not enough() and len(requests) < MOST and session.waiting == 0:
                requests.append(session.submit("ping"))
            return enough() and all(r.reached(DELIVERED) for r in requests)

        assert operations.run([session], feed)
        assert not any(r.reached(FAILED) for r in requests)
        now_s = session.time_s

        def counted():
            return [r for r in reports if r.name == "tc_host" and r.received_s > now_s + 30]

        assert operations.run([session], lambda: bool(counted()))
        assert counted()[0].raw["frames_ad"] == len(requests)
        session.ring.close()
