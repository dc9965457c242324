"""Comms: radio, frames, telecommand reception. Data only; rows as in docs/architecture.md."""

APP = 3
NAME = "comms"
PARAMETER_AUTHORITY = "platform"

# mf_link_counters_t, 36 bytes (native/include/mf_link.h)
LINK_FIELDS = (
    ("rx_frames", "u32", "", "", 1, "telecommand frames accepted"),
    ("rx_packets", "u32", "", "", 1, "telecommand packets taken out of them"),
    ("rx_bad_length", "u16", "", "", 1, "frame length field and bytes received differ"),
    ("rx_bad_crc", "u16", "", "", 1, "frame error control failed"),
    ("rx_bad_version", "u16", "", "", 1, ""),
    ("rx_bad_scid", "u16", "", "", 1, "frame for another spacecraft"),
    ("rx_bad_vc", "u16", "", "", 1, "unknown virtual channel"),
    ("rx_bad_type", "u16", "", "", 1, "not a BD frame"),
    ("rx_bad_segment", "u16", "", "", 1, "segment header is not unsegmented, MAP 0"),
    ("rx_bad_packet", "u16", "", "", 1, "malformed packet in a good frame"),
    ("rx_unauthenticated", "u16", "", "", 1, "plain frame refused by a flight build"),
    ("spare", "u16", "", "", 1, ""),
    ("tx_frames", "u32", "", "", 1, "telemetry frames composed"),
    ("tx_packets", "u32", "", "", 1, "telemetry packets put into them"),
)

HK_FIELDS = (
    ("radio_state", "u8", "", "", 1, "0 not answering, 1 receiving only, 2 carrier on"),
    ("rate_code", "u8", "", "", 1, "0 1200, 1 2400, 2 4800, 3 9600, 4 19200, 5 38400 bit/s"),
    ("radio_errors", "u16", "", "", 1, "failed exchanges with the radio, wraps"),
    ("frames_sent", "u16", "", "", 1, "telemetry frames given to the radio, wraps"),
    ("frames_received", "u16", "", "", 1, "telecommand frames taken from the radio, wraps"),
    ("frames_refused", "u16", "", "", 1, "of them refused, wraps"),
    ("queued", "u16[4]", "B", "", 1, "telemetry waiting, per virtual channel"),
)

PACKETS = (
    (0x0301, "link_counters", 10000, "little", 0, LINK_FIELDS, "Every acceptance and refusal"),
    (0x0302, "comms_hk", 10000, "big", 0, HK_FIELDS, "Radio and queues"),
)

COMMANDS = (
    (0x0301, "comms_carrier", 8, 1, (("on", "u8", 0, 1, ""),), "platform", False,
     "Transmitter off or on; while it is off, telemetry waits in the queues"),
)  # fmt: skip

EVENTS = (
    (0x0301, 3, "radio failed: status -{0}"),
    (0x0302, 1, "radio answers again after {0} failures"),
    (0x0303, 2, "telecommand frame refused: {0:refusal}, {1} bytes"),
    (0x0304, 2, "malformed telecommand packet in a good frame: status -{0}"),
)

PARAMETERS = (
    (0x0301, "comms_rate_code", "u8", 0, 5, 3, "",
     "0 1200, 1 2400, 2 4800, 3 9600, 4 19200, 5 38400 bit/s"),
)  # fmt: skip
