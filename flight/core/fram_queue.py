"""Records on their way to flash: a queue in FRAM, so that what was put outlives a reset at once.

An area holds two copies of a control record, written in turn with a generation and a CRC, and a
ring of records: length u16, priority u8, flags u8 (0), seconds u32, content, CRC-16. A record is
there when the control record says so, which is written after it. What is taken into a file is
announced first (`announce`), so that after a power cut the length of the file says whether it got
there: nothing is lost and nothing comes twice. Nothing allocates but the constructor.
"""

import struct

import native
from hal.compat import const

HEAD = const(8)
CRC = const(2)
CONTENT_MAX = const(216)  # telemetry.PACKET_MAX
RECORD_MAX = const(226)
_MAGIC = const(0x5351)
_CONTROL = const(40)
_CONTROL_SPACE = const(48)
_DATA = const(96)  # two control records lie before it
_SEQUENCE_MASK = const(0xFFFF)
_E_BADMSG = const(-74)

# One thread uses these, and nobody over the call of another.
record = bytearray(226)
_control = bytearray(40)


class FramQueue:
    """`size` bytes of `fram` from `address` on. When it is full the oldest records go if
    `circular`, else new ones are refused.

    `used`: bytes that wait; `lost`: records for which there was no room, or no FRAM, u16, counted
    from the start of the processor. `generation`, `length`, `until_generation`, `until_offset`,
    `oldest_s`, `newest_s`, `max_s` are the archive's own (archive.py), kept with the rest.
    """

    def __init__(self, fram, address, size, circular):
        self.circular = circular
        self.lost = 0
        self.generation = 0
        self.length = 0
        self.until_generation = 0
        self.until_offset = 0
        self.oldest_s = 0
        self.newest_s = 0
        self.max_s = 0
        self._fram = fram
        self._address = address
        self._size = size - _DATA
        self._sequence = 0
        # 0 .. 2 * size: two turns, so that full and empty differ.
        self._head = 0
        self._tail = 0
        self._next = 0
        self._load()

    def _load(self):
        """The newer good control record; an empty queue without. Boot time only."""
        best = -1
        for copy in range(2):
            if self._read_control(copy) < 0:
                continue
            sequence = _control[2] << 8 | _control[3]
            if best < 0 or (sequence - self._sequence) & _SEQUENCE_MASK < 0x8000:
                best = copy
                self._sequence = sequence
        if best < 0 or self._read_control(best) < 0:
            return
        fields = struct.unpack_from(">HHHHHIIIIIII", _control, 0)
        limit = 2 * self._size
        if max(fields[2], fields[3], fields[4]) >= limit:
            return
        if (fields[2] - fields[3]) % limit > self._size:
            return
        self._head = fields[2]
        self._tail = fields[3]
        self._next = fields[4]
        self.generation = fields[5]
        self.length = fields[6]
        self.until_generation = fields[7]
        self.until_offset = fields[8]
        self.oldest_s = fields[9]
        self.newest_s = fields[10]
        self.max_s = fields[11]

    def used(self):
        """Bytes that wait."""
        return (self._head - self._tail) % (2 * self._size)

    def free(self):
        """Bytes for which there is room."""
        return self._size - self.used()

    def put(self, buf, off, n, priority, seconds):
        """Take `buf[off:off+n]`, n <= CONTENT_MAX, `seconds` below 2^30; False, counted, when it
        cannot be."""
        size = HEAD + n + CRC
        if not 1 <= n <= CONTENT_MAX or not self._make_room(size):
            return self._lose()
        data = record
        data[0] = n >> 8
        data[1] = n & 0xFF
        data[2] = priority
        data[3] = 0
        for i in range(4):
            data[4 + i] = seconds >> (24 - 8 * i) & 0xFF
        native.copy(data, HEAD, buf, off, n)
        crc = native.crc16(data, 0, HEAD + n)
        data[HEAD + n] = crc >> 8
        data[HEAD + n + 1] = crc & 0xFF
        first = min(size, self._size - self._head % self._size)
        at = self._address + _DATA
        status = self._fram.write(at + self._head % self._size, data, 0, first)
        if status >= 0 and first < size:
            status = self._fram.write(at, data, first, size - first)
        if status < 0:
            return self._lose()
        head = self._head
        newest_s = self.newest_s
        self._head = (head + size) % (2 * self._size)
        self.newest_s = seconds
        if self.save() < 0:
            self._head = head
            self.newest_s = newest_s
            return self._lose()
        return True

    def oldest(self):
        """Place of the oldest record."""
        return self._tail

    def read(self, at):
        """The record at place `at` into `record`: its size, 0 behind the last, or a negative errno
        (EBADMSG: it is damaged, and what follows cannot be found)."""
        left = (self._head - at) % (2 * self._size)
        if left == 0:
            return 0
        status = self._read_ring(at, 0, HEAD)
        if status < 0:
            return status
        n = record[0] << 8 | record[1]
        size = HEAD + n + CRC
        if not 1 <= n <= CONTENT_MAX or size > left:
            return _E_BADMSG
        status = self._read_ring(at, HEAD, n + CRC)
        if status < 0:
            return status
        if native.crc16(record, 0, HEAD + n) != record[size - 2] << 8 | record[size - 1]:
            return _E_BADMSG
        return size

    def behind(self, at, size):
        """Place of the record behind the one at `at`."""
        return (at + size) % (2 * self._size)

    def announce(self, behind, generation, length):
        """The records before the place `behind` will be in file `generation` when it is `length`
        long. 0 or a negative errno."""
        self._next = behind
        self.generation = generation
        self.length = length
        return self.save()

    def taken(self):
        """What was announced is in the file."""
        self._tail = self._next
        return self.save()

    def resolve(self, generation, length):
        """After a start: the newest file is `generation`, `length` long; whether what was announced
        got there."""
        pending = (self._next - self._tail) % (2 * self._size)
        if 0 < pending <= self.used() and generation == self.generation and length >= self.length:
            self._tail = self._next
        self._next = self._tail

    def drop_all(self):
        """Forget what waits; how many records, -1 where they could not be counted."""
        count = 0
        at = self._tail
        size = self.read(at)
        while size > 0:
            count += 1
            at = self.behind(at, size)
            size = self.read(at)
        self._tail = self._head
        self._next = self._head
        self.save()
        return count if size == 0 else -1

    def save(self):
        """Write the control record over the older copy. 0 or a negative errno."""
        sequence = (self._sequence + 1) & _SEQUENCE_MASK
        control = _control
        struct.pack_into(
            ">HHHHHIIIIIII",
            control,
            0,
            _MAGIC,
            sequence,
            self._head,
            self._tail,
            self._next,
            self.generation,
            self.length,
            self.until_generation,
            self.until_offset,
            self.oldest_s,
            self.newest_s,
            self.max_s,
        )
        crc = native.crc16(control, 0, _CONTROL - CRC)
        control[_CONTROL - 2] = crc >> 8
        control[_CONTROL - 1] = crc & 0xFF
        status = self._fram.write(self._address + (sequence & 1) * _CONTROL_SPACE, control)
        if status >= 0:
            self._sequence = sequence
        return status

    def _lose(self):
        self.lost = (self.lost + 1) & 0xFFFF
        return False

    def _make_room(self, size):
        while self.free() < size:
            if not self.circular:
                return False
            ahead = (self._next - self._tail) % (2 * self._size)
            oldest = self.read(self._tail)
            if oldest < 0:
                oldest = self.used()  # the records behind it cannot be found
            self._tail = self.behind(self._tail, oldest)
            if ahead < oldest:
                self._next = self._tail
            self.lost = (self.lost + 1) & 0xFFFF
        return True

    def _read_ring(self, at, off, n):
        """`n` bytes from `off` of the record at `at` into the same place of `record`."""
        size = self._size
        begin = (at + off) % size
        first = min(n, size - begin)
        base = self._address + _DATA
        status = self._fram.read(base + begin, record, off, first)
        if status >= 0 and first < n:
            status = self._fram.read(base, record, off + first, n - first)
        return status

    def _read_control(self, copy):
        """One copy into `_control`; 0, or a negative errno when it is no good one."""
        status = self._fram.read(self._address + copy * _CONTROL_SPACE, _control)
        if status < 0:
            return status
        crc = native.crc16(_control, 0, _CONTROL - CRC)
        if _control[0] << 8 | _control[1] != _MAGIC:
            return _E_BADMSG
        if _control[_CONTROL - 2] << 8 | _control[_CONTROL - 1] != crc:
            return _E_BADMSG
        return 0
