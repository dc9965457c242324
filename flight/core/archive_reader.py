"""The way back out of an archive: what is read and what is deleted, in the order of keeping.

A part of Archive (archive.py), which makes the attributes.
"""

import native
from flight.core.fram_queue import CONTENT_MAX, HEAD, RECORD_MAX, record
from hal.compat import const

_CRC = const(2)
_FILE_HEAD = const(18)  # file_ring.HEAD
_LOOKS_PER_CALL = const(16)
_DELETES_PER_CALL = const(48)
_GENERATION_MASK = const(0x3FFFFFFF)
_READ = const(1)
_E_AGAIN = const(-11)

# Of native.Files: every archive opens, works and closes within a call.
SLOT = const(0)


class ArchiveReader:
    """Selection and deletion over `queue` (FramQueue) and `ring` (FileRing).

    Counters, u16: `damaged` (records with a wrong CRC: the rest of their file cannot be read),
    `overtaken` (the file that was to be read next was begun anew).
    """

    def __init__(self, queue, ring):
        self.queue = queue
        self.ring = ring
        self.damaged = 0
        self.overtaken = 0
        self._wanted = False  # somebody reads: what waits is to be written now
        # What is read: see `select`. What is deleted: see `delete`.
        self.from_s = 0
        self._to_s = 0
        self._priority = 0
        self._back = -1  # files from the newest to the one being read; -1: nothing
        self._generation = 0  # of the newest when `_back` was counted
        self._offset = 0
        self._delete_s = -1
        self.sent = 0  # of the selection, counted by whoever reads

    def reading(self):
        """A selection is being read."""
        return self._back >= 0

    def select(self, from_s, to_s, priority):
        """Read records with from_s <= time <= to_s of at least `priority`, oldest kept first."""
        self.from_s = from_s
        self._to_s = to_s
        self._priority = priority
        self._wanted = True
        self.sent = 0
        ring = self.ring
        self._back = max(0, ring.oldest())
        self._generation = ring.generation
        self._offset = 0

    def abort(self):
        """End the selection."""
        self._back = -1
        self._wanted = False

    def fetch(self, files):
        """Put the next record of the selection into fram_queue.record; the length of its content,
        which begins at fram_queue.HEAD, 0 when there is none left. Negative: EAGAIN looked at
        enough for one call, or what the files gave; then the selection ends, after EAGAIN alone it
        does not."""
        if self._wanted and self.queue.used() > 0:
            return _E_AGAIN  # what waits is written first
        open_place = -1
        answer = _E_AGAIN
        for _ in range(_LOOKS_PER_CALL):
            place = self._follow()
            if place < 0:
                answer = 0
                break
            if place != open_place:
                if open_place >= 0:
                    files.close(SLOT)
                answer = files.open(SLOT, self.ring.path(place), _READ)
                if answer < 0:
                    self._back = -1
                    return answer
                open_place = place
                answer = _E_AGAIN
            n = self._look(files, place)
            if n < 0:
                self._back = -1
                answer = n
                break
            if n > 0 and record[2] >= self._priority and self.from_s <= seconds() <= self._to_s:
                answer = n
                break
        if open_place >= 0:
            files.close(SLOT)
        return answer

    def left(self):
        """Bytes in the files behind the place of reading."""
        ring = self.ring
        total = 0
        for back in range(self._back + 1):
            total += ring.lengths[ring.place(back)]
        return max(0, total - self._offset) if self._back >= 0 else 0

    def delete(self, until_s):
        """Forget what was kept up to the last record that is not later than `until_s`: done by
        `work`, a piece at a time."""
        self._delete_s = until_s
        self._wanted = True

    def deleting(self):
        """Not done yet."""
        return self._delete_s >= 0

    def _delete_some(self, files):
        """Whole files first, then into the oldest that stays. 0 or a negative errno."""
        ring = self.ring
        back = ring.oldest()
        if back > 0 and ring.before[ring.place(back - 1)] <= self._delete_s:
            self._back = -1
            return ring.remove(files, back)
        if back < 0:
            self._delete_s = -1
            return 0
        return self._delete_into(files, back)

    def _delete_into(self, files, back):
        """Move the mark behind records that go, as far as one call goes."""
        ring = self.ring
        queue = self.queue
        place = ring.place(back)
        generation = (ring.generation - back) & _GENERATION_MASK
        if queue.until_generation != generation:
            queue.until_generation = generation
            queue.until_offset = 0
        offset = queue.until_offset
        status = files.open(SLOT, ring.path(place), _READ)
        if status < 0:
            return status
        kept_offset = self._offset
        self._offset = offset
        done = False
        for _ in range(_DELETES_PER_CALL):
            offset = self._offset
            if offset >= ring.lengths[place]:
                done = True
                break
            n = self._look(files, place)
            if n < 0:
                status = n
                break
            if n > 0 and seconds() > self._delete_s:
                queue.oldest_s = seconds()
                done = True
                break
            offset = self._offset
        self._offset = kept_offset
        files.close(SLOT)
        if status < 0:
            return status
        queue.until_offset = offset
        if done:
            self._delete_s = -1
            if back == 0 and offset >= ring.lengths[place]:
                # Nothing is left.
                status = ring.remove(files, 0)
                queue.until_generation = 0
                queue.until_offset = 0
                self._back = -1
        saved = queue.save()
        return status if status < 0 else saved

    def _follow(self):
        """Place of the file that is being read, -1 when all is read; new files count on."""
        ring = self.ring
        queue = self.queue
        if self._back < 0:
            return -1
        begun = (ring.generation - self._generation) & _GENERATION_MASK
        self._generation = ring.generation
        self._back += begun
        if self._back >= ring.segments:
            self.overtaken = (self.overtaken + 1) & 0xFFFF
            self._back = ring.segments - 1
            self._offset = 0
        generation = (ring.generation - self._back) & _GENERATION_MASK
        if generation == queue.until_generation and self._offset < queue.until_offset:
            self._offset = queue.until_offset
        while self._offset >= ring.lengths[ring.place(self._back)]:
            self._back -= 1
            self._offset = 0
            if self._back < 0:
                return -1
            generation = (ring.generation - self._back) & _GENERATION_MASK
            if generation == queue.until_generation:
                self._offset = queue.until_offset
        return ring.place(self._back)

    def _look(self, files, place):
        """Read the record at the place of reading out of the open file and go behind it: length of
        its content, 0 when it is damaged, which costs the rest of its file, or a negative errno."""
        status = files.seek(SLOT, _FILE_HEAD + self._offset)
        if status < 0:
            return status
        got = files.read(SLOT, record, 0, RECORD_MAX)
        if got < 0:
            return got
        n = record[0] << 8 | record[1]
        size = HEAD + n + _CRC
        if got < HEAD or not 1 <= n <= CONTENT_MAX or got < size or _crc_is_wrong(size):
            self.damaged = (self.damaged + 1) & 0xFFFF
            self._offset = self.ring.lengths[place]
            return 0
        self._offset += size
        return n


def seconds():
    """Time of the record in the buffer."""
    return (record[4] & 0x3F) << 24 | record[5] << 16 | record[6] << 8 | record[7]


def _crc_is_wrong(size):
    crc = native.crc16(record, 0, size - _CRC)
    return record[size - 2] << 8 | record[size - 1] != crc
