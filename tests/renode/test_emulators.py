"""The register path on real emulators: drivers against Renode's own models and a closed loop, both
only where `renode` is found; on QEMU the same program must fail soft and in bounded time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).parent / "probe"
SOURCES = [
    PROBE / "probe.c",
    *sorted((ROOT / "boards/obc_f405/stm32").glob("*.c")),
    ROOT / "native/src/kernel/bus.c",
    *(
        ROOT / "native/src/drivers" / f"{name}.c"
        for name in ("stm32_i2c", "stm32_usart", "ak09916", "fram")
    ),
    ROOT / "native/src/drivers/sensor_io.c",
]
CFLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft", "-std=gnu99", "-Os", "-g"]
CFLAGS += [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffunction-sections",
    "-fno-tree-loop-distribute-patterns",
]
CFLAGS += [f"-I{ROOT / 'native/include'}", f"-I{ROOT / 'boards/obc_f405/stm32'}"]
LDFLAGS = ["-nostartfiles", "--specs=nosys.specs", "-Wl,--gc-sections", f"-T{PROBE / 'probe.ld'}"]
ELF = ROOT / "build/firmware/pyboard-development/microflight.elf"
WALL_LIMIT_S = 600


def need(program: str) -> None:
    """Skip, saying why, where `program` is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on the PATH")


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The probe program, linked for the start of flash."""
    need("arm-none-eabi-gcc")
    elf = tmp_path_factory.mktemp("probe") / "probe.elf"
    subprocess.run(["arm-none-eabi-gcc", *CFLAGS, *LDFLAGS, *SOURCES, "-o", elf], check=True)
    return elf


def results(text: str) -> list[list[str]]:
    """Words of the probe's lines."""
    lines = text.split("\n")
    assert "END" in lines, f"the probe did not come to its end: {text!r}"
    return [line.split(" ") for line in lines[: lines.index("END")]]


def test_without_i2c_everything_times_out_in_bounded_time(probe: Path, tmp_path: Path) -> None:
    need("qemu-system-arm")
    command = ["qemu-system-arm", "-M", "netduinoplus2", "-kernel", str(probe)]
    command += ["-display", "none", "-monitor", "none", "-serial", "file:console.log"]
    command += ["-icount", "shift=3,sleep=off,align=off"]
    command += ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=WALL_LIMIT_S)
    assert done.returncode == 0
    lines = results((tmp_path / "console.log").read_text())
    assert lines[0] == ["where", "qemu"]
    transfers = [words for words in lines if words[0] in ("read", "absent", "mag_init", "mag_read")]
    assert len(transfers) == 8 + 8 + 3 + 1
    assert {words[1] for words in transfers} == {"-110"}
    assert ["fram_write", "-110", ""] in lines and ["fram_read", "-110", ""] in lines
    assert int(lines[-1][1]) >= 20


def test_drivers_against_renodes_own_models(probe: Path, tmp_path: Path) -> None:
    need("renode")
    script = (
        f"$bin=@{probe}; $parts=@{ROOT / 'renode/models.repl'};"
        f" include @{ROOT / 'renode/obc.resc'};"
        " sysbus.i2c1.magnetometer DefaultMagneticFluxDensityX 30000;"
        " sysbus.i2c1.magnetometer DefaultMagneticFluxDensityY -15000;"
        ' emulation RunFor "2"; quit'
    )
    command = ["renode", "--disable-gui", "--console", "--plain", "-e", script]
    with open(tmp_path / "renode.log", "wb") as log:
        # Standard input stays open: Renode reads it for ever.
        process = subprocess.Popen(
            command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            process.wait(WALL_LIMIT_S)
        finally:
            process.kill()
            process.wait()
    lines = results((tmp_path / "console.log").read_text())
    assert lines[0] == ["where", "renode"]
    reads = [words for words in lines if words[0] == "read"]
    assert [words[1] for words in reads] == ["0"] * 8
    whole = reads[-1][2]
    assert whole.startswith("480c")  # the model's second id byte is not the part's
    assert [words[2] for words in reads] == [whole[: 2 * n] for n in range(1, 9)]
    assert [words[1] for words in lines if words[0] == "absent"] == ["-19"] * 8
    assert [words[1] for words in lines if words[0] == "mag_init"] == ["-84", "0", "0"]
    (sample,) = (words for words in lines if words[0] == "mag_read")
    assert sample[1] == "0" and int(sample[2][:2], 16) & 1
    field = bytes.fromhex(sample[2])[1:7]
    assert [int.from_bytes(field[i : i + 2], "little", signed=True) for i in (0, 2)] == [200, -100]
    tail = [words[:2] for words in lines[-4:]]
    assert tail == [["fram_write", "0"], ["fram_read", "0"], ["fram_wrong", "0"], ["aborts", "0"]]


def test_closed_loop_on_renode(tmp_path: Path) -> None:
    need("renode")
    if not ELF.is_file():
        pytest.skip(f"{ELF.relative_to(ROOT)} is not built: make firmware")
    report = tmp_path / "flight.json"
    command = [sys.executable, "-m", "cli", "fly", "first-light", "--world", "renode"]
    command += ["--duration", "120", "--json", str(report)]
    subprocess.run(command, cwd=ROOT, timeout=3 * WALL_LIMIT_S, stdin=subprocess.DEVNULL)
    flight = json.loads(report.read_text())
    assert flight["world"] == "renode" and flight["virtual_s"] >= 120
    assert flight["telemetry"]["frames"] > 50
    assert flight["telemetry"]["bad_frames"] == 0 == flight["telemetry"]["gaps"]
    assert flight["timeline"][-1]["mode"]
