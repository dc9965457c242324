"""Attitude: reports of the control loop, its commands and parameters. Data only.

The packets are little-endian images of C structs (native/include/mf_kernel.h and mf_adcs.h), moved
and never decoded on board; tests weld names, offsets and sizes together.
"""

from flight.apps.attitude import parameters

APP = 2
NAME = "attitude"
PARAMETER_AUTHORITY = "platform"
PARAMETERS = parameters.PARAMETERS

# mf_report_t, 72 bytes
REPORT_FIELDS = (
    ("tick", "u32", "", "", 1, "control ticks since start"),
    ("time_ms", "u32", "ms", "", 1, "grid time of this tick since start"),
    ("mode", "u8", "", "", 1, "control loop: 0 idle, 1 detumble, 2 sun-safe, 3 pointing"),
    ("mode_reason", "u8", "", "", 1,
     "0 boot, 1 command, 2 field lost, 3 rods lost, 4 wheels lost, 5 gyro lost, 6 attitude lost, "
     "7 rate high, 8 target lost, 9 heartbeat lost"),
    ("flags", "u8", "", "", 1,
     "1 mag valid, 2 gyro valid, 4 coils on, 8 detumbled, 16 saturated, 32 no magnetometer left, "
     "64 gyro failed, 128 no rod left"),
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

# First part of mf_adcs_report_t (native/include/mf_adcs.h), 184 bytes: what is known.
ESTIMATE_FIELDS = (
    ("tick", "u32", "", "", 1, "control tick that this is of"),
    ("mode", "u8", "", "", 1, "control loop: 0 idle, 1 detumble, 2 sun-safe, 3 pointing"),
    ("reason", "u8", "", "", 1, "of the mode, as in adcs_report"),
    ("target", "u8", "", "", 1, "0 inertial, 1 Sun, 2 nadir, 3 velocity, 4 ground"),
    ("guidance_reason", "u8", "", "", 1,
     "0 followed, 1 below the horizon, 2 singular, 3 turns too fast"),
    ("flags", "u16", "", "", 1,
     "1 attitude valid, 2 orbit valid, 4 field model valid, 8 sunlit as predicted, 16 Sun seen, "
     "32 rods on, 64 wheels on, 128 rods only, 256 dumping, 512 saturated, 1024 detumbled, "
     "2048 on target, 4096 fallback target, 8192 orbit by GNSS, 16384 field measured, "
     "32768 references doubted"),
    ("sensors_used", "u8", "", "", 1,
     "1 magnetometer 1, 2 magnetometer 2, 4 gyro, 8 fine, 16 coarse sun sensors, 32 tracker, "
     "64 GNSS"),
    ("wheels_used", "u8", "", "", 1, "bit per wheel"),
    ("fault", "u8[7]", "", "", 1,
     "per sensor in the order above: 0 none, 1 silent, 2 range, 3 stuck, 4 against the model, "
     "5 against another sensor, 6 inhibited, 7 noise, 8 jump"),
    ("calibration", "u8", "", "", 1, "1 collecting, 2 magnetometer 1, 4 magnetometer 2 corrected"),
    ("q_BN", "f32[4]", "", "", 1, "attitude, scalar last"),
    ("omega_BN_B_rad_s", "f32[3]", "rad/s", "B", 1, "gyro less its bias"),
    ("bias_B_rad_s", "f32[3]", "rad/s", "B", 1, "of the gyro"),
    ("sigma_B_rad", "f32[3]", "rad", "B", 1, "knowledge, 1 sigma per axis; 0 while unknown"),
    ("sigma_bias_B_rad_s", "f32[3]", "rad/s", "B", 1, "1 sigma of the bias"),
    ("r_N_m", "f32[3]", "m", "N", 1, "position"),
    ("v_N_m_s", "f32[3]", "m/s", "N", 1, "velocity"),
    ("sun_N", "f32[3]", "", "N", 1, "direction of the Sun"),
    ("sun_B", "f32[3]", "", "B", 1, "measured; zero while not seen"),
    ("mag_N_T", "f32[3]", "T", "N", 1, "field of the model"),
    ("mag_B_T", "f32[3]", "T", "B", 1, "measured, calibrated"),
    ("nis_sun", "f32", "", "", 1, "innovation squared over its covariance, last Sun sample"),
    ("nis_mag", "f32", "", "", 1, "last field sample"),
    ("nis_tracker", "f32", "", "", 1, "last star tracker sample"),
    ("bad_inputs", "u16", "", "", 1, "values that were no numbers, wraps"),
    ("time_jumps", "u16", "", "", 1, "wraps"),
    ("attitude_losses", "u16", "", "", 1, "wraps"),
    ("rejected_sun", "u16", "", "", 1, "samples outside the filter's gate, wraps"),
    ("rejected_mag", "u16", "", "", 1, "samples outside the filter's gate, wraps"),
    ("exclusions", "u16", "", "", 1, "sensors excluded, wraps"),
    ("step_downs", "u16", "", "", 1, "mode changes by the loop itself, wraps"),
    ("tle_refused", "u16", "", "", 1, "element sets refused, wraps"),
)  # fmt: skip

# Second part of mf_adcs_report_t, 124 bytes: what is done about it.
CONTROL_FIELDS = (
    ("control_tick", "u32", "", "", 1, "control tick that this is of"),
    ("q_RN", "f32[4]", "", "", 1, "attitude to be followed, scalar last"),
    ("error_B_rad", "f32[3]", "rad", "B", 1, "rotation vector from R to B"),
    ("error_rate_B_rad_s", "f32[3]", "rad/s", "B", 1, "rate against R"),
    ("dipole_B_A_m2", "f32[3]", "A m2", "B", 1, "commanded"),
    ("wheel_torque_N_m", "f32[4]", "N m", "", 1, "commanded, per motor"),
    ("wheel_speed_rad_s", "f32[4]", "rad/s", "", 1, "measured"),
    ("momentum_B_N_m_s", "f32[3]", "N m s", "B", 1, "body and wheels"),
    ("residual_B_A_m2", "f32[3]", "A m2", "B", 1, "dipole of the spacecraft with its rods off"),
    ("residual_sigma_A_m2", "f32", "A m2", "", 1, "1 sigma of its worst axis"),
    ("polarity", "u8[7]", "", "", 1,
     "selftest of rods 0..2 and wheels 0..3: 0 not tested, 1 right, 2 reversed, 3 dead, "
     "4 wrong axis, 5 wrong size, 6 inconclusive"),
    ("selftest", "u8", "", "", 1,
     "0 never, 1 running, 2 ended, 3 ended early: what was not reached is 0"),
)  # fmt: skip

# mf_kernel_devices_t (native/include/mf_kernel.h), 60 bytes. Rows of the arrays, enum
# mf_kernel_device: magnetometers 1 and 2, gyro, fine sun sensor, converters 1 and 2 of the coarse
# ones, star tracker, GNSS receiver, wheels 0..3, rods 0..2.
DEVICES_FIELDS = (
    ("tick", "u32", "", "", 1, "control tick that this is of"),
    ("state", "u8[15]", "", "", 1,
     "0 absent since the start, 1 initialising, 2 working, 3 failed: magnetometers 1 and 2, gyro, "
     "fine sun sensor, converters 1 and 2, star tracker, GNSS, wheels 0..3, rods 0..2"),
    ("upload_status", "u8", "", "", 1, "errno of the last upload refused, 0 none"),
    ("errors", "u16[15]", "", "", 1, "failed exchanges, in that order, wrap"),
    ("uploads_taken", "u16", "", "", 1, "element sets and targets taken over, wraps"),
    ("uploads_refused", "u16", "", "", 1, "wraps"),
    ("commands_refused", "u16", "", "", 1, "commands refused by the loop, wraps"),
    ("gnss_messages", "u16", "", "", 1, "sound messages of the GNSS receiver, wraps"),
    ("gnss_broken", "u16", "", "", 1, "its messages with a bad checksum, wraps"),
)  # fmt: skip

PACKETS = (
    (0x0201, "adcs_report", 1000, "little", 0, REPORT_FIELDS, "Snapshot of the control loop"),
    (0x0202, "tick_stats", 10000, "little", 0, STATS_FIELDS, "Timing of the control tick"),
    (0x0203, "attitude_estimate", 1000, "little", 0, ESTIMATE_FIELDS,
     "What the loop knows: attitude, orbit, sensors in use"),
    (0x0204, "attitude_control", 2000, "little", 0, CONTROL_FIELDS,
     "What the loop does: target, error, actuators"),
    (0x0205, "attitude_devices", 10000, "little", 0, DEVICES_FIELDS,
     "Health of sensors and actuators; what the loop refused"),
)  # fmt: skip

COMMANDS = (
    (0x0201, "attitude_control", 8, 1, (("mode", "u8", 0, 3, ""),), "platform", False,
     "Command the control loop until the next mode change: 0 idle (actuators off), 1 detumble, "
     "2 sun-safe, 3 pointing"),
    (0x0202, "attitude_reset_stats", 8, 1, (), "platform", False,
     "Start the timing statistics of the control tick anew"),
    (0x0203, "attitude_target", 8, 1,
     (("at_seconds", "u32", 0, 0x3F000000, "s", 0),
      ("at_fraction", "u16", 0, 65535, "1/65536 s", 0),
      ("target", "u8", 0, 4, ""),
      ("latitude_rad", "f32", -2, 2, "rad", 0),
      ("longitude_rad", "f32", -4, 4, "rad", 0),
      ("height_m", "f32", -500, 9000, "m", 0),
      ("q_RN", "f32[4]", -1, 1, "", (0, 0, 0, 1)),
      ("raster_columns", "u8", 0, 255, "", 0),
      ("raster_rows", "u8", 0, 255, "", 0),
      ("raster_step_rad", "f32", 0, 0.5, "rad", 0),
      ("raster_dwell_s", "f32", 0, 3600, "s", 0)),
     "platform", False,
     "What pointing follows, from mission time `at` on (0: at once): 0 inertial attitude q_RN, "
     "1 Sun, 2 nadir, 3 velocity, 4 point on the ground; with a raster laid over it when it has "
     "columns"),
    (0x0204, "attitude_tle", 8, 1,
     (("line1", "char[69]", 32, 126, ""), ("line2", "char[69]", 32, 126, "")), "platform", False,
     "Upload a two-line element set for the onboard orbit"),
    (0x0205, "attitude_calibrate", 8, 1, (("what", "u8", 1, 3, ""),), "platform", False,
     "Calibration of the magnetometers: 1 collect anew, 2 use what was found, 3 forget it"),
    (0x0206, "attitude_inhibit", 8, 1, (("sensor", "u8", 0, 6, ""), ("on", "u8", 0, 1, "")),
     "platform", False,
     "Keep a sensor out (1) or let it in again (0): 0 magnetometer 1, 1 magnetometer 2, 2 gyro, "
     "3 fine sun sensor, 4 coarse sun sensors, 5 star tracker, 6 GNSS"),
    (0x0207, "attitude_selftest", 8, 1, (("what", "u8", 0, 1, ""),), "platform", False,
     "Polarity self-test of the actuators, one after another: 1 start, 0 stop"),
)  # fmt: skip

# Ids up to 0x023F are made by the control kernel (enum mf_kernel_event_id, mf_kernel.h).
EVENTS = (
    (0x0201, 3, "magnetometer failed: status -{0}, {1} errors so far"),
    (0x0202, 1, "magnetometer recovered, {1} errors so far"),
    (0x0203, 3, "gyro failed: status -{0}, {1} errors so far"),
    (0x0204, 1, "gyro recovered, {1} errors so far"),
    (0x0205, 3, "torque rods failed: status -{0}, rod {1}"),
    (0x0206, 1, "torque rods recovered, {1} errors so far"),
    (0x0207, 3, "control loop stepped down: {0:loop_reason}, now {1:loop_mode}"),
    (0x0208, 4, "heartbeat lost for {1} ms: watchdog no longer fed"),
    (0x0209, 2, "heartbeat back"),
    (0x020A, 3, "control ticks skipped: {0} in a row, {1} so far"),
    (0x020B, 2, "torque rod {0}: driver fault {1:#04x}"),
    (0x020C, 3, "device failed: {1:device}, status -{0}"),
    (0x020D, 1, "device recovered: {1:device}, {0} errors so far"),
    (0x020E, 1, "devices absent: {1:devices}"),
    (0x020F, 2, "command {1:#06x} refused by the control loop: status -{0}"),
    (0x0210, 2, "upload {1:upload} refused by the control loop: status -{0}"),
    (0x0211, 3, "sensor excluded: {1:sensor}, {0:fault}"),
    (0x0212, 1, "sensor readmitted: {1:sensor}"),
    (0x0213, 1, "attitude found"),
    (0x0214, 3, "attitude lost, {1} times so far"),
    (0x0215, 2, "mission time jumped, {1} times so far"),
    (0x0216, 2, "input refused by the control loop: no number or no time, {1} so far"),
    (0x0217, 2, "wheels in use changed: {0:#03x} to {1:#03x}"),
    (0x0218, 1, "selftest ended: {0} not as they should be, verdicts {1:#06x}"),
    (0x0240, 1, "detumbled"),
    (0x0241, 2, "tumbling again: rate above the threshold"),
    (0x0242, 3, "control loop did not queue {1:#06x}: status -{0}"),
    (0x0243, 3, "control loop made an event unknown to the dictionary: {0:#06x}"),
)
