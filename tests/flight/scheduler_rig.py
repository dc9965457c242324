"""The scheduler alone on a virtual clock, with apps that spend time or fail as they are told."""

from flight import dictionary
from flight.core.events import Events
from flight.core.scheduler import Scheduler
from flight.core.timebase import Timebase
from hal.clock import TICKS_MASK
from tests.flight.fakes import Clock, Kernel

WRAP = TICKS_MASK + 1


class App:
    def __init__(self, name, log, clock):
        self.name, self.log, self.clock = name, log, clock
        self.starts = 0
        self.cost_us = 0
        self.error = None

    def start(self):
        self.starts += 1

    def step(self, now_ms):
        self.log.append((self.name, now_ms, self.clock.now_us))
        self.clock.spend(self.cost_us)
        if self.error is not None:
            raise self.error


class Rig:
    def __init__(self, *rows, now_us=0, collect_us=0):
        self.clock = Clock(now_us)
        self.log = []
        self.collected = []
        time = Timebase(self.clock, Kernel())
        self.events = Events(dictionary, time)
        self.time = time
        self.scheduler = Scheduler(self.clock, time, self.events, self.collect, Kernel())
        self.counters = self.scheduler.counters
        self.collect_us = collect_us
        self.apps = {}
        for name, period, offset, budget, policy in rows:
            app = App(name, self.log, self.clock)
            self.apps[name] = app
            row = (name, period, offset, budget, True, policy, 3000)
            self.scheduler.add(app, row)

    def collect(self):
        self.collected.append(self.clock.now_us)
        self.clock.spend(self.collect_us)

    def run(self, releases, grid_ms=0):
        self.scheduler.prepare(grid_ms)
        for _ in range(releases):
            self.scheduler.run_next()
        return self.scheduler.entries

    def event_ids(self):
        record = bytearray(16)
        ids = []
        while self.events.peek_into(record):
            ids.append(int.from_bytes(record[6:8], "big"))
            self.events.drop()
        return ids
