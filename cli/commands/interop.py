"""`microflight interop`: every program of others that must agree with ours, and whether it does."""

import argparse
import json
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from cli.commands.bench import git_revision
from cli.errors import CliError
from ground.yamcs import server

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "interop"
RESULTS = ROOT / "build" / "interop" / "results.xml"
JAVA_POM = TESTS / "java" / "pom.xml"
JAVA_LIBRARY = ROOT / "build" / "interop" / "java"

EPILOG = """\
examples:
  microflight interop                                  everything, a table at the end
  microflight interop Yamcs tshark                     these peers only
  microflight interop --json build/evidence/interop.json

exit codes: 0 every peer agrees, 1 one does not or is missing, 2 wrong use or no set-up
"""


def _python(*names: str) -> Callable[[], str]:
    return lambda: " and ".join(metadata.version(name) for name in names)


def _debian(package: str) -> Callable[[], str]:
    def version() -> str:
        step = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Version}", package],
            capture_output=True,
            text=True,
            check=False,
        )
        return step.stdout if step.returncode == 0 else ""

    return version


def _openssl() -> str:
    from cryptography.hazmat.backends.openssl.backend import backend

    return f"{metadata.version('cryptography')}, {backend.openssl_version_text()}"


# Name, what it judges, its version ("" when it is not there), begin of the names of its tests.
PEERS: Tuple[Tuple[str, str, Callable[[], str], str], ...] = (
    ("Yamcs", "commanding and archiving, end to end", server.version, "test_yamcs"),
    (
        "ccsds.tmtc",
        "frames, CLTUs, COP-1",
        lambda: server.pinned(JAVA_POM, "tmtc.version"),
        "test_tmtc",
    ),
    ("gr-satellites", "coded downlink, from samples", _debian("gr-satellites"), "test_gr"),
    ("tshark", "space packets and CFDP", _debian("tshark"), "test_tshark"),
    ("libfec", "Reed-Solomon", _debian("libfec-dev"), "test_libfec"),
    ("reedsolo", "Reed-Solomon", _python("reedsolo"), "test_reedsolo"),
    ("cryptography", "AES-256-GCM of frames", _openssl, "test_openssl"),
    ("spacepackets", "packets, PUS", _python("spacepackets"), "test_spacepackets"),
    (
        "space_packet_parser",
        "our XTCE on our telemetry",
        _python("space_packet_parser"),
        "test_space_packet_parser",
    ),
    ("cfdp-py", "files", _python("cfdp-py"), "test_cfdp_py"),
    ("LibreCube cfdp", "files", _python("cfdp"), "test_cfdp_librecube"),
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "interop",
        help="test against programs of others",
        description="Run the tests against every peer; a peer that is missing has failed.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("peer", nargs="*", metavar="PEER", help="default: all")
    parser.add_argument("--json", metavar="FILE", help="write the result there")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="at once (2)")
    parser.set_defaults(run=run)


def _version(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except metadata.PackageNotFoundError:
        return ""


def _files(prefix: str) -> List[Path]:
    return sorted(TESTS.glob(f"{prefix}*.py"))


def outcomes(results: Path) -> "Dict[str, Counter[str]]":
    """By test file: how many tests passed, failed and were skipped. Raises `CliError`."""
    found: "Dict[str, Counter[str]]" = {}
    try:
        cases = ElementTree.parse(results).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError) as error:
        raise CliError(f"the tests left no result: {error}") from error
    for case in cases:
        name = next((part for part in _parts(case) if part.startswith("test_")), "")
        kinds = {child.tag for child in case}
        failed = kinds & {"failure", "error"}
        kind = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
        found.setdefault(name, Counter())[kind] += 1
    return found


def _parts(case: ElementTree.Element) -> List[str]:
    # A file that cannot even be collected has its name in `name`.
    return f"{case.get('classname', '')}.{case.get('name', '')}".split(".")


def judge(
    peers: Tuple[Tuple[str, str, Callable[[], str], str], ...], found: "Dict[str, Counter[str]]"
) -> List[Dict[str, Any]]:
    """A row for each peer. One without a version, without a test, or with a test that failed or was
    skipped has not passed."""
    rows = []
    for name, judges, ask, prefix in peers:
        total: "Counter[str]" = Counter()
        for file, counts in found.items():
            if file.startswith(prefix):
                total += counts
        version = _version(ask)
        passed = bool(version) and total["passed"] > 0 and not total["failed"] + total["skipped"]
        rows.append(
            {
                "name": name,
                "judges": judges,
                "version": version,
                "passed": total["passed"],
                "failed": total["failed"],
                "skipped": total["skipped"],
                "pass": passed,
            }
        )
    return rows


def _show(rows: List[Dict[str, Any]]) -> None:
    table = Table(title="programs of others")
    for title in ("peer", "version", "judges", "tests", "result"):
        table.add_column(title)
    for row in rows:
        tests = str(row["passed"] + row["failed"] + row["skipped"])
        result = "agrees" if row["pass"] else "missing" if not row["version"] else "FAILED"
        table.add_row(row["name"], row["version"] or "-", row["judges"], tests, result)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def run(arguments: argparse.Namespace) -> int:
    """Set up, test, show."""
    known = {name.lower(): row for row in PEERS for name in (row[0],)}
    unknown = [name for name in arguments.peer if name.lower() not in known]
    if unknown:
        raise CliError(f"peer {unknown[0]!r} is unknown; known: {', '.join(p[0] for p in PEERS)}")
    wanted = {name.lower() for name in arguments.peer} or set(known)
    peers = tuple(row for row in PEERS if row[0].lower() in wanted)
    if "yamcs" in wanted:
        server.install()
    if "ccsds.tmtc" in wanted:
        server.fetch(JAVA_POM, JAVA_LIBRARY)
    files = [str(file) for peer in peers for file in _files(peer[3])]
    if files:
        _test(files, arguments.jobs)
    rows = judge(peers, outcomes(RESULTS) if files else {})
    _show(rows)
    verdict = "pass" if all(row["pass"] for row in rows) else "fail"
    if arguments.json is not None:
        _write(arguments.json, {"verdict": verdict, "git": git_revision(), "peers": rows})
    return 0 if verdict == "pass" else 1


def _test(files: List[str], jobs: int) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.unlink(missing_ok=True)
    together = ["-n", str(jobs), "--dist", "loadfile"] if jobs > 1 else []
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-m", "interop or not interop"),
            *(f"--junitxml={RESULTS}", *together, *files),
        ],
        cwd=ROOT,
        check=False,
    )


def _write(file: str, result: Dict[str, Any]) -> None:
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file}: cannot be written: {error.strerror}") from error
