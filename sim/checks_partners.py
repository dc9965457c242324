"""Checks of the partners: what their accounts say at the end, whether their files got through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.checks_attitude import Row, make_row
from sim.world import World


def account(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """A field of an owner's account, as told last: at least or at most `limit`."""
    owner, name = check["owner"], check["field"]
    told = telemetry["accounts"].get(owner, {})
    value, limit = told.get(name), int(check["limit"])
    least = check["side"] == "least"
    passed = value is not None and (value >= limit if least else value <= limit)
    title = f"account of {owner}: {name.replace('_', ' ')}, at {check['side']}"
    return [make_row(title, value, limit, "", passed, "" if told else "no account was told")]


def transfers(check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]) -> list[Row]:
    """Every file of the scenario got through, octet for octet."""
    rows = []
    for row in telemetry["transfers"]:
        title = f"file of {row['owner']}: {row['name']} {row['way']}, the same"
        octets = row["size_B"] if row["whole"] else 0
        rows.append(make_row(title, octets, row["size_B"], "B", row["whole"]))
    if not rows:
        rows.append(make_row("files", 0, 1, "", False, "the scenario has none"))
    return rows
