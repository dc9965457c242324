"""Boot block and image header: an intact image starts, anything else does not."""

import struct
import subprocess
import zlib

from elftools.elf.elffile import ELFFile

from boards.obc_f405 import image
from tests.emulated import qemu

SLOT_A, SLOT_B = 0x08010000, 0x08080000
ASK = """
import obc, native
print(obc.image_slot(), native.FLIGHT_BUILD, list(obc.dictionary_hash()))
"""


def slot_offset(elf):
    """Where slot A's bytes start in the ELF file."""
    with elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments():
            if segment["p_paddr"] == SLOT_A and segment["p_filesz"]:
                return segment["p_offset"]
    raise AssertionError("no segment at slot A")


def damaged(elf, folder, offset, flip=0x01):
    """A copy of the firmware with one bit of slot A changed."""
    data = bytearray(elf.read_bytes())
    data[slot_offset(elf) + offset] ^= flip
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
    second = qemu.firmware(slot="b").with_suffix(".bin")
    script = tmp_path / "script.py"
    script.write_text(ASK)
    compiled = qemu.compile_script(script, tmp_path)
    loader = f"loader,file={second},addr={SLOT_B:#x},force-raw=on"
    for elf, slot in ((damaged(qemu.firmware(), tmp_path, 0x300), "1"), (qemu.firmware(), "0")):
        command = qemu.command(elf, "-device", loader, "-append", f"run={compiled.name}")
        subprocess.run(command, cwd=tmp_path, check=True, timeout=qemu.TIMEOUT_S)
        assert (tmp_path / qemu.CONSOLE).read_text().split()[0] == slot


def test_image_of_slot_a_in_slot_b_is_refused(tmp_path):
    """It is intact, but linked to another address."""
    first = qemu.firmware().with_suffix(".bin")
    loader = f"loader,file={first},addr={SLOT_B:#x},force-raw=on"
    elf = damaged(qemu.firmware(), tmp_path, 0x300)
    assert "no intact image" in boot_until_reset(elf, tmp_path, "-device", loader)
