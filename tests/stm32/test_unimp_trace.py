"""The firmware on QEMU, with every access to unmodelled or refused registers logged."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sim import scenario
from sim.bridges import pipe
from sim.world import World
from tests.stm32.order import from_qemu, violations

ROOT = Path(__file__).resolve().parents[2]
ELF = ROOT / "build/firmware/pyboard-development/microflight.elf"
# On QEMU the firmware touches clock enables, reset flags and pins, and nothing else that QEMU does
# not model: no clock tree, no power control, no I2C, no watchdog.
ALLOWED = {
    "RCC": {0x00, 0x30, 0x44, 0x74},
    "GPIOA": {0x00, 0x04, 0x08, 0x0C, 0x18, 0x20, 0x24},
    "GPIOB": {0x00, 0x04, 0x08, 0x0C, 0x20, 0x24},
}
FLIGHT_S = 5.0


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Log of some seconds of flight."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not on the PATH")
    if not ELF.is_file():
        pytest.skip(f"{ELF.relative_to(ROOT)} is not built: make firmware")
    directory = tmp_path_factory.mktemp("trace")
    world = World(scenario.load("first-light", [f"duration_s={FLIGHT_S}"]), 1)
    pipe.prepare(directory)
    command = ["qemu-system-arm", "-M", "netduinoplus2", "-kernel", str(ELF)]
    command += ["-display", "none", "-monitor", "none", "-serial", "file:uart.log"]
    command += ["-icount", "shift=3,sleep=off,align=off"]
    command += ["-semihosting-config", "enable=on,target=native"]
    command += ["-d", "unimp,guest_errors", "-D", "trace.log"]
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL)
    try:
        pipe.serve(world, directory, process)
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert world.t_s >= FLIGHT_S and world.boots
    return (directory / "trace.log").read_text()


def test_only_known_registers_are_touched(trace: str) -> None:
    accesses, others = from_qemu(trace)
    assert others == [], "a guest error, or a line of another form"
    unknown = {
        (access.block, hex(access.offset))
        for access in accesses
        if access.offset not in ALLOWED.get(access.block, set())
    }
    assert unknown == set()


def test_where_we_are_is_found_out_first(trace: str) -> None:
    accesses, _ = from_qemu(trace)
    assert (accesses[0].block, accesses[0].write, accesses[0].offset) == ("RCC", False, 0)


def test_order_rules_hold(trace: str) -> None:
    accesses, _ = from_qemu(trace)
    assert len(accesses) > 20
    assert violations(accesses) == []
