"""The secured link under structured random input, with sanitizers and with coverage
(tests/native/c_link/fuzz.c), and its size and stack of state."""

import re
import subprocess

from native import fuzz
from native.cffi.sources import INCLUDE, ROOT, cipher_include, secured_link
from native.coverage import CFLAGS, COVERAGE, SANITIZE
from native.linkcodec import ffi

MAIN = ROOT / "tests" / "native" / "c_link" / "fuzz.c"
# Set-up of keys and associations, and plain frames, are reached by the tests of their own.
OWN = ("cltu.c", "farm.c", "gcm.c", "iv_store.c", "rs.c", "tc.c", "tm_coding.c")


def build(folder, flags):
    program = folder / "fuzz"
    include = [f"-I{path}" for path in (INCLUDE, *cipher_include())]
    objects = []
    for source in (*secured_link(), MAIN):
        objects.append(folder / f"{source.stem}.o")
        command = ["gcc", *CFLAGS, *flags, *include, "-c", str(source), "-o", str(objects[-1])]
        subprocess.run(command, check=True)
    subprocess.run(["gcc", *flags, *map(str, objects), "-o", str(program)], check=True)
    return program


def run(program, *arguments):
    done = subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mutated_frames_under_sanitizers(tmp_path):
    program = build(tmp_path, SANITIZE)
    for seed in (1, 2, 3):
        assert run(program, 20_000, seed).startswith("20000 rounds")


def test_rounds_repeat_and_reach_the_code(tmp_path):
    program = build(tmp_path, COVERAGE)
    assert run(program, 20_000, 5) == run(program, 20_000, 5)
    covered = lines = 0.0
    for name in OWN:
        said = subprocess.run(
            ["gcov", "-n", str(tmp_path / name.replace(".c", ".gcno"))],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        match = re.search(rf"File '[^']*/{name}'\nLines executed:([0-9.]+)% of ([0-9]+)", said)
        assert match, said
        covered += float(match[1]) / 100 * int(match[2])
        lines += int(match[2])
    assert covered / lines >= 0.95


def test_kept_inputs_and_chance_find_nothing(tmp_path):
    """The target of `microflight verify fuzz`, without the fuzzer."""
    program = fuzz.build_replay(tmp_path, covered=False)
    found = fuzz.replay(program, tmp_path, 3000)
    assert not any(found.reports.values()), found.said
    counted = found.statistics
    assert counted["inputs"] == 3000 + len(fuzz.kept()) and counted["frames"] > 10_000
    assert counted["good_fecf"] >= counted["frames"] / 2
    assert counted["good_tag"] >= counted["frames"] / 10 and counted["accepted"] > 1000


def test_kept_inputs_reach_the_link(tmp_path):
    fuzz.replay(fuzz.build_replay(tmp_path, covered=True), tmp_path)
    lines = fuzz.covered_lines(tmp_path)
    assert {"tc.c", "sdls.c", "rekey.c", "space_link.c", "gcm.c"} <= set(lines)
    reached = sum(percent * count for percent, count in lines.values())
    assert reached / sum(count for _, count in lines.values()) >= 95


def test_a_frame_that_changes_state_is_found(tmp_path, monkeypatch):
    """The target's checks see a link that moves its counter before the tag is known to be right."""
    source = tmp_path / "sdls.c"
    text = (INCLUDE.parent / "src" / "link" / "sdls.c").read_text(encoding="utf-8")
    wrong = "return MF_SDLS_BAD_TAG;"
    assert text.count(wrong) == 1
    source.write_text(
        text.replace(wrong, "((mf_sa_t *)sa)->next.low++; " + wrong), encoding="utf-8"
    )
    files = [source if path.name == "sdls.c" else path for path in secured_link()]
    monkeypatch.setattr(fuzz, "secured_link", lambda: files)
    folder = tmp_path / "out"
    found = fuzz.replay(fuzz.build_replay(folder, covered=False), folder, 200)
    assert found.reports["state changes"] and "taking a frame" in found.said


def test_state_is_small():
    names = ("tc", "sdls", "keys", "cltu", "iv_store")
    assert sum(ffi.sizeof(f"mf_{name}_t") for name in names) <= 5000
