"""Ports of the loopback for tests that open real sockets, several processes of tests at a time."""

import os
import socket

from ground.station import TC_OFFSET, TM_OFFSET

FIRST, BLOCK, BLOCKS = 21000, 40, 250


def free_block() -> int:
    """The first of a block of free ports for a ground station; each process begins elsewhere."""
    for n in range(BLOCKS):
        base = FIRST + BLOCK * ((os.getpid() + n) % BLOCKS)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as up, socket.socket() as owner:
            try:
                up.bind(("127.0.0.1", base + TC_OFFSET))
                owner.bind(("127.0.0.1", base))
            except OSError:
                continue
            return base
    raise AssertionError(f"no {TM_OFFSET + 4} free ports")
