"""What is in the images: the memory budget, and what a flight build must not contain."""

import datetime
import json
import re
import subprocess
import sys

import pytest
from elftools.elf.elffile import ELFFile

from boards.obc_f405 import size
from tests.emulated import qemu

RAM_LIMIT_B = 128 * 1024
ARCHITECTURE = qemu.ROOT / "docs" / "architecture.md"

# Functions that would compile code, read commands from the console, reach memory by address, load
# code from outside or cause faults on purpose.
FORBIDDEN = (
    "mp_compile",
    "mp_parse_compile_execute",
    "mp_parse_tree_clear",
    "mp_lexer_new",
    "pyexec_",
    "readline",
    "mp_repl_",
    "mp_raw_code_load",
    "machine_mem",
    "mp_emitter",
    "emit_native",
    "port_run_host_file",
    "obc_fault",
    "obc_peek",
    "obc_poke",
    "semihost_command_line",
    "semihost_exit",
)
FORBIDDEN_TEXT = (b"run=", b">>> ", b"mem32", b"viper")


def symbols(elf):
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name for symbol in table.iter_symbols()}


def budget():
    """The table of docs/architecture.md: part, bytes."""
    text = ARCHITECTURE.read_text(encoding="utf-8").split("## Onboard computer: memory")[1]
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[1].strip(): int(row[2]) for row in rows if row[2].strip().isdigit()}


@pytest.mark.parametrize("profile", ["development", "flight"])
def test_budget(profile):
    sizes = size.measure(qemu.firmware(profile))
    table = budget()
    assert sizes["flash_B"] <= table["flash"] <= 448 * 1024
    assert sizes["kernel_B"] <= table["kernel block"]
    assert sizes["stacks_B"] <= table["stacks"]
    assert sizes["heap_B"] >= table["Python heap"]
    assert sizes["ram_B"] <= RAM_LIMIT_B
    assert sizes["flash_B"] == sizes["boot_B"] + sizes["image_B"]


def test_size_prints_json_and_refuses_other_files(tmp_path):
    script = str(qemu.BOARD_DIR / "size.py")
    elf = qemu.firmware()
    good = subprocess.run([sys.executable, script, str(elf)], capture_output=True, text=True)
    assert json.loads(good.stdout) == size.measure(elf)
    other = tmp_path / "other.elf"
    other.write_bytes(b"no ELF file")
    for path in (other, tmp_path / "missing.elf"):
        bad = subprocess.run([sys.executable, script, str(path)], capture_output=True, text=True)
        assert bad.returncode == 2
        assert len(bad.stderr.splitlines()) == 1


def test_flight_build_has_no_way_in():
    elf = qemu.firmware("flight")
    names = symbols(elf)
    assert not [name for name in names if name.startswith(FORBIDDEN)]
    data = elf.with_suffix(".bin").read_bytes()
    assert not [text for text in FORBIDDEN_TEXT if text in data]


def test_the_proof_would_see_a_development_build():
    names = symbols(qemu.firmware())
    found = {prefix for prefix in FORBIDDEN if any(name.startswith(prefix) for name in names)}
    assert {"port_run_host_file", "mp_raw_code_load", "obc_fault", "obc_poke"} <= found
    assert b"run=" in qemu.firmware().with_suffix(".bin").read_bytes()


def test_kernel_block_is_laid_out_for_the_mpu():
    """A region of 32 KB, of which subregions of 4 KB from the second on are guarded."""
    with qemu.firmware().open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        value = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
    assert value["kernel_start"] % (32 * 1024) == 0
    assert value["kernel_guarded_start"] == value["kernel_start"] + 4096
    assert value["kernel_guarded_start"] <= value["kernel_bss_start"]
    assert value["kernel_bss_end"] <= value["kernel_guarded_end"] <= value["kernel_start"] + 20480
    assert value["vm_guard"] % 256 == 0


def test_no_loadable_segment_lies_in_ram():
    """A loader that fills segments with zeros must not reach the records that survive a reset."""
    with qemu.firmware().open("rb") as file:
        for segment in ELFFile(file).iter_segments():
            if segment["p_type"] == "PT_LOAD":
                assert 0x08000000 <= segment["p_paddr"] < 0x08100000
                assert segment["p_filesz"] == segment["p_memsz"]


@pytest.mark.parametrize(
    "profile", ["development", pytest.param("flight", marks=pytest.mark.accept)]
)
@pytest.mark.parametrize("board", ["feather_f405", "f4_discovery"])
def test_other_boards_build(board, profile):
    assert size.measure(qemu.firmware(profile, board=board))["flash_B"] <= budget()["flash"]


@pytest.mark.parametrize("profile", ["development", "flight"])
def test_an_image_does_not_say_when_it_was_built_nor_of_which_commit(profile):
    """Or no two builds of the same sources would be the same."""
    header = (qemu.firmware(profile).parent / "genhdr" / "mpversion.h").read_text(encoding="utf-8")
    sources = (qemu.ROOT / "boards" / "obc_f405" / "third_party.toml").read_text(encoding="utf-8")
    (release,) = re.findall(r'\[micropython\]\nversion = "(.+)"', sources)
    assert f'MICROPY_GIT_TAG "v{release}"' in header
    assert 'MICROPY_GIT_HASH "<no hash>"' in header
    (day,) = re.findall(r'MICROPY_BUILD_DATE "(.+)"', header)
    assert datetime.date.fromisoformat(day) < datetime.date(2025, 5, 1)
