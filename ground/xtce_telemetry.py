"""Telemetry of the XTCE document: a container for every packet, by APID, service and subtype.

    CCSDSPacket
      time_report                         APID 0 (9/2)
      idle_packet                         APID 0x7FF
      pus_packet                          what has a PUS secondary header
        verification                      1/x, with the failure code where there is one
        housekeeping                      3/25; below it one container per packet of the dictionary
        event, parameters, …              one per message type

Names are flat: `<packet>_<field>`, an element of an array with its number behind. A list has one
container per length, the shorter ones inside the longer ones (`<list>_3` holds three rows,
`<list>_3_end` the packet that ends there), so that no reader needs more than inheritance.
"""

from typing import List, Mapping
from xml.etree import ElementTree as ET

from flight.packets import space_packet as space
from flight.packets.file_units import APID_OFFSET as FILE_APID
from ground import names
from ground.dictionary import SEVERITIES, Dictionary, Packet, parse_type
from ground.time_report import QUALITIES
from ground.xtce_answers import Answers
from ground.xtce_containers import CRC, PUS, Containers
from ground.xtce_types import SIZES, names_in, plain

ROOT = "CCSDSPacket"
SURVIVAL_BEACON = 0x0020
SURVIVAL_APID = 0x11F  # MF_SURVIVAL_APID of native/include/mf_survival.h
IDLE_APID = 0x7FF
# Sent to whoever asked for it, or is meant.
OF_ANY_OWNER = ("science", "transfers", "mail", "mail_receipt", "mail_box")
# Octets of a packet behind the primary header that are not the rest of a report: secondary
# header, CRC; and the length field counts one less than there are.
AROUND = space.TM_SECONDARY_SIZE + space.CRC_SIZE - 1
EVENT_ROWS = 48  # flight/services/events.py


class Telemetry:
    """Fills a TelemetryMetaData element."""

    def __init__(self, parent: ET.Element, dictionary: Dictionary) -> None:
        meta = ET.SubElement(parent, "TelemetryMetaData")
        self._dictionary = dictionary
        self._set = Containers(meta)
        self._types = self._set.types
        self._u8, self._u16 = self._scalar("u8"), self._scalar("u16")
        self._time = self._types.time(dictionary.epoch)

    def _scalar(self, text: str) -> str:
        return self._types.number(parse_type(text))

    def build(self) -> None:
        """Everything."""
        bits, parameter = self._types.bits, self._set.parameter
        header = [
            parameter("packet_version", bits(3)),
            parameter("packet_type", bits(1)),
            parameter("secondary_header_flag", bits(1)),
            parameter("apid", bits(11)),
            parameter("sequence_flags", bits(2)),
            parameter("sequence_count", bits(14)),
            parameter("packet_length", self._u16, "octets after the primary header, less one"),
        ]
        self._set.container(ROOT, None, (), header, "Space packet, CCSDS 133.0-B-2", abstract=True)
        parameter(CRC, self._u16)
        self._p_field = parameter("time_p_field", self._u8)
        unit = parameter("file_unit", self._types.rest("packet_length", -1))
        filler = parameter("idle_fill", self._types.rest("packet_length", -1))
        for partner in self._dictionary.partners:
            apid = ("apid", "==", partner.apid_base + FILE_APID)
            conditions = [("secondary_header_flag", "==", 0), apid]
            self._set.container(f"file_unit_{partner.name}", ROOT, conditions, [unit], "CFDP")
        self._set.container("idle_packet", ROOT, [("apid", "==", IDLE_APID)], [filler])
        self._time_report()
        secondary = [
            parameter("pus_version", bits(4)),
            parameter("time_quality", bits(4, QUALITIES, "time_quality"), "of the packet's time"),
            parameter("service", self._u8),
            parameter("subtype", self._u8),
            parameter("message_counter", self._u16),
            parameter("destination", self._u16, "source id of the telecommand it answers"),
            self._p_field,
            parameter("onboard_time", self._time),
        ]
        has_header = [("secondary_header_flag", "==", 1)]
        self._set.container(PUS, ROOT, has_header, secondary, "ECSS-E-ST-70-41C, 7.4.3")
        self._verification()
        self._housekeeping()
        self._events()
        self._values()
        Answers(self._set, self._dictionary, self._time).build()

    def _time_report(self) -> None:
        entries = [
            self._set.parameter(
                "time_report_exponent", self._u8, "one report per 2^n frames of VC 0"
            ),
            self._p_field,
            self._set.parameter("time_report_time", self._time, "when the frame went to the radio"),
            self._set.parameter(
                "time_report_quality",
                self._types.enumeration("time_report_quality", 8, QUALITIES),
            ),
            CRC,
        ]
        self._set.container(
            "time_report", ROOT, [("apid", "==", 0)], entries, "TM(9,2) onboard time", True
        )

    def _verification(self) -> None:
        bits, parameter = self._types.bits, self._set.parameter
        request = [
            parameter("request_header", bits(5)),
            parameter("request_apid", bits(11), "APID of the telecommand reported on"),
            parameter("request_flags", bits(2)),
            parameter("request_sequence", bits(14), "its sequence count"),
        ]
        code = parameter(
            "failure_code", self._types.enumeration("failure", 16, self._dictionary.failures)
        )
        for stage, success in (("acceptance", 1), ("start", 3), ("completion", 7)):
            self._set.message(f"{stage}_success", 1, success, request, f"successful {stage}")
            failed = [*request, code]
            self._set.message(f"{stage}_failure", 1, success + 1, failed, f"failed {stage}")
        self._set.message("routing_failure", 1, 10, [*request, code], "failed routing")

    def _housekeeping(self) -> None:
        structure = self._set.parameter("structure_id", self._u16)
        self._set.message("housekeeping", 3, 25, [structure], "housekeeping report", ends=False)
        for packet in self._dictionary.packets.values():
            owner = self._dictionary.partners[packet.owner]
            apid = owner.apid_base + (packet.id >> 8)
            if packet.id == SURVIVAL_BEACON:
                apid = SURVIVAL_APID
            conditions = [("structure_id", "==", packet.id)]
            if packet.name not in OF_ANY_OWNER:
                conditions.append(("apid", "==", apid))
            self._set.container(
                packet.name,
                "housekeeping",
                conditions,
                [*self._fields(packet), CRC],
                packet.description,
                partition=True,
            )

    def _fields(self, packet: Packet) -> List[str]:
        entries = []
        little = packet.byte_order == "little"
        for row in packet.fields:
            values = self._names(packet.name, row.name, row.description)
            if values and not row.type.is_float and row.scale == 1:
                type_name = self._types.enumeration(
                    f"{packet.name}_{row.name}",
                    SIZES[row.type.name],
                    values,
                    little,
                    row.type.name.startswith("i"),
                )
            else:
                type_name = self._types.number(row.type, row.unit, row.scale, little)
            frame = f"frame {row.frame}" if row.frame else ""
            description = ", ".join(filter(None, (row.description, frame)))
            for index in range(row.type.count):
                suffix = f"_{index}" if row.type.is_array else ""
                name = plain(f"{packet.name}_{row.name}{suffix}")
                entries.append(self._set.parameter(name, type_name, description))
        return entries

    def _names(self, packet: str, field: str, description: str) -> Mapping[int, str]:
        """Names of a field's values: of the dictionary's tables, or listed in its description."""
        tables = {
            "spacecraft_mode": self._dictionary.mode_names,
            "logged_mode": self._dictionary.mode_names,
            "logged_quality": QUALITIES,
            "logged_reason": self._dictionary.mode_reasons,
        }
        if (packet, field) == ("core_hk", "mode_reason"):
            return self._dictionary.mode_reasons
        if (packet, field) == ("attitude_estimate", "reason"):
            return names.LOOP_REASONS
        if field in tables:
            return tables[field]
        return names_in(description)

    def _events(self) -> None:
        parameter, number = self._set.parameter, self._scalar
        texts = {event.id: event.text for event in self._dictionary.events.values()}
        entries = [
            parameter("event_time", self._time),
            parameter("event_id", self._types.enumeration("event", 16, texts)),
            parameter("event_owner", self._owner_type()),
            parameter("event_severity", self._types.enumeration("severity", 8, SEVERITIES)),
            parameter("event_arg0", self._u16, "{0} of the event's text"),
            parameter("event_arg1", number("u32"), "{1} of the event's text"),
            CRC,
        ]
        conditions = [("service", "==", 5), ("subtype", "<=", 4)]
        self._set.container("event", PUS, conditions, entries, "TM(5,1..4) event", True)
        count = parameter("events_off_count", self._u8)
        self._set.message("events_off", 5, 8, [count], "events that are not reported", ends=False)
        event = self._types.enumeration("event", 16, texts)
        self._set.rows("events_off", count, [("id", event)], EVENT_ROWS)

    def _owner_type(self) -> str:
        owners = {partner.index: partner.name for partner in self._dictionary.partners}
        return self._types.enumeration("owner", 8, owners)

    def _values(self) -> None:
        """20/2 with one parameter gives its value; with several the octets as they are."""
        count = self._set.parameter("parameters_count", self._u8)
        self._set.message("parameters", 20, 2, [count], "values of parameters", ends=False)
        known = self._dictionary.parameters.values()
        ids = self._types.enumeration("parameter", 16, {p.id: p.name for p in known})
        one = self._set.parameter("parameter_id", ids)
        self._set.container("parameter", "parameters", [(count, "==", 1)], [one])
        rest = self._types.rest("packet_length", AROUND + 1)
        several = [self._set.parameter("parameters_octets", rest), CRC]
        self._set.container("parameters_several", "parameters", [(count, "!=", 1)], several)
        for row in known:
            name = self._set.parameter(
                f"parameter_{row.name}", self._types.number(row.type, row.unit), row.description
            )
            self._set.container(
                f"value_of_{row.name}", "parameter", [(one, "==", row.id)], [name, CRC]
            )
