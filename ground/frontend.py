"""The station half of the receiver: octets of the demodulator to telemetry frames. Holds no key.

    world.on_frame.append(FrontEnd(receiver))     # receiver(t_s, frame of 223 octets)

Finds the attached sync marker at any bit alignment, derandomises, corrects (ground/coding.py).
A code block that cannot be corrected is counted and never handed on.
"""

from typing import Callable, List

from ground import coding

Receiver = Callable[[float, bytes], None]
MARKER_ERRORS = 3  # bits of a marker that may be wrong where one is expected


class FrontEnd:
    """A callable `(t_s, octets)`; what it finds goes to every one of `receivers`.

    Counters: `frames`, of these `corrected`; `uncorrectable` blocks; `skipped` octets in which no
    block was found.
    """

    def __init__(self, *receivers: Receiver) -> None:
        self.receivers: List[Receiver] = list(receivers)
        self.frames = self.corrected = self.uncorrectable = self.skipped = 0
        self._octets = b""
        self._shift = 0  # bits by which the stream is out of step with octets
        self._locked = False

    def __call__(self, t_s: float, octets: bytes) -> None:
        """Take what was received until `t_s`; frames are handed on at once."""
        self._octets += octets
        size = coding.CADU_SIZE
        while len(self._octets) >= size + (self._shift > 0):
            window = self._aligned(size)
            errors = _differing(window[: len(coding.MARKER)])
            if errors > (MARKER_ERRORS if self._locked else 0):
                self._locked = False
                if not self._search():
                    return
                continue
            self._octets = self._octets[size:]
            self._take(t_s, window[len(coding.MARKER) :])

    def _aligned(self, size: int) -> bytes:
        """The first `size` octets of the stream, bits moved into place."""
        if self._shift == 0:
            return self._octets[:size]
        value = int.from_bytes(self._octets[: size + 1], "big") >> (8 - self._shift)
        return (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")

    def _search(self) -> bool:
        """Drop octets up to the next whole marker; False when all that is left may be its begin."""
        first = 1 if self._shift == 0 else 0
        best, best_shift = -1, 0
        value = int.from_bytes(self._octets, "big")
        for shift in range(8):
            moved = (value << shift).to_bytes(len(self._octets) + 1, "big")[1:]
            at = moved.find(coding.MARKER, first if shift <= self._shift else 0)
            if at >= 0 and (best < 0 or at * 8 + shift < best * 8 + best_shift):
                best, best_shift = at, shift
        if best < 0:
            keep = len(coding.MARKER)
            self.skipped += max(0, len(self._octets) - keep)
            self._octets = self._octets[-keep:]
            self._shift = 0
            return False
        self.skipped += best
        self._octets, self._shift = self._octets[best:], best_shift
        return True

    def _take(self, t_s: float, block: bytes) -> None:
        plain = coding.derandomise(block)
        frame = coding.correct(plain)
        if frame is None:
            # A marker by chance in noise looks like this as well: the next one has to be whole.
            self.uncorrectable += 1
            self._locked = False
            return
        self._locked = True
        self.frames += 1
        self.corrected += frame != plain[: coding.FRAME_SIZE]
        for receiver in self.receivers:
            receiver(t_s, frame)


def _differing(marker: bytes) -> int:
    """Bits of a sync marker that are wrong."""
    return bin(int.from_bytes(marker, "big") ^ int.from_bytes(coding.MARKER, "big")).count("1")
