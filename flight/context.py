"""What an app is given: the services of the core around one board."""

from flight import dictionary, mission
from flight.core import records
from flight.core.accounts import Accounts
from flight.core.app_table import AppTable
from flight.core.commands import Commands
from flight.core.contact_gate import Gate
from flight.core.events import Events
from flight.core.leop import Leop
from flight.core.memory import Memory
from flight.core.modes import Modes
from flight.core.params import Params
from flight.core.scheduler import Scheduler
from flight.core.store import Store
from flight.core.telemetry import Telemetry
from flight.core.timebase import Timebase
from flight.services.events import EventControl, EventReports
from flight.services.function import Functions
from flight.services.memory import Memory as MemoryService
from flight.services.parameters import ParameterReports, Parameters
from flight.services.test import Test
from flight.services.time import TimeReports
from flight.services.verification import Verification


class Context:
    """Plain attributes: `mission board boot clock time events store params telemetry modes memory
    scheduler app_table event_reports functions accounts commands time_reports leop gate`, and from
    the apps: schedule `correlation`, partners `ledger science`, storage `storage`. Built
    once per boot, before any app."""

    def __init__(self, board):
        records.forget()
        self.mission = mission
        self.board = board
        self.boot = None  # the boot record, once it has been read
        self.clock = board.clock
        self.time = Timebase(board.clock, board.kernel)
        self.events = Events(dictionary, self.time)
        self.store = Store(dictionary, self.time)
        self.params = Params(dictionary, board.fram, self.events)
        self.telemetry = Telemetry(dictionary, self.time)
        self.modes = Modes(self.events, mission)
        self.memory = Memory(board, self.events, self.params)
        self.scheduler = Scheduler(
            board.clock, self.time, self.events, board.collect, board.kernel, self.memory
        )
        self.app_table = AppTable(self.scheduler, mission.APPS, board.fram, self.events)
        self.event_reports = EventReports(self.events, self.telemetry)
        self.functions = Functions(dictionary, self.time)
        self.accounts = Accounts(self.time)
        self.commands = Commands(
            dictionary, self.events, Verification(self.telemetry), self.accounts
        )
        self.time_reports = TimeReports(dictionary, self.commands, self.telemetry, self.time)
        EventControl(self.events, self.telemetry, self.commands)
        self.leop = Leop(self)
        MemoryService(board, self.telemetry, self.commands)
        self.telemetry.gate = self.gate = Gate(self.time)
        self.commands.serve(8, 1, self.functions)
        self.commands.serve(17, 1, Test(self.telemetry))
        self.commands.serve(20, 1, ParameterReports(self.params, self.telemetry))
        self.commands.serve(20, 3, Parameters(self.params))
