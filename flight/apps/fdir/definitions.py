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
)

PACKETS = ((0x0701, "fdir_hk", 10000, "big", 0, HK_FIELDS, "Launch, deployables, command loss"),)

COMMANDS = (
    (0x0701, "deploy", 8, 1, (("deployable", "u8", 0, 1, ""),), "platform", True,
     "Burn the wire of the antenna (0) or the panels (1) anew, with all attempts"),
    (0x0702, "deploy_confirm", 8, 1, (("deployable", "u8", 0, 1, ""),), "platform", True,
     "Believe that it is out although its switch does not say so"),
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
