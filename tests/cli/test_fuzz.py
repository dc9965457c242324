"""`microflight verify fuzz`: the short groups as they are, the fuzzer's words as they come."""

import json

import pytest

from cli.security import fuzz as figures
from native import fuzz


def test_the_kept_inputs_as_figures(microflight, tmp_path):
    path = tmp_path / "fuzz.json"
    code, out, _ = microflight("verify", "fuzz", "--only", "corpus", "--json", str(path))
    rows = {row["name"]: row for row in json.loads(path.read_text())["figures"]}
    assert code == 0 and "verify fuzz: pass" in out
    assert rows["lines of the link in C that they reach"]["value"] >= 95
    assert rows["of them with a report"]["value"] == 0


@pytest.mark.parametrize("words", [("--only", "luck"), ("--frames", "0"), ("--jobs", "0")])
def test_wrong_use_is_one_line(microflight, words):
    code, _, error = microflight("verify", "fuzz", *words)
    assert code == 2 and len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6", "sanitizer reports"),
        ("sdls.c:7:9: runtime error: shift exponent 32 is too large", "sanitizer reports"),
        ("target.c:1: failed while taking a frame: memcmp(a, b, 4) == 0", "state changes"),
        ("==7== ERROR: libFuzzer: deadly signal", "crashes"),
        ("==7== ERROR: libFuzzer: timeout after 1 seconds", "crashes"),
    ],
)
def test_what_a_fuzzer_says_is_counted_under_its_name(tmp_path, said, name):
    found = fuzz._found(1, said, tmp_path / "none.json")
    assert found.reports[name] == 1


def test_an_end_without_words_is_a_crash(tmp_path):
    assert fuzz._found(-11, "", tmp_path / "none.json").reports["crashes"] == 1
    assert not any(fuzz._found(0, "Done 10 runs", tmp_path / "none.json").reports.values())


def test_without_a_fuzzing_compiler_the_figure_fails(microflight, monkeypatch):
    monkeypatch.setattr(fuzz, "COMPILERS", ("no-such-compiler",))
    (row,) = figures.figures(["frames"], 1000, 1, 1)
    assert not row.passed and "clang" in row.note
