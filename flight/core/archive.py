"""A store of records of one kind: a queue in FRAM, a ring of files in flash, a way back out of it.

What is kept lies in FRAM at once (fram_queue.py) and moves to flash in pieces of about a block,
when `Storage` gives it slack, or when somebody wants to read. A circular store lets its oldest file
go when all are full; a bounded one keeps what it has and refuses. Records are read back in the
order of keeping, by time range and priority. Nothing allocates but the constructor.
"""

from flight.core.archive_reader import SLOT, ArchiveReader, seconds
from flight.core.fram_queue import RECORD_MAX, record
from hal.compat import const

_GENERATION_MASK = const(0x3FFFFFFF)


class Archive(ArchiveReader):
    """A client of `Storage` over `queue` (FramQueue) and `ring` (FileRing) of files of at most
    `segment_size` bytes each; `enough` bytes that wait are worth a piece of work.

    `enabled`: it takes records. Counters, u16: `kept`, `refused` (bounded and full, or disabled).
    """

    cost_ms = 250

    def __init__(self, queue, ring, segment_size, enough):
        ArchiveReader.__init__(self, queue, ring)
        self.enabled = True
        self.kept = 0
        self.refused = 0
        self._known = False  # the files have been looked at since the start
        self._segment_size = segment_size
        self._enough = enough

    def keep(self, buf, off, n, priority, time_s):
        """Take `buf[off:off+n]` of `priority` (0..255, higher is more important) and time `time_s`
        (below 2^30). False, counted, when it cannot be."""
        if not self.enabled or self._full():
            self.refused = (self.refused + 1) & 0xFFFF
            return False
        queue = self.queue
        if queue.used() == 0 and self.stored() == 0:
            queue.oldest_s = time_s
        if not queue.put(buf, off, n, priority, time_s):
            return False
        self.kept = (self.kept + 1) & 0xFFFF
        return True

    def waiting(self):
        """It has a piece of work to do."""
        return self._worth_writing() or self._delete_s >= 0

    def _worth_writing(self):
        used = self.queue.used()
        return used >= self._enough or (self._wanted and used > 0)

    def begin(self, files):
        """After a mount: find out what is there. 0 or a negative errno. Reading ends."""
        self._back = -1
        status = self.ring.begin(files, SLOT)
        if status == 0:
            ring = self.ring
            queue = self.queue
            queue.resolve(ring.generation, ring.lengths[ring.newest])
            if ring.generation == 0:
                # No file: they are counted from 1 again, and a mark of old would hide new records.
                queue.until_generation = 0
                queue.until_offset = 0
            self._known = True
        return status

    def work(self, files):
        """Write whole records that wait, as many as go into one file, or delete. 0 or a negative
        errno."""
        if not self._worth_writing():
            return self._delete_some(files) if self._delete_s >= 0 else 0
        ring = self.ring
        used = ring.lengths[ring.newest]
        anew = used == 0 or self._segment_size - used < RECORD_MAX
        if anew and not self.queue.circular and ring.lengths[ring.place(-1)] != 0:
            self.refused = (self.refused + max(1, self.queue.drop_all())) & 0xFFFF
            return 0
        return self._write(files, anew)

    def _write(self, files, anew):
        """One piece: announced in FRAM, then closed, then known to be taken."""
        queue = self.queue
        ring = self.ring
        at = queue.oldest()
        size = queue.read(at)
        if size <= 0:
            # Damaged: those behind it cannot be found.
            self.damaged = (self.damaged + 1) & 0xFFFF
            queue.drop_all()
            return 0
        first_s = seconds()
        before_s = queue.max_s
        status = ring.open(files, SLOT, anew, first_s, before_s)
        if status < 0:
            return status
        max_s = 0 if anew else queue.max_s
        left = self._segment_size - (0 if anew else ring.lengths[ring.newest])
        total = 0
        while size > 0 and size <= left and total < self._enough:
            max_s = max(max_s, seconds())
            status = files.write(SLOT, record, 0, size)
            if status < 0:
                files.close(SLOT)
                return status
            total += size
            left -= size
            at = queue.behind(at, size)
            size = queue.read(at)
        length = total if anew else ring.lengths[ring.newest] + total
        generation = ring.next_generation() if anew else ring.generation
        queue.max_s = max_s
        status = queue.announce(at, generation, length)
        if status < 0:
            return status  # not closed: mounting anew forgets what was written
        status = files.close(SLOT)
        if status < 0:
            return status
        ring.appended(total, anew, first_s, before_s)
        queue.taken()
        self._wanted = self._wanted and queue.used() > 0
        return 0

    def stored(self):
        """Bytes in the files, heads of records included."""
        return self.ring.stored()

    def capacity(self):
        """Bytes the files can hold."""
        return self.ring.segments * self._segment_size

    def time_of_oldest(self):
        """Time of the oldest record, 0 without."""
        ring = self.ring
        back = ring.oldest()
        if back < 0:
            return self.queue.oldest_s if self.queue.used() else 0
        if (ring.generation - back) & _GENERATION_MASK == self.queue.until_generation:
            return self.queue.oldest_s
        return ring.firsts[ring.place(back)]

    def time_of_newest(self):
        """Time of the record kept last, 0 when there is none."""
        return self.queue.newest_s if self.queue.used() or self.stored() else 0

    def fill_percent(self):
        """How much of the room in files is taken, 0..100."""
        return min(100, (self.stored() + self.queue.used()) * 100 // self.capacity())

    def left_percent(self):
        """How much of the room in files is still to be read, 0..100."""
        return min(100, self.left() * 100 // self.capacity())

    def _full(self):
        """A bounded store has a last file, behind which no other is begun."""
        if self.queue.circular or not self._known:
            return False
        ring = self.ring
        left = self._segment_size - ring.lengths[ring.newest] - self.queue.used()
        return ring.lengths[ring.place(-1)] != 0 and left < 2 * RECORD_MAX
