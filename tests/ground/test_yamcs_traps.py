"""The configuration of Yamcs avoids each known trap (docs/yamcs.md, section 5, has the same list).

What Yamcs then really does: tests/interop/test_yamcs*.py.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import stat
from pathlib import Path

import pytest

from flight import dictionary as source
from ground import keys
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.xtce import xtce
from ground.yamcs import configuration, links, server
from ground.yamcs.configuration import OURS, Settings

DICTIONARY = Dictionary()
PARTNERS = DICTIONARY.partners
VARIANTS = [Settings(), Settings(cop1=True), Settings(control_links=True), Settings(security=OURS)]
FRAMES = VARIANTS[:3]
every = pytest.mark.parametrize(
    ("partner", "settings"), list(itertools.product(PARTNERS, VARIANTS))
)
by_frames = pytest.mark.parametrize(
    ("partner", "settings"), list(itertools.product(PARTNERS, FRAMES))
)


def both_links(partner, settings):
    rows = configuration.instance(DICTIONARY, partner, settings)["dataLinks"]
    found = {row["name"]: row for row in rows}
    assert set(found) == {"TM", "TC"}
    return found["TM"], found["TC"]


@functools.cache
def document(name):
    """The mission database of a partner."""
    return xtce(DICTIONARY, name)


def names_in(value):
    """Every name of an option in a configuration, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(names_in(row) for row in value.values()))
    if isinstance(value, list):
        return set().union(*(names_in(row) for row in value))
    return set()


@by_frames
def test_a_frame_sent_twice_would_be_encrypted_twice(partner, settings):
    """COP-1 retransmission with SDLS or a randomised CLTU: never retransmitted, no CLTU made."""
    _, tc = both_links(partner, settings)
    (channel,) = tc["virtualChannels"]
    if settings.cop1:
        assert channel["useCop1"] and channel["cop1TxLimit"] == 1
    else:
        assert "useCop1" not in channel
    assert not {"cltuEncoding", "randomizeCltu"} & names_in(tc)


@by_frames
def test_reed_solomon_is_left_to_the_station(partner, settings):
    tm, _ = both_links(partner, settings)
    assert tm["frameLength"] == 223
    assert not {"rawFrameDecoder", "initialBytesToStrip"} & names_in(tm)


@by_frames
def test_every_channel_is_declared(partner, settings):
    """A frame of an undeclared one is dropped before its CLCW is used."""
    tm, _ = both_links(partner, settings)
    declared = {channel["vcId"]: channel for channel in tm["virtualChannels"]}
    assert set(declared) == {row.vc for row in PARTNERS} | {7}
    # Only the partner's own is read; nothing is made of the others' cipher text.
    read = {vc for vc, channel in declared.items() if channel["service"] == "PACKET"}
    assert read == {partner.vc}


@by_frames
def test_one_association_each_way(partner, settings):
    """Yamcs takes any association of a link for any of its channels."""
    tm, tc = both_links(partner, settings)
    rows = {row[1]: row for row in source.ASSOCIATIONS}
    assert [rows[row["spi"]][3] for row in tc["encryption"]] == [partner.vc]
    spis = [row["spi"] for row in tm.get("encryption", [])]
    assert [rows[spi][3] for spi in spis] == ([partner.vc] if partner.index else [])
    assert 0 not in spis
    for row in tm.get("encryption", []):
        # Replays are refused, and the longest silence does not block the channel.
        assert row["args"]["verifySeqNum"] is True
        assert row["args"]["seqNumWindow"] == 2**31 - 1


@by_frames
def test_the_size_check_that_forgets_the_segment_header(partner, settings):
    _, tc = both_links(partner, settings)
    (channel,) = tc["virtualChannels"]
    assert 0 <= channel["mapId"] <= 15
    assert channel["maxFrameLength"] == tc["maxFrameLength"] - 1 == 255


@by_frames
def test_no_priorities(partner, settings):
    """POLLING_VECTOR with a priority above 1 strands frames."""
    _, tc = both_links(partner, settings)
    assert tc["priorityScheme"] == "FIFO"
    assert {channel["priority"] for channel in tc["virtualChannels"]} == {1}


@every
def test_nobody_may_use_options_of_telecommands(partner, settings):
    """`pus11ScheduleAt` wraps a telecommand after its frame was sized: TC(11,4) is in the
    dictionary instead."""
    granted = configuration.privileges(partner, settings)
    assert "CommandOptions" not in granted["System"]
    assert '<MetaCommand name="schedule_insert"' in document(partner.name)


@every
def test_control_of_links_is_not_given_without_need(partner, settings):
    """It is a right over the whole server: counters, keys and COP-1 of every channel on it."""
    granted = configuration.privileges(partner, settings)
    wanted = settings.cop1 or settings.control_links
    assert ("ControlLinks" in granted["System"]) == wanted
    assert granted["Command"] == [f"/microflight/{partner.name}/.*"]
    assert not {"ChangeMissionDatabase", "WriteTables", "ControlServices"} & set(granted["System"])


@every
def test_one_server_and_instance_per_partner(partner, settings):
    files = configuration.files(DICTIONARY, partner, settings, "", "secret")
    assert f"yamcs.{partner.name.lower()}.yaml" in files
    assert len([name for name in files if name.startswith("yamcs.")]) == 2
    ports = [settings.ports(row) for row in PARTNERS]
    assert len({port for row in ports for port in row}) == 3 * len(PARTNERS)


@every
def test_the_known_password_is_not_in_force(partner, settings):
    """Yamcs makes an account `admin` with the password `admin` by itself."""
    files = configuration.files(DICTIONARY, partner, settings, "", "secret")
    assert "YamlAuthModule" in files["security.yaml"]
    assert "admin:" in files["users.yaml"] and '"secret"' in files["users.yaml"]
    assert "superuser: false" in files["security.yaml"]


def preprocessors(partner, settings):
    tm, _ = both_links(partner, settings)
    rows = [*tm.get("virtualChannels", []), tm]
    return [row["packetPreprocessorArgs"] for row in rows if "packetPreprocessorArgs" in row]


@every
def test_the_time_of_time_packets_is_where_it_is(partner, settings):
    """Without time correlation they would be read at octet 0."""
    (arguments,) = preprocessors(partner, settings)
    assert arguments["performTimeCorrelation"] is True
    assert (arguments["pktTimeOffset"], arguments["timePktTimeOffset"]) == (13, 7)


@every
def test_onboard_time_is_not_replaced(partner, settings):
    """With a correlation service Yamcs puts its own time where the two differ."""
    (arguments,) = preprocessors(partner, settings)
    assert "tcoService" not in names_in(configuration.instance(DICTIONARY, partner, settings))
    # Correlation reads frames from a stream that nothing is sent to.
    assert arguments["goodFrameStream"] == links.NO_FRAMES
    assert "goodFrameStream" not in both_links(partner, settings)[0]
    assert f"create stream {links.NO_FRAMES}(" in configuration.STREAMS


@every
def test_the_epoch_is_ours(partner, settings):
    """Yamcs does not look at the epoch bits of the P-field, and takes GPS when told nothing."""
    (arguments,) = preprocessors(partner, settings)
    assert arguments["timeEncoding"]["epoch"] == "CUSTOM"
    assert arguments["timeEncoding"]["epochUTC"] == source.EPOCH == DICTIONARY.epoch
    assert arguments["timeEncoding"]["timeIncludesLeapSeconds"] is True


@every
def test_files_do_not_go_through_yamcs(partner, settings):
    """Its CFDP knows neither CRC-32 nor file store requests, and its PUS preprocessor drops
    packets without secondary header."""
    rows = configuration.instance(DICTIONARY, partner, settings)["services"]
    assert not any("cfdp" in row["class"].lower() for row in rows)


@every
def test_links_are_up_after_every_start(partner, settings):
    """Otherwise they are as they were when the server ended."""
    assert all(row["enabledAtStartup"] is True for row in both_links(partner, settings))


def test_one_fop_per_channel():
    with pytest.raises(GroundError, match="one FOP per channel"):
        Settings(security=OURS, cop1=True)
    with pytest.raises(GroundError, match="is unknown"):
        Settings(security="theirs")


@pytest.mark.parametrize("partner", PARTNERS)
def test_a_server_folder_holds_its_partners_keys_only(partner, tmp_path):
    held = keys.development()
    home = server.prepare(tmp_path, DICTIONARY, partner, Settings(), "<mdb/>", held)
    names = {path.stem for path in (home / "keys").iterdir()}
    assert names == {n for n in keys.names(partner.name) if n.startswith(("tc-", "tm-"))} - {
        "tc-emergency"
    }
    for path in [home, *home.rglob("*")]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ours = server.prepare(tmp_path, DICTIONARY, partner, Settings(security=OURS), "<mdb/>", held)
    assert not (ours / "keys").exists()


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(GroundError, match="no key tc-IR here"):
        server.prepare(tmp_path, DICTIONARY, PARTNERS[2], Settings(), "", {})


def test_yaml_is_what_was_meant():
    value = {"a": [{"b": 1, "c": [True, "x: y"]}, []], "d": {}, "e": None, "f": 2.5}
    assert configuration.yaml(value) == (
        'a:\n  -\n    b: 1\n    c:\n      - true\n      - "x: y"\n  - []\nd: {}\ne: null\nf: 2.5\n'
    )
    assert json.loads(configuration.yaml("x").strip()) == "x"


def test_the_release_has_no_known_holes():
    """CVE-2026-44632 and CVE-2026-46562 are closed in 5.12.7."""
    assert tuple(int(part) for part in server.version().split(".")) >= (5, 12, 7)


def test_security_ours_leaves_yamcs_without_frames():
    for partner in PARTNERS:
        text = json.dumps(configuration.instance(DICTIONARY, partner, Settings(security=OURS)))
        assert "encryption" not in text and "FrameLink" not in text


def test_every_trap_of_the_document_has_its_test():
    root = Path(__file__).resolve().parents[2]
    text = (root / "docs" / "yamcs.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) == 19
    files = [*root.glob("tests/ground/test_yamcs*.py"), *root.glob("tests/interop/test_yamcs*.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row.rsplit("|", 2)[1])
        assert names or "test_yamcs_handover.py" in row, row
        for name in names:
            assert f"def {name}(" in sources, name
