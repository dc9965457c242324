"""Launch and early orbit: what must not happen for some time after separation, and what may only
happen once; and the time since the ground was last heard.

One record in FRAM holds it over resets: launch over, time since separation, deployables out and
tried, seconds without a telecommand. A blank record is of a spacecraft that has just separated,
unless a deployable is out: then the memory was lost, not the launch.
"""

import struct

from flight.core import modes
from flight.core.records import HEADER_SIZE, TwoCopies
from hal.compat import const
from hal.errors import HalError

DEPLOYABLES = const(2)
ALL_OUT = const(3)

_ADDRESS_A = const(0x0300)
_ADDRESS_B = const(0x0380)
_LAYOUT = const(0x0001)
# over u8, deployed u8, given up u8, lost u8, attempts u8[2], launch s u16, silence s u32
_FORMAT = ">BBBBBBHI"
_SIZE = const(12)
_LAUNCH_SAVE_S = const(5)
_SILENCE_SAVE_S = const(60)
_SILENCE_MAX_S = const(0x3FFF0000)
_RATE = const(0x0301)  # parameter of comms

EVENT_STORAGE = const(0x0004)
EVENT_LAUNCH = const(0x0701)
EVENT_LAUNCH_OVER = const(0x0702)
EVENT_COMMAND_LOSS = const(0x0706)
EVENT_COMMANDS_BACK = const(0x0707)


class Leop:
    """`launching`: everything is inhibited; `launch_s`: time since separation; `deployed`,
    `given_up`: masks; `attempts` per deployable; `silence_s`: since the last telecommand; `lost`:
    that was too long ago."""

    def __init__(self, context):
        self._context = context
        self._record = TwoCopies(context.board.fram, _ADDRESS_A, _ADDRESS_B, _SIZE, _LAYOUT)
        self._limit_at = context.params.place(0x0701)
        self._loss_at = context.params.place(0x0702)
        self.launching = True
        self.launch_s = 0
        self.deployed = 0
        self.given_up = 0
        self.attempts = bytearray(DEPLOYABLES)
        self.silence_s = 0
        self.lost = False
        self._blank = False
        self._seen_s = 0  # uptime at the last step
        self._saved_s = 0
        self._heard = 0

    def load(self):
        """Find out where in its life the spacecraft is. Boot time only."""
        self._blank = not self._take_over()
        self._seen_s = self._context.time.uptime_s
        if self._blank:
            self._look()
        spacecraft = self._context.modes
        if self.launching:
            spacecraft.inhibitors |= modes.INHIBIT_LAUNCH
            spacecraft.silence |= modes.SILENCE_LAUNCH
            spacecraft.begin(self._context.mission.LAUNCH, modes.REASON_LAUNCH)
            self._context.events.put(EVENT_LAUNCH, self._rest_s())
        if self.lost:
            spacecraft.inhibitors |= modes.INHIBIT_COMMAND_LOSS
        if not self.launching or self._record.generation:
            self.save()

    def _take_over(self):
        """What the record says, when there is one. Boot time only, but for a memory that did not
        answer then."""
        if not self._record.load():
            return False
        fields = struct.unpack_from(_FORMAT, self._record.image, HEADER_SIZE)
        self.launching = fields[0] == 0
        self.deployed = fields[1]
        self.given_up = fields[2]
        self.lost = fields[3] == 1
        self.attempts[0] = fields[4]
        self.attempts[1] = fields[5]
        self.launch_s = fields[6]
        # A computer that resets all the time must lose its patience, too.
        self.silence_s = min(_SILENCE_MAX_S, fields[7] + _SILENCE_SAVE_S)
        return True

    def step(self):
        """Every second or so: both clocks go on."""
        context = self._context
        passed_s = context.time.uptime_s - self._seen_s
        self._seen_s += passed_s
        if self.launching:
            self._count_down(passed_s)
        else:
            self._listen(passed_s)

    def save(self):
        """Store all of it; a failure makes an event, and the next save tries again."""
        self._saved_s = self._seen_s
        struct.pack_into(
            _FORMAT,
            self._record.image,
            HEADER_SIZE,
            0 if self.launching else 1,
            self.deployed,
            self.given_up,
            1 if self.lost else 0,
            self.attempts[0],
            self.attempts[1],
            self.launch_s,
            self.silence_s,
        )
        status = self._record.save()
        if status < 0:
            self._context.events.put(EVENT_STORAGE, -status)
        return status

    def left_s(self):
        """Time until the launch is over."""
        return self._rest_s() if self.launching else 0

    def _rest_s(self):
        return max(0, self._context.params.u16(self._limit_at) - self.launch_s)

    def _look(self):
        """Of a blank record: something is out, so the launch was over before. One that is
        there, and could not be read, is asked for again."""
        doubtful = self._record.doubtful
        if doubtful and self._take_over():
            self._blank = False
            return
        try:
            out = self._context.board.eps.read_deployed()
            if out != self._context.board.eps.read_deployed():
                return
        except HalError:
            return
        self._blank = doubtful and not out
        if out:
            self.launching = False
            self.deployed = out

    def _count_down(self, passed_s):
        self.launch_s = min(0xFFFF, self.launch_s + passed_s)
        if self._blank:
            self._look()
        if self.launching and self._rest_s() > 0:
            if self._seen_s - self._saved_s >= _LAUNCH_SAVE_S:
                self.save()
            return
        self.launching = False
        context = self._context
        context.modes.silence &= ~modes.SILENCE_LAUNCH
        context.modes.allow(modes.INHIBIT_LAUNCH)
        context.modes.request(context.mission.SAFE, modes.REASON_LAUNCH_OVER)
        context.events.put(EVENT_LAUNCH_OVER, self.launch_s)
        self.save()

    def _listen(self, passed_s):
        heard = self._context.commands.heard
        if heard != self._heard:
            self._heard = heard
            self._hear()
            return
        self.silence_s = min(_SILENCE_MAX_S, self.silence_s + passed_s)
        limit_h = self._context.params.u16(self._loss_at)
        if not self.lost and self.silence_s >= limit_h * 3600:
            self.lost = True
            self._context.events.put(EVENT_COMMAND_LOSS, self.silence_s // 3600)
            self._context.modes.inhibit(modes.INHIBIT_COMMAND_LOSS, modes.REASON_COMMAND_LOSS)
            self._default_radio()
            self.save()
        elif self._seen_s - self._saved_s >= _SILENCE_SAVE_S:
            self.save()

    def _hear(self):
        if self.lost:
            self.lost = False
            self._context.modes.allow(modes.INHIBIT_COMMAND_LOSS)
            self._context.events.put(EVENT_COMMANDS_BACK, self.silence_s // 3600)
        if self.silence_s:
            stored = self.silence_s > _SILENCE_SAVE_S or self._seen_s != self._saved_s
            self.silence_s = 0
            if stored:
                self.save()

    def _default_radio(self):
        """Rate by default, carrier on: whatever was set may be why nobody is heard."""
        params = self._context.params
        params.default(_RATE)
        self._context.modes.radio_defaults = (self._context.modes.radio_defaults + 1) & 0xFF
