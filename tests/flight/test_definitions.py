"""Every definitions table: unique, typed, ranged, and small enough to fly."""

import math
import struct

import pytest

from flight import dictionary, mission
from flight.core import authority, definitions, failures, telemetry
from flight.packets import fields, signature, space_packet
from ground.names import Number

SUBSYSTEMS = dictionary.SUBSYSTEMS
LIMITS = {
    "u8": (0, 255),
    "i8": (-128, 127),
    "u16": (0, 65535),
    "i16": (-32768, 32767),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "f32": (-1e9, 1e9),
}
by_subsystem = pytest.mark.parametrize("subsystem", SUBSYSTEMS, ids=lambda s: s.NAME)


def rows(table):
    return [row for subsystem in SUBSYSTEMS for row in getattr(subsystem, table)]


@pytest.mark.parametrize("table", ["PACKETS", "COMMANDS", "EVENTS", "PARAMETERS"])
def test_ids_are_unique_and_carry_the_app_number(table):
    assert len({row[0] for row in rows(table)}) == len(rows(table))
    for subsystem in SUBSYSTEMS:
        for row in getattr(subsystem, table):
            assert row[0] >> 8 == subsystem.APP


@pytest.mark.parametrize("table", ["PACKETS", "COMMANDS", "PARAMETERS"])
def test_names_are_unique(table):
    names = [row[1] for row in rows(table)]
    assert len(set(names)) == len(names)


def test_app_numbers_are_the_order_of_the_subsystems():
    numbers = [subsystem.APP for subsystem in SUBSYSTEMS]
    assert numbers == sorted(set(numbers)) and numbers[0] == 0


@by_subsystem
def test_packets_are_well_formed(subsystem):
    for _, name, period_ms, order, owner, table, description in subsystem.PACKETS:
        assert order in ("big", "little") and description
        assert period_ms % 100 == 0
        assert owner in [partner[1] for partner in dictionary.PARTNERS]
        assert len({field[0] for field in table}) == len(table), name
        size = fields.packed_size(table)
        assert 0 < size <= telemetry.BODY_MAX
        assert struct.calcsize(fields.struct_format(table, order)) == size
        for field in table:
            assert len(field) == 6 and field[4] > 0


@by_subsystem
def test_commands_are_well_formed(subsystem):
    for (
        _,
        name,
        service,
        subtype,
        arguments,
        authority_class,
        hazardous,
        text,
    ) in subsystem.COMMANDS:
        assert (
            (service, subtype) in ((8, 1), (17, 1)) or service in (3, 5, 6, 12, 15, 19, 23)
        ) and text
        assert isinstance(hazardous, bool)
        assert authority.mask(dictionary, authority_class)
        assert len({argument[0] for argument in arguments}) == len(arguments), name
        for argument in arguments:
            _, kind, lowest, highest, _ = argument[:5]
            low, high = LIMITS[fields.checked_as(kind)]
            assert low <= lowest <= highest <= high
            default = argument[5] if len(argument) > 5 else lowest
            for value in default if isinstance(default, tuple) else (default,):
                assert lowest <= value <= highest, name


@by_subsystem
def test_parameters_have_defaults_inside_their_range(subsystem):
    assert authority.mask(dictionary, subsystem.PARAMETER_AUTHORITY)
    for _, name, kind, lowest, highest, default, _, text in subsystem.PARAMETERS:
        assert lowest <= default <= highest and text, name
        if kind == "f32":
            for value in (lowest, highest, default):
                # Written with as many digits as single precision has.
                (single,) = struct.unpack(">f", struct.pack(">f", value))
                assert math.isclose(single, value, rel_tol=1e-7), name
        else:
            assert LIMITS[kind][0] <= lowest and highest <= LIMITS[kind][1]


@by_subsystem
def test_events_have_a_severity_and_a_text_for_two_numbers(subsystem):
    for _, severity, text in subsystem.EVENTS:
        assert 1 <= severity <= 4
        assert text.format(Number(1), Number(2)).strip()
        assert "{" not in text.format(Number(1), Number(2))


def test_partners_do_not_overlap_and_avoid_reserved_apids():
    taken = set()
    for index, (_, vc, base, count) in enumerate(dictionary.PARTNERS):
        assert vc == index
        block = set(range(base, base + count))
        assert not block & taken and 0 not in block and 0x7FF not in block
        taken |= block
    assert len({mask for _, mask in dictionary.AUTHORITIES}) == len(dictionary.AUTHORITIES)


def test_every_failure_code_has_a_name_and_every_name_a_code():
    codes = {name.lower(): value for name, value in vars(failures).items() if name.isupper()}
    del codes["ok"], codes["later"]
    assert codes == {name: code for code, name in definitions.FAILURES}


def test_world_fields_exist_and_are_few():
    names = {field[0] for packet in rows("PACKETS") for field in packet[5]}
    assert set(dictionary.WORLD_FIELDS) <= names
    assert len(dictionary.WORLD_FIELDS) <= 12


def test_the_mission_table_fits_the_schedule_packet_and_the_grid():
    assert len(mission.APPS) <= definitions.SCHEDULE_ROWS
    assert dictionary.APP_NAMES == tuple(row[0] for row in mission.APPS)
    for _, period_ms, offset_ms, budget_ms, critical, policy, deadline_ms in mission.APPS:
        assert period_ms % 100 == 0 and 10 <= offset_ms % 100 <= 60
        assert 0 < budget_ms < period_ms and deadline_ms > period_ms
        assert policy in ("skip", "degrade", "safe")
        assert not critical or deadline_ms <= 3000


def test_transitions_join_modes_of_the_table_and_safe_is_always_reachable():
    known = [mode[0] for mode in mission.MODES]
    joined = {row[:2] for row in mission.TRANSITIONS}
    assert len(joined) == len(mission.TRANSITIONS)
    for before, after, debounce in mission.TRANSITIONS:
        assert before in known and after in known and before != after
        # Nothing leads back into the launch, nothing delays a step towards safety.
        assert after != mission.LAUNCH
        assert debounce >= 0 and (debounce == 0 or after >= mission.DETUMBLE)
    for mode in known:
        assert mode == mission.SAFE or (mode, mission.SAFE) in joined
        assert mode in (mission.LAUNCH, mission.SURVIVAL) or (mode, mission.SURVIVAL) in joined


def test_row_names_the_missing_app():
    with pytest.raises(ValueError, match="nobody"):
        mission.row("nobody")


@pytest.mark.parametrize("kind", ["u64", "f32[0]", "u8[]", "", "[3]"])
def test_unknown_types_are_refused(kind):
    with pytest.raises(ValueError):
        fields.split(kind)


def test_signature_changes_with_any_definition(monkeypatch):
    before = signature.signature(dictionary)
    assert before == signature.signature(dictionary)
    monkeypatch.setattr(definitions, "EVENTS", definitions.EVENTS[:-1])
    assert signature.signature(dictionary) != before


def test_event_record_layout():
    assert struct.calcsize(space_packet.EVENT_RECORD) == space_packet.EVENT_RECORD_SIZE
