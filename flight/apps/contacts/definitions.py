"""Contacts: ground stations, contact plan, the transmitter's gate. Data only; rows as in
docs/architecture.md, "Definitions"."""

APP = 11
NAME = "contacts"
PARAMETER_AUTHORITY = "platform"

HK_FIELDS = (
    ("gate_reason", "u8", "", "", 1,
     "why the transmitter may be on: 0 it may not, 1 beacon, 2 telecommand, 3 window, 4 no orbit,"
     " 5 no time, 6 command loss, 7 no stations and no plan, 8 gate not in use"),
    ("stations", "u8", "", "", 1, "bit n: station n is known"),
    ("in_view", "u8", "", "", 1, "bit n: a window of station n is open"),
    ("gate_rate_code", "u8", "", "", 1, "rate of the contact; 255 that of comms_rate_code"),
    ("plan_source", "u8", "", "", 1, "windows come from 0 the orbit, 1 the uploaded plan"),
    ("plan_rows", "u8", "", "", 1, "windows in the uploaded plan that are not over"),
    ("orbit_known", "u8", "", "", 1, "1 the loop knows time and orbit"),
    ("gate_left_s", "u16", "s", "", 1, "until the gate closes; 65535 not planned"),
    ("scan_age_s", "u16", "s", "", 1, "since the windows were looked for; 65535 never"),
    ("gate_openings", "u16", "", "", 1, "times it opened for more than a beacon, wraps"),
    ("gate_beacons", "u16", "", "", 1, "times it opened for a beacon, wraps"),
)  # fmt: skip

# mf_contact_windows_t (native/include/mf_contact.h)
WINDOW_FIELDS = (
    ("rise_s", "u32[8]", "s", "", 1, "by station: mission time at which its next window begins"),
    ("set_s", "u32[8]", "s", "", 1, "at which it ends"),
    ("highest_elevation", "i16[8]", "deg", "", 0.01, "within it"),
    (
        "window_state",
        "u8[8]",
        "",
        "",
        1,
        "0 none found, 1 begins, end not found, 2 whole; 4 added: in view when it was looked for",
    ),
)

PACKETS = (
    (0x0B01, "contacts_hk", 10000, "big", 0, HK_FIELDS, "The transmitter's gate"),
    (0x0B02, "contact_windows", 60000, "little", 0, WINDOW_FIELDS, "Next windows by the orbit"),
)

COMMANDS = (
    (0x0B01, "contact_station", 8, 1, (("number", "u8", 0, 7, ""),
     ("latitude_rad", "f32", -1.5708, 1.5708, "rad"),
     ("longitude_rad", "f32", -3.1416, 6.2832, "rad"),
     ("height_m", "f32", -500, 9000, "m"), ("elevation_min_rad", "f32", 0, 1.5, "rad", 0.0873),
     ("rate_code", "u8", 0, 5, "", 3)), "platform", False,
     "A ground station, kept over resets: geodetic (WGS-84), lowest elevation, rate as"
     " comms_rate_code"),
    (0x0B02, "contact_station_remove", 8, 1, (("number", "u8", 0, 7, ""),), "platform", False,
     "Forget a ground station"),
    (0x0B03, "contact_plan", 8, 1, (("part", "u8", 0, 2, ""),
     ("start_s", "u32[8]", 0, 0x3EFFFFFF, "s"), ("duration_s", "u16[8]", 0, 65535, "s"),
     ("station", "u8[8]", 0, 7, "")), "platform", False,
     "A third of the uploaded plan, kept over resets: eight windows in mission time; 0 s is none"),
    (0x0B04, "contact_source", 8, 1, (("plan", "u8", 0, 1, ""),), "platform", False,
     "Windows come from 0 the orbit on board, 1 the uploaded plan while any of it is to come"),
)  # fmt: skip

EVENTS = (
    (0x0B01, 1, "transmitter may be on: {0:gate}"),
    (0x0B02, 1, "transmitter off until the next contact, after {1} s"),
    (0x0B03, 3, "contact plan cannot be stored: status -{0}"),
)

PARAMETERS = (
    (0x0B01, "contact_gate", "u8", 0, 1, 1, "",
     "1: where stations or a plan are known, the transmitter is on in their windows only"),
    (0x0B02, "contact_open_s", "u16", 60, 3600, 600, "s",
     "a telecommand lets the transmitter be on for so long"),
    (0x0B03, "contact_beacon_s", "u16", 0, 3600, 60, "s",
     "two frames of the host's channel so often outside windows; 0 none"),
    (0x0B04, "contact_margin_s", "u8", 0, 120, 0, "s",
     "windows begin so much earlier and end so much later"),
)  # fmt: skip
