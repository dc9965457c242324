"""Files: transfers up and down (CFDP). Data only; rows as in docs/architecture.md."""

APP = 10
NAME = "files"
PARAMETER_AUTHORITY = "platform"

# First block of the stage, and blocks, by owner: uploads as they come, outside the file system.
STAGES = ((0, 256), (256, 128), (384, 128), (512, 128))
RECORDS_ADDRESS = 0x1E000  # two of 256 octets for each slot

HK_FIELDS = (
    ("pdus_received", "u16", "", "", 1, "protocol data units from the ground, wraps"),
    ("pdus_sent", "u16", "", "", 1, "to the ground, wraps"),
    ("uploads", "u16", "", "", 1, "files received whole, wraps"),
    ("downloads", "u16", "", "", 1, "files sent whole, wraps"),
    ("pdu_bad_header", "u16", "", "", 1, "refused: version, lengths, size of numbers"),
    ("pdu_bad_crc", "u16", "", "", 1, ""),
    ("pdu_wrong_entity", "u16", "", "", 1, "source or destination are not those of the channel"),
    ("pdu_unknown_transfer", "u16", "", "", 1, "nothing that it belongs to, or could begin"),
    ("pdu_busy", "u16", "", "", 1, "another transfer of the owner goes on"),
    ("pdu_bad_directive", "u16", "", "", 1, "unknown, cut off, or with options not done here"),
    ("pdu_bad_offset", "u16", "", "", 1, "octets outside the file"),
    ("pdu_no_room", "u16", "", "", 1, "too many gaps, or the memory is not ready"),
    ("pdu_bad_name", "u16", "", "", 1, ""),
    ("pdu_bad_size", "u16", "", "", 1, "beyond quota or room, or not the size said before"),
    ("pdu_bad_checksum_type", "u16", "", "", 1, ""),
    ("pdu_inconsistent", "u16", "", "", 1, "not as the transfer began"),
    ("transfers_open", "u8", "", "", 1, "transfers that go on, of all together"),
)  # fmt: skip

TRANSFER_FIELDS = (
    ("transfer_owner", "u8", "", "", 1, "row of the partners table"),
    ("transfer_state", "u8[2]", "", "", 1,
     "upload, download: 0 none, 1 open, 2 finishing, 3 over"),
    ("transfer_condition", "u8[2]", "", "", 1, "condition code of the last one"),
    ("transfer_size", "u32[2]", "B", "", 1, ""),
    ("transfer_progress", "u32[2]", "B", "", 1, "highest octet received or sent"),
    ("transfer_gaps", "u8[2]", "", "", 1, "ranges missing, or to be sent again"),
)  # fmt: skip

PACKETS = (
    (0x0A01, "files_hk", 10000, "big", 0, HK_FIELDS, "Transfers of files, of all owners together"),
    (0x0A02, "transfers", 0, "big", 0, TRANSFER_FIELDS,
     "To an owner that is there, on his own channel, every 10 s while a transfer of his goes on"),
)  # fmt: skip

COMMANDS = (
    (0x0A01, "transfer_cancel", 8, 1,
     (("owner", "u8", 0, 3, ""), ("way", "u8", 0, 1, "")), "any", False,
     "End a transfer (way 0 up, 1 down); of one's own, the host anybody's"),
    (0x0A02, "transfer_suspend", 8, 1,
     (("owner", "u8", 0, 3, ""), ("way", "u8", 0, 1, "")), "any", False,
     "Ask for nothing and send nothing of it until it is resumed"),
    (0x0A03, "transfer_resume", 8, 1,
     (("owner", "u8", 0, 3, ""), ("way", "u8", 0, 1, "")), "any", False, "Go on with it"),
    (0x0A21, "file_send", 23, 128,
     (("path", "text[31]", 32, 126, ""), ("name", "text[31]", 32, 126, ""),
      ("class", "u8", 1, 2, "", 2), ("checksum", "u8", 0, 15, "", 3)), "any", False,
     "Send a file down, CFDP class 1 or 2; checksum 0 modular, 3 CRC-32, 15 none"),
)  # fmt: skip

EVENTS = (
    (0x0A01, 1, "upload of owner {0} whole: {1} bytes"),
    (0x0A02, 1, "download of owner {0} whole: {1} bytes"),
    (0x0A03, 2, "transfer {0} ended by condition {1}"),
    (0x0A04, 2, "{1} file data units refused, the last for reason {0}"),
    (0x0A05, 1, "{0} transfers go on after the start"),
)

PARAMETERS = (
    (0x0A01, "files_segment_B", "u8", 32, 238, 238, "B",
     "octets of a file in one packet going down"),
    (0x0A02, "files_ack_s", "u16", 1, 3600, 10, "s", "until EOF or Finished are sent again"),
    (0x0A03, "files_nak_s", "u16", 1, 3600, 10, "s", "until what is missing is asked for again"),
    (0x0A04, "files_retries", "u8", 1, 255, 10, "",
     "how often, before the next contact is waited for"),
    (0x0A05, "files_contact_s", "u16", 1, 36000, 60, "s",
     "an owner counts as present for so long after a telecommand or file data unit"),
    (0x0A06, "files_keep_h", "u8", 1, 255, 72, "h",
     "a transfer without progress is cancelled then"),
    (0x0A07, "files_nak_span_B", "u16", 0, 65535, 0, "B",
     "octets in one request of a NAK at most, 0 any number; for senders that answer in one unit"),
)  # fmt: skip
