"""Yamcs as a program of its own: fetched by Maven, started with a generated configuration.

    home = prepare(folder, partner, settings, mdb, keys)
    with Server(home, install(folder)) as server: ...

`folder`/lib holds the program, `folder`/PARTNER the configuration, keys and archive of one server.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import List, Mapping, Optional, Type
from xml.etree import ElementTree

from ground import keys as key_files
from ground.dictionary import Dictionary, Partner
from ground.errors import GroundError
from ground.yamcs import configuration

FOLDER = Path(__file__).resolve().parents[2] / "build" / "yamcs"
POM = Path(__file__).with_name("pom.xml")
JAVA_OLDEST = 17
HEAP_MAX = "-Xmx384m"
START_LIMIT_S = 120.0
STOP_LIMIT_S = 20.0
POLL_S = 0.25
LOG_TAIL = 5


def pinned(pom: Path, name: str) -> str:
    """A property of a pom."""
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = ElementTree.parse(pom).find(f"m:properties/m:{name}", space)
    return "" if found is None or found.text is None else found.text


def version() -> str:
    """The release of Yamcs that is used, as the pom says."""
    return pinned(POM, "yamcs.version")


def _java() -> str:
    """The Java that is on the PATH. Raises `GroundError` when it is missing or too old."""
    path = shutil.which("java")
    if path is None:
        raise GroundError("java is not on the PATH: sudo apt install default-jre-headless maven")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', said)
    if match is None or int(match[1]) < JAVA_OLDEST:
        raise GroundError(f"java {JAVA_OLDEST} or newer is needed: sudo apt install default-jre")
    return path


def fetch(pom: Path, target: Path) -> Path:
    """The jars of `pom` in the folder `target`, with Maven, checksums verified; nothing is done
    when they are there. Raises `GroundError`."""
    done = target / ".complete"
    wanted = pom.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise GroundError("mvn is not on the PATH: sudo apt install maven")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    step = subprocess.run(
        [
            *(maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom)),
            *("dependency:copy-dependencies", f"-DoutputDirectory={target.resolve()}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if step.returncode:
        said = [line for line in step.stdout.splitlines() if "ERROR" in line][:1]
        raise GroundError(f"maven could not fetch what {pom.name} wants: {' '.join(said)}")
    done.write_text(wanted, encoding="utf-8")
    return target


def library(folder: Path = FOLDER) -> Path:
    """Where Yamcs' jars are kept."""
    return folder / "lib"


def install(folder: Path = FOLDER) -> Path:
    """The folder of Yamcs' jars, fetched when they are missing. Raises `GroundError`."""
    return fetch(POM, library(folder))


def prepare(
    folder: Path,
    dictionary: Dictionary,
    partner: Partner,
    settings: configuration.Settings,
    mdb: str,
    keys: Mapping[str, bytes],
) -> Path:
    """Write a partner's server folder and return it. The archive and the counters of security in
    it stay. With Yamcs' own security it gets the partner's two keys, no other. Raises
    `GroundError`."""
    home = folder / configuration.instance_of(partner)
    etc = home / "etc"
    try:
        etc.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        etc.chmod(0o700)
        secret = home / "secret"
        if not secret.exists():
            with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        text = secret.read_text(encoding="ascii")
        for name, content in configuration.files(dictionary, partner, settings, mdb, text).items():
            with open(
                os.open(etc / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as file:
                file.write(content)
    except OSError as error:
        raise GroundError(f"{home}: {error.strerror}") from error
    shutil.rmtree(home / "keys", ignore_errors=True)
    if settings.security == configuration.YAMCS:
        _copy_keys(home / "keys", configuration.key_names(partner), keys)
    return home


def _copy_keys(folder: Path, names: List[str], keys: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o700)
    for name in names:
        if name not in keys:
            raise GroundError(f"no key {name} here: the server cannot be set up")
        key_files.write_key(folder / f"{name}.key", keys[name])


class Server:
    """One running Yamcs; stopped at the end of the context. Its log is `home`/yamcs.log."""

    def __init__(self, home: Path, library: Path, http: int) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{http}"
        self._library = library
        self._process: "Optional[subprocess.Popen[bytes]]" = None

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """What Yamcs says."""
        return self.home / "yamcs.log"

    def start(self) -> None:
        """Start it and wait until it answers. Raises `GroundError` when it does not come up."""
        command = [
            *(_java(), HEAP_MAX, "-cp", f"{self._library.resolve()}/*", "org.yamcs.YamcsServer"),
            *("--no-color", "--etc-dir", "etc", "--data-dir", "data"),
        ]
        with open(self.log, "wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        up = False
        try:
            self._wait()
            up = True
        finally:
            if not up:
                self.stop()

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() >= end:
                lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
                tail = " / ".join(line.strip() for line in lines[-LOG_TAIL:])
                raise GroundError(f"yamcs did not come up; {self.log}: {tail}")
            self.ended(POLL_S)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/", timeout=5.0) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def ended(self, timeout_s: float) -> bool:
        """It has ended by itself, or does within this time."""
        assert self._process is not None
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def sent(self, instance: str, link: str) -> Optional[int]:
        """How many telecommands have left by a link since the start; None when it does not say."""
        path = f"{self.url}/api/links/{instance}/{link}"
        try:
            with urllib.request.urlopen(path, timeout=5.0) as answer:
                return int(json.load(answer)["dataOutCount"])
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            return None

    def stop(self) -> None:
        """End it."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
