"""The file system of the flash memory: what it keeps, what it refuses."""

from __future__ import annotations

import random

import pytest

from native.cffi.files import Files
from tests.native.nor_rig import (
    E_BADMSG,
    E_INVAL,
    E_IO,
    E_ISDIR,
    E_NAMETOOLONG,
    E_NODEV,
    E_NOENT,
    E_NOSPC,
    E_NOTEMPTY,
    Nor,
    PowerCut,
    fresh,
    get,
    names,
    put,
)

E_BUSY = -16
R, W, CREATE, EMPTY, APPEND = Files.READ, Files.WRITE, Files.CREATE, Files.EMPTY, Files.APPEND


def test_a_blank_memory_holds_nothing() -> None:
    files = Files(Nor())
    assert files.mount() == E_BADMSG and not files.mounted()
    assert files.open(0, "a", W | CREATE) == E_NODEV
    assert files.used() == files.tidy() == files.stat("a") == files.list("") == E_NODEV
    assert files.format() == 0 and files.mount() == 0 and files.mounted()
    assert names(files) == {}
    assert files.mount() == files.format() == E_BUSY


@pytest.mark.parametrize("size", [0, 1, 15, 16, 200, 256, 257, 4096, 4097, 50_000])
def test_what_is_closed_is_there_after_mounting_again(size: int) -> None:
    nor, files = fresh()
    data = random.Random(size).randbytes(size)
    put(files, "file", data)
    files.unmount()
    again = Files(nor)
    assert again.mount() == 0
    assert get(again, "file") == data and names(again) == {"file": size}


def test_what_is_synced_is_there_and_what_is_not_is_lost_as_a_whole() -> None:
    nor, files = fresh()
    assert files.open(1, "log", W | CREATE | APPEND) == 0
    assert files.write(1, b"first.", 0, 6) == 6 and files.sync(1) == 0
    assert files.write(1, b"second", 0, 6) == 6
    again = Files(nor)
    assert again.mount() == 0
    assert get(again, "log") == b"first."


def test_parts_of_buffers() -> None:
    _, files = fresh()
    assert files.open(0, "f", R | W | CREATE) == 0
    assert files.write(0, b"0123456789", 3, 4) == 4
    assert files.seek(0, 0) == 0
    out = bytearray(b"..........")
    assert files.read(0, out, 5, 4) == 4 and out == b".....3456."
    assert files.read(0, out, 0, 10) == 0
    for offset, count in ((-1, 2), (0, 11), (9, 2), (0, -1)):
        with pytest.raises(ValueError):
            files.read(0, out, offset, count)
        with pytest.raises(ValueError):
            files.write(0, b"0123456789", offset, count)


def test_seek_length_and_truncate() -> None:
    _, files = fresh()
    assert files.open(0, "f", R | W | CREATE) == 0
    assert files.write(0, bytes(range(200)) * 50, 0, 10_000) == 10_000
    out = bytearray(4)
    assert files.seek(0, 5_432) == 5_432 and files.read(0, out, 0, 4) == 4
    assert out == bytes((32, 33, 34, 35))
    assert files.seek(0, 10_001) == E_INVAL and files.seek(0, 10_000) == 10_000
    assert files.truncate(0, 100) == 0 and files.length(0) == 100
    assert files.truncate(0, 104) == 0
    assert files.seek(0, 98) == 98 and files.read(0, out, 0, 4) == 4
    assert out == bytes((98, 99, 0, 0))
    assert files.close(0) == 0 and files.stat("f") == 104


def test_slots_are_checked() -> None:
    _, files = fresh()
    for slot in (-1, Files.SLOTS, 1 << 31, 2):
        assert files.read(slot, bytearray(1), 0, 1) == files.write(slot, b"x", 0, 1) == E_INVAL
        assert files.sync(slot) == files.close(slot) == files.length(slot) == E_INVAL
        assert files.seek(slot, 0) == files.truncate(slot, 0) == E_INVAL
    assert files.open(Files.SLOTS, "f", W | CREATE) == E_INVAL
    for flags in (0, CREATE, R | CREATE, R | EMPTY, R | APPEND, 32 | R, -1):
        assert files.open(0, "f", flags) == E_INVAL
    assert files.open(0, "f", W | CREATE) == 0
    assert files.open(0, "g", W | CREATE) == E_BUSY
    assert files.read(0, bytearray(1), 0, 1) == E_INVAL  # opened for writing only
    assert files.open(1, "f", R) == 0
    assert files.write(1, b"x", 0, 1) == files.truncate(1, 0) == E_INVAL
    assert files.close(0) == files.close(1) == 0


def test_all_slots_at_once() -> None:
    _, files = fresh()
    for slot in range(Files.SLOTS):
        assert files.open(slot, f"f{slot}", R | W | CREATE) == 0
    for turn in range(300):
        for slot in range(Files.SLOTS):
            assert files.write(slot, bytes((slot, turn % 256)) * 20, 0, 40) == 40
    for slot in range(Files.SLOTS):
        assert files.close(slot) == 0
        expected = b"".join(bytes((slot, turn % 256)) * 20 for turn in range(300))
        assert get(files, f"f{slot}") == expected


def test_folders_names_and_renaming() -> None:
    _, files = fresh()
    assert files.folder("logs") == 0 and files.folder("logs") == -17
    put(files, "logs/a", b"one")
    put(files, "logs/b", b"three")
    assert files.stat("logs") == E_ISDIR and files.stat("logs/a") == 3
    assert names(files) == {"logs": E_ISDIR} and names(files, "logs") == {"a": 3, "b": 5}
    assert files.remove("logs") == E_NOTEMPTY
    assert files.rename("logs/a", "logs/b") == 0
    assert names(files, "logs") == {"b": 3} and get(files, "logs/b") == b"one"
    assert files.remove("logs/b") == 0 and files.remove("logs") == 0
    assert files.remove("logs") == files.stat("logs") == E_NOENT
    assert files.rename("x", "y") == files.open(0, "x", R) == files.list("x") == E_NOENT
    assert files.open(0, "n" * 31, W | CREATE) == 0 and files.close(0) == 0
    assert files.open(0, "n" * 32, W | CREATE) == E_NAMETOOLONG
    assert files.next(bytearray(Files.ENTRY_SIZE)) == E_INVAL
    with pytest.raises(ValueError):
        files.next(bytearray(Files.ENTRY_SIZE - 1))


def test_a_full_memory_refuses_the_write_and_keeps_the_rest() -> None:
    _, files = fresh(16)
    put(files, "kept", b"k" * 5000)
    assert files.open(0, "big", W | CREATE) == 0 and files.sync(0) == 0
    status = 0
    while status >= 0:
        status = files.write(0, bytes(4096), 0, 4096)
    assert status == E_NOSPC
    assert files.write(0, b"x", 0, 1) == files.sync(0) == E_NOSPC, "not as if nothing had been"
    assert files.close(0) == E_NOSPC
    assert names(files) == {"kept": 5000, "big": 0}
    assert get(files, "kept") == b"k" * 5000
    put(files, "more", b"m" * 8000)
    assert get(files, "more") == b"m" * 8000


def test_an_error_of_the_device_stays_until_it_is_mounted_again() -> None:
    nor, files = fresh()
    put(files, "kept", b"kept" * 500)
    assert files.open(0, "kept", W | APPEND) == 0
    nor.status = E_IO
    assert files.write(0, b"x" * 3000, 0, 3000) == E_IO
    nor.status = 0
    assert files.sync(0) == files.stat("kept") == files.remove("kept") == files.list("") == E_IO
    assert files.tidy() == files.used() == files.open(1, "n", W | CREATE) == E_IO
    assert files.close(0) == E_IO
    files.unmount()
    assert files.mount() == 0
    assert get(files, "kept") == b"kept" * 500
    nor.status = -110
    files.unmount()
    assert files.mount() == -110 and not files.mounted()


def test_what_the_device_raises_comes_out_of_the_call() -> None:
    nor, files = fresh()
    put(files, "kept", b"kept")
    assert files.open(0, "kept", W | APPEND) == 0
    nor.cut = nor.operations + 2
    with pytest.raises(PowerCut):
        files.write(0, b"x" * 9000, 0, 9000)
    assert nor.operations == nor.cut, "nothing is asked of the device after it raised"
    assert files.sync(0) == E_IO
    files.unmount()
    nor.cut = None
    assert files.mount() == 0 and get(files, "kept") == b"kept"


def test_worn_out_blocks_are_left_alone() -> None:
    """Cells that no longer change do not say so: what was written is read back."""
    nor, files = fresh()
    nor.failing = {5, 6, 7, 20, 21, 40}
    for number in range(12):
        put(files, f"f{number}", bytes((number,)) * 9000)
    for number in range(12):
        assert get(files, f"f{number}") == bytes((number,)) * 9000


@pytest.mark.parametrize("blocks", [0, 1, 4097])
def test_geometries_that_cannot_be(blocks: int) -> None:
    nor = Nor()
    nor.BLOCKS = blocks
    with pytest.raises(ValueError):
        Files(nor)


def test_another_geometry_is_refused() -> None:
    nor, files = fresh(64)
    files.unmount()
    half = Nor(64, nor.memory.image())
    half.BLOCKS = 32
    assert Files(half).mount() == E_BADMSG


def test_programs_keep_to_pages() -> None:
    """Nor checks that none reaches over the end of a page; most of them fill one."""
    nor, files = fresh()
    nor.pieces.clear()
    put(files, "f", random.Random(1).randbytes(30_000))
    assert (0, 256) in nor.pieces


@pytest.mark.parametrize("seed", range(6))
def test_against_a_dictionary(seed: int) -> None:
    """Random work, mounted again now and then: always what a dictionary holds."""
    rng = random.Random(seed)
    nor, files = fresh(48)
    truth: dict[str, bytes] = {}
    for _ in range(250):
        name = f"n{rng.randrange(8)}"
        action = rng.randrange(10)
        data = rng.randbytes(rng.choice((3, 60, 300, 3000, 7000)))
        if action < 3:
            put(files, name, data)
            truth[name] = data
        elif action < 6:
            put(files, name, data[:700], APPEND)
            truth[name] = truth.get(name, b"") + data[:700]
        elif action == 6:
            assert files.remove(name) == (0 if truth.pop(name, None) is not None else E_NOENT)
        elif action == 7 and name in truth:
            other = f"n{rng.randrange(8)}"
            assert files.rename(name, other) == 0
            truth[other] = truth.pop(name)
        elif action == 8:
            assert files.tidy() == 0
        else:
            files.unmount()
            files = Files(nor)
            assert files.mount() == 0
        if sum(map(len, truth.values())) > 60_000:
            for old in list(truth):
                assert files.remove(old) == 0
            truth.clear()
        assert names(files) == {name: len(data) for name, data in truth.items()}
    for name, data in truth.items():
        assert get(files, name) == data
    assert 2 <= files.used() <= 48
