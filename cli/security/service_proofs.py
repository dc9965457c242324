"""What a service attack alone does not show: A18, shares under a flood, and A21, the ground."""

import tempfile
from pathlib import Path
from typing import Callable, Dict, List, Tuple

from cli.security.flight import OWNERS
from cli.security.service_cases import HOST, IR, SERVICE_CASES
from cli.security.service_flight import CODES, NAMES, ServiceAttack, of
from flight import dictionary, partners
from ground import keys
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import GroundError
from ground.security import TcSecurity
from ground.xtce import xtce

Proof = Tuple[List[str], Dict[str, int]]
FLOOD_S = 100.0
ANSWER_S = 6.0  # a telecommand's reports are down, in the middle of a flood


def served(name: str) -> "Callable[[str, Path], Proof]":
    """One of the abuse cases of the services, flown."""

    def fly(world: str, elf: Path) -> Proof:
        attack = ServiceAttack(name, world, elf)
        SERVICE_CASES[name](attack)
        result = attack.fly()
        return result.problems(), result.counters()

    fly.__doc__ = SERVICE_CASES[name].__doc__
    return fly


def a18(world: str, elf: Path) -> Proof:
    """One partner sends all that goes up, asks for all that goes down and fills his store."""
    attack = ServiceAttack("A18", world, elf)
    ask = of(IR, 20, 1, b"\x18" + b"\x01\x01" * 24, acks=15)
    others = [vc for vc in range(len(OWNERS)) if vc != IR]
    asked: Dict[int, List[float]] = {vc: [] for vc in others}
    start_s, sent = attack.at_s, 0
    while attack.at_s - start_s < FLOOD_S:
        attack.send(lambda: attack.security.frame(IR, ask))
        attack.at_s -= 0.2
        sent += 1
        if sent % 60 == 0:
            for vc in others:
                asked[vc].append(attack.at_s)
                attack.done(vc, of(vc, 17, 1))
    attack.later(62.0)
    result = super(ServiceAttack, attack).fly()
    latest = result.flight.history.latest
    problems = []
    most = partners.QUOTAS[IR][3] + partners.QUOTAS[IR][4] * (FLOOD_S + 60.0) / 60.0
    account = latest["account_IR"].raw
    if account["tc_received"] < sent:
        problems.append(f"{account['tc_received']} of IR came, {sent} sent")
    if account["tc_accepted"] > most or account["tc_over_rate"] < sent - most:
        problems.append(f"IR: {account['tc_accepted']} accepted, {most:.0f} are his")
    slowest = 0.0
    for vc, times_s in asked.items():
        name = OWNERS[vc]
        pongs = [r.received_s for r in result.reports if r.kind == "pong" and r.owner == name]
        if len(pongs) != len(times_s) + 1:
            problems.append(f"{name}: {len(pongs)} answers to {len(times_s) + 1} telecommands")
        waits_s = [pong_s - at_s for at_s, pong_s in zip(times_s, pongs, strict=False)]
        slowest = max([slowest, *waits_s])
        if latest[f"account_{name}"].raw["tc_refused"]:
            problems.append(f"{name}: telecommands refused")
        told = [r for r in result.reports if r.kind == "verification" and r.owner == name]
        if not all(r.raw["success"] for r in told):
            problems.append(f"{name} was told of a failure")
    if slowest > ANSWER_S:
        problems.append(f"an answer took {slowest:.1f} s, {ANSWER_S:g} s allowed")
    refused = [r for r in result.reports if r.kind == "verification" and not r.raw["success"]]
    if {r.raw["code"] for r in refused} != {NAMES["rate_limit"]}:
        problems.append(f"refused with {sorted({CODES[r.raw['code']] for r in refused})}")
    if latest["core_hk"].raw["boot_count"] != 1:
        problems.append("a start")
    return problems, {"rate_limit": account["tc_over_rate"], "slowest_ms": round(1000 * slowest)}


def a21(world: str, elf: Path) -> Proof:
    """The ground of one partner: it commands nobody else, reads nobody else, and takes no key that
    others may read; the dictionary file holds nothing to be expanded."""
    from cli.security.proofs import hear_with

    problems: List[str] = []
    refused = {"unkeyed": 0, "sealed": 0, "open_keys": 0}
    every = keys.development()
    for partner in dictionary.PARTNERS:
        own = {name: every[name] for name in keys.names(partner[0])}
        encoder = Encoder(Dictionary(), TcSecurity(own))
        for other in dictionary.PARTNERS:
            try:
                encoder.frame("ping", (), other[0])()
                reached = True
            except GroundError:
                refused["unkeyed"] += 1
                reached = False
            if reached != (other == partner):
                problems.append(f"the ground of {partner[0]} commands {other[0]}: {reached}")
        # Channel 1 is EC's.
        heard, sealed = hear_with(own)
        refused["sealed"] += sealed
        if bool(heard) != (partner[0] == "EC"):
            problems.append(f"the ground of {partner[0]} reads {heard} packets of EC")
        text = xtce(Dictionary(), partner[0])
        if "<!DOCTYPE" in text or "<!ENTITY" in text or "SYSTEM" in text:
            problems.append(f"the dictionary of {partner[0]} refers to something outside")
        if partner[1] != HOST and "/power_switch" in text:
            problems.append(f"{partner[0]} has the host's telecommands in his dictionary")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keys" / "tc-EC.key"
        keys.generate(path.parent, ["tc-EC"])
        path.chmod(0o644)
        try:
            keys.load(path.parent)
            problems.append("a key that others may read is taken")
        except GroundError:
            refused["open_keys"] += 1
    return problems, refused


SERVICE_PROOFS: "Dict[str, Callable[[str, Path], Proof]]" = {
    **{name: served(name) for name in SERVICE_CASES},
    "A18": a18,
    "A21": a21,
}
