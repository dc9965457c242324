"""The dictionary as XTCE 1.2 (OMG formal/20-06-02): `microflight dictionary --xtce`.

    SpaceSystem microflight              telemetry of all owners, the abstract telecommand
      SpaceSystem host, EC, IR, BY       the telecommands that this owner may give

Names are flat and types without references to others, so that simple readers can use it too.
"""

from typing import Optional
from xml.etree import ElementTree as ET

from ground import xtce_commands
from ground.dictionary import Dictionary
from ground.xtce_telemetry import Telemetry

NAMESPACE = "http://www.omg.org/spec/XTCE/20180204"
SCHEMA = "https://www.omg.org/spec/XTCE/20180204/SpaceSystem.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
NAME = "microflight"


def xtce(dictionary: Dictionary, owner: Optional[str] = None) -> str:
    """The whole document; with `owner` only his telecommands. Raises `GroundError`."""
    partners = dictionary.partners if owner is None else (dictionary.partner(owner),)
    root = ET.Element(
        "SpaceSystem",
        {
            "name": NAME,
            "xmlns": NAMESPACE,
            "xmlns:xsi": INSTANCE,
            "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
            "shortDescription": f"spacecraft {dictionary.scid:#05x}",
        },
    )
    ET.SubElement(root, "Header", version=f"{dictionary.signature:08x}", validationStatus="Working")
    Telemetry(root, dictionary).build()
    xtce_commands.base(root)
    for partner in partners:
        xtce_commands.Commands(root, dictionary, partner).build()
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
