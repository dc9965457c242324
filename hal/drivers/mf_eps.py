"""Electrical power system with the register map of docs/icd/eps.md."""

from hal.compat import const
from hal.errors import HalError, fail
from hal.roles import PowerMonitor

ADDRESS = const(0x18)

_REG_ID = const(0x00)
_REG_SWITCHES = const(0x02)
_REG_CHANNELS = const(0x10)
_REG_ARM = const(0x20)
_REG_BURN = const(0x21)
_REG_DEPLOYED = const(0x22)
_ARM_KEY = const(0x5A)
_ID = const(0x4550)
_E_BADID = const(84)
_E_RANGE = const(34)
_BATTERY_MAX = const(16000)  # 20 V: two cells in series have 8.4 V
_COLDEST = const(-1600)  # -100 degC
_HOTTEST = const(2400)
_ALL = const(3)  # deployables


def _u16(raw, at):
    return raw[at] << 8 | raw[at + 1]


def _i16(raw, at):
    value = raw[at] << 8 | raw[at + 1]
    return value - 65536 if value & 0x8000 else value


class MfEps(PowerMonitor):
    """PowerMonitor on an I2C bus; the bus raises OSError, this raises HalError."""

    def __init__(self, bus, address=ADDRESS):
        self._bus = bus
        self._address = address
        self._error = HalError("eps")
        self._word = bytearray(2)
        self._state = bytearray(12)  # SWITCHES .. SOLAR_I
        self._channels = bytearray(16)  # CH0_V .. CH3_I

    def probe(self):
        """Read the ID register. HalError: EBADID when another part answers."""
        self._read(_REG_ID, self._word)
        if _u16(self._word, 0) != _ID:
            fail(self._error, _E_BADID)

    def read_into(self, out):
        """Fill the SIZE places of `out` (hal/roles.py). HalError: ERANGE for what cannot be."""
        raw = self._state
        self._read(_REG_SWITCHES, raw)
        # Registers that do not exist read 0xFFFF, a disturbed bus anything at all.
        if (
            raw[0] | raw[2]
            or raw[1] & 0xF0
            or raw[3] & 0xFC
            or _u16(raw, 4) > _BATTERY_MAX
            or not _COLDEST <= _i16(raw, 8) <= _HOTTEST
        ):
            fail(self._error, _E_RANGE)
        out[PowerMonitor.SWITCHES] = raw[1] & 0x0F
        out[PowerMonitor.STATUS] = raw[3]
        out[PowerMonitor.BATTERY_MV] = _u16(raw, 4) * 5 >> 2
        out[PowerMonitor.BATTERY_CURRENT] = _i16(raw, 6)
        out[PowerMonitor.BATTERY_TEMPERATURE] = _i16(raw, 8)
        out[PowerMonitor.SOLAR_CURRENT] = _u16(raw, 10)
        raw = self._channels
        self._read(_REG_CHANNELS, raw)
        for load in range(4):
            if _u16(raw, 4 * load) > _BATTERY_MAX:
                fail(self._error, _E_RANGE)
            out[PowerMonitor.LOAD_MV + load] = _u16(raw, 4 * load) * 5 >> 2
            out[PowerMonitor.LOAD_CURRENT + load] = _i16(raw, 4 * load + 2)

    def set_switches(self, mask):
        """Write the switch register, 0 <= mask <= 15."""
        self._write(_REG_SWITCHES, 0, mask & 0x0F)

    def arm(self, mask):
        """Arm the wires of `mask` for 10 s and disarm all others; 0 disarms."""
        self._write(_REG_ARM, _ARM_KEY if mask else 0, mask)

    def burn(self, mask):
        """Current into the wires of `mask` that are armed, off in all others."""
        self._write(_REG_BURN, 0, mask)

    def read_deployed(self):
        """Mask of the deployables whose switch says that they are out. HalError: ERANGE when the
        register cannot be."""
        self._read(_REG_DEPLOYED, self._word)
        if self._word[0] or self._word[1] & ~_ALL:
            fail(self._error, _E_RANGE)
        return self._word[1]

    def _write(self, register, high, low):
        word = self._word
        word[0] = high
        word[1] = low
        try:
            self._bus.writeto_mem(self._address, register, word)
        except OSError as error:
            fail(self._error, error.args[0])

    def _read(self, register, raw):
        try:
            self._bus.readfrom_mem_into(self._address, register, raw)
        except OSError as error:
            fail(self._error, error.args[0])
