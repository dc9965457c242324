# Wrapping ticks: the clock's C methods against the rules written down in hal/clock.py.
from hal import clock

try:
    import obc

    under_test = obc.clock
except ImportError:
    under_test = clock
WRAP = 1 << 30
HALF = WRAP // 2
add, diff = under_test.ticks_add, under_test.ticks_diff
for tick, delta in ((0, 5), (WRAP - 1, 1), (WRAP - 1, 1000), (3, -5), (HALF, HALF - 1)):
    later = add(tick, delta)
    print(tick, delta, later, diff(later, tick), diff(tick, later))
for a, b in ((0, WRAP - 1), (WRAP - 1, 0), (7, 7), (0, HALF), (HALF, 0)):
    print(a, b, diff(a, b))
