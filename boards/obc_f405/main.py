"""Entry of the onboard computer, called by the port in every fresh VM."""

import obc

from boards import compose
from boards.obc_f405 import board


def main():
    """Build the board, build the mission, fly it. Does not return."""
    # Names of modules that lie in flash as well need no room in the heap.
    obc.settle()
    mission = compose.build(board.build())
    mission.run()
