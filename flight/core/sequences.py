"""On-board sequences: lists of telecommands with the time between them, in FRAM.

Every sequence has 1 KB: state u8, owner u8, number u8, entries u8, size u16, CRC-16, 8 spare; then
the entries: size u8, 0, delay u32 [ms, to the next one], packet, CRC-16. It is there when state
and CRC are good, which is written last. Before it runs every entry is checked, and each again when
its turn comes. What runs does not outlive a restart.
"""

import struct
from array import array

import native
from flight.core.schedule import PACKET_MAX
from flight.packets.octets import u32
from hal.compat import const

_BASE = const(0x8000)
_SLOT_SIZE = const(1024)
_HEADER = const(16)
_VALID = const(0x5A)
_NONE = const(0xFF)
_OWNERS = const(4)
_E_BADMSG = const(-74)

ENTRIES_MAX = 32
BODY_MAX = 1008
PACKET_AT = const(6)
ENTRY_EXTRA = const(8)  # of an entry, besides its packet
DELAY_MAX_MS = 604800000  # a week

# State of a sequence.
EMPTY = const(0)
LOADING = const(1)
LOADED = const(2)
RUNNING = const(3)


class Sequences:
    """`quotas[owner][1]` sequences each, known by their slots; `loaded[owner]`. `read_header` gives
    `count` and `size` of a sequence; `read` puts an entry into `buffer` (256 bytes, for the time of
    a call), its packet from PACKET_AT on, and gives its `packet_size` and `delay_ms`."""

    def __init__(self, fram, quotas, buffer):
        self._fram = fram
        self._quotas = quotas
        slots = 0
        self._first = bytearray(_OWNERS)
        for owner in range(_OWNERS):
            self._first[owner] = slots
            slots += quotas[owner][1]
        self.states = bytearray(slots)  # EMPTY, LOADING, LOADED or RUNNING
        self.loaded = bytearray(_OWNERS)
        self._part_slot = bytearray(_OWNERS)  # being loaded, by owner
        self._part_count = bytearray(_OWNERS)
        self._part_size = array("H", bytes(2 * _OWNERS))
        self._nothing = bytes(1)
        self.buffer = buffer
        self.count = 0
        self.size = 0
        self.packet_size = 0
        self.delay_ms = 0

    def load(self):
        """Look what FRAM holds. Boot time only."""
        for slot in range(len(self.states)):
            self.states[slot] = LOADED if self.read_header(slot) else EMPTY
        for owner in range(_OWNERS):
            self._part_slot[owner] = _NONE
            self.loaded[owner] = 0
            for number in range(self._quotas[owner][1]):
                if self.states[self._first[owner] + number] == LOADED:
                    self.loaded[owner] += 1

    def find(self, owner, number):
        """Slot of an owner's sequence, -1 when there is no such number."""
        return self._first[owner] + number if number < self._quotas[owner][1] else -1

    def name(self, owner, slot):
        """Owner << 8 | number, for events."""
        return owner << 8 | slot - self._first[owner]

    def part(self, owner):
        """(As slot << 8 | count) what the owner has loaded of an unfinished sequence."""
        return self._part_slot[owner] << 8 | self._part_count[owner]

    def room(self, owner):
        """Bytes that are left for entries of the owner's unfinished sequence."""
        return BODY_MAX - self._part_size[owner]

    def begin(self, owner, slot):
        """Begin to load a sequence, instead of what the owner was loading."""
        before = self._part_slot[owner]
        if before != _NONE:
            self.states[before] = EMPTY
        self._part_slot[owner] = slot
        self._part_count[owner] = 0
        self._part_size[owner] = 0
        self.states[slot] = LOADING

    def add(self, owner, packet, at, n, delay_at):
        """Add the telecommand `packet[at:at+n]` with its delay, u32 at `packet[delay_at]`: 0 or a
        negative status."""
        buffer = self.buffer
        size = self._part_size[owner]
        buffer[0] = n
        buffer[1] = 0
        native.copy(buffer, 2, packet, delay_at, 4)
        native.copy(buffer, PACKET_AT, packet, at, n)
        end = PACKET_AT + n
        struct.pack_into(">H", buffer, end, native.crc16(buffer, 0, end))
        address = _BASE + self._part_slot[owner] * _SLOT_SIZE + _HEADER + size
        status = self._fram.write(address, buffer, 0, n + ENTRY_EXTRA)
        if status == 0:
            self._part_count[owner] += 1
            self._part_size[owner] = size + n + ENTRY_EXTRA
        return status

    def finish(self, owner):
        """End loading: 0, or a negative status and nothing loaded."""
        slot = self._part_slot[owner]
        buffer = self.buffer
        struct.pack_into(
            ">BBBBH",
            buffer,
            0,
            _VALID,
            owner,
            slot - self._first[owner],
            self._part_count[owner],
            self._part_size[owner],
        )
        struct.pack_into(">H", buffer, 6, native.crc16(buffer, 0, 6))
        status = self._fram.write(_BASE + slot * _SLOT_SIZE, buffer, 0, 8)
        self._part_slot[owner] = _NONE
        self.states[slot] = LOADED if status == 0 else EMPTY
        if status == 0:
            self.loaded[owner] += 1
        return status

    def unload(self, owner, slot):
        """Forget a sequence that does not run: 0 or a negative status."""
        if self._part_slot[owner] == slot:
            self._part_slot[owner] = _NONE
        # Not through the buffer: this telecommand may be in there.
        status = self._fram.write(_BASE + slot * _SLOT_SIZE, self._nothing)
        if status == 0:
            if self.states[slot] == LOADED:
                self.loaded[owner] -= 1
            self.states[slot] = EMPTY
        return status

    def read_header(self, slot):
        """Read the head of a sequence; True when there is one."""
        buffer = self.buffer
        if self._fram.read(_BASE + slot * _SLOT_SIZE, buffer, 0, 8) < 0:
            return False
        if buffer[0] != _VALID or native.crc16(buffer, 0, 6) != buffer[6] << 8 | buffer[7]:
            return False
        self.count = buffer[3]
        self.size = buffer[4] << 8 | buffer[5]
        owner = buffer[1]
        return owner < _OWNERS and self.find(owner, buffer[2]) == slot

    def read(self, slot, at):
        """Read and check the entry at the place `at` of the sequence whose header was read last: 0
        or a negative status."""
        buffer = self.buffer
        size = self.size
        if at + ENTRY_EXTRA > size:
            return _E_BADMSG
        address = _BASE + slot * _SLOT_SIZE + _HEADER + at
        status = self._fram.read(address, buffer, 0, PACKET_AT)
        if status < 0:
            return status
        n = buffer[0]
        if n > PACKET_MAX or at + n + ENTRY_EXTRA > size:
            return _E_BADMSG
        status = self._fram.read(address, buffer, 0, n + ENTRY_EXTRA)
        if status < 0:
            return status
        end = PACKET_AT + n
        if buffer[0] != n or native.crc16(buffer, 0, end) != buffer[end] << 8 | buffer[end + 1]:
            return _E_BADMSG
        if not native.in_range(buffer, 2, "u32", 0, DELAY_MAX_MS):
            return _E_BADMSG
        self.packet_size = n
        self.delay_ms = u32(buffer, 2)
        return 0
