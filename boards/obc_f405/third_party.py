"""Fetch the pinned third-party sources of the firmware.

    python third_party.py micropython

prints the folder of the unpacked sources and nothing else on standard output. Routes, in order: a
folder the user names, the cache, the upstream archive, the Debian source package (through apt's own
configuration and keys). A file with the wrong hash ends everything with exit code 2: it is never
skipped in favour of another route.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "third_party"
CONNECT_TIMEOUT_S = 10
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class SourceError(Exception):
    """Sources cannot be had, or are not what they must be; one line for the user."""


class WrongHash(SourceError):
    """An archive or a tree is not the pinned one."""


def say(text: str) -> None:
    """Progress goes to standard error: standard output carries the folder only."""
    print(f"third_party: {text}", file=sys.stderr)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tree_sha256(root: Path, pins: dict[str, Any]) -> str:
    """SHA-256 over names and contents of the files the build reads, in sorted order."""
    digest = hashlib.sha256()
    suffixes = tuple(pins["tree_suffixes"])
    names = set()
    for pattern in pins["tree"]:
        for path in root.glob(pattern):
            if path.is_file() and path.name.endswith(suffixes):
                names.add(path.relative_to(root).as_posix())
    for name in sorted(names):
        digest.update(f"{name}\0{file_sha256(root / name)}\n".encode())
    return digest.hexdigest()


def check_file(path: Path, expected: str) -> None:
    """Raise WrongHash unless `path` has the pinned hash; the bad file is removed."""
    found = file_sha256(path)
    if found != expected:
        path.unlink()
        raise WrongHash(f"{path.name}: SHA-256 is {found}, pinned is {expected}")


def fetch_archive(route: dict[str, Any], target: Path) -> None:
    """Download over HTTPS, with a short timeout so that a closed network costs seconds."""
    say(f"downloading {route['url']}")
    try:
        with urllib.request.urlopen(route["url"], timeout=CONNECT_TIMEOUT_S) as answer:
            with target.open("wb") as file:
                shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError) as error:
        target.unlink(missing_ok=True)
        raise SourceError(f"{route['url']}: {error}") from error


def system_mirror() -> str:
    """Mirror among the system's own apt sources that serves Debian's main archive. Its origin is
    known once the package lists have been fetched; before that, its path tells."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    targets = [line.partition(" ")[::2] for line in listing.splitlines()]
    main = [(site, origin) for site, origin in targets if "security" not in site]
    for site, origin in main:
        if origin == "Debian":
            return site
    for site, _ in main:
        if site.rstrip("/").endswith("/debian"):
            return site
    raise SourceError("no Debian mirror among this system's apt sources")


def fetch_debian(route: dict[str, Any], target: Path) -> None:
    """`apt-get source --download-only` with a private state folder: the system stays untouched."""
    if shutil.which("apt-get") is None:
        raise SourceError("no apt-get on this system")
    if not KEYRING.exists():
        raise SourceError(f"{KEYRING} is missing: install debian-archive-keyring")
    with tempfile.TemporaryDirectory(prefix="microflight-apt-") as folder:
        private = Path(folder)
        for name in ("lists/partial", "cache/archives/partial", "download"):
            (private / name).mkdir(parents=True)
        private.chmod(0o755)
        sources = private / "sources.list"
        line = f"deb-src [signed-by={KEYRING}] {system_mirror()} {route['suite']} main\n"
        sources.write_text(line, encoding="utf-8")
        options = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": private / "lists",
            "Dir::Cache": private / "cache",
            "APT::Sandbox::User": "root" if os.getuid() == 0 else "",
            "Acquire::http::Timeout": CONNECT_TIMEOUT_S,
            "Acquire::Retries": 2,
        }
        command = ["apt-get", "-q"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        package = f"{route['package']}={route['version']}"
        say(f"apt-get source {package} ({line.strip()})")
        for arguments in (["update"], ["source", "--download-only", package]):
            step = subprocess.run(
                command + arguments,
                cwd=private / "download",
                capture_output=True,
                text=True,
                check=False,
            )
            if step.returncode != 0:
                reason = (step.stderr.strip() or step.stdout.strip() or "failed").splitlines()[-1]
                raise SourceError(f"apt-get {arguments[0]}: {reason}")
        found = private / "download" / route["file"]
        if not found.exists():
            raise SourceError(f"apt-get source gave no {route['file']}")
        shutil.move(str(found), target)


FETCHERS = {"archive": fetch_archive, "debian-source": fetch_debian}


def route_file(name: str, route: dict[str, Any]) -> Path:
    """Where the cache keeps the archive of a route."""
    return CACHE / name / (route.get("file") or route["url"].rsplit("/", 1)[1])


def obtain(name: str, pins: dict[str, Any]) -> Path:
    """An archive with the right hash: from the cache, else by the first route that works."""
    routes = pins["route"]
    for route in routes:
        path = route_file(name, route)
        if path.exists():
            check_file(path, route["sha256"])
            return path
    failures = []
    for route in routes:
        path = route_file(name, route)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        try:
            FETCHERS[route["kind"]](route, part)
        except WrongHash:
            raise
        except SourceError as error:
            say(f"route {route['kind']}: {error}")
            failures.append(route["kind"])
            continue
        check_file(part, route["sha256"])
        part.replace(path)
        return path
    raise SourceError(
        f"{name} {pins['version']}: no route worked ({', '.join(failures)}); "
        f"set {pins['directory_variable']} to a tree of your own"
    )


def unpack(archive: Path, target: Path) -> None:
    """Unpack so that `target` appears only when whole."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, filter="data")
            else:
                tar.extractall(folder)
        (top,) = Path(folder).iterdir()
        top.rename(target)


def source_tree(name: str) -> Path:
    """Folder of the named component's sources; checked the first time it is unpacked."""
    with (HERE / "third_party.toml").open("rb") as file:
        pins = tomllib.load(file).get(name)
    if pins is None:
        raise SourceError(f"{name} is not in third_party.toml")
    own = os.environ.get(pins["directory_variable"], "")
    if own:
        root = Path(own).expanduser().resolve()
        if not (root / pins["marker"]).is_file():
            raise SourceError(f"{pins['directory_variable']}={own} is no {name} tree")
        if tree_sha256(root, pins) != pins["tree_sha256"]:
            say(f"{root} differs from {name} {pins['version']}: used as you asked, not as pinned")
        return root
    root = CACHE / name / f"{name}-{pins['version']}"
    if root.is_dir():
        return root
    archive = obtain(name, pins)
    unpack(archive, root)
    found = tree_sha256(root, pins)
    if found != pins["tree_sha256"]:
        shutil.rmtree(root)
        raise WrongHash(f"{archive.name}: files are {found}, pinned are {pins['tree_sha256']}")
    return root


def main(arguments: list[str]) -> int:
    """Print the folder of one component. Exit code 2 with one line when it cannot be had."""
    if len(arguments) != 1:
        print("usage: third_party.py NAME", file=sys.stderr)
        return 2
    try:
        print(source_tree(arguments[0]))
    except SourceError as error:
        print(f"third_party: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
