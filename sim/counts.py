"""Everything that a world has counted, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.protocol import BUS_ADCS, BUS_PLATFORM

if TYPE_CHECKING:
    from sim.world import World


def counters(world: World) -> dict[str, float]:
    """Counters of the device bus, the watchdog, the channel and the buses of the parts."""
    channel, watchdog = world.channel, world.watchdog
    counts: dict[str, float] = {
        "requests": world.requests,
        "refused_malformed": world.refused_malformed,
        "refused_time": world.refused_time,
        "refused_before_hello": world.refused_before_hello,
        "boots": len(world.boots),
        "watchdog_resets": watchdog.resets,
        "lock_ups": world.lock_ups,
        "brown_outs": world.spacecraft.power.brown_outs,
        "kicks": watchdog.kicks,
        "missed_ticks": watchdog.missed_ticks,
        "repeated_ticks": watchdog.repeated_ticks,
        "tick_number_errors": watchdog.number_errors,
        "uplink_sent": channel.sent_up,
        "uplink_received": channel.received_up,
        "uplink_lost": channel.lost_up,
        "downlink_sent": channel.sent_down,
        "downlink_received": channel.received_down,
        "downlink_lost": channel.lost_down,
        "channel_bit_errors": channel.bit_errors,
    }
    counts.update(world.traffic[BUS_ADCS].figures("adcs_bus"))
    counts.update(world.traffic[BUS_PLATFORM].figures("platform_bus"))
    counts.update(world.spi.figures("spi_bus"))
    return counts
