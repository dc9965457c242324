"""Facts about the Renode files that must hold where there is no Renode."""

from __future__ import annotations

import re

import pytest

from tests.renode.text import RENODE, ROOT, base_of, defines, platform, tokens

OBC = platform(RENODE / "obc_f405.repl")
PARTS = platform(RENODE / "spacecraft.repl")
RESC = (RENODE / "obc.resc").read_text()
REGISTERS = defines(
    ROOT / "boards/obc_f405/stm32/registers.h",
    ROOT / "boards/obc_f405/stm32/stm32.h",
    ROOT / "native/include/mf_stm32_i2c.h",
    ROOT / "native/include/mf_drivers.h",
)
SOURCES = sorted((RENODE / "peripherals").glob("*.cs"))


def test_platform_fetches_nothing() -> None:
    for path in (*RENODE.glob("*.repl"), *RENODE.glob("*.resc")):
        text = path.read_text()
        assert "ApplySVD" not in text and "http" not in text
        if path.suffix == ".repl":
            assert not re.search(r"^using\b", text, re.M)


@pytest.mark.parametrize(
    ("name", "macro"),
    [
        ("rcc", "RCC_BASE"),
        ("usart1", "USART1_BASE"),
        ("usart2", "USART2_BASE"),
        ("usart3", "USART3_BASE"),
        ("usart6", "USART6_BASE"),
        ("spi1", "SPI1_BASE"),
        ("i2c1", "I2C1_BASE"),
        ("i2c2", "I2C2_BASE"),
        ("i2c3", "I2C3_BASE"),
        ("iwdg", "IWDG_KR"),
        ("pwr", "PWR_CR"),
        ("flash_controller", "FLASH_ACR"),
    ],
)
def test_addresses_are_those_of_the_drivers(name: str, macro: str) -> None:
    assert base_of(OBC[name]) == REGISTERS[macro]


def test_ports_of_pins() -> None:
    for index, letter in enumerate("ABCD"):
        assert base_of(OBC[f"gpioPort{letter}"]) == 0x40020000 + 0x400 * index


@pytest.mark.parametrize(
    ("name", "source", "macro"),
    [
        ("usart1", "", "STM32_IRQ_USART1"),
        ("usart2", "", "STM32_IRQ_USART2"),
        ("usart3", "", "STM32_IRQ_USART3"),
        ("usart6", "", "STM32_IRQ_USART6"),
        ("i2c1", "EventInterrupt", "STM32_IRQ_I2C1_EV"),
        ("i2c1", "ErrorInterrupt", "STM32_IRQ_I2C1_ER"),
        ("i2c2", "EventInterrupt", "STM32_IRQ_I2C2_EV"),
        ("i2c2", "ErrorInterrupt", "STM32_IRQ_I2C2_ER"),
        ("i2c3", "EventInterrupt", "STM32_IRQ_I2C3_EV"),
        ("i2c3", "ErrorInterrupt", "STM32_IRQ_I2C3_ER"),
    ],
)
def test_interrupt_lines_are_those_of_the_vector_table(name: str, source: str, macro: str) -> None:
    assert OBC[name].lines[source] == f"nvic@{REGISTERS[macro]}"


def test_processor_and_memories() -> None:
    assert OBC["cpu"].properties["cpuType"] == '"cortex-m4f"'
    assert OBC["nvic"].properties["systickFrequency"] == "168000000"
    assert OBC["cpu"].properties["PerformanceInMips"] == "168"
    assert (base_of(OBC["flash"]), OBC["flash"].properties["size"]) == (0x08000000, "0x100000")
    assert (base_of(OBC["sram"]), OBC["sram"].properties["size"]) == (0x20000000, "0x20000")
    unique_id = REGISTERS["UNIQUE_ID_BASE"]
    memory = OBC["system_memory"]
    first = base_of(memory)
    assert first <= unique_id < first + int(memory.properties["size"], 16) - 12


def test_clocks_of_the_uarts_match_the_clock_tree() -> None:
    for name, clock_hz in {"usart1": 84, "usart6": 84, "usart2": 42, "usart3": 42}.items():
        assert OBC[name].properties["frequency"] == f"{clock_hz}000000"


def test_every_interrupt_line_has_one_owner() -> None:
    lines = [
        target
        for entry in OBC.values()
        for target in entry.lines.values()
        if re.fullmatch(r"nvic@\d+", target)
    ]
    assert len(lines) == len(set(lines))


def test_kick_line_is_the_pin_of_the_variant() -> None:
    variant = (ROOT / "boards/obc_f405/variants/pyboard.mk").read_text()
    match = re.search(r"^PIN_WATCHDOG = P([A-K])(\d+)$", variant, re.M)
    assert match
    port, pin = match.groups()
    assert "external_watchdog@0" in OBC[f"gpioPort{port}"].lines[pin]


def addresses(text: str) -> set[int]:
    """The I2C addresses in a piece of the device-bus document; ranges are "0x20 to 0x23"."""
    found = {int(a, 16) for a in re.findall(r"0x[0-9A-F]{2}", text)}
    for first, last in re.findall(r"(0x[0-9A-F]{2}) to (0x[0-9A-F]{2})", text):
        found |= set(range(int(first, 16), int(last, 16) + 1))
    return found


def test_parts_are_those_of_the_device_bus() -> None:
    """Addresses of docs/icd/device-bus.md, each registered where it says it is."""
    text = (ROOT / "docs/icd/device-bus.md").read_text()
    listed = text[text.index("Addresses of the reference spacecraft:") :].split("\n\n")[0]
    optional = text[text.index("Parts of the attitude missions") :].split("\n\n")[0]
    bus_1, bus_2 = listed.split("bus 2:")
    attitude, uart = optional.split("UART 1:")
    wanted = {1: addresses(bus_1) | addresses(attitude), 2: addresses(bus_2)}
    found: dict[int, set[int]] = {1: set(), 2: set()}
    for entry in PARTS.values():
        if entry.kind == "UART.DevBusUart":
            assert entry.properties == {"client": "devbus", "uart": "usart6", "number": "1"}
            assert "GNSS receiver, on the onboard computer USART6" in " ".join(uart.split())
            continue
        match = re.fullmatch(r"i2c(\d) (0x[0-9A-F]{2})", entry.place)
        assert match, entry.place
        bus, address = int(match.group(1)), int(match.group(2), 16)
        assert entry.properties["bus"] == str(bus)
        if entry.kind == "I2C.DevBusI2CStatus":
            assert address == REGISTERS["MF_STM32_I2C_RENODE_STATUS"]
            continue
        assert int(entry.properties["address"], 16) == address
        found[bus].add(address)
    assert found == wanted


def test_every_address_of_the_drivers_has_a_part() -> None:
    """MF_I2C_... of mf_drivers.h; where one stands for several the count is that of the device."""
    counts = {"WHEEL": 4, "ADS1115": 2, "FRAM": 2}
    platform = {"RADIO", "FRAM"}
    registered = {entry.place for entry in PARTS.values()}
    names = [name[7:] for name in REGISTERS if name.startswith("MF_I2C_")]
    assert len(names) > 10
    for name in names:
        for index in range(counts.get(name, 1)):
            address = REGISTERS[f"MF_I2C_{name}"] + index
            assert f"i2c{2 if name in platform else 1} 0x{address:02X}" in registered, name


def test_flash_memory_is_selected_by_the_pin_of_every_variant() -> None:
    from sim.protocol import BUS_SPI, SELECT_FLASH

    flash = OBC["flash_memory"]
    assert (flash.kind, flash.place) == ("SPI.DevBusSpi", "spi1")
    assert flash.properties == {
        "client": "devbus",
        "bus": str(BUS_SPI),
        "select": f"0x{SELECT_FLASH:02X}",
    }
    port, pin = "ABCDEFGHI"[SELECT_FLASH >> 4], SELECT_FLASH & 0xF
    assert OBC[f"gpioPort{port}"].lines[str(pin)] == f"exti@{pin} | flash_memory@0"
    for variant in (ROOT / "boards/obc_f405/variants").glob("*.mk"):
        assert f"PIN_SPI1_CS = P{port}{pin}\n" in variant.read_text()


def test_gnss_uart_is_the_one_of_the_firmware() -> None:
    """USART6 by its pins: PC6 and PC7, alternate function 8 (data sheet table 9)."""
    for variant in (ROOT / "boards/obc_f405/variants").glob("*.mk"):
        text = variant.read_text()
        assert "PIN_GNSS_TX = PC6\n" in text and "PIN_GNSS_RX = PC7\n" in text


def test_no_pin_of_a_variant_has_two_owners() -> None:
    for variant in (ROOT / "boards/obc_f405/variants").glob("*.mk"):
        pins = re.findall(r"^PIN_\w+ = (P[A-K]\d+)$", variant.read_text(), re.M)
        assert len(pins) == 14 and len(set(pins)) == len(pins), variant.name


def test_script_tells_the_firmware_where_it_runs() -> None:
    macro = RESC[RESC.index("macro reset") :]
    for index in range(3):
        address = REGISTERS["UNIQUE_ID_BASE"] + 4 * index
        value = REGISTERS[f"STM32_RENODE_UID_{index}"]
        assert f"sysbus WriteDoubleWord 0x{address:X} 0x{value:08X}" in macro
    assert "LoadELF" not in macro, "a reset must keep RAM that is not initialised"
    assert RESC.index("LoadELF") < RESC.index("macro reset")


def test_script_compiles_the_bridge_before_the_platform_needs_it() -> None:
    order = [RESC.index(f"peripherals/{path.name}") for path in SOURCES]
    assert order == sorted(order), "the client comes first: the others refer to it"
    assert max(order) < RESC.index("LoadPlatformDescription")
    assert 'SetGlobalQuantum "0.01"' in RESC
    for bus in (1, 2, 3):
        assert f"logLevel 3 sysbus.i2c{bus}" in RESC


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_csharp_is_well_formed(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    pairs = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    for token in tokens(text):
        if token in "([{":
            stack.append(token)
        elif token in pairs:
            assert stack and stack.pop() == pairs[token], f"unbalanced {token}"
    assert not stack
    classes = re.findall(r"public class (\w+)", text)
    assert classes and classes[0] == path.stem  # type: ignore[attr-defined]


def test_classes_and_properties_of_the_platform_exist() -> None:
    """Each DevBus class in the .repl files is in the sources, with its constructor arguments."""
    text = "\n".join(path.read_text() for path in SOURCES)
    for entry in (*OBC.values(), *PARTS.values()):
        if "DevBus" not in entry.kind:
            continue
        namespace, name = entry.kind.split(".")
        assert f"namespace Antmicro.Renode.Peripherals.{namespace}" in text
        match = re.search(rf"public {name}\(([^)]*)\)", text)
        assert match, name
        arguments = {argument.split("=")[0].split()[-1] for argument in match[1].split(",")}
        assert set(entry.properties) <= arguments


def test_protocol_numbers_agree() -> None:
    from sim import protocol

    text = "\n".join(path.read_text() for path in SOURCES)
    for name, value in {
        "Hello": protocol.OP_HELLO,
        "I2C": protocol.OP_I2C,
        "WatchdogKick": protocol.OP_WATCHDOG,
        "I2CPeek": protocol.OP_I2C_PEEK,
        "Spi": protocol.OP_SPI,
        "SpiPeek": protocol.OP_SPI_PEEK,
        "UartWrite": protocol.OP_UART_WRITE,
        "UartRead": protocol.OP_UART_READ,
        "Version": protocol.VERSION,
        "DataMax": protocol.DATA_MAX,
        "RequestHeader": protocol.REQUEST_HEADER.size,
        "ReplyHeader": protocol.REPLY_HEADER.size,
        "ConnectionReset": protocol.E_RESET,
        "InputOutputError": protocol.E_IO,
    }.items():
        assert re.search(rf"const \w+ {name} = {value};", text), name
