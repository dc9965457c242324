"""Third-party sources: pinned, checked, cached; one clear line when something is wrong."""

import hashlib
import io
import tarfile

import pytest

from boards.obc_f405 import third_party
from tests.emulated import qemu

SOURCE = b"int answer = 42;\n"


def archive_of(content):
    """A small release archive with one source file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        entry = tarfile.TarInfo("thing-1.0/py/thing.c")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def component(tmp_path, monkeypatch):
    """A component "thing" with one archive route, pinned to SOURCE; served from a file."""
    served = tmp_path / "thing-1.0.tar.xz"
    served.write_bytes(archive_of(SOURCE))
    inner = hashlib.sha256(SOURCE).hexdigest()
    tree = hashlib.sha256(f"py/thing.c\0{inner}\n".encode()).hexdigest()
    home = tmp_path / "home"
    home.mkdir()
    (home / "third_party.toml").write_text(
        f"""
[thing]
version = "1.0"
directory_variable = "THING_DIR"
marker = "py/thing.c"
tree = ["py/*"]
tree_suffixes = [".c"]
tree_sha256 = "{tree}"

[[thing.route]]
kind = "archive"
url = "{served.as_uri()}"
sha256 = "{hashlib.sha256(served.read_bytes()).hexdigest()}"
"""
    )
    monkeypatch.setattr(third_party, "HERE", home)
    monkeypatch.setattr(third_party, "CACHE", tmp_path / "cache")
    monkeypatch.delenv("THING_DIR", raising=False)
    return served


def failure(capsys):
    """Run main, which must fail with 2, nothing on standard output; its last line of errors."""
    assert third_party.main(["thing"]) == 2
    text = capsys.readouterr()
    assert text.out == ""
    return text.err.splitlines()[-1]


def test_fetches_once_then_uses_the_cache(component, capsys):
    assert third_party.main(["thing"]) == 0
    folder = capsys.readouterr().out.strip()
    component.unlink()
    assert third_party.main(["thing"]) == 0
    text = capsys.readouterr()
    assert (text.out.strip(), text.err) == (folder, "")


def test_wrong_archive_stops(component, capsys):
    component.write_bytes(archive_of(b"int answer = 43;\n"))
    assert "SHA-256 is" in failure(capsys)
    assert not list(third_party.CACHE.glob("thing/thing*"))


def test_spoilt_cache_stops(component, capsys):
    cached = third_party.CACHE / "thing" / component.name
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half a download")
    assert "SHA-256 is" in failure(capsys)


def test_right_archive_with_other_files_stops(component, capsys):
    pins = third_party.HERE / "third_party.toml"
    lines = pins.read_text().splitlines()
    pins.write_text("\n".join("tree_sha256 = '0'" if "tree_sha256" in x else x for x in lines))
    assert "files are" in failure(capsys)
    assert not (third_party.CACHE / "thing" / "thing-1.0").exists()


def test_no_route_names_the_variable(component, capsys):
    component.unlink()
    assert "THING_DIR" in failure(capsys)


def test_own_tree(component, capsys, tmp_path, monkeypatch):
    own = tmp_path / "own"
    (own / "py").mkdir(parents=True)
    monkeypatch.setenv("THING_DIR", str(own))
    assert "is no thing tree" in failure(capsys)
    (own / "py" / "thing.c").write_bytes(SOURCE)
    assert third_party.main(["thing"]) == 0
    assert capsys.readouterr() == (f"{own}\n", "")
    (own / "py" / "thing.c").write_bytes(b"patched\n")
    assert third_party.main(["thing"]) == 0
    assert "differs from thing 1.0" in capsys.readouterr().err


def test_unknown_name(capsys):
    assert third_party.main(["nonsense"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_built_is_what_is_pinned():
    qemu.firmware()
    with (qemu.BOARD_DIR / "third_party.toml").open("rb") as file:
        pins = third_party.tomllib.load(file)["micropython"]
    assert (
        third_party.tree_sha256(third_party.source_tree("micropython"), pins)
        == (pins["tree_sha256"])
    )
