"""The Python of the flight computer: allocation, buses without devices, the machine subset."""

import pytest

from tests.emulated import qemu

NO_ALLOCATION = """
import micropython, native, obc
buf = bytearray(300)
frame = bytearray(259)
out = bytearray(64)
lowest = -1.0  # a negative literal is a run-time negation, and allocates
kernel, link, radio, fram, clock = native.kernel, native.link, native.radio, native.fram, obc.clock
def frame_of_work():
    kernel.report_into(buf)
    kernel.stats_into(buf)
    kernel.attitude_into(0, buf)
    kernel.attitude_into(1, buf)
    kernel.devices_into(buf)
    kernel.time_into(out)
    kernel.set_time(clock.ticks_ms(), 200000000, 1000)
    kernel.upload(2, buf, 0, 46)
    kernel.event_into(buf)
    kernel.command(1, 0, None, 0)
    kernel.command(2, 2, buf, 8)
    kernel.beat()
    native.crc16(buf, 0, 300)
    native.crc32_into(buf, 0, 300, out, 0)
    native.copy(out, 0, buf, 3, 60)
    native.in_range(buf, 0, "u32", 0, 0x7FFFFFFF)
    native.in_range(buf, 0, "f32", lowest, 1.0)
    native.swap_copy(out, 0, buf, 0, "u32", 4)
    link.tx_push(0, buf, 0, 0, 200)
    link.tx_pending(0)
    link.tx_frame(0, frame)
    link.tx_frame(7, frame)
    link.receive(buf, 0, 200)
    link.outcome()
    link.refusal()
    link.packet(out)
    link.vc()
    link.news()
    link.keep()
    link.channel_into(1, buf)
    link.counters_into(buf)
    radio.tx_free()
    radio.receive(buf)
    fram.read(0, out)
    fram.write(0, out)
    clock.ticks_add(clock.ticks_ms(), 5)
    clock.ticks_diff(clock.ticks_us(), clock.idle_us())
    clock.sleep_until(clock.ticks_ms())
    obc.heap_used()
    obc.stack_used()
frame_of_work()
before = obc.heap_total_allocated()
micropython.heap_lock()
for _ in range(20):
    frame_of_work()
micropython.heap_unlock()
print(obc.heap_total_allocated() - before)
"""


def test_native_calls_do_not_allocate(tmp_path):
    run = qemu.run_text(NO_ALLOCATION, tmp_path)
    assert (run.status, run.console) == (0, "0\n")


def test_heap_lock_does_catch_an_allocation(tmp_path):
    """The measure of the test above: one slice is noticed."""
    text = NO_ALLOCATION.replace("    obc.stack_used()\n", "    obc.stack_used()\n    buf[1:9]\n")
    run = qemu.run_text(text, tmp_path)
    assert run.status == 1
    assert "MemoryError" in run.console


def test_without_a_device_bus_every_transfer_says_so(tmp_path):
    run = qemu.run_text(
        """
import native
buf = bytearray(4)
print(native.radio.probe(), native.fram.read(0, buf))
bus = native.I2C(2)
for call in (
    lambda: bus.readfrom_mem_into(0x48, 0, buf),
    lambda: bus.writeto_mem(0x48, 0, buf),
    lambda: bus.readfrom_into(0x48, buf),
    lambda: bus.writeto(0x48, buf),
):
    try:
        call()
    except OSError as error:
        print(error.args[0])
""",
        tmp_path,
    )
    assert run.console == "-19 -19\n19\n19\n19\n19\n"
    assert not (tmp_path / "devbus.tx").exists()


@pytest.mark.parametrize(
    "call",
    [
        "native.I2C(1)",
        "native.I2C(3)",
        "native.I2C(2).writeto(0x80, b'')",
        "native.I2C(2).writeto_mem(1, 0, bytearray(257))",
        "native.kernel.report_into(bytearray(71))",
        "native.link.tx_frame(0, bytearray(258))",
        "native.link.receive(bytearray(4), 0, 5)",
        "machine.Pin('Q3', machine.Pin.OUT)",
        "machine.Pin('B16', machine.Pin.OUT)",
        "machine.UART(9)",
        "machine.SPI(2, 'A4')",
        "obc.crash_into(bytearray(51))",
    ],
)
def test_wrong_arguments_are_refused(tmp_path, call):
    text = f"""
import native, machine, obc
try:
    {call}
except ValueError:
    print("refused")
"""
    assert qemu.run_text(text, tmp_path).console == "refused\n"


def test_machine_subset(tmp_path):
    run = qemu.run_text(
        """
import machine, native
print(machine.I2C is native.I2C, machine.reset_cause())
pin = machine.Pin("PA4", machine.Pin.OUT)
for call in (lambda: pin.value(1), lambda: machine.SPI(1, "A4").write_readinto(b"x", None)):
    try:
        call()
    except OSError as error:
        print(error.args[0])
print(machine.UART(1).write(b"raw "), machine.WDT().feed())
""",
        tmp_path,
    )
    assert run.console == "True 1\n19\n19\nraw 4 None\n"


def test_uncaught_error_of_a_script_ends_with_status_1(tmp_path):
    run = qemu.run_text("raise ValueError('provoked')\n", tmp_path)
    assert run.status == 1
    assert "ValueError: provoked" in run.console


def test_deep_recursion_is_an_exception_not_a_fault(tmp_path):
    run = qemu.run_text(
        """
def deeper(n):
    return deeper(n + 1)
try:
    deeper(0)
except RuntimeError:
    print("caught")
""",
        tmp_path,
    )
    assert run.console == "caught\n"


@pytest.mark.parametrize("irq", [37, 38, 39, 71])
def test_every_uart_interrupt_is_served(tmp_path, irq):
    """USART 1, 2, 3, 6 (RM0090, table 62): an interrupt without a handler resets the processor."""
    run = qemu.run_text(
        f"""
import obc
if obc.boot_count() == 1:
    obc.poke(0xE000E100 + 4 * ({irq} // 32), 1 << {irq} % 32)
    obc.poke(0xE000E200 + 4 * ({irq} // 32), 1 << {irq} % 32)
print(obc.boot_count())
""",
        tmp_path,
    )
    assert run.console == "1\n"


def test_uart_of_a_rate_that_cannot_be_set_is_refused(tmp_path):
    """The pins and the rate are checked where there are registers; here the device bus stands in,
    so that only the arguments count."""
    text = """
import machine
for arguments in ((2, 0, "A2", "A3"), (2, 9600, "Q2", "A3")):
    try:
        machine.UART(*arguments)
    except ValueError:
        print("refused")
"""
    assert qemu.run_text(text, tmp_path).console == "refused\nrefused\n"
