"""Checks a parsed TOML document against the schema and applies overrides to it."""

from __future__ import annotations

import copy
import difflib
import math
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from sim.errors import ScenarioError
from sim.rules import REQUIRED, Key, Section
from sim.schema import SCHEMA

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DEEP = "lists and tables in one another, too many"
_FINITE = "a number, finite and of 64 bits"
_TYPE_NAMES = {"int": "a whole number", "float": "a number", "str": "a text", "time": "a time"}


def suggest(word: str, known: Iterable[str]) -> str:
    """ ": did you mean 'x'?" for the known word nearest to `word`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f": did you mean '{close[0]}'?" if close else ""


def _paths(schema: Mapping[str, Any], prefix: str = "") -> list[str]:
    paths = []
    for key, rule in schema.items():
        if isinstance(rule, Section):
            rule = rule.rules
        if isinstance(rule, Key):
            paths.append(prefix + key)
        elif isinstance(rule, dict):
            paths += _paths(rule, f"{prefix}{key}.")
    return paths


def apply_override(document: dict[str, Any], override: str) -> None:
    """Put one "a.b.c=value" into the document."""
    dotted, equals, text = override.partition("=")
    dotted, text = dotted.strip(), text.strip()
    if not equals or not dotted or not text:
        raise ScenarioError(f"--set {override}: write it as key=value, such as seed=2")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except RecursionError:
        raise ScenarioError(f"--set {dotted}: {_DEEP}") from None
    except ValueError:
        value = text  # a bare word or a path: no need to quote it for the shell as well
    words = dotted.split(".")
    rule: Any = SCHEMA
    place: Any = document
    for index, word in enumerate(words):
        last = index == len(words) - 1
        if isinstance(rule, list):
            if not isinstance(place, list) or not word.isdigit() or int(word) >= len(place):
                where = ".".join(words[:index])
                raise ScenarioError(f"--set {override}: {where} has no entry '{word}'")
            rule = rule[0]
            place = place[int(word)]
            continue
        if not isinstance(rule, dict) or word not in rule:
            raise ScenarioError(
                f"--set {override}: unknown key '{dotted}'{suggest(dotted, _paths(SCHEMA))}"
            )
        rule = rule[word]
        if last:
            break
        if isinstance(rule, Section):
            rule = rule.rules
        place = place.setdefault(word, {})
        if not isinstance(place, (dict, list)):
            raise ScenarioError(f"--set {override}: '{word}' is not a table in this scenario")
    # A whole optional table may be given, so that `={}` makes what it describes be there.
    usable = isinstance(rule, Key) or isinstance(rule, Section) and isinstance(value, dict)
    if not usable or not isinstance(place, dict):
        raise ScenarioError(f"--set {override}: '{dotted}' is a table; name one of its keys")
    place[words[-1]] = value


def check_table(table: Any, schema: Mapping[str, Any], prefix: str, where: str) -> dict[str, Any]:
    """`table` checked and completed by the defaults."""
    if not isinstance(table, dict):
        raise ScenarioError(f"{where}: {prefix.rstrip('.')} must be a table")
    for key in table:
        if key not in schema:
            hint = suggest(key, schema)
            raise ScenarioError(f"{where}: unknown key '{prefix}{key}'{hint}")
    result: dict[str, Any] = {}
    for key, rule in schema.items():
        full = prefix + key
        if isinstance(rule, Section):
            given = key in table
            result[key] = check_table(table[key], rule.rules, full + ".", where) if given else None
        elif isinstance(rule, dict):
            result[key] = check_table(table.get(key, {}), rule, full + ".", where)
        elif isinstance(rule, list):
            rows = table.get(key, [])
            if not isinstance(rows, list):
                raise ScenarioError(f"{where}: {full} must be an array of tables: [[{full}]]")
            result[key] = [
                check_table(row, rule[0], f"{full}.{index}.", where)
                for index, row in enumerate(rows)
            ]
        elif key in table:
            result[key] = _value(table[key], rule, full, where)
        elif rule.default is REQUIRED:
            raise ScenarioError(f"{where}: key '{full}' is missing: {rule.text or rule.kind}")
        else:
            result[key] = copy.deepcopy(rule.default)
    return result


def _value(value: Any, rule: Key, full: str, where: str) -> Any:
    shape: tuple[int, ...] = ()
    inner = value
    while isinstance(inner, list):
        shape += (len(inner),)
        inner = inner[0] if inner else None
    if shape not in rule.shapes:
        wanted = " or ".join(_shape_text(allowed, rule.kind) for allowed in rule.shapes)
        raise ScenarioError(f"{where}: {full} must be {wanted}")
    return _element(value, rule, full, where, len(shape))


def _shape_text(shape: tuple[int, ...], kind: str) -> str:
    if not shape:
        return _TYPE_NAMES.get(kind, "a table")
    return f"a list of {' lists of '.join(str(n) for n in shape)} numbers"


def _element(value: Any, rule: Key, full: str, where: str, depth: int) -> Any:
    if depth:
        if not isinstance(value, list):
            raise ScenarioError(f"{where}: {full} mixes lists and single values")
        parts = [_element(part, rule, full, where, depth - 1) for part in value]
        if depth > 1 and len({len(part) for part in parts}) != 1:
            raise ScenarioError(f"{where}: {full} has rows of different length")
        return parts
    if rule.kind in ("int", "float"):
        number = isinstance(value, int) and not isinstance(value, bool)
        if rule.kind == "float":
            number = number or isinstance(value, float)
        if number and not _is_number(value):
            raise ScenarioError(f"{where}: {full} must be {_FINITE}")
        if not number:
            raise ScenarioError(f"{where}: {full} must be {_TYPE_NAMES[rule.kind]}, not {value!r}")
        if not rule.low <= value <= rule.high:
            raise ScenarioError(
                f"{where}: {full} = {value} is outside {rule.low:g} .. {rule.high:g}"
            )
        return float(value) if rule.kind == "float" else value
    if rule.kind == "time":
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ScenarioError(f"{where}: {full} must be a time such as 2026-10-04T06:00:00Z")
        return value.astimezone(timezone.utc)
    if rule.kind == "arguments":
        if not isinstance(value, dict) or not all(_is_argument(item) for item in value.values()):
            raise ScenarioError(
                f"{where}: {full} must be a table of finite numbers, texts and lists of numbers"
            )
        return dict(value)
    if not isinstance(value, str) or (rule.choices and value not in rule.choices):
        wanted = f"one of {', '.join(rule.choices)}" if rule.choices else "a text"
        raise ScenarioError(f"{where}: {full} must be {wanted}, not {value!r}")
    return value


def _is_argument(value: Any) -> bool:
    """A value, or a list of such: numbers, texts, telecommands inside the telecommand."""
    if isinstance(value, list):
        flat = not any(isinstance(item, list) for item in value)
        return bool(value) and flat and all(_is_argument(item) for item in value)
    if isinstance(value, dict):
        return all(_is_argument(item) for item in value.values())
    if isinstance(value, (int, float)):
        return _is_number(value)
    return isinstance(value, str)


def _is_number(value: int | float) -> bool:
    """Finite, and of 64 bits."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 64
    return math.isfinite(value)
