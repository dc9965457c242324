"""Contact plan: ground stations, uploaded windows, and the windows found by the orbit.

Stations and the uploaded plan are one record in FRAM. Windows by the orbit are looked for in C
(native/include/mf_contact.h), some minutes of flight per second, ahead for more than an orbit, and
anew every ten minutes; meanwhile those found before are in use.
"""

import native
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets.octets import low_u30
from hal.compat import const

STATIONS = const(8)
ROWS = const(24)
PART_ROWS = const(8)
_STATION_SIZE = const(18)  # as uplinked, rate, 1 when it is known
_STATION_ARGUMENTS = const(17)
_KNOWN_AT = const(17)
_RATE_AT = const(16)
_ROW_SIZE = const(7)  # start u32, duration u16, station u8; a duration of 0 is no window
_ROWS_AT = const(152)  # HEADER_SIZE + STATIONS * _STATION_SIZE
_SOURCE_AT = const(320)  # _ROWS_AT + ROWS * _ROW_SIZE
_SIZE = const(314)
_ADDRESS_A = const(0x19000)
_ADDRESS_B = const(0x1A000)
_LAYOUT = const(0x0B01)

WINDOWS_SIZE = const(88)
_SCAN_SIZE = const(192)
_SET_AT = const(32)  # in windows, of station 0
_STATE_AT = const(80)
_SCAN_STEPS = const(40)  # of 10 s, per call
_HORIZON_S = const(6600)
_SCAN_EVERY_S = const(600)
_NEVER_S = const(65535)
_E_STALE = const(-116)


def _little(buf, at):
    """A time: u32, little-endian; below 2^30 as every mission time."""
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | (buf[at + 3] & 0x3F) << 24


class ContactPlan:
    """`stations`: bit per station; `from_plan`: the uploaded windows are in use. `windows`: those
    by the orbit, in the caller's buffer. Results of `look`: `in_view`, `remaining_s`, `rate`,
    `rows_left`."""

    def __init__(self, fram, kernel, windows):
        self._kernel = kernel
        self._record = TwoCopies(fram, _ADDRESS_A, _ADDRESS_B, _SIZE, _LAYOUT)
        self._record.owner = self
        self._windows = windows
        self._scan = bytearray(_SCAN_SIZE)
        self._scanning = False
        self._began_s = -1  # uptime at which the windows in use were begun; -1 there are none
        self._begin_s = 0
        self.stations = 0
        self.from_plan = False
        self.in_view = 0
        self.remaining_s = -1
        self.rate = 0
        self.rows_left = 0

    def load(self):
        """What was stored before this start, or shows only now: memory that gave nonsense is asked
        again. True when there is something. Boot time only, but for a memory that did not answer
        then."""
        record = self._record
        image = record.image
        mine = bytes(image) if record.doubtful else b""
        if record.load():
            sensible = self._sensible()
            if not sensible:
                record.refuse()
            self._take_over()
            self.renew()
            return sensible
        if mine:
            native.copy(image, HEADER_SIZE, mine, HEADER_SIZE, _SIZE)
        else:
            record.clear()
        record.seal()
        return False

    def mend(self, whole):
        """Bits have turned; when what was stored last cannot be had: as at the start, again."""
        if not whole:
            self.load()
        self._take_over()
        self.renew()

    def _sensible(self):
        """A good image may be of another build all the same."""
        image = self._record.image
        for at in range(_ROWS_AT + 6, _SOURCE_AT, _ROW_SIZE):
            if image[at] >= STATIONS:
                return False
        return True

    def in_doubt(self):
        """Something is stored, and could not be read."""
        return self._record.doubtful

    def _take_over(self):
        image = self._record.image
        self.stations = 0
        for number in range(STATIONS):
            if image[HEADER_SIZE + number * _STATION_SIZE + _KNOWN_AT]:
                self.stations |= 1 << number
        self.from_plan = image[_SOURCE_AT] == 1

    def set_station(self, number, buf, off):
        """Store a station; 0 or a negative status."""
        self._record.right()
        at = HEADER_SIZE + number * _STATION_SIZE
        image = self._record.image
        native.copy(image, at, buf, off, _STATION_ARGUMENTS)
        image[at + _KNOWN_AT] = 1
        return self._save()

    def remove_station(self, number):
        """Forget a station; 0 or a negative status."""
        self._record.right()
        self._record.image[HEADER_SIZE + number * _STATION_SIZE + _KNOWN_AT] = 0
        return self._save()

    def set_rows(self, part, buf, off):
        """Store eight windows: starts u32, durations u16, stations u8; 0 or a negative status."""
        self._record.right()
        image = self._record.image
        at = _ROWS_AT + part * PART_ROWS * _ROW_SIZE
        for i in range(PART_ROWS):
            native.copy(image, at, buf, off + 4 * i, 4)
            native.copy(image, at + 4, buf, off + 32 + 2 * i, 2)
            image[at + 6] = buf[off + 48 + i]
            at += _ROW_SIZE
        return self._save()

    def set_source(self, plan):
        """Windows come from the uploaded plan (1) or from the orbit; 0 or a negative status."""
        self._record.right()
        self._record.image[_SOURCE_AT] = plan
        return self._save()

    def _save(self):
        """What is in the image counts from now on, whether it could be stored or not; but for what
        was stored before and shows only now."""
        status = self._record.save()
        if status != _E_STALE or not self.load():
            self._take_over()
            self.renew()
        return status

    def renew(self):
        """Time, orbit or stations are others: the windows have to be looked for anew."""
        self._scanning = False
        self._began_s = -1

    def age_s(self, uptime_s):
        """Since the windows in use were begun."""
        return min(uptime_s - self._began_s, _NEVER_S) if self._began_s >= 0 else _NEVER_S

    def found(self):
        """There are windows by the orbit."""
        return self._began_s >= 0

    def scan(self, uptime_s):
        """Once a second while time and orbit are known: look for windows."""
        if not self._scanning:
            if self._began_s >= 0 and uptime_s - self._began_s < _SCAN_EVERY_S:
                return
            if self._kernel.contact_begin(self._scan) < 0:
                return
            self._scanning = True
            self._begin_s = uptime_s
        image = self._record.image
        scanned_s = self._kernel.contact_step(self._scan, image, HEADER_SIZE, STATIONS, _SCAN_STEPS)
        if scanned_s >= _HORIZON_S:
            native.copy(self._windows, 0, self._scan, 0, WINDOWS_SIZE)
            self._scanning = False
            self._began_s = self._begin_s

    def look(self, now_s, margin_s):
        """Windows at mission time `now_s`: stations in view, until when (-1 none), and the lowest
        of their rates, which all of them can receive."""
        self.in_view = 0
        self.remaining_s = -1
        self.rate = 255
        self.rows_left = 0
        if self.from_plan:
            self._look_in_plan(now_s, margin_s)
        if self.rows_left == 0 and self._began_s >= 0:
            windows = self._windows
            for number in range(STATIONS):
                if windows[_STATE_AT + number]:
                    rise_s = _little(windows, 4 * number)
                    self._judge(
                        number, now_s, rise_s, _little(windows, _SET_AT + 4 * number), margin_s
                    )

    def _look_in_plan(self, now_s, margin_s):
        image = self._record.image
        at = _ROWS_AT
        for _ in range(ROWS):
            duration_s = image[at + 4] << 8 | image[at + 5]
            if duration_s:
                start_s = low_u30(image, at)
                if now_s < start_s + duration_s + margin_s:
                    self.rows_left += 1
                    self._judge(image[at + 6], now_s, start_s, start_s + duration_s, margin_s)
            at += _ROW_SIZE

    def _judge(self, number, now_s, start_s, end_s, margin_s):
        """One window. A station of an uploaded plan need not be known: its rate is then the lowest
        there is."""
        if not start_s - margin_s <= now_s < end_s + margin_s:
            return
        self.in_view |= 1 << number
        self.remaining_s = max(self.remaining_s, end_s + margin_s - now_s)
        at = HEADER_SIZE + number * _STATION_SIZE
        image = self._record.image
        self.rate = min(self.rate, image[at + _RATE_AT])
