"""Pins, UART, watchdog and the opening of an I2C bus: register values, order, bounds."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


RCC = 0x40023800
AHB1ENR, APB1ENR, APB2ENR = RCC + 0x30, RCC + 0x40, RCC + 0x44
GPIOA, GPIOB, GPIOC = 0x40020000, 0x40020400, 0x40020800
MODER, OTYPER, OSPEEDR, PUPDR, IDR, BSRR, AFRL, AFRH = 0, 4, 8, 12, 16, 24, 32, 36
USART1, IWDG, I2C1 = 0x40011000, 0x40003000, 0x40005400
INVAL, TIMEOUT = -22, -110


def test_alternate_open_drain_pin(board: Board, registers: Registers) -> None:
    registers.values.update({GPIOB + MODER: 0xFFFFFFFF, GPIOB + AFRH: 0xFFFFFFFF})
    board.lib.stm32_pin_config(0x18, 2, 4, True, 1)  # PB8
    assert registers.values[AHB1ENR] & 2
    assert registers.values[GPIOB + MODER] == 0xFFFEFFFF
    assert registers.values[GPIOB + OTYPER] == 1 << 8
    assert registers.values[GPIOB + OSPEEDR] == 2 << 16
    assert registers.values[GPIOB + PUPDR] == 1 << 16
    assert registers.values[GPIOB + AFRH] == 0xFFFFFFF4
    order = [address for address, _ in registers.all_writes()]
    assert order[0] == AHB1ENR and order[-1] == GPIOB + MODER


def test_pin_levels(board: Board, registers: Registers) -> None:
    board.lib.stm32_pin_write(0x05, True)
    board.lib.stm32_pin_write(0x05, False)
    assert registers.writes(GPIOA + BSRR) == [1 << 5, 1 << 21]
    registers.values[GPIOA + IDR] = 1 << 5
    assert board.lib.stm32_pin_read(0x05) and not board.lib.stm32_pin_read(0x06)


def test_pins_that_do_not_exist_touch_nothing(board: Board, registers: Registers) -> None:
    for pin in (0x90, 0xFF):
        board.lib.stm32_pin_config(pin, 1, 0, False, 0)
        board.lib.stm32_pin_write(pin, True)
        assert not board.lib.stm32_pin_read(pin)
    assert registers.log == []


def test_interrupt_lines(board: Board, registers: Registers) -> None:
    board.lib.stm32_irq_enable(37, 14)
    assert registers.all_writes() == [(0xE000E424, 0xE0 << 8), (0xE000E104, 1 << 5)]
    board.lib.stm32_irq_enable(82, 1)
    assert len(registers.all_writes()) == 2


@pytest.mark.parametrize(
    ("number", "base", "enable", "bit", "divider", "irq"),
    [
        (1, 0x40011000, APB2ENR, 1 << 4, 729, 37),
        (2, 0x40004400, APB1ENR, 1 << 17, 365, 38),
        (3, 0x40004800, APB1ENR, 1 << 18, 365, 39),
        (6, 0x40011400, APB2ENR, 1 << 5, 729, 71),
    ],
)
def test_uart_start(
    board: Board,
    registers: Registers,
    number: int,
    base: int,
    enable: int,
    bit: int,
    divider: int,
    irq: int,
) -> None:
    assert board.lib.stm32_uart_init(number, 0x16, 0x17, 115_200) == 0
    assert registers.values[enable] & bit
    assert registers.values[base + 8] == divider
    assert registers.writes(base + 12) == [0, 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2]
    order = [address for address, _ in registers.all_writes()]
    assert order.index(enable) < order.index(base + 12)
    assert registers.writes(0xE000E100 + irq // 32 * 4) == [1 << irq % 32]
    function = 8 if number == 6 else 7
    assert registers.values[GPIOB + AFRL] == function << 24 | function << 28


@pytest.mark.parametrize(
    ("number", "baud"), [(4, 9600), (0, 9600), (1, 0), (1, 84_000_000), (1, 300)]
)
def test_uart_start_refused(board: Board, registers: Registers, number: int, baud: int) -> None:
    assert board.lib.stm32_uart_init(number, 0x16, 0x17, baud) == INVAL
    assert registers.log == []


@pytest.mark.parametrize(
    ("number", "base", "enable", "bit", "divider", "irq", "function"),
    [
        (6, 0x40011400, APB2ENR, 1 << 5, 729, 71, 8),
        (2, 0x40004400, APB1ENR, 1 << 17, 365, 38, 7),
    ],
)
def test_usart_open(
    board: Board,
    registers: Registers,
    number: int,
    base: int,
    enable: int,
    bit: int,
    divider: int,
    irq: int,
    function: int,
) -> None:
    usart = board.ffi.new("mf_stm32_usart_t *")
    assert board.lib.stm32_usart_open(usart, number, 0x26, 0x27, 115_200, 1) == 0
    assert usart.regs == base and registers.values[base + 8] == divider
    assert registers.values[GPIOC + AFRL] == function << 24 | function << 28
    assert registers.values[GPIOC + MODER] >> 12 & 0xF == 0xA
    order = [address for address, _ in registers.all_writes()]
    assert order.index(enable) < order.index(GPIOC + MODER) < order.index(base + 12)
    assert registers.values[enable] & bit
    assert registers.writes(0xE000E100 + irq // 32 * 4) == [1 << irq % 32]
    registers.values.update({base: 0x20, base + 4: 0x5A})
    registers.on_read[base + 4] = lambda value: registers.values.update({base: 0}) or value
    board.lib.mf_stm32_usart_isr(usart)
    assert (usart.received, usart.ring[0]) == (1, 0x5A)


def test_usart_open_refused(board: Board, registers: Registers) -> None:
    usart = board.ffi.new("mf_stm32_usart_t *")
    assert board.lib.stm32_usart_open(usart, 4, 0x26, 0x27, 115_200, 1) == INVAL
    assert registers.log == []
    assert board.lib.stm32_usart_open(usart, 6, 0x26, 0x27, 50, 1) == INVAL
    assert registers.writes(0xE000E108) == [], "no interrupt of a peripheral that is off"


class Uart(Registers):
    """Receiver of one USART: bytes and error flags wait in `line`."""

    def __init__(self) -> None:
        super().__init__()
        self.line: list[tuple[int, int]] = []
        self.on_read[USART1] = lambda _: 0xC0 | (self.line[0][1] if self.line else 0)
        self.on_read[USART1 + 4] = lambda _: self.line.pop(0)[0] if self.line else 0


def test_uart_receives_into_a_ring_that_counts_what_it_loses() -> None:
    registers = Uart()
    board = Board(registers)
    assert board.lib.stm32_uart_init(1, 0x16, 0x17, 115_200) == 0
    assert board.lib.stm32_uart_get(1) == -1
    registers.line = [(0x41, 0x20), (0x42, 0x20)]
    board.lib.stm32_uart_isr(1)
    assert board.lib.stm32_uart_available(1) == 2
    assert [board.lib.stm32_uart_get(1) for _ in range(3)] == [0x41, 0x42, -1]
    registers.line = [(0x43, 0x28), (0x44, 0x22), (0x45, 0x24), (0x46, 0x08), (0x47, 0x20)]
    board.lib.stm32_uart_isr(1)  # overrun with a byte, framing, noise, overrun alone, good
    assert board.lib.stm32_uart_lost(1) == 4
    assert [board.lib.stm32_uart_get(1) for _ in range(3)] == [0x43, 0x47, -1]
    for value in range(140):
        registers.line = [(value, 0x20)]
        board.lib.stm32_uart_isr(1)
    assert board.lib.stm32_uart_available(1) == 128
    assert board.lib.stm32_uart_lost(1) == 4 + 12
    assert [board.lib.stm32_uart_get(1) for _ in range(128)] == list(range(128))
    registers.line = [(value, 0x20) for value in range(100)]
    board.lib.stm32_uart_isr(1)
    assert board.lib.stm32_uart_available(1) == 16  # one handler is bounded


def test_uart_put(board: Board, registers: Registers) -> None:
    assert board.lib.stm32_uart_put(1, 0x55) == TIMEOUT
    assert registers.accesses < 1_000_000 and not registers.writes(USART1 + 4)
    registers.values[USART1] = 0x80  # TXE, with TC low: TC is never asked
    assert board.lib.stm32_uart_put(1, 0x55) == 0
    assert registers.writes(USART1 + 4) == [0x55]
    assert board.lib.stm32_uart_put(9, 0) == INVAL


@pytest.mark.parametrize(
    ("timeout_ms", "prescaler", "reload"),
    [(1, 0, 7), (512, 0, 4095), (513, 1, 2051), (4000, 3, 3999), (32_000, 6, 3999)],
)
def test_watchdog_start(
    board: Board, registers: Registers, timeout_ms: int, prescaler: int, reload: int
) -> None:
    assert board.lib.stm32_iwdg_start(timeout_ms) == 0
    assert registers.all_writes() == [
        (IWDG, 0xCCCC),
        (IWDG, 0x5555),
        (IWDG + 4, prescaler),
        (IWDG + 8, reload),
        (IWDG, 0xAAAA),
    ]
    counted_ms = (reload + 1) * (4 << prescaler) / 32
    assert timeout_ms <= counted_ms <= timeout_ms + 8
    registers.log.clear()
    board.lib.stm32_iwdg_feed()
    assert registers.log == [("w", IWDG, 0xAAAA)]


def test_watchdog_limits_and_bounds(board: Board, registers: Registers) -> None:
    assert board.lib.stm32_iwdg_start(0) == INVAL
    assert board.lib.stm32_iwdg_start(32_001) == INVAL
    assert registers.log == []
    registers.values[IWDG + 12] = 3  # the update never ends
    assert board.lib.stm32_iwdg_start(1000) == 0
    assert registers.all_writes()[-1] == (IWDG, 0xAAAA)
    assert registers.accesses < 100_000


def test_i2c_open_frees_a_stuck_bus(board: Board, registers: Registers) -> None:
    """A slave holds SDA (PB9) low for five clocks of SCL (PB8)."""
    clocks = []

    def bsrr(value: int) -> int:
        if value == 1 << 8:
            clocks.append(value)
        return value

    registers.on_write[GPIOB + BSRR] = bsrr
    registers.on_read[GPIOB + IDR] = lambda _: 0x100 | (0x200 if len(clocks) > 5 else 0)
    i2c = board.ffi.new("mf_stm32_i2c_t *")
    pins = board.ffi.new("stm32_i2c_pins_t *")
    assert board.lib.stm32_i2c_open(i2c, pins, 1, 0x18, 0x19, 400_000, 1) == 0
    assert len(clocks) == 1 + 5  # released first, then five clocks
    assert i2c.stuck == 0 and i2c.status_address == 0
    assert registers.values[GPIOB + MODER] >> 16 & 0xF == 0xA  # back to the peripheral
    assert registers.values[GPIOB + OTYPER] == 0x300
    assert registers.values[GPIOB + AFRH] == 0x44
    assert registers.values[I2C1 + 0x1C] == 1 << 15 | 35
    order = [address for address, _ in registers.all_writes()]
    assert order.index(APB1ENR) < order.index(I2C1)
    assert registers.writes(0xE000E100) == [1 << 31]
    assert registers.writes(0xE000E104) == [1 << 0]


def test_i2c_open_on_a_dead_bus_ends(board: Board, registers: Registers) -> None:
    i2c = board.ffi.new("mf_stm32_i2c_t *")
    pins = board.ffi.new("stm32_i2c_pins_t *")
    assert board.lib.stm32_i2c_open(i2c, pins, 2, 0x1A, 0x1B, 400_000, 1) == 0
    assert i2c.stuck == 1
    assert registers.accesses < 10_000
    assert board.lib.stm32_i2c_open(i2c, pins, 4, 0x1A, 0x1B, 400_000, 1) == INVAL
    assert board.lib.stm32_i2c_open(i2c, pins, 1, 0x18, 0x19, 1_000_000, 1) == INVAL
