"""How the onboard computer of each world reaches the simulated one: one module per carrier."""

from typing import Protocol


class Process(Protocol):
    """What a bridge needs of the emulator's `subprocess.Popen`."""

    def poll(self) -> "int | None":
        """Exit code, None while it runs."""
