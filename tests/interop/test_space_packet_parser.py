"""Our XTCE document, by space_packet_parser, on the packets of a flight."""

from __future__ import annotations

import warnings

import pytest
from space_packet_parser.xtce.definitions import XtcePacketDefinition

from ground.dictionary import Dictionary
from ground.xtce import xtce


@pytest.fixture(scope="module")
def definition(tmp_path_factory):
    path = tmp_path_factory.mktemp("xtce") / "mission.xml"
    path.write_text(xtce(Dictionary()), encoding="utf-8")
    return XtcePacketDefinition.from_xtce(path)


@pytest.fixture(scope="module")
def decoded(definition, flight):
    """Every packet of the flight, to its last bit."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [dict(definition.parse_bytes(packet)) for _, packet in flight.packets]


def test_every_packet_is_understood(decoded, flight):
    assert len(decoded) == len(flight.packets) > 500


def test_housekeeping_has_the_values_that_we_read(decoded, flight):
    ours = {}
    for report in flight.reports:
        if report.kind == "housekeeping":
            ours[report.packet.apid, report.packet.sequence] = report
    compared = 0
    for values in decoded:
        report = ours.get((int(values["apid"]), int(values["sequence_count"])))
        if report is None or int(values.get("service", 0)) != 3:
            continue
        for name, raw in report.raw.items():
            scaled = report.values[name]
            rows = zip(raw, scaled, strict=True) if isinstance(raw, list) else [(raw, scaled)]
            for index, (number, engineering) in enumerate(rows):
                suffix = f"_{index}" if isinstance(raw, list) else ""
                found = values[f"{report.name}_{name}{suffix}"]
                if isinstance(found, str):
                    assert found.raw_value == number
                else:
                    assert float(found) == pytest.approx(float(engineering), rel=1e-6)
                compared += 1
    assert compared > 10_000


def test_verification_names_the_telecommand(decoded, flight):
    sent = {
        (int.from_bytes(p[:2], "big") & 0x7FF, int.from_bytes(p[2:4], "big") & 0x3FFF)
        for _, p in flight.commands
    }
    told = {
        (int(v["request_apid"]), int(v["request_sequence"])) for v in decoded if "request_apid" in v
    }
    assert told == sent
