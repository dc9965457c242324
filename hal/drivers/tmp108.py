"""TMP108 temperature sensor, Texas Instruments SBOS663."""

from hal.compat import const
from hal.errors import HalError, fail
from hal.roles import Thermometer

ADDRESS = const(0x48)

# Pointer register, SBOS663 "Pointer Register".
_REG_TEMPERATURE = const(0x00)
_REG_CONFIGURATION = const(0x01)
# Configuration register: first byte ID CR1 CR0 FH FL TM M1 M0, second POL 0 HYS1 HYS0 0 0 0 0.
# After power-up 0x22 0x10: one conversion per second, continuous.
_MODE_MASK = const(0x03)
_MODE_CONTINUOUS = const(0x02)
_ALWAYS_ZERO_HIGH = const(0x80)
_ALWAYS_ZERO_LOW = const(0x4F)
_E_BADID = const(84)


class Tmp108(Thermometer):
    """Thermometer on an I2C bus; the bus raises OSError, this raises HalError."""

    def __init__(self, bus, address=ADDRESS):
        self._bus = bus
        self._address = address
        self._error = HalError("tmp108")
        self._word = bytearray(2)

    def probe(self):
        """Check the bits that are always zero; set continuous conversion if it is not.

        The part has no ID register. HalError: EBADID when a fixed bit is set.
        """
        word = self._word
        self._read(_REG_CONFIGURATION)
        if word[0] & _ALWAYS_ZERO_HIGH or word[1] & _ALWAYS_ZERO_LOW:
            fail(self._error, _E_BADID)
        if word[0] & _MODE_MASK != _MODE_CONTINUOUS:
            word[0] = word[0] & ~_MODE_MASK & 0xFF | _MODE_CONTINUOUS
            try:
                self._bus.writeto_mem(self._address, _REG_CONFIGURATION, word)
            except OSError as error:
                fail(self._error, error.args[0])

    def read(self):
        """Latest conversion, 1/16 degC: 12 bits, left-justified, two's complement."""
        word = self._word
        self._read(_REG_TEMPERATURE)
        value = word[0] << 4 | word[1] >> 4
        return value - 4096 if value & 0x800 else value

    def _read(self, register):
        try:
            self._bus.readfrom_mem_into(self._address, register, self._word)
        except OSError as error:
            fail(self._error, error.args[0])
