"""Deliberate mistakes in the I2C driver: the models must notice every one of them."""

from __future__ import annotations

import pytest

from tests.stm32.i2c_renode import RenodeI2C
from tests.stm32.i2c_rig import NODEV, TIMEOUT, Model, Rig, clean
from tests.stm32.i2c_silicon import SiliconI2C
from tests.stm32.i2c_slave import Slave, Wire

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


PART, OTHER, ABSENT = 0x0C, 0x6A, 0x33
MODELS: dict[str, type[SiliconI2C] | type[RenodeI2C]] = {"silicon": SiliconI2C, "renode": RenodeI2C}

SECOND_LAST = """\
        i2c->rx[i2c->index] = (uint8_t)reg_read(i2c, MF_STM32_I2C_DR);
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
"""
SINGLE = """\
        (void)reg_read(i2c, MF_STM32_I2C_SR2);
        reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
"""
REFUSED_STOP = """\
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE | CR1_STOP);
    (void)wait_stop_done(i2c);
    /* PE"""
REFUSED_TOGGLE = """\
    reg_write(i2c, MF_STM32_I2C_CR1, 0);
    reg_write(i2c, MF_STM32_I2C_CR1, CR1_PE);
    finish"""
CONFIGURE_HEAD = """\
    reg_write(i2c, MF_STM32_I2C_CR1, 0);
    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);
    reg_write(i2c, MF_STM32_I2C_OAR1"""
LOOK = "if (!serve(i2c, sr1)) {"

# Name: what is replaced, by what.
MISTAKES = {
    "STOP set before the second-last byte is read": (
        SECOND_LAST,
        "\n".join(reversed(SECOND_LAST.splitlines())) + "\n",
    ),
    "STOP set one byte too late": (
        "i2c->index + 2u == i2c->rx_len",
        "i2c->index + 1u == i2c->rx_len",
    ),
    "last byte acknowledged": (
        SECOND_LAST,
        SECOND_LAST.replace("CR1_PE |", "CR1_PE | CR1_ACK |"),
    ),
    "single byte without STOP": (SINGLE, SINGLE.replace(" | CR1_STOP", "")),
    "ADDR not cleared": (
        "(void)reg_read(i2c, MF_STM32_I2C_SR2); /* SR1 then SR2: clears ADDR */",
        "",
    ),
    "STOP on TXE instead of BTF": ("if ((sr1 & SR1_BTF) == 0) {", "if ((sr1 & SR1_TXE) == 0) {"),
    "buffer interrupt left on after the last byte": (
        "if (i2c->index + 1u == i2c->tx_len) {",
        "if (i2c->index + 1u > i2c->tx_len) {",
    ),
    "SR1 read twice per look": (LOOK, "sr1 = reg_read(i2c, MF_STM32_I2C_SR1);\n" + LOOK),
    "no PE toggle after a refused address": (REFUSED_TOGGLE, "    finish"),
    "no STOP after a refused address": (REFUSED_STOP, "    /* PE"),
    "AF not cleared": ("reg_write(i2c, MF_STM32_I2C_SR1, SR1_RC_W0 & ~SR1_AF);", ""),
    "START without waiting for STOP": ("if (!wait_stop_done(i2c)) {", "if (false) {"),
    "interrupts left on after the end": (
        "    mf_bus_t *bus = i2c->bus;\n\n    reg_write(i2c, MF_STM32_I2C_CR2, i2c->freq);\n",
        "    mf_bus_t *bus = i2c->bus;\n\n",
    ),
    "clocks set while enabled": (
        CONFIGURE_HEAD,
        CONFIGURE_HEAD.replace("CR1, 0);", "CR1, CR1_PE);"),
    ),
    "no bus clear after an abort": ("i2c->clear_due = true;", ""),
}


def exercise(model: Model, replace: list[tuple[str, str]]) -> None:
    """One short flight over everything the driver does; AssertionError when something is wrong."""
    rig = Rig(model, replace)
    wire = model.wire
    for count in (1, 2, 3, 5):
        assert rig.run(PART, b"\x10", count) == (0, bytes(range(0x10, 0x10 + count)))
        assert len(wire.log[-1].data) == count and not wire.log[-1].last_acknowledged
    assert rig.run(PART, b"", 1)[0] == 0
    assert rig.run(PART, b"\x40\x01\x02\x03") == (0, b"")
    assert bytes(wire.log[-1].data) == b"\x40\x01\x02\x03"
    jobs = [(PART, b"\x01", 6), (ABSENT, b"\x02", 1), (OTHER, b"\x03\x04", 0)]
    queue = [rig.transfer(*job) for job in jobs]
    for xfer in queue:
        rig.submit(xfer)
    rig.settle()
    assert [xfer.status for xfer in queue] == [0, NODEV, 0]
    if isinstance(model, SiliconI2C):
        assert all(t.stopped for t in wire.log if not t.acknowledged)
        wire.held_low = 8
        assert rig.run(PART, b"\x10", 2)[0] == TIMEOUT
    assert rig.run(PART, b"\x10", 2) == (0, b"\x10\x11")
    clean(rig)


def fresh(name: str) -> Model:
    """A model with two parts on its bus."""
    return MODELS[name](Wire({PART: Slave(), OTHER: Slave()}))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_driver_as_it_is_passes(name: str) -> None:
    exercise(fresh(name), [])


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_mistake_is_noticed(mistake: str) -> None:
    noticed = []
    for name in sorted(MODELS):
        try:
            exercise(fresh(name), [MISTAKES[mistake]])
        except AssertionError:
            noticed.append(name)
    assert noticed, f"{mistake}: neither model noticed"
