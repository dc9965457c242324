"""Partners: accounts of every owner, the shared science store, what the host may override. Data
only; rows as in docs/architecture.md."""

APP = 9
NAME = "partners"
PARAMETER_AUTHORITY = "platform"

ACCOUNT_FIELDS = (
    ("account_state", "u8", "", "", 1,
     "bit 0 suspended by the host, 1 no tasks by order of his, 2 schedule on, 3 held by the host,"
     " 4 packet store on"),
    ("tokens", "u8", "", "", 1, "telecommands that may come at once now"),
    ("tc_received", "u16", "", "", 1, "telecommands by radio, wraps"),
    ("tc_accepted", "u16", "", "", 1, "accepted, stored ones too, wraps"),
    ("tc_refused", "u16", "", "", 1, "refused or failed, wraps"),
    ("tc_over_rate", "u16", "", "", 1, "of these: no token left, wraps"),
    ("tc_over_quota", "u16", "", "", 1, "of these: a quota was full, wraps"),
    ("tc_not_authorised", "u16", "", "", 1, "of these: not his to command, wraps"),
    ("tc_failure", "u8", "", "", 1, "code of the last one, FAILURES"),
    ("scheduled", "u8", "", "", 1, "telecommands in his schedule"),
    ("sequences", "u8", "", "", 1, "sequences stored"),
    ("actions", "u8", "", "", 1, "event-actions"),
    ("uplink_octets", "u32", "B", "", 1, "of his telecommands, mod 2^30"),
    ("downlink_frames", "u32", "", "", 1, "sent on his channel, mod 2^30"),
    ("store_fill", "u8", "%", "", 1, "of his packet store"),
    ("store_refused", "u16", "", "", 1, "packets it had no room for, wraps"),
    ("file_octets", "u32", "B", "", 1, "in his files, those under way too, when last counted"),
    ("payload_left", "u16", "s", "", 1, "of the payload, until the day ends"),
    ("payload_used", "u32", "s", "", 1, "of the payload, since the account was opened, mod 2^30"),
    ("task_left", "u16", "s", "", 1, "of the task that runs"),
    ("task_samples", "u16", "", "", 1, "taken for him, wraps"),
    ("science_kept", "u16", "", "", 1, "of his batches taken into the science store, wraps"),
    ("science_read", "u16", "", "", 1, "batches sent to him, wraps"),
    ("store_lost", "u16", "", "", 1, "packets of his lost for want of FRAM, wraps"),
    ("store_damaged", "u16", "", "", 1, "damaged records met in his store, wraps"),
)  # fmt: skip

SCIENCE_FIELDS = (
    ("science_owner", "u8", "", "", 1, "whose data these are"),
    ("science_count", "u8", "", "", 1, "samples that follow"),
    ("science_interval", "u16", "s", "", 1, "time between samples"),
    ("science_seconds", "u32", "s", "", 1, "time of the first one"),
    ("science_fraction", "u16", "1/65536 s", "", 1, ""),
    ("science_temperatures", "i16[12]", "degC", "", 0.0625, "oldest first"),
)

PACKETS = (
    (0x0901, "account_host", 60000, "big", 0, ACCOUNT_FIELDS, "What the host has used"),
    (0x0902, "account_EC", 60000, "big", 1, ACCOUNT_FIELDS, "What EC has used"),
    (0x0903, "account_IR", 60000, "big", 2, ACCOUNT_FIELDS, "What IR has used"),
    (0x0904, "account_BY", 60000, "big", 3, ACCOUNT_FIELDS, "What BY has used"),
    (0x0905, "science", 0, "big", 0, SCIENCE_FIELDS,
     "A batch of samples, on the channel of whoever has them measured or asks for them"),
)  # fmt: skip

COMMANDS = (
    (0x0901, "partner_suspend", 8, 1,
     (("owner", "u8", 1, 3, ""), ("on", "u8", 0, 1, "")), "platform", False,
     "Refuse every telecommand of a partner but 17/1, stored ones too, until 0; outlives resets"),
    (0x0902, "payload_override", 8, 1, (("on", "u8", 0, 1, ""),), "platform", False,
     "No task of the payload runs until 0; outlives resets"),
    (0x0903, "science_release", 8, 1,
     (("owners", "u8", 0, 15, "bit per owner"), ("after", "u8", 0, 255, "h")), "any", False,
     "Who else may read one's science data, and how old they have to be; outlives resets"),
    (0x0904, "science_read", 8, 1,
     (("owner", "u8", 0, 3, ""), ("from_s", "u32", 0, 0x3FFFFFFF, "s", 0),
      ("to_s", "u32", 0, 0x3FFFFFFF, "s", 0x3FFFFFFF)), "any", False,
     "Send the batches of an owner that are released to whoever asks"),
)  # fmt: skip

EVENTS = (
    (0x0901, 2, "EC: {1} telecommands refused"),
    (0x0902, 2, "IR: {1} telecommands refused"),
    (0x0903, 2, "BY: {1} telecommands refused"),
    (0x0904, 2, "partner {0} suspended: {1}"),
    (0x0905, 2, "payload tasks stopped by the host: {0}"),
    (
        0x0906,
        2,
        "{0} packets refused that no report answers: too short, or of files of a suspended partner",
    ),
)

PARAMETERS = ()
