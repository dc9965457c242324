"""Boot block and image header: an intact image starts, anything else does not."""

import struct
import subprocess
import zlib

from elftools.elf.elffile import ELFFile

from boards.obc_f405 import image
from tests.emulated import qemu
from tests.emulated.flight import Flight

SLOT_A, SLOT_B = 0x08010000, 0x08080000
ASK = """
import obc, native
print(obc.image_slot(), native.FLIGHT_BUILD, list(obc.dictionary_hash()))
"""


def slot_offset(elf, slot=SLOT_A):
    """Where a slot's bytes start in the ELF file."""
    with elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments():
            if segment["p_paddr"] == slot and segment["p_filesz"]:
                return segment["p_offset"]
    raise AssertionError(f"no segment at {slot:#x}")


def damaged(elf, folder, offset, flip=0x01, slots=(SLOT_A, SLOT_B)):
    """A copy of the firmware with one bit of each of `slots` changed."""
    data = bytearray(elf.read_bytes())
    for slot in slots:
        data[slot_offset(elf, slot) + offset] ^= flip
    copy = folder / "damaged.elf"
    copy.write_bytes(data)
    return copy


def boot_until_reset(elf, folder, *extra):
    """Console of a start that ends in a reset."""
    subprocess.run(
        qemu.command(elf, "-no-reboot", *extra),
        cwd=folder,
        check=True,
        timeout=qemu.TIMEOUT_S,
        capture_output=True,
    )
    return (folder / qemu.CONSOLE).read_text()


def test_slot_a_starts(tmp_path):
    elf = qemu.firmware()
    run = qemu.run_text(ASK, tmp_path)
    header = image.HEADER.unpack_from(elf.with_suffix(".bin").read_bytes())
    assert run.status == 0
    assert run.console == f"0 False {list(struct.pack('>I', header[5]))}\n"


def test_header_describes_the_image():
    for profile, flags in (("development", 0), ("flight", image.FLAG_FLIGHT)):
        data = qemu.firmware(profile).with_suffix(".bin").read_bytes()
        magic, length, crc, base, found, _, version, board = image.HEADER.unpack_from(data)
        assert (magic, length, base, found) == (image.MAGIC, len(data), SLOT_A, flags)
        assert crc == zlib.crc32(data[image.CRC_START :])
        assert version.rstrip(b"\0").decode() == image.software_version(qemu.ROOT)
        assert board.rstrip(b"\0") == b"pyboard"


def test_damaged_slot_does_not_start(tmp_path):
    elf = qemu.firmware()
    length = len(elf.with_suffix(".bin").read_bytes())
    for offset in (0, 4, 8, 0x1234, length - 64):
        console = boot_until_reset(damaged(elf, tmp_path, offset), tmp_path)
        assert console == "boot: no intact image in slot A or B\n", hex(offset)


def test_length_beyond_the_slot_is_refused(tmp_path):
    """A length of gigabytes must not send the check out of the flash."""
    console = boot_until_reset(damaged(qemu.firmware(), tmp_path, 7, 0x80), tmp_path)
    assert "no intact image" in console


def test_slot_b_starts_when_a_is_damaged(tmp_path):
    elf = damaged(qemu.firmware(), tmp_path, 0x300, slots=(SLOT_A,))
    assert qemu.run_text(ASK, tmp_path, elf).console.split()[0] == "1"


def test_the_elf_file_has_both_slots_of_one_build():
    elf = qemu.firmware()
    data = elf.read_bytes()
    headers = []
    for slot in (SLOT_A, SLOT_B):
        start = slot_offset(elf, slot)
        header = image.HEADER.unpack_from(data, start)
        magic, length, crc, base = header[:4]
        headers.append(header)
        assert (magic, base) == (image.MAGIC, slot)
        if slot == SLOT_B:  # of slot A the initial data lies elsewhere in the file
            assert crc == zlib.crc32(data[start + image.CRC_START : start + length])
    assert headers[0][4:] == headers[1][4:], "flags, dictionary, version, board"


def test_image_of_slot_a_in_slot_b_is_refused(tmp_path):
    """It is intact, but linked to another address."""
    elf = damaged(qemu.firmware(), tmp_path, 0x300, slots=(SLOT_A,))
    data = bytearray(elf.read_bytes())
    first = qemu.firmware().with_suffix(".bin").read_bytes()
    start = slot_offset(elf, SLOT_B)
    data[start : start + len(first)] = first
    elf.write_bytes(data)
    assert "no intact image" in boot_until_reset(elf, tmp_path)


NEVER_HEALTHY = """
import obc
print(obc.image_slot(), obc.boot_count(), obc.clock.ticks_ms() > 4000)
if obc.image_slot() == 0:
    obc.reset(3)
"""


def test_an_image_that_never_reaches_health_gives_way_to_the_other(tmp_path):
    """Without FRAM, by the copy of the record in RAM. From the third start on Python waits."""
    run = qemu.run_text(NEVER_HEALTHY, tmp_path)
    starts = [line.split() for line in run.console.splitlines()]
    assert [start[0] for start in starts] == ["0", "0", "0", "1"]
    assert [start[2] for start in starts] == ["False", "False", "True", "True"]


def test_the_starts_of_an_image_are_counted_in_fram(tmp_path):
    """The power fails in between: what RAM held is lost, the FRAM says how it was."""
    flight = Flight(tmp_path, 120.0)
    flight.uplink(5.0, flight.encoder.frame("arm", {"function": 0x22}))
    flight.uplink(7.0, flight.encoder.frame("select_image", {"slot": 1}))
    flight.fly()
    assert [cause for _, cause in flight.world.boots] == [1, 3]
    assert flight.history.columns["core_hk"]["image_slot"][-1] == 1
    fram = bytes(flight.world.spacecraft.devices["mb85rc1mt"].memory)
    copies = [fram[at : at + 40] for at in (0x100, 0x180)]
    newest = max(copies, key=lambda copy: int.from_bytes(copy[4:8], "big"))
    assert newest[:2] == b"MF" and zlib.crc32(newest[:36]) == int.from_bytes(newest[36:], "big")
    selected, started, first, second, choice = newest[8:13]
    assert (selected, started, first, second, choice) == (1, 1, 0, 0, 1), "healthy after a minute"
