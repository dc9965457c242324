"""Simulated parts with the driver of each on a bus."""

from __future__ import annotations

from hal.drivers.mf_eps import ADDRESS, MfEps
from sim.devices.mf_eps import MfEps as SimEps
from sim.faults import FaultSet
from sim.power import Power, PowerParameters
from tests.flight.fakes import Bus

PARAMETERS = PowerParameters(
    battery_Wh=20.0,
    charge=0.8,
    battery_resistance_ohm=0.1,
    panel_area_m2=(0.03,) * 6,
    panel_efficiency=0.28,
    platform_W=1.0,
    receiver_W=0.3,
    transmitter_W=2.0,
    payload_W=1.0,
    heater_W=2.0,
    temperature_sun_C=25.0,
    temperature_eclipse_C=-10.0,
    thermal_time_s=1200.0,
)


def make_power() -> Power:
    """A power system in shadow with its switches as after power-up."""
    power = Power(PARAMETERS, lambda switch, on: None, lambda: False, lambda: 0.0)
    power.start()
    return power


def make_eps(faults: FaultSet | None = None) -> tuple[Power, MfEps]:
    """The state behind an EPS, and the driver that sees it through the bus."""
    power = make_power()
    return power, MfEps(Bus({ADDRESS: SimEps("eps", power, faults)}))
