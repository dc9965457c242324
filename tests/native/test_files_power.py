"""Power cuts: at every program and every erase of a day's kinds of work, at several places in it.

After each one the memory is mounted by a fresh file system, and must hold what was synced before,
or that and the write in flight: nothing else, and nothing torn. A new file is there, empty, from
its opening on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from native.cffi.files import Files
from tests.native.nor_rig import Nor, PowerCut, get, names, put

W, CREATE, APPEND, EMPTY = Files.WRITE, Files.CREATE, Files.APPEND, Files.EMPTY
# NorMemory: nothing; zeros, or the first bytes; bits in no order, or most bytes. All of one is
# nothing of the next.
FRACTIONS = (0.0, 0.3, 0.6)
State = dict[str, bytes]
Step = tuple[Callable[[Files], None], State]  # work, and what there is when it has been done


def record(number: int, size: int = 40) -> bytes:
    return bytes((number * 31 + i) % 256 for i in range(size))


def appends(count: int) -> Iterator[Step]:
    """A log that stays open and is synced after each record."""
    text = b""

    def begin(files: Files) -> None:
        assert files.open(1, "log", W | CREATE | APPEND) == 0
        assert files.sync(1) == 0

    def append(number: int) -> Callable[[Files], None]:
        def work(files: Files) -> None:
            assert files.write(1, record(number), 0, 40) == 40
            assert files.sync(1) == 0

        return work

    yield begin, {"log": b""}
    for number in range(count):
        text += record(number)
        yield append(number), {"log": text}


def replacements(count: int) -> Iterator[Step]:
    """Parameters: a new file, then renamed over the old one."""

    def write(number: int) -> Callable[[Files], None]:
        return lambda files: put(files, "params.new", record(number, 700), EMPTY)

    def rename(files: Files) -> None:
        assert files.rename("params.new", "params") == 0

    held: State = {}
    for number in range(count):
        held = {**held, "params.new": record(number, 700)}
        yield write(number), held
        held = {"params": record(number, 700)}
        yield rename, held


def segments(count: int) -> Iterator[Step]:
    """A store: a new segment of some blocks in a folder, the oldest of three removed."""
    yield lambda files: check(files.folder("store")), {}
    held: State = {}
    for number in range(count):
        name = f"store/s{number}"
        held = {**held, name: record(number, 6000)}
        yield lambda files, name=name, number=number: put(files, name, record(number, 6000)), held
        if number >= 3:
            old = f"store/s{number - 3}"
            held = {name: data for name, data in held.items() if name != old}
            yield lambda files, old=old: check(files.remove(old)), held


def check(status: int) -> None:
    assert status == 0


def content(files: Files) -> State:
    """Every file there is."""
    found: State = {}
    for folder in ("", "store"):
        if folder and files.stat(folder) != -21:
            continue
        for name, length in names(files, folder).items():
            if length >= 0:
                path = f"{folder}/{name}" if folder else name
                data = get(files, path)
                assert data is not None
                found[path] = data
    return found


WORK: dict[str, Callable[[], Iterator[Step]]] = {
    "appends": lambda: appends(30),
    "replacements": lambda: replacements(12),
    "segments": lambda: segments(6),
}


def image_before(name: str) -> bytes:
    """A memory with some history, as the work begins."""
    nor = Nor(48)
    files = Files(nor)
    check(files.format())
    check(files.mount())
    for number in range(4):
        put(files, f"old{number}", record(number, 3000))
        check(files.remove(f"old{number}"))
    return nor.memory.image()


def work_until_cut(nor: Nor, name: str) -> tuple[State, State]:
    """Do the work; at a cut: what there was before the step it came in, and what after it."""
    files = Files(nor)
    check(files.mount())
    before: State = {}
    for work, after in WORK[name]():
        try:
            work(files)
        except PowerCut:
            return before, after
        before = after
    nor.cut = None
    return before, before


def allowed(before: State, after: State) -> list[State]:
    """What may be there after a cut between the two."""
    new = {name: b"" for name in after if name not in before}
    return [before, {**before, **new}, after]


@pytest.mark.parametrize("name", sorted(WORK))
def test_every_operation(name: str) -> None:
    image = image_before(name)
    whole = Nor(48, image)
    work_until_cut(whole, name)
    assert whole.operations > 60
    cut = corrupt = 0
    for operation, fraction in itertools.product(range(1, whole.operations + 1), FRACTIONS):
        nor = Nor(48, image)
        nor.cut, nor.fraction = operation, fraction
        before, after = work_until_cut(nor, name)
        assert nor.operations == operation
        cut += 1
        nor.cut = None
        files = Files(nor)
        if files.mount() != 0 or content(files) not in allowed(before, after):
            corrupt += 1
            continue
        # And it goes on from there, over a second start.
        held = content(files)
        put(files, "next", record(operation, 5000))
        files.unmount()
        check(files.mount())
        assert content(files) == {**held, "next": record(operation, 5000)}
    assert cut == len(FRACTIONS) * whole.operations
    assert corrupt == 0


def test_a_cut_while_formatting_can_be_formatted_again() -> None:
    whole = Nor(48)
    check(Files(whole).format())
    for operation, fraction in itertools.product(range(1, whole.operations + 1), FRACTIONS):
        nor = Nor(48)
        nor.cut, nor.fraction = operation, fraction
        with pytest.raises(PowerCut):
            Files(nor).format()
        nor.cut = None
        files = Files(nor)
        if files.mount() != 0:
            check(files.format())
            check(files.mount())
        assert content(files) == {}
        put(files, "f", record(1, 5000))
        assert get(files, "f") == record(1, 5000)


def test_two_cuts_in_a_row() -> None:
    """The second one while what the first left half done is put right."""
    image = image_before("replacements")
    whole = Nor(48, image)
    work_until_cut(whole, "replacements")
    for operation in range(5, whole.operations, 3):
        nor = Nor(48, image)
        nor.cut, nor.fraction = operation, 0.6
        before, after = work_until_cut(nor, "replacements")
        for further in range(1, 12):
            again = Nor(48, nor.memory.image())
            again.cut, again.fraction = further, 0.6
            files = Files(again)
            check(files.mount())
            held = content(files)
            assert held in allowed(before, after)
            try:
                put(files, "next", record(further, 300))
            except PowerCut:
                again.cut = None
                files = Files(again)
                check(files.mount())
                assert content(files) in allowed(held, {**held, "next": record(further, 300)})
