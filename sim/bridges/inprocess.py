"""In-process bridge: flight software in the same interpreter calls the world directly."""

from __future__ import annotations

from collections.abc import Callable

from sim.world import World

Exchange = Callable[[bytes, int], bytes]


def connect(world: World) -> Exchange:
    """The `exchange(request, reply_len)` callable that drives `world`."""
    return world.exchange
