"""Latest record of every packet: one preallocated buffer per packet id, one writer each."""

from flight.packets import fields
from hal.clock import ticks_diff


class Record:
    """Body of one packet. `data` is written by its one writer, then `post` publishes it; `format`
    is what to pack it by, None for the image of a C struct, which is copied. `definition` is its
    row of PACKETS: id, whose high byte is its app, and owner stand there. `age_ms` is for readers;
    `posted_ms` is -1 before the first post. Few attributes: there are dozens of records.
    """

    def __init__(self, packet, time):
        self._time = time
        self.definition = packet
        self.format = fields.packet_format(packet)
        self.data = bytearray(fields.packed_size(packet[5]))
        self.seconds = 0
        self.fraction = 0
        self.posted_ms = -1
        self.fresh = False

    def post(self):
        """Publish what is in `data`, stamped with the time of the running step."""
        time = self._time
        self.seconds = time.seconds
        self.fraction = time.fraction
        self.posted_ms = time.now_ms
        self.fresh = True

    def age_ms(self, now_ms):
        """Time since the last post; -1 when nothing has been posted."""
        if self.posted_ms < 0:
            return -1
        return ticks_diff(now_ms, self.posted_ms)


class Store:
    """All records of the dictionary, in its order, in the list `records`."""

    def __init__(self, dictionary, time):
        self.time = time
        self.records = []
        self.dictionary = dictionary
        self._writers = []
        for subsystem in dictionary.SUBSYSTEMS:
            for packet in subsystem.PACKETS:
                self.records.append(Record(packet, time))
                self._writers.append(None)

    def record(self, packet_id):
        """The record of `packet_id`, for reading. KeyError when there is none. Boot time only."""
        for record in self.records:
            if record.definition[0] == packet_id:
                return record
        raise KeyError(packet_id)

    def place(self, packet_id, name):
        """Offset of the field `name` in the body of a packet. Boot time only."""
        for subsystem in self.dictionary.SUBSYSTEMS:
            for packet in subsystem.PACKETS:
                if packet[0] == packet_id:
                    return fields.offset(packet[5], name)
        raise KeyError(packet_id)

    def claim(self, packet_id, writer):
        """The record for its writer; ValueError when another has claimed it. Boot time only."""
        record = self.record(packet_id)
        place = self.records.index(record)
        if self._writers[place] not in (None, writer):
            raise ValueError("packet has a writer already: " + str(packet_id))
        self._writers[place] = writer
        return record
