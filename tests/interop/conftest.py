"""Shared by the tests against programs of others."""

import pytest

from tests.interop import recorded


@pytest.fixture(scope="session")
def flight() -> recorded.Recorded:
    """Two minutes of the mission, recorded once."""
    return recorded.record()
