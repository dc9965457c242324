"""`microflight interop`: who is judged by which tests, and what counts as agreement."""

from collections import Counter

import pytest

from cli.commands import interop
from cli.errors import CliError

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.interop.test_one" name="test_a"/>
<testcase classname="tests.interop.test_one" name="test_b"/>
<testcase classname="tests.interop.test_two" name="test_a"><failure message="no"/></testcase>
<testcase classname="tests.interop.test_two" name="test_b"/>
<testcase classname="tests.interop.test_three" name="test_a"><skipped message="no"/></testcase>
<testcase classname="" name="tests.interop.test_four"><error message="no"/></testcase>
</testsuite></testsuites>"""


def peer(name, version="1.0"):
    return (name, "something", lambda: version, f"test_{name}")


def test_outcomes_are_counted_by_file(tmp_path):
    path = tmp_path / "results.xml"
    path.write_text(RESULTS)
    assert interop.outcomes(path) == {
        "test_one": Counter(passed=2),
        "test_two": Counter(passed=1, failed=1),
        "test_three": Counter(skipped=1),
        "test_four": Counter(failed=1),
    }


def test_no_results_is_an_error(tmp_path):
    with pytest.raises(CliError, match="no result"):
        interop.outcomes(tmp_path / "none.xml")


@pytest.mark.parametrize(
    ("name", "version", "passed"),
    [
        ("one", "1.0", True),
        ("one", "", False),
        ("two", "1.0", False),
        ("three", "1.0", False),
        ("four", "1.0", False),
        ("five", "1.0", False),
    ],
)
def test_agreement(name, version, passed, tmp_path):
    path = tmp_path / "results.xml"
    path.write_text(RESULTS)
    (row,) = interop.judge((peer(name, version),), interop.outcomes(path))
    assert row["pass"] is passed


def test_every_test_file_belongs_to_a_peer():
    prefixes = tuple(row[3] for row in interop.PEERS)
    files = [path.name for path in interop.TESTS.glob("test_*.py")]
    assert files
    assert [name for name in files if not name.startswith(prefixes)] == []


def test_an_unknown_peer_is_named(capsys):
    from cli.main import main

    assert main(["interop", "nobody"]) == 2
    assert "peer 'nobody' is unknown" in capsys.readouterr().err
