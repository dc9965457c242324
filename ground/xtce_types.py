"""Types of the XTCE document: one per encoding, unit, scale and set of names; XTCE 1.2.

`Types` fills a ParameterTypeSet or an ArgumentTypeSet and gives back the names of what it made.
"""

import re
from typing import Dict, Mapping, Optional, Tuple
from xml.etree import ElementTree as ET

from ground.dictionary import Type

SIZES = {"u8": 8, "i8": 8, "u16": 16, "i16": 16, "u32": 32, "i32": 32, "f32": 32}
LITTLE = "leastSignificantByteFirst"
_NAMED = re.compile(r"(?:^|: )((?:\d+ [^,;:]+)(?:, \d+ [^,;:]+)+)$")
_ENTRY = re.compile(r"(\d+) (.+)")


def names_in(description: str) -> Dict[int, str]:
    """Names of values that a description lists as "0 idle, 1 detumble, …", counted without a gap
    from 0 or 1; empty when it lists none, or bits of a mask ("1 …, 2 …, 4 …")."""
    found = _NAMED.search(description)
    if found is None:
        return {}
    names: Dict[int, str] = {}
    for part in found.group(1).split(", "):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            return {}
        names[int(entry.group(1))] = entry.group(2)
    values = list(names)
    counted = list(range(values[0], values[0] + len(values)))
    enough = values[0] == 0 or (values[0] == 1 and len(values) > 2)
    return names if enough and values == counted else {}


def plain(text: str) -> str:
    """`text` as an XTCE name: no character that a reference gives a meaning to."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")


class Types:
    """One set of types. `kind` is "Parameter" or "Argument"."""

    def __init__(self, parent: ET.Element, kind: str) -> None:
        self._set = ET.SubElement(parent, f"{kind}TypeSet")
        self._kind = kind
        self._made: Dict[Tuple[object, ...], str] = {}

    def _new(self, key: Tuple[object, ...], tag: str, name: str) -> Optional[ET.Element]:
        """A new type for `key`, or None when there is one; `self._made[key]` is its name."""
        if key in self._made:
            return None
        name = plain(name)
        taken = set(self._made.values())
        number = 2
        base = name
        while name in taken:
            name = f"{base}_{number}"
            number += 1
        self._made[key] = name
        return ET.SubElement(self._set, f"{tag}{self._kind}Type", name=name)

    @staticmethod
    def _integer(parent: ET.Element, bits: int, signed: bool, little: bool) -> ET.Element:
        encoding = "twosComplement" if signed else "unsigned"
        element = ET.SubElement(
            parent, "IntegerDataEncoding", sizeInBits=str(bits), encoding=encoding
        )
        if little and bits > 8:
            element.set("byteOrder", LITTLE)
        return element

    @staticmethod
    def _unit(element: ET.Element, unit: str) -> None:
        if unit:
            ET.SubElement(ET.SubElement(element, "UnitSet"), "Unit").text = unit

    def number(
        self,
        type_: Type,
        unit: str = "",
        scale: float = 1,
        little: bool = False,
        limits: Optional[Tuple[float, float]] = None,
    ) -> str:
        """One value of `type_`, calibrated when it has a scale, with a valid range when it has
        `limits` (both allowed)."""
        whole = not type_.is_float
        key = (type_.name, unit, scale, little, limits)
        tag = "Integer" if whole and scale == 1 else "Float"
        suffix = "" if limits is None else f"_{limits[0]:g}_to_{limits[1]:g}".replace("-", "m")
        label = f"{type_.name}{'_le' if little else ''}_{unit}_{'' if scale == 1 else scale}"
        element = self._new(key, tag, label + suffix)
        if element is None:
            return self._made[key]
        self._unit(element, unit)
        bits = SIZES[type_.name]
        if whole:
            signed = type_.name.startswith("i")
            if tag == "Integer":
                element.set("signed", str(signed).lower())
                element.set("sizeInBits", str(bits))
            encoding = self._integer(element, bits, signed, little)
        else:
            encoding = ET.SubElement(element, "FloatDataEncoding", sizeInBits=str(bits))
            if little:
                encoding.set("byteOrder", LITTLE)
        if scale != 1:
            calibrator = ET.SubElement(encoding, "DefaultCalibrator")
            terms = ET.SubElement(calibrator, "PolynomialCalibrator")
            ET.SubElement(terms, "Term", coefficient="0", exponent="0")
            ET.SubElement(terms, "Term", coefficient=repr(scale), exponent="1")
        if limits is not None:
            ranges = ET.SubElement(element, "ValidRangeSet")
            lowest, highest = (str(int(v)) if whole else repr(float(v)) for v in limits)
            ET.SubElement(ranges, "ValidRange", minInclusive=lowest, maxInclusive=highest)
        return self._made[key]

    def bits(self, count: int, names: Optional[Mapping[int, str]] = None, label: str = "") -> str:
        """An unsigned number of `count` bits, with names for its values where there are some."""
        if names:
            return self.enumeration(label or f"bits{count}", count, names)
        key = ("bits", count)
        element = self._new(key, "Integer", f"uint{count}")
        if element is not None:
            element.set("signed", "false")
            self._integer(element, count, False, False)
        return self._made[key]

    def enumeration(
        self,
        label: str,
        bits: int,
        names: Mapping[int, str],
        little: bool = False,
        signed: bool = False,
    ) -> str:
        """A number of which every value has a name."""
        key = ("enumeration", bits, little, signed, tuple(sorted(names.items())))
        element = self._new(key, "Enumerated", f"{label}_names")
        if element is not None:
            self._integer(element, bits, signed, little)
            rows = ET.SubElement(element, "EnumerationList")
            for value, name in sorted(names.items()):
                ET.SubElement(rows, "Enumeration", value=str(value), label=name)
        return self._made[key]

    def time(self, epoch: str) -> str:
        """CUC 4+2 without P-field: seconds u32 and 1/65536 s u16 since `epoch` (UTC)."""
        key = ("time", epoch)
        element = self._new(key, "AbsoluteTime", "cuc_time")
        if element is not None:
            encoding = ET.SubElement(element, "Encoding", units="seconds", scale=repr(1 / 65536))
            self._integer(encoding, 48, False, False)
            reference = ET.SubElement(element, "ReferenceTime")
            ET.SubElement(reference, "Epoch").text = epoch
        return self._made[key]

    def text(self, octets: int) -> str:
        """Text of exactly so many octets, ASCII."""
        key = ("text", octets)
        element = self._new(key, "String", f"text{octets}")
        if element is not None:
            encoding = ET.SubElement(element, "StringDataEncoding", encoding="US-ASCII")
            fixed = ET.SubElement(ET.SubElement(encoding, "SizeInBits"), "Fixed")
            ET.SubElement(fixed, "FixedValue").text = str(8 * octets)
            ET.SubElement(
                element,
                "SizeRangeInCharacters",
                minInclusive=str(octets),
                maxInclusive=str(octets),
            )
        return self._made[key]

    def counted_text(self, longest: int, counter: str) -> str:
        """Text of as many octets as the parameter or argument `counter` before it says."""
        key = ("counted", longest, counter)
        element = self._new(key, "String", f"text_of_{counter}")
        if element is not None:
            encoding = ET.SubElement(element, "StringDataEncoding", encoding="UTF-8")
            variable = ET.SubElement(encoding, "Variable", maxSizeInBits=str(8 * longest))
            self._dynamic(variable, counter, 8, 0)
        return self._made[key]

    def binary(self, octets: int) -> str:
        """So many octets as they are."""
        key = ("binary", octets)
        element = self._new(key, "Binary", f"octets{octets}")
        if element is not None:
            size = ET.SubElement(ET.SubElement(element, "BinaryDataEncoding"), "SizeInBits")
            ET.SubElement(size, "FixedValue").text = str(8 * octets)
        return self._made[key]

    def rest(self, counter: str, less_octets: int) -> str:
        """What is left of a packet: as many octets as `counter` says, less so many."""
        key = ("rest", counter, less_octets)
        element = self._new(key, "Binary", f"rest{less_octets}")
        if element is not None:
            size = ET.SubElement(ET.SubElement(element, "BinaryDataEncoding"), "SizeInBits")
            self._dynamic(size, counter, 8, -8 * less_octets)
        return self._made[key]

    def packet(self) -> str:
        """A whole telecommand packet, of any length."""
        key = ("packet",)
        element = self._new(key, "Binary", "telecommand_packet")
        if element is not None:
            size = ET.SubElement(ET.SubElement(element, "BinaryDataEncoding"), "SizeInBits")
            # So Yamcs takes all that is given; XTCE has no other word for it.
            ET.SubElement(size, "FixedValue").text = "-1"
        return self._made[key]

    def _dynamic(self, parent: ET.Element, counter: str, slope: int, intercept: int) -> None:
        value = ET.SubElement(parent, "DynamicValue")
        reference = f"{self._kind.lower()}Ref"
        ET.SubElement(
            value,
            f"{self._kind}InstanceRef",
            {reference: counter, "useCalibratedValue": "false"},
        )
        ET.SubElement(value, "LinearAdjustment", slope=str(slope), intercept=str(intercept))
