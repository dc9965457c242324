"""The image's tables: what flight reads of them is the very same."""

import struct
import types
from pathlib import Path

import pytest

from boards.obc_f405 import tables
from flight import dictionary
from flight.apps.attitude import parameters
from flight.core.monitor_check import MonitorCheck
from flight.packets import fields

ROOT = Path(__file__).resolve().parents[2]
SUBSYSTEMS = list(dictionary.SUBSYSTEMS)
CODE = "def f(d):\n    return offset(d.A_FIELDS, 'second'), d.B, d.COMMANDS\n"


def path_of(module):
    return ROOT / (module.__name__.replace(".", "/") + ".py")


@pytest.fixture(scope="module")
def images():
    """Source of every table of the image, by path."""
    found, rest = {}, {}
    for top in ("flight", "hal", "boards"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = path.name in ("definitions.py", "parameters.py") and "services" not in path.parts
            table = top == "flight" and (name or path.name == "dictionary.py")
            (found if table else rest)[str(path)] = path.read_text(encoding="utf-8")
    return tables.for_images(rest, found)


@pytest.fixture(scope="module")
def load(images):
    """A module of tables as the image has it."""

    def loaded(module):
        made = types.ModuleType(module.__name__)
        source = images[str(path_of(module))]
        types.FunctionType(compile(source, module.__name__, "exec"), made.__dict__)()
        return made

    return loaded


def offsets(rows):
    """Type and offset of every field that has a name."""
    return {row[0]: (row[1], fields.offset(rows, row[0])) for row in rows if row[0]}


@pytest.mark.parametrize("module", SUBSYSTEMS, ids=lambda module: module.NAME)
def test_packets_keep_their_layout(load, module):
    image = load(module)
    assert len(image.PACKETS) == len(module.PACKETS)
    for ours, theirs in zip(image.PACKETS, module.PACKETS, strict=True):
        assert (ours[0], ours[2], ours[4]) == (theirs[0], theirs[2], theirs[4])
        assert (ours[3] == "little") == (theirs[3] == "little")
        assert fields.packet_format(ours) == fields.packet_format(theirs)
        mine, whole = ours[5], theirs[5]
        assert fields.packed_size(mine) == fields.packed_size(whole)
        data = bytes(i * 37 & 0x3F for i in range(fields.packed_size(whole)))
        formats = [fields.struct_format(rows, "big") for rows in (mine, whole)]
        assert struct.unpack(formats[0], data) == struct.unpack(formats[1], data)
        named = offsets(mine)
        assert named.items() <= offsets(whole).items()


@pytest.mark.parametrize("module", SUBSYSTEMS, ids=lambda module: module.NAME)
def test_monitors_find_the_same_field_at_every_offset(load, module):
    checker = MonitorCheck.__new__(MonitorCheck)
    for ours, theirs in zip(load(module).PACKETS, module.PACKETS, strict=True):
        for at in range(-1, fields.packed_size(theirs[5]) + 2):
            assert checker.field(ours[5], at) == checker.field(theirs[5], at)


@pytest.mark.parametrize("module", SUBSYSTEMS, ids=lambda module: module.NAME)
def test_functions_events_and_parameters_keep_their_numbers(load, module):
    image = load(module)
    functions = [row for row in module.COMMANDS if row[2:4] == (8, 1)]
    for ours, theirs in zip(image.COMMANDS, functions, strict=True):
        assert (ours[0], *ours[2:4], *ours[5:7]) == (theirs[0], *theirs[2:4], *theirs[5:7])
        assert [row[1:] for row in ours[4]] == [row[1:4] for row in theirs[4]]
    for ours, theirs in zip(image.EVENTS, module.EVENTS, strict=True):
        assert ours == theirs[:2]
    if module.PARAMETERS is not parameters.PARAMETERS:
        for ours, theirs in zip(image.PARAMETERS, module.PARAMETERS, strict=True):
            assert (ours[0], *ours[2:]) == (theirs[0], *theirs[2:6])


def test_a_table_of_parameters_in_a_file_of_its_own(load):
    image = load(parameters)
    for ours, theirs in zip(image.PARAMETERS, parameters.PARAMETERS, strict=True):
        assert (ours[0], *ours[2:]) == (theirs[0], *theirs[2:6])


def test_other_tables_are_the_same_or_not_there(load):
    kept = 0
    for module in (*SUBSYSTEMS, parameters, dictionary):
        image = load(module)
        for name, table in vars(image).items():
            mine = name.startswith("_") or isinstance(table, types.ModuleType)
            if mine or tables._ending(name):
                continue
            assert table == getattr(module, name), name
            kept += 1
    assert kept > 20


def test_fields_asked_for_by_name_stay_apart():
    source = (
        'A_FIELDS = (("a", "u8", "m"), ("b", "u8[2]", ""), ("second", "u8", ""), '
        '("d", "u8", ""), ("e", "u16", ""))\n'
        "B = ('text', 5)\n"
        'UNUSED = ("d",)\n'
        'COMMANDS = ((1, "on", 8, 1, (("x", "u8", 0, 1, "s", 0),), "any", False, "On."), '
        '(2, "off", 9, 1, (), "any", False, "Off."))\n'
    )
    image = tables.for_images({"code": CODE}, {"table": source})["table"]
    assert "UNUSED" not in image and "text" in image
    found = names_of(image)
    assert found["A_FIELDS"] == (("", "u8[3]"), ("second", "u8"), ("", "u8"), ("", "u16"))
    assert found["COMMANDS"] == ((1, "", 8, 1, (("", "u8", 0, 1),), "any", False),)


def test_what_a_kept_table_mentions_is_kept():
    source = 'LIMIT = 3\nB = (LIMIT, "d")\nA_FIELDS = (("c", "u8"), ("d", "u8"))\n'
    found = names_of(tables.for_images({"code": CODE}, {"table": source})["table"])
    assert found["B"] == (3, "d")
    assert found["A_FIELDS"] == (("", "u8"), ("d", "u8"))


def names_of(source):
    names = {}
    types.FunctionType(compile(source, "table", "exec"), names)()
    return names


def test_a_sum_of_tables_is_written_out_and_its_parts_stay_out():
    """A sum would be made in the heap at each start."""
    source = "_A = (('first', 'u8'), ('x', 'u8'))\nA_FIELDS = _A + (('second', 'u8'),)\n"
    image = tables.for_images({"code": CODE}, {"table": source})["table"]
    assert image == "A_FIELDS = (('', 'u8[2]'), ('second', 'u8'))\n"
