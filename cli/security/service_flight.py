"""An attack on the services: telecommands that are good frames of their sender, and what telemetry
says of them afterwards.

Each telecommand is to be refused with a code, told to its sender and to nobody else, and counted in
his account; nothing may change but what a case says. A good telecommand of each owner ends it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

from cli.security.flight import OWNERS, Attack, Result
from flight import dictionary
from flight.core import failures
from ground import packets

ACCOUNTS_S = 62.0  # until each account has been told again
CODES = dict(dictionary.core.FAILURES)
NAMES = {name: code for code, name in CODES.items()}

# What telemetry says of the state when nothing has changed: packet, field, value.
UNCHANGED: Tuple[Tuple[str, str, Any], ...] = (
    ("core_hk", "params_generation", 0),
    ("core_hk", "boot_count", 1),
    ("schedule_hk", "schedule_waiting", [0, 0]),
    ("schedule_hk", "sequences_loaded", [0, 0]),
    ("schedule_hk", "schedule_held", 0),
    ("fdir_hk", "monitors_defined", 8),
    ("fdir_hk", "actions_defined", 3),
    ("storage_hk", "stores_enabled", 4),
    ("storage_hk", "file_bytes", [0, 0]),
    ("contacts_hk", "stations", 0),
    ("contacts_hk", "mail_accepted", 0),
    ("contacts_hk", "mail_refused", 0),
    ("contacts_hk", "mail_taken", 0),
    ("contacts_hk", "mail_waiting", 0),
)


def of(vc: int, service: int, subtype: int, data: bytes = b"", acks: int = 8) -> bytes:
    """A telecommand packet of the owner of a channel."""
    return packets.build_tc(dictionary.PARTNERS[vc][2], 1, service, subtype, data, vc, acks)


def function(vc: int, number: int, arguments: bytes = b"") -> bytes:
    """8/1."""
    return of(vc, 8, 1, number.to_bytes(2, "big") + arguments)


@dataclass
class ServiceAttack(Attack):
    """`codes`: by owner, how often he is to be told which failure. `state`: what a case changes."""

    codes: Dict[str, "Counter[int]"] = field(
        default_factory=lambda: {owner: Counter() for owner in OWNERS}
    )
    state: Dict[Tuple[str, str], Any] = field(default_factory=dict)

    def refused(self, vc: int, packet: bytes, code: int, times: int = 1) -> None:
        """A telecommand that is to be refused."""
        for _ in range(times):
            self.send(lambda: self.security.frame(vc, packet))
        self.codes[OWNERS[vc]][code] += times

    def done(self, vc: int, packet: bytes, times: int = 1) -> None:
        """A telecommand that is to be carried out."""
        for _ in range(times):
            self.send(lambda: self.security.frame(vc, packet))
        self.good[OWNERS[vc]] += times

    def named(self, vc: int, name: str, values: Any = (), code: int = 0) -> None:
        """A telecommand of the dictionary, to be carried out or refused with `code`."""
        packet = self.packet(vc, name, values)
        packet = packet[:6] + bytes((packet[6] & 0xF0 | 8,)) + packet[7:-2]
        packet = packets.crc.append_crc(packet)
        if code:
            self.refused(vc, packet, code)
        else:
            self.done(vc, packet)

    def fly(self) -> "ServiceResult":
        """Fly, with time for the accounts to be told again before the good telecommands at the
        end. Raises `CliError`."""
        self.later(ACCOUNTS_S)
        result = super().fly()
        return ServiceResult(self, result.flight, result.reports)


@dataclass
class ServiceResult(Result):
    """As Result, of the services."""

    def counters(self) -> Dict[str, int]:
        """Refusals by the name of their code, as they were told to their senders."""
        found: Counter[str] = Counter()
        for report in self._failed():
            found[CODES[report.raw["code"]]] += 1
        return dict(found)

    def _failed(self) -> List[Any]:
        return [
            report
            for report in self.reports
            if report.kind == "verification" and not report.raw["success"]
        ]

    def problems(self) -> List[str]:
        """Everything that is not as it has to be, one line each."""
        attack, found = self.attack, []
        assert isinstance(attack, ServiceAttack)
        latest = self.flight.history.latest
        for owner in OWNERS:
            told = Counter(r.raw["code"] for r in self._failed() if r.owner == owner)
            if told != attack.codes[owner]:
                found.append(
                    f"{owner} was told {_said(told)}, expected {_said(attack.codes[owner])}"
                )
            account = latest[f"account_{owner}"].raw
            wanted = sum(attack.codes[owner].values())
            if account["tc_refused"] != wanted:
                found.append(f"{owner}: {account['tc_refused']} in his account, {wanted} expected")
            quota = attack.codes[owner][failures.QUOTA_FULL]
            if account["tc_over_quota"] != quota:
                found.append(f"{owner}: {account['tc_over_quota']} over quota, {quota} expected")
        wanted = sum(attack.good.values())
        carried = self.flight.history.verified.get("completion_success", 0)
        if carried != wanted:
            found.append(f"{carried} telecommands carried out, {wanted} sent")
        for packet, name, value in UNCHANGED:
            value = attack.state.get((packet, name), value)
            if latest[packet].raw[name] != value:
                found.append(f"{packet}.{name} is {latest[packet].raw[name]}, {value} expected")
        if len(self.flight.world.boots) != 1:
            found.append(f"{len(self.flight.world.boots)} starts")
        return found


def _said(codes: "Counter[int]") -> str:
    return ", ".join(f"{CODES[code]} {n}" for code, n in sorted(codes.items()) if n) or "nothing"
