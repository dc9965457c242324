"""A receiver in use, attacked with one frame: what every case of abuse has to show."""

from __future__ import annotations

from tests.native.link_rig import E_BADMSG, Receiver, packet, seal, secured

WINDOW = 1000


def board_in_use() -> Receiver:
    """Frames accepted on two channels: the host's next IV is 5, V(R) 1."""
    board = Receiver(window=WINDOW)
    assert board.receive(secured(packet(), 0, kind="AD", ns=0)) == 12
    board.packets()
    assert board.receive(secured(packet(), 4)) == 12
    board.packets()
    assert board.receive(secured(packet(apid=0x100), 7, partner=1)) == 12
    board.packets()
    return board


def attacked(board: Receiver, raw: bytes, counter: str, times: int = 1, now_us: int = 0) -> None:
    """`raw` is refused for `counter` alone, nothing else changes, and a good frame works."""
    before, counted = board.state(), board.refused()
    for _ in range(times):
        assert board.receive(raw, now_us=now_us) == E_BADMSG
    assert board.state() == before
    counted[counter] = counted.get(counter, 0) + times
    assert board.refused() == counted
    works(board)


def works(board: Receiver) -> None:
    sa = board.sa()
    iv = int(sa.next.high) << 64 | sa.next.low
    vr = board.farm()[0]
    assert board.receive(secured(packet(15), iv, kind="AD", ns=vr)) == 15
    assert board.packets() == [packet(15)]


GOOD = secured(packet(30), 5)


def resealed(raw: bytes, position: int, mask: int) -> bytes:
    out = bytearray(raw[:-2])
    out[position] ^= mask
    return seal(bytes(out))
