"""The coded downlink as samples, received by gr-satellites: symbols, sync marker, derandomiser,
Reed-Solomon of its own."""

from __future__ import annotations

import random
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.interop

RATE_BIT_S = 9600
SAMPLES_PER_BIT = 5
AMPLITUDE = 12000
NOISE = 2500
TRAILING = 3000  # octets behind the last frame, to push it through the receiver
FEND, FESC = 0xC0, 0xDB

SATELLITE = """\
name: microflight
norad: 99999
data:
  &tlm Telemetry:
    unknown
transmitters:
  9k6 FSK:
    frequency: 437.000e+6
    modulation: FSK
    baudrate: 9600
    framing: CCSDS Reed-Solomon
    RS basis: dual
    RS interleaving: 1
    frame size: 223
    scrambler: CCSDS
    data:
    - *tlm
"""


def record(path, octets, seed=1):
    """What a frequency demodulator gives: a level per bit, with noise, as a sound file."""
    bits = np.unpackbits(np.frombuffer(octets, dtype=np.uint8)).astype(float) * 2.0 - 1.0
    samples = np.repeat(bits, SAMPLES_PER_BIT) * AMPLITUDE
    samples += np.random.default_rng(seed).normal(0.0, NOISE, len(samples))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_BIT_S * SAMPLES_PER_BIT)
        file.writeframes(np.clip(samples, -32767, 32767).astype("<i2").tobytes())


def unkiss(data):
    """Frames of a KISS stream, of port 0."""
    frames = []
    for part in data.split(bytes([FEND])):
        if part[:1] == b"\0":
            plain = part[1:].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            frames.append(plain)
    return frames


def received(folder, octets):
    """The frames that gr-satellites finds in a transmission."""
    sound, satellite, out = folder / "rx.wav", folder / "satellite.yml", folder / "frames.kss"
    record(sound, octets)
    satellite.write_text(SATELLITE, encoding="ascii")
    step = subprocess.run(
        [
            *("/usr/bin/python3", str(Path(__file__).with_name("gr_satellites_shim.py"))),
            # As fast as it was sent: the receiver drops what is in its queues when samples end.
            *(str(satellite), "--wavfile", str(sound), "--throttle"),
            *("--samp_rate", str(RATE_BIT_S * SAMPLES_PER_BIT), "--kiss_out", str(out)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert step.returncode == 0, step.stderr[-2000:]
    return unkiss(out.read_bytes())


def transmission(bursts):
    """Bursts with what a modulator sends before and after."""
    source = random.Random(7)
    noise = bytes(source.randrange(256) for _ in range(TRAILING))
    return b"\x55" * 200 + b"".join(bursts) + noise


def test_every_frame_is_received(flight, tmp_path):
    found = received(tmp_path, transmission(flight.bursts[:24]))
    assert found == flight.frames[:24]


def test_it_corrects_what_may_be_wrong(flight, tmp_path):
    source = random.Random(3)
    bursts = []
    for burst in flight.bursts[40:54]:
        wrong = bytearray(burst)
        for position in source.sample(range(4, 259), 14):
            wrong[position] ^= source.randrange(1, 256)
        bursts.append(bytes(wrong))
    assert received(tmp_path, transmission(bursts)) == flight.frames[40:54]
