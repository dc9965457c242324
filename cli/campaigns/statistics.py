"""The figures of a campaign of flights: how often each check holds, how its values spread."""

import math
from typing import Any, Dict, List, Mapping, Sequence

from cli.figures import Figure

SHARE_MIN = 0.99
WORST = 5
QUANTILES = (("median", 0.5), ("p95", 0.95), ("p99", 0.99))

Row = Mapping[str, Any]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    # The product is rounded first: 0.99 * 100 must count 99 values, not 100.
    return sorted(values)[max(0, math.ceil(round(share * len(values), 9)) - 1)]


def _flown(rows: Sequence[Row]) -> List[Row]:
    return [row for row in rows if row["verdict"] != "broken"]


def checks_of(row: Row) -> Dict[str, Dict[str, Any]]:
    """The checks of a run by name; where several have one name, each by its number too."""
    found: Dict[str, Dict[str, Any]] = {}
    for check in row["checks"]:
        name, number = check["name"], 1
        while name in found:
            number += 1
            name = f"{check['name']} ({number})"
        found[name] = check
    return found


def _common(rows: Sequence[Row]) -> "Dict[str, List[Dict[str, Any]]]":
    """By name: every run's check, for the checks that every flown run has."""
    tables = [checks_of(row) for row in _flown(rows)]
    names = tables[0] if tables else {}
    return {
        name: [table[name] for table in tables]
        for name in names
        if all(name in table for table in tables)
    }


def _values(checks: Sequence[Mapping[str, Any]]) -> List[float]:
    """The values of one check; what was never reached is worse than anything."""
    return [math.inf if check["value"] is None else float(check["value"]) for check in checks]


def _finite(value: float) -> Any:
    return value if math.isfinite(value) else None


def distributions(rows: Sequence[Row]) -> List[Dict[str, Any]]:
    """How the value of each check is spread over the flown runs; None where never reached."""
    found = []
    for name, checks in _common(rows).items():
        values = _values(checks)
        found.append(
            {
                "name": name,
                "unit": checks[0]["unit"],
                "limit": checks[0]["limit"],
                "runs": len(values),
                "not_reached": sum(math.isinf(value) for value in values),
                "min": _finite(min(values)),
                **{label: _finite(quantile(values, share)) for label, share in QUANTILES},
                "max": _finite(max(values)),
            }
        )
    return found


def figures(rows: Sequence[Row]) -> List[Figure]:
    """No run broke; 99 of 100 pass; and 99 of 100 keep each check, with the value they keep."""
    broken = len(rows) - len(_flown(rows))
    passed = sum(row["verdict"] == "pass" for row in rows)
    found = [
        Figure("runs without a result", broken, 0, "runs"),
        Figure("runs that pass", 100.0 * passed / len(rows), 100.0 * SHARE_MIN, "%", ">="),
    ]
    for name, checks in _common(rows).items():
        kept = sum(check["pass"] for check in checks)
        share = 100.0 * kept / len(rows)
        found.append(Figure(f"{name}: runs that keep it", share, 100.0 * SHARE_MIN, "%", ">="))
        value = _finite(quantile(_values(checks), SHARE_MIN))
        # The check itself says whether its limit is kept: some allow equality and some do not.
        failed = kept < round(SHARE_MIN * len(checks), 9)
        limit, unit = float(checks[0]["limit"]), str(checks[0]["unit"])
        found.append(Figure(f"{name}: 99 of 100 runs", value, limit, unit, failed=failed))
    return found


def worst(rows: Sequence[Row]) -> List[Dict[str, Any]]:
    """The runs to look at: those without a result, then the extremes of each check that varies."""
    found = [_case("no result", row, None, "", row["reason"]) for row in rows if _is_broken(row)]
    flown = _flown(rows)
    common = _common(rows)
    for name, checks in common.items():
        values = _values(checks)
        if min(values) == max(values) and all(check["pass"] for check in checks):
            continue
        # Failed ones first, then by value; among equals the first flown.
        order = sorted(range(len(flown)), key=lambda i: (checks[i]["pass"], -values[i], i))
        for i in order[:WORST]:
            unit = str(checks[i]["unit"])
            found.append(_case(name, flown[i], checks[i]["value"], unit, "", checks[i]["pass"]))
    for row in flown:
        for name, check in checks_of(row).items():
            if name not in common and not check["pass"]:
                found.append(_case(name, row, check["value"], str(check["unit"]), ""))
    return found


def _is_broken(row: Row) -> bool:
    return bool(row["verdict"] == "broken")


def _case(
    what: str, row: Row, value: Any, unit: str, reason: str, passed: bool = False
) -> Dict[str, Any]:
    case = {"check": what, "index": row["index"], "value": value, "unit": unit, "pass": passed}
    if reason:
        case["reason"] = reason
    return {**case, "command": row["command"]}
