"""Where a definition and C say the same thing, they say the same."""

import re
import struct
from pathlib import Path

import pytest

from flight import dictionary
from flight.apps.attitude import app as attitude_app
from flight.apps.attitude import definitions as attitude
from flight.apps.attitude import loop_parameters, requests
from flight.apps.comms import app as comms_app
from flight.apps.comms import definitions as comms
from flight.core import definitions as core
from flight.core import telemetry
from flight.packets import fields, space_packet
from ground import encode
from native.cffi.loader import ffi, lib

NATIVE = Path(__file__).resolve().parents[2] / "native"


def layout(struct):
    kind = ffi.typeof(struct)
    return {name: (field.offset, ffi.sizeof(field.type)) for name, field in kind.fields}


@pytest.mark.parametrize("struct,table", [
    ("mf_report_t", attitude.REPORT_FIELDS),
    ("mf_link_counters_t", comms.LINK_FIELDS),
    ("mf_kernel_devices_t", attitude.DEVICES_FIELDS),
])  # fmt: skip
def test_images_have_the_fields_of_their_struct(struct, table):
    expected = {row[0]: (fields.offset(table, row[0]), fields.size(row[1])) for row in table}
    assert layout(struct) == expected
    assert ffi.sizeof(struct) == fields.packed_size(table)


def test_the_two_parts_of_the_attitude_report_have_the_fields_of_their_struct():
    found = layout("mf_adcs_report_t")
    places = {}
    for begin, table in (
        (0, attitude.ESTIMATE_FIELDS),
        (lib.MF_ADCS_ESTIMATE_SIZE, attitude.CONTROL_FIELDS),
    ):
        for row in table:
            places[row[0]] = begin + fields.offset(table, row[0]), fields.size(row[1])
    assert places == found
    assert fields.packed_size(attitude.ESTIMATE_FIELDS) == lib.MF_ADCS_ESTIMATE_SIZE
    assert fields.packed_size(attitude.CONTROL_FIELDS) == lib.MF_ADCS_CONTROL_SIZE


def test_crash_record_has_the_fields_of_its_struct():
    text = (NATIVE.parent / "boards" / "obc_f405" / "port.h").read_text(encoding="utf-8")
    struct = text.split("} port_crash_t;")[0].rsplit("typedef struct {", 1)[1]
    kinds = {"uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "char": "u8"}
    members = []
    for kind, names in re.findall(r"^ +(\w+) ([^;]+);", struct, re.MULTILINE):
        for name in names.split(","):
            members.append(kinds[kind] + "".join(re.findall(r"\[\d+\]", name)))
    assert members == [row[1] for row in core.CRASH_FIELDS]
    assert fields.packed_size(core.CRASH_FIELDS) == 124


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
    ours = {row[0] & 0xFF: row[1] for row in LOOP_PARAMETERS}
    theirs = {value: name.lower() for name, value in enum("mf_kernel_param").items()}
    assert ours.keys() == theirs.keys()
    for index, name in ours.items():
        # The C name goes on with the unit; what names both once may be left out.
        words = name.removeprefix("attitude_").split("_")
        assert set(words[:-1]) <= set(theirs[index].split("_")), name


def test_constants_of_the_attitude_app():
    # A leading underscore is folded away on the target only.
    assert attitude_app._CMD_SET_MODE == enum("mf_command")["MF_CMD_SET_MODE"]
    assert loop_parameters._CMD_SET_PARAM == enum("mf_command")["MF_CMD_SET_PARAM"]
    assert attitude_app._CMD_RESET_STATS == enum("mf_command")["MF_CMD_RESET_STATS"]
    assert attitude_app._IDLE == enum("mf_kernel_mode")["MF_MODE_IDLE"]
    assert attitude_app._DETUMBLE == enum("mf_kernel_mode")["MF_MODE_DETUMBLE"]
    assert attitude_app._FLAG_MAG_VALID == enum("mf_flag")["MF_FLAG_MAG_VALID"]
    assert attitude_app._FLAG_DETUMBLED == enum("mf_flag")["MF_FLAG_DETUMBLED"]
    assert attitude_app._FLAG_MAG_FAILED == enum("mf_flag")["MF_FLAG_MAG_FAILED"]
    assert attitude_app._FLAG_IMU_FAILED == enum("mf_flag")["MF_FLAG_IMU_FAILED"]
    assert attitude_app._FLAG_RODS_FAILED == enum("mf_flag")["MF_FLAG_RODS_FAILED"]
    assert attitude_app._REASON_COMMAND == enum("mf_adcs_reason")["MF_ADCS_REASON_COMMAND"]
    state = (NATIVE / "include" / "mf_kernel_state.h").read_text(encoding="utf-8")
    (kept,) = re.findall(r"#define MF_KERNEL_EVENTS (\d+)u", state)
    assert attitude_app._EVENTS_PER_STEP >= int(kept)
    for name in ("INHIBIT", "CALIBRATE", "SELFTEST"):
        assert getattr(requests, "_CMD_" + name) == enum("mf_command")["MF_CMD_" + name]
    for name in ("TLE", "TARGET"):
        assert getattr(requests, "_UPLOAD_" + name) == enum("mf_upload")["MF_UPLOAD_" + name]
        size = getattr(lib, f"MF_UPLOAD_{name}_SIZE")
        assert getattr(requests, f"_{name}_SIZE") == size
    events = enum("mf_kernel_event_id")
    assert requests._EVENT_COMMAND_REFUSED == events["MF_EVENT_COMMAND_REFUSED"]
    assert requests._EVENT_UPLOAD_REFUSED == events["MF_EVENT_UPLOAD_REFUSED"]
    for name in ("BUSY", "INVAL", "NOSPC", "RANGE", "BADMSG", "STALE"):
        assert getattr(requests, "_E_" + name) == -enum("mf_status")["MF_E_" + name]
    assert attitude_app._KERNEL_EVENT_SIZE == ffi.sizeof("mf_kernel_event_t")


LOOP_PARAMETERS = [row for row in attitude.PARAMETERS if row[0] != 0x0206]


def test_parameters_have_the_limits_and_defaults_of_the_loop():
    """The loop flies on its own numbers until the first parameters arrive, and refuses by them."""
    row = ffi.new("mf_kernel_param_row_t *")
    for number, name, kind, lowest, highest, default, _, _ in LOOP_PARAMETERS:
        assert kind == "f32" and lib.mf_kernel_param_row(number & 0xFF, row) == 0, name
        ours = struct.unpack("3f", struct.pack("3f", lowest, highest, default))
        assert ours == (row.lowest, row.highest, row.value), name


def test_link_constants():
    assert telemetry.PACKET_MAX == space_packet.TM_HEADER_SIZE + 2 + telemetry.BODY_MAX + 2
    assert comms_app._TELECOMMAND_SIZE >= encode.FRAME_MAX
    assert dictionary.SCID == lib.MF_SCID
    assert len(dictionary.PARTNERS) == lib.MF_VC_COUNT
