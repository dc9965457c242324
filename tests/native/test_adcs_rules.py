"""What every algorithm keeps to: one libm, no globals, a header that documents it, any input."""

import re
import shutil
import subprocess

import pytest

from native import adcs
from native.cffi import build_adcs, sources
from native.cffi.build_native import declarations

ALGORITHMS = sources.algorithms()
ENVIRONMENT = ("time", "tle", "sgp4", "frames", "sun", "eclipse", "igrf")
OUTSIDE = {"memcpy", "memset", "memmove", "memcmp", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


def names(*arguments):
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed: make setup")
    done = subprocess.run(["nm", *arguments], capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines() if line.strip()]


def objects():
    build_adcs.build()
    return sorted((build_adcs.BUILD / build_adcs.SINGLE).glob("adcs_*.o"))


def test_no_algorithm_calls_the_mathematics_of_the_c_library():
    assert len(objects()) >= len(ENVIRONMENT)
    for path in objects():
        for fields in names("-u", str(path)):
            name = fields[-1]
            assert name.startswith("mf_") or name in OUTSIDE, f"{path.name} calls {name}"


def test_no_algorithm_has_a_variable_of_its_own():
    for path in objects():
        kinds = {fields[-1]: fields[-2] for fields in names(str(path)) if len(fields) >= 2}
        mutable = [name for name, kind in kinds.items() if kind in "DdBbCGgSs"]
        assert not mutable, f"{path.name} keeps {mutable}"


def test_the_libm_needs_nothing_but_itself():
    build_adcs.build()
    for path in sorted((build_adcs.BUILD / "libm").glob("libm_*.o")):
        for fields in names("-u", str(path)):
            assert fields[-1].startswith("mf_") or fields[-1] in OUTSIDE, f"{path}: {fields[-1]}"


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_headers_name_source_and_limits(name):
    text = (sources.INCLUDE / f"mf_{name}.h").read_text(encoding="utf-8")
    first = text[: text.index("*/")]
    assert text.startswith("/*") and len(first) > 400
    assert re.search(r"19\d\d|20\d\d", first), "no source is cited"


def test_a_header_of_inline_functions_is_exported():
    text = (
        "static inline float a(float x)\n{\n    if (x) { x = 1; }\n    return x;\n}\nint b(void);"
    )
    short = re.sub(r"\s+", " ", build_adcs.without_bodies(text)).strip()
    assert short == "float a(float x); int b(void);"
    assert adcs.lib.mf_fabsf(-2.0) == 2.0


def test_declarations_leave_nothing_to_the_preprocessor():
    for header in build_adcs.exported():
        left = re.sub(r"#define \w+ \w+", "", declarations(header))
        assert "#" not in left, header.name


def test_the_second_build_computes_in_double_precision():
    day = (9800, 43200, 0, 2**31)
    out = adcs.ffi_f64.new("double[3]"), adcs.ffi_f64.new("double *")
    assert adcs.lib_f64.mf_sun_update(adcs.ffi_f64.new("mf_day_t *", day), *out) == 0
    single = adcs.ffi.new("float[3]"), adcs.ffi.new("float *")
    assert adcs.lib.mf_sun_update(adcs.ffi.new("mf_day_t *", day), *single) == 0
    assert 0 < abs(out[0][0] - single[0][0]) < 1e-6


def test_unknown_names_of_the_module_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'libraries'"):
        adcs.libraries  # noqa: B018


def test_the_kernel_takes_the_algorithms_it_calls_and_no_others():
    taken = set(sources.kernel())
    assert {sources.SRC / "adcs" / "bdot.c", sources.SRC / "kernel" / "kernel.c"} <= taken
    reached = {header.name for header in sources.included(sources.kernel())}
    for path in ALGORITHMS:
        loop = path.stem.startswith("adcs") and "mf_adcs_state.h" in reached
        assert (path in taken) == (loop or f"mf_{path.stem}.h" in reached)
    assert (sources.SRC / "libm" / "sincosf.c" in taken) == ("mf_math.h" in reached)


def test_any_bit_pattern_under_the_sanitizers(tmp_path):
    driver = sources.ROOT / "tests" / "native" / "fuzz" / "environment.c"
    build_adcs.build()
    files = sources.with_called([driver])
    program = tmp_path / "fuzz"
    flags = ["-std=c99", "-O1", "-g", "-ffp-contract=off", "-fno-math-errno"]
    flags += ["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"]
    command = ["gcc", *flags, f"-I{sources.INCLUDE}", *map(str, files), "-o", str(program)]
    subprocess.run(command, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    accepted, refused = (int(word) for word in re.findall(r"\d+", done.stdout))
    assert accepted > 100000 and refused > 100000
