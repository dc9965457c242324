"""Core: the packets, commands, events and parameters that every mission has. Data only.

Row layouts: docs/architecture.md, "Definitions".
"""

APP = 0
NAME = "core"
PARAMETER_AUTHORITY = "platform"

# Per-app arrays of `schedule` have this many rows; row i is row i of flight/mission.py APPS.
SCHEDULE_ROWS = 16

HK_FIELDS = (
    ("spacecraft_mode", "u8", "", "", 1, "flight/mission.py MODES"),
    ("mode_reason", "u8", "", "", 1, "why the mode was entered, MODE_REASONS"),
    ("time_quality", "u8", "", "", 1, "0 unknown (seconds since boot), 1 restored, 2 set, 3 GNSS"),
    ("reset_cause", "u8", "", "", 1, "why the processor started, hal/reset_cause.py"),
    ("image_slot", "u8", "", "", 1, "0 A, 1 B"),
    ("flight_build", "u8", "", "", 1, "1 flight build, 0 development build"),
    ("software_version", "u8[3]", "", "", 1, "major, minor, patch"),
    ("params_source", "u8", "", "", 1, "0 defaults, 1 copy A, 2 copy B, 3 set since boot"),
    ("dictionary_hash", "u32", "", "", 1, "signature of the dictionary this image was built with"),
    ("boot_count", "u16", "", "", 1, "starts since the FRAM was blank, wraps"),
    ("uptime_s", "u32", "s", "", 1, "time since this start"),
    ("commands_accepted", "u16", "", "", 1, "telecommands accepted, wraps"),
    ("commands_refused", "u16", "", "", 1, "telecommands refused, wraps"),
    ("command_failure", "u16", "", "", 1, "code of the last failure, FAILURES"),
    ("events_made", "u16", "", "", 1, "event records made, wraps"),
    ("events_dropped", "u16", "", "", 1, "event records lost: rate limit or full ring, wraps"),
    ("packets_made", "u16", "", "", 1, "telemetry packets queued, wraps"),
    ("packets_dropped", "u16", "", "", 1, "telemetry packets lost for want of room, wraps"),
    ("params_generation", "u16", "", "", 1, "generation of the parameter image, low 16 bits"),
    ("inhibitors", "u8", "", "", 1, "INHIBIT_* of flight/core/modes.py"),
    ("apps_failed", "u8", "", "", 1, "apps given up"),
    ("heartbeats", "u16", "", "", 1, "heartbeats given to the control kernel, wraps"),
    ("cpu_permille", "u16[2]", "1/1000", "", 1, "busy of late; and outside steps and collections"),
    ("heap_used", "u32[2]", "B", "", 1, "Python heap in use: now, and most after a collection"),
    ("heap_allocated", "u32", "B", "", 1, "bytes ever allocated on the Python heap, mod 2^30"),
    ("heap_collections", "u16", "", "", 1, "garbage collections by the scheduler, wraps"),
    ("stack_used", "u16[2]", "B", "", 1, "high water of the stacks of Python and of C"),
    ("heap_shortages", "u8", "", "", 1, "times that memory was out, wraps"),
)

SCHEDULE_FIELDS = (
    ("schedule_version", "u16", "", "", 1, "of the tables that this image takes"),
    ("schedule_crc", "u16", "", "", 1, "CRC-16 of the table in use"),
    ("schedule_source", "u8", "", "", 1, "0 the mission's own, 1 saved, 2 changed by command"),
    ("app_state", "u8[16]", "", "", 1, "0 none, 1 running, 2 backing off, 3 given up, 4 disabled"),
    ("app_errors", "u8[16]", "", "", 1, "steps ended by an exception, wraps"),
    ("app_overruns", "u8[16]", "", "", 1, "steps longer than the budget, wraps"),
    ("app_missed", "u8[16]", "", "", 1, "releases that passed without a step, wraps"),
    ("app_restarts", "u8[16]", "", "", 1, "starts after the first, wraps"),
    ("app_period_ms", "u16[16]", "ms", "", 1, "period in use"),
    ("app_runs", "u16[16]", "", "", 1, "steps begun, wraps"),
)

TIMES_FIELDS = (
    ("app_run_time_us", "u16[16]", "us", "", 1, "run time of the last step, clipped"),
    ("app_run_high_us", "u16[16]", "us", "", 1, "longest run time since boot, clipped"),
    ("app_jitter_us", "u16[32]", "us", "", 1,
     "start after release since boot, clipped: of every app the latest, then of every app the time"
     " within which 99 of 100 came, to the end of a bin of 125 us times a power of two"),
)  # fmt: skip

# port_crash_t of boards/obc_f405/port.h, as it is.
CRASH_FIELDS = (
    ("crash_kind", "u8", "", "", 1, "1 uncaught error, 2 lost return, 3 fault of Python, 4 of C"),
    ("crash_exception", "u8", "", "", 1, "exception number of a fault"),
    ("crash_line", "u16", "", "", 1, "line of an uncaught error in a script; 1 in the image"),
    ("crash_count", "u32", "", "", 1, "crashes since power-on"),
    ("vm_restarts", "u32", "", "", 1, "starts of Python after the first, since power-on"),
    ("crash_pc", "u32", "", "", 1, "program counter of a fault"),
    ("crash_lr", "u32", "", "", 1, "link register of a fault"),
    ("fault_status", "u32", "", "", 1, "CFSR of a fault"),
    ("fault_address", "u32", "", "", 1, "address of a fault where it is known"),
    ("crash_text", "u8[24]", "", "", 1, "ASCII: type, file, function of an uncaught error"),
    ("crash_registers", "u32[10]", "", "", 1, "R0 to R3, R12, xPSR, HFSR, MMFAR, BFAR, SP"),
    ("crash_stack", "u32[8]", "", "", 1, "words of the stack from SP on"),
)

# Made by C: native/src/kernel/survival_packets.c, welded by tests/native/test_survival.py.
SURVIVAL_FIELDS = (
    ("survival_reason", "u8", "", "", 1, "why Python was stopped, SURVIVAL_REASONS"),
    ("vm_restarts_in_row", "u8", "", "", 1, "starts of Python in a row that came to nothing"),
    ("image_attempts", "u8[2]", "", "", 1, "starts of image A and B since one was healthy"),
    ("beacon_slot", "u8", "", "", 1, "image that runs: 0 A, 1 B"),
    ("image_choice", "u8", "", "", 1, "0 default, 1 command, 2 other one failed, 3 damaged"),
    ("beacon_reset_cause", "u8", "", "", 1, "why the processor started, hal/reset_cause.py"),
    ("beacon_control", "u8", "", "", 1, "mode of the control loop, 1 detumble"),
    ("processor_starts", "u32", "", "", 1, "starts since the FRAM was blank"),
    ("beacon_uptime_s", "u32", "s", "", 1, "time since this start"),
    ("survival_age_ms", "u32", "ms", "", 1, "time since survival was entered"),
    ("beacon_rate", "f32", "rad/s", "B", 1, "rate that the loop detumbles"),
    ("beacon_battery", "u16", "V", "", 0.001, "battery; 0 unknown"),
    ("vm_restarts_total", "u16", "", "", 1, "starts of Python after the first, ever, wraps"),
    ("survival_entries", "u16", "", "", 1, "times that survival was entered, ever, wraps"),
    ("beacons_sent", "u16", "", "", 1, "in this survival"),
    ("direct_accepted", "u16", "", "", 1, "direct commands accepted since this start"),
    ("direct_refused", "u16", "", "", 1, "frames and commands refused since this start"),
    ("beacon_radio_errors", "u16", "", "", 1, "transfers with the radio that failed"),
    ("votes_repaired", "u16", "", "", 1, "words of critical state repaired by vote"),
    ("starts_by_cause", "u8[8]", "", "", 1, "starts by reset cause 0..7, ever, at most 255"),
)

# id, name, period_ms (0 = on event), byte order, owner index, fields, description
PACKETS = (
    (0x0001, "core_hk", 10000, "big", 0, HK_FIELDS, "State of the computer and its software"),
    (0x0002, "schedule", 10000, "big", 0, SCHEDULE_FIELDS, "State of every app"),
    (0x0004, "schedule_times", 10000, "big", 0, TIMES_FIELDS, "Run time and jitter of every app"),
    (0x0003, "crash_record", 0, "little", 0, CRASH_FIELDS, "The crash that led to this start"),
    (0x0020, "survival_beacon", 0, "big", 0, SURVIVAL_FIELDS, "Sent while Python does not run"),
)

# id, name, service, subtype, arguments, authority class, hazardous, description
COMMANDS = (
    (0x0001, "set_mode", 8, 1, (("mode", "u8", 1, 6, ""),), "platform", False,
     "Ask for a spacecraft mode: 1 safe, 2 detumble, 3 nominal, 4 payload, 5 pass, 6 survival;"
     " refused without a transition"),
    (0x0002, "set_time", 8, 1,
     (("seconds", "u32", 0, 0x3F000000, "s"), ("fraction", "u16", 0, 65535, "1/65536 s")),
     "platform", False, "Set mission time: seconds since 2020-01-01T00:00:00 TAI"),
    (0x0003, "arm", 8, 1, (("function", "u16", 0, 0xFFFF, ""),), "any", False,
     "Arm a hazardous function: the same owner must call it within 30 s"),
    (0x0004, "reset", 8, 1, (), "platform", True, "Reset the processor"),
    (0x0005, "app_enable", 8, 1,
     (("app", "u8", 0, 15, "place in the table"), ("on", "u8", 0, 1, "")), "platform", False,
     "Run an app, or leave it out; refused for a critical one. Until the next start, as every"
     " change of the schedule that is not saved"),
    (0x0006, "app_period", 8, 1,
     (("app", "u8", 0, 15, "place in the table"), ("period", "u16", 100, 10000, "ms"),
      ("offset", "u16", 10, 9960, "ms")), "platform", False,
     "Change period and offset of an app; refused when the table would not be good"),
    (0x0007, "app_restart", 8, 1, (("app", "u8", 0, 15, "place in the table"),), "platform", False,
     "Start an app again, also one that was given up"),
    (0x0008, "schedule_load", 8, 1,
     (("version", "u16", 0, 65535, "schedule_version"), ("app", "u8[16]", 0, 255, "255 none"),
      ("on", "u8[16]", 0, 1, ""), ("period", "u16[16]", 0, 10000, "ms"),
      ("offset", "u16[16]", 0, 9960, "ms")), "platform", False,
     "Use this table of apps; refused when it is not good: the one in use stays"),
    (0x0009, "schedule_save", 8, 1, (), "platform", False,
     "Let the table in use be the one that starts begin with"),
    (0x000A, "schedule_restore", 8, 1, (), "platform", False,
     "Use the mission's own table of apps"),
    (0x0020, "restart_python", 8, 1, (), "platform", True,
     "Stop Python and start it again; like all direct commands obeyed by survival too"),
    (0x0021, "direct_reset", 8, 1, (), "platform", True, "Reset the processor, by C"),
    (0x0022, "select_image", 8, 1, (("slot", "u8", 0, 1, "0 A, 1 B"),), "platform", True,
     "Start with the image of this slot from now on, and reset"),
    (0x0023, "direct_time", 8, 1,
     (("seconds", "u32", 0, 0x3F000000, "s"), ("fraction", "u16", 0, 65535, "1/65536 s")),
     "platform", False, "Set mission time, by C: as set_time"),
    (0x0024, "cease_emission", 8, 1, (("on", "u8", 0, 1, ""),), "platform", False,
     "1: no carrier from now on, over resets and in survival too, until 0"),
    (0x0011, "ping", 17, 1, (), "any", False, "Are you there: answered by an empty 17/2"),
)  # fmt: skip

# id, severity (1 info, 2 low, 3 medium, 4 high), text with {0} {1} for the two arguments
EVENTS = (
    (0x0001, 1, "boot: reset cause and slot {0:#06x}, dictionary {1:#010x}"),
    (0x0002, 1, "boot number {0}, software {1:#08x}"),
    (0x0003, 2, "parameters set to defaults: no valid copy in FRAM, status {0}"),
    (0x0004, 3, "FRAM write failed: status -{0}"),
    (0x0005, 1, "mode changed: {0:#06x} (from, to), reason {1}"),
    (0x0006, 2, "mode request refused: {0:#06x} (from, to), reason {1}"),
    (0x0007, 3, "app {0} failed: code {1}"),
    (0x0008, 4, "app {0} given up after {1} failures in a row"),
    (0x0009, 2, "app {0} ran {1} us, over its budget"),
    (0x000A, 2, "telecommand refused: code {0}, request {1:#010x}"),
    (0x000B, 4, "heartbeat withheld: app {0} is {1} ms late"),
    (0x000C, 1, "time set: {1} s"),
    (0x000D, 2, "events lost: {0} since the last report"),
    (0x000E, 2, "telemetry packets lost: {0} since the last report"),
    (0x000F, 1, "parameter {0:#06x} set, image generation {1}"),
    (0x0010, 2, "reset by command of owner {0}"),
    (0x0011, 4, "crash: kind and exception {0:#06x}, number {1} since power-on; see crash_record"),
    (0x0012, 4, "out of memory: app {0} is charged with {1} B"),
    (0x0013, 3, "heap scarce: {1} B free"),
    (0x0014, 4, "heap exhausted after {0} shortages: no heartbeat from now on"),
    (0x0015, 2, "table of apps refused: entry {0}, reason {1}"),
    (0x0016, 1, "table of apps in use: CRC {0:#06x}"),
    (0x0017, 1, "table of apps saved: CRC {0:#06x}"),
    (0x0018, 1, "parameters could be read after all: copy {0} (1, 2)"),
    (0x0020, 4, "survival entered: reason {0}, {1} starts of Python in a row failed"),
    (0x0021, 2, "survival left after {0} beacons and {1} ms"),
    (0x0022, 3, "boot record not stored: status -{0}"),
    (0x0023, 3, "critical state: {0} words repaired by vote, {1} so far"),
    (0x0024, 3, "image {0} chosen: {1} (1 command, 2 the other failed, 3 it is damaged)"),
    (0x0025, 1, "direct command {0:#06x} obeyed in survival"),
    (0x0026, 4, "a step ran beyond its hard limit of {1} ms and was ended"),
    (0x0027, 4, "counters of the link: {0} (0 in FRAM, 1 RAM, 2 the emergency one's alone)"),
)

# id, name, type, lowest, highest, default, unit, description
PARAMETERS = (
    (0x0001, "sched_gc_every_s", "u16", 0, 3600, 0, "s",
     "Collect garbage this often although nothing demands it, across a control tick; 0 never"),
    (0x0002, "sched_gc_growth_B", "u16", 1024, 60000, 8192, "B",
     "Collect when the heap has grown this much since the last collection"),
    (0x0003, "supervisor_retry_s", "u16", 0, 3600, 60, "s",
     "Leave safe mode when nothing inhibits it for so long; 0 never"),
    (0x0004, "sched_heap_scarce_B", "u16", 0, 60000, 8192, "B",
     "Less free after a collection: an app that allocated of late is started again"),
    (0x0020, "survival_silence_ms", "u16", 2500, 4500, 4000, "ms",
     "No heartbeat for so long: Python is stopped and survival entered"),
    (0x0021, "survival_beacon_s", "u16", 5, 300, 10, "s",
     "Period of the beacon on a good battery"),
    (0x0022, "survival_battery_low_mV", "u16", 5000, 9000, 6400, "mV",
     "Below it survival keeps the carrier off between beacons, and sends six times fewer"),
    (0x0023, "survival_battery_critical_mV", "u16", 5000, 9000, 6200, "mV",
     "Below it survival turns no more, and sends thirty times fewer beacons; back 400 mV higher"),
)  # fmt: skip

# code, name: why a table of apps is refused (core/app_table.py)
SCHEDULE_REASONS = (
    (1, "bad_version"),
    (2, "unknown_app"),
    (3, "duplicate_app"),
    (4, "bad_period"),
    (5, "bad_offset"),
    (6, "bad_budget"),
    (7, "critical_app"),
)

# code, name: verification failure codes (1/2, 1/4, 1/8) and `command_failure`
FAILURES = (
    (1, "bad_packet"),  # not a telecommand, wrong version, no secondary header
    (2, "bad_length"),  # packet or argument length is wrong
    (3, "bad_crc"),
    (4, "wrong_apid"),  # APID outside the block of the owner of the channel
    (5, "unknown_service"),
    (6, "unknown_function"),
    (7, "not_authorised"),
    (8, "out_of_range"),
    (9, "unknown_parameter"),
    (10, "not_armed"),
    (11, "refused"),  # valid, but not now: mode, power or state forbids it
    (12, "device_error"),
    (13, "storage_error"),
    (14, "queue_full"),
    (15, "bad_data"),  # damaged or malformed contents, such as a TLE with a wrong checksum
    (16, "stale"),  # of too far a time to be used
    (17, "no_answer"),  # whoever should have carried it out did not say in time
    (18, "quota_full"),  # the owner has as many of these as are his
    (19, "rate_limit"),  # too many of one owner at once
    (20, "nested_command"),  # a stored telecommand that stores telecommands
    (21, "time_past"),
    (22, "time_overflow"),  # time, delay or shift beyond what can be kept
    (23, "time_backward"),  # mission time goes back only by time_set_back
    (24, "unknown_request"),  # no such telecommand of this owner waits
    (25, "unknown_sequence"),
    (26, "bad_path"),  # a name outside the rules of docs/icd/files.md
    (27, "unknown_file"),
    (28, "bad_entry"),  # of a table: an event names it with the reason
    (29, "unknown_entry"),  # no such entry, or of somebody else
    (30, "suspended"),  # the host has stopped the telecommands of this owner
    (31, "protected"),  # memory that nobody may see, or nobody may change
    (32, "bad_recipient"),
    (33, "duplicate_message"),
    (34, "unknown_message"),
    (38, "transfer_busy"),
    (39, "transfer_unknown"),
)

# code, name: why a mode was entered
MODE_REASONS = (
    (0, "boot"),
    (1, "command"),
    (2, "checks_passed"),
    (3, "detumbled"),
    (4, "rate_high"),
    (5, "attitude_lost"),
    (6, "battery_low"),
    (7, "power_unknown"),
    (8, "overrun"),
    (9, "retry"),
    (10, "gyro_lost"),
    (11, "launch"),
    (12, "launch_over"),
    (13, "command_loss"),
    (14, "battery_critical"),
    (15, "power_back"),
    (16, "payload_shed"),
    (17, "time_over"),
    (18, "survived"),
)

# code, name: why Python was stopped, or not started
SURVIVAL_REASONS = (
    (0, "none"),
    (1, "silent"),  # no heartbeat for survival_silence_ms
    (2, "fault"),  # of the processor, in Python's thread
    (3, "ended"),  # error that nobody caught
    (4, "lost"),  # return without a catcher
    (5, "commanded"),
    (6, "boots"),  # too many starts in a row without health
    (7, "memory"),  # nonsense from the FRAM, or its bus hangs
)
