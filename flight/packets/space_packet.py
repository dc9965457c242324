"""Space packets and PUS-C headers: layout constants and allocation-free writers.

Primary header CCSDS 133.0-B-2, 4.1.3; secondary headers ECSS-E-ST-70-41C, 7.4.3 (telemetry) and
7.4.4 (telecommands). The CRC-16 at the end (7.4.3.3 and 7.4.4.3) is put there by the caller.
"""

import struct

PRIMARY_SIZE = 6
TM_SECONDARY_SIZE = 14
TM_HEADER_SIZE = 20
TC_SECONDARY_SIZE = 5
TC_HEADER_SIZE = 11
CRC_SIZE = 2

TYPE_TC = 0x10  # in the first byte
SECONDARY_HEADER = 0x08  # in the first byte
UNSEGMENTED = 0xC0  # sequence flags in the third byte
PUS_VERSION = 0x20  # high nibble of the first secondary octet
TIME_P_FIELD = 0x2E

# Acknowledgement flags, low nibble of the first telecommand secondary octet (7.4.4.1).
ACK_ACCEPTANCE = 0x1
ACK_START = 0x2
ACK_PROGRESS = 0x4
ACK_COMPLETION = 0x8

EVENT_RECORD = ">IHHBBHI"  # seconds, fraction, id, owner, severity, arg0, arg1
EVENT_RECORD_SIZE = 16


def write_tm_header(buf, apid, sequence, service, subtype, counter, destination, quality):
    """Write both headers of a telemetry packet but its length and time into `buf[0:20]`.

    `sequence` 14 bits and `counter` 16 bits count up and wrap; `quality` 0..15 is the time status.
    """
    struct.pack_into(
        ">HHHBBBHHB",
        buf,
        0,
        SECONDARY_HEADER << 8 | apid,
        UNSEGMENTED << 8 | sequence,
        0,
        PUS_VERSION | quality,
        service,
        subtype,
        counter,
        destination,
        TIME_P_FIELD,
    )


def write_length(buf, total):
    """Packet data length field (octets 4 and 5) of a packet of `total` bytes: total - 7."""
    value = total - PRIMARY_SIZE - 1
    buf[4] = value >> 8
    buf[5] = value & 0xFF


def write_time(buf, seconds, fraction):
    """CUC 4+2 time of a telemetry packet, octets 14..19."""
    struct.pack_into(">IH", buf, 14, seconds, fraction)


def write_event(buf, off, seconds, fraction, event, owner, severity, arg0, arg1):
    """One 16-byte event record."""
    struct.pack_into(
        EVENT_RECORD, buf, off, seconds, fraction, event, owner, severity, arg0 & 0xFFFF, arg1
    )
