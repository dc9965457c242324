"""Parameters: typed, ranged, one big-endian image, two copies in FRAM (core/records.py)."""

import struct

import native
from flight.core import authority
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets import fields
from hal.compat import const

_ADDRESS_A = const(0x1000)
_ADDRESS_B = const(0x1800)
_COPY_MAX = const(0x800)

SOURCE_DEFAULTS = const(0)
SOURCE_SET = const(3)

EVENT_DEFAULTED = const(0x0003)
EVENT_STORAGE = const(0x0004)
EVENT_SET = const(0x000F)


class Parameter:
    """One row: `row` of the definitions table, place in the image, owners that may set it."""

    def __init__(self, row, at, owners):
        self.row = row
        self.id = row[0]
        self.kind = row[2]
        self.size = fields.size(row[2])
        self.at = at
        self.owners = owners


class Params:
    """`image[parameter.at:]` holds the values. `changes` counts sets, so that an app can notice."""

    def __init__(self, dictionary, fram, events):
        self._events = events
        self.table = []
        self._by_id = {}
        at = HEADER_SIZE
        layout = 0xFFFF
        for subsystem in dictionary.SUBSYSTEMS:
            owners = authority.mask(dictionary, subsystem.PARAMETER_AUTHORITY)
            for row in subsystem.PARAMETERS:
                parameter = Parameter(row, at, owners)
                self._by_id[row[0]] = parameter
                self.table.append(parameter)
                at += parameter.size
                # A stored image of another table must not be taken for this one.
                layout = (layout * 31 + row[0] * 8 + parameter.size) & 0xFFFF
        self._copies = TwoCopies(fram, _ADDRESS_A, _ADDRESS_B, at - HEADER_SIZE, layout)
        self.image = self._copies.image
        if len(self.image) > _COPY_MAX:
            raise ValueError("parameter image does not fit its FRAM copy")
        self._undo = bytearray(len(self.image))
        self.source = SOURCE_DEFAULTS
        self.changes = 0

    @property
    def generation(self):
        """Generation of the stored image; 0 while none has been stored."""
        return self._copies.generation

    def load(self):
        """Take the newer good copy in FRAM, else the defaults with an event. Boot time only."""
        self.source = self._copies.load()
        if self.source and self._in_range():
            return
        self.source = SOURCE_DEFAULTS
        for parameter in self.table:
            struct.pack_into(
                ">" + fields.code(parameter.kind), self.image, parameter.at, parameter.row[5]
            )
        self._events.put(EVENT_DEFAULTED, -self._copies.status)

    def find(self, parameter_id):
        """The Parameter of an id, None when there is none."""
        return self._by_id.get(parameter_id)

    def place(self, parameter_id):
        """Offset of the value in `image`. KeyError when there is none. Boot time only."""
        return self._by_id[parameter_id].at

    def u8(self, at):
        """u8 value at the place `at`."""
        return self.image[at]

    def u16(self, at):
        """u16 value at the place `at`."""
        return self.image[at] << 8 | self.image[at + 1]

    def begin(self):
        """Start a change of one or several parameters."""
        native.copy(self._undo, 0, self.image, 0, len(self.image))

    def put(self, parameter, buf, off):
        """Put the validated value at `buf[off]` into the image."""
        native.copy(self.image, parameter.at, buf, off, parameter.size)

    def commit(self):
        """Store the changed image: 0, or a negative status and every value as before `begin`."""
        status = self._copies.save()
        if status < 0:
            native.copy(self.image, 0, self._undo, 0, len(self.image))
            self._events.put(EVENT_STORAGE, -status)
            return status
        self.source = SOURCE_SET
        self.changes = (self.changes + 1) & 0xFFFF
        return 0

    def announce(self, parameter):
        """Event that `parameter` was set."""
        self._events.put(EVENT_SET, parameter.id, self.generation & 0xFFFF)

    def _in_range(self):
        """A good image of an older build may hold values that this build's table forbids."""
        for parameter in self.table:
            row = parameter.row
            if not native.in_range(self.image, parameter.at, row[2], row[3], row[4]):
                return False
        return True
