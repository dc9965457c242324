"""Contacts: ground stations, contact plan, the transmitter's gate; mail. Data only; rows as in
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
    ("gate_forgotten", "u16", "", "", 1,
     "packets that a contact left in the host's queue, dropped for a beacon, wraps"),
    ("mail_accepted", "u16", "", "", 1, "messages stored, of all senders, wraps"),
    ("mail_refused", "u16", "", "", 1, "messages refused, wraps"),
    ("mail_taken", "u16", "", "", 1, "messages taken by their recipients, wraps"),
    ("mail_waiting", "u8", "", "", 1, "messages that wait for their recipients"),
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

MAIL_FIELDS = (
    ("mail_sender", "u8", "", "", 1, "row of the partners table"),
    ("mail_reference", "u16", "", "", 1, "the sender's number for it"),
    ("mail_seconds", "u32", "s", "", 1, "mission time at which it was stored"),
    ("mail_length", "u8", "B", "", 1, "octets that count"),
    ("mail_octets", "u8[160]", "", "", 1, "the message, then zeros"),
)
STATE_FIELDS = (
    ("mail_from", "u8", "", "", 1, "row of the partners table"),
    ("mail_number", "u16", "", "", 1, "the sender's number for the message"),
    ("mail_to", "u8", "", "", 1, "row of the partners table"),
)
BOX_FIELDS = (
    ("mail_for_me", "u8[4]", "", "", 1, "messages that wait, by sender"),
    ("mail_references", "u16[16]", "", "", 1, "own messages, by slot"),
    ("mail_recipients", "u8[16]", "", "", 1, "rows of the partners table"),
    ("mail_states", "u8[16]", "", "", 1, "0 none, 1 waits, 2 was taken"),
)

PACKETS = (
    (0x0B01, "contacts_hk", 10000, "big", 0, HK_FIELDS, "The transmitter's gate"),
    (0x0B02, "contact_windows", 60000, "little", 0, WINDOW_FIELDS, "Next windows by the orbit"),
    (0x0B03, "mail", 0, "big", 0, MAIL_FIELDS, "A message, on the channel of its recipient"),
    (0x0B04, "mail_receipt", 0, "big", 0, STATE_FIELDS,
     "To the sender of a message, when it was taken"),
    (0x0B05, "mail_box", 0, "big", 0, BOX_FIELDS, "On command, on the channel of whoever asks"),
)  # fmt: skip

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
    (0x0B11, "mail_send", 8, 1, (("to", "u8", 0, 3, ""), ("reference", "u16", 1, 65535, ""),
     ("length", "u8", 1, 160, "B"), ("octets", "u8[160]", 0, 255, "")), "any", False,
     "Keep a message for another owner; at most 16 wait at a time"),
    (0x0B12, "mail_fetch", 8, 1, (("count", "u8", 1, 4, ""),), "any", False,
     "Send the oldest messages that wait for one; they stay until they are taken"),
    (0x0B13, "mail_take", 8, 1, (("from", "u8", 0, 3, ""), ("reference", "u16", 1, 65535, "")),
     "any", False, "A message has arrived: its sender gets a receipt"),
    (0x0B14, "mail_cancel", 8, 1, (("reference", "u16", 1, 65535, ""),), "any", False,
     "Withdraw a message of one's own that still waits"),
    (0x0B15, "mail_report", 8, 1, (), "any", False,
     "What waits for one, and what became of one's own messages"),
)  # fmt: skip

EVENTS = (
    (0x0B01, 1, "transmitter may be on: {0:gate}"),
    (0x0B02, 1, "transmitter off until the next contact, after {1} s"),
    (0x0B03, 3, "contact plan cannot be stored: status -{0}"),
    (0x0B04, 3, "{0} messages were found damaged"),
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
