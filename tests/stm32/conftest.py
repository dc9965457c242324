"""Board drivers on modelled silicon, shared by the tests of single peripherals."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers

RCC = 0x40023800


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
