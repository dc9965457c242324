"""Storage: files on the flash memory, logs, packet stores. Data only; rows as in
docs/architecture.md, "Definitions"."""

APP = 5
NAME = "storage"
PARAMETER_AUTHORITY = "platform"

# name, circular, files, bytes of a file, FRAM address, FRAM bytes, bytes that wait in FRAM before a
# piece is written (about a block). Row i is the store of owner i.
STORES = (
    ("host", True, 8, 61440, 0x10000, 0x2000, 3584),
    ("EC", False, 8, 32768, 0x12000, 0x2000, 3584),
    ("IR", False, 8, 32768, 0x14000, 0x2000, 3584),
    ("BY", False, 8, 32768, 0x16000, 0x2000, 3584),
)
LOGS = (
    ("events", True, 4, 16384, 0xC000, 0x900, 1024),
    ("boots", True, 2, 4096, 0xC900, 0x200, 128),
    ("crashes", True, 2, 8192, 0xCB00, 0x300, 48),
)
STATE_ADDRESSES = (0xCE00, 0xCF00)

# Housekeeping packets that are not kept once a minute, as the others with a period are: packet id,
# one of so many is kept (0: none), priority. Those without a period are all kept.
RULES = (
    (0x0001, 6, 2),
    (0x0002, 6, 1),
    (0x0101, 30, 2),
    (0x0401, 1, 2),
    (0x0502, 0, 0),  # what is read out of a log is in it already
    (0x0503, 0, 0),
    (0x0A02, 0, 0),  # how far transfers are now
)

HK_FIELDS = (
    ("storage_state", "u8", "", "", 1, "0 down, 1 looking at what is there, 2 in use"),
    ("stores_enabled", "u8", "", "", 1, "packet stores that take packets"),
    (
        "stores_reading",
        "u8",
        "",
        "",
        1,
        "being read: bit 0 the host's store, 1 a partner's, 4 events, 5 boots, 6 crashes",
    ),
    ("file_job", "u8", "", "", 1, "1 a file operation goes on"),
    ("mounts", "u16", "", "", 1, "times the file system was mounted, wraps"),
    ("formats", "u16", "", "", 1, "times it was made anew, wraps"),
    ("mounts_refused", "u16", "", "", 1, "times it was found damaged, wraps"),
    ("flash_errors", "u16", "", "", 1, "times the memory did not answer, wraps"),
    ("file_faults", "u16", "", "", 1, "errors in use, each followed by mounting again, wraps"),
    ("no_room", "u16", "", "", 1, "pieces of work for which there was no room, wraps"),
    ("pieces", "u16", "", "", 1, "pieces of work done, wraps"),
    ("blocks_used", "u16", "", "", 1, "blocks of 4096 bytes in use; 0 not counted yet"),
    ("erases", "u32", "", "", 1, "blocks erased in the life of the memory"),
    ("store_fill", "u8[2]", "%", "", 1, "of the room in files: host, mean of the partners"),
    ("store_kept", "u16[2]", "", "", 1, "packets kept: host, partners together, wraps"),
    ("store_refused", "u16[2]", "", "", 1, "packets refused: full or disabled, wraps"),
    ("store_lost", "u16[2]", "", "", 1, "packets lost for want of FRAM, wraps"),
    ("store_damaged", "u16[2]", "", "", 1, "damaged records met, wraps"),
    ("log_kept", "u16[3]", "", "", 1, "events, boots, crashes put into the logs, wraps"),
    ("log_lost", "u16[3]", "", "", 1, "lost or pushed out before they got to flash, wraps"),
    ("played_back", "u16", "", "", 1, "packets sent again out of stores, wraps"),
    ("file_bytes", "u32[2]", "B", "", 1, "held by files: host, partners together"),
    ("paths_refused", "u16", "", "", 1, "names of files outside the rules, wraps"),
)

EVENT_LOG_FIELDS = (
    ("logged_seconds", "u32", "s", "", 1, ""),
    ("logged_fraction", "u16", "1/65536 s", "", 1, ""),
    ("logged_event", "u16", "", "", 1, "event id"),
    ("logged_owner", "u8", "", "", 1, ""),
    ("logged_severity", "u8", "", "", 1, ""),
    ("logged_arg0", "u16", "", "", 1, ""),
    ("logged_arg1", "u32", "", "", 1, ""),
)

BOOT_LOG_FIELDS = (
    ("logged_boot", "u16", "", "", 1, "number of the start"),
    ("logged_seconds", "u32", "s", "", 1, "mission time then"),
    ("logged_quality", "u8", "", "", 1, "of that time, as time_quality"),
    ("logged_cause", "u8", "", "", 1, "as reset_cause"),
    ("logged_slot", "u8", "", "", 1, "0 A, 1 B"),
    ("logged_mode", "u8", "", "", 1, "spacecraft mode before it"),
    ("logged_reason", "u8", "", "", 1, "why that was entered"),
    ("logged_version", "u8[3]", "", "", 1, "major, minor, patch"),
)

PACKETS = (
    (0x0501, "storage_hk", 10000, "big", 0, HK_FIELDS, "Flash memory, stores, logs, files"),
    (0x0502, "event_log", 0, "big", 0, EVENT_LOG_FIELDS, "One event out of the log, on command"),
    (0x0503, "boot_log", 0, "big", 0, BOOT_LOG_FIELDS, "One start out of the log, on command"),
)  # fmt: skip

COMMANDS = (
    (0x0501, "storage_format", 8, 1, (), "platform", True,
     "Make the file system anew: stores, logs and files of all owners are lost"),
    (0x0502, "storage_tidy", 8, 1, (), "platform", False,
     "Do now what later writes would have to do first, and count the blocks in use"),
    (0x0503, "log_read", 8, 1,
     (("log", "u8", 0, 2, ""), ("from_s", "u32", 0, 0x3FFFFFFF, "s"),
      ("to_s", "u32", 0, 0x3FFFFFFF, "s"), ("priority", "u8", 0, 255, "", 0)), "platform", False,
     "Send what is in a log: 0 events (priority: lowest severity), 1 boots, 2 crashes"),
    (0x0504, "log_clear", 8, 1, (("log", "u8", 0, 2, ""),), "platform", True,
     "Delete what is in a log"),
    (0x0505, "store_rule", 8, 1,
     (("packet", "u16", 0, 0xFFFF, ""), ("every", "u8", 0, 255, ""),
      ("priority", "u8", 0, 255, "")),
     "platform", False, "Keep one of so many of a housekeeping packet, 0 none; outlives resets"),
    (0x0506, "parameters_load", 8, 1, (("number", "u8", 0, 9, ""),), "platform", False,
     "Set every parameter of the image in file parameters-<number>, or none"),
    (0x0511, "store_enable", 15, 1, (("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, "")), "any",
     False, "Let a packet store take packets; the owner, or the host"),
    (0x0512, "store_disable", 15, 2, (("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, "")), "any",
     False, "Let a packet store take no packets; the owner, or the host"),
    (0x0519, "store_retrieve", 15, 9,
     (("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, ""), ("from_s", "u32", 0, 0x3FFFFFFF, "s"),
      ("from_fraction", "u16", 0, 65535, "1/65536 s"), ("to_s", "u32", 0, 0x3FFFFFFF, "s"),
      ("to_fraction", "u16", 0, 65535, "1/65536 s")), "any", False,
     "Send the packets of a time range again; the owner"),
    (0x051B, "store_delete", 15, 11,
     (("until_s", "u32", 0, 0x3FFFFFFF, "s"), ("until_fraction", "u16", 0, 65535, "1/65536 s"),
      ("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, "")), "any", False,
     "Delete a store's packets up to a time; the owner"),
    (0x051C, "store_report", 15, 12, (("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, "")), "any",
     False, "Ask for 15/13: what a store holds; the owner, or the host"),
    (0x051D, "stores_report", 15, 12, (("count", "u8", 0, 0, "", 0),), "any", False,
     "Ask for 15/13 of one's own store, the host of all"),
    (0x0521, "store_abort", 15, 17, (("count", "u8", 1, 1, ""), ("store", "u8", 0, 3, "")), "any",
     False, "End sending packets again; the owner, or the host"),
    (0x0531, "file_create", 23, 1,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, ""),
      ("size", "u32", 0, 0xFFFFFF, "B")), "any", False,
     "Create an empty file that shall hold so much; completed in slack, as all of these"),
    (0x0532, "file_delete", 23, 2,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, "")), "any", False,
     "Delete a file"),
    (0x0533, "file_attributes", 23, 3,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, "")), "any", False,
     "Ask for 23/4: size of a file"),
    (0x0539, "folder_create", 23, 9,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, "")), "any", False,
     "Create a directory in the root: path empty"),
    (0x053A, "folder_delete", 23, 10,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, "")), "any", False,
     "Delete an empty directory"),
    (0x053C, "file_list", 23, 12, (("path", "text[31]", 32, 126, ""),), "any", False,
     "Ask for 23/13: what is in the root, or in a directory"),
    (0x053E, "file_copy", 23, 14,
     (("operation", "u16", 0, 65535, ""), ("path", "text[31]", 32, 126, ""),
      ("name", "text[31]", 32, 126, ""), ("to_path", "text[31]", 32, 126, ""),
      ("to_name", "text[31]", 32, 126, "")), "any", False,
     "Copy a file; one that is there is not written over"),
)  # fmt: skip

EVENTS = (
    (0x0501, 3, "flash memory does not answer: status -{0}, error {1}"),
    (0x0502, 3, "file system damaged: refusal {0} in a row, {1} so far"),
    (0x0503, 3, "file system made anew (blank memory: {0}), time {1}"),
    (0x0504, 3, "file error: status -{0}, number {1}; mounting again"),
    (0x0505, 2, "flash memory full, at piece {0}"),
    (0x0506, 2, "store {0} is full: packets refused"),
    (0x0507, 1, "store {0}: {1} packets sent again"),
    (0x0508, 1, "log {0}: {1} records sent"),
    (
        0x0509,
        2,
        "parameter image refused: entry {0} (65535 all of it), reason {1} (1 length, "
        "2 version, 3 CRC, 4 unknown id, 5 order, 6 range, 7 not entitled, 8 not stored)",
    ),
    (0x050A, 1, "parameter image loaded: {0} values, image generation {1}"),
)

PARAMETERS = (
    (0x0501, "storage_playback_B_s", "u16", 0, 2000, 400, "B/s",
     "Packets of stores and logs are sent at most so fast; 0 not at all"),
)  # fmt: skip
