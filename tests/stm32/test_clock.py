"""Clock start: exact register values, order, every fallback, no wait without a bound."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


RCC = 0x40023800
CR, PLLCFGR, CFGR, APB1ENR, CSR = RCC, RCC + 4, RCC + 8, RCC + 0x40, RCC + 0x74
PWR_CR, FLASH_ACR, UID = 0x40007000, 0x40023C00, 0x1FFF7A10
HSION, HSIRDY, HSEON, HSERDY, PLLON, PLLRDY = 1, 2, 1 << 16, 1 << 17, 1 << 24, 1 << 25
LOCK_LOOKS = 40


class Clocks(Registers):
    """RCC and flash interface of silicon: ready flags follow their switches after some looks.
    `dead` names parts that never become ready."""

    def __init__(self, dead: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.dead = dead
        self.violations: list[str] = []
        self.values.update({CR: 0x00000083, PLLCFGR: 0x24003010, CFGR: 0})
        self.looks = 0
        self.on_read[CR] = self._ready
        self.on_read[CFGR] = self._switched
        self.on_read[FLASH_ACR] = lambda value: 0 if "flash" in self.dead else value
        self.on_write[CR] = self._cr_written
        self.on_write[PLLCFGR] = self._pll_written
        self.on_write[CFGR] = self._cfgr_written

    def _ready(self, value: int) -> int:
        self.looks += 1
        for name, on, ready in (("hsi", 0, 1), ("hse", 16, 17), ("pll", 24, 25)):
            running = value >> on & 1 and name not in self.dead
            if name == "pll" and value >> 24 & 1:
                crystal = self.values[PLLCFGR] >> 22 & 1
                running = running and not (crystal and "hse_pll" in self.dead)
                running = running and self.looks >= LOCK_LOOKS
            value = value | 1 << ready if running else value & ~(1 << ready)
        return value

    def _cr_written(self, value: int) -> int:
        self.looks = 0
        if self.values[CFGR] & 0xC == 8 and not value & PLLON:
            self.violations.append("PLL switched off while it is the system clock")
        return value

    def _pll_written(self, value: int) -> int:
        if self.values[CR] & PLLON:
            self.violations.append("PLLCFGR written while the PLL is on")
        if (value ^ 0x24003010) & 0xF0BC8000:
            self.violations.append("reserved bits of PLLCFGR changed")
        return value

    def _cfgr_written(self, value: int) -> int:
        if value & 3 == 2:
            if not self.values[CR] & PLLRDY:
                self.violations.append("switched to a PLL that is not ready")
            if self.values.get(FLASH_ACR, 0) & 7 != 5:
                self.violations.append("168 MHz with too few wait states")
            if value & 0x1C00 != 0x1400 or value & 0xE000 != 0x8000:
                self.violations.append("APB clocks above their limits")
        return value

    def _switched(self, value: int) -> int:
        if "switch" in self.dead:
            return value & ~0xC
        return value & ~0xC | (value & 3) << 2


def start(registers: Clocks, crystal_hz: int = 12_000_000) -> tuple[Board, int]:
    board = Board(registers)
    sysclk_hz = board.lib.stm32_clock_init(crystal_hz)
    assert registers.violations == []
    return board, sysclk_hz


@pytest.mark.parametrize(
    ("crystal_hz", "pllm"), [(12_000_000, 12), (8_000_000, 8), (26_000_000, 26)]
)
def test_crystal_to_168_mhz(crystal_hz: int, pllm: int) -> None:
    registers = Clocks()
    board, sysclk_hz = start(registers, crystal_hz)
    assert sysclk_hz == 168_000_000
    assert registers.values[PLLCFGR] == 0x20000000 | 7 << 24 | 1 << 22 | 336 << 6 | pllm
    assert registers.values[CFGR] & 0xFCFF == 0x940A
    assert registers.values[FLASH_ACR] == 0x705
    assert registers.values[APB1ENR] & 1 << 28 and registers.values[PWR_CR] & 1 << 14
    assert (board.lib.stm32_apb1_hz(), board.lib.stm32_apb2_hz()) == (42_000_000, 84_000_000)
    assert board.lib.stm32_clock_source() == 2


@pytest.mark.parametrize("crystal_hz", [0, 1_000_000, 27_000_000, 12_288_000])
def test_no_usable_crystal_means_the_internal_oscillator(crystal_hz: int) -> None:
    registers = Clocks()
    board, sysclk_hz = start(registers, crystal_hz)
    assert (sysclk_hz, board.lib.stm32_clock_source()) == (168_000_000, 1)
    assert registers.values[PLLCFGR] == 0x20000000 | 7 << 24 | 336 << 6 | 16
    assert not any(value & HSEON for value in registers.writes(CR))


@pytest.mark.parametrize(
    ("dead", "sysclk_hz", "source"),
    [
        ({"hse"}, 168_000_000, 1),
        ({"hse_pll"}, 168_000_000, 1),
        ({"pll"}, 16_000_000, 0),
        ({"hse", "pll"}, 16_000_000, 0),
        ({"flash"}, 16_000_000, 0),
        ({"switch"}, 16_000_000, 0),
        ({"hsi"}, 16_000_000, 0),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else str(value),
)
def test_fallbacks_are_bounded(dead: set[str], sysclk_hz: int, source: int) -> None:
    registers = Clocks(frozenset(dead))
    board, reached_hz = start(registers)
    assert (reached_hz, board.lib.stm32_clock_source()) == (sysclk_hz, source)
    if source == 0:
        assert (board.lib.stm32_apb1_hz(), board.lib.stm32_apb2_hz()) == (16_000_000, 16_000_000)
        assert registers.values[CFGR] & 0x3 == 0
        assert registers.values[CFGR] & 0xFCF0 == 0
    if "hse" in dead:
        assert not registers.values[CR] & HSEON
    assert registers.accesses < 300_000


def test_second_start_from_a_running_pll() -> None:
    """Boot block first, image second."""
    registers = Clocks()
    board, _ = start(registers)
    assert board.lib.stm32_clock_init(12_000_000) == 168_000_000
    assert registers.violations == []
    assert registers.values[CFGR] & 0xFCFF == 0x940A


def test_qemu_is_told_and_left_alone() -> None:
    registers = Registers()
    board = Board(registers)
    assert board.lib.stm32_on_qemu()
    assert board.lib.stm32_clock_init(12_000_000) == 168_000_000
    assert (board.lib.stm32_apb1_hz(), board.lib.stm32_apb2_hz()) == (42_000_000, 84_000_000)
    identity = board.ffi.new("uint32_t[3]", [1, 2, 3])
    board.lib.stm32_unique_id(identity)
    assert list(identity) == [0, 0, 0]
    assert not board.lib.stm32_on_renode()
    assert registers.log == [("r", CR, 0)]


def test_detection_is_remembered() -> None:
    registers = Clocks()
    board = Board(registers)
    assert not board.lib.stm32_on_qemu()
    registers.values[CR] = 0
    registers.on_read.pop(CR)
    assert not board.lib.stm32_on_qemu()


def test_renode_is_told_by_its_unique_id() -> None:
    registers = Clocks()
    board = Board(registers)
    assert not board.lib.stm32_on_renode()
    for index, word in enumerate((0x6F6E6552, 0x6D006564, 0x00000066)):
        assert not board.lib.stm32_on_renode()
        registers.values[UID + 4 * index] = word
    assert board.lib.stm32_on_renode()


def test_reset_flags() -> None:
    registers = Clocks()
    registers.values[CSR] = 0x0E000003
    board = Board(registers)
    assert board.lib.stm32_reset_flags() == 0x0E000000
    board.lib.stm32_reset_flags_clear()
    assert registers.writes(CSR) == [0x0F000003]


@pytest.mark.parametrize(
    "mistake",
    [
        ("FLASH_ACR_LATENCY_5WS | FLASH_ACR_PRFTEN", "FLASH_ACR_PRFTEN"),
        ("LOOKS_PLL) &&", "1u) &&"),
        ("mf_mmio_update(RCC_CR, 0, RCC_CR_PLLON);", ""),
        ("RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2);", "RCC_CFGR_PPRE1_DIV4);"),
        ("#define PLLN 336u ", "#define PLLN 168u "),
    ],
    ids=["no wait states", "no wait for the PLL", "PLL never on", "APB2 too fast", "half speed"],
)
def test_mistake_is_noticed(mistake: tuple[str, str]) -> None:
    registers = Clocks()
    board = Board(registers, replace=[mistake])
    board.lib.stm32_clock_init(12_000_000)
    wrong = registers.values[PLLCFGR] != 0x20000000 | 7 << 24 | 1 << 22 | 336 << 6 | 12
    wrong = wrong or board.lib.stm32_clock_source() != 2
    assert wrong or registers.violations
