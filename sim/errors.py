"""Errors that the simulator reports to whoever runs it: one clear line each."""


class SimError(Exception):
    """Base of everything the simulator refuses."""


class ScenarioError(SimError):
    """A scenario, an override or an orbit file cannot be used; the text says where and why."""


class BridgeError(SimError):
    """The onboard computer on the other side of a bridge is gone, silent, or talks nonsense."""
