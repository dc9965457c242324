"""What the attitude loop adds to a flight image stays within its budget, and all of it flies."""

import pytest

from native import bare
from native.bare import sizes

BUDGET_B = 48 * 1024


@pytest.fixture(scope="module")
def measured():
    try:
        return sizes.measure()
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def test_code_and_constants_fit_their_budget(measured):
    assert 30_000 < measured.total_B <= BUDGET_B, measured.by_file()


def test_nothing_is_left_out_of_the_sum(measured):
    """By the linker's map: alignment apart, the pieces are the whole."""
    together = sum(piece.size_B for piece in measured.pieces)
    assert together <= measured.total_B < together + 512
    files = measured.by_file()
    assert sum(files.values()) == together
    for needed in ("adcs_mekf", "adcs_sgp4", "adcs_adcs_reference", "libm_sincos"):
        assert files[needed] > 100, needed
    assert any("muldivdf3" in file for file in files)  # soft floating point


def test_every_algorithm_is_called_in_flight(measured):
    assert measured.left_out == ()


def test_an_algorithm_that_nothing_calls_is_told(monkeypatch, measured):
    idle = [*sizes.algorithms(), sizes.algorithms()[0].with_name("idle.c")]
    monkeypatch.setattr(sizes, "algorithms", lambda: idle)
    assert sizes.measure().left_out == ("idle",)


def test_the_command_prints_every_file(measured, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["sizes", "--symbols", "3"])
    assert sizes.main() == 0
    out = capsys.readouterr().out
    assert all(file in out for file in measured.by_file()) and f"{measured.total_B} together" in out
