"""Keys: in no telemetry, log, text or commit; a release without keys of its own does not build."""

import subprocess
import sys

import pytest

from cli import flights, worlds
from cli.comparison import Record
from flight import dictionary
from ground import keys
from native.cffi.loader import ffi, lib
from tests.emulated import qemu


def test_no_key_is_in_git_or_could_come_there():
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=worlds.ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    assert not [name for name in tracked if name.endswith(b".key")]
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", str(keys.DEVELOPMENT / "tc-host.key")], cwd=worlds.ROOT
    )
    assert ignored.returncode == 0


def test_no_key_is_in_telemetry_or_told(capfd):
    flight = flights.prepare("first-light", "desktop", 1, ["duration_s=40"])
    octets = []
    flight.world.on_frame.append(lambda t_s, burst: octets.append(burst))
    record = Record(flight.dictionary)
    flight.listeners.append(record.frame)
    flight.world.uplink(5.0, flight.encoder.frame("ping", owner="EC"))
    flight.fly()
    said = "".join(capfd.readouterr()).encode()
    seen = b"".join(octets) + b"".join(frame for _, frame in record.frames) + said
    seen += b"".join(report.packet.data for report in record.reports)
    for name, key in keys.development().items():
        for part in (key, key[:8], key[-8:], key.hex().encode()):
            assert part not in seen, name


def test_a_folder_others_may_read_is_refused(tmp_path):
    keys.generate(tmp_path / "keys", keys.names())
    (tmp_path / "keys" / "tc-EC.key").chmod(0o640)
    done = subprocess.run(
        [sys.executable, "link_keys.py", str(tmp_path / "keys"), str(tmp_path / "keys.c")],
        cwd=qemu.BOARD_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "tc-EC.key: others may read it" in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "keys.c").exists()


@pytest.mark.parametrize("settings", [[], ["KEYS=/nonexistent"]])
def test_a_release_without_provisioned_keys_does_not_build(settings):
    done = subprocess.run(
        ["make", "-C", str(qemu.BOARD_DIR), "PROFILE=flight", *settings, "-n"]
        if not settings
        else [sys.executable, "link_keys.py", "/nonexistent", "/nonexistent.c"],
        cwd=qemu.BOARD_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "KEYS=FOLDER" in done.stderr or "No such file" in done.stderr


def test_rows_of_the_dictionary_are_those_that_fly():
    rows = [
        (row.spi, row.direction, row.vc, row.map_mask)
        for row in (lib.mf_link_associations[i] for i in range(lib.MF_LINK_ASSOCIATIONS))
    ]
    assert rows == [tuple(row[1:5]) for row in dictionary.ASSOCIATIONS]
    total = len(dictionary.ASSOCIATIONS) + len(dictionary.WRAPPING_KEYS)
    assert total == lib.MF_LINK_SECRETS and len(set(keys.names())) == total
    assert ffi.sizeof("mf_space_link_t") < 16 * 1024
