"""Schedule: mission time, time-tagged telecommands, on-board sequences. Data only; rows as in
docs/architecture.md."""

APP = 6
NAME = "schedule"
PARAMETER_AUTHORITY = "platform"

HK_FIELDS = (
    ("time_slew", "u16", "s", "", 0.001, "mission time is ahead by this and slewed; clipped"),
    ("time_changes", "u16", "", "", 1, "corrections of mission time since this start, wraps"),
    ("time_refused", "u16", "", "", 1, "corrections refused since this start, wraps"),
    ("time_trusted", "u8", "", "", 1, "1 the schedule acts on mission time, 0 it is held"),
    ("schedule_enabled", "u8", "", "", 1, "owners whose schedule is on: 11/1"),
    ("schedule_held", "u8", "", "", 1, "bit per owner: held by the host"),
    ("schedule_waiting", "u8[2]", "", "", 1, "telecommands: host, partners together"),
    ("schedule_next", "u32", "s", "", 1, "mission time of the host's next one, 0 none"),
    ("schedule_released", "u16", "", "", 1, "telecommands released at their time, wraps"),
    ("schedule_failed", "u16", "", "", 1, "of them those that failed, wraps"),
    ("schedule_late", "u16", "", "", 1, "dropped: late after a reset or a step of time, wraps"),
    ("schedule_skipped", "u16", "", "", 1, "dropped: disabled when their time came, wraps"),
    ("schedule_lost", "u16", "", "", 1, "dropped: damaged in FRAM, or relative at a reset, wraps"),
    ("release_late_max", "u16", "s", "", 0.001, "latest release after its time since this start"),
    ("sequences_loaded", "u8[2]", "", "", 1, "sequences: host, partners together"),
    ("sequences_running", "u8", "", "", 1, "at present"),
    ("sequence_commands", "u16", "", "", 1, "telecommands released by sequences, wraps"),
    ("sequences_stopped", "u16", "", "", 1, "ended early: bad entry, or aborted; wraps"),
)  # fmt: skip

PACKETS = (
    (0x0601, "schedule_hk", 10000, "big", 0, HK_FIELDS, "Mission time, stored telecommands"),
)  # fmt: skip

COMMANDS = (
    (0x0601, "time_set_back", 8, 1,
     (("seconds", "u32", 0, 0x3F000000, "s"), ("fraction", "u16", 0, 65535, "1/65536 s")),
     "platform", True,
     "Set mission time to any value, earlier ones too: seconds since 2020-01-01T00:00:00 TAI"),
    (0x0602, "schedule_hold", 8, 1, (("owner", "u8", 0, 3, ""), ("on", "u8", 0, 1, "")),
     "platform", False,
     "Hold the schedule and the sequences of an owner: what falls due meanwhile is dropped"),
)  # fmt: skip

EVENTS = (
    (0x0601, 1, "mission time stepped forward, {1} ms"),
    (0x0602, 1, "mission time ahead by {1} ms, slewing"),
    (0x0603, 2, "correction of mission time refused: {1} ms backward, source {0}"),
    (0x0604, 2, "mission time set back by command, to {1} s"),
    (0x0605, 2, "mission time restored from the checkpoint: {1} s"),
    (0x0606, 3, "GNSS time not taken: {1} ms off"),
    (0x0607, 2, "scheduled telecommand {1:#010x} of owner {0} dropped: too late"),
    (0x0608, 1, "scheduled telecommand {1:#010x} of owner {0} dropped: disabled"),
    (0x0609, 3, "scheduled telecommand of owner {0} lost: FRAM status -{1}"),
    (0x060A, 2, "scheduled telecommand {1:#010x} failed: code {0}"),
    (0x060B, 1, "schedule taken up again: {0} telecommands, {1} dropped"),
    (0x060C, 3, "sequence {0:#06x} (owner, number) refused: entry {1} damaged"),
    (0x060D, 2, "sequence {0:#06x} (owner, number) stopped at entry {1}"),
    (0x060E, 1, "sequence {0:#06x} (owner, number) done: {1} telecommands"),
    (0x060F, 3, "schedule control record lost: schedules are empty and disabled"),
)

PARAMETERS = (
    (0x0601, "time_checkpoint_s", "u8", 1, 60, 5, "s", "Mission time is stored in FRAM this often"),
    (0x0602, "time_slew_max_s", "u16", 0, 3600, 30, "s",
     "Mission time ahead by no more is slewed back, by more it is left as it is"),
    (0x0603, "time_gnss", "u8", 0, 1, 1, "", "1 mission time follows the GNSS receiver"),
    (0x0604, "time_gnss_step_s", "u16", 1, 3600, 60, "s",
     "Mission time that has been set is not corrected by GNSS by more than this"),
    (0x0605, "schedule_late_s", "u16", 0, 3600, 30, "s",
     "A telecommand that could not be released in time is released this late at most"),
    (0x0606, "schedule_restored", "u8", 0, 2, 1, "",
     "Schedule with restored time: 0 held, 1 held after power was off, 2 runs"),
)  # fmt: skip
