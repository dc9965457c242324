"""CFDP protocol data units in space packets: who is who, and where they go (docs/link.md).

A packet of type telecommand up, of type telemetry down, without secondary header and CRC of its
own, holds one unit (CCSDS 727.0-B-5, 4.1 and 5.1).
"""

ENTITY = 1  # of the spacecraft
GROUND_ENTITY = 10  # of the host; those of the partners follow in their order
APID_OFFSET = 16  # in the block of their owner, up and down
