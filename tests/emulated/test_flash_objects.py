"""Functions, classes and module dictionaries of frozen modules lie in flash, and work as before."""

import re

from tests.emulated import qemu

IMPORTS = """
import obc
obc.collect()
start = obc.heap_used()
from boards import compose
from boards.obc_f405 import board, main
from flight import mission
from flight.core import modes, store, events
obc.collect()
before = obc.heap_used()
settled = obc.settle()
obc.collect()
after = obc.heap_used()
print("settled", settled, "before", before - start, "after", after - start, "again", obc.settle())
def where(thing):
    return "flash" if id(thing) >> 24 == 0x08 else "heap"
print(where(compose.build), where(modes.Modes), where(modes.Modes.request), where(events.Events))
print(mission.SAFE, compose.APP_CLASSES[0].NAME, modes.Modes)
for owner, name in ((mission, "SAFE"), (mission, "NEW"), (modes.Modes, "new")):
    try:
        setattr(owner, name, 3)
        print("changed", name)
    except (AttributeError, TypeError):
        print("refused")
print(mission.SAFE)
class Local(store.Record):
    pass
def closure(n):
    return lambda: n
print("closure", closure(5)(), issubclass(Local, store.Record))
"""


def test_imports_leave_little_in_the_heap(tmp_path):
    run = qemu.run_text(IMPORTS, tmp_path)
    assert run.status == 0, run.console
    settled, before, after, again = map(
        int, re.search(r"settled (\d+) before (\d+) after (\d+) again (\d+)", run.console).groups()
    )
    # Nearly every module with code; a second time there is nothing left to do but count.
    assert settled >= 100 and after < before - 6000 and again >= settled
    assert after < 2500, run.console
    lines = run.console.splitlines()
    assert "flash flash flash flash" in lines, run.console
    assert lines.count("refused") == 3 and "1" in lines, run.console
    assert "closure 5 True" in lines, run.console
