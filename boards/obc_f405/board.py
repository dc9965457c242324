"""The onboard computer as flight software sees it (docs/architecture.md, "HAL")."""

import machine
import obc

import native
from hal.drivers.mf_eps import MfEps
from hal.drivers.tmp108 import Tmp108
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FILES_BLOCKS, STAGE_BLOCKS, FlashBlocks

_PLATFORM_BUS = 2
_FLASH_SPI = 1
_FLASH_SELECT = "C4"


class Board:
    """One instance per VM start; every attribute is set once, every call is the C function."""

    def __init__(self):
        platform = native.I2C(_PLATFORM_BUS)
        self.name = "obc_f405"
        self.clock = obc.clock
        self.kernel = native.kernel
        self.link = native.link
        self.radio = native.radio
        self.fram = native.fram
        self.eps = MfEps(platform)
        self.thermometer = Tmp108(platform)
        flash = W25q128(machine.SPI(_FLASH_SPI, _FLASH_SELECT), native.copy)
        self.blocks = FlashBlocks(flash, self.clock, 0, FILES_BLOCKS)
        self.stage = FlashBlocks(flash, self.clock, FILES_BLOCKS, STAGE_BLOCKS)
        self.files = native.Files(self.blocks)
        self.archive = native.Archive
        self.reset_cause = obc.reset_cause()
        self.image_slot = obc.image_slot()
        self.dictionary_hash = obc.dictionary_hash()
        self.heap_used = obc.heap_used
        self.heap_total_allocated = obc.heap_total_allocated
        self.heap_size = obc.heap_size()
        self.stack_used = obc.stack_used
        self.handler_stack_used = obc.handler_stack_used
        self.stack_size = obc.stack_size()
        self.handler_stack_size = obc.handler_stack_size()
        self.scrub = obc.scrub
        self.image_read = obc.image_read
        self.intact = obc.intact
        self.crash_into = obc.crash_into
        self.reset = obc.reset
        self.collect = obc.collect


def build():
    """The board. Devices are not touched here: each driver finds out when it is first used."""
    # Names of modules that lie in flash as well need no room in the heap.
    obc.settle()
    return Board()
