"""Checks of accounts and files: they pass, and they can fail."""

from types import SimpleNamespace

import pytest

from sim.checks_partners import account, transfers

WORLD = SimpleNamespace()
TOLD = {"accounts": {"EC": {"tc_refused": 3}}}


def judged(owner, field, side, limit):
    check = {"owner": owner, "field": field, "side": side, "limit": limit}
    (row,) = account(check, WORLD, TOLD)
    return row["pass"]


@pytest.mark.parametrize("side,limit,passes", [
    ("most", 3, True), ("most", 2, False), ("least", 3, True), ("least", 4, False),
])  # fmt: skip
def test_a_field_of_an_account(side, limit, passes):
    assert judged("EC", "tc_refused", side, limit) is passes


def test_an_account_that_was_not_told_fails():
    assert not judged("IR", "tc_refused", "most", 3)
    assert not judged("EC", "no_such_field", "most", 3)


def test_every_file_has_to_be_the_same():
    row = {"owner": "BY", "way": "up", "name": "a", "size_B": 9}
    told = {"transfers": [{**row, "whole": True}, {**row, "whole": False}]}
    assert [r["pass"] for r in transfers({}, WORLD, told)] == [True, False]
    assert [r["pass"] for r in transfers({}, WORLD, {"transfers": []})] == [False]
