"""Entry of the onboard computer, called by the port in every fresh VM."""

from boards import compose
from boards.obc_f405 import board


def main():
    """Build the board, build the mission, fly it. Does not return."""
    mission = compose.build(board.build())
    mission.run()
