"""The radio channel: visibility, delay, rate, bit errors, order."""

import pytest

from sim.channel import Channel, Fades
from sim.devices.mf_radio import MfRadio
from tests.sim.onboard import make

STEP_S = 0.1


def make_channel(always=True, delay_s=0.0, bit_error_rate=0.0, seed=1):
    radio = MfRadio("radio")
    radio.transfer(b"\x02\x03", 0)
    channel = Channel(radio, seed, always, delay_s, bit_error_rate)
    got = []
    channel.on_frame.append(lambda t_s, frame: got.append((t_s, frame)))
    return radio, channel, got


def run(channel, start, steps, in_view=0):
    for step in range(steps):
        channel.advance((start + step) * STEP_S, STEP_S, in_view)


def test_downlink_arrives_after_its_bits_and_the_delay():
    radio, channel, got = make_channel(delay_s=0.01)
    radio.transfer(b"\x08" + b"x" * 223, 0)
    run(channel, 20, 3)
    assert got == [(pytest.approx(2.0 + 223 * 8 / 9600 + 0.01), b"x" * 223)]


def test_downlink_without_a_station_is_lost():
    radio, channel, got = make_channel(always=False)
    radio.transfer(b"\x08" + b"x" * 50, 0)
    run(channel, 0, 2, in_view=0)
    assert (got, channel.lost_down) == ([], 1)
    radio.transfer(b"\x08" + b"y" * 50, 0)
    run(channel, 2, 2, in_view=0b10)
    assert [frame for _, frame in got] == [b"y" * 50]


def test_uplink_waits_for_its_time_and_its_bits():
    radio, channel, _ = make_channel(delay_s=0.05)
    channel.uplink(1.0, b"u" * 120)  # 0.1 s of bits: arrives at 1.15
    run(channel, 0, 11)
    assert channel.received_up == 0
    run(channel, 11, 1)
    assert channel.received_up == 1
    assert radio.transfer(b"\x09", 120) == b"u" * 120


def test_uplink_keeps_the_order_of_time_then_of_calls():
    radio, channel, _ = make_channel()
    channel.uplink(2.0, b"c")
    channel.uplink(1.0, b"a")
    channel.uplink(1.0, b"b")
    run(channel, 0, 30)
    assert [radio.transfer(b"\x09", 1) for _ in range(3)] == [b"a", b"b", b"c"]


def test_uplink_bits_take_their_turn():
    radio, channel, _ = make_channel()
    for _ in range(4):
        channel.uplink(0.0, b"z" * 230)  # 0.19 s each
    counts = []
    for step in range(9):
        run(channel, step, 1)
        counts.append(channel.received_up)
    assert counts == [0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_uplink_is_lost_without_receiver_visibility_or_room():
    radio, channel, _ = make_channel(always=False)
    channel.uplink(0.0, b"a")
    run(channel, 0, 1)
    radio.transfer(b"\x02\x01", 0)
    channel.uplink(0.1, b"b")
    run(channel, 1, 1, in_view=1)
    assert channel.lost_up == 2
    radio.transfer(b"\x02\x03", 0)
    for _ in range(10):
        channel.uplink(0.2, bytes(250))
    run(channel, 2, 30, in_view=1)
    assert (channel.received_up, channel.lost_up) == (8, 4)


def test_a_burst_is_made_when_it_is_radiated():
    radio, channel, _ = make_channel()
    made = []

    def burst(name):
        made.append(name)
        return name

    channel.uplink(2.0, lambda: burst(b"late"))
    channel.uplink(1.0, lambda: burst(b"soon"))
    assert made == []
    run(channel, 0, 25)
    assert made == [b"soon", b"late"]
    assert radio.transfer(b"\x09", 8) == b"soonlate"


def test_bit_errors_have_their_rate_and_depend_on_the_frame_index_only():
    def damaged(seed):
        radio, channel, got = make_channel(bit_error_rate=1e-3, seed=seed)
        radio.transfer(b"\x04\x05", 0)
        for index in range(200):
            radio.transfer(b"\x08" + bytes(223), 0)
            run(channel, index, 1)
        return channel.bit_errors, [frame for _, frame in got]

    count, frames = damaged(1)
    assert damaged(1) == (count, frames)
    assert damaged(2) != (count, frames)
    flipped = sum(bin(byte).count("1") for frame in frames for byte in frame)
    assert flipped == count
    # 200 frames of 1784 bits at 1e-3: 357 expected, sigma 19.
    assert 260 < count < 450


def test_no_bit_errors_leave_frames_alone():
    radio, channel, got = make_channel()
    radio.transfer(b"\x08" + bytes(range(200)), 0)
    run(channel, 0, 3)
    assert got[0][1] == bytes(range(200))
    assert channel.bit_errors == 0


def test_geometry_decides_on_the_stations_of_the_scenario():
    onboard = make('radio.visibility="stations"', "watchdog.boot_timeout_s=3600")
    onboard.time_us = 3_000_000_000
    onboard.i2c(1, 0x0C)
    views = onboard.world.truth["stations_in_view"]
    assert views.max() > 0 and views.min() == 0


def test_fades_lose_whole_bursts_both_ways_and_repeat():
    def lost(seed):
        radio = MfRadio("radio")
        radio.transfer(b"\x02\x03", 0)
        channel = Channel(radio, seed, True, 0.0, 0.0, Fades(seed, 20.0, 2.0))
        for step in range(6000):
            if step % 10 == 0:
                radio.transfer(b"\x08" + bytes(100), 0)
                channel.uplink(step * STEP_S, bytes(10))
            run(channel, step, 1)
            radio.transfer(b"\x09", 200)
        return channel.lost_down, channel.lost_up

    down, up = lost(1)
    assert 20 <= down <= 120 and 20 <= up <= 120, "a tenth of the time, of 600 each"
    assert lost(1) == (down, up) != lost(2)


def test_without_fades_nothing_fades():
    assert not Fades(1, 0.0, 1.0).within(0.0, 1e9)


def test_a_half_duplex_radio_hears_nothing_while_it_sends():
    def heard(half_duplex, send):
        radio = MfRadio("radio")
        radio.transfer(b"\x02\x03", 0)
        channel = Channel(radio, 1, True, 0.0, 0.0, None, half_duplex)
        if send:
            radio.transfer(b"\x08" + bytes(240), 0)  # 0.2 s
        channel.uplink(0.05, bytes(30))
        channel.uplink(0.3, bytes(30))
        run(channel, 0, 6)
        return channel.received_up

    assert heard(True, send=False) == 2
    assert heard(False, send=True) == 2
    assert heard(True, send=True) == 1
