"""Memory changed through the emulator's debug port: at the same instant in every flight, and what
the watchdog does when the emulator ends of it."""

import hashlib

import pytest

from cli import flights
from cli.campaigns import faults_flips
from cli.campaigns.faults_qemu import Computer, place_of, regions, struck_image, symbols
from cli.campaigns.faults_runs import ATTEMPTS
from sim.bridges.injection import GAP_US, Poke, read_end
from tests.emulated import qemu

DURATION_S = 16.0


def elf():
    """The image, in both slots."""
    return qemu.firmware()


def fly(duration_s=DURATION_S, **how):
    """(flight, computer, digest of every frame with its time)."""
    image = elf()
    computer = Computer(elf=image, **how)
    flight = flights.prepare("faults", "qemu", 1, [f"duration_s={duration_s}"], elf=image)
    digest = hashlib.sha256()
    flight.listeners.append(lambda t_s, frame: digest.update(f"{t_s!r}".encode() + frame))
    flight.vehicle = computer.fly
    flight.fly()
    return flight, computer, digest.hexdigest()


def struck(duration_s=DURATION_S, **how):
    """As `fly`. The debug port is a process of its own: on a busy machine it can come after the
    exchange, and then nothing was injected and it says so; the campaign flies such a flight anew,
    as this does (cli/campaigns/faults_runs.py)."""
    failures = []
    for _ in range(ATTEMPTS):
        flown = fly(duration_s, **how)
        if flown[1].injected:
            return flown
        failures.append(flown[1].failure)
    raise AssertionError(failures)


@pytest.fixture(scope="module")
def exchange():
    """An exchange that the processor slept before, 8 to 10 s into the flight."""
    _, computer, _ = fly(record=True)
    return faults_flips.exchange_at(computer.times_us, GAP_US, 8.0, 10.0, 0.5)


def test_a_struck_flight_is_the_same_twice_to_the_last_frame(exchange):
    number, at_s = exchange
    # A counter of telemetry: seen in the frames, and not harmful.
    address = symbols(elf())["vm_stack_bottom"]
    poke = Poke(address, flip=0x10)
    flown = [struck(exchange=number, pokes=[poke]) for _ in range(2)]
    assert flown[0][2] == flown[1][2]
    times_s = [computer.at_s for _, computer, _ in flown]
    assert times_s[0] == times_s[1] == pytest.approx(at_s, abs=0.11)
    flight = flown[0][0]
    assert flight.decoder.summary()["bad_frames"] == flight.decoder.summary()["gaps"] == 0
    assert flight.world.counters["missed_ticks"] == 0


class Look(Poke):
    """Changes nothing: asks where the processor stands."""

    def apply(self, port):
        end = read_end(elf())
        seen.append((port.at(end), port.at(end + 2)))


seen = []


def test_the_processor_is_stopped_behind_the_read_of_the_exchange(exchange):
    seen.clear()
    struck(exchange=exchange[0], pokes=[Look(0)])
    assert seen == [(True, False)]


def test_what_is_written_over_the_virtual_machine_ends_it(exchange):
    known = symbols(elf())
    top = known["vm_stack_top"]
    poke = Poke(top - 1024, data=b"\xa5" * 1024)
    flight, computer, _ = struck(exchange=exchange[0], pokes=[poke])
    assert computer.lock_ups == 0
    texts = [event.text for event in flight.history.events if event.received_s > exchange[1]]
    assert any("crash" in text or "survival" in text for text in texts), texts
    assert flight.world.counters["missed_ticks"] <= 2


HANG = b"\xfe\xe7" * 8  # B . : here, for ever
UNDEFINED = b"\xff" * 64


def test_damaged_code_leads_to_a_reset_and_the_other_image(exchange):
    """Code of slot A that every exchange runs is gone: the boot block finds the image damaged."""
    poke = Poke(read_end(elf()), data=UNDEFINED)
    flight, computer, _ = struck(40.0, exchange=exchange[0], pokes=[poke])
    assert computer.lock_ups == 0
    assert len(flight.world.boots) == 2
    assert flight.history.value("core_hk", "image_slot") == 1


def test_a_constant_that_nothing_stumbles_over_is_scrubbed_and_its_image_left(exchange):
    """The parity of every frame sent down is wrong from then on: the ground hears nothing, and the
    spacecraft finds it itself, within a pass of 14 s and the two seconds before the reset."""
    address = symbols(elf())["rows"] + 0x79E
    flight, computer, _ = struck(40.0, exchange=exchange[0], pokes=[Poke(address, flip=2)])
    assert computer.lock_ups == 0
    (_, _), (reset_s, cause) = flight.world.boots
    assert cause == 7 and reset_s - exchange[1] <= 2 * 14.0 + 2.5
    assert flight.history.value("core_hk", "image_slot") == 1
    fram = bytes(flight.world.spacecraft.devices["mb85rc1mt"].memory)
    copies = [fram[at : at + 40] for at in (0x100, 0x180)]
    newest = max(copies, key=lambda copy: int.from_bytes(copy[4:8], "big"))
    assert newest[32:34] == b"\x01\x00", "counted once, for image A"


@pytest.mark.parametrize("end", ["locks up", "hangs"])
def test_a_processor_that_can_do_nothing_is_cycled_by_the_watchdog(exchange, end):
    image = elf()
    pokes = [Poke(read_end(image), data=HANG)]
    if end == "locks up":
        handler = symbols(image)["Fault_Handler"] & ~1
        pokes = [Poke(handler, data=UNDEFINED), Poke(read_end(image), data=UNDEFINED)]
    flight, computer, _ = struck(40.0, exchange=exchange[0], pokes=pokes)
    assert computer.lock_ups == 1
    world = flight.world
    assert world.counters["lock_ups"] == world.counters["watchdog_resets"] == 1
    assert len(world.boots) == 2 and world.boots[1][0] == pytest.approx(exchange[1] + 8.0, abs=0.3)
    assert flight.history.value("core_hk", "image_slot") == 1


def test_an_exchange_that_never_comes_injects_nothing():
    _, computer, _ = fly(5.0, exchange=1_000_000, pokes=[Poke(0x20000000, flip=1)])
    assert not computer.injected and computer.at_s == 0.0


def test_regions_are_memory_that_does_not_overlap():
    found = regions(elf())
    names = [region.name for region in found]
    assert {"data", "bss", "kernel", "VM stack", "heap", "slot A", "boot block"} <= set(names)
    spans = sorted((region.start, region.end) for region in found)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
    assert all(start < end for start, end in spans)


def test_flips_strike_every_bit_of_every_region():
    image = elf()
    flips = [faults_flips.draw_flip(1, number, False, image) for number in range(400)]
    assert flips == [faults_flips.draw_flip(1, number, False, image) for number in range(400)]
    by_name = {region.name: region for region in regions(image)}
    counts = {name: 0 for name in by_name}
    for flip in flips:
        region = by_name[flip.region]
        assert region.start <= flip.address < region.end
        counts[flip.region] += 1
    assert counts.pop("boot block") == 0
    for name, share in faults_flips.SHARES:
        assert abs(counts[name] - 4 * share) <= 4 * (4 * share) ** 0.5, name
    assert {flip.bit for flip in flips} == set(range(8))
    heap = by_name["heap"]
    middle = (heap.start + heap.end) // 2
    below = sum(flip.address < middle for flip in flips if flip.region == "heap")
    assert 0.3 * counts["heap"] < below < 0.7 * counts["heap"]
    boot = faults_flips.draw_flip(1, 0, True, image)
    assert boot.region == "boot block" and 0x08000000 <= boot.address < 0x08010000
    assert place_of(image, 0x08000004) == "boot_vectors+0x4"
    assert place_of(image, symbols(image)["heap_start"] + 2).endswith("+0x2")


def test_what_flash_memory_lost_outlives_the_supply_and_ram_does_not():
    image = elf()
    known, before = symbols(image), image.read_bytes()
    code = known["image_header"] + 4096
    struck = struck_image(image, [Poke(code, flip=0x80), Poke(known["heap_start"], flip=1)])
    changed = [index for index, (a, b) in enumerate(zip(before, struck, strict=True)) if a != b]
    assert len(changed) == 1 and before[changed[0]] ^ struck[changed[0]] == 0x80


# Each takes seconds: two of them every time, the others with the long ones.
DOZEN = [0, 1, *(pytest.param(number, marks=pytest.mark.accept) for number in range(2, 12))]


@pytest.mark.parametrize("number", DOZEN)
def test_a_dozen_flips_end_in_a_defined_state(number):
    from cli import worlds
    from cli.campaigns.faults_runs import FaultRun, fly_run

    elf()
    assert worlds.ELF.is_file()
    row = fly_run(FaultRun(number, f"flip/{number}", 1, 195.0))
    assert row["judged"]["defined"], row
    assert row["verdict"] == "pass", row


def seldom(name):
    return pytest.param(name, marks=pytest.mark.accept)


@pytest.mark.parametrize(
    "name",
    [
        "app-payload/hang/pointing/once",
        "app-housekeeping/exhaust/safe/once",
        seldom("app-comms/leak/pass/once"),
        seldom("app-power/raise/detumble/once"),
        seldom("vm/stack-wiped/pointing/once"),
        seldom("vm/heap-wiped/eclipse/once"),
        seldom("vm/globals-wiped/sun-safe/once"),
    ],
)
def test_software_that_is_hurt_is_felt_and_recovers(name):
    from cli.campaigns.faults_runs import FaultRun, fly_run

    elf()
    row = fly_run(FaultRun(0, name, 1, 400.0))
    assert row["verdict"] == "pass", row
    assert row["judged"]["effect"] and row["judged"]["detected_s"] < 60.0, row
