# Wrapping ticks: the clock's C methods against the rules written down in hal/clock.py.
from hal import clock

try:
    import obc

    under_test = obc.clock
except ImportError:
    under_test = clock
WRAP = 1 << 30
for tick, delta in ((0, 5), (WRAP - 1, 1), (WRAP - 1, 1000), (3, -5), (WRAP // 2, WRAP // 2 - 1)):
    later = under_test.ticks_add(tick, delta)
    print(tick, delta, later, under_test.ticks_diff(later, tick), under_test.ticks_diff(tick, later))
for a, b in ((0, WRAP - 1), (WRAP - 1, 0), (7, 7), (0, WRAP // 2), (WRAP // 2, 0)):
    print(a, b, under_test.ticks_diff(a, b))
