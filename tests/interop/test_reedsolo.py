"""What the radio sent, read by reedsolo in the conventional basis."""

from __future__ import annotations

import random

import reedsolo

from ground import coding

CODEC = reedsolo.RSCodec(32, nsize=255, fcr=112, prim=0x187, generator=173)
TO_CONVENTIONAL, TO_DUAL = coding.to_conventional(), coding.to_dual()


def read(block):
    return bytes(CODEC.decode(block.translate(TO_CONVENTIONAL))[0]).translate(TO_DUAL)


def test_every_block_of_a_flight_is_a_code_word(flight):
    for burst, frame in zip(flight.bursts[:80], flight.frames[:80], strict=True):
        plain = coding.derandomise(burst[len(coding.MARKER) :])
        conventional = plain.translate(TO_CONVENTIONAL)
        assert bytes(CODEC.encode(conventional[:223])) == conventional
        assert plain[:223] == frame


def test_sixteen_wrong_octets_are_corrected_by_both(flight):
    source = random.Random(1)
    for burst, frame in zip(flight.bursts[:20], flight.frames[:20], strict=True):
        wrong = bytearray(coding.derandomise(burst[len(coding.MARKER) :]))
        for position in source.sample(range(255), 16):
            wrong[position] ^= source.randrange(1, 256)
        assert read(bytes(wrong)) == frame == coding.correct(bytes(wrong))
