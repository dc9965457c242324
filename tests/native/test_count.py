"""The instruction counter, and the kernels that have a limit."""

import json
import subprocess
import sys

import pytest

from native import bare, count
from native.bare.kernel import Kernel
from native.bare.kernels import KERNELS
from native.cffi.sources import ROOT


def counted(*kernels):
    try:
        return count.count(kernels)
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("number", [0, 1, 1000, 12345])
def test_the_counter_counts_instructions(number):
    nops = f'__asm__ volatile(".rept {number}\\nnop\\n.endr");'
    data = f"__attribute__((noinline)) static void nops(void) {{ {nops} }}"
    figures = counted(Kernel("nops", (), data, "", "nops()"))
    assert figures["nops"]["instructions"] == number + 1  # the jump to them
    if number > 1:
        assert 2 * number <= figures["nops"]["text_B"] <= 2 * number + 16


def test_kernels_keep_their_limits():
    limited = [kernel for kernel in KERNELS if kernel.limit]
    assert "sgp4_propagate" in {kernel.name for kernel in limited}
    for name, figures in counted(*limited).items():
        assert 0 < figures["instructions"] <= figures["limit"], name


def test_a_refused_call_is_no_count():
    counted()
    with pytest.raises(bare.BareError, match="ended with 3"):
        count.count([Kernel("refused", ("mf_status.h",), "", "", "status |= MF_E_INVAL")])


def test_counts_repeat():
    igrf = next(kernel for kernel in KERNELS if kernel.name == "igrf_13")
    assert counted(igrf) == counted(igrf)


def test_names_are_unique():
    assert len({kernel.name for kernel in KERNELS}) == len(KERNELS)


def command(*arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "native" / "count.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_line(tmp_path):
    counted()
    done = command("sinf", "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == ["sinf"] and figures["sinf"]["instructions"] > 10
    wrong = command("no-such-kernel")
    assert wrong.returncode == 2 and wrong.stderr.startswith("count: no kernel 'no-such-kernel'")
    assert "Traceback" not in wrong.stderr
