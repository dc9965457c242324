"""Payload: timed temperature samples, owned by partner EC. Data only."""

APP = 4
NAME = "payload"
PARAMETER_AUTHORITY = "payload"

SAMPLE_FIELDS = (
    ("sample_number", "u16", "", "", 1, "samples since boot, wraps"),
    ("temperature", "i16", "degC", "", 0.0625, "TMP108"),
    ("payload_state", "u8", "", "", 1, "0 off, 1 sampling, 2 instrument not answering"),
    ("payload_errors", "u8", "", "", 1, "failed readings, wraps"),
    ("samples_stored", "u8", "", "", 1, "samples in the ring"),
)

BATCH_FIELDS = (
    ("first_seconds", "u32", "s", "", 1, "time of the oldest sample of this batch"),
    ("first_fraction", "u16", "1/65536 s", "", 1, ""),
    ("interval_s", "u16", "s", "", 1, "time between samples"),
    ("count", "u8", "", "", 1, "samples that follow"),
    ("temperatures", "i16[12]", "degC", "", 0.0625, "oldest first"),
)

PACKETS = (
    (0x0401, "payload_sample", 5000, "big", 1, SAMPLE_FIELDS, "Latest sample"),
    (0x0402, "payload_batch", 0, "big", 1, BATCH_FIELDS, "Stored samples, on command"),
)

COMMANDS = (
    (0x0401, "payload_enable", 8, 1, (("on", "u8", 0, 1, ""),), "payload", False,
     "Stop or allow sampling; it runs in nominal mode only"),
    (0x0402, "payload_dump", 8, 1, (("count", "u8", 1, 12, ""),), "payload", False,
     "Send the newest stored samples"),
    (0x0403, "science_task", 8, 1,
     (("duration", "u16", 5, 43200, "s"), ("interval", "u16", 5, 3600, "s", 5)), "any", False,
     "Let the payload measure for oneself, at the cost of one's seconds of it; instead of the task"
     " that runs"),
    (0x0404, "science_stop", 8, 1, (), "any", False, "End one's task"),
)  # fmt: skip

EVENTS = (
    (0x0401, 3, "payload instrument failed: status -{0}"),
    (0x0402, 1, "payload instrument answers again after {0} failures"),
    (0x0403, 1, "payload sampling on"),
    (0x0404, 1, "payload sampling off"),
)

PARAMETERS = (
    (0x0401, "payload_interval_s", "u16", 5, 3600, 5, "s",
     "Time between samples, rounded up to a multiple of 5 s"),
)  # fmt: skip
