"""Space packets of a flight, as tshark's dissector reads them (Debian: tshark)."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess

import pytest

from tests.flight.cfdp_rig import Line, content, write

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


class Overheard(Line):
    """A line between the spacecraft and cfdp-py, with everything that was said on it."""

    def __init__(self, folder, loss, owner):
        super().__init__(folder, loss, seed=2, owner=owner)
        self.pdus = []  # (towards the spacecraft, octets)
        take, following = self.onboard.take, self.onboard.next

        def heard(pdu, owner=0):
            self.pdus.append((True, pdu))
            return take(pdu, owner)

        def said(owner=0):
            pdu = following(owner)
            if pdu is not None:
                self.pdus.append((False, pdu))
            return pdu

        self.onboard.take, self.onboard.next = heard, said


@pytest.fixture(scope="module")
def transfers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    line = Overheard(folder, 0.2, "EC")
    data = content(3000)
    line.ground.upload(write(folder, "up.bin", data), "up.bin")
    line.run()
    line.onboard.memory.files[b"f1/down.bin"] = data
    line.download("down.bin")
    line.run()
    return line, dissect(tmp_path_factory.mktemp("tshark"), [p for _, p in line.pdus], "cfdp")


def octets(text):
    return bytes.fromhex(text.replace(":", ""))


def test_every_pdu_is_cfdp_to_tshark(transfers):
    line, layers = transfers
    assert len(layers) == len(line.pdus) > 40
    for (_, pdu), layer in zip(line.pdus, layers, strict=True):
        fields = flat(layer)
        assert fields["cfdp.version"] == "1"
        # Acknowledged, without CRC: the link has its own.
        assert fields["cfdp.trans_mode"] == fields["cfdp.crc_flag"] == "0"
        assert int(fields["cfdp.data_length"]) == int.from_bytes(pdu[1:3], "big")
        assert {fields["cfdp.srcid"], fields["cfdp.dstid"]} == {"1", "11"}


def test_pdus_go_the_way_that_their_direction_says(transfers):
    line, layers = transfers
    for (up, _), layer in zip(line.pdus, layers, strict=True):
        fields = flat(layer)
        towards_receiver = fields["cfdp.direction"] == "0"
        assert up == ((fields["cfdp.dstid"] == "1") == towards_receiver)


@pytest.mark.parametrize("source", ["1", "11"])
def test_the_file_is_in_what_tshark_sees(transfers, source):
    """Of both ways the octets, from the offsets that it reads; what was lost came again."""
    line, layers = transfers
    data = bytearray(3000)
    seen = set()
    directives = set()
    for layer in layers:
        fields = flat(layer)
        if fields["cfdp.srcid"] != source:
            continue
        if fields["cfdp.pdu_type"] == "1":
            piece, at = octets(fields["cfdp.user_data"]), int(fields["cfdp.offset"])
            data[at : at + len(piece)] = piece
            seen.update(range(at, at + len(piece)))
        else:
            directives.add(int(fields["cfdp.fdtype"]))
            if fields["cfdp.fdtype"] == "7":
                assert fields["cfdp.file_size"] == "3000"
    assert len(seen) == 3000 and bytes(data) == content(3000)
    # End of file, finished, acknowledgement, metadata, negative acknowledgement.
    assert directives == {4, 5, 6, 7, 8}
