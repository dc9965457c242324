"""What differs between MicroPython and CPython, in one place."""

try:
    from micropython import const
except ImportError:

    def const(value):
        """Identity: MicroPython's compiler folds constants marked this way."""
        return value
