"""The table of apps: every way in which one is not good is named, and the one in use stays."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight import mission
from flight.core import app_table, definitions
from flight.core.app_table import AppTable
from flight.core.scheduler import DISABLED, RUNNING
from ground import encode
from ground.dictionary import Dictionary
from tests.flight.fakes import Board
from tests.flight.rig import Rig
from tests.flight.scheduler_rig import Rig as Bare

APPS = (
    ("a", 1000, 10, 20, True, "skip", 3000),
    ("b", 500, 40, 30, False, "skip", 3000),
    ("c", 100, 50, 10, True, "skip", 3000),
)
ROWS = 16
LAYOUT = f">H{ROWS}B{ROWS}B{ROWS}H{ROWS}H"


def image(version, rows):
    """`rows`: app, enabled, period, offset."""
    rows = [*rows, *[(255, 0, 0, 0)] * (ROWS - len(rows))]
    return bytearray(
        struct.pack(LAYOUT, version, *(v for column in zip(*rows, strict=True) for v in column))
    )


class TableRig:
    def __init__(self, apps=APPS, board=None):
        self.board = board or Board()
        self.bare = Bare(*(row[:4] + (row[5],) for row in apps))
        self.scheduler = self.bare.scheduler
        self.table = AppTable(self.scheduler, apps, self.board.fram, self.bare.events)

    def check(self, rows, version=None):
        version = self.table.version if version is None else version
        return self.table.check(image(version, rows)), self.table.bad_entry


GOOD = [(0, 1, 1000, 10), (1, 1, 500, 40), (2, 1, 100, 50)]


@pytest.mark.parametrize(
    ("row", "entry", "reason"),
    [
        ((2, 1, 300, 50), 2, app_table.BAD_PERIOD),  # does not go into 10 s
        ((2, 1, 250, 50), 2, app_table.BAD_PERIOD),  # no whole minor frames
        ((2, 1, 0, 50), 2, app_table.BAD_PERIOD),
        ((2, 1, 20_000, 50), 2, app_table.BAD_PERIOD),
        ((2, 1, 100, 150), 2, app_table.BAD_OFFSET),  # beyond its frame
        ((2, 1, 100, 9), 2, app_table.BAD_OFFSET),  # on the control tick
        ((2, 1, 100, 61), 2, app_table.BAD_OFFSET),
        ((3, 1, 100, 50), 2, app_table.UNKNOWN_APP),
        ((254, 1, 100, 50), 2, app_table.UNKNOWN_APP),
        ((1, 1, 100, 50), 2, app_table.DUPLICATE_APP),
        ((2, 0, 100, 50), 2, app_table.CRITICAL_APP),
        ((2, 1, 5000, 50), 2, app_table.CRITICAL_APP),  # beyond its deadline
        ((255, 1, 100, 50), 2, app_table.CRITICAL_APP),  # not there at all
    ],
)
def test_a_bad_row_is_named(row, entry, reason):
    rig = TableRig()
    assert rig.check(GOOD) == (0, 255)
    assert rig.check([*GOOD[:2], row]) == (reason, entry)


def test_another_version_is_refused():
    rig = TableRig()
    assert rig.check(GOOD, rig.table.version ^ 1)[0] == app_table.BAD_VERSION
    other = TableRig(((*APPS[0][:3], 21, *APPS[0][4:]), *APPS[1:]))
    assert other.table.version != rig.table.version


def test_budgets_that_do_not_fit_are_refused_with_the_app_that_would_be_late():
    # c must be done within 100 ms, and is not when b uses all of its budget.
    rig = TableRig((APPS[0], ("b", 500, 40, 105, False, "skip", 3000), APPS[2]))
    assert rig.check(GOOD) == (app_table.BAD_BUDGET, 2)
    assert rig.check([GOOD[0], (1, 0, 500, 40), GOOD[2]])[0] == 0
    # Each fits, but nothing would be left.
    full = tuple((str(i), 100, 10 + i, 31, False, "skip", 3000) for i in range(3))
    rows = [(i, 1, 100, 10 + i) for i in range(3)]
    assert TableRig(full).check(rows)[0] == app_table.BAD_BUDGET


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([100, 200, 500, 1000, 2000, 5000, 10_000]),
            st.integers(1, 6),
            st.integers(1, 60),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_table_that_fits_misses_nothing_when_every_app_uses_its_budget(rows):
    """The scheduler itself is the oracle."""
    apps = tuple(
        (str(i), period, 10 * tens, budget, False, "skip", 30_000)
        for i, (period, tens, budget) in enumerate(rows)
    )
    rig = TableRig(apps)
    table = [(i, 1, row[1], row[2]) for i, row in enumerate(apps)]
    reason, _ = rig.check(table)
    for row in apps:
        rig.bare.apps[row[0]].cost_us = row[3] * 1000
    rig.scheduler.prepare(0)
    while rig.bare.clock.now_us < 31_000_000:
        rig.scheduler.run_next()
    late = any(rig.bare.counters.missed)
    assert reason in (0, app_table.BAD_BUDGET)
    if reason == 0:
        assert not late
    elif rig.table.bad_entry != 255:
        assert late


@given(st.binary(min_size=98, max_size=98))
def test_random_images_never_break_the_check(data):
    rig = TableRig()
    table = bytearray(data)
    assert 1 <= rig.table.check(table) <= 7
    table[0:2] = rig.table.version.to_bytes(2, "big")
    assert 0 <= rig.table.check(table) <= 7


def test_the_missions_own_table_is_checked_at_boot_and_the_app_named():
    bad = (APPS[0], ("b", 700, 40, 30, False, "skip", 3000), APPS[2])
    with pytest.raises(ValueError, match="reason 4, app b"):
        TableRig(bad).table.load()


def test_reasons_and_rows_are_those_of_the_dictionary():
    reasons = {
        name.lower(): value
        for name, value in vars(app_table).items()
        if name.startswith(("BAD_", "UNKNOWN_", "DUPLICATE_", "CRITICAL_"))
    }
    assert reasons == {name: code for code, name in definitions.SCHEDULE_REASONS}
    assert app_table._ROWS == app_table.__dict__["_SIZE"] // 6 == definitions.SCHEDULE_ROWS
    command = Dictionary().commands["schedule_load"]
    assert sum(a.type.count * struct.calcsize(a.type.code[-1]) for a in command.arguments[1:]) == 96


class Ground:
    """A whole mission that is sent telecommands."""

    def __init__(self, board=None):
        self.rig = Rig(board)
        self.encoder = encode.Encoder(Dictionary())
        self.rig.fly(3)

    def send(self, name, values=None):
        """Failure code of the completion or refusal, 0 when it completed."""
        commands = self.rig.context.commands
        before = commands.refused
        self.rig.board.radio.received.append(self.encoder.frame(name, values or {}))
        self.rig.fly(2)
        return commands.last_failure if commands.refused != before else 0

    def schedule(self):
        self.rig.fly(11)
        return self.rig.fields(0x0002)

    def table(self, **changes):
        """Arguments of schedule_load: the mission's table with `changes` by app name."""
        rows = []
        for i, row in enumerate(mission.APPS):
            rows.append(changes.get(row[0], (i, 1, row[1], row[2])))
        rows += [(255, 0, 0, 0)] * (ROWS - len(rows))
        names = ("app", "on", "period", "offset")
        arguments = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        return {"version": self.rig.context.app_table.version, **arguments}


PAYLOAD = [row[0] for row in mission.APPS].index("payload")
POWER = [row[0] for row in mission.APPS].index("power")


def test_enable_period_and_restart_by_command():
    ground = Ground()
    entry = ground.rig.scheduler.entries[PAYLOAD]
    assert ground.send("app_period", {"app": PAYLOAD, "period": 1000, "offset": 330}) == 0
    schedule = ground.schedule()
    assert schedule["app_period_ms"][PAYLOAD] == 1000 and schedule["schedule_source"] == 2
    assert entry.release_ms % 1000 == 330
    assert ground.send("app_enable", {"app": PAYLOAD, "on": 0}) == 0
    assert entry.state == DISABLED
    assert ground.send("app_restart", {"app": PAYLOAD}) == 11  # refused: it is disabled
    assert ground.send("app_enable", {"app": PAYLOAD, "on": 1}) == 0
    assert entry.state == RUNNING and ground.schedule()["app_restarts"][PAYLOAD] == 1
    assert ground.send("schedule_restore") == 0
    assert entry.period_ms == mission.APPS[PAYLOAD][1]
    assert ground.rig.context.app_table.intact()


def test_a_given_up_app_is_started_again_by_command():
    ground = Ground()
    entry = ground.rig.scheduler.entries[PAYLOAD]
    step = entry.app.step

    def fail(now_ms):
        raise RuntimeError("broken")

    entry.app.step = fail
    for _ in range(8):
        entry.wait = 0
        ground.rig.fly(5)
    assert entry.state == 3
    entry.app.step = step
    assert ground.send("app_restart", {"app": PAYLOAD}) == 0
    ground.rig.fly(6)
    assert entry.state == RUNNING


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("app_enable", {"app": POWER, "on": 0}),
        ("app_period", {"app": PAYLOAD, "period": 700, "offset": 10}),
        ("app_period", {"app": PAYLOAD, "period": 100, "offset": 110}),
        ("app_period", {"app": POWER, "period": 10_000, "offset": 10}),
    ],
)
def test_a_change_that_would_not_be_good_is_refused_and_named(name, values):
    ground = Ground()
    before = ground.rig.context.app_table.crc16()
    assert ground.send(name, values) == 15
    assert ground.rig.context.app_table.crc16() == before
    refused = [record for record in ground.rig.event_records() if record[0] == 0x0015]
    assert [entry for _, entry, _ in refused] == [values["app"]]


def test_a_whole_table_is_taken_or_refused():
    ground = Ground()
    payload = (PAYLOAD, 1, 2000, 1030)
    assert ground.send("schedule_load", ground.table(payload=payload)) == 0
    assert ground.rig.scheduler.entries[PAYLOAD].period_ms == 2000
    in_use = ground.rig.context.app_table.crc16()
    assert ground.send("schedule_load", ground.table(payload=(POWER, 1, 2000, 1030))) == 15
    assert ground.send("schedule_load", ground.table() | {"version": 1}) == 15
    assert ground.rig.context.app_table.crc16() == in_use
    refused = [record[1:] for record in ground.rig.event_records() if record[0] == 0x0015]
    assert refused == [(PAYLOAD, app_table.DUPLICATE_APP), (255, app_table.BAD_VERSION)]


def restarted(board):
    """The same memory after a reset."""
    new = Board()
    new.fram = board.fram
    return new


def test_a_change_lasts_over_a_reset_only_when_it_is_saved():
    ground = Ground()
    change = {"app": PAYLOAD, "period": 2000, "offset": 30}
    assert ground.send("app_period", change) == 0
    second = Ground(restarted(ground.rig.board))
    assert second.rig.scheduler.entries[PAYLOAD].period_ms == mission.APPS[PAYLOAD][1]
    assert second.send("app_period", change) == 0 and second.send("schedule_save") == 0
    third = Ground(restarted(second.rig.board))
    assert third.rig.scheduler.entries[PAYLOAD].period_ms == 2000
    assert third.schedule()["schedule_source"] == 1


def test_a_saved_table_that_is_no_longer_good_is_refused_at_boot_with_its_entry():
    ground = Ground()
    assert ground.send("schedule_save") == 0
    record = ground.rig.context.app_table._record
    record.image[8 + 2 + PAYLOAD] = POWER  # a good copy of a bad table
    record.save()
    second = Ground(restarted(ground.rig.board))
    assert second.rig.context.app_table.source == app_table.SOURCE_MISSION
    found = [record for record in second.rig.event_records() if record[0] == 0x0015]
    assert found == [(0x0015, PAYLOAD, app_table.DUPLICATE_APP)]


def test_turned_bits_of_table_and_scheduler_are_found_and_repaired():
    rig = Rig()
    table = rig.context.app_table
    entry = rig.scheduler.entries[PAYLOAD]
    assert table.intact()
    entry.period_ms ^= 1 << 9
    assert not table.intact()
    table.repair()
    assert table.intact() and entry.period_ms == mission.APPS[PAYLOAD][1]
    table._active[2 + POWER] ^= 1 << 3
    assert not table.intact()
    table.repair()
    assert table.intact() and table.source == app_table.SOURCE_MISSION
