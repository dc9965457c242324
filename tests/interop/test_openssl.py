"""Protected frames of a flight, opened and made by OpenSSL's AES-256-GCM alone."""

from __future__ import annotations

import struct

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ground import keys

TM_KEYS = {1: "tm-EC", 2: "tm-IR", 3: "tm-BY"}
TC_KEYS = {1: "tc-host", 2: "tc-EC", 3: "tc-IR", 4: "tc-BY"}
TM_SPIS = {1: 18, 2: 19, 3: 20}


@pytest.fixture(scope="module")
def secrets():
    return keys.development()


def opened(frame, key):
    """Data of a protected telemetry frame; authenticated are VC and SPI."""
    spi, nonce = frame[6:8], frame[8:20]
    aad = bytes((0, frame[1] & 0x0E, 0, 0, 0, 0)) + spi + bytes(12)
    return AESGCM(key).decrypt(nonce, frame[20:-6], aad)


def test_telemetry_of_the_partners_opens_with_their_keys(flight, secrets):
    seen = set()
    for frame in flight.frames:
        vc = frame[1] >> 1 & 7
        if vc in TM_KEYS:
            assert struct.unpack_from(">H", frame, 6)[0] == TM_SPIS[vc]
            assert len(opened(frame, secrets[TM_KEYS[vc]])) == 181
            seen.add(vc)
    assert seen == {1, 2, 3}


def test_nobody_elses_key_opens_it(flight, secrets):
    frame = next(f for f in flight.frames if f[1] >> 1 & 7 == 1)
    for name, key in secrets.items():
        if name != "tm-EC":
            with pytest.raises(InvalidTag):
                opened(frame, key)


def test_no_nonce_is_used_twice(flight):
    nonces = [(frame[6:8], frame[8:20]) for frame in flight.frames if frame[1] >> 1 & 7 in TM_KEYS]
    assert len(nonces) == len(set(nonces)) > 20


def test_telecommands_open_to_the_packets_that_were_meant(flight, secrets):
    from ground import cltu

    found = []
    for burst in flight.radiated:
        frame = cltu.decode(burst[len(cltu.ACQUISITION) : -len(cltu.IDLE)])
        size = (frame[2] << 8 & 0x300 | frame[3]) + 1
        frame = frame[:size]
        (spi,) = struct.unpack_from(">H", frame, 6)
        aad = bytes((0, 0, frame[2] & 0xFC, 0, 0)) + frame[5:8] + bytes(12)
        packet = AESGCM(secrets[TC_KEYS[spi]]).decrypt(frame[8:20], frame[20:-2], aad)
        found.append((frame[2] >> 2, packet))
    assert sorted(found) == sorted(flight.commands)
