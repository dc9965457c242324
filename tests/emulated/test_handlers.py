"""The control tick on the target with everything to do: handler stack, duration, no miss."""

from sim.scenario import load
from sim.world import World
from tests.emulated import qemu
from tests.emulated.flight import Flight
from tests.native.suite_rig import LINES

STACK_B = 3072  # link/image.ld, msp_stack_size
# Mission time, elements, calibration, self-test and pointing, over one virtual minute and a half.
BUSY = """
import native, obc
kernel, clock = native.kernel, obc.clock
lines = {lines!r}
stats = bytearray(164)
at = clock.ticks_ms()
def fly(seconds):
    global at
    for _ in range(2 * seconds):
        at = clock.ticks_add(at, 500)
        clock.sleep_until(at)
        kernel.beat()
fly(3)
print(kernel.set_time(clock.ticks_ms(), {seconds}, 0))
print(kernel.upload(1, lines, 0, len(lines)) > 0)
print(kernel.command(5, 1, None, 0) > 0)
fly(30)
print(kernel.command(1, 3, None, 0) > 0)
fly(20)
print(kernel.command(6, 1, None, 0) > 0, kernel.command(5, 2, None, 0) > 0)
fly(40)
kernel.stats_into(stats)
for place in (0, 4, 8, 32):
    print(int.from_bytes(stats[place:place + 4], "little"))
report = bytearray(184)
kernel.attitude_into(0, report)
print(report[4], report[8] & 1)
print(obc.handler_stack_used())
"""


def test_a_busy_tick_fits_its_stack_and_its_time(tmp_path):
    flight = Flight(tmp_path, 120)
    scenario = load("commissioning", ["duration_s=120.0", "initial.rate_deg_s=0.2"])
    flight.world = World(scenario, 1)
    seconds = round(scenario.epoch.timestamp()) - 1577836800 + 37 + 3
    flight.fly(BUSY.format(lines=LINES, seconds=seconds), qemu.firmware())
    assert flight.status == 0, flight.console
    said = flight.console.split("\n")
    assert said[:5] == ["0", "True", "True", "True", "True True"]
    ticks, overruns, skipped, longest_ns = map(int, said[5:9])
    assert ticks > 900 and overruns == 0 and skipped == 0
    assert longest_ns < 2_500_000  # SGP4, model and filter in one tick; the period is 100 ms
    assert said[9] == "3 1", "pointing, with an attitude"
    assert flight.world.counters["missed_ticks"] == 0
    used_B = int(said[10])
    assert 1000 < used_B <= STACK_B * 3 // 4, used_B
