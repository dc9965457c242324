"""Table of the apps: what runs when, checked before it is used, changed by command.

Minor frames of 100 ms, major frames of 10 s. A period is a whole number of minor frames and goes
into the major frame without a rest; an offset is shorter than the period and stands 10 to 60 ms
into a minor frame, away from the control tick. The budgets fit: if every app used all of its own,
each would still be done before its next release, and a tenth of the major frame stay free.

Image, as in command `schedule_load` and in the FRAM: version u16, then 16 of each: place of the
app in mission.APPS u8 (255 none), enabled u8, period u16, offset u16 [ms]. The version is the
CRC-16 of what the image does not say, names, budgets and deadlines: a table made for another
mission is refused. What is refused has an event with its entry and the reason; the table in use
stays.

A changed table holds until the next start; `schedule_save` makes it the one that starts begin with.
"""

from array import array

import native
from flight.core import failures
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.core.scheduler import DISABLED, MAJOR_MS, MINOR_MS
from flight.packets.octets import put_u16, u16
from hal.compat import const

# A constant of another module is none to the compiler.
_ROWS = const(16)
_ADDRESS_A = const(0x0700)
_ADDRESS_B = const(0x0780)
_ON = const(2 + _ROWS)
_PERIOD = const(2 + 2 * _ROWS)
_OFFSET = const(2 + 4 * _ROWS)
_SIZE = const(2 + 6 * _ROWS)
_NONE = const(255)
_FIRST_MS = const(10)
_LAST_MS = const(60)
_BUSY_MAX_MS = const(9000)

# Why a table is refused: SCHEDULE_REASONS of core/definitions.py.
BAD_VERSION = const(1)
UNKNOWN_APP = const(2)
DUPLICATE_APP = const(3)
BAD_PERIOD = const(4)
BAD_OFFSET = const(5)
BAD_BUDGET = const(6)
CRITICAL_APP = const(7)  # without a place, disabled, or with a period beyond its deadline

EVENT_REFUSED = const(0x0015)
EVENT_LOADED = const(0x0016)
EVENT_SAVED = const(0x0017)

SOURCE_MISSION = const(0)
SOURCE_SAVED = const(1)
SOURCE_COMMAND = const(2)


class AppTable:
    """`version` (u16); `source` of the table in use; `crc16()` of it; `bad_entry` of the last one
    refused."""

    def __init__(self, scheduler, apps, fram, events):
        self._scheduler = scheduler
        self._apps = apps
        self._events = events
        text = ""
        for row in apps:
            text += row[0] + " " + str(row[3]) + " " + str(row[6]) + " "
        name = text.encode()
        self.version = native.crc16(name, 0, len(name))
        self._record = TwoCopies(fram, _ADDRESS_A, _ADDRESS_B, _SIZE, self.version)
        self._active = bytearray(_SIZE)
        self._trial = bytearray(_SIZE)
        self._next_ms = array("H", bytes(2 * _ROWS))
        self.source = SOURCE_MISSION
        self.bad_entry = _NONE

    def load(self):
        """Use the table of the mission, then the saved one if it is there and good. ValueError that
        names the app when the mission's own is not. Boot time only."""
        self._fill_from_mission()
        reason = self.check(self._trial)
        if reason:
            app = self._apps[min(self.bad_entry, len(self._apps) - 1)][0]
            raise ValueError("schedule: reason " + str(reason) + ", app " + app)
        self._activate(SOURCE_MISSION)
        if self._record.load():
            native.copy(self._trial, 0, self._record.image, HEADER_SIZE, _SIZE)
            if self._accept() == 0:
                self._activate(SOURCE_SAVED)

    def register(self, functions):
        """Take the commands. Boot time only."""
        functions.handle(0x0005, self.app_enable)
        functions.handle(0x0006, self.app_period)
        functions.handle(0x0007, self.app_restart)
        functions.handle(0x0008, self.schedule_load)
        functions.handle(0x0009, self.schedule_save)
        functions.handle(0x000A, self.schedule_restore)

    def crc16(self):
        """CRC-16 of the table in use."""
        return native.crc16(self._active, 0, _SIZE)

    def app_enable(self, buf, off, owner):
        """Handler of `app_enable`."""
        row = self._row_of(buf[off])
        if row < 0:
            return failures.OUT_OF_RANGE
        native.copy(self._trial, 0, self._active, 0, _SIZE)
        self._trial[_ON + row] = buf[off + 1]
        return self._use_trial()

    def app_period(self, buf, off, owner):
        """Handler of `app_period`: period and offset of one app."""
        row = self._row_of(buf[off])
        if row < 0:
            return failures.OUT_OF_RANGE
        native.copy(self._trial, 0, self._active, 0, _SIZE)
        native.copy(self._trial, _PERIOD + 2 * row, buf, off + 1, 2)
        native.copy(self._trial, _OFFSET + 2 * row, buf, off + 3, 2)
        return self._use_trial()

    def app_restart(self, buf, off, owner):
        """Handler of `app_restart`: one that was given up runs again."""
        entries = self._scheduler.entries
        if buf[off] >= len(entries):
            return failures.OUT_OF_RANGE
        entry = entries[buf[off]]
        if entry.state == DISABLED:
            return failures.REFUSED
        self._scheduler.revive(entry)
        return failures.OK

    def schedule_load(self, buf, off, owner):
        """Handler of `schedule_load`: the whole table."""
        native.copy(self._trial, 0, buf, off, _SIZE)
        return self._use_trial()

    def schedule_save(self, buf, off, owner):
        """Handler of `schedule_save`."""
        native.copy(self._record.image, HEADER_SIZE, self._active, 0, _SIZE)
        if self._record.save() < 0:
            return failures.STORAGE_ERROR
        self._events.put(EVENT_SAVED, self.crc16())
        return failures.OK

    def schedule_restore(self, buf, off, owner):
        """Handler of `schedule_restore`: the mission's own table again."""
        self._fill_from_mission()
        return self._use_trial()

    def intact(self):
        """The scheduler still runs by the table in use; False when bits of either have turned."""
        for entry in self._scheduler.entries:
            row = self._row_of(entry.index)
            if row < 0 or not self._active[_ON + row]:
                if entry.state != DISABLED:
                    return False
            elif entry.state == DISABLED or (
                entry.period_ms != u16(self._active, _PERIOD + 2 * row)
                or entry.offset_ms != u16(self._active, _OFFSET + 2 * row)
            ):
                return False
        return True

    def repair(self):
        """Check the table in use and let the scheduler run by it again; by the mission's own when
        it is no longer good."""
        native.copy(self._trial, 0, self._active, 0, _SIZE)
        if self._accept():
            self._fill_from_mission()
            self.source = SOURCE_MISSION
        self._activate(self.source)

    def check(self, image):
        """0 when `image` is a good table, else the reason, with `bad_entry`."""
        self.bad_entry = _NONE
        if u16(image, 0) != self.version:
            return BAD_VERSION
        seen = 0
        for row in range(_ROWS):
            app = image[2 + row]
            if app == _NONE:
                continue
            self.bad_entry = row
            if app >= len(self._apps):
                return UNKNOWN_APP
            if seen >> app & 1:
                return DUPLICATE_APP
            seen |= 1 << app
            period = u16(image, _PERIOD + 2 * row)
            if period < MINOR_MS or period % MINOR_MS or MAJOR_MS % period:
                return BAD_PERIOD
            offset = u16(image, _OFFSET + 2 * row)
            if offset >= period or not _FIRST_MS <= offset % MINOR_MS <= _LAST_MS:
                return BAD_OFFSET
            definition = self._apps[app]
            if definition[4] and (not image[_ON + row] or period > definition[6]):
                return CRITICAL_APP
        self.bad_entry = _NONE
        for app in range(len(self._apps)):
            if self._apps[app][4] and not seen >> app & 1:
                self.bad_entry = app
                return CRITICAL_APP
        return self._check_budgets(image)

    def _check_budgets(self, image):
        """Play one major frame in which every app uses all of its budget."""
        next_ms = self._next_ms
        busy_ms = 0
        for row in range(_ROWS):
            next_ms[row] = u16(image, _OFFSET + 2 * row)
            if self._runs(image, row):
                releases = MAJOR_MS // u16(image, _PERIOD + 2 * row)
                busy_ms += releases * self._apps[image[2 + row]][3]
        if busy_ms > _BUSY_MAX_MS:
            return BAD_BUDGET
        now_ms = 0
        while True:
            best = -1
            for row in range(_ROWS):
                if self._runs(image, row) and (best < 0 or next_ms[row] < next_ms[best]):
                    best = row
            if best < 0 or next_ms[best] >= MAJOR_MS:
                return 0
            now_ms = max(now_ms, next_ms[best]) + self._apps[image[2 + best]][3]
            next_ms[best] += u16(image, _PERIOD + 2 * best)
            if now_ms > next_ms[best]:
                self.bad_entry = best
                return BAD_BUDGET

    def _runs(self, image, row):
        return image[2 + row] != _NONE and image[_ON + row]

    def _row_of(self, app):
        """Row of the table in use that holds the app, -1 when there is none."""
        for row in range(_ROWS):
            if self._active[2 + row] == app and app != _NONE:
                return row
        return -1

    def _accept(self):
        """Check the trial table; event when it is refused."""
        reason = self.check(self._trial)
        if reason:
            self._events.put(EVENT_REFUSED, self.bad_entry, reason)
        return reason

    def _use_trial(self):
        if self._accept():
            return failures.BAD_DATA
        self._activate(SOURCE_COMMAND)
        self._events.put(EVENT_LOADED, self.crc16())
        return failures.OK

    def _activate(self, source):
        native.copy(self._active, 0, self._trial, 0, _SIZE)
        self.source = source
        scheduler = self._scheduler
        for entry in scheduler.entries:
            row = self._row_of(entry.index)
            scheduler.enable(entry, row >= 0 and self._active[_ON + row])
            if row < 0:
                continue
            period = u16(self._active, _PERIOD + 2 * row)
            offset = u16(self._active, _OFFSET + 2 * row)
            if entry.period_ms != period or entry.offset_ms != offset:
                entry.period_ms = period
                entry.offset_ms = offset
                scheduler.place(entry)

    def _fill_from_mission(self):
        trial = self._trial
        put_u16(trial, 0, self.version)
        for row in range(_ROWS):
            known = row < len(self._apps)
            trial[2 + row] = row if known else _NONE
            trial[_ON + row] = 1 if known else 0
            put_u16(trial, _PERIOD + 2 * row, self._apps[row][1] if known else 0)
            put_u16(trial, _OFFSET + 2 * row, self._apps[row][2] if known else 0)
