"""The abuse cases of the link, each by its name: on the desktop, and on the firmware."""

import pytest

from cli import worlds
from cli.security.proofs import PROOFS
from tests.emulated import qemu


@pytest.mark.parametrize("name", PROOFS)
def test_abuse_on_the_desktop(name):
    problems, counters = PROOFS[name]("desktop", worlds.ELF)
    assert problems == [] and sum(counters.values()) > 0


@pytest.mark.parametrize("name", ["A2", "A5", "A9"])
def test_abuse_on_the_firmware(name):
    problems, counters = PROOFS[name]("qemu", qemu.firmware())
    assert problems == [] and sum(counters.values()) > 0


@pytest.mark.accept
@pytest.mark.parametrize("name", sorted(set(PROOFS) - {"A2", "A5", "A9"}))
def test_every_abuse_on_the_firmware(name):
    problems, _ = PROOFS[name]("qemu", qemu.firmware())
    assert problems == []


def test_the_verdict_names_every_case(microflight, tmp_path):
    path = tmp_path / "security.json"
    code, out, _ = microflight("verify", "security", "--only", "A24", "--json", str(path))
    assert code == 0 and "A24 Power cut" in out and "sdls_replayed" in path.read_text()


def test_an_unknown_case_is_one_line(microflight):
    code, _, error = microflight("verify", "security", "--only", "A99")
    assert code == 2 and "A99" in error and error.count("\n") == 1
