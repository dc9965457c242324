"""Comms: radio, frames, telecommand reception. Data only; rows as in docs/architecture.md."""

APP = 3
NAME = "comms"
PARAMETER_AUTHORITY = "platform"

# mf_link_counters_t, 68 bytes (native/include/mf_space_link.h)
LINK_FIELDS = (
    ("cltu_starts", "u32", "", "", 1, "start sequences found"),
    ("cltu_blocks", "u32", "", "", 1, "code blocks accepted"),
    ("cltu_corrected", "u32", "", "", 1, "of them with a bit corrected"),
    ("cltu_ended", "u32", "", "", 1, "CLTUs decoded"),
    ("cltu_empty", "u16", "", "", 1, "start sequences without a good code block"),
    ("cltu_oversize", "u16", "", "", 1, "CLTUs dropped for their length"),
    ("rx_frames", "u32", "", "", 1, "telecommand frames, good or bad"),
    ("bad_length", "u16", "", "", 1, "length field and octets received disagree"),
    ("bad_fecf", "u16", "", "", 1, "frame error control failed"),
    ("bad_version", "u16", "", "", 1, ""),
    ("bad_scid", "u16", "", "", 1, "frame for another spacecraft"),
    ("bad_reserved", "u16", "", "", 1, "reserved bits set"),
    ("bad_type", "u16", "", "", 1, "none of AD, BD, BC"),
    ("bad_vc", "u16", "", "", 1, "unknown virtual channel"),
    ("refused", "u16[4]", "", "", 1, "frames and packets refused, per virtual channel"),
    ("accepted", "u16[4]", "", "", 1, "frames accepted, per virtual channel"),
    ("unprotected", "u16", "", "", 1, "telemetry frames kept because they could not be protected"),
    ("tx_frames", "u32", "", "", 1, "telemetry frames composed"),
    ("tx_packets", "u32", "", "", 1, "telemetry packets put into them"),
    ("tx_idle", "u32", "", "", 1, "of the frames, idle"),
)

# mf_link_channel_t, 96 bytes: what the owner of a channel may know of it. The host has no
# association of telemetry; in its place stands his emergency association.
_CHANNEL_START = (
    ("frames_ad", "u32", "", "", 1, "sequence-controlled frames accepted"),
    ("frames_bd", "u32", "", "", 1, "expedited frames accepted"),
    ("frames_bc", "u32", "", "", 1, "control commands carried out"),
    ("packets", "u32", "", "", 1, "packets handed on"),
    ("bad_control", "u16", "", "", 1, "no known control command"),
    ("control_rate", "u16", "", "", 1, "too many control commands; anybody can send these"),
    ("bad_segment", "u16", "", "", 1, "sequence flags are not those of whole packets"),
    ("busy", "u16", "", "", 1, "packets of the last frame had not been taken"),
    ("farm_lockout", "u16", "", "", 1, ""),
    ("farm_wait", "u16", "", "", 1, ""),
    ("farm_ahead", "u16", "", "", 1, "a frame before it is missing"),
    ("farm_duplicate", "u16", "", "", 1, ""),
    ("sdls_short", "u16", "", "", 1, "no room for security header and trailer"),
    ("sdls_unknown_spi", "u16", "", "", 1, ""),
    ("sdls_not_operational", "u16", "", "", 1, "association stopped, or its key not active"),
    ("sdls_wrong_channel", "u16", "", "", 1, "association of another channel or MAP"),
    ("sdls_expired", "u16", "", "", 1, "the counter has come to its end"),
    ("sdls_replayed", "u16", "", "", 1, "counter already used"),
    ("sdls_beyond_window", "u16", "", "", 1, "counter too far ahead"),
    ("sdls_bad_tag", "u16", "", "", 1, "not authentic"),
    ("sdls_not_saved", "u16", "", "", 1, "the counter could not be saved"),
    ("bad_packet", "u16", "", "", 1, "malformed packet in a good frame"),
    ("packet_apid", "u16", "", "", 1, "packet for an APID of somebody else"),
    ("report_value", "u8", "", "", 1, "V(R)"),
    ("farm_flags", "u8", "", "", 1, "bit 0 lockout, 1 wait, 2 retransmit"),
    ("farm_b", "u8", "", "", 1, "FARM-B counter"),
    ("tc_state", "u8", "", "", 1, "association: 0 none, 1 unkeyed, 2 keyed, 3 operational"),
    ("tc_key", "u8", "", "", 1,
     "0 empty, 1 pre-active, 2 active, 3 deactivated, 4 destroyed, 5 corrupted"),
)  # fmt: skip
CHANNEL_FIELDS = _CHANNEL_START + (
    ("tm_state", "u8", "", "", 1, "as tc_state"),
    ("tm_key", "u8", "", "", 1, "as tc_key"),
    ("spare", "u8[3]", "", "", 1, ""),
    ("tc_next", "u32[3]", "", "", 1, "lowest counter that is accepted, high word first"),
    ("tm_next", "u32[3]", "", "", 1, "next counter that is sent, high word first"),
    ("tc_generation", "u32", "", "", 1, "of the key; the one in the image is 1"),
    ("tm_generation", "u32", "", "", 1, ""),
)
HOST_FIELDS = _CHANNEL_START + (
    ("emergency_state", "u8", "", "", 1, "as tc_state, of the emergency association"),
    ("emergency_key", "u8", "", "", 1, "as tc_key"),
    ("spare", "u8[3]", "", "", 1, ""),
    ("tc_next", "u32[3]", "", "", 1, "lowest counter that is accepted, high word first"),
    ("emergency_next", "u32[3]", "", "", 1, "as tc_next"),
    ("tc_generation", "u32", "", "", 1, "of the key; the one in the image is 1"),
    ("emergency_generation", "u32", "", "", 1, ""),
)

HK_FIELDS = (
    ("radio_state", "u8", "", "", 1, "0 not answering, 1 receiving only, 2 carrier on"),
    ("rate_code", "u8", "", "", 1, "0 1200, 1 2400, 2 4800, 3 9600, 4 19200, 5 38400 bit/s"),
    ("radio_errors", "u16", "", "", 1, "failed exchanges with the radio, wraps"),
    ("frames_sent", "u16", "", "", 1, "telemetry frames given to the radio, wraps"),
    ("frames_received", "u16", "", "", 1, "telecommand frames decoded, wraps"),
    ("frames_refused", "u16", "", "", 1, "of them refused, wraps"),
    ("associations_down", "u8", "", "", 1, "security associations that are not operational"),
    ("queued", "u16[2]", "B", "", 1, "telemetry waiting: host, partners together"),
    ("counters_in", "u8", "", "", 1,
     "counters of the associations: 0 in FRAM, 1 in RAM, 2 in RAM and the emergency one's alone"),
)  # fmt: skip

PACKETS = (
    (0x0301, "link_counters", 10000, "little", 0, LINK_FIELDS, "Every acceptance and refusal"),
    (0x0302, "comms_hk", 10000, "big", 0, HK_FIELDS, "Radio and queues"),
    (0x0303, "tc_host", 30000, "little", 0, HOST_FIELDS, "The host's telecommand channel"),
    (0x0304, "tc_EC", 30000, "little", 1, CHANNEL_FIELDS, "The channel of EC"),
    (0x0305, "tc_IR", 30000, "little", 2, CHANNEL_FIELDS, "The channel of IR"),
    (0x0306, "tc_BY", 30000, "little", 3, CHANNEL_FIELDS, "The channel of BY"),
)

COMMANDS = (
    (0x0301, "comms_carrier", 8, 1, (("on", "u8", 0, 1, ""),), "platform", False,
     "Transmitter off or on; while it is off, telemetry waits in the queues"),
    (0x0302, "rekey", 8, 1, (("spi", "u16", 1, 0xFFFE, ""),
     ("generation", "u32", 2, 0xFFFFFFFF, ""), ("wrapped_key", "u8[48]", 0, 255, "")), "any", False,
     "A new key for an association of one's own, wrapped under one's own wrapping key"),
)  # fmt: skip

EVENTS = (
    (0x0301, 3, "radio failed: status -{0}"),
    (0x0302, 1, "radio answers again after {0} failures"),
    (0x0303, 2, "{1} telecommand frames refused, the last: {0:refusal}"),
    (0x0304, 2, "packet refused in a good telecommand frame of channel {0}"),
    (0x0305, 3, "{0} security associations are not operational"),
    (0x0306, 1, "every security association is operational"),
)

PARAMETERS = (
    (0x0301, "comms_rate_code", "u8", 0, 5, 3, "",
     "0 1200, 1 2400, 2 4800, 3 9600, 4 19200, 5 38400 bit/s"),
    (0x0302, "comms_idle_s", "u8", 0, 255, 10, "s",
     "an idle frame, for its command link control word, when nothing else went so long; 0 never"),
)  # fmt: skip
