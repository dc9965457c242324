"""Survival's own memory is spoilt on the emulated computer: nobody is left but the boot block."""

from elftools.elf.elffile import ELFFile

from tests.emulated import qemu
from tests.emulated.flight import Flight

# As if bits had turned: where the link is, survival finds nothing. Then Python dies.
SPOILT = """
import obc, struct
MPU_CTRL = 0xE000ED94
crash = bytearray(124)
obc.crash_into(crash)
faults, restarts = struct.unpack_from("<II", crash, 4)
print(obc.image_slot(), obc.reset_cause(), faults, restarts, obc.clock.ticks_ms() // 1000)
if obc.image_slot() == 0:
    obc.poke(MPU_CTRL, 0)
    spoilt = 0
    for at in range({kernel}, {kernel} + {size} - 16, 4):
        # mf_survival_parts_t begins with kernel, bus, link, counters
        if obc.peek(at) == {kernel}:
            if all({kernel} < obc.peek(at + i) < {kernel} + {size} for i in (4, 8, 12)):
                obc.poke(at + 8, 0x60000000)
                spoilt += 1
    if spoilt != 1:
        print("spoilt", spoilt)
    obc.fault(0)
"""


def test_a_survival_that_faults_is_reset_and_its_image_left_for_the_other(tmp_path):
    """Two faults in each start: Python's, and that of survival, which nothing but a reset mends."""
    with qemu.firmware().open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        (kernel,) = table.get_symbol_by_name("port_kernel")
    script = SPOILT.format(kernel=kernel["st_value"], size=kernel["st_size"])
    run = qemu.run_text(script, tmp_path)
    starts = [tuple(int(word) for word in line.split()) for line in run.console.splitlines()]
    assert [start[0] for start in starts] == [0, 0, 0, 1], run.console
    assert [start[1] for start in starts] == [1, 5, 5, 5]
    assert [start[2] for start in starts] == [0, 2, 4, 6]
    assert {start[3] for start in starts} == {0}, "it never came to a second Python"
    assert starts[2][4] >= 5 and starts[3][4] >= 10, "and starts wait longer and longer"


def test_ceased_emission_outlives_a_reset_into_a_memory_of_nonsense(tmp_path):
    """The FRAM answers nonsense from just before the reset on: what RAM kept counts."""
    settings = ("fault.mb85rc1mt.kind=garbage", "fault.mb85rc1mt.t_s=21.0")
    flight = Flight(tmp_path, 95.0, settings)
    flight.uplink(12.0, flight.encoder.frame("cease_emission", {"on": 1}))
    flight.uplink(16.0, flight.encoder.frame("arm", {"function": 0x21}))
    flight.uplink(20.0, flight.encoder.frame("direct_reset"))
    flight.fly()
    boots = flight.world.boots
    assert [cause for _, cause in boots] == [1, 3] and 21.0 < boots[1][0] < 24.0
    heard_s = [report.received_s for report in flight.reports]
    assert min(heard_s) < 12.0 and max(heard_s) < 15.0, "45 s later Python runs, and is silent"
