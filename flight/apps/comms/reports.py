"""Housekeeping of comms: counters of the link and of each channel, radio and queues."""

import struct

from hal.compat import const

_CHANNELS = const(4)
_CHANNEL_TURNS = const(3)  # reports of the channels every third time


class Reports:
    """Packets link_counters, comms_hk and tc_*."""

    def __init__(self, context, writer):
        self._link = context.board.link
        self._queues = context.telemetry.queues
        self._counters = context.store.claim(0x0301, writer)
        self._record = context.store.claim(0x0302, writer)
        self._channels = [context.store.claim(0x0303 + vc, writer) for vc in range(_CHANNELS)]
        self._turn = 0

    def post(self, state, rate, errors, sent, frames, refused, down):
        """Fill and publish; the arguments are the fields of comms_hk."""
        self._link.counters_into(self._counters.data)
        self._counters.post()
        if self._turn == 0:
            vc = 0
            for record in self._channels:
                self._link.channel_into(vc, record.data)
                record.post()
                vc += 1
        self._turn = (self._turn + 1) % _CHANNEL_TURNS
        queues = self._queues
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            state,
            rate,
            errors,
            sent,
            frames,
            refused,
            down,
            queues[0].waiting(),
            queues[1].waiting() + queues[2].waiting() + queues[3].waiting(),
            self._link.memory(),
        )
        self._record.post()
