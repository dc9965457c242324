"""Space packets of a flight, as tshark's dissector reads them (Debian: tshark)."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess

import pytest

pytestmark = pytest.mark.interop

PORT = 40000
LINK_TYPE_RAW_IP = 101


def capture(payloads):
    """A capture file (libpcap 2.4) of one UDP datagram over IPv4 for each payload."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINK_TYPE_RAW_IP)]
    for number, payload in enumerate(payloads):
        udp = struct.pack(">HHHH", PORT, PORT, 8 + len(payload), 0) + payload
        head = struct.pack(
            ">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001
        )
        out.append(struct.pack("<IIII", number, 0, len(head) + len(udp), len(head) + len(udp)))
        out.append(head + udp)
    return b"".join(out)


def dissect(folder, payloads, protocol):
    """The layer `protocol` of every payload, as tshark's JSON has it."""
    tshark = shutil.which("tshark")
    assert tshark, "tshark is missing: make interop installs it"
    file = folder / "capture.pcap"
    file.write_bytes(capture(payloads))
    step = subprocess.run(
        [tshark, "-r", str(file), "-d", f"udp.port=={PORT},{protocol}", "-T", "json"],
        capture_output=True,
        check=True,
    )
    return [row["_source"]["layers"].get(protocol) for row in json.loads(step.stdout)]


def flat(layer):
    """All fields of a layer, whatever the groups they stand in."""
    out = {}
    for key, value in layer.items():
        if isinstance(value, dict):
            out.update(flat(value))
        else:
            out[key] = value
    return out


@pytest.fixture(scope="module")
def packets(flight):
    return [packet for _, packet in flight.packets] + [packet for _, packet in flight.commands]


@pytest.fixture(scope="module")
def layers(packets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tshark")
    return [flat(layer) for layer in dissect(folder, packets, "ccsds")]


def test_every_packet_is_a_space_packet_to_tshark(layers, packets):
    assert len(layers) == len(packets) > 500
    for layer, packet in zip(layers, packets, strict=True):
        assert int(layer["ccsds.version"]) == 0
        assert int(layer["ccsds.seqflag"]) == 3
        assert int(layer["ccsds.length"]) == len(packet) - 7


def test_telemetry_and_telecommands_are_told_apart(layers, flight):
    down, up = layers[: len(flight.packets)], layers[len(flight.packets) :]
    assert {layer["ccsds.type"] for layer in down} == {"0"}
    assert {layer["ccsds.type"] for layer in up} == {"1"}
    # Time reports alone have no secondary header.
    bare = [layer for layer in down if layer["ccsds.secheader"] == "0"]
    assert bare and {layer["ccsds.apid"] for layer in bare} == {"0"}


def test_sequence_counts_are_gapless_by_apid(layers, flight):
    found = {}
    for (_, packet), layer in zip(flight.packets, layers, strict=False):
        found.setdefault(int(layer["ccsds.apid"]), []).append(int(layer["ccsds.seqnum"]))
        assert int(layer["ccsds.apid"]) == int.from_bytes(packet[:2], "big") & 0x7FF
    assert len(found) > 8
    for counts in found.values():
        assert counts == list(range(counts[0], counts[0] + len(counts)))
