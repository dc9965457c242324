"""Memory protection on the emulated computer: what a broken pointer of Python's can do to C."""

import pytest
from elftools.elf.elffile import ELFFile

from tests.emulated import qemu

MPU_CTRL = 0xE000ED94
READ = """
import obc, struct, native
crash = bytearray(124)
obc.crash_into(crash)
kind, exception, line, count, restarts, _, _, cfsr, address = struct.unpack_from(
    "<BBHIIIIII", crash
)
def stats():
    out = bytearray(164)
    native.kernel.stats_into(out)
    return struct.unpack_from("<3I", out, 0)
"""


def symbols():
    with qemu.firmware().open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


@pytest.mark.parametrize("place", ["kernel_guarded_start", "port_kernel", "ended", "last word"])
def test_a_store_into_kernel_ram_faults_and_the_kernel_goes_on(tmp_path, place):
    known = symbols()
    at = known["kernel_guarded_end"] - 4 if place == "last word" else known[place] & ~3
    run = qemu.run_text(
        READ
        + f"""
if count == 0:
    obc.clock.sleep_until(1000)
    print(obc.peek({at}) is None)  # reading is allowed
    obc.poke({at}, 0x12345678)
obc.clock.sleep_until(3050)
print(kind, exception, count, restarts, cfsr & 0x82, address == {at}, stats())
""",
        tmp_path,
    )
    # Memory management fault, data access, address valid; ticks 5..30 have run at 3.05 s.
    assert run.console == "False\n3 4 1 1 130 True (26, 0, 0)\n", run.console


def test_the_guard_is_what_stops_the_store(tmp_path):
    """The measure of the test above: without it the same store is done."""
    at = symbols()["kernel_guarded_end"] - 4
    run = qemu.run_text(
        READ
        + f"""
obc.poke({MPU_CTRL}, 0)
obc.poke({at}, 0x12345678)
print(hex(obc.peek({at})), count)
""",
        tmp_path,
    )
    assert run.console == "0x12345678 0\n"


def test_the_guard_is_closed_behind_every_kind_of_call(tmp_path):
    """After calls into the kernel, also those that fail, raise or sleep, the store still faults."""
    at = symbols()["port_kernel"]
    run = qemu.run_text(
        READ
        + f"""
calls = (
    lambda: native.kernel.beat(),
    lambda: native.kernel.command(1, 1, None, 0),
    lambda: native.kernel.command(99, 99, None, 0),
    lambda: native.kernel.report_into(bytearray(1)),
    lambda: native.radio.probe(),
    lambda: native.fram.read(0, bytearray(4)),
    lambda: native.I2C(2).readfrom_into(0x48, bytearray(2)),
    lambda: obc.clock.sleep_until(obc.clock.ticks_ms() + 120),
    lambda: native.link.start(),
)
if count < len(calls):
    try:
        calls[count]()
    except (OSError, ValueError):
        pass
    obc.poke({at}, 0)
print(count, exception)
""",
        tmp_path,
    )
    assert run.status == 0, run.console
    # Four starts in a row, then a reset: the count of crashes goes on over it.
    assert run.console == "9 4\n"
