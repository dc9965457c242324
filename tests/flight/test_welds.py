"""Where a definition and C say the same thing, they say the same."""

import re
from pathlib import Path

import pytest

from flight import dictionary
from flight.apps.attitude import app as attitude_app
from flight.apps.attitude import definitions as attitude
from flight.apps.comms import definitions as comms
from flight.core import definitions as core
from flight.packets import fields
from native.cffi.loader import ffi, lib

NATIVE = Path(__file__).resolve().parents[2] / "native"


def layout(struct):
    kind = ffi.typeof(struct)
    return {name: (field.offset, ffi.sizeof(field.type)) for name, field in kind.fields}


@pytest.mark.parametrize("struct,table", [
    ("mf_report_t", attitude.REPORT_FIELDS),
    ("mf_link_counters_t", comms.LINK_FIELDS),
])  # fmt: skip
def test_images_have_the_fields_of_their_struct(struct, table):
    expected = {row[0]: (fields.offset(table, row[0]), fields.size(row[1])) for row in table}
    assert layout(struct) == expected
    assert ffi.sizeof(struct) == fields.packed_size(table)


def test_crash_record_has_the_fields_of_its_struct():
    text = (NATIVE.parent / "boards" / "obc_f405" / "port.h").read_text(encoding="utf-8")
    struct = text.split("} port_crash_t;")[0].rsplit("typedef struct {", 1)[1]
    kinds = {"uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "char": "u8"}
    members = []
    for kind, names in re.findall(r"^ +(\w+) ([^;]+);", struct, re.MULTILINE):
        for name in names.split(","):
            members.append(kinds[kind] + "".join(re.findall(r"\[\d+\]", name)))
    assert members == [row[1] for row in core.CRASH_FIELDS]
    assert fields.packed_size(core.CRASH_FIELDS) == 52


def test_tick_stats_group_min_mean_and_max():
    table = attitude.STATS_FIELDS
    found = layout("mf_tick_stats_t")
    assert ffi.sizeof("mf_tick_stats_t") == fields.packed_size(table)
    for name in ("ticks", "overruns", "skipped", "jitter_hist", "duration_hist"):
        assert found[name][0] == fields.offset(table, name)
    for name in ("jitter", "duration"):
        at = fields.offset(table, name + "_ns")
        places = [found[f"{name}_{part}_ns"] for part in ("min", "mean", "max")]
        assert places == [(at, 4), (at + 4, 4), (at + 8, 4)]


def enum(name):
    return {text: value for value, text in ffi.typeof("enum " + name).elements.items()}


WORDS = {"MAG": "magnetometer", "IMU": "gyro", "RODS": "torque rods", "TICKS": "control ticks"}


@pytest.mark.parametrize("name,number", enum("mf_kernel_event_id").items())
def test_kernel_events_say_what_happened(name, number):
    words = [WORDS.get(word, word.lower()) for word in name.split("_")[2:]]
    (text,) = [row[2] for row in attitude.EVENTS if row[0] == number]
    assert all(word in text for word in words)


def test_kernel_events_are_in_the_dictionary():
    known = {row[0] for row in attitude.EVENTS}
    kernel = set(enum("mf_kernel_event_id").values())
    assert kernel <= known
    assert {event for event in known if event < 0x0240} == kernel


def test_kernel_parameters_carry_their_index():
    assert [row[0] & 0xFF for row in attitude.PARAMETERS[:5]] == sorted(
        enum("mf_kernel_param").values()
    )


def test_constants_of_the_attitude_app():
    # A leading underscore is folded away on the target only.
    assert attitude_app._CMD_SET_MODE == enum("mf_command")["MF_CMD_SET_MODE"]
    assert attitude_app._CMD_SET_PARAM == enum("mf_command")["MF_CMD_SET_PARAM"]
    assert attitude_app._CMD_RESET_STATS == enum("mf_command")["MF_CMD_RESET_STATS"]
    assert attitude_app._IDLE == enum("mf_kernel_mode")["MF_MODE_IDLE"]
    assert attitude_app._DETUMBLE == enum("mf_kernel_mode")["MF_MODE_DETUMBLE"]
    assert attitude_app._FLAG_MAG_VALID == enum("mf_flag")["MF_FLAG_MAG_VALID"]
    assert attitude_app._FLAG_DETUMBLED == enum("mf_flag")["MF_FLAG_DETUMBLED"]
    assert attitude_app._FLAG_MAG_FAILED == enum("mf_flag")["MF_FLAG_MAG_FAILED"]
    assert attitude_app._FLAG_IMU_FAILED == enum("mf_flag")["MF_FLAG_IMU_FAILED"]
    assert attitude_app._FLAG_RODS_FAILED == enum("mf_flag")["MF_FLAG_RODS_FAILED"]
    assert attitude_app._REASON_MAG_LOST == enum("mf_mode_reason")["MF_REASON_MAG_LOST"]
    assert attitude_app._KERNEL_EVENT_SIZE == ffi.sizeof("mf_kernel_event_t")


def test_defaults_are_those_the_loop_starts_with():
    """The loop flies on its own numbers until the first parameters arrive."""
    text = (NATIVE / "src" / "kernel" / "kernel.c").read_text(encoding="utf-8")
    macros = dict(re.findall(r"#define DEFAULT_(\w+)\s+([0-9.]+)[fu]", text))
    values = [row[5] for row in attitude.PARAMETERS[:5]]
    assert values == [
        float(macros["GAIN_N_M_S"]),
        float(macros["DIPOLE_MAX_A_M2"]),
        float(macros["RATE_LOW_RAD_S"]),
        float(macros["HOLD_S"]),
        float(macros["HEARTBEAT_LIMIT_MS"]) / 1000,
    ]


def test_link_constants():
    assert dictionary.SCID == lib.MF_SCID
    assert len(dictionary.PARTNERS) == lib.MF_VC_COUNT
