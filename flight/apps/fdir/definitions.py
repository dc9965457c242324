"""Fault detection, isolation and recovery: launch, deployables, command loss. Data only."""

APP = 7
NAME = "fdir"
PARAMETER_AUTHORITY = "platform"

HK_FIELDS = (
    ("launch_left_s", "u16", "s", "", 1, "until the launch inhibit ends; 0 over"),
    ("deployed", "u8", "", "", 1, "bit 0 antenna, 1 panels"),
    ("deploy_given_up", "u8", "", "", 1, "deployables no longer tried by themselves"),
    ("deploy_state", "u8", "", "", 1, "0 idle, 1 armed, 2 burning, 3 confirming"),
    ("deploy_attempts", "u8[2]", "", "", 1, "antenna, panels"),
    ("command_loss", "u8", "", "", 1, "1 too long without a telecommand"),
    ("silence_s", "u32", "s", "", 1, "since the last telecommand by radio"),
    ("monitoring_on", "u8", "", "", 1, ""),
    ("monitors_defined", "u8", "", "", 1, ""),
    ("monitors_violated", "u8", "", "", 1, ""),
    ("monitor_transitions", "u16", "", "", 1, "changes of a monitor's state, wraps"),
    ("actions_on", "u8", "", "", 1, ""),
    ("actions_defined", "u8", "", "", 1, ""),
    ("actions_executed", "u16", "", "", 1, "telecommands that events have started, wraps"),
    ("actions_held", "u16", "", "", 1, "not executed: hold time or depth, wraps"),
)

PACKETS = (
    (
        0x0701,
        "fdir_hk",
        10000,
        "big",
        0,
        HK_FIELDS,
        "Launch, deployables, command loss, monitors and actions",
    ),
)

COMMANDS = (
    (0x0701, "deploy", 8, 1,
     (("deployable", "u8", 0, 1, ""),),
     "platform", True,
     "Burn the wire of the antenna (0) or the panels (1) anew, with all attempts"),
    (0x0702, "deploy_confirm", 8, 1,
     (("deployable", "u8", 0, 1, ""),),
     "platform", True,
     "Believe that it is out although its switch does not say so"),
    (0x0703, "structure_enable", 3, 5,
     (("count", "u8", 1, 1, "", 1), ("packet", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Generate the reports of a housekeeping packet again"),
    (0x0704, "structure_disable", 3, 6,
     (("count", "u8", 1, 1, "", 1), ("packet", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Generate no more reports of a housekeeping packet"),
    (0x0705, "structure_report", 3, 27,
     (("count", "u8", 1, 1, "", 1), ("packet", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Report what is in a housekeeping packet now"),
    (0x0706, "structure_interval", 3, 31,
     (("count", "u8", 1, 1, "", 1), ("packet", "u16", 0, 0xFFFF, ""),
      ("interval_s", "u16", 0, 0xFFFF, "s")),
     "any", False,
     "Shortest time between two reports of a packet; 0: every one that is made"),
    (0x0707, "event_enable", 5, 5,
     (("count", "u8", 1, 1, "", 1), ("event", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Report an event again"),
    (0x0708, "event_disable", 5, 6,
     (("count", "u8", 1, 1, "", 1), ("event", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Report an event no longer; the gravest cannot be disabled"),
    (0x0709, "event_list", 5, 7, (), "any", False,
     "Which events are not reported: answered by 5/8"),
    (0x070A, "monitor_enable", 12, 1,
     (("count", "u8", 1, 1, "", 1), ("monitor", "u16", 1, 0xFFFF, "")),
     "any", False,
     "Switch a monitor on"),
    (0x070B, "monitor_disable", 12, 2,
     (("count", "u8", 1, 1, "", 1), ("monitor", "u16", 1, 0xFFFF, "")),
     "any", False,
     "Switch a monitor off"),
    (0x070C, "monitor_add", 12, 5,
     (("count", "u8", 1, 1, "", 1), ("monitor", "u16", 1, 0xFFFF, ""),
      ("packet", "u16", 0, 0xFFFF, ""), ("offset", "u8", 0, 255, "B"),
      ("type", "u8", 0, 6, ""), ("kind", "u8", 0, 3, ""), ("persistence", "u8", 1, 255, ""),
      ("low", "u32", 0, 0xFFFFFFFF, ""), ("high", "u32", 0, 0xFFFFFFFF, ""),
      ("back_low", "u32", 0, 0xFFFFFFFF, ""), ("back_high", "u32", 0, 0xFFFFFFFF, ""),
      ("severity", "u8", 2, 4, "")),
     "any", False,
     "Watch a field: kind 0 limits, 1 expected under a mask, 2 difference, 3 age [ms]"),
    (0x070D, "monitor_delete", 12, 6,
     (("count", "u8", 1, 1, "", 1), ("monitor", "u16", 1, 0xFFFF, "")),
     "any", False,
     "Forget a monitor"),
    (0x070E, "monitoring_on", 12, 15, (), "platform", False,
     "Switch all monitors on"),
    (0x070F, "monitoring_off", 12, 16, (), "platform", False,
     "Switch all monitors off"),
    (0x0711, "action_delete", 19, 2,
     (("count", "u8", 1, 1, "", 1), ("event", "u16", 0, 0xFFFF, ""),
      ("argument", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Forget an event-action"),
    (0x0712, "action_enable", 19, 4,
     (("count", "u8", 1, 1, "", 1), ("event", "u16", 0, 0xFFFF, ""),
      ("argument", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Switch an event-action on"),
    (0x0713, "action_disable", 19, 5,
     (("count", "u8", 1, 1, "", 1), ("event", "u16", 0, 0xFFFF, ""),
      ("argument", "u16", 0, 0xFFFF, "")),
     "any", False,
     "Switch an event-action off"),
    (0x0714, "actions_on", 19, 8, (), "platform", False,
     "Switch all event-actions on"),
    (0x0715, "actions_off", 19, 9, (), "platform", False,
     "Switch all event-actions off"),
)  # fmt: skip

EVENTS = (
    (0x0701, 1, "launch: everything inhibited for {0} s more"),
    (0x0702, 1, "launch inhibit over, {0} s after separation"),
    (0x0703, 2, "wire of deployable {0} burns, attempt {1}"),
    (0x0704, 1, "deployable {0} is out after {1} attempts"),
    (0x0705, 4, "deployable {0} not out after {1} attempts: given up"),
    (0x0706, 4, "no telecommand for {0} h: safe mode, radio defaults"),
    (0x0707, 1, "telecommands again, after {0} h"),
    (0x0708, 3, "deployment: EPS failed, status -{0}"),
    (0x0709, 1, "before this start: mode {0}, reason {1}"),
    (0x0711, 1, "monitor {0} within limits again, value {1:#x}"),
    (0x0712, 2, "monitor {0} violated, value {1:#x}"),
    (0x0713, 3, "monitor {0} violated, value {1:#x}"),
    (0x0714, 4, "monitor {0} violated, value {1:#x}"),
    (0x0715, 1, "action on event {0:#06x} executed, code {1}"),
    (0x0716, 2, "action on event {0:#06x} held back, {1} s too soon"),
    (0x0717, 3, "action on event {0:#06x} stopped: started by actions, depth {1}"),
    (0x0718, 3, "entry {0} refused, table and reason {1:#06x}"),
)

PARAMETERS = (
    (0x0701, "fdir_launch_inhibit_s", "u16", 0, 14400, 2700, "s",
     "After separation: no transmission, no rods, no deployment for so long"),
    (0x0702, "fdir_command_loss_h", "u16", 1, 720, 72, "h",
     "So long without a telecommand by radio: safe mode, radio defaults"),
    (0x0703, "fdir_deploy_burn_s", "u8", 1, 8, 5, "s", "Current into a wire"),
    (0x0704, "fdir_deploy_attempts", "u8", 1, 20, 4, "", "Attempts before giving up"),
    (0x0705, "fdir_deploy_retry_s", "u16", 5, 3600, 60, "s", "Between attempts: wires cool"),
    (0x0706, "fdir_mode_max_s", "u16", 10, 65000, 3600, "s",
     "Modes payload and pass end by themselves after so long"),
)  # fmt: skip

# number, name: why an entry of a table, or the table (entry 0), is refused: low byte of 0x0718
TABLE_REASONS = (
    (1, "bad_id"),
    (2, "duplicate"),
    (3, "unknown_packet"),
    (4, "unknown_field"),
    (5, "bad_kind"),
    (6, "bad_limits"),
    (7, "bad_count"),
    (8, "bad_severity"),
    (9, "not_yours"),
    (10, "full"),
    (11, "wrong_version"),
    (12, "unknown_event"),
    (13, "bad_command"),
    (14, "cyclic"),
    (15, "bad_time"),
)

# Monitors the mission starts with: id, packet, field (None: its age), kind (0 limits, 1 expected,
# 2 difference, 3 age), persistence, low, high, back low, back high, severity; raw values.
MONITORS = (
    (1, 0x0101, "battery_temperature", 0, 5, -80, 32767, 0, 32767, 3),  # below -5 degC: heater
    (2, 0x0101, "battery_temperature", 0, 5, -32768, 880, -32768, 800, 4),  # above 55 degC
    (3, 0x0101, None, 3, 2, 0, 5000, 0, 0, 4),  # power app silent
    (4, 0x0201, None, 3, 2, 0, 5000, 0, 0, 4),  # attitude app silent
    (5, 0x0201, "rate_rad_s", 0, 10, 0.0, 0.7, 0.0, 0.5, 2),  # 40 deg/s
    (6, 0x0302, "radio_errors", 2, 1, 0, 5, 0, 0, 2),  # within ten seconds
    (7, 0x0302, "frames_refused", 2, 1, 0, 20, 0, 0, 2),
    (8, 0x0001, "apps_failed", 1, 1, 0xFF, 0, 0, 0, 3),
)

# Event-actions the mission starts with: event, argument, hold [s], telecommand without its CRC
# (telecommands of the host's own, no acknowledgement): the heater on and off.
ACTIONS = (
    (0x0713, 1, 60, b"\x19\x01\xc0\x00\x00\x0a\x20\x08\x01\x00\x00\x01\x01\x03\x01"),
    (0x0711, 1, 60, b"\x19\x01\xc0\x01\x00\x0a\x20\x08\x01\x00\x00\x01\x01\x03\x00"),
    (0x0714, 2, 60, b"\x19\x01\xc0\x02\x00\x0a\x20\x08\x01\x00\x00\x01\x01\x03\x00"),
)

# What telecommands are known to lead to: function, or 0x8000 | service << 8 | subtype, and event.
CAUSES = (
    (0x0001, 0x0005),  # set_mode
    (0x0001, 0x0006),
    (0x0001, 0x0105),
    (0x0001, 0x0403),
    (0x0001, 0x0404),
    (0x0002, 0x000C),  # set_time
    (0x0101, 0x0105),  # power_switch
    (0x0201, 0x0207),  # attitude_control
    (0x0201, 0x0240),
    (0x0201, 0x0241),
    (0x9403, 0x000F),  # set_parameters
)
