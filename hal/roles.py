"""Roles: what an app may expect of a device, whatever part fills the role.

Readings are integers in the unit of the part, put into lists of the caller: no float exists on
board outside C, so that every world computes the same. Every call may raise HalError.
"""


class PowerMonitor:
    """Electrical power system with switched loads."""

    # Places in the list that `read_into` fills.
    BATTERY_MV = 0
    BATTERY_CURRENT = 1  # 0.5 mA, positive into the battery
    BATTERY_TEMPERATURE = 2  # 1/16 degC
    SOLAR_CURRENT = 3  # 0.5 mA
    SWITCHES = 4  # bit n: load n is on
    STATUS = 5  # bit 0 charging, bit 1 battery was below 6.0 V
    LOAD_MV = 6  # 4 places
    LOAD_CURRENT = 10  # 0.5 mA, 4 places
    SIZE = 14

    def probe(self):
        """Check that the part is the expected one."""

    def read_into(self, out):
        """Fill the list `out`, SIZE places."""

    def set_switches(self, mask):
        """Switch all loads at once: bit n of `mask` is load n."""

    def arm(self, mask):
        """Arm what burns the wires of the deployables of `mask`, disarm the others."""

    def burn(self, mask):
        """Burn the armed wires of `mask`, no other."""

    def read_deployed(self):
        """Mask of the deployables that say they are out."""


class Thermometer:
    """One temperature."""

    def probe(self):
        """Check that the part is the expected one and let it measure continuously."""

    def read(self):
        """Temperature, 1/16 degC."""


class BlockDevice:
    """NOR memory: programming clears bits, erasing sets those of a whole sector.

    `program` and `erase_sector` begin the work and return; until `busy` says False every other call
    raises HalError EBUSY. The caller asks again later, and gives up by its own clock.
    """

    SIZE = 0  # bytes
    PAGE = 0  # bytes that one `program` can reach
    SECTOR = 0  # bytes that one `erase_sector` clears
    PROGRAM_LIMIT_MS = 0  # longest time that the work may take
    ERASE_LIMIT_MS = 0

    def probe(self):
        """Check that the part is the expected one."""

    def busy(self):
        """True while work goes on; HalError when it could not begin."""

    def read_into(self, addr, buf):
        """Fill `buf`, at most PAGE bytes, from `addr` on."""

    def program(self, addr, buf):
        """Begin to clear the bits that are 0 in `buf`, inside one page."""

    def erase_sector(self, addr):
        """Begin to set all bits of the sector that begins at `addr`."""

    def verify(self, addr, buf):
        """HalError EIO when memory from `addr` on is not `buf`; cells do not say that they fail."""

    def reset(self):
        """Make the part give up what it is doing."""
