"""The boot of every peripheral on modelled silicon keeps the order rules; mistakes are noticed."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers
from tests.stm32.order import from_model, violations

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


def boot(first: str = "clock.c", replace: tuple[tuple[str, str], ...] = ()) -> list[str]:
    """Violations in the trace of a whole boot."""
    registers = Registers()
    registers.values[0x40023800] = 0x83
    registers.on_read[0x40023800] = lambda value: value | (value & 0x01010001) << 1
    registers.on_write[0x40023800] = lambda value: value & ~0x02020002
    registers.on_read[0x40023808] = lambda value: value & ~0xC | (value & 3) << 2
    board = Board(registers, first, replace)
    lib, ffi = board.lib, board.ffi
    assert lib.stm32_clock_init(12_000_000) == 168_000_000
    usart = ffi.new("mf_stm32_usart_t *")
    assert lib.stm32_usart_open(usart, 6, 0x26, 0x27, 115_200, 1) == 0
    for number in (1, 2, 3):
        assert lib.stm32_uart_init(number, 0x16, 0x17, 115_200) == 0
    for number in (1, 2, 3):
        i2c, pins = ffi.new("mf_stm32_i2c_t *"), ffi.new("stm32_i2c_pins_t *")
        assert lib.stm32_i2c_open(i2c, pins, number, 0x18, 0x19, 400_000, 1) == 0
        assert lib.stm32_spi_init(number, 0x05, 0x06, 0x07, 5, 1_000_000, 0) == 0
    assert lib.stm32_iwdg_start(4000) == 0
    accesses = from_model(registers.log)
    assert len(accesses) > 200
    return violations(accesses)


def test_boot_keeps_the_rules() -> None:
    assert boot() == []


@pytest.mark.parametrize(
    ("source", "mistake", "says"),
    [
        ("uart.c", ("mf_mmio_update(port->enable_register, 0, port->enable_bit);", ""), "USART6"),
        ("spi.c", ("mf_mmio_update(port->enable_register, 0, port->enable_bit);", ""), "SPI1"),
        ("i2c.c", ("mf_mmio_update(RCC_APB1ENR, 0, port->enable_bit);", ""), "I2C1"),
        ("pins.c", ("mf_mmio_update(RCC_AHB1ENR, 0, 1u << port);", ""), "GPIO"),
        ("clock.c", ("mf_mmio_update(RCC_APB1ENR, 0, RCC_APB1ENR_PWREN);", ""), "PWR"),
        (
            "pins.c",
            (
                "    field(base + GPIO_MODER, 2u * n, 2u, mode);\n",
                "    field(base + GPIO_MODER, 2u * n, 2u, mode);\n"
                "    field(base + GPIO_PUPDR, 2u * n, 2u, pull);\n",
            ),
            "pin type changed after its mode",
        ),
    ],
    ids=["uart clock", "spi clock", "i2c clock", "port clock", "pwr clock", "mode first"],
)
def test_mistake_is_noticed(source: str, mistake: tuple[str, str], says: str) -> None:
    assert any(says in violation for violation in boot(source, (mistake,)))
