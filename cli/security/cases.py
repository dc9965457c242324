"""The abuse cases of the telecommand link, each a function that prepares an attack.

What an attacker has: everything that was ever on the air, the layouts, and, where the case says so,
the key of another partner.
"""

import random
from typing import Any, Callable, Dict

from cli.security.flight import Attack, control, ping, resealed
from flight import dictionary
from ground import cltu, crc
from ground.security import LAST_IV, TcSecurity

IV = slice(8, 20)
SPI_AT = 6
TAG = -crc.SIZE - 16


def a1(attack: Attack) -> None:
    """A bit flipped anywhere in segment header, SPI, IV, cipher text and tag, FECF made good."""
    frame = attack.security.frame(1, ping(1))
    for at in (20, 25, len(frame) + TAG - 1, len(frame) + TAG, len(frame) - crc.SIZE - 1):
        attack.send(resealed(frame, {at: frame[at] ^ 0x10}), "sdls_bad_tag")
    attack.send(resealed(frame, {19: frame[19] ^ 1}), "sdls_bad_tag")
    attack.send(resealed(frame, {5: frame[5] ^ 1}), "sdls_bad_tag")
    attack.send(resealed(frame, {2: frame[2] ^ 0x0C}), "sdls_wrong_channel")


def a2(attack: Attack) -> None:
    """A frame again: at once, later, on another channel."""
    frames = [attack.security.frame(1, ping(1)) for _ in range(3)]
    for frame in frames:
        attack.raw(cltu.burst(frame))
    attack.good["EC"] += len(frames)
    for frame in (*frames, frames[-1]):
        attack.send(frame, "sdls_replayed")
    for vc in (0, 2, 3):
        attack.send(resealed(frames[0], {2: vc << 2}), "sdls_wrong_channel")


def a3(attack: Attack) -> None:
    """Frames recorded before a change of key."""
    recorded = [attack.security.frame(2, ping(2)) for _ in range(3)]
    attack.raw(cltu.burst(recorded[0]))
    new = bytes(range(64, 96))
    spi = next(row[1] for row in dictionary.ASSOCIATIONS if row[0] == "tc-IR")
    values = [spi, 2, list(attack.security.wrap("tc-IR", new, 2))]
    rekey = attack.packet(2, "rekey", values)
    attack.raw(cltu.burst(attack.security.frame(2, rekey, iv=3)))
    attack.good["IR"] += 2
    attack.later(1.0)
    attack.security.set_key("tc-IR", new)
    for frame in recorded:
        attack.send(frame, "sdls_bad_tag")


def a4(attack: Attack) -> None:
    """Counters far ahead, around the border of the window, and at the end."""
    window = 65536
    attack.command(1, iv=0)
    for iv in (1 + window, 1 + 2 * window, LAST_IV - 1):
        attack.send(attack.security.frame(1, ping(1), iv=iv), "sdls_beyond_window")
    attack.send(attack.security.frame(1, ping(1), iv=LAST_IV), "sdls_expired")
    attack.command(1, iv=window)  # the last of the window
    attack.send(attack.security.frame(1, ping(1), iv=window), "sdls_replayed")
    attack.send(attack.security.frame(1, ping(1), iv=1), "sdls_replayed")
    attack.security.counters.set("tc-EC", window + 1)


def a5(attack: Attack) -> None:
    """Keys, SPI, channel and APID of different owners mixed."""
    mine = attack.keys["tc-BY"]
    stolen = TcSecurity({**attack.keys, "tc-EC": mine, "tc-host": mine})
    attack.send(stolen.frame(1, ping(1)), "sdls_bad_tag")
    attack.send(stolen.frame(0, ping(0)), "sdls_bad_tag")
    own = attack.security.frame(3, ping(3))
    attack.send(resealed(own, {2: 1 << 2}), "sdls_wrong_channel")
    attack.send(resealed(own, {5: 0xC0 | 15}), "sdls_wrong_channel")
    attack.send(resealed(own, {SPI_AT + 1: 2}), "sdls_wrong_channel")
    attack.send(lambda: attack.security.frame(3, ping(1)), "packet_apid")
    attack.send(lambda: attack.security.frame(3, ping(0)), "packet_apid")


def a6(attack: Attack) -> None:
    """No association, one of telemetry, one that is not operational, and none at all."""
    frame = attack.security.frame(1, ping(1))
    for spi in (0, 99, 18, 0xFFFF):
        changed = {SPI_AT: spi >> 8, SPI_AT + 1: spi & 0xFF}
        attack.send(resealed(frame, changed), "sdls_unknown_spi")
    plain = crc.append_crc(bytes((0x22, 0xA5, 1 << 2, 20, 0, 0xC0)) + ping(1))
    attack.send(plain, "sdls_short")
    longer = ping(1) + ping(1) * 2
    size = 6 + len(longer) + crc.SIZE
    plain = crc.append_crc(bytes((0x22, 0xA5, 1 << 2, size - 1, 0, 0xC0)) + longer)
    attack.send(plain, "sdls_unknown_spi")
    # The emergency association's counters are damaged: it does not come up.
    attack.before.append(lambda flight: _damage(flight, 4))
    attack.send(attack.security.frame(0, ping(0), map_id=15), "sdls_not_operational")


def _damage(flight: Any, row: int) -> None:
    at = 0x400 + 48 * row
    flight.world.spacecraft.fram.memory[at : at + 48] = b"\x5a" * 48


def a7(attack: Attack) -> None:
    """Every length from nothing to all but one octet, and a length field that is not that."""
    frame = attack.security.frame(0, ping(0))
    for size in range(1, len(frame) - 6, 3):
        attack.send(frame[:size], "bad_length")
    for length in (0, 6, len(frame) + 20, 255):
        attack.send(resealed(frame, {3: length}), "bad_length")
    short = bytearray(frame)
    short[3] -= 3
    attack.send(bytes(short), "bad_fecf")
    for data in (b"", b"\xc0", frame[5:20], frame[5:36]):
        size = 5 + len(data) + crc.SIZE
        made = crc.append_crc(bytes((0x22, 0xA5, 0, size - 1, 0)) + data)
        attack.send(made, "bad_length" if len(data) == 0 else "sdls_short")


def a8(attack: Attack) -> None:
    """Frames of more than 1024 octets, a CLTU without its tail, noise, a start sequence in data."""
    attack.raw(cltu.START + b"".join(cltu.code_block(bytes(7)) for _ in range(200)) + cltu.TAIL)
    attack.expected["cltu_oversize"] = 1
    frame = attack.security.frame(1, ping(1))
    octets = cltu.encode(frame)[: -len(cltu.TAIL)]
    attack.raw(cltu.ACQUISITION + octets)
    attack.raw(cltu.IDLE * 4)  # ends the block that never comes: the frame counts
    attack.good["EC"] += 1
    noise = random.Random(8)
    for _ in range(6):
        # Bits that hold no start sequence, not even with one wrong bit.
        attack.raw(bytes(noise.choice((0x00, 0xFF, 0x0F, 0x33)) for _ in range(1500)))
    # A counter that looks like a start sequence on the air.
    mask = cltu.randomise(bytes(20))[18:]
    inside = int.from_bytes(bytes(a ^ b for a, b in zip(mask, cltu.START, strict=True)), "big")
    attack.command(1, iv=inside)
    attack.security.counters.set("tc-EC", inside + 1)


def a9(attack: Attack) -> None:
    """Forged frames of type AD and control frames that anybody can send."""
    frame = attack.security.frame(1, ping(1), sequence=0)
    attack.send(resealed(frame, {25: frame[25] ^ 1}), "sdls_bad_tag")
    attack.send(resealed(frame, {25: frame[25] ^ 1, 4: 200}), "sdls_bad_tag")
    attack.send(resealed(frame, {25: frame[25] ^ 1, 4: 5}), "sdls_bad_tag")
    storm = 20
    for number in range(storm):
        attack.send(control(1, b"\x00" if number & 1 else b"\x82\x00\x00"))
    # Four at once, then one per 10 s.
    attack.expected["control_rate"] = storm - 4
    attack.control_storm = True


def a10(attack: Attack) -> None:
    """Header fields that are not this link's."""
    frame = attack.security.frame(1, ping(1))
    attack.send(resealed(frame, {1: frame[1] ^ 1}), "bad_scid")
    attack.send(resealed(frame, {0: frame[0] ^ 1}), "bad_scid")
    for version in (0x40, 0x80, 0xC0):
        attack.send(resealed(frame, {0: frame[0] | version}), "bad_version")
    for reserved in (0x04, 0x08, 0x0C):
        attack.send(resealed(frame, {0: frame[0] | reserved}), "bad_reserved")
    attack.send(resealed(frame, {0: frame[0] & ~0x20 | 0x10}), "bad_type")
    attack.send(resealed(frame, {0: frame[0] | 0x10}), "bad_control")
    attack.send(resealed(frame, {2: 9 << 2}), "bad_vc")
    attack.send(resealed(frame, {5: 0x40}), "bad_segment")


def a11(attack: Attack) -> None:
    """Packets with impossible lengths, first segments that never end, idle packets."""
    good = ping(1)
    for length in (0, 1, 0xFFFF, len(good) - 6):
        attack.inside(1, good[:4] + length.to_bytes(2, "big") + good[6:], "bad_packet")
    # The first two leave a whole packet before what is none: no telecommand, says the dispatcher.
    attack.dispatched["EC"] = 2
    attack.inside(1, good[:5], "bad_packet")
    for flags in (0x40, 0x00, 0x80):
        for count in range(4):
            attack.inside(1, good[:2] + bytes((flags, count)) + good[4:], "bad_packet")
    attack.inside(1, b"\x1f\xff" + good[2:], "packet_apid")
    attack.inside(1, b"\x09" + good[1:], "bad_packet")
    attack.inside(1, b"\x39" + good[1:], "bad_packet")


CASES: Dict[str, Callable[[Attack], None]] = {
    "A1": a1, "A2": a2, "A3": a3, "A4": a4, "A5": a5, "A6": a6, "A7": a7, "A8": a8, "A9": a9,
    "A10": a10, "A11": a11,
}  # fmt: skip
