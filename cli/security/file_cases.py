"""The abuse cases of files: A16, names that lead elsewhere, and A17, malformed and hostile CFDP.

EC attacks with a good key of his own; IR has a file that must stay what it is. Afterwards a good
upload of EC's comes through whole, and every owner's telecommands work.
"""

import struct
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List

from cli.figures_files import files_of
from cli.file_link import UPLINK_MAP, FileLink
from cli.security.file_units import (
    ACK,
    EOF,
    FINISHED,
    LARGE_FILE,
    METADATA,
    NAK,
    UNACKNOWLEDGED,
    WITH_CRC,
    data,
    eof,
    metadata,
    unit,
)
from cli.security.flight import OWNERS, Attack, Result
from cli.security.service_flight import of
from flight import dictionary
from flight.packets.file_units import APID_OFFSET
from ground import cltu

EC, IR = 1, 2
SECRET = b"of IR alone"
GOOD = bytes(range(256)) * 8
READY_S = 15.0  # the file system is up
UPLOAD_S = 40.0
NAMES = (
    b"..", b"../f2/secret", b"/f2/secret", b"a/../../f2/secret", b"\\f2\\secret", b"a\0b", b"\0",
    b"\xc0\xae\xc0\xae/x", b"\xc3\xa4", b"%2e%2e", b"x" * 32, b"x" * 170, b"a.", b".a", b".up",
    b"d/", b"d/e/f", b"boot.py/", b"C:a", b"~", b" ", b"",
)  # fmt: skip


@dataclass
class FileAttack(Attack):
    """`units`: of the packet files_hk, what each refusal is to be counted as; `told`: failures of
    telecommands that EC is told, by code."""

    units: "Counter[str]" = field(default_factory=Counter)
    told: "Counter[int]" = field(default_factory=Counter)
    number: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_s = READY_S
        self._sequence = 0

    def pdu(self, made: bytes, counter: str = "", vc: int = EC) -> None:
        """A CFDP unit in a good frame of the owner of a channel."""
        apid = dictionary.PARTNERS[vc][2] + APID_OFFSET
        header = struct.pack(">HHH", 0x1000 | apid, 0xC000 | self._sequence, len(made) - 1)
        self._sequence += 1
        frame = self.security.frame
        self.raw(lambda: cltu.burst(frame(vc, header + made, map_id=UPLINK_MAP)))
        if counter:
            self.units[counter] += 1

    def opened(self, made: bytes, counter: str, condition: int) -> None:
        """Metadata that is to be refused, and the acknowledgement of how that is told."""
        self.number += 1
        self.pdu(unit(made, METADATA, owner=EC, number=self.number), counter)
        self.later(1.2)
        done = bytes((0x51, condition << 4 | 1))
        self.pdu(unit(done, ACK, owner=EC, number=self.number))

    def fly(self) -> "FileResult":
        """Fly, with a good upload at the end. Raises `CliError`."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "good").write_bytes(GOOD)
            begin_s = self.at_s + 1.0
            self.later(UPLOAD_S)
            links: List[FileLink] = []

            def join(flight: Any) -> None:
                _store(flight)
                flight.encoder.security = self.security
                links.append(FileLink(flight, OWNERS[EC], folder, passes=((begin_s, 1e9),)))
                links[0].upload(begin_s, folder / "good", "good.bin")

            self.before.append(join)
            self.good[OWNERS[EC]] += 1  # the ping that opens the pass
            result = super().fly()
        return FileResult(self, result.flight, result.reports, links[0])


def _store(flight: Any) -> None:
    """IR's file, written before the flight."""
    files = files_of(flight)
    files.format()
    files.mount()
    for folder in ("f1", "f2"):
        files.folder(folder)
    files.open(0, "f2/secret", files.WRITE | files.CREATE)
    files.write(0, SECRET, 0, len(SECRET))
    files.close(0)
    files.unmount()


@dataclass
class FileResult(Result):
    """As Result, of files."""

    link: Any = None

    def counters(self) -> Dict[str, int]:
        """Refused units by name, and failures that were told."""
        raw = self.flight.history.latest["files_hk"].raw
        found = {n: v for n, v in raw.items() if n.startswith("pdu_") and v}
        refused = self.flight.history.latest["storage_hk"].raw["paths_refused"]
        return {**found, "paths_refused": refused} if refused else found

    def problems(self) -> List[str]:
        """Everything that is not as it has to be, one line each."""
        attack, found = self.attack, []
        assert isinstance(attack, FileAttack)
        expected = dict(attack.units)
        if attack.told:
            expected["paths_refused"] = sum(attack.told.values())
        if self.counters() != expected:
            found.append(f"counted {self.counters()}, expected {expected}")
        told: "Counter[int]" = Counter()
        for report in self.reports:
            if report.kind == "verification" and not report.raw["success"]:
                told[report.raw["code"]] += 1
                if report.owner != OWNERS[EC]:
                    found.append(f"{report.owner} is told of a failure of {OWNERS[EC]}")
        if told != attack.told:
            found.append(f"told {dict(told)}, expected {dict(attack.told)}")
        carried = self.flight.history.verified.get("completion_success", 0)
        if carried != sum(attack.good.values()):
            found.append(f"{carried} telecommands carried out, {sum(attack.good.values())} sent")
        if [outcome.complete for outcome in self.link.files.ended] != [True]:
            found.append("the good upload does not come through")
        if len(self.flight.world.boots) != 1:
            found.append(f"{len(self.flight.world.boots)} starts")
        return found + self._memory()

    def _memory(self) -> List[str]:
        files = files_of(self.flight)
        if files.mount() < 0:
            return ["the file system is damaged"]
        found = []
        for owner, wanted in ((1, {"good.bin": GOOD}), (2, {"secret": SECRET})):
            held = {}
            entry = bytearray(files.ENTRY_SIZE)
            files.list(f"f{owner}")
            names = []
            while (n := files.next(entry)) > 0:
                if entry[0] != 0x2E:
                    names.append(bytes(entry[:n]).decode("ascii"))
            for name in names:
                out = bytearray(max(0, files.stat(f"f{owner}/{name}")))
                files.open(0, f"f{owner}/{name}", files.READ)
                files.read(0, out, 0, len(out))
                files.close(0)
                held[name] = bytes(out)
            if held != wanted:
                found.append(f"{OWNERS[owner]} has {sorted(held)}, expected {sorted(wanted)}")
        return found


def a16(attack: FileAttack) -> None:
    """Names that lead out of one's root, in service 23, requests for downloads, and CFDP."""
    for name in NAMES:
        if len(name) < 32 and b"\\" not in name and b"\0" not in name:
            for command in ("file_create", "file_delete", "file_send"):
                size = struct.pack(">I", 10) if command == "file_create" else b""
                size = b"\x02\x03" if command == "file_send" else size
                subtype = {"file_create": 1, "file_delete": 2, "file_send": 128}[command]
                body = b"\x00" + bytes((len(name),)) + name + size
                packet = of(EC, 23, subtype, body)
                attack.send(partial(attack.security.frame, EC, packet))
                attack.told[26] += 1
    for name in NAMES:
        attack.opened(metadata(10, name), "pdu_bad_name", 4)


def a17(attack: FileAttack) -> None:
    """CFDP: wrong offsets, sizes, lengths, flags, entities; storms and half-open transfers."""

    def send(made: bytes, counter: str = "") -> None:
        attack.pdu(made, counter)

    def mine(body: bytes, directive: Any = None, **how: Any) -> bytes:
        return unit(body, directive, **{"owner": EC, "number": 500, **how})

    attack.opened(metadata(0xFFFFFFFF), "pdu_bad_size", 6)
    attack.opened(metadata(524289), "pdu_bad_size", 4)
    attack.opened(metadata(10, kind=2), "pdu_bad_checksum_type", 11)
    send(mine(data(0, b"x"), flags=UNACKNOWLEDGED, number=499), "pdu_unknown_transfer")
    send(mine(metadata(10)[:-2] + b"\xffa", METADATA, number=498), "pdu_bad_directive")
    done = bytes((0xF0,)) + bytes(8)
    send(mine(done, EOF, number=498))
    attack.later(1.2)
    send(mine(b"\x51\xf1", ACK, number=498))
    send(mine(data(40, b"before the metadata")))
    send(mine(metadata(100), METADATA))
    for offset, octets in ((101, b"x"), (99, b"xy"), (0xFFFFFFFF, b"xy"), (0xFFFFFFF0, bytes(32))):
        send(mine(data(offset, octets)), "pdu_bad_offset")
    send(mine(data(0, b"x"), flags=LARGE_FILE), "pdu_bad_header")
    send(mine(data(0, b"x")) + b"y", "pdu_bad_header")
    send(mine(data(0, b"xyz"))[:-1], "pdu_bad_header")
    send(b"\x30\x00", "pdu_bad_header")
    send(mine(data(0, b"x"), flags=WITH_CRC)[:-1] + b"!", "pdu_bad_crc")
    send(mine(data(0, b"x"), flags=WITH_CRC), "pdu_inconsistent")
    send(mine(data(0, b"x"), source=12), "pdu_wrong_entity")
    send(mine(b"\0\0", FINISHED, up=False, destination=12), "pdu_wrong_entity")
    send(mine(b"\0\0", FINISHED, up=False), "pdu_unknown_transfer")
    send(mine(bytes(16), NAK, up=False), "pdu_unknown_transfer")
    for number in range(600, 620):
        send(mine(data(0, b"x"), number=number), "pdu_busy")
    send(mine(b"\0\0", 99), "pdu_bad_directive")
    send(mine(eof(100, 1), EOF))
    send(mine(eof(100, 2), EOF), "pdu_inconsistent")
    # The same number of another owner is another transfer.
    attack.pdu(unit(metadata(5, b"b"), METADATA, owner=IR, number=500), vc=IR)
    attack.pdu(unit(done, EOF, owner=IR, number=500), vc=IR)
    send(mine(done, EOF))
    attack.later(1.2)
    send(mine(b"\x51\xf1", ACK))


def _flown(case: Callable[[FileAttack], None]) -> "Callable[[str, Path], Any]":
    def fly(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
        attack = FileAttack(case.__name__.upper(), world, elf)
        case(attack)
        result = attack.fly()
        return result.problems(), result.counters()

    fly.__doc__ = case.__doc__
    return fly


FILE_PROOFS: "Dict[str, Callable[[str, Path], Any]]" = {"A16": _flown(a16), "A17": _flown(a17)}
