"""The dictionary as a document: `microflight dictionary --markdown` writes docs/telemetry.md."""

from typing import List, Sequence

from ground.dictionary import SEVERITIES, Argument, Dictionary, Type

NOTE = "Written by `microflight dictionary --markdown` from the definitions modules of `flight/`."


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> List[str]:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
    return lines + [""]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _kind(type_: Type) -> str:
    return type_.name + (f"[{type_.count}]" if type_.is_array else "")


def _argument(row: Argument) -> str:
    """One argument of a command: name, type, range, unit, what is sent when it is left out."""
    text = f"{row.name} {_kind(row.type)}"
    if not row.type.is_text:
        text += f" {_number(row.lowest)} .. {_number(row.highest)}"
    if row.unit:
        text += f" {row.unit}"
    if row.default is not None:
        values = row.default if isinstance(row.default, (list, tuple)) else [row.default]
        text += f" ({' '.join(_number(value) for value in values)})"
    return text


def markdown(dictionary: Dictionary) -> str:
    """The whole dictionary as Markdown: partners, packets, commands, events, parameters."""
    lines = [
        "# Telemetry and telecommands",
        "",
        NOTE,
        "",
        f"Spacecraft {dictionary.scid:#05x} · dictionary signature `{dictionary.signature:08x}`"
        f" · time counts from {dictionary.epoch}",
        "",
        "## Partners",
        "",
    ]
    lines += _table(
        ("owner", "name", "virtual channel", "APIDs"),
        [
            (p.index, p.name, p.vc, f"{p.apid_base:#05x} .. {p.apid_base + p.apid_count - 1:#05x}")
            for p in dictionary.partners
        ],
    )
    lines += ["## Packets", ""]
    for packet in dictionary.packets.values():
        period = f"every {packet.period_ms} ms" if packet.period_ms else "on an event"
        lines += [
            f"### {packet.name} ({packet.id:#06x})",
            "",
            f"{packet.description}. {period.capitalize()}, {packet.layout.size} bytes,"
            f" {packet.byte_order}-endian, owner {dictionary.partners[packet.owner].name}.",
            "",
        ]
        rows = []
        for field in packet.fields:
            scale = "" if field.scale == 1 else _number(field.scale)
            world = " *(may differ between worlds)*"
            note = field.description + (world if field.name in dictionary.world_fields else "")
            rows.append((field.name, _kind(field.type), scale, field.unit, field.frame, note))
        lines += _table(("field", "type", "scale", "unit", "frame", "description"), rows)
    lines += ["## Commands", "", "In brackets: sent when an argument is left out.", ""]
    lines += _table(
        ("command", "id", "service", "arguments", "authority", "hazardous", "description"),
        [
            (
                c.name,
                f"{c.id:#06x}",
                f"{c.service}/{c.subtype}",
                ", ".join(_argument(a) for a in c.arguments) or "none",
                c.authority,
                "yes" if c.hazardous else "",
                c.description,
            )
            for c in dictionary.commands.values()
        ],
    )
    lines += ["## Events", ""]
    lines += _table(
        ("event", "severity", "text"),
        [
            (f"{e.id:#06x}", SEVERITIES.get(e.severity, e.severity), e.text)
            for e in dictionary.events.values()
        ],
    )
    lines += ["## Parameters", "", "Set with 20/3 (`set_parameters`).", ""]
    lines += _table(
        ("parameter", "id", "type", "lowest", "highest", "default", "unit", "description"),
        [
            (
                p.name,
                f"{p.id:#06x}",
                p.type.name,
                _number(p.lowest),
                _number(p.highest),
                _number(p.default),
                p.unit,
                p.description,
            )
            for p in dictionary.parameters.values()
        ],
    )
    return "\n".join(lines).rstrip() + "\n"
