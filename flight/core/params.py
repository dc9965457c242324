"""Parameters: typed, ranged, one big-endian image, two copies in FRAM (core/records.py)."""

import struct
from array import array

import native
from flight.core import authority
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets import fields
from hal.compat import const

_ADDRESS_A = const(0x1000)
_ADDRESS_B = const(0x1800)
_COPY_MAX = const(0x800)

_PLATFORM = const(1)
SOURCE_DEFAULTS = const(0)
SOURCE_SET = const(3)

EVENT_DEFAULTED = const(0x0003)
EVENT_STORAGE = const(0x0004)
EVENT_SET = const(0x000F)
EVENT_FOUND = const(0x0018)


class Params:
    """The parameters of the dictionary in its order, which is that of their ids: each is known by
    its row there, and `image[at(row):]` holds its value. `changes` counts sets, so that an app can
    notice; `marks[row]` is set with the value, for an app that has to hand it on, and clears it.
    Kept in arrays: an object for each would fill the heap."""

    def __init__(self, dictionary, fram, events):
        self._events = events
        self._tables = []  # of the subsystems: they lie in flash
        self._owners = bytearray(0)  # by table
        self._ids = array("H")
        self._places = array("H")
        at = HEADER_SIZE
        layout = 0xFFFF
        for subsystem in dictionary.SUBSYSTEMS:
            self._tables.append(subsystem.PARAMETERS)
            self._owners.append(authority.mask(dictionary, subsystem.PARAMETER_AUTHORITY))
            for row in subsystem.PARAMETERS:
                if len(self._ids) and row[0] <= self._ids[-1]:
                    raise ValueError("parameters are not in the order of their ids")
                self._ids.append(row[0])
                self._places.append(at)
                size = fields.size(row[2])
                at += size
                # A stored image of another table must not be taken for this one.
                layout = (layout * 31 + row[0] * 8 + size) & 0xFFFF
        self.count = len(self._ids)
        self._places.append(at)
        self.layout = layout
        self.marks = bytearray(self.count)
        self._copies = TwoCopies(fram, _ADDRESS_A, _ADDRESS_B, at - HEADER_SIZE, layout)
        self._copies.owner = self
        self.image = self._copies.image
        if len(self.image) > _COPY_MAX:
            raise ValueError("parameter image does not fit its FRAM copy")
        self._undo = bytearray(len(self.image))
        self._undo_stored = None  # of the stored values, while others are in use
        self.changes = 0
        self._set_defaults()

    def generation(self):
        """Generation of the stored image; 0 while none has been stored."""
        return self._copies.generation

    def load(self, apart=False):
        """Take the newer good copy in FRAM, else the defaults with an event. `apart`: the defaults
        in any case until the next start, apart from what is stored, which stays as it is but for
        what is set: that goes into both. Boot time only."""
        if apart and not self._apart():
            self.image = bytearray(len(self.image))
        self.source = self._copies.load()
        good = self.source and self._in_range(self._copies.image)
        if good and not apart:
            return
        if not good:
            if self.source:
                self._copies.refuse()
            self._fill(self._copies.image)
        self._set_defaults()
        self._events.put(EVENT_DEFAULTED, -self._copies.status)

    def retry(self):
        """Copies that could not be read at the start are asked for again; True when they are in use
        from now on. What has been in use meanwhile are the defaults: nothing could be set."""
        copies = self._copies
        if not copies.doubtful:
            return False
        stored = copies.image
        native.copy(self._undo, 0, stored, 0, len(stored))
        source = copies.load()
        if not source or not self._in_range(stored):
            native.copy(stored, 0, self._undo, 0, len(stored))
            return False
        if self._apart():
            return False
        self.source = source
        self._tell_all()
        self._events.put(EVENT_FOUND, source)
        return True

    def intact(self):
        """No bit of the values has turned since they were loaded or set."""
        return self._copies.sealed() and self._copies.sealed(self.image)

    def mend(self, whole):
        """Values of which bits have turned are loaded anew, as at the start."""
        if not whole:
            self.load(self._apart())
        self._tell_all()

    def find(self, parameter_id):
        """The row of a parameter id, -1 when there is none."""
        ids = self._ids
        low = 0
        high = self.count
        while low < high:
            middle = (low + high) >> 1
            if ids[middle] < parameter_id:
                low = middle + 1
            else:
                high = middle
        if low < self.count and ids[low] == parameter_id:
            return low
        return -1

    def number(self, row):
        """The id."""
        return self._ids[row]

    def at(self, row):
        """Offset of the value in `image`."""
        return self._places[row]

    def value_size(self, row):
        """Bytes of the value."""
        return self._places[row + 1] - self._places[row]

    def may_set(self, row, owner):
        """Whether this owner may set it."""
        return self._owner_mask(row) >> owner & 1

    def may_know(self, row, owner):
        """Whether this owner may read it: what the platform is set to anybody, what a partner's
        instrument is set to he and the host."""
        owners = self._owner_mask(row)
        return owners >> owner & 1 or owners == _PLATFORM

    def get_into(self, row, buf, off):
        """Copy the value into `buf[off:]`."""
        native.copy(buf, off, self.image, self._places[row], self.value_size(row))

    def in_range(self, row, buf, off):
        """The value at `buf[off]` lies within its limits."""
        definition = self._definition(row)
        return native.in_range(buf, off, definition[2], definition[3], definition[4])

    def place(self, parameter_id):
        """Offset of the value in `image`. KeyError when there is none. Boot time only."""
        row = self.find(parameter_id)
        if row < 0:
            raise KeyError(parameter_id)
        return self._places[row]

    def u8(self, at):
        """u8 value at the place `at`."""
        return self.image[at]

    def u16(self, at):
        """u16 value at the place `at`."""
        return self.image[at] << 8 | self.image[at + 1]

    def begin(self):
        """Start a change of one or several parameters."""
        self._copies.right()
        native.copy(self._undo, 0, self.image, 0, len(self.image))
        if self._apart():
            self._keep_stored()

    def put(self, row, buf, off):
        """Put the validated value at `buf[off]` into the image."""
        n = self.value_size(row)
        native.copy(self.image, self._places[row], buf, off, n)
        native.copy(self._copies.image, self._places[row], buf, off, n)
        self.marks[row] = 1

    def commit(self):
        """Store the changed image: 0, or a negative status and every value as before `begin`."""
        copies = self._copies
        status = copies.save()
        if status < 0:
            native.copy(self.image, 0, self._undo, 0, len(self.image))
            if self._apart():
                native.copy(copies.image, 0, self._undo_stored, 0, len(self.image))
            self._events.put(EVENT_STORAGE, -status)
            return status
        copies.seal(self.image)
        self.source = SOURCE_SET
        self.changes = (self.changes + 1) & 0xFFFF
        return 0

    def default(self, parameter_id):
        """Set one parameter to its default and store the image; a status. u8 only."""
        row = self.find(parameter_id)
        self.begin()
        value = self._definition(row)[5]
        self.image[self._places[row]] = value
        self._copies.image[self._places[row]] = value
        self.marks[row] = 1
        return self.commit()

    def announce(self, row, owner):
        """Event that the parameter was set by `owner`."""
        self._events.put_about(owner, EVENT_SET, self._ids[row], self.generation() & 0xFFFF)

    def _owner_mask(self, row):
        i = 0
        for table in self._tables:
            if row < len(table):
                break
            row -= len(table)
            i += 1
        return self._owners[i]

    def _definition(self, row):
        for table in self._tables:
            if row < len(table):
                return table[row]
            row -= len(table)
        return None

    def _apart(self):
        """What is in use is not what is stored."""
        return self.image is not self._copies.image

    def _keep_stored(self):
        """Once in a start after a reset loop, as `load` is. Boot time only."""
        if self._undo_stored is None:
            self._undo_stored = bytearray(len(self._undo))
        native.copy(self._undo_stored, 0, self._copies.image, 0, len(self._undo))

    def _tell_all(self):
        """Any value may be another than it was."""
        for row in range(self.count):
            self.marks[row] = 1
        self.changes = (self.changes + 1) & 0xFFFF

    def _set_defaults(self):
        self.source = SOURCE_DEFAULTS
        self._fill(self.image)

    def _fill(self, image):
        """The defaults. Boot time only."""
        for row in range(self.count):
            definition = self._definition(row)
            struct.pack_into(
                ">" + fields.code(definition[2]), image, self._places[row], definition[5]
            )
        self._copies.seal(image)

    def _in_range(self, image):
        """A good image of an older build may hold values that this build's table forbids."""
        for row in range(self.count):
            if not self.in_range(row, image, self._places[row]):
                return False
        return True
