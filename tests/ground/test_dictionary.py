"""The dictionary: documents are current, lookups and their errors."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from flight import dictionary as flight_dictionary
from ground.dictionary import Dictionary, parse_type
from ground.errors import GroundError
from ground.markdown import markdown

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_document_is_current():
    committed = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    assert committed == markdown(Dictionary()), (
        "run: microflight dictionary --markdown --output docs/telemetry.md"
    )


def test_types():
    vector = parse_type("f32[3]")
    assert (vector.name, vector.count, vector.code, vector.is_array) == ("f32", 3, "3f", True)
    assert not parse_type("u16").is_array
    assert parse_type("u8[1]").is_array
    with pytest.raises(GroundError, match="u17"):
        parse_type("u17")


def test_partners_own_blocks_of_apids():
    dictionary = Dictionary()
    for partner in dictionary.partners:
        assert dictionary.partner_of_apid(partner.apid_base) == partner
        last = partner.apid_base + partner.apid_count - 1
        assert dictionary.partner_of_apid(last) == partner
        assert dictionary.partner(partner.name.upper()) == partner
    assert dictionary.partner_of_apid(0x7FF) is None


def test_unknown_names_are_errors():
    with pytest.raises(GroundError, match="packet 'nothing'"):
        Dictionary().packet("nothing")


def test_an_id_used_twice_is_refused():
    core = flight_dictionary.SUBSYSTEMS[0]
    twice = SimpleNamespace(APP=9, NAME="twice", PACKETS=core.PACKETS)
    source = SimpleNamespace(
        **{
            name: getattr(flight_dictionary, name)
            for name in dir(flight_dictionary)
            if name[0] != "_"
        }
    )
    source.SUBSYSTEMS = (*source.SUBSYSTEMS, twice)
    twice.COMMANDS = twice.EVENTS = twice.PARAMETERS = ()
    with pytest.raises(GroundError, match="twice"):
        Dictionary(source)
