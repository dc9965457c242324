"""The radio on a port: what stations hear and send, and how those are cut off that misbehave."""

import socket
from types import SimpleNamespace

import pytest

from sim.bridges.radio_port import BURST_MAX, HEADER, RadioPort
from sim.errors import BridgeError


class World(SimpleNamespace):
    def __init__(self):
        super().__init__(t_s=5.0, on_frame=[], on_step=[], radiated=[])

    def uplink(self, t_s, burst):
        self.radiated.append((t_s, burst))

    def step(self, t_s):
        self.t_s = t_s
        for observer in self.on_step:
            observer(t_s)


@pytest.fixture
def radio():
    world = World()
    port = RadioPort(world, 0, pace=0)
    port.world = world
    yield port
    port.close()


def connect(radio):
    station = socket.create_connection(("127.0.0.1", radio.port), 2.0)
    known = radio.stations
    turn(radio, lambda: radio.stations > known)
    return station


def turn(radio, done):
    for n in range(2000):
        if done():
            return
        radio.world.step(radio.world.t_s + 1e-6 * n)
    raise AssertionError("it did not come to pass")


def message(station):
    time_us, size = HEADER.unpack(station.recv(HEADER.size, socket.MSG_WAITALL))
    return time_us, station.recv(size, socket.MSG_WAITALL) if size else b""


def test_every_station_hears_the_same(radio):
    stations = [connect(radio), connect(radio)]
    for receiver in radio.world.on_frame:
        receiver(6.25, b"frame")
    for station in stations:
        while (heard := message(station))[1] == b"":
            continue
        assert heard == (6_250_000, b"frame")
    assert radio.sent == 1


def test_time_goes_on_in_silence(radio):
    station = connect(radio)
    radio.world.step(9.0)
    radio.world.step(10.5)
    times = []
    while not times or times[-1] < 10_500_000:
        time_us, octets = message(station)
        assert octets == b""
        times.append(time_us)
    assert times == sorted(times)


def test_bursts_go_up_now_or_when_they_say(radio):
    station = connect(radio)
    now, later = HEADER.pack(0, 3) + b"now", HEADER.pack(20_000_000, 5) + b"later"
    for octet in (now + later)[:9], (now + later)[9:]:
        station.sendall(octet)
    turn(radio, lambda: radio.radiated == 2)
    (first_s, first), (second_s, second) = radio.world.radiated
    assert (first, second, second_s) == (b"now", b"later", 20.0)
    assert first_s < 6.0


@pytest.mark.parametrize("size", (0, BURST_MAX + 1))
def test_a_station_that_talks_nonsense_is_cut_off_alone(radio, size):
    bad, good = connect(radio), connect(radio)
    bad.sendall(HEADER.pack(0, size) + bytes(10))
    turn(radio, lambda: radio.cut == 1)
    assert radio.stations == 1
    good.sendall(HEADER.pack(0, 2) + b"ok")
    turn(radio, lambda: radio.radiated == 1)
    assert radio.world.radiated[0][1] == b"ok"


def test_a_station_that_leaves_is_forgotten(radio):
    connect(radio).close()
    turn(radio, lambda: radio.stations == 0)


def test_a_port_in_use_is_said(radio):
    with pytest.raises(BridgeError, match=f"cannot listen on port {radio.port}"):
        RadioPort(World(), radio.port)
