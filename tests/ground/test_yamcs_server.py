"""Fetching and starting Yamcs where something is missing or goes wrong: one line each time."""

from __future__ import annotations

import os
import stat

import pytest

from ground import keys
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.yamcs import server
from ground.yamcs.configuration import Settings

DICTIONARY = Dictionary()
EC = DICTIONARY.partner("EC")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that is the whole PATH but for the shell; what is put there is found."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, text):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return put


@pytest.fixture
def home(tmp_path):
    return server.prepare(tmp_path, DICTIONARY, EC, Settings(), "<mdb/>", keys.development())


def start(home, tmp_path):
    server.Server(home, tmp_path / "lib", 1).start()


JAVA_17 = 'if [ "$1" = -version ]; then echo \'openjdk version "17.0.9"\' >&2; exit 0; fi'


def test_no_java(programs, home, tmp_path):
    with pytest.raises(GroundError, match="java is not on the PATH"):
        start(home, tmp_path)


@pytest.mark.parametrize("said", ['java version "1.8.0_391"', 'openjdk version "11.0.2"', "what?"])
def test_an_old_java(programs, home, tmp_path, said):
    programs("java", f"echo '{said}' >&2")
    with pytest.raises(GroundError, match="java 17 or newer"):
        start(home, tmp_path)


def test_a_server_that_does_not_come_up(programs, home, tmp_path):
    programs("java", f"{JAVA_17}\necho first; echo no such instance; exit 3")
    with pytest.raises(GroundError, match="did not come up.*no such instance") as caught:
        start(home, tmp_path)
    assert "\n" not in str(caught.value)
    assert "first" in (home / "yamcs.log").read_text()


def test_no_maven(programs, tmp_path):
    with pytest.raises(GroundError, match="mvn is not on the PATH"):
        server.install(tmp_path)


def test_a_maven_that_fails(programs, tmp_path):
    programs("mvn", "echo '[INFO] so far'; echo '[ERROR] no such artifact'; exit 1")
    with pytest.raises(GroundError, match="no such artifact") as caught:
        server.install(tmp_path)
    assert "\n" not in str(caught.value) and "so far" not in str(caught.value)
    # What is half there is fetched again.
    assert not (tmp_path / "lib" / ".complete").exists()


def test_fetched_once_and_again_when_the_release_changes(programs, tmp_path):
    log = tmp_path / "asked"
    programs("mvn", f"echo $* >> {log}")
    pom = tmp_path / "pom.xml"
    for text, times in (("one", 1), ("one", 1), ("two", 2), ("two", 2)):
        pom.write_text(text)
        server.fetch(pom, tmp_path / "lib")
        assert len(log.read_text().splitlines()) == times
    assert "--strict-checksums" in log.read_text()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "ec").write_text("in the way")
    with pytest.raises(GroundError, match="ec: "):
        server.prepare(tmp_path, DICTIONARY, EC, Settings(), "", keys.development())


def test_files_are_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        home = server.prepare(tmp_path, DICTIONARY, EC, Settings(), "<mdb/>", keys.development())
    finally:
        os.umask(before)
    for path in (home, *home.rglob("*")):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_the_secret_stays_and_keys_are_written_anew(tmp_path):
    held = keys.development()
    home = server.prepare(tmp_path, DICTIONARY, EC, Settings(), "", held)
    secret = (home / "secret").read_text()
    assert len(secret) == 64
    held = {**held, "tc-EC": bytes(range(32))}
    server.prepare(tmp_path, DICTIONARY, EC, Settings(), "", held)
    assert (home / "secret").read_text() == secret
    assert (home / "keys" / "tc-EC.key").read_bytes() == bytes(range(32))
