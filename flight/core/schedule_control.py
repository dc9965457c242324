"""Control record of the schedule in FRAM: switches, epochs and shifts of every owner, so that what
concerns all telecommands of an owner is one write (core/schedule.py)."""

import struct
from array import array

import native
from flight.core.records import TwoCopies
from hal.compat import const

_ADDRESS_A = const(0x4000)
_ADDRESS_B = const(0x4080)
_SIZE = const(38)
_LAYOUT = const(0x0611)
# Places in its image.
_ENABLED = const(8)  # bit per owner
_HELD = const(9)  # bit per owner
_DISABLED = const(10)  # by owner, bit per sub-schedule
_EPOCHS = const(14)  # by owner, u16
_SHIFTS = const(22)  # by owner, seconds i32, ms u16
_OWNERS = const(4)
_SHIFT_MAX_S = const(0x10000000)  # as of core/schedule.py


class Control:
    """`shift_s` and `shift_ms` by owner: how far all of its telecommands have been shifted. Every
    change is stored: 0, or a negative status and everything as before."""

    def __init__(self, fram):
        self._record = TwoCopies(fram, _ADDRESS_A, _ADDRESS_B, _SIZE, _LAYOUT)
        self._record.owner = self
        self._image = self._record.image
        self._undo = bytearray(len(self._image))  # as it is stored
        self.shift_s = array("i", bytes(4 * _OWNERS))
        self.shift_ms = array("H", bytes(2 * _OWNERS))

    def load(self):
        """Take up what FRAM holds; False when there is nothing. Boot time only."""
        found = self._record.load()
        image = self._image
        if found and not self._sensible():
            self._record.refuse()
            found = False
        elif not found:
            self._record.clear()
            self._record.seal()
        native.copy(self._undo, 0, image, 0, len(self._undo))
        self._take_over()
        return bool(found)

    def mend(self, whole):
        """Bits have turned; when what was stored last cannot be had, it is here once more. Disabled
        when that is broken too."""
        if whole:
            return
        native.copy(self._image, 0, self._undo, 0, len(self._undo))
        if not self._record.sealed():
            self.load()

    def _sensible(self):
        """A good image may be of another build all the same. Boot time only."""
        for owner in range(_OWNERS):
            seconds, ms = struct.unpack_from(">iH", self._image, _SHIFTS + 6 * owner)
            if not -_SHIFT_MAX_S <= seconds <= _SHIFT_MAX_S or ms >= 1000:
                return False
        return True

    def _take_over(self):
        """Boot time only."""
        for owner in range(_OWNERS):
            shift = struct.unpack_from(">iH", self._image, _SHIFTS + 6 * owner)
            self.shift_s[owner], self.shift_ms[owner] = shift

    def store_first(self):
        """Store the record of a blank memory, without which nothing is found again: 0 or a negative
        status."""
        return 0 if self._record.generation else self._commit()

    def enabled_owners(self):
        """Bit per owner whose schedule is enabled."""
        return self._image[_ENABLED]

    def held_owners(self):
        """Bit per owner that the host holds."""
        return self._image[_HELD]

    def runs(self, owner, sub):
        """True when a sub-schedule of an owner is to be carried out."""
        image = self._image
        if not (image[_ENABLED] & ~image[_HELD]) >> owner & 1:
            return False
        return not image[_DISABLED + owner] >> sub & 1

    def switch(self, owner, on):
        """Enable or disable the schedule of an owner."""
        return self._switch(_ENABLED, 1 << owner, on)

    def hold(self, owner, on):
        """The host's switch over an owner."""
        return self._switch(_HELD, 1 << owner, on)

    def switch_subs(self, owner, mask, on):
        """Enable or disable sub-schedules of an owner, by bit."""
        return self._switch(_DISABLED + owner, mask, not on)

    def shift(self, owner, seconds, ms):
        """Shift all telecommands of an owner by `seconds` and 0..999 `ms`."""
        self._record.right()
        ms += self.shift_ms[owner]
        return self._put_shift(owner, self.shift_s[owner] + seconds + ms // 1000, ms % 1000)

    def renew(self, owner):
        """Begin a new epoch of an owner, disabled, all sub-schedules enabled, nothing shifted."""
        self._record.right()
        image = self._image
        at = _EPOCHS + 2 * owner
        epoch = (image[at] << 8 | image[at + 1]) + 1
        image[at] = epoch >> 8 & 0xFF
        image[at + 1] = epoch & 0xFF
        image[_ENABLED] &= ~(1 << owner)
        image[_DISABLED + owner] = 0
        return self._put_shift(owner, 0, 0)

    def put_epoch(self, owner, buf, at):
        """Write the epoch of an owner, u16, to `buf[at]`."""
        native.copy(buf, at, self._image, _EPOCHS + 2 * owner, 2)

    def is_epoch(self, owner, buf, at):
        """True when `buf[at]` holds the present epoch of the owner."""
        image = self._image
        place = _EPOCHS + 2 * owner
        return buf[at] == image[place] and buf[at + 1] == image[place + 1]

    def _switch(self, place, mask, on):
        self._record.right()
        image = self._image
        image[place] = image[place] | mask if on else image[place] & ~mask
        return self._commit()

    def _put_shift(self, owner, seconds, ms):
        struct.pack_into(">iH", self._image, _SHIFTS + 6 * owner, seconds, ms)
        status = self._commit()
        if status == 0:
            self.shift_s[owner] = seconds
            self.shift_ms[owner] = ms
        return status

    def _commit(self):
        status = self._record.save()
        if status < 0:
            native.copy(self._image, 0, self._undo, 0, len(self._undo))
        else:
            native.copy(self._undo, 0, self._image, 0, len(self._undo))
        return status
