"""The dictionary as a document: `microflight dictionary --markdown` writes docs/telemetry.md."""

from typing import List, Sequence

from ground.dictionary import SEVERITIES, Dictionary

NOTE = "Written by `microflight dictionary --markdown` from the definitions modules of `flight/`."


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> List[str]:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
    return lines + [""]


def _number(value: float) -> str:
    return f"{value:.10g}"


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
            kind = field.type.name + (f"[{field.type.count}]" if field.type.is_array else "")
            scale = "" if field.scale == 1 else _number(field.scale)
            world = " *(may differ between worlds)*"
            note = field.description + (world if field.name in dictionary.world_fields else "")
            rows.append((field.name, kind, scale, field.unit, field.frame, note))
        lines += _table(("field", "type", "scale", "unit", "frame", "description"), rows)
    lines += ["## Commands", ""]
    lines += _table(
        ("command", "id", "service", "arguments", "authority", "hazardous", "description"),
        [
            (
                c.name,
                f"{c.id:#06x}",
                f"{c.service}/{c.subtype}",
                ", ".join(
                    f"{a.name} {a.type.name} {_number(a.lowest)} .. {_number(a.highest)}"
                    + (f" {a.unit}" if a.unit else "")
                    for a in c.arguments
                )
                or "none",
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
