"""Every kernel against oracles that others wrote: SciPy, ahrs, filterpy, Basilisk's own modules.

The comparisons are those of `verify adcs --only oracles`; orbit, field, Sun, shadow and frames
(sgp4, ppigrf, ERFA, the plant) are in test_sgp4, test_igrf, test_sun and test_frames.
"""

import pytest

from cli.adcs import oracle_control, oracle_guidance, oracle_packages
from cli.adcs.parts import Verify

MODULES = (oracle_packages, oracle_guidance, oracle_control)
PARTS = [pytest.param(part, id=part.rows[0].name) for module in MODULES for part in module.PARTS]


@pytest.mark.parametrize("part", PARTS)
def test_against_the_oracle(part):
    for figure in part.figures(Verify(seed=7)):
        assert figure.passed, (figure.name, figure.value, figure.limit, figure.note)
        assert figure.value > 0.0 or "NEES" in figure.name  # single precision is never exact


class Wrong:
    """The C library with one function's arguments exchanged."""

    def __init__(self, lib, name, order):
        self._lib, self._name, self._order = lib, name, order

    def __getattr__(self, name):
        called = getattr(self._lib, name)
        if name != self._name:
            return called
        return lambda *arguments: called(*(arguments[i] for i in self._order))


@pytest.mark.parametrize(
    ("module", "name", "order", "part"),
    [
        (oracle_packages, "mf_quat_multiply", (1, 0, 2), 0),
        (oracle_packages, "mf_triad", (0, 2, 1, 4, 3, 5), 1),
        (oracle_control, "mf_rods_for_torque", (1, 0, 2), 2),
    ],
)
def test_what_is_wrong_does_not_pass(monkeypatch, module, name, order, part):
    monkeypatch.setattr(module, "lib", Wrong(module.lib, name, order))
    assert not all(figure.passed for figure in module.PARTS[part].figures(Verify()))
