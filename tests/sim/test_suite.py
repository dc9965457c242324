"""The whole suite of an attitude mission: optional tables, determinism, peeking, two worlds."""

import hashlib
import struct

import numpy as np
import pytest

from sim.devices.base import RegisterDevice
from sim.scenario import ScenarioError, load
from sim.world import World
from tests.sim.onboard import SUITE, make

ALL = (
    *SUITE,
    "disturbance.air={}",
    "disturbance.light={}",
    "spacecraft.imu.bias_walk_rad_s_sqrt_s=1e-5",
    "spacecraft.magnetometer.misalignment_deg=1",
    "watchdog.boot_timeout_s=3600",
)


def test_optional_tables_are_absent_empty_or_filled():
    absent = load("first-light").data["spacecraft"]
    assert all(absent[part.split(".")[1].split("=")[0]] is None for part in SUITE)
    empty = load("first-light", ["spacecraft.wheels={}"]).data["spacecraft"]
    assert len(empty["wheels"]["axes_B"]) == 4 and empty["gnss"] is None
    filled = load("first-light", ["spacecraft.gnss.acquisition_s=7"]).data["spacecraft"]
    assert filled["gnss"]["acquisition_s"] == 7.0
    assert filled["gnss"]["noise_m"] == 3.0


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("spacecraft.gnss=3", "is a table; name one of its keys"),
        ("spacecraft.gnss={noise=3}", "unknown key 'spacecraft.gnss.noise'"),
        ("spacecraft.gnss.noise=3", "did you mean 'spacecraft.gnss.noise_m'"),
        ("spacecraft.wheels.inertia_kg_m2=1", "outside"),
        ("spacecraft.imu={}", "is a table; name one of its keys"),
        ("pointing.ground.latitude_deg=91", "outside"),
    ],
)
def test_bad_tables_are_one_clear_line(override, words):
    with pytest.raises(ScenarioError, match=words) as caught:
        load("first-light", [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("spacecraft.wheels.axes_B=[[1,0,0],[0,0.5,0]]", "wheels.axes_B must be unit vectors"),
        ("spacecraft.wheels.initial_speed_rad_s=[1,2]", "one value per wheel"),
        ("spacecraft.wheels.static_N_m=1e-6", "less than coulomb_N_m"),
        ("spacecraft.fss.dcm_BS=[[1,0,0],[1,0,0],[0,0,1]]", "fss.dcm_BS is no rotation"),
        ("spacecraft.star_tracker.dcm_BS=[[1,0,0],[0,1,0],[0,0,-1]]", "is no rotation"),
        ("pointing.axis_B=[1,1,0]", "pointing.axis_B must be unit vectors"),
    ],
)
def test_what_only_the_world_can_refuse(override, words):
    with pytest.raises(ScenarioError, match=words):
        World(load("first-light", [override]))


def fly(jitter_us=lambda tick: 0, seed=3, ticks=200):
    """All parts read and the wheels driven; a digest of every answer, and the truth."""
    onboard = make(*ALL, seed=seed)
    digest = hashlib.sha256()
    onboard.i2c(1, 0x2A, b"\x02\x00\x01")
    onboard.i2c(1, 0x30, b"\x0b\x0d")
    onboard.i2c(1, 0x0C, b"\x31\x08")
    onboard.i2c(1, 0x6A, b"\x11\x40")
    for tick in range(1, ticks):
        onboard.time_us = tick * 100_000 + jitter_us(tick)
        for wheel in range(4):
            torque = 1000 * (tick % 3 - 1) + 100 * wheel
            onboard.i2c(1, 0x20 + wheel, struct.pack(">BHHh", 2, 1, 0, torque))
        onboard.i2c(1, 0x61, bytes((0, 0xFD if tick % 4 else 0)))
        onboard.time_us = tick * 100_000 + 75_000 + jitter_us(tick)
        answers = [
            onboard.i2c(1, 0x0C, b"\x10", 9),
            onboard.i2c(1, 0x6A, b"\x1e", 10),
            onboard.i2c(1, 0x30, b"\x00", 9),
            onboard.i2c(1, 0x28, b"\x03", 12),
            onboard.i2c(1, 0x2A, b"\x03", 26),
            onboard.ask(5, 1, 0, rx_len=120),
        ]
        for address in (0x48, 0x49):
            answers.append(onboard.i2c(1, address, b"\x00", 2))
            onboard.i2c(1, address, struct.pack(">BH", 1, 0xC383 | tick % 4 << 12))
        answers += [onboard.i2c(1, 0x20 + wheel, b"\x03", 12) for wheel in range(4)]
        digest.update(repr(answers).encode())
    return digest.hexdigest(), {k: v.tobytes() for k, v in onboard.world.truth.items()}


def test_same_seed_same_bytes_and_another_seed_others():
    first = fly()
    assert first == fly()
    assert first[0] != fly(seed=4)[0]


def test_microseconds_within_a_grid_step_change_no_answer():
    noisy = np.random.default_rng(1).integers(0, 20_000, 1000)
    assert fly() == fly(jitter_us=lambda tick: int(noisy[tick]))


def test_peeking_leaves_every_part_as_it_was():
    """An answer is the same whether or not the part was peeked at before."""
    onboard = make(*ALL)
    onboard.i2c(1, 0x2A, b"\x02\x00\x01")
    onboard.i2c(1, 0x30, b"\x0b\x0d")
    onboard.time_us = 10_000_000
    onboard.i2c(1, 0x0C)
    for address, tx, size in (
        (0x20, b"\x03", 12),
        (0x23, b"\x03", 12),
        (0x28, b"\x03", 12),
        (0x2A, b"\x03", 26),
        (0x30, b"\x00", 9),
        (0x48, b"\x00", 2),
    ):
        peeked = onboard.ask(9, 1, address, tx, size)
        assert peeked == onboard.ask(9, 1, address, tx, size)
        assert peeked == onboard.i2c(1, address, tx, size)
    onboard.ask(9, 1, 0x20, struct.pack(">BHHh", 2, 1, 0, 500))
    assert onboard.i2c(1, 0x20, b"\x02", 6) == (0, bytes(6))  # a write that was peeked is undone


def test_noise_of_a_part_does_not_depend_on_how_often_it_is_read():
    def sample(extra):
        onboard = make(*ALL)
        onboard.i2c(1, 0x30, b"\x0b\x0d")
        for tick in range(1, 15):
            onboard.time_us = tick * 100_000
            if extra:
                onboard.i2c(1, 0x30, b"\x00", 9)
                onboard.i2c(1, 0x28, b"\x03", 12)
                onboard.i2c(1, 0x21, b"\x03", 12)
        onboard.time_us = 2_000_000
        return [
            onboard.i2c(1, 0x30, b"\x00", 7),
            onboard.i2c(1, 0x21, b"\x06", 2),
            onboard.i2c(1, 0x28, b"\x03", 2) and onboard.i2c(1, 0x28, b"\x05", 6),
        ]

    assert sample(False) == sample(True)


def test_parts_share_no_addresses_with_others():
    world = make(*ALL).world
    assert len(world.spacecraft.parts) == 11 + 9
    names = [part.name for part in world.spacecraft.parts.values()]
    assert names.count("mb85rc1mt") == 3 and names.count("wheel_2") == 1
    assert isinstance(world.device("mmc5983ma"), RegisterDevice)
