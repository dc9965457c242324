"""Telecommands that are stored and carried out later: what may be one."""

from flight.core import failures
from flight.packets import space_packet

# Service and subtype of those that store telecommands themselves: one inside another would be a
# telecommand inside a telecommand inside a telecommand.
_STORING = (0x0B04, 0x0B80, 0x1301, 0x1501, 0x1580)
# Services whose telecommands are good or bad by what is stored when their time comes.
_BY_STATE = (11, 21)


def check(commands, packet, n, owner):
    """Failure code of a telecommand `packet[0:n]` that `owner` wants to have stored, 0 when it may
    be: it is whole, his own, allowed to him, with good arguments, and stores nothing itself."""
    code = commands.well_formed(packet, n, owner)
    if code:
        return code
    service = packet[7]
    if service << 8 | packet[8] in _STORING:
        return failures.NESTED_COMMAND
    if service in _BY_STATE:
        return failures.OK
    return commands.acceptable(packet, n, owner)


def length(buf, at, end):
    """Size of the packet that begins at `buf[at]` by its own length field; 0 when it is not whole
    before `end`."""
    if at + space_packet.PRIMARY_SIZE > end:
        return 0
    n = (buf[at + 4] << 8 | buf[at + 5]) + space_packet.PRIMARY_SIZE + 1
    return n if at + n <= end else 0
