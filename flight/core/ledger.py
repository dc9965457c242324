"""The ledger: what of the accounts outlives a reset, as two copies in FRAM.

Seconds of the payload used today and ever, who is suspended, whether tasks are stopped, and the
rules by which every owner releases his science data. The day is that of mission time; while that is
unknown, one of uptime. What was used is stored once a minute: a power cut may give a minute back.
"""

import struct
from array import array

from flight import partners
from flight.core import failures
from flight.core.records import TwoCopies
from hal.compat import const

_ADDRESS_A = const(0x18000)
_ADDRESS_B = const(0x18080)
_LAYOUT = const(0x0901)
_OWNERS = const(4)
_DAY_S = const(86400)
_SAVE_S = const(60)
_PAYLOAD = const(8)  # column of QUOTAS
_U30 = const(0x3FFFFFFF)
# Places in the image.
_DAY = const(8)
_SUSPENDED = const(10)
_OVERRIDE = const(11)
_TODAY = const(12)  # u16 by owner
_EVER = const(20)  # u32 by owner
_MASK = const(36)  # u8 by owner
_HOURS = const(40)  # u8 by owner
_SIZE = const(36)

EVENT_SUSPENDED = const(0x0904)
EVENT_OVERRIDE = const(0x0905)


class Ledger:
    """`accounts.suspended` follows it; `override`: no tasks."""

    def __init__(self, context):
        self._time = context.time
        self._events = context.events
        self._accounts = context.accounts
        self._copies = TwoCopies(context.board.fram, _ADDRESS_A, _ADDRESS_B, _SIZE, _LAYOUT)
        self._copies.owner = self
        self._image = self._copies.image
        self._today = array("H", bytes(2 * _OWNERS))
        # Beyond 32767 a number of a table is a long one in the image: computing with it allocates.
        self._quota_s = array("H", [row[_PAYLOAD] for row in partners.QUOTAS])
        self._ever = array("I", bytes(4 * _OWNERS))
        self._unsaved_s = 0
        self._uptime_day = 0
        if not self._copies.load():
            self._copies.clear()
            self._copies.seal()
        for i in range(_OWNERS):
            self._today[i] = struct.unpack_from(">H", self._image, _TODAY + 2 * i)[0]
            self._ever[i] = struct.unpack_from(">I", self._image, _EVER + 4 * i)[0] & _U30
        self._accounts.suspended = self._image[_SUSPENDED] & ~1  # not the host
        self.override = 1 if self._image[_OVERRIDE] else 0

    def mend(self, whole):
        """Bits have turned; when what was stored last cannot be had: what is known without it. Who
        may have science data is told anew by the ground."""
        if whole:
            return
        image = self._image
        self._copies.clear()
        image[_SUSPENDED] = self._accounts.suspended
        image[_OVERRIDE] = self.override
        self._pack()

    def step(self):
        """A new day gives every owner his seconds back."""
        time = self._time
        image = self._image
        day = image[_DAY] << 8 | image[_DAY + 1]
        if time.quality:
            begun = day != time.seconds // _DAY_S
            day = time.seconds // _DAY_S
        else:
            begun = time.uptime_s // _DAY_S != self._uptime_day
            self._uptime_day = time.uptime_s // _DAY_S
        if begun:
            self._copies.right()
            image[_DAY] = day >> 8
            image[_DAY + 1] = day & 0xFF
            for i in range(_OWNERS):
                self._today[i] = 0
        if begun or self._unsaved_s >= _SAVE_S:
            self._save()

    def payload_left(self, owner):
        """Seconds of the payload that the owner has left today."""
        return max(0, self._quota_s[owner] - self._today[owner])

    def payload_used(self, owner):
        """Seconds of the payload that the owner has used ever, mod 2^30."""
        return self._ever[owner]

    def charge(self, owner, seconds):
        """Charge seconds of the payload; False when the owner has not so many left."""
        if self.payload_left(owner) < seconds:
            return False
        self._today[owner] += seconds
        self._ever[owner] = (self._ever[owner] + seconds) & _U30
        self._unsaved_s += seconds
        return True

    def releases(self, owner, reader, age_s):
        """Whether `reader` may have data of `owner` that are so old."""
        if owner == reader:
            return True
        image = self._image
        return image[_MASK + owner] >> reader & 1 == 1 and age_s >= image[_HOURS + owner] * 3600

    def suspend(self, buf, off, owner):
        """Handler of `partner_suspend`."""
        self._copies.right()
        bit = 1 << buf[off]
        mask = self._accounts.suspended & ~bit
        if buf[off + 1]:
            mask |= bit
        self._image[_SUSPENDED] = mask
        self._accounts.suspended = mask
        self._events.put(EVENT_SUSPENDED, buf[off], buf[off + 1])
        return self._save()

    def stop_tasks(self, buf, off, owner):
        """Handler of `payload_override`."""
        self._copies.right()
        self._image[_OVERRIDE] = buf[off]
        self.override = buf[off]
        self._events.put(EVENT_OVERRIDE, buf[off])
        return self._save()

    def set_release(self, buf, off, owner):
        """Handler of `science_release`."""
        self._copies.right()
        self._image[_MASK + owner] = buf[off]
        self._image[_HOURS + owner] = buf[off + 1]
        return self._save()

    def _save(self):
        self._unsaved_s = 0
        self._pack()
        return failures.STORAGE_ERROR if self._copies.save() < 0 else failures.OK

    def _pack(self):
        for i in range(_OWNERS):
            struct.pack_into(">H", self._image, _TODAY + 2 * i, self._today[i])
            struct.pack_into(">I", self._image, _EVER + 4 * i, self._ever[i])
