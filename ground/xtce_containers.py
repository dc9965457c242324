"""Containers of the XTCE document's telemetry, and the parameters in them."""

from typing import Dict, Iterable, Optional, Sequence, Tuple
from xml.etree import ElementTree as ET

from ground.errors import GroundError
from ground.xtce_types import Types

Condition = Tuple[str, str, int]  # parameter, operator, raw value
Row = Tuple[str, str]  # name of a field, name of its type
CRC = "packet_crc"
PUS = "pus_packet"


class Containers:
    """Fills a ParameterSet and a ContainerSet; `types` makes the types."""

    def __init__(self, parent: ET.Element) -> None:
        self.types = Types(parent, "Parameter")
        self._parameters = ET.SubElement(parent, "ParameterSet")
        self._containers = ET.SubElement(parent, "ContainerSet")
        self._known: Dict[str, str] = {}

    def parameter(self, name: str, type_name: str, description: str = "") -> str:
        """A parameter; the same name twice is the same parameter. Raises `GroundError` when it is
        not."""
        if name in self._known:
            if self._known[name] != type_name:
                raise GroundError(f"dictionary: two fields are called {name!r} in XTCE")
            return name
        self._known[name] = type_name
        element = ET.SubElement(
            self._parameters, "Parameter", name=name, parameterTypeRef=type_name
        )
        if description:
            element.set("shortDescription", description)
        return name

    def container(
        self,
        name: str,
        base: Optional[str],
        conditions: Sequence[Condition],
        entries: Iterable[str],
        description: str = "",
        partition: bool = False,
        abstract: bool = False,
    ) -> str:
        """A container that extends `base` where all `conditions` (parameter, operator, raw value)
        hold. `partition`: archives sort by it, not by what extends it."""
        element = ET.SubElement(self._containers, "SequenceContainer", name=name)
        if abstract:
            element.set("abstract", "true")
        if description:
            element.set("shortDescription", description)
        if partition:
            extra = ET.SubElement(element, "AncillaryDataSet")
            ET.SubElement(extra, "AncillaryData", name="Yamcs").text = "UseAsArchivingPartition"
        rows = ET.SubElement(element, "EntryList")
        for entry in entries:
            ET.SubElement(rows, "ParameterRefEntry", parameterRef=entry)
        if base is not None:
            link = ET.SubElement(element, "BaseContainer", containerRef=base)
            criteria = ET.SubElement(ET.SubElement(link, "RestrictionCriteria"), "ComparisonList")
            for parameter, operator, value in conditions:
                ET.SubElement(
                    criteria,
                    "Comparison",
                    parameterRef=parameter,
                    comparisonOperator=operator,
                    value=str(value),
                    useCalibratedValue="false",
                )
        return name

    def message(
        self,
        name: str,
        service: int,
        subtype: int,
        entries: Sequence[str],
        description: str,
        ends: bool = True,
    ) -> str:
        """A container for one message type; `ends`: nothing follows but the CRC."""
        return self.container(
            name,
            PUS,
            [("service", "==", service), ("subtype", "==", subtype)],
            [*entries, CRC] if ends else entries,
            f"TM({service},{subtype}) {description}",
            partition=True,
        )

    def rows(self, base: str, count: str, fields: Sequence[Row], longest: int) -> None:
        """Lists of 0 .. `longest` rows behind the parameter `count` that ends `base`."""
        before = base
        self.container(f"{base}_0_end", base, [(count, "==", 0)], [CRC])
        for length in range(1, longest + 1):
            here = f"{base}_{length}"
            entries = [self.parameter(f"{base}_{length - 1}_{n}", t) for n, t in fields]
            self.container(here, before, [(count, ">=", length)], entries)
            self.container(f"{here}_end", here, [(count, "==", length)], [CRC])
            before = here
