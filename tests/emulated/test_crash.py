"""Crash records and restarts: what a fault, an error in main and a reset leave behind."""

import pytest
from elftools.elf.elffile import ELFFile

from tests.emulated import qemu

READ = """
import obc, struct, native
crash = bytearray(124)
obc.crash_into(crash)
kind, exception, line, count, restarts, pc, lr, cfsr, address, text = struct.unpack_from(
    "<BBHIIIIII24s", crash, 0
)
def ticks():
    stats = bytearray(164)
    native.kernel.stats_into(stats)
    return struct.unpack_from("<I", stats, 0)[0]
def show():
    print(kind, exception, line, count, restarts, pc, cfsr, address)
    print(text.rstrip(b"\\0").decode())
    print(obc.reset_cause(), obc.boot_count())
"""


def symbol(name):
    """Address and size of a symbol of the development image."""
    with qemu.firmware().open("rb") as file:
        (found,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
        return found["st_value"], found["st_size"]


@pytest.mark.parametrize(
    ("provoked", "exception", "cfsr", "address"),
    [
        (0, 6, 1 << 16, 0),  # undefined instruction
        (1, 5, 1 << 9 | 1 << 15, 0x60000000),  # precise bus fault, address valid
        (3, 6, 1 << 25, 0),  # division by zero
    ],
)
def test_fault_of_the_vm_restarts_it(tmp_path, provoked, exception, cfsr, address):
    run = qemu.run_text(
        READ
        + f"""
obc.clock.sleep_until(1000)
before = ticks()
if count == 0:
    obc.fault({provoked})
show()
""",
        tmp_path,
    )
    assert run.status == 0, run.console
    first, text, cause = run.console.splitlines()
    found = [int(word) for word in first.split()]
    pc = found.pop(5)
    start, size = symbol("obc_fault")
    assert found == [3, exception, 0, 1, 1, cfsr, address]
    assert (start & ~1) <= pc < (start & ~1) + size
    assert text == ""
    assert cause == "6 1"  # the VM was restarted, the processor was not


def test_registers_and_stack_of_a_fault_are_kept(tmp_path):
    """obc_fault(1) reads where nothing is: the address is in a register, SP points into the stack
    of Python, and what lies there is told as it lies there."""
    run = qemu.run_text(
        READ
        + """
registers = struct.unpack_from("<10I", crash, 52 + 0)
stack = struct.unpack_from("<8I", crash, 92)
if count == 0:
    obc.fault(1)
print(*registers)
print(*stack)
print(lr)
""",
        tmp_path,
    )
    assert run.status == 0, run.console
    first, second, third = run.console.splitlines()
    registers, stack = [int(word) for word in first.split()], [int(w) for w in second.split()]
    r0_to_r12, (xpsr, hfsr, _, bfar, sp) = registers[:5], registers[5:]
    assert 0x60000000 in r0_to_r12 and bfar == 0x60000000
    assert xpsr & 1 << 24 and hfsr == 0, "Thumb state; not escalated"
    bottom, top = symbol("vm_stack_bottom")[0], symbol("vm_stack_top")[0]
    assert bottom <= sp < top - 32 and sp % 4 == 0
    # A frame of C: somewhere on top of it lies a way back into the code of the image.
    code = range(symbol("image_vectors")[0], symbol("image_end")[0])
    assert any(word & 1 and word in code for word in [*stack, int(third)])
    assert len(set(stack)) > 3


def test_stack_overflow_hits_the_guard(tmp_path):
    run = qemu.run_text(READ + "if count == 0:\n    obc.fault(2)\nshow()\n", tmp_path)
    guard, _ = symbol("vm_guard")
    found = [int(word) for word in run.console.split()[:8]]
    assert found[:4] == [3, 4, 0, 1]  # memory management fault
    assert guard <= found[7] < guard + 256 or found[6] & 1 << 4


def test_kernel_ticks_through_a_vm_restart(tmp_path):
    """No grid point is skipped while the VM dies and starts again."""
    run = qemu.run_text(
        READ
        + """
if count == 0:
    obc.clock.sleep_until(1000)
    obc.fault(0)
obc.clock.sleep_until(3050)
stats = bytearray(164)
native.kernel.stats_into(stats)
print(struct.unpack_from("<3I", stats, 0), restarts)
""",
        tmp_path,
    )
    # The first tick of a start is number 5 (mf_kernel.h), so ticks 5..30 have run at 3.05 s.
    assert run.console == "(26, 0, 0) 1\n"


def test_fault_in_a_handler_resets(tmp_path):
    """The kernel's own bus table is spoilt: the next tick faults in a handler."""
    kernel, size = symbol("port_kernel")
    run = qemu.run_text(
        READ
        + f"""
if count == 0:
    obc.poke(0xE000ED94, 0)  # the guard off, or the store itself would fault
    for address in range({kernel}, {kernel + size}, 4):
        if obc.peek(address) == {symbol("mf_devbus_ops")[0]}:
            obc.poke(address, 0x60000000)
    obc.clock.sleep_until(2000)
show()
""",
        tmp_path,
    )
    first, _, cause = run.console.splitlines()
    found = first.split()
    assert found[0] == "4" and found[3:5] == ["1", "0"]
    assert cause == "5 2"


def test_error_in_main_is_recorded_and_the_vm_restarted(tmp_path):
    run = qemu.run_text(
        READ
        + """
import sys
if count == 0:
    from boards import compose
    def broken(board):
        raise ValueError("provoked")
    compose.build = broken
    sys.exit()
show()
print(ticks() > 0, obc.clock.ticks_ms() >= 100)
""",
        tmp_path,
    )
    lines = run.console.splitlines()
    assert run.status == 0, run.console
    assert "ValueError" in run.console
    kind, _, line, count, restarts = (int(word) for word in lines[-4].split()[:5])
    assert (kind, count, restarts) == (1, 1, 1)
    assert line > 0
    assert lines[-3].startswith("ValueError ")
    assert lines[-2] == "6 1"


def test_too_many_vm_restarts_reset_the_processor(tmp_path):
    run = qemu.run_text(READ + "if obc.boot_count() == 1:\n    obc.fault(0)\nshow()\n", tmp_path)
    assert run.console.splitlines()[-1] == "5 2"
    assert run.console.split()[3:5] == ["5", "4"]


def test_reset_keeps_its_cause(tmp_path):
    run = qemu.run_text(READ + "if obc.boot_count() == 1:\n    obc.reset(3)\nshow()\n", tmp_path)
    assert run.console.splitlines()[-1] == "3 2"


def test_first_start_is_a_power_on(tmp_path):
    run = qemu.run_text(READ + "show()\n", tmp_path)
    assert run.console == "0 0 0 0 0 0 0 0\n\n1 1\n"
