"""Space packets and PUS-C secondary headers as the ground reads and writes them.

CCSDS 133.0-B-2 section 4.1, ECSS-E-ST-70-41C sections 7.4.3 and 7.4.4, and "Space packets" of
docs/architecture.md. All integers big-endian.
"""

import struct
from typing import NamedTuple, Union

from flight import dictionary
from flight.packets import file_units
from flight.packets import space_packet as space
from ground import crc

PRIMARY = struct.Struct(">HHH")
TM_SECONDARY = struct.Struct(">BBBHHBIH")
TC_SECONDARY = struct.Struct(">BBBH")
PUS_C = 2
TM_OVERHEAD = PRIMARY.size + TM_SECONDARY.size + crc.SIZE
TELECOMMAND = 0x1000
SECONDARY_HEADER = 0x0800
UNSEGMENTED = 0xC000

ACK_ALL = space.ACK_ACCEPTANCE | space.ACK_START | space.ACK_PROGRESS | space.ACK_COMPLETION


class TmPacket(NamedTuple):
    """One telemetry packet with a sound header and CRC; its data not yet interpreted.

    Onboard time is `seconds` since 2020-01-01T00:00:00 TAI and `fraction` in 1/65536 s.
    """

    apid: int
    sequence: int
    service: int
    subtype: int
    counter: int
    destination: int
    time_quality: int
    seconds: int
    fraction: int
    data: bytes

    @property
    def time_s(self) -> float:
        """Onboard time [s] since the mission epoch."""
        return self.seconds + self.fraction / 65536


def parse_tm(packet: bytes) -> Union[TmPacket, str]:
    """The telemetry packet, or the name of what is wrong with it (a counter's name)."""
    if len(packet) < TM_OVERHEAD:
        return "short"
    identification, sequence, length = PRIMARY.unpack_from(packet)
    if length + 1 != len(packet) - PRIMARY.size:
        return "length"
    if not crc.is_intact(packet):
        return "crc"
    if identification >> 11 != 0b00001 or sequence & 0xC000 != UNSEGMENTED:
        return "header"
    version, service, subtype, counter, destination, p_field, seconds, fraction = (
        TM_SECONDARY.unpack_from(packet, PRIMARY.size)
    )
    if version >> 4 != PUS_C or p_field != space.TIME_P_FIELD:
        return "pus"
    return TmPacket(
        identification & 0x7FF,
        sequence & 0x3FFF,
        service,
        subtype,
        counter,
        destination,
        version & 0xF,
        seconds,
        fraction,
        packet[PRIMARY.size + TM_SECONDARY.size : -crc.SIZE],
    )


def build_tc(
    apid: int,
    sequence: int,
    service: int,
    subtype: int,
    data: bytes,
    source: int = 0,
    acknowledge: int = ACK_ALL,
) -> bytes:
    """One PUS-C telecommand packet with its CRC.

    `apid` 11 bits, `sequence` 14 bits (wrapped here), `source` the requester's 16-bit id,
    `acknowledge` an OR of the ACK flags.
    """
    body = TC_SECONDARY.pack(PUS_C << 4 | acknowledge, service, subtype, source) + data
    primary = PRIMARY.pack(
        TELECOMMAND | SECONDARY_HEADER | apid,
        UNSEGMENTED | sequence & 0x3FFF,
        len(body) + crc.SIZE - 1,
    )
    return crc.append_crc(primary + body)


def request_id(tc_packet: bytes) -> int:
    """What the verification reports of this telecommand carry: its first four bytes."""
    return int.from_bytes(tc_packet[:4], "big")


def is_file_unit(packet: bytes) -> bool:
    """A telemetry packet that holds a CFDP unit: no secondary header, an APID of its own."""
    apid = (packet[0] << 8 | packet[1]) & 0x7FF
    bases = [partner[2] for partner in dictionary.PARTNERS]
    return not packet[0] & 0x18 and apid - file_units.APID_OFFSET in bases
