"""Composition root shared by every board: the only file that imports app classes."""

import native
from flight import mission
from flight.apps.attitude.app import Attitude
from flight.apps.comms.app import Comms
from flight.apps.contacts.app import Contacts
from flight.apps.fdir.app import Fdir
from flight.apps.files.app import Files
from flight.apps.health.app import Health
from flight.apps.partners.app import Partners
from flight.apps.payload.app import Payload
from flight.apps.power.app import Power
from flight.apps.schedule.app import ScheduleApp
from flight.apps.storage.app import Storage
from flight.context import Context
from flight.core.boot import BootRecord, version_numbers
from flight.core.supervisor import Supervisor
from flight.services.housekeeping import Housekeeping
from flight.services.parameter_file import ParameterFile

# App classes, in any order; flight/mission.py says when they run.
APP_CLASSES = (
    Power,
    Attitude,
    Payload,
    Comms,
    Storage,
    Fdir,
    Health,
    Contacts,
    ScheduleApp,
    Partners,
    Files,
)


class Mission:
    """Everything that flies: `context`, `scheduler`, `supervisor`, `apps` (name: object)."""

    def __init__(self, context, supervisor, apps):
        self.context = context
        self.scheduler = context.scheduler
        self.supervisor = supervisor
        self.apps = apps

    def prepare(self):
        """Start every app and place the first releases on the grid of the control ticks."""
        grid_ms = self.context.board.kernel.report_into(bytearray(72))
        self.scheduler.prepare(grid_ms)

    def run(self):
        """Fly for ever. The desktop ends it with MissionOver or BoardReset."""
        self.prepare()
        self.scheduler.run()


def build(board):
    """Compose the mission on `board` (docs/architecture.md, "HAL"). ValueError when the mission
    table names an app that is not in APP_CLASSES."""
    context = Context(board)
    context.time.restore(board.fram, board.reset_cause)
    boot = BootRecord(context)
    boot.load(board, version_numbers(native.VERSION))
    context.boot = boot
    context.params.load(board.kernel.defaults())
    context.leop.load()
    apps = {}
    supervisor = Supervisor(context, boot)
    housekeeping = Housekeeping(context, boot, supervisor)
    for app_class in APP_CLASSES:
        apps[app_class.NAME] = app_class(context)
    apps[supervisor.NAME] = supervisor
    apps[housekeeping.NAME] = housekeeping
    ParameterFile(context, apps["storage"].storage)
    for row in mission.APPS:
        if row[0] not in apps:
            raise ValueError("no class for the app in mission.APPS: " + row[0])
        app = apps[row[0]]
        entry = context.scheduler.add(app, row)
        if hasattr(app, "enter_mode"):
            context.modes.followers.append(entry)
    context.app_table.register(context.functions)
    context.app_table.load()
    return Mission(context, supervisor, apps)
