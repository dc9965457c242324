"""Why the processor started, `board.reset_cause`; the same numbers in every world."""

from hal.compat import const

UNKNOWN = const(0)
POWER_ON = const(1)
PIN = const(2)  # external watchdog or reset line
SOFTWARE = const(3)  # commanded
WATCHDOG = const(4)  # internal watchdog
FAULT = const(5)  # crash record left by a fault handler
VM_RESTART = const(6)  # the processor went on, Python was started again
IMAGE = const(7)  # the running image was found damaged
