"""Pins, UART, SPI, watchdog and the opening of an I2C bus: register values, order, bounds."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


RCC = 0x40023800
AHB1ENR, APB1ENR, APB2ENR = RCC + 0x30, RCC + 0x40, RCC + 0x44
GPIOA, GPIOB = 0x40020000, 0x40020400
MODER, OTYPER, OSPEEDR, PUPDR, IDR, BSRR, AFRL, AFRH = 0, 4, 8, 12, 16, 24, 32, 36
USART1, SPI1, IWDG, I2C1 = 0x40011000, 0x40013000, 0x40003000, 0x40005400
INVAL, TIMEOUT = -22, -110


@pytest.fixture
def registers() -> Registers:
    """Silicon after a clock start that reached 168 MHz by every flag at once."""
    made = Registers()
    made.values[RCC] = 0x83
    made.on_read[RCC] = lambda value: value | (value & 0x01010001) << 1
    made.on_write[RCC] = lambda value: value & ~0x02020002
    made.on_read[RCC + 8] = lambda value: value & ~0xC | (value & 3) << 2
    return made


@pytest.fixture
def board(registers: Registers) -> Board:
    made = Board(registers)
    assert made.lib.stm32_clock_init(12_000_000) == 168_000_000
    registers.log.clear()
    return made


def test_alternate_open_drain_pin(board: Board, registers: Registers) -> None:
    registers.values.update({GPIOB + MODER: 0xFFFFFFFF, GPIOB + AFRH: 0xFFFFFFFF})
    board.lib.stm32_pin_config(0x18, 2, 4, True, 1)  # PB8
    assert registers.values[AHB1ENR] & 2
    assert registers.values[GPIOB + MODER] == 0xFFFEFFFF
    assert registers.values[GPIOB + OTYPER] == 1 << 8
    assert registers.values[GPIOB + OSPEEDR] == 2 << 16
    assert registers.values[GPIOB + PUPDR] == 1 << 16
    assert registers.values[GPIOB + AFRH] == 0xFFFFFFF4
    order = [address for address, _ in registers.writes()]
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
    assert registers.writes() == [(0xE000E424, 0xE0 << 8), (0xE000E104, 1 << 5)]
    board.lib.stm32_irq_enable(82, 1)
    assert len(registers.writes()) == 2


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
    order = [address for address, _ in registers.writes()]
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


class Spi(Registers):
    """A slave that answers the complement; BSY stays up for some looks after the last byte."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[int] = []
        self.full = self.busy = 0
        self.violations: list[str] = []
        self.on_read[SPI1 + 8] = self._status
        self.on_read[SPI1 + 12] = self._take
        self.on_write[SPI1 + 12] = self._send

    def _status(self, _: int) -> int:
        self.busy = max(0, self.busy - 1)
        return 2 | self.full | (0x80 if self.busy else 0)

    def _take(self, _: int) -> int:
        if not self.full:
            self.violations.append("DR read while empty")
        self.full = 0
        return self.sent[-1] ^ 0xFF if self.sent else 0

    def _send(self, value: int) -> int:
        if self.full:
            self.violations.append("overrun")
        if not self.values.get(SPI1, 0) & 1 << 6:
            self.violations.append("SPE is off")
        self.sent.append(value)
        self.full, self.busy = 1, 5
        return value


@pytest.mark.parametrize(
    ("mode", "baud_hz", "cr1"),
    [
        (0, 42_000_000, 0x0344),
        (1, 41_999_999, 0x034D),
        (2, 1_000_000, 0x0376),
        (3, 328_125, 0x037F),
    ],
)
def test_spi_start(board: Board, registers: Registers, mode: int, baud_hz: int, cr1: int) -> None:
    assert board.lib.stm32_spi_init(1, 0x05, 0x06, 0x07, 5, baud_hz, mode) == 0
    assert registers.values[SPI1] == cr1
    assert registers.writes(SPI1)[0] == 0 and registers.writes(SPI1)[1] == cr1 & ~(1 << 6)
    assert registers.values[GPIOA + AFRL] == 0x55500000
    assert registers.values[APB2ENR] & 1 << 12


@pytest.mark.parametrize(
    ("number", "baud_hz", "mode"), [(0, 1e6, 0), (4, 1e6, 0), (1, 328_124, 0), (1, 1e6, 4)]
)
def test_spi_start_refused(
    board: Board, registers: Registers, number: int, baud_hz: float, mode: int
) -> None:
    assert board.lib.stm32_spi_init(number, 0x05, 0x06, 0x07, 5, int(baud_hz), mode) == INVAL
    assert registers.log == []


def test_spi_transfer() -> None:
    registers = Spi()
    board = Board(registers)
    assert board.lib.stm32_spi_init(1, 0x05, 0x06, 0x07, 5, 10_000_000, 0) == 0
    received = board.ffi.new("uint8_t[4]")
    assert board.lib.stm32_spi_transfer(1, bytes([0x9F, 0, 1, 2]), received, 4) == 0
    assert registers.sent == [0x9F, 0, 1, 2] and bytes(received) == bytes([0x60, 255, 254, 253])
    assert registers.busy == 0, "the chip select may only rise after BSY fell"
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 2) == 0
    assert board.lib.stm32_spi_transfer(1, bytes([7, 8]), board.ffi.NULL, 2) == 0
    assert registers.sent[4:] == [0, 0, 7, 8] and registers.violations == []


def test_dead_spi_is_bounded(board: Board, registers: Registers) -> None:
    received = board.ffi.new("uint8_t[200]")
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 200) == TIMEOUT
    registers.values[SPI1 + 8] = 2
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 200) == TIMEOUT
    assert registers.accesses < 50_000


@pytest.mark.parametrize(
    ("timeout_ms", "prescaler", "reload"),
    [(1, 0, 7), (512, 0, 4095), (513, 1, 2051), (4000, 3, 3999), (32_000, 6, 3999)],
)
def test_watchdog_start(
    board: Board, registers: Registers, timeout_ms: int, prescaler: int, reload: int
) -> None:
    assert board.lib.stm32_iwdg_start(timeout_ms) == 0
    assert registers.writes() == [
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
    assert registers.writes()[-1] == (IWDG, 0xAAAA)
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
    order = [address for address, _ in registers.writes()]
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
