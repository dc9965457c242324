"""The space link of one onboard computer on the host (native/include/mf_space_link.h)."""

from __future__ import annotations

from typing import Any

from native.cffi.buffers import view
from native.cffi.loader import ffi, lib

COUNTERS_SIZE: int = ffi.sizeof("mf_link_counters_t")
CHANNEL_SIZE: int = ffi.sizeof("mf_link_channel_t")


class Link:
    """The space link, see native/include/mf_space_link.h. Negative results are -errno."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self._link = lib.mf_host_link(stack._host)
        self._pointer = ffi.new("uint8_t **")
        self._counters = ffi.new("mf_link_counters_t *")
        self._channel = ffi.new("mf_link_channel_t *")

    def start(self) -> int:
        """Drop open frames, load keys, resume associations; how many are not operational."""
        return self._stack._ended(lib.mf_host_link_start(self._stack._host))

    def keep(self) -> int:
        """Upkeep of the next association in turn; as `start`."""
        return self._stack._ended(lib.mf_host_link_keep(self._stack._host))

    def memory(self) -> int:
        """Where the counters are: 0 FRAM, 1 RAM, 2 RAM and the emergency association's alone."""
        return int(lib.mf_counter_memory_state(lib.mf_host_counters(self._stack._host)))

    def rekey(self, owner: int, buf: Any, off: int) -> int:
        """A new key for an association of `owner`: 54 bytes at `buf[off:]`; 0 or -errno."""
        request = view(buf, off, lib.MF_LINK_REKEY_REQUEST)
        return self._stack._ended(lib.mf_host_link_rekey(self._stack._host, owner & 0xFF, request))

    def receive(self, buf: Any, off: int, n: int) -> int:
        """Octets `buf[off:n]` of the demodulator; how many were taken: all, or up to the end of a
        CLTU, see `outcome`."""
        if not 0 <= off <= n:
            return int(lib.MF_E_INVAL)
        source = view(buf, off, n - off)
        return self._stack._ended(lib.mf_host_link_receive(self._stack._host, source, n - off))

    def outcome(self) -> int:
        """Of the last `receive`: 0 nothing, 1 packets wait, 2 control command, 3 refused."""
        return int(self._link.outcome)

    def refusal(self) -> int:
        """Why the last frame or packet was refused (enum mf_tc_refusal)."""
        return int(self._link.tc.refusal)

    def packet(self, out: Any) -> int:
        """Next whole packet of the accepted frame; its length, 0 none left, or negative."""
        target = ffi.from_buffer("uint8_t[]", out, require_writable=True)
        size = int(lib.mf_space_link_packet(self._link, self._pointer))
        if size > len(target):
            return int(lib.MF_E_NOSPC)
        if size > 0:
            ffi.memmove(target, self._pointer[0], size)
        return size

    def vc(self) -> int:
        """Virtual channel of the last accepted frame."""
        return int(self._link.tc.frame_vc)

    def map(self) -> int:
        """MAP of the last accepted frame."""
        return int(self._link.tc.frame_map)

    def news(self) -> bool:
        """A report of a telecommand channel has changed and was not sent since."""
        return bool(self._link.tc.news)

    def tx_push(self, vc: int, buf: Any, at: int, off: int, n: int) -> int:
        """Append bytes `off` to `n` of the packet at `buf[at:at+n]` to the open frame; how many
        were taken."""
        if not 0 <= vc < lib.MF_VC_COUNT or off < 0 or off > n:
            return int(lib.MF_E_INVAL)
        return int(lib.mf_tm_push(ffi.addressof(self._link.tm), vc, view(buf, at, n), off, n))

    def tx_pending(self, vc: int) -> int:
        """Bytes waiting in the open frame."""
        if not 0 <= vc < lib.MF_VC_COUNT:
            return int(lib.MF_E_INVAL)
        return int(lib.mf_tm_pending(ffi.addressof(self._link.tm), vc))

    def tx_frame(self, vc: int, out: Any) -> int:
        """Complete the open frame, coded, into `out`; 259, 0 when nothing waits, or negative when
        it cannot be protected. `vc` 7: an idle frame."""
        if not 0 <= vc <= lib.MF_TM_VC_IDLE:
            return int(lib.MF_E_INVAL)
        target = view(out, 0, lib.MF_CADU_SIZE, True)
        return self._stack._ended(lib.mf_host_link_cadu(self._stack._host, vc, target))

    def counters_into(self, buf: Any) -> None:
        """Copy the counters (`mf_link_counters_t`, little-endian)."""
        target = view(buf, 0, COUNTERS_SIZE, True)
        lib.mf_space_link_counters(self._link, self._counters)
        ffi.memmove(target, self._counters, COUNTERS_SIZE)

    def channel_into(self, vc: int, buf: Any) -> int:
        """Copy what the owner of a channel may know of it (`mf_link_channel_t`)."""
        target = view(buf, 0, CHANNEL_SIZE, True)
        status = int(lib.mf_space_link_channel(self._link, vc & 0xFF, self._channel))
        if status == 0:
            ffi.memmove(target, self._channel, CHANNEL_SIZE)
        return status
