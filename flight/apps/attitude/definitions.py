"""Attitude: reports of the control loop, its commands and parameters. Data only.

The two packets are little-endian images of C structs (native/include/mf_kernel.h), moved and never
decoded on board; tests weld names, offsets and sizes together.
"""

APP = 2
NAME = "attitude"
PARAMETER_AUTHORITY = "platform"

# mf_report_t, 72 bytes
REPORT_FIELDS = (
    ("tick", "u32", "", "", 1, "control ticks since start"),
    ("time_ms", "u32", "ms", "", 1, "grid time of this tick since start"),
    ("mode", "u8", "", "", 1, "control loop: 0 idle, 1 detumble"),
    ("mode_reason", "u8", "", "", 1, "0 boot, 1 command, 2 mag lost, 3 rods lost, 4 heartbeat"),
    ("flags", "u8", "", "", 1,
     "1 mag valid, 2 gyro valid, 4 coils on, 8 detumbled, 16 saturated, 32 mag failed, "
     "64 imu failed, 128 rods failed"),
    ("command_ack", "u8", "", "", 1, "sequence of the last applied command"),
    ("mag_B_T", "f32[3]", "T", "B", 1, "field, last sample with coils off"),
    ("mag_dot_B_T_s", "f32[3]", "T/s", "B", 1, "derivative of the field in the body frame"),
    ("omega_BN_B_rad_s", "f32[3]", "rad/s", "B", 1, "gyro"),
    ("dipole_B_A_m2", "f32[3]", "A m2", "B", 1, "dipole commanded at this tick"),
    ("rate_rad_s", "f32", "rad/s", "", 1, "rate estimate of the detumbled decision"),
    ("mag_errors", "u16", "", "", 1, "wraps"),
    ("imu_errors", "u16", "", "", 1, "wraps"),
    ("rod_errors", "u16", "", "", 1, "wraps"),
    ("late_samples", "u16", "", "", 1, "sensor data not there at the tick, wraps"),
)  # fmt: skip

# mf_tick_stats_t, 164 bytes; the three u32 of jitter and of duration are min, mean, max
STATS_FIELDS = (
    ("ticks", "u32", "", "", 1, "control ticks measured"),
    ("overruns", "u32", "", "", 1, "tick still running when the next was due"),
    ("skipped", "u32", "", "", 1, "grid points at which no tick ran"),
    ("jitter_ns", "u32[3]", "ns", "", 1, "start of the handler after grid time: min, mean, max"),
    ("duration_ns", "u32[3]", "ns", "", 1, "run time of the handler: min, mean, max"),
    ("jitter_hist", "u32[16]", "", "", 1, "bin i: i to i+1 us, last one open"),
    ("duration_hist", "u32[16]", "", "", 1, "bin i: 20 i to 20 (i+1) us, last one open"),
)

PACKETS = (
    (0x0201, "adcs_report", 1000, "little", 0, REPORT_FIELDS, "Snapshot of the control loop"),
    (0x0202, "tick_stats", 10000, "little", 0, STATS_FIELDS, "Timing of the control tick"),
)

COMMANDS = (
    (0x0201, "attitude_control", 8, 1, (("mode", "u8", 0, 1, ""),), "platform", False,
     "Command the control loop until the next mode change: 0 idle (coils off), 1 detumble"),
    (0x0202, "attitude_reset_stats", 8, 1, (), "platform", False,
     "Start the timing statistics of the control tick anew"),
)  # fmt: skip

# Ids up to 0x023F are made by the control kernel (enum mf_kernel_event_id, mf_kernel.h).
EVENTS = (
    (0x0201, 3, "magnetometer failed: status -{0}, {1} errors so far"),
    (0x0202, 1, "magnetometer recovered, {1} errors so far"),
    (0x0203, 3, "gyro failed: status -{0}, {1} errors so far"),
    (0x0204, 1, "gyro recovered, {1} errors so far"),
    (0x0205, 3, "torque rods failed: status -{0}, rod {1}"),
    (0x0206, 1, "torque rods recovered, {1} errors so far"),
    (0x0207, 3, "control loop stepped down to idle: reason {0}"),
    (0x0208, 4, "heartbeat lost for {1} ms: watchdog no longer fed"),
    (0x0209, 2, "heartbeat back"),
    (0x020A, 3, "control ticks skipped: {0} in a row, {1} so far"),
    (0x020B, 2, "torque rod {0}: driver fault {1:#04x}"),
    (0x0240, 1, "detumbled"),
    (0x0241, 2, "tumbling again: rate above the threshold"),
    (0x0242, 3, "control loop refused a command: status -{0}"),
    (0x0243, 3, "control loop made an event unknown to the dictionary: {0:#06x}"),
)

# The low byte is the index of enum mf_kernel_param. Every number is a binary fraction of few
# digits, so that single and double precision agree on it.
PARAMETERS = (
    (0x0201, "attitude_bdot_gain", "f32", 0.0, 1.0, 0.000244140625, "N m s",
     "Gain k of the B-dot law; 0: coils stay off"),
    (0x0202, "attitude_dipole_max", "f32", 0.0, 10.0, 0.5, "A m2",
     "Limit of the commanded dipole vector"),
    (0x0203, "attitude_rate_low", "f32", 0.0, 1.0, 0.0068359375, "rad/s",
     "Detumbled threshold; below five times it: long derivative baseline"),
    (0x0204, "attitude_detumbled_hold", "f32", 0.0, 3600.0, 300.0, "s",
     "Rate below the threshold for so long: detumbled"),
    (0x0205, "attitude_heartbeat_limit", "f32", 1.0, 600.0, 10.0, "s",
     "No heartbeat for so long: the watchdog is not fed"),
    (0x0206, "attitude_control_enabled", "u8", 0, 1, 1, "",
     "0 keeps the control loop idle in every mode"),
)  # fmt: skip
