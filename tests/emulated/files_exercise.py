"""What both worlds do with files; on the target it comes before `exercise(...)` in a script."""

from flight.core.packet_store import PacketStore
from flight.core.record_log import RecordLog
from flight.core.storage import Storage
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FlashBlocks


class Events:
    """Shows what is put."""

    def __init__(self, show):
        self._show = show

    def put(self, event, arg0, arg1):
        """As flight.core.events."""
        self._show("event", event, arg0, arg1)


class Raiser:
    """A device that raises when it is programmed for the `at`-th time."""

    def __init__(self, blocks, at):
        self.BLOCK_SIZE = blocks.BLOCK_SIZE
        self.BLOCKS = blocks.BLOCKS
        self.read = blocks.read
        self.erase = blocks.erase
        self._program = blocks.program
        self._at = at

    def program(self, block, offset, buf):
        """Program, or raise."""
        self._at -= 1
        if self._at == 0:
            raise KeyError("stop")
        return self._program(block, offset, buf)


def packets(storage, store, files, lock, unlock, show):
    """Keep packets, write them, read a part of them back."""
    out = bytearray(200)
    lock()
    for number in range(90):
        out[0] = number
        out[1] = number * 7 & 0xFF
        store.keep(out, 50 + number, number % 3, 1000 + number)
        while store.waiting() > 500:
            storage.work(450)
    while store.waiting():
        storage.work(450)
    store.select(1060, 1085, 1)
    count = 0
    wrong = 0
    n = 1
    while n:
        n = store.fetch(files, out)
        if n > 0:
            count += 1
            wrong += out[1] != out[0] * 7 & 0xFF or n != 50 + out[0]
    unlock()
    show("packets", store.kept, store.lost, store.stored(), count, wrong, store.damaged)


def exercise(native, files_type, spi, clock, lock, unlock, show):
    """A log over several turns of its ring, whatever comes first; `lock` forbids allocation."""
    blocks = FlashBlocks(W25q128(spi, native.copy), clock, 16, 64)
    files = files_type(blocks)
    log = RecordLog("log", 3, 60, 30, 3, 8, native.copy, native.crc16)
    store = PacketStore("host", 2, 0, True, 3, 3000, 200, 900, native.copy, native.crc16)
    storage = Storage(files, blocks, Events(show), [log, store])
    record = bytearray(60)
    while storage.state == 0:
        storage.work(450)
    storage.work(450)
    show("mounted", storage.mounts, storage.formats, log.stored())
    lock()
    for number in range(150):
        record[0] = number
        for i in range(1, 60):
            record[i] = number * i & 0xFF
        log.append(record, 0)
        if number % 4 == 3:
            storage.work(450)
    storage.work(450)
    unlock()
    show("stored", log.stored(), log.lost, storage.pieces, storage.faults)
    show("used", files.used(), blocks.programs, blocks.erases, blocks.failures)
    bad = 0
    lock()
    for number in range(log.stored()):
        if log.read(files, number, record, 0) < 0 or record[1] != record[0]:
            bad += 1
    unlock()
    show("read", bad, record[0], record[59])
    packets(storage, store, files, lock, unlock, show)
    put = bytearray(b"a whole file of its own")
    status = files.open(0, "a.new", 2 | 4 | 8)
    status = status or files.write(0, put, 2, 10)
    show(status, files.length(0), files.seek(0, 11), files.close(0))
    show(files.rename("a.new", "a"), files.stat("a"), files.stat("a.new"), files.folder("f"))
    entry = bytearray(36)
    files.list("")
    size = files.next(entry)
    while size > 0:
        show(str(bytes(entry[:size]), "utf8"), entry[32] | entry[33] << 8, entry[35])
        size = files.next(entry)
    show(files.open(-1, "a", 1), files.read(2, put, 0, 1), files.open(2, "a", 64))
    for at in ((0, 24), (-1, 2), (20, 4)):
        try:
            files.write(0, put, at[0], at[1])
        except ValueError:
            show("refused")
    files.unmount()
    other = files_type(Raiser(blocks, 3))
    show(other.mount(), other.open(1, "b", 2 | 4))
    try:
        other.write(1, bytearray(9000), 0, 9000)
    except KeyError as error:
        show("raised", error.args[0])
    show(other.sync(1), other.close(1), other.stat("a"))
    show(files.mount(), files.stat("a"), files.stat("b"))
    files.unmount()
