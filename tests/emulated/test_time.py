"""Time base: SysTick against the emulator's own nanosecond timer, and the control grid.

The processor is kept busy while the two are compared: at WFI this QEMU moves virtual time to the
timer's deadline twice, which software that has SysTick alone cannot see, and TIM5 can.
"""

from tests.emulated import qemu

DRIFT = """
import obc, time
COUNT = 0x40000C24
obc.poke(0x40000C00, 1)
peek, cycles, us = obc.peek, time.ticks_cpu, obc.clock.ticks_us
while us() < 600000:
    pass
for _ in range(3):
    start_us = us()
    c0 = cycles(); n0 = peek(COUNT)
    while us() - start_us < 3000000:
        pass
    c1 = cycles(); n1 = peek(COUNT)
    print(((c1 - c0) & 0x3FFFFFFF) * 125 // 21 - ((n1 - n0) & 0xFFFFFFFF))
"""

GRID = """
import obc, native, struct
clock = obc.clock
steps = (13, 50, 1, 120, 7, 3, 2, 99, 400)
late = 0
due = 1000
for i in range(2000):
    due += steps[i % 9]
    clock.sleep_until(due)
    if clock.ticks_ms() != due:
        late += 1
clock.sleep_until(due - due % 1000 + 1050)
stats = bytearray(164)
native.kernel.stats_into(stats)
print(late, clock.ticks_ms(), struct.unpack_from("<9I", stats, 0))
"""


def test_no_drift_against_virtual_nanoseconds(tmp_path):
    """Sixty restarts of the counter in 3 s cost no more than the reading itself (some 3 us,
    because two reads never take the same path)."""
    run = qemu.run_text(DRIFT, tmp_path)
    assert run.status == 0, run.console
    errors = [int(line) for line in run.console.split()]
    assert len(errors) == 3
    assert all(abs(error) < 4000 for error in errors), errors
    assert abs(sum(errors)) < 4000, errors


def test_sleep_ends_in_its_millisecond_and_no_tick_is_lost(tmp_path):
    run = qemu.run_text(GRID, tmp_path)
    late, now_ms, stats = run.console.strip().split(" ", 2)
    ticks, overruns, skipped, shortest, _, longest = (
        int(word) for word in stats.strip("()").split(",")[:6]
    )
    assert late == "0"
    assert (ticks, overruns, skipped) == (int(now_ms) // 100 - 4, 0, 0)
    assert longest < 20000
    assert longest - shortest < 5000


def test_two_runs_are_the_same(tmp_path):
    text = GRID + "print(clock.ticks_us(), clock.idle_us(), obc.heap_total_allocated())\n"
    runs = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        runs.append(qemu.run_text(text, tmp_path / name))
    assert runs[0] == runs[1]
    assert runs[0].status == 0


def test_sleep_is_idle_not_busy(tmp_path):
    run = qemu.run_text(
        "import obc\nc = obc.clock\nt = c.ticks_us()\ni = c.idle_us()\nc.sleep_until(5000)\n"
        "print(c.ticks_us() - t - (c.idle_us() - i))\n",
        tmp_path,
    )
    assert 0 <= int(run.console) < 5000000 // 100
